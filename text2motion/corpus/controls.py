"""The named controls a performance is written in, before it becomes FLAME parameters.

Angles are degrees (they are authored by hand, and turned into radians in one place,
``text2motion.corpus.performance``); everything else is a weight in [0, 1]. Signs are the subject's own:
positive yaw turns to their left, positive pitch lifts the nose, positive roll tilts to their left shoulder.
"""

from __future__ import annotations

from flame.rig import EXPRESSION_NAMES

POSE_CONTROLS: tuple[str, ...] = (
    "yaw",  # degrees, neck
    "pitch",  # degrees, neck
    "roll",  # degrees, neck
    "gaze_yaw",  # degrees, eyes in the head
    "gaze_pitch",  # degrees, eyes in the head
    "lean_forward",  # degrees, bust about +x
    "lean_side",  # degrees, bust towards the subject's own left
    "rise",  # millimetres, bust upwards (breathing, shrugging)
)
FACE_CONTROLS: tuple[str, ...] = ("jaw", "lid_left", "lid_right", *EXPRESSION_NAMES)
CONTROLS: tuple[str, ...] = POSE_CONTROLS + FACE_CONTROLS
CONTROL_INDEX: dict[str, int] = {name: index for index, name in enumerate(CONTROLS)}


def expand_targets(targets: dict[str, float]) -> dict[str, float]:
    """Spell out a target table: a rig name without its side (``mouthSmile``) stands for both sides.

    Raises KeyError for a name that is no control, so that a typing error in the vocabulary is found at
    import.
    """
    spelled: dict[str, float] = {}
    for name, amount in targets.items():
        if name in CONTROL_INDEX:
            spelled[name] = amount
        elif name == "lids":
            spelled["lid_left"] = spelled["lid_right"] = amount
        elif name + "Left" in CONTROL_INDEX:
            spelled[name + "Left"] = spelled[name + "Right"] = amount
        else:
            raise KeyError(f"no control is called {name!r}")
    return spelled
