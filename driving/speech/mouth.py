"""From what the mouth should do to the rig: task variables in, expression weights and jaw out, lips to the millimetre.

Everything that touches the lips is first laid down (rounding, corners, mood, contact); then one linear equation
sets the gap of the posed lips to what was asked for (:func:`set_lip_gap`). A seal is therefore a seal whatever
the jaw, the mood and the style do.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from driving.speech.lips import lip_meter
from driving.speech.moods import MOOD_TABLE, sided
from driving.speech.visemes import TASK
from flame.rig import EXPRESSION_NAMES, JAW_OPEN_RADIANS

SEAL_GAP_MM = -0.25
"""Signed gap asked for in a seal: pressed a little, so that rounding and other identities leave no slit."""
CONTACT_GAP_MM = 1.5
"""Gap of the lips while the lower lip touches the upper teeth."""

# What opens the lips beyond the jaw, in proportion; the solver scales it.
_OPENING = {"mouthLowerDownLeft": 0.55, "mouthLowerDownRight": 0.55, "mouthUpperUpLeft": 0.40,
            "mouthUpperUpRight": 0.40, "lipsPart": 0.60}  # fmt: skip
_SPREAD = sided({"mouthStretch*": 0.20, "mouthSmile*": 0.12, "mouthDimple*": 0.10})
CONTACT_SHAPES = sided({"mouthRollLower": 0.82, "mouthUpperUp*": 0.26})
_PRESS = sided({"mouthPress*": 0.14, "mouthRollLower": 0.08, "mouthRollUpper": 0.08})
_FLATTENED = 0.75  # of the rounding, in a contact: rounded lips do not reach the teeth
_ROUNDING, _FUNNEL = {"mouthPucker": 0.85}, {"mouthFunnel": 0.55, "mouthShrugLower": 0.08}

LIP_COLUMNS: tuple[int, ...] = tuple(
    index
    for index, name in enumerate(EXPRESSION_NAMES)
    if name.startswith("mouth") or name in ("lipsPart", "tongueUp", "tongueOut", "jawForward")
)
"""Columns of the expression that speech moves on the lips and the tongue."""


def set_lip_gap(expression: np.ndarray, jaw_radians: np.ndarray, gap_mm: np.ndarray) -> np.ndarray:
    """The expression whose posed lips have exactly this gap: the least that opens or closes them is added.

    Too far open: ``mouthClose`` brings the lips together over the open jaw. Too closed: upper and lower lip and
    ``lipsPart`` open them. Shapes already there are kept.

    Args:
        expression: (T, 53) weights.
        jaw_radians: (T,) turn of the jaw about +x.
        gap_mm: (T,) wanted signed gap in mm (see :class:`driving.speech.lips.LipMeter`).

    Returns:
        (T, 53) weights; only where a shape would have to pass 1 does the gap fall short.
    """
    meter = lip_meter()
    result = np.array(expression, np.float64)
    missing = np.asarray(gap_mm, np.float64) - meter.gap_mm(result, jaw_radians)
    close = _column("mouthClose")
    result[:, close] += np.maximum(-missing, 0.0) / -meter.slope_at(jaw_radians, close)
    gain = sum(share * meter.slope_at(jaw_radians, name) for name, share in _OPENING.items())
    amount = np.maximum(missing, 0.0) / gain
    for name, share in _OPENING.items():
        result[:, _column(name)] += share * amount
    return np.clip(result, 0.0, 1.0)


def bring_to_teeth(expression: np.ndarray, contact: np.ndarray) -> np.ndarray:
    """The expression with the lower lip rolled in and rounding given up, as far as lip and teeth are to meet.

    The gap of the lips is left to :func:`set_lip_gap` (:data:`CONTACT_GAP_MM`).

    Args:
        expression: (T, 53) weights of any motion.
        contact: (T,) 0 to 1.

    Returns:
        (T, 53) float64.
    """
    result = np.array(expression, np.float64)
    for name in (*_ROUNDING, *_FUNNEL):
        result[:, _column(name)] *= 1.0 - _FLATTENED * contact
    for name, weight in CONTACT_SHAPES.items():
        column = _column(name)
        result[:, column] += contact * np.maximum(weight - result[:, column], 0.0)
    return result


def mouth_weights(
    tasks: np.ndarray,
    seal: np.ndarray,
    contact: np.ndarray,
    *,
    mood: str = "neutral",
    mood_strength: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Expression weights and jaw angle for task variables over time.

    Args:
        tasks: (T, 7) in the order of ``visemes.TASKS``, style already in.
        seal, contact: (T,) 0 to 1, demand for closed lips and for lip-teeth contact.
        mood: a name of ``MOODS``; its shapes (brows and eyes too) are added.
        mood_strength: 0 to 1 and beyond.

    Returns:
        expression (T, 53) float32 in 0..1, jaw (T,) float32 radians.
    """
    jaw = JAW_OPEN_RADIANS * np.clip(tasks[:, TASK["jaw"]], 0.0, 0.9)
    expression = np.zeros((len(tasks), len(EXPRESSION_NAMES)))
    free = 1.0 - np.maximum(seal, contact)
    flat = 1.0 - _FLATTENED * contact * (1.0 - seal)
    _add(expression, _ROUNDING, tasks[:, TASK["rounding"]] * flat)
    _add(expression, _FUNNEL, tasks[:, TASK["funnel"]] * flat)
    _add(expression, _SPREAD, tasks[:, TASK["spread"]] * (0.4 + 0.6 * free))
    _add(expression, CONTACT_SHAPES, contact * (1.0 - seal))
    _add(expression, _PRESS, seal)
    _add(expression, {"tongueUp": 0.8}, tasks[:, TASK["tongue_up"]])
    _add(expression, {"tongueOut": 1.0}, tasks[:, TASK["tongue_out"]] * free)
    for name, weight in sided(MOOD_TABLE[mood].shapes).items():
        held = 0.85 + 0.15 * free if name.startswith("mouth") else 1.0
        held = held * (1.0 - 0.7 * np.clip(tasks[:, TASK["rounding"]], 0, 1)) if "Smile" in name else held
        _add(expression, {name: weight * mood_strength}, held * np.ones(len(tasks)))
    gap = tasks[:, TASK["aperture"]]
    gap = gap + contact * (CONTACT_GAP_MM - gap)
    gap = gap + seal * (SEAL_GAP_MM - gap)
    expression = set_lip_gap(np.clip(expression, 0.0, 1.0), jaw, gap)
    return expression.astype(np.float32), jaw.astype(np.float32)


def _add(expression: np.ndarray, shapes: dict[str, float], amount: np.ndarray) -> None:
    for name, weight in shapes.items():
        expression[:, _column(name)] += weight * amount


@lru_cache(maxsize=64)
def _column(name: str) -> int:
    return EXPRESSION_NAMES.index(name)
