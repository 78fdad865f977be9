"""What a filmed motion is measured from, and the change from it."""

from __future__ import annotations

import numpy as np

from flame.relative import to_relative
from flame.sequence import FlameSequence

__all__ = ["neutral_of", "relative_to"]

_REST_QUANTILE = 0.25  # faces move away from rest in one direction: lips open, brows rise
_LIDS_QUANTILE = 0.3
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
    """The change from a neutral frame; eyelids by how much of the way to shut they went, so that shut stays shut."""
    change = to_relative(motion, neutral)
    rest = np.minimum(neutral.eyelids, _WIDEST_NARROW)
    lids = np.clip((motion.eyelids - rest) / (1.0 - rest), 0.0, 1.0)
    return change.replace(eyelids=lids)
