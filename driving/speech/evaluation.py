"""How well a motion speaks: figures against the phones and the sound, beside two baselines.

Everything about lips is measured in millimetres on the posed mesh. The phones are those of a forced alignment
(:mod:`driving.speech.alignment`) or of the synthesizer. The *open gap* of a clip is the median gap of the lips
over the frames of speech in which they are apart; lips are *closed* below 15 % of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from driving.speech.lips import lip_meter
from driving.speech.loudness import Prosody, prosody
from driving.speech.phones import BILABIAL_SEALS, LABIODENTALS, SILENCE, VOWELS, PhoneSpan, tidy
from driving.speech.speaking import speak
from driving.speech.teeth import CONTACT_MM, lip_teeth_mm
from flame.rig import JAW_OPEN_RADIANS
from flame.sequence import FlameSequence

CLOSED_SHARE = 0.15
REACH_SECONDS = 0.06
LONG_PAUSE_SECONDS = 0.4
_APART_MM = 0.2
_SETTLE_SECONDS, _READY_SECONDS = 0.15, 0.12  # ends of a pause in which lips may still be closing or opening
_JITTER_HZ = (5.0, 12.0)
_SHIFTS = 40


@dataclass(frozen=True)
class SpeechScores:
    """Figures of one clip; ``nan`` where there was nothing to measure.

    Attributes:
        seconds: length.
        open_gap_mm: median gap of lips apart in speech.
        bilabials: number of p, b, m.
        bilabial_recall: share of them with lips closed within 60 ms of the phone.
        bilabial_precision: share of the closures within speech that lie at a p, b, m (or a pause).
        labiodentals: number of f, v.
        labiodental_recall: share of them with the lower lip at the upper teeth within 60 ms.
        pauses: number of pauses longer than 0.4 s, the clip's ends included.
        pause_closure: share of them with lips closed (median gap of the inner part).
        envelope_correlation: of lip gap and energy of the sound (RMS, 100 ms).
        vowel_energy_correlation: over vowels, of widest gap and mean level in dB.
        lip_jitter_mm: RMS of the gap between 5 and 12 Hz, in pauses.
        head_jitter_deg: RMS of yaw, pitch and roll between 5 and 12 Hz.
        head_prosody: correlation of head motion with what loudness and pitch predict of it.
        head_prosody_chance: the same with the sound shifted against the motion, mean over shifts.
        head_range_deg: 5th to 95th percentile, mean of yaw, pitch and roll.
        blinks_per_minute: lids shut and open again.
    """

    seconds: float
    open_gap_mm: float
    bilabials: int
    bilabial_recall: float
    bilabial_precision: float
    labiodentals: int
    labiodental_recall: float
    pauses: int
    pause_closure: float
    envelope_correlation: float
    vowel_energy_correlation: float
    lip_jitter_mm: float
    head_jitter_deg: float
    head_prosody: float
    head_prosody_chance: float
    head_range_deg: float
    blinks_per_minute: float

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; None for what could not be measured."""
        return {
            name: None if isinstance(value, float) and not np.isfinite(value) else round(value, 4)
            for name, value in asdict(self).items()
        }


def score(
    sequence: FlameSequence, samples: np.ndarray, sample_rate: int, phones: list[PhoneSpan]
) -> SpeechScores:
    """All figures of a motion in the basis "open" for a recording and its phones."""
    clip = _Clip(sequence, samples, sample_rate, phones)
    bilabial_recall, bilabial_precision = clip.closures()
    labiodental = clip.found(LABIODENTALS, clip.teeth_mm < CONTACT_MM)
    bilabial = clip.found(BILABIAL_SEALS, clip.closed)
    pauses = clip.pauses()
    correlation, chance = clip.head_prosody()
    return SpeechScores(
        seconds=round(clip.seconds, 3),
        open_gap_mm=clip.open_gap,
        bilabials=len(bilabial),
        bilabial_recall=bilabial_recall,
        bilabial_precision=bilabial_precision,
        labiodentals=len(labiodental),
        labiodental_recall=_share(labiodental),
        pauses=len(pauses),
        pause_closure=_share(pauses),
        envelope_correlation=clip.envelope_correlation(),
        vowel_energy_correlation=clip.vowel_energy_correlation(),
        lip_jitter_mm=clip.lip_jitter(),
        head_jitter_deg=clip.head_jitter(),
        head_prosody=correlation,
        head_prosody_chance=chance,
        head_range_deg=clip.head_range(),
        blinks_per_minute=clip.blinks() / max(clip.seconds, 1e-6) * 60.0,
    )


def energy_jaw(samples: np.ndarray, sample_rate: int, *, fps: float) -> FlameSequence:
    """The baseline everyone builds first: the jaw opens with the loudness, nothing else moves."""
    from flame.timing import frame_count

    seconds = len(samples) / sample_rate
    frames = frame_count(seconds, fps=fps)
    tracks = prosody(samples, sample_rate)
    loudness = tracks.at("loudness", np.arange(frames) / fps)
    jaw = np.zeros((frames, 3), np.float32)
    jaw[:, 0] = 0.30 * JAW_OPEN_RADIANS * np.clip(loudness - 0.3, 0.0, 1.0) / 0.7
    return FlameSequence.neutral(frames, fps=fps).replace(jaw=jaw)


def baselines(
    samples: np.ndarray, sample_rate: int, phones: list[PhoneSpan], *, fps: float, seed: int = 0
) -> dict[str, FlameSequence]:
    """What to compare with: ``"energy jaw"`` below, and ``"phones"`` above, the teacher on the phones."""
    return {
        "energy jaw": energy_jaw(samples, sample_rate, fps=fps),
        "phones": speak(phones, samples, sample_rate, fps=fps, seed=seed),
    }


def pooled(scores: list[SpeechScores]) -> SpeechScores:
    """Figures over clips: shares weighted by their counts, the rest by length."""
    weights = {
        "bilabial_recall": "bilabials",
        "labiodental_recall": "labiodentals",
        "pause_closure": "pauses",
        "bilabial_precision": "bilabials",
    }
    values: dict[str, Any] = {}
    for item in fields(SpeechScores):
        column = np.array([getattr(one, item.name) for one in scores], np.float64)
        if item.name in ("seconds", "bilabials", "labiodentals", "pauses"):
            values[item.name] = type(getattr(scores[0], item.name))(column.sum())
            continue
        weight = np.array([getattr(one, weights.get(item.name, "seconds")) for one in scores], np.float64)
        known = np.isfinite(column) & (weight > 0)
        values[item.name] = (
            float(np.average(column[known], weights=weight[known])) if known.any() else float("nan")
        )
    return SpeechScores(**values)


class _Clip:
    """One motion with its sound and phones, measured once."""

    def __init__(
        self, sequence: FlameSequence, samples: np.ndarray, sample_rate: int, phones: list[PhoneSpan]
    ) -> None:
        from flame.rotations import axis_angle_to_matrix, compose, yaw_pitch_roll

        self.sequence = sequence
        self.fps = sequence.fps
        self.seconds = len(sequence) / sequence.fps
        self.times = np.arange(len(sequence)) / sequence.fps
        self.phones = tidy(phones, max(self.seconds, len(samples) / sample_rate))
        self.tracks: Prosody = prosody(samples, sample_rate)
        jaw = sequence.jaw[:, 0]
        self.gap = np.maximum(lip_meter().gap_mm(sequence.expression, jaw), 0.0)
        self.teeth_mm = lip_teeth_mm(sequence.expression, jaw)
        turn = axis_angle_to_matrix(compose(sequence.rotation, sequence.neck))
        self.head = np.degrees(np.stack(yaw_pitch_roll(np.asarray(turn, np.float64)), axis=1))  # (T, 3)
        self.speech = self._inside(lambda span: span.symbol != SILENCE)
        apart = self.speech & (self.gap > _APART_MM)
        self.open_gap = float(np.median(self.gap[apart])) if apart.any() else float("nan")
        self.closed = self.gap < (CLOSED_SHARE * self.open_gap if np.isfinite(self.open_gap) else 1e-9)

    def found(self, symbols: frozenset[str], event: np.ndarray) -> list[bool]:
        """For each phone of these symbols: whether the event happens within reach of it."""
        return [bool(event[self._near(span)].any()) for span in self.phones if span.symbol in symbols]

    def closures(self) -> tuple[float, float]:
        """Recall and precision of closed lips against p, b, m."""
        recall = _share(self.found(BILABIAL_SEALS, self.closed))
        asked = np.zeros(len(self.times), bool)
        for span in self.phones:
            if span.symbol in BILABIAL_SEALS or (span.symbol == SILENCE and span.seconds > 0.1):
                asked |= self._near(span)
        runs = [run for run in _runs(self.closed) if self.speech[run].any() or asked[run].any()]
        in_speech = [run for run in runs if self.speech[run].any()]
        return recall, _share([bool(asked[run].any()) for run in in_speech])

    def pauses(self) -> list[bool]:
        """For each long pause: whether the lips are closed in its inner part."""
        closed = []
        for index, span in enumerate(self.phones):
            if span.symbol != SILENCE or span.seconds <= LONG_PAUSE_SECONDS:
                continue
            start = span.start + (0.0 if index == 0 else _SETTLE_SECONDS)
            end = span.end - (0.0 if index == len(self.phones) - 1 else _READY_SECONDS)
            inner = (self.times >= start) & (self.times <= end)
            if inner.any():
                limit = CLOSED_SHARE * self.open_gap if np.isfinite(self.open_gap) else _APART_MM
                closed.append(bool(np.median(self.gap[inner]) < limit))
        return closed

    def envelope_correlation(self) -> float:
        power = 10 ** (self.tracks.level_db / 10)
        width = 10  # 100 ms
        window = np.hanning(width + 2)[1:-1]
        energy = np.sqrt(np.convolve(power, window / window.sum(), "same"))
        at = np.interp(self.times * 100.0, np.arange(len(energy)), energy)
        return _correlation(self.gap, at)

    def vowel_energy_correlation(self) -> float:
        gaps, levels = [], []
        for span in self.phones:
            inside = (self.times >= span.start) & (self.times < span.end)
            if span.symbol in VOWELS and inside.any():
                gaps.append(self.gap[inside].max())
                levels.append(float(self.tracks.at("level_db", np.linspace(span.start, span.end, 7)).mean()))
        return _correlation(np.array(gaps), np.array(levels)) if len(gaps) >= 5 else float("nan")

    def lip_jitter(self) -> float:
        quiet = np.zeros(len(self.times), bool)
        for span in self.phones:
            if span.symbol == SILENCE and span.seconds > LONG_PAUSE_SECONDS:
                quiet |= (self.times > span.start + 0.2) & (self.times < span.end - 0.2)
        band = _band(self.gap[:, None], self.fps)
        return float(np.sqrt((band[quiet] ** 2).mean())) if quiet.any() and len(band) else float("nan")

    def head_jitter(self) -> float:
        band = _band(self.head, self.fps)
        return float(np.sqrt((band**2).mean())) if len(band) else float("nan")

    def head_range(self) -> float:
        low, high = np.percentile(self.head, [5, 95], axis=0)
        return float((high - low).mean())

    def head_prosody(self) -> tuple[float, float]:
        """Correlation of the head's pitch with its best guess from loudness and voice; and that by chance."""
        if len(self.times) < 3 * self.fps:
            return float("nan"), float("nan")
        cues = [
            self.tracks.at(name, self.times + lag)
            for name in ("loudness", "pitch")
            for lag in (-0.12, 0.0, 0.12)
        ]
        cues += [_slow(cue, 0.25 * self.fps) for cue in (cues[1], cues[4])]
        matrix = np.stack(cues, axis=1)
        motion = self.head[:, 1] - _slow(self.head[:, 1], 1.5 * self.fps)
        shifts = np.linspace(0.15, 0.85, _SHIFTS) * len(matrix)
        chance = [_explained(np.roll(matrix, int(shift), axis=0), motion) for shift in shifts]
        return _explained(matrix, motion), float(np.mean(chance))

    def blinks(self) -> int:
        """How often both lids go from under to over three quarters of shut (above where they rest)."""
        lids = self.sequence.eyelids.mean(axis=1)
        rest = float(np.median(lids))
        shut = (lids - rest) / max(1.0 - rest, 1e-3) > 0.6
        return int((np.diff(shut.astype(int)) == 1).sum())

    def _inside(self, wanted: Any) -> np.ndarray:
        inside = np.zeros(len(self.times), bool)
        for span in self.phones:
            if wanted(span):
                inside |= (self.times >= span.start) & (self.times < span.end)
        return inside

    def _near(self, span: PhoneSpan) -> np.ndarray:
        reach = REACH_SECONDS + 1e-6
        return (self.times >= span.start - reach) & (self.times <= span.end + reach)


def _share(found: list[bool]) -> float:
    return float(np.mean(found)) if found else float("nan")


def _runs(flags: np.ndarray) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 3 or np.std(a) < 1e-9 or np.std(b) < 1e-9:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _explained(cues: np.ndarray, motion: np.ndarray) -> float:
    """Multiple correlation of a motion with cues."""
    design = np.concatenate([cues, np.ones((len(cues), 1))], axis=1)
    weights = np.linalg.lstsq(design, motion, rcond=None)[0]
    return _correlation(design @ weights, motion)


def _slow(track: np.ndarray, width: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(track, max(width, 0.5), mode="nearest")


def _band(tracks: np.ndarray, fps: float) -> np.ndarray:
    """(T, C) the part between 5 and 12 Hz; empty when too short or too slow for it."""
    from scipy.signal import butter, sosfiltfilt

    high = min(_JITTER_HZ[1], 0.48 * fps)
    if len(tracks) < 30 or high <= _JITTER_HZ[0]:
        return np.zeros((0, tracks.shape[1]))
    sections = butter(2, [_JITTER_HZ[0], high], btype="bandpass", fs=fps, output="sos")
    return sosfiltfilt(sections, tracks, axis=0)
