"""The instruction suite: prompts that the corpus' templates do not contain, with what must be seen when they
play.

Signs are the subject's own. Thresholds are what a viewer would call done, not what the corpus aims at.
"""

from __future__ import annotations

from dataclasses import dataclass

from text2motion.checks import (
    Check,
    closed_alone,
    dips,
    ends,
    falls_to,
    in_order,
    peaks,
    reaches,
    stays,
    swings,
)

_YAW, _PITCH, _ROLL = "head_yaw_deg", "head_pitch_deg", "head_roll_deg"
_GAZE, _LOOK = "gaze_yaw_deg", "gaze_pitch_deg"
_LEFT_EYE, _RIGHT_EYE = "eye_open_left", "eye_open_right"
_SMILE, _FROWN, _OPEN = "smile", "frown", "mouth_open"
_BROW_UP, _BROW_DOWN = "brow_raise", "brow_lower"


@dataclass(frozen=True)
class Instruction:
    """A prompt, its category, its length, and the checks that all must hold."""

    category: str
    prompt: str
    checks: tuple[Check, ...]
    seconds: float = 4.0


def _say(category: str, prompt: str, *checks: Check, seconds: float = 4.0) -> Instruction:
    return Instruction(category, prompt, checks, seconds)


SUITE: tuple[Instruction, ...] = (
    # ------------------------------------------------------------------ turning
    _say("turn", "The lady turns her head left.", ends(_YAW, 10, 34)),
    _say("turn", "He rotates his face towards his right side", ends(_YAW, -34, -10)),
    _say("turn", "turn your head slowly to the right", ends(_YAW, -34, -10)),
    _say("turn", "A guy in a blue shirt is turning to the left", ends(_YAW, 10, 34)),
    _say("turn", "quickly swings the head to the right", ends(_YAW, -34, -10)),
    _say("turn", "She slightly turns her head to the left", ends(_YAW, 4, 18)),
    _say("turn", "looks over her left shoulder", ends(_YAW, 20, 60)),
    _say("turn", "looks to the right", reaches(_YAW, -8), stays(_YAW, -40, 6)),
    # ------------------------------------------------------------------ up, down, tilt
    _say("pitch", "She is looking up towards the ceiling", ends(_PITCH, 6, 30)),
    _say("pitch", "lowers his head and stays there", ends(_PITCH, -32, -6)),
    _say("pitch", "The old man raises his chin", ends(_PITCH, 6, 30)),
    _say("pitch", "bows the head gently", ends(_PITCH, -32, -4)),
    _say("tilt", "Her head tilts to the left", ends(_ROLL, 7, 26)),
    _say("tilt", "He cocks his head a bit to the right", ends(_ROLL, -22, -3)),
    _say("tilt", "tilting the head towards the right shoulder", ends(_ROLL, -26, -7)),
    # ------------------------------------------------------------------ nod, shake
    _say("nod", "She nods.", dips(_PITCH, 1, 5, depth=4.0)),
    _say("nod", "He nods his head three times", dips(_PITCH, 3, 3, depth=3.5)),
    _say("nod", "nodding twice", dips(_PITCH, 2, 2, depth=4.0)),
    _say("nod", "The woman gives a single nod", dips(_PITCH, 1, 1, depth=4.0)),
    _say("shake", "He is shaking his head", swings(_YAW, 1, size=7.0)),
    _say("shake", "She shakes her head three times to say no", swings(_YAW, 2, size=6.0)),
    # ------------------------------------------------------------------ gaze
    _say("gaze", "Her eyes move to the left", reaches(_GAZE, 8), stays(_YAW, -8, 10)),
    _say("gaze", "glances toward the right", reaches(_GAZE, -8), stays(_YAW, -12, 8)),
    _say("gaze", "he looks down with just his eyes", reaches(_LOOK, -8), stays(_PITCH, -9, 8)),
    _say("gaze", "her gaze goes up", reaches(_LOOK, 7), stays(_PITCH, -8, 9)),
    # ------------------------------------------------------------------ lids
    _say("lids", "She blinks twice", dips(_LEFT_EYE, 2, 4, depth=0.5)),
    _say("lids", "He shuts both of his eyes", ends(_LEFT_EYE, -0.5, 0.3), ends(_RIGHT_EYE, -0.5, 0.3)),
    _say("lids", "gives us a wink with her right eye", closed_alone(_RIGHT_EYE, _LEFT_EYE)),
    _say("lids", "He winks with the left eye", closed_alone(_LEFT_EYE, _RIGHT_EYE)),
    _say("lids", "The boy opens his eyes very wide", reaches(_LEFT_EYE, 1.12)),
    _say("lids", "she squints", ends(_LEFT_EYE, 0.0, 0.85)),
    _say("lids", "closes her eyes, then opens them", falls_to(_LEFT_EYE, 0.3), ends(_LEFT_EYE, 0.7, 1.4)),
    # ------------------------------------------------------------------ brows
    _say("brows", "He lifts both eyebrows", ends(_BROW_UP, 0.35, 2.0)),
    _say("brows", "her brows furrow", ends(_BROW_DOWN, 0.35, 2.0)),
    _say("brows", "with raised eyebrows", ends(_BROW_UP, 0.35, 2.0)),
    # ------------------------------------------------------------------ mouth
    _say("mouth", "A lovely smile appears on her face", ends(_SMILE, 0.35, 2.0)),
    _say("mouth", "He is grinning broadly", ends(_SMILE, 0.5, 2.0)),
    _say("mouth", "smiles faintly", ends(_SMILE, 0.12, 0.75)),
    _say("mouth", "The girl frowns", ends(_FROWN, 0.3, 2.0)),
    _say("mouth", "He opens his mouth", ends(_OPEN, 0.15, 2.0)),
    _say("mouth", "She puckers her lips", reaches("pucker", 0.4)),
    _say("mouth", "He puffs out both cheeks", reaches("cheek_puff", 0.4)),
    _say("mouth", "lets out a big yawn", reaches(_OPEN, 0.3)),
    _say("mouth", "She is laughing", reaches(_OPEN, 0.1), reaches(_SMILE, 0.4)),
    _say("mouth", "He talks to us", peaks(_OPEN, 3, 40, height=0.03)),
    # ------------------------------------------------------------------ emotions
    _say("emotion", "He looks really happy", ends(_SMILE, 0.3, 2.0)),
    _say("emotion", "a sad woman", ends(_FROWN, 0.25, 2.0)),
    _say("emotion", "She gets furious", ends(_BROW_DOWN, 0.35, 2.0)),
    _say("emotion", "He is astonished", reaches(_BROW_UP, 0.35), reaches(_OPEN, 0.08)),
    _say("emotion", "She seems terrified", reaches(_BROW_UP, 0.15), reaches(_LEFT_EYE, 1.08)),
    _say("emotion", "He is disgusted by what he sees", ends(_BROW_DOWN, 0.15, 2.0), ends(_SMILE, -2.0, 0.3)),
    _say("emotion", "The person has a neutral expression", ends(_SMILE, -0.2, 0.15), ends(_FROWN, -0.2,
        0.15)),
    # ------------------------------------------------------------------ together
    _say("together", "smiles and nods", reaches(_SMILE, 0.35), dips(_PITCH, 1, 5, depth=4.0)),
    _say("together", "closes her eyes and tilts her head to the right", ends(_LEFT_EYE, -0.5, 0.35),
        ends(_ROLL, -26, -6)),
    _say("together", "laughs while looking up", reaches(_SMILE, 0.35), reaches(_PITCH, 6)),
    _say("together", "shakes his head angrily", swings(_YAW, 1, size=6.0), reaches(_BROW_DOWN, 0.3)),
    _say("together", "He looks surprised, raises his eyebrows and opens his mouth", reaches(_BROW_UP, 0.4),
        reaches(_OPEN, 0.12)),
    _say("together", "She turns to the right with a sad face", ends(_YAW, -34, -9), ends(_FROWN, 0.2, 2.0)),
    _say("together", "He frowns while tilting his head to the left", ends(_FROWN, 0.25, 2.0), ends(_ROLL,
        6, 26)),
    _say("together", "nods twice with raised eyebrows", dips(_PITCH, 2, 2, depth=4.0), reaches(_BROW_UP,
        0.3)),
    # ------------------------------------------------------------------ order
    _say("order", "She slowly turns her head to the left, then smiles.", ends(_YAW, 10, 34), ends(_SMILE,
        0.3, 2.0),
         in_order((_YAW, 18), (_SMILE, 0.6)), seconds=3.0),
    _say("order", "First he smiles, afterwards he turns right.", in_order((_SMILE, 0.6), (_YAW, -18))),
    _say("order", "She nods before opening her mouth", in_order((_PITCH, -8), (_OPEN, 0.25))),
    _say("order", "After raising his eyebrows he tilts his head to the left", in_order((_BROW_UP, 0.6),
        (_ROLL, 10))),
    _say("order", "turns left, then turns right, and finally smiles", in_order((_YAW, 18), (_YAW, -18),
        (_SMILE, 0.6)),
         seconds=5.0),
    _say("order", "He looks sad, then becomes happy", in_order((_FROWN, 0.5), (_SMILE, 0.6)), ends(_FROWN,
        -0.5, 0.3), seconds=5.0),
    _say("order", "looks up and then down", in_order((_PITCH, 10), (_PITCH, -10))),
    _say("order", "0-2s: turns left; 2-4s: opens her mouth", in_order((_YAW, 18), (_OPEN, 0.25))),
    _say("return", "turns her head to the left and back", reaches(_YAW, 12), ends(_YAW, -6, 7)),
    _say("return", "smiles, then goes back to a neutral expression", reaches(_SMILE, 0.35), ends(_SMILE,
        -0.3, 0.25)),
    _say("idle", "sits there quietly", stays(_YAW, -5, 5), stays(_SMILE, -0.2, 0.3), stays(_PITCH, -6, 6)),
)  # fmt: skip
