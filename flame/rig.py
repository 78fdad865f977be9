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
