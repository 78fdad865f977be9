"""Moods that speech can be spoken in: what each adds to the face and how it colours the head's motion.

A mood is an offset on shapes that leave the lips' closing alone: whatever it does to the lips' rims is taken
back where a seal or a contact is demanded (:mod:`driving.speech.coarticulation`). Faces after Ekman and Friesen,
Facial Action Coding System (1978); the tempo of the head after Busso et al., Rigid Head Motion in Expressive
Speech Animation (IEEE TASLP 2007): livelier when happy or angry, slower and lower when sad.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mood:
    """One mood at strength 1.

    Attributes:
        shapes: weight of expression shapes by name (0..1); ``*`` at the end stands for Left and Right.
        head_pitch_deg: mean lift of the nose; negative hangs the head.
        head_roll_deg: mean tilt.
        head_liveliness: factor on the head's motion.
        brow_liveliness: factor on the brows' motion.
        opening: factor on the lips' opening.
        lids: added to both eyelids (0..1 of shut).
        blink_rate: factor on blinks per minute.
    """

    shapes: dict[str, float] = field(default_factory=dict)
    head_pitch_deg: float = 0.0
    head_roll_deg: float = 0.0
    head_liveliness: float = 1.0
    brow_liveliness: float = 1.0
    opening: float = 1.0
    lids: float = 0.0
    blink_rate: float = 1.0


MOOD_TABLE: dict[str, Mood] = {
    "neutral": Mood(),
    "cheerful": Mood(
        {
            "mouthSmile*": 0.42,
            "cheekSquint*": 0.30,
            "browInnerUp": 0.10,
            "browOuterUp*": 0.10,
            "eyeSquint*": 0.12,
        },
        head_pitch_deg=1.0,
        head_liveliness=1.25,
        brow_liveliness=1.2,
        opening=1.05,
    ),
    "serious": Mood(
        {"browDown*": 0.28, "mouthPress*": 0.06, "eyeSquint*": 0.08},
        head_pitch_deg=-0.5,
        head_liveliness=0.6,
        brow_liveliness=0.6,
        opening=0.95,
        blink_rate=0.8,
    ),
    "sad": Mood(
        {"browInnerUp": 0.50, "mouthFrown*": 0.35, "mouthShrugLower": 0.10, "eyeSquint*": 0.10},
        head_pitch_deg=-4.5,
        head_roll_deg=2.0,
        head_liveliness=0.55,
        brow_liveliness=0.5,
        opening=0.85,
        lids=0.12,
        blink_rate=1.2,
    ),
    "angry": Mood(
        {
            "browDown*": 0.65,
            "noseSneer*": 0.25,
            "eyeSquint*": 0.15,
            "mouthUpperUp*": 0.08,
            "mouthFrown*": 0.12,
        },
        head_pitch_deg=-1.5,
        head_liveliness=1.35,
        brow_liveliness=0.7,
        opening=1.12,
        blink_rate=0.7,
    ),
    "surprised": Mood(
        {"browInnerUp": 0.50, "browOuterUp*": 0.50, "eyeWide*": 0.45},
        head_pitch_deg=1.5,
        head_liveliness=1.1,
        brow_liveliness=1.2,
        opening=1.12,
        blink_rate=0.7,
    ),
    "fearful": Mood(
        {"browInnerUp": 0.60, "browDown*": 0.20, "eyeWide*": 0.35, "mouthStretch*": 0.22},
        head_pitch_deg=-1.0,
        head_liveliness=0.9,
        brow_liveliness=0.7,
        opening=0.95,
        blink_rate=1.4,
    ),
    "tender": Mood(
        {"mouthSmile*": 0.20, "browInnerUp": 0.25, "cheekSquint*": 0.08},
        head_pitch_deg=-0.5,
        head_roll_deg=4.0,
        head_liveliness=0.75,
        brow_liveliness=0.8,
        opening=0.92,
        lids=0.06,
    ),
    "excited": Mood(
        {
            "mouthSmile*": 0.32,
            "cheekSquint*": 0.20,
            "browInnerUp": 0.22,
            "browOuterUp*": 0.28,
            "eyeWide*": 0.22,
        },
        head_pitch_deg=1.5,
        head_liveliness=1.6,
        brow_liveliness=1.6,
        opening=1.15,
        blink_rate=1.1,
    ),
    "tired": Mood(
        {"browInnerUp": 0.10, "mouthFrown*": 0.12, "browDown*": 0.05},
        head_pitch_deg=-3.5,
        head_roll_deg=2.0,
        head_liveliness=0.5,
        brow_liveliness=0.35,
        opening=0.85,
        lids=0.28,
        blink_rate=1.3,
    ),
}

MOODS: tuple[str, ...] = tuple(MOOD_TABLE)
"""Names of the moods; the index of a mood in training data is its place here."""


def sided(shapes: dict[str, float]) -> dict[str, float]:
    """``{"mouthSmile*": w}`` written out as ``{"mouthSmileLeft": w, "mouthSmileRight": w}``."""
    written: dict[str, float] = {}
    for name, weight in shapes.items():
        names = (name[:-1] + "Left", name[:-1] + "Right") if name.endswith("*") else (name,)
        written.update(dict.fromkeys(names, weight))
    return written
