"""The sided half of the head and gaze vocabulary: each maker gives the left or the right version.

``sign`` is +1 for the subject's own left. Amplitudes are those of ordinary speech: "turns to the left" is 22
degrees, not a profile.
"""

from __future__ import annotations

from text2motion.corpus.actions import HOLD, MOTION, Action

HEAD_WORDS = r"(head|face|chin|nose|neck)"
_EYES = r"(eyes?|gaze|pupils|irises)"
_EYE_WORDS = r"\b(eyes?|(his|her|their|your|my|its) gaze|pupils|irises)\b"
_FAR = r"(over (his|her|their|the|your|its|my)?\s*(left|right)?\s*shoulder|profile|all the way|behind)"


def _side_word(side: str) -> str:
    return rf"\b{side}(wards?)?\b"


def over_shoulder(side: str, sign: float) -> Action:
    return Action(
        f"look_over_{side}_shoulder",
        MOTION,
        HOLD,
        "yaw",
        1.0,
        rf"^(?=.*{_FAR})(?=.*{_side_word(side)})(?!.*{_EYES}).*\b(look|turn|glanc|peek|peer|rotat|fac)",
        (
            f"look over {{poss}} {side} shoulder",
            f"glance back over {{poss}} {side} shoulder",
            f"turn {{poss}} head all the way to the {side}",
            f"turn to the {side} in profile",
            f"turn {{poss}} head to look behind {{obj}} on the {side}",
        ),
        {"yaw": 38 * sign, "gaze_yaw": 12 * sign, "pitch": -3},
    )


def turn(side: str, sign: float) -> Action:
    return Action(
        f"turn_{side}",
        MOTION,
        HOLD,
        "yaw",
        0.9,
        rf"^(?=.*{_side_word(side)})(?!.*{_EYES})(?=.*\b(turn|rotat|swivel|swing|fac|pan|twist|mov|swung)"
        rf"|.*{HEAD_WORDS})"
        rf"(?!.*\b(tilt|lean|cock|rais|lift|brow|wink|blink|smil|smirk|mouth|cheek|ear\b|sneer|tip))",
        (
            f"turn {{poss}} head to the {side}",
            f"turn {{poss}} face to the {side}",
            f"turn {side}",
            f"turn to the {side}",
            f"rotate {{poss}} head to the {side}",
            f"turn {{poss}} head {side}",
            f"swivel {{poss}} head {side}",
            f"swing {{poss}} head to {{poss}} {side}",
            f"face {side}",
            f"turn {{poss}} head towards the {side}",
            f"turn toward {{poss}} {side}",
            f"move {{poss}} head to the {side}",
            f"twist {{poss}} neck to the {side}",
            f"pan {{poss}} head to the {side} side",
            f"=head turned to the {side}",
            f"=a turn of the head to the {side}",
        ),
        {"yaw": 22 * sign, "gaze_yaw": 4 * sign},
    )


def gaze(side: str, sign: float) -> Action:
    return Action(
        f"gaze_{side}",
        MOTION,
        HOLD,
        "gaze",
        0.25,
        rf"^(?=.*{_side_word(side)})(?!.*\b(wink|blink|clos|shut|squint|open|brow|tilt))"
        rf"^(?=.*{_EYE_WORDS}|.*\b(glanc|side-?eye|sidelong|dart|peek))",
        (
            f"glance to the {side}",
            f"glance {side}",
            f"look {side} with {{poss}} eyes",
            f"move {{poss}} eyes to the {side}",
            f"shift {{poss}} gaze to the {side}",
            f"dart {{poss}} eyes {side}",
            f"side-eye to the {side}",
            f"look to the {side} with only {{poss}} eyes",
            f"turn {{poss}} eyes {side}",
            f"let {{poss}} gaze drift to the {side}",
            f"peek to the {side}",
            f"=eyes to the {side}",
            f"=a glance to the {side}",
        ),
        {"gaze_yaw": 21 * sign, "yaw": 1.5 * sign},
    )


def look(side: str, sign: float) -> Action:
    return Action(
        f"look_{side}",
        MOTION,
        HOLD,
        "yaw",
        0.7,
        rf"^(?=.*{_side_word(side)}).*\b(look|star|gaz|peer|watch)",
        (
            f"look to the {side}",
            f"look {side}",
            f"look to {{poss}} {side}",
            f"look off to the {side}",
            f"gaze to the {side}",
            f"stare to the {side}",
            f"look towards the {side}",
            f"peer to the {side}",
            f"look at something on {{poss}} {side}",
            f"=a look to the {side}",
        ),
        {"yaw": 17 * sign, "gaze_yaw": 12 * sign},
    )


def tilt(side: str, sign: float) -> Action:
    return Action(
        f"tilt_{side}",
        MOTION,
        HOLD,
        "roll",
        0.8,
        rf"^(?=.*{_side_word(side)}).*\b(tilt|cock|tip|inclin|bend|ear\b)",
        (
            f"tilt {{poss}} head to the {side}",
            f"tilt {{poss}} head {side}",
            f"cock {{poss}} head to the {side}",
            f"tip {{poss}} head to the {side}",
            f"incline {{poss}} head to {{poss}} {side}",
            f"tilt to the {side}",
            f"lower {{poss}} {side} ear towards {{poss}} shoulder",
            f"tilt {{poss}} head towards {{poss}} {side} shoulder",
            f"=head tilted to the {side}",
        ),
        {"roll": 14 * sign},
    )


def lean(side: str, sign: float) -> Action:
    return Action(
        f"lean_{side}",
        MOTION,
        HOLD,
        "lean",
        1.0,
        rf"^(?=.*{_side_word(side)}).*\b(lean|sway)",
        (
            f"lean to the {side}",
            f"lean {side}",
            f"lean over to {{poss}} {side}",
            f"sway to the {side}",
            f"lean {{poss}} body to the {side}",
        ),
        {"lean_side": 7 * sign, "roll": 2 * sign},
    )
