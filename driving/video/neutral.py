"""What a filmed motion is measured from, and the change from it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flame.easing import smoothstep
from flame.relative import to_relative
from flame.sequence import FlameSequence

__all__ = ["BUST_METRES", "blink_dips", "neutral_of", "relative_to", "sharp_lids", "shut_ratio"]

_REST_QUANTILE = 0.25  # faces move away from rest in one direction: lips open, brows rise
_LIDS_QUANTILE = 0.3
BUST_METRES = (0.03, 0.03, 0.05)
"""How far the bust goes to the side, up or down, and forwards at most."""
_OPEN_QUANTILE = 0.8
_SHUT_RATIO = (
    0.28,
    0.45,
)  # of an eye's opening to its usual one: shut, and where that begins (blinks: 0.05 to 0.28)
_BLINK_SECONDS = 0.4  # a blink is over by then
_DIP_RATIO, _DIP_OPEN = 0.6, 0.65  # of an eye's usual opening: narrowed, and open before and after it
_DIP_BEGINS = 0.9
_FEWEST_BLINKS, _NEARLY = 2, 0.04
_WIDEST_NARROW = 0.6  # eyelids shut further than this are a blink, not a way to look


def neutral_of(motion: FlameSequence, seen: np.ndarray, which: str) -> FlameSequence:
    """One frame: the first seen one, or how the face mostly is.

    The eyelids' rest is the clip's in either case: a clip may begin in a blink, and eyes shut at rest could never
    blink again.

    Args:
        motion: T frames, absolute; seen: (T,).
        which: "first" or "clip".
    """
    known = np.flatnonzero(seen) if seen.any() else np.arange(motion.frames)
    lids = np.quantile(motion.eyelids[known], _LIDS_QUANTILE, axis=0)
    start = motion[int(known[0])]
    if which == "first":
        own = start.eyelids[0]
        return start.replace(eyelids=np.where(own > np.maximum(lids + 0.2, 0.3), lids, own)[None])
    return start.replace(
        expression=np.quantile(motion.expression[known], _REST_QUANTILE, axis=0)[None],
        jaw=np.quantile(motion.jaw[known], _REST_QUANTILE, axis=0)[None],
        rotation=np.median(motion.rotation[known], axis=0)[None],
        neck=np.median(motion.neck[known], axis=0)[None],
        eyes=np.median(motion.eyes[known], axis=0)[None],
        eyelids=np.minimum(lids, _WIDEST_NARROW)[None],
        translation=np.median(motion.translation[known], axis=0)[None],
    )


def relative_to(motion: FlameSequence, neutral: FlameSequence) -> FlameSequence:
    """The change from a neutral frame.

    Eyelids count by how much of the way to shut they went, so that shut stays shut on other eyes. The bust goes
    no farther than :data:`BUST_METRES`: in a video one cannot tell a camera that pans or zooms from a person who
    leaves, and a portrait must not.
    """
    change = to_relative(motion, neutral)
    rest = np.minimum(neutral.eyelids, _WIDEST_NARROW)
    lids = np.clip((motion.eyelids - rest) / (1.0 - rest), 0.0, 1.0)
    far = np.asarray(BUST_METRES)
    return change.replace(eyelids=lids, translation=far * np.tanh(change.translation / far))


def blink_dips(gaps: np.ndarray, fps: float) -> np.ndarray:
    """(T,) how far a blink is under way, 0 to 1: both eyes narrow a lot together and are open again at once.

    Behind glasses and on narrow eyes a detector's lids never meet: there shut eyes are 0.4 to 0.5 as open as usual.
    But nothing else is as brief.

    Args:
        gaps: (T, 2) height over length of the openings, NaN where not seen; frames that follow each other evenly.
    """
    found = np.zeros(len(gaps))
    for start, course, _ in _dips(gaps, fps):
        part = slice(start, start + len(course))
        found[part] = np.maximum(found[part], smoothstep(course))
    return found


def shut_ratio(gaps: np.ndarray, fps: float) -> tuple[float, float]:
    """Of an eye's usual opening: where it is shut and where that begins, as this face's blinks so far (T, 2) tell."""
    bottoms = [bottom for _, _, bottom in _dips(gaps, fps)]
    if len(bottoms) < _FEWEST_BLINKS:
        return _SHUT_RATIO
    low, high = _SHUT_RATIO
    shut = float(np.clip(np.median(bottoms) + _NEARLY, low, _DIP_RATIO))
    return shut, shut + high - low


def _dips(gaps: np.ndarray, fps: float) -> Iterator[tuple[int, np.ndarray, float]]:
    """(first frame, course 0 to 1 from there on, opening at the bottom over the usual one) of every brief dip."""
    reach = round(_BLINK_SECONDS * fps)
    if reach < 2 or len(gaps) < 3 or not np.isfinite(gaps).any(axis=0).all():
        return
    ratio = np.nan_to_num(gaps / np.nanquantile(gaps, _OPEN_QUANTILE, axis=0).clip(1e-6), nan=1.0)
    both = ratio.mean(axis=1)
    for bottom in np.flatnonzero(both < _DIP_RATIO):
        start, end = max(bottom - reach, 0), bottom + reach + 1
        if both[bottom] > both[start:end].min():
            continue
        tops = np.minimum(ratio[start : bottom + 1].max(axis=0), ratio[bottom:end].max(axis=0))
        if (ratio[bottom] > _DIP_RATIO * tops).any() or tops.min() < _DIP_OPEN:
            continue
        top = _DIP_BEGINS * float(tops.mean())
        course = np.clip((top - both[start:end]) / (top - both[bottom]), 0.0, 1.0)
        inside = np.flatnonzero(course > 0.5)
        if inside[-1] - inside[0] < reach:
            yield start, course, float(both[bottom])


def sharp_lids(
    eyelids: np.ndarray,
    gaps: np.ndarray,
    lids_shut: np.ndarray,
    shut: tuple[float, float] = _SHUT_RATIO,
) -> np.ndarray:
    """(T, 2) eyelids in parts of this face's own way to shut; shut where the eye's opening has all but vanished.

    Args:
        eyelids: (T, 2) fitted values.
        gaps: (T, 2) height over length of the openings, NaN where not seen; "open" is their upper part in the clip.
        lids_shut: (2,) values at which the lids meet.
        shut: of an eye's opening to its usual one, see :func:`shut_ratio`.
    """
    own = np.clip(eyelids / lids_shut, 0.0, 1.0)
    if not np.isfinite(gaps).any():
        return own
    ratio = gaps / np.maximum(np.nanquantile(gaps, _OPEN_QUANTILE, axis=0), 1e-6)
    low, high = shut
    return np.maximum(own, smoothstep(np.nan_to_num(ratio, nan=1.0), high, low))
