"""Lips that touch in the video touch on the portrait.

Relative motion is added to another mouth, where what was negative may be cut off: seals are lost by that, by a
fraction of a millimetre, and a mouth that never quite closes is what one sees first. So the gap of the driven
embedded head is measured (it is linear in the shapes), and where the filmed lips touch it is taken away.
"""

from __future__ import annotations

import numpy as np

from driving.speech.lips import MIDDLE_PAIRS, lip_meter
from flame.easing import smoothstep
from flame.fitting.mediapipe_points import OUTER_EYE_CORNERS
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

__all__ = ["lip_gap", "sealed"]

_TOUCHING = (0.012, 0.035)
"""Gap between the inner lips over the distance of the outer eye corners: touching, and certainly apart."""
_OPENERS = (
    "lipsPart",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthFunnel",
)
_MOST_CLOSING = 1.0  # weight of mouthClose


def lip_gap(points: np.ndarray) -> float:
    """Gap of the middle of the inner lips of (478, 2|3) landmarks over the face's size (about one eye distance)."""
    flat = points[:, :2]
    gap = np.mean([np.linalg.norm(flat[a] - flat[b]) for a, b in MIDDLE_PAIRS])
    across = np.linalg.norm(flat[OUTER_EYE_CORNERS[0]] - flat[OUTER_EYE_CORNERS[1]])
    tall = np.linalg.norm(flat[10] - flat[152]) * 0.52  # a turned face shows its eyes closer together
    return float(gap / max(across, tall, 1e-6))


def sealed(motion: FlameSequence, gaps: np.ndarray) -> FlameSequence:
    """A relative motion with the lips closed where the filmed ones are.

    Args:
        motion: T frames, relative, of basis "open".
        gaps: (T,) see :func:`lip_gap`; NaN where not seen.
    """
    low, high = _TOUCHING
    touching = smoothstep(np.nan_to_num(gaps, nan=1.0), high, low)
    if not touching.any():
        return motion
    meter = lip_meter()
    jaw = np.clip(motion.jaw[:, 0].astype(np.float64), 0.0, None)
    shown = np.clip(motion.expression.astype(np.float64), 0.0, 1.0)  # what of it a face at rest can show
    excess = np.maximum(meter.gap_mm(shown, jaw), 0.0) * touching
    columns = [EXPRESSION_NAMES.index(name) for name in _OPENERS]
    slopes = np.stack([meter.slope_at(jaw, column) for column in columns], axis=1)  # (T, 6) mm
    opened = np.maximum(slopes * shown[:, columns], 0.0).sum(axis=1)
    less = np.minimum(excess, opened)
    expression = motion.expression.astype(np.float64)
    factor = 1.0 - less / np.maximum(opened, 1e-9)
    for column in columns:
        positive = expression[:, column] > 0
        expression[positive, column] *= factor[positive]
    close = EXPRESSION_NAMES.index("mouthClose")
    per_weight = np.minimum(meter.slope_at(jaw, close), -1e-3)
    expression[:, close] += np.minimum((excess - less) / -per_weight, _MOST_CLOSING)
    expression[:, close] = np.minimum(expression[:, close], np.maximum(motion.expression[:, close], 1.0))
    return motion.replace(expression=expression)
