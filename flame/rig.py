"""The ARKit-52 rig of the embedded head: names, and the way between ARKit weights and FLAME parameters.

The expression basis of the embedded head *is* its rig: ``expression[:, i]`` is the weight (0..1) of
``EXPRESSION_NAMES[i]``. Three ARKit shapes are not in that basis, because other parameters carry them:

=================  ===========================================================================
ARKit shape        carried by
=================  ===========================================================================
jawOpen            ``jaw``: rotation of 24.4 degrees about +x at weight 1
eyeBlinkLeft/Right ``eyelids``: 1 is shut
eyeLook* (8)       *both* ``eyes`` (the ball turns) and the expression basis (the lids follow)
=================  ===========================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flame.errors import InputError

if TYPE_CHECKING:
    from flame.sequence import FlameSequence

ARKIT_NAMES: tuple[str, ...] = (
    "eyeBlinkLeft",
    "eyeLookDownLeft",
    "eyeLookInLeft",
    "eyeLookOutLeft",
    "eyeLookUpLeft",
    "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight",
    "eyeLookDownRight",
    "eyeLookInRight",
    "eyeLookOutRight",
    "eyeLookUpRight",
    "eyeSquintRight",
    "eyeWideRight",
    "jawForward",
    "jawRight",
    "jawLeft",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthRight",
    "mouthLeft",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)

POSE_DRIVEN: tuple[str, ...] = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen")
"""ARKit shapes that are eyelids or joint rotations, hence not part of the expression basis."""

EXTRA_NAMES: tuple[str, ...] = ("tongueUp", "nostrilFlare", "neckTense", "lipsPart")
"""Shapes beyond ARKit's that speech and strong emotion need."""

EXPRESSION_NAMES: tuple[str, ...] = (
    tuple(name for name in ARKIT_NAMES if name not in POSE_DRIVEN) + EXTRA_NAMES
)
"""Meaning of each column of the embedded head's expression basis, in order (53)."""

JAW_OPEN_RADIANS = 0.42586
"""Jaw rotation about +x at jawOpen = 1: 24.4 degrees."""
GAZE_YAW_RADIANS = 0.52360
"""Turn of an eyeball about +y at eyeLookOut / eyeLookIn = 1: 30 degrees."""
GAZE_PITCH_RADIANS = 0.38397
"""Turn of an eyeball about +x at eyeLookDown (positive) / eyeLookUp (negative) = 1: 22 degrees."""

_COLUMN = {name: index for index, name in enumerate(ARKIT_NAMES)}


def to_parameters(weights: np.ndarray) -> dict[str, np.ndarray]:
    """FLAME parameters of the embedded head for ARKit weights.

    Args:
        weights: (T, 52) in the order of ``ARKIT_NAMES``, nominally 0..1 (not clipped).

    Returns:
        expression (T, 53), jaw (T, 3), eyes (T, 6) left then right, eyelids (T, 2); float32, radians.

    Raises:
        InputError: the array has another shape.
    """
    weights = np.asarray(weights, dtype=np.float32)
    if weights.ndim != 2 or weights.shape[1] != len(ARKIT_NAMES):
        raise InputError(
            f"ARKit weights are (frames, {len(ARKIT_NAMES)}): {weights.shape}; "
            "give one column per name of flame.rig.ARKIT_NAMES"
        )
    frames = len(weights)

    def column(name: str) -> np.ndarray:
        return weights[:, _COLUMN[name]]

    expression = np.zeros((frames, len(EXPRESSION_NAMES)), np.float32)
    for index, name in enumerate(EXPRESSION_NAMES):
        if name in _COLUMN:
            expression[:, index] = column(name)
    jaw = np.zeros((frames, 3), np.float32)
    jaw[:, 0] = JAW_OPEN_RADIANS * column("jawOpen")
    eyes = np.zeros((frames, 6), np.float32)
    for first, side, outward in ((0, "Left", 1.0), (3, "Right", -1.0)):
        eyes[:, first] = GAZE_PITCH_RADIANS * (column(f"eyeLookDown{side}") - column(f"eyeLookUp{side}"))
        turn = column(f"eyeLookOut{side}") - column(f"eyeLookIn{side}")
        eyes[:, first + 1] = GAZE_YAW_RADIANS * outward * turn
    eyelids = np.stack([column("eyeBlinkLeft"), column("eyeBlinkRight")], axis=1)
    return {"expression": expression, "jaw": jaw, "eyes": eyes, "eyelids": np.clip(eyelids, 0, 1)}


def from_parameters(sequence: FlameSequence) -> np.ndarray:
    """ARKit weights (T, 52), clipped to 0..1, of a motion in the embedded head's basis.

    Gaze weights come from the eyeballs' rotation, jawOpen from the jaw's; extra shapes have no ARKit name.

    Raises:
        InputError: the motion is in another head's basis.
    """
    if sequence.basis != "open":
        raise InputError(
            f'ARKit weights need a motion in the basis "open": {sequence.basis!r}; convert it with flame.retarget'
        )
    weights = np.zeros((len(sequence.expression), len(ARKIT_NAMES)), np.float32)
    for index, name in enumerate(EXPRESSION_NAMES[: sequence.expression.shape[1]]):
        if name in _COLUMN:
            weights[:, _COLUMN[name]] = sequence.expression[:, index]
    weights[:, _COLUMN["jawOpen"]] = sequence.jaw[:, 0] / JAW_OPEN_RADIANS
    weights[:, _COLUMN["eyeBlinkLeft"]] = sequence.eyelids[:, 0]
    weights[:, _COLUMN["eyeBlinkRight"]] = sequence.eyelids[:, 1]
    for first, side, outward in ((0, "Left", 1.0), (3, "Right", -1.0)):
        pitch = sequence.eyes[:, first] / GAZE_PITCH_RADIANS
        turn = sequence.eyes[:, first + 1] * outward / GAZE_YAW_RADIANS
        for name, value in (("Down", pitch), ("Up", -pitch), ("Out", turn), ("In", -turn)):
            weights[:, _COLUMN[f"eyeLook{name}{side}"]] = value
    return np.clip(weights, 0, 1)
