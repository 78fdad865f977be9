"""Checks on measured signals, written as one line each: did the head turn left, how often did it nod, what
came first?

A check is a verb, a signal and what must hold::

    end yaw > 9                    mean of the last fifth of the clip
    peak smile > 0.35              largest value            low eyes < 0.3     smallest value
    mean pitch -6..6               mean over the clip       span yaw > 0.2     largest minus smallest
    stays yaw -8..8                in that range in 95 % of the frames
    holds smile > 0.3 for 2        without a break of more than 0.2 s for that many seconds
    peaks brow_raise 2 by 0.3      that many separate rises that stand out by 0.3 on both sides
    dips pitch 3..4 by 3           that many separate falls
    cycles yaw 2..3 by 4           there and back again: the mean of rises and falls, half a cycle either way
    onset yaw < 0.6                seconds from a tenth to eight tenths of the largest move
    order yaw > 9, smile > 0.3     the first moments come one after the other, at least 0.04 s apart
    together yaw > 6, smile > 0.3  all at once for 0.2 s
    wink left                      that eye shuts while the other stays open, and never the other way round

``in 1-2.5`` at the end of a check looks at these seconds only. A bound may name another prompt of the suite:
``peak smile > 1.15 x plain_smile`` compares with the same measure of the item named ``plain_smile``, same seed.
Signals are those of ``flame.signals``, without their units; signs are the subject's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from flame.errors import ConfigError, input_error

Signals = Mapping[str, np.ndarray]
#: Answers a bound that names another item: (its name, the check) -> the same measure of that item.
Lookup = Callable[[str, "Check"], float]

#: name in checks -> the signals of ``flame.signals`` whose mean it is ("look": head and eyes added up)
SIGNAL_NAMES: dict[str, tuple[str, ...]] = {
    "yaw": ("head_yaw_deg",),
    "pitch": ("head_pitch_deg",),
    "roll": ("head_roll_deg",),
    "gaze_yaw": ("gaze_yaw_deg",),
    "gaze_pitch": ("gaze_pitch_deg",),
    "look_yaw": ("head_yaw_deg", "gaze_yaw_deg"),
    "look_pitch": ("head_pitch_deg", "gaze_pitch_deg"),
    "mouth_open": ("mouth_open",),
    "lip_gap": ("lip_gap_mm",),
    "smile": ("smile",),
    "frown": ("frown",),
    "brow_raise": ("brow_raise",),
    "brow_lower": ("brow_lower",),
    "eye_left": ("eye_open_left",),
    "eye_right": ("eye_open_right",),
    "eyes": ("eye_open_left", "eye_open_right"),
    "pucker": ("pucker",),
    "cheek_puff": ("cheek_puff",),
}
_NUMBER = r"-?\d+(?:\.\d+)?"
_BOUND = (
    rf"(?:(?P<least>{_NUMBER})\.\.(?P<most>{_NUMBER})"
    rf"|(?P<side>[<>])\s*(?P<value>{_NUMBER})(?:\s*x\s+(?P<other>\w+))?)"
)
_WINDOW = re.compile(r"\s+in\s+(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$")
_FORMS = (
    re.compile(rf"(?P<verb>end|peak|low|mean|span|onset)\s+(?P<signal>\w+)\s+{_BOUND}"),
    re.compile(rf"(?P<verb>stays)\s+(?P<signal>\w+)\s+{_BOUND}"),
    re.compile(rf"(?P<verb>holds)\s+(?P<signal>\w+)\s+{_BOUND}\s+for\s+(?P<size>{_NUMBER})"),
    re.compile(
        r"(?P<verb>peaks|dips|cycles)\s+(?P<signal>\w+)\s+(?P<few>\d+)(?:\.\.(?P<many>\d+))?"
        rf"\s+by\s+(?P<size>{_NUMBER})"
    ),
    re.compile(r"(?P<verb>order|together)\s+(?P<moments>.+)"),
    re.compile(r"(?P<verb>wink)\s+(?P<eye>left|right)"),
)
_MOMENT = re.compile(rf"(\w+)\s*([<>])\s*({_NUMBER})")
_APART_SECONDS = 0.04
_TOGETHER_SECONDS = 0.2
_BREAK_SECONDS = 0.2
_MOST_OF_IT = 0.95
_SHUT, _OPEN = 0.4, 0.55

Moment = tuple[str, str, float]


@dataclass(frozen=True)
class Bound:
    """``least`` ≤ value ≤ ``most``; with ``other`` both are multiples of that item's value."""

    least: float = -np.inf
    most: float = np.inf
    other: str | None = None

    def keeps(self, value: float, reference: float = 1.0) -> bool:
        """Whether a value keeps the bound; the ends count as kept, NaN never does."""
        return bool(self.least * reference <= value <= self.most * reference)

    def inside(self, values: np.ndarray) -> np.ndarray:
        """(T,) bool of values (T,)."""
        return (values >= self.least) & (values <= self.most)


@dataclass(frozen=True)
class Check:
    """One line of a suite, understood (:func:`parse_check` makes them).

    Attributes:
        text: the line.
        verb: its first word.
        signal: a key of :data:`SIGNAL_NAMES`, "" where the verb needs none.
        bound: what must hold.
        size: prominence of peaks, seconds of ``holds``.
        moments: (signal, "<" or ">", value) of ``order`` and ``together``.
        window: seconds looked at, None for all.
    """

    text: str
    verb: str
    signal: str = ""
    bound: Bound = Bound()
    size: float = 0.0
    moments: tuple[Moment, ...] = ()
    window: tuple[float, float] | None = None

    def holds(self, signals: Signals, fps: float, lookup: Lookup | None = None) -> bool:
        """Whether signals (name -> (T,)) show it; without ``lookup`` bounds that name another item are
        kept."""
        if self.verb in _MEASURES:
            if self.bound.other is None:
                return self.bound.keeps(self.value(signals, fps))
            return lookup is None or self.bound.keeps(
                self.value(signals, fps), lookup(self.bound.other, self)
            )
        return _SEEN[self.verb](self, _cut(signals, fps, self.window), fps)

    def value(self, signals: Signals, fps: float) -> float:
        """What a measuring or counting verb compares with its bound."""
        values = signal_of(_cut(signals, fps, self.window), self.signal)
        return float(_MEASURES[self.verb](values, fps, self.size))


def parse_check(line: str) -> Check:
    """Understand one line.

    Raises:
        ConfigError: unknown verb, signal or form.
    """
    text = " ".join(line.split())
    window = None
    cut = _WINDOW.search(text)
    if cut is not None:
        window = (float(cut.group(1)), float(cut.group(2)))
        if window[1] <= window[0]:
            raise input_error(ConfigError, "a window must end after it starts", line, 'write "in 1-2.5"')
    said = text if cut is None else text[: cut.start()]
    match = next((m for form in _FORMS if (m := form.fullmatch(said))), None)
    if match is None:
        raise input_error(
            ConfigError,
            "a check cannot be read",
            line,
            'write for example "end yaw > 9"; docs/evaluation.md lists the verbs',
        )
    part = match.groupdict()
    if part["verb"] == "wink":
        return Check(text, "wink", signal=f"eye_{part['eye']}", window=window)
    if "moments" in part:
        moments = tuple(_moment(word, line) for word in part["moments"].split(","))
        return Check(text, part["verb"], moments=moments, window=window)
    signal = _known(part["signal"], line)
    size = float(part.get("size") or 0.0)
    return Check(text, part["verb"], signal, _bound(part), size, window=window)


def signal_of(signals: Signals, name: str) -> np.ndarray:
    """(T,) a signal by its name in checks."""
    parts = [signals[full] for full in SIGNAL_NAMES[name]]
    return np.sum(parts, axis=0) if name.startswith("look_") else np.mean(parts, axis=0)


def count_peaks(values: np.ndarray, *, prominence: float) -> int:
    """Peaks that stand out by ``prominence`` from the ground on both sides; the ends count as ground."""
    count, low, high, rising = 0, values[0], values[0], True
    for value in values:
        if rising:
            if value > high:
                high = value
            elif high - value >= prominence:
                count += 1 if high - low >= prominence else 0
                rising, low = False, value
            if value < low and high - low < prominence:
                low = high = value
        elif value < low:
            low = value
        elif value - low >= prominence:
            rising, high = True, value
    return count


def onset_seconds(values: np.ndarray, fps: float) -> float:
    """Seconds that the largest move away from the first value takes from a tenth to eight tenths of it.

    Not to nine tenths: the sway of a head that has arrived may be a tenth of its turn.
    """
    moved = np.abs(values - values[0])
    size = moved.max()
    if size < 1e-6:
        return float("nan")
    end = int(np.argmax(moved >= 0.8 * size))
    below = np.flatnonzero(moved[: end + 1] <= 0.1 * size)
    return float((end - below[-1]) / fps)


# ------------------------------------------------------------------------------------------------ reading


def _bound(part: dict[str, str | None]) -> Bound:
    if part.get("few") is not None:
        few = float(part["few"] or 0)
        many = few if part["many"] is None else float(part["many"])
        slack = 0.5 if part["verb"] == "cycles" else 0.0
        return Bound(few - slack, many + slack)
    if part["least"] is not None and part["most"] is not None:
        return Bound(float(part["least"]), float(part["most"]))
    value = float(part["value"] or 0.0)
    if part["side"] == ">":
        return Bound(least=value, other=part["other"])
    return Bound(most=value, other=part["other"])


def _moment(word: str, line: str) -> Moment:
    match = _MOMENT.fullmatch(word.strip())
    if match is None:
        raise input_error(
            ConfigError, "a moment cannot be read", f"{word.strip()!r} in {line!r}", 'write "yaw > 9"'
        )
    return _known(match.group(1), line), match.group(2), float(match.group(3))


def _known(signal: str | None, line: str) -> str:
    if signal not in SIGNAL_NAMES:
        raise input_error(
            ConfigError,
            "no signal has this name",
            f"{signal!r} in {line!r}",
            f"use one of {', '.join(SIGNAL_NAMES)}",
        )
    return signal


# ---------------------------------------------------------------------------------------------- measuring


def _cut(signals: Signals, fps: float, window: tuple[float, float] | None) -> Signals:
    if window is None:
        return signals
    frames = len(next(iter(signals.values())))
    first = min(round(window[0] * fps), frames - 1)
    last = max(first + 1, min(round(window[1] * fps), frames))
    return {name: values[first:last] for name, values in signals.items()}


def _end(values: np.ndarray, fps: float, size: float) -> float:
    return values[-max(len(values) // 5, 1) :].mean()


def _cycles(values: np.ndarray, fps: float, size: float) -> float:
    return 0.5 * (count_peaks(values, prominence=size) + count_peaks(-values, prominence=size))


_MEASURES: dict[str, Callable[[np.ndarray, float, float], float]] = {
    "end": _end,
    "peak": lambda values, fps, size: values.max(),
    "low": lambda values, fps, size: values.min(),
    "mean": lambda values, fps, size: values.mean(),
    "span": lambda values, fps, size: np.ptp(values),
    "onset": lambda values, fps, size: onset_seconds(values, fps),
    "peaks": lambda values, fps, size: count_peaks(values, prominence=size),
    "dips": lambda values, fps, size: count_peaks(-values, prominence=size),
    "cycles": _cycles,
}


def _stays(check: Check, signals: Signals, fps: float) -> bool:
    return bool(check.bound.inside(signal_of(signals, check.signal)).mean() >= _MOST_OF_IT)


def _holds(check: Check, signals: Signals, fps: float) -> bool:
    """The longest stretch inside the bound, short breaks (a blink) bridged."""
    frames = np.flatnonzero(check.bound.inside(signal_of(signals, check.signal)))
    if not len(frames):
        return False
    stretches = np.split(frames, np.flatnonzero(np.diff(frames) > 1 + _BREAK_SECONDS * fps) + 1)
    return max(int(s[-1] - s[0]) + 1 for s in stretches) / fps >= check.size - 0.5 / fps


def _over(signals: Signals, moment: Moment) -> np.ndarray:
    name, side, value = moment
    values = signal_of(signals, name)
    return values > value if side == ">" else values < value


def _in_order(check: Check, signals: Signals, fps: float) -> bool:
    """Each moment's first frame comes after the one before; a signal named again is searched from there
    on."""
    seen: set[str] = set()
    last = -np.inf
    for moment in check.moments:
        over = np.flatnonzero(_over(signals, moment))
        if moment[0] in seen:
            over = over[over > last]
        if not len(over) or over[0] < last + _APART_SECONDS * fps:
            return False
        last = over[0]
        seen.add(moment[0])
    return True


def _together(check: Check, signals: Signals, fps: float) -> bool:
    both = np.concatenate([[False], np.all([_over(signals, m) for m in check.moments], axis=0), [False]])
    edges = np.flatnonzero(np.diff(both.astype(int)))
    return len(edges) > 0 and int(np.diff(edges)[::2].max()) >= round(_TOGETHER_SECONDS * fps)


def _wink(check: Check, signals: Signals, fps: float) -> bool:
    """That eye shuts while the other is open, and never the other way round."""
    shut = signal_of(signals, check.signal)
    other = signal_of(signals, "eye_right" if check.signal == "eye_left" else "eye_left")
    right, wrong = (shut < _SHUT) & (other > _OPEN), (other < _SHUT) & (shut > _OPEN)
    return bool(right.any() and not wrong.any())


_SEEN: dict[str, Callable[[Check, Signals, float], bool]] = {
    "stays": _stays,
    "holds": _holds,
    "order": _in_order,
    "together": _together,
    "wink": _wink,
}
