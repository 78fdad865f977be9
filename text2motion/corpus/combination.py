"""How what happens at once adds up to one face: moods below acts, opposites, limits of the rig.

Weights of a mood and of an act on top of it are joined as 1 - (1 - a)(1 - b): two smiles are a broader smile,
never more than the rig's full one. Where an act contradicts the mood (a smile on a sad face), the act wins.
"""

from __future__ import annotations

import numpy as np

from text2motion.corpus.controls import CONTROL_INDEX

FIRST_WEIGHT = CONTROL_INDEX["jaw"]

#: Largest angles that simultaneous actions may add up to, degrees.
POSE_LIMITS: dict[str, float] = {
    "yaw": 55.0,
    "pitch": 30.0,
    "roll": 28.0,
    "gaze_yaw": 32.0,
    "gaze_pitch": 24.0,
    "lean_forward": 16.0,
    "lean_side": 14.0,
    "rise": 16.0,
}
_OPPOSITES = (
    ("mouthSmile", "mouthFrown"),
    ("mouthSmile", "mouthPucker"),
    ("eyeWide", "eyeSquint"),
    ("browOuterUp", "browDown"),
)
_CLOSED_LIPS = ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper", "cheekPuff")


def combined(mood: np.ndarray, act: np.ndarray) -> np.ndarray:
    """Join the controls of moods and of acts, (T, C) each; angles add, weights stay in [0, 1]."""
    mood, act = mood.copy(), act.copy()
    for part in (mood, act):
        np.clip(part[:, FIRST_WEIGHT:], 0.0, 1.0, out=part[:, FIRST_WEIGHT:])
    for first, second in _OPPOSITES:
        for wins, loses in ((first, second), (second, first)):
            strength = np.max([act[:, i] for i in _both(wins)], axis=0)
            for index in _both(loses):
                mood[:, index] *= 1.0 - np.clip(1.2 * strength, 0.0, 1.0)
    result = mood + act
    result[:, FIRST_WEIGHT:] = 1.0 - (1.0 - mood[:, FIRST_WEIGHT:]) * (1.0 - act[:, FIRST_WEIGHT:])
    return result


def reconciled(controls: np.ndarray) -> np.ndarray:
    """(T, C) controls that a face can show: what excludes itself fades, angles stay within their limits."""
    result = controls.copy()
    column = {name: result[:, index] for name, index in CONTROL_INDEX.items()}  # views
    for name, limit in POSE_LIMITS.items():
        column[name][:] = soft_limit(column[name], limit)
    np.clip(result[:, FIRST_WEIGHT:], 0.0, 1.0, out=result[:, FIRST_WEIGHT:])
    np.maximum(column["jaw"], 0.3 * column["tongueOut"], out=column["jaw"])
    jaw = column["jaw"]
    for side in ("Left", "Right"):
        lid = column["lid_" + side.lower()]
        column["eyeWide" + side][:] *= 1.0 - lid
        column["eyeSquint" + side][:] *= 1.0 - 0.6 * lid
        rounded = np.maximum(column["mouthPucker"], column["mouthFunnel"])
        for name, share in (("mouthSmile", 0.6), ("mouthStretch", 0.8), ("mouthFrown", 0.5)):
            column[name + side][:] *= 1.0 - share * rounded
    apart = np.clip(1.6 * (jaw - 0.12), 0.0, 1.0)
    for name in _CLOSED_LIPS:
        column[name][:] *= 1.0 - apart
    np.minimum(column["mouthClose"], jaw, out=column["mouthClose"])
    wide = 1.0 - 0.65 * np.clip(
        (jaw - 0.3) / 0.6, 0.0, 1.0
    )  # lips of a wide open mouth are stretched as it is
    for name in ("mouthStretch", "mouthLowerDown", "mouthUpperUp"):
        for index in _both(name):
            result[:, index] *= wide
    return result


def soft_limit(values: np.ndarray, limit: float) -> np.ndarray:
    """``values`` as they are up to 3/4 of ``limit``, beyond it bent so as never to reach it."""
    knee = 0.75 * limit
    over = np.maximum(np.abs(values) - knee, 0.0)
    bent = knee + (limit - knee) * np.tanh(over / (limit - knee))
    return np.where(over > 0.0, np.sign(values) * bent, values)


def _both(name: str) -> list[int]:
    if name in CONTROL_INDEX:
        return [CONTROL_INDEX[name]]
    return [CONTROL_INDEX[name + side] for side in ("Left", "Right")]
