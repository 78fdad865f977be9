"""The vocabulary of head and gaze: what MotionDM learns.

Amplitudes are those of ordinary speech: "turns to the left" is 22 degrees, not a profile. Order matters only for
recognition: the first matching pattern wins, so the specific come first.
"""

from __future__ import annotations

from text2motion.corpus.actions import CYCLE, HOLD, MOTION, SUSTAIN, Action, mirrored

_HEAD = r"(head|face|chin|nose|neck)"
_EYES = r"(eyes?|gaze|pupils|irises)"
_EYE_WORDS = r"\b(eyes?|(his|her|their|your|my|its) gaze|pupils|irises)\b"
_FAR = r"(over (his|her|their|the|your|its|my)?\s*(left|right)?\s*shoulder|profile|all the way|behind)"


def _side_word(side: str) -> str:
    return rf"\b{side}(wards?)?\b"


def _over_shoulder(side: str, sign: float) -> Action:
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


def _turn(side: str, sign: float) -> Action:
    return Action(
        f"turn_{side}",
        MOTION,
        HOLD,
        "yaw",
        0.9,
        rf"^(?=.*{_side_word(side)})(?!.*{_EYES})(?=.*\b(turn|rotat|swivel|swing|fac|pan|twist|mov|swung)|.*{_HEAD})"
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


def _gaze(side: str, sign: float) -> Action:
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


def _look(side: str, sign: float) -> Action:
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


def _tilt(side: str, sign: float) -> Action:
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


def _lean(side: str, sign: float) -> Action:
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


MOTION_ACTIONS: tuple[Action, ...] = (
    Action(
        "shake",
        MOTION,
        CYCLE,
        "headcycle",
        0.62,
        r"\bsh(ak|ook)(e|es|ing)?\b(?!.*\bhands?\b)|head-?shak|\b(says?|saying|signal|gestur\w*) no\b"
        r"|from side to side|side-to-side",
        (
            "shake {poss} head",
            "shake {poss} head no",
            "shake {poss} head in disagreement",
            "say no with {poss} head",
            "shake {poss} head from side to side",
            "move {poss} head from side to side",
            "shake {poss} head in disbelief",
            "=shaking head",
            "=a shake of the head",
        ),
        {"yaw": 11},
        performer="shake",
        counts=(2, 3),
    ),
    Action(
        "nod",
        MOTION,
        CYCLE,
        "headcycle",
        0.58,
        r"\bnod|\b(says?|saying|signal|gestur\w*) yes\b|up and down with (his|her|their) head|head (\w+ )?up[- ]and[- ]down"
        r"|\bagree(s|ing|ment)?\b",
        (
            "nod",
            "nod {poss} head",
            "nod in agreement",
            "say yes with {poss} head",
            "nod {poss} head up and down",
            "nod approvingly",
            "nod along",
            "give a nod",
            "move {poss} head up and down",
            "=a nod",
            "=head nodding",
        ),
        {"pitch": -10},
        performer="nod",
        counts=(2, 3),
    ),
    Action(
        "circle",
        MOTION,
        CYCLE,
        "headcycle",
        2.0,
        r"(roll|circl|rotat)\w*.*\b(head|neck)\b(?!.*\b(left|right)\b)|\bhead (in a )?circl|circles? with .*head",
        (
            "roll {poss} head",
            "circle {poss} head",
            "move {poss} head in a circle",
            "roll {poss} neck around",
            "draw a circle with {poss} head",
        ),
        {"pitch": 9, "roll": 9},
        performer="circle",
        counts=(1,),
    ),
    Action(
        "roll_eyes",
        MOTION,
        CYCLE,
        "gaze",
        1.1,
        r"\broll\w*.*\beyes?\b|\beye[- ]?roll",
        (
            "roll {poss} eyes",
            "roll {poss} eyes in annoyance",
            "give an eye roll",
            "=rolling eyes",
            "=an eye roll",
        ),
        {"gaze_pitch": 19, "gaze_yaw": 15, "pitch": 3},
        performer="roll_eyes",
        counts=(1,),
    ),
    Action(
        "face_forward",
        MOTION,
        HOLD,
        "center",
        0.8,
        r"^(?!.*\b(away|closer|lean\w*|recoil\w*|neutral)\b).*\b(look|turn|fac|gaz|star|return|com(?:e|es|ing)|mov|swing|rotat|bring)\w*\b.*\b(camera|viewer|lens|forwards?|front|ahead"
        r"|straight|cent(er|re)|back\b(?! over)|audience|middle)(?!.*\b(left|right|up|down)\b)(?!.*\b(lean|neutral))"
        r"(?!.*\b(tilt|tip|head back))",
        (
            "look at the camera",
            "look straight ahead",
            "face forward",
            "turn back to the camera",
            "look into the lens",
            "return {poss} head to the center",
            "look back at the viewer",
            "turn {poss} head back to the front",
            "bring {poss} head back to the middle",
            "face the camera",
            "=facing the camera",
        ),
        {},
        channels=("yaw", "pitch", "roll", "gaze", "lean"),
    ),
    *mirrored(_over_shoulder),
    Action(
        "look_over_shoulder",
        MOTION,
        HOLD,
        "yaw",
        1.0,
        r"\bover\b.*\bshoulder|\bbehind (him|her|them)",
        ("look over {poss} shoulder", "glance back over {poss} shoulder", "look behind {obj}"),
        {"yaw": 36, "gaze_yaw": 12, "pitch": -3},
        performer="either_side",
    ),
    *mirrored(_tilt),
    *mirrored(_lean),
    Action(
        "gaze_up",
        MOTION,
        HOLD,
        "gaze",
        0.25,
        r"^(?=.*\b(eyes?|(his|her|their|your|my|its) gaze|glanc)).*\b(up|upwards?|ceiling|sky|above|heavenwards?)\b(?!.*\bdown\b)"
        r"|\b(rais|lift)\w* (his|her|their|your|my|its|the) (eyes|gaze)\b",
        (
            "glance up",
            "look up with {poss} eyes",
            "raise {poss} eyes",
            "lift {poss} gaze",
            "roll {poss} gaze upwards",
            "move {poss} eyes up",
            "cast {poss} eyes upward",
            "=eyes up",
            "glance upward",
        ),
        {"gaze_pitch": 17, "pitch": 1.5},
    ),
    Action(
        "gaze_down",
        MOTION,
        HOLD,
        "gaze",
        0.3,
        r"^(?=.*\b(eyes?|(his|her|their|your|my|its) gaze|glanc)).*\b(down|downwards?|floor|ground|downcast)\b"
        r"|\b(lower|drop|avert)\w* (his|her|their|your|my|its|the) (eyes|gaze)\b|downcast",
        (
            "glance down",
            "look down with {poss} eyes",
            "lower {poss} eyes",
            "drop {poss} gaze",
            "cast {poss} eyes downward",
            "move {poss} eyes down",
            "lower {poss} gaze to the floor",
            "=eyes downcast",
            "avert {poss} gaze",
        ),
        {"gaze_pitch": -19, "pitch": -1.5},
    ),
    *mirrored(_gaze),
    *mirrored(_look),
    Action(
        "lean_forward",
        MOTION,
        HOLD,
        "lean",
        1.0,
        r"\blean\w*\b.*\b(forwards?|in|closer|towards?|into)\b|\b(mov|com)\w* closer",
        ("lean forward", "lean in", "lean closer", "lean in towards the camera", "move closer to the camera"),
        {"lean_forward": 9, "pitch": 4},
    ),
    Action(
        "lean_back",
        MOTION,
        HOLD,
        "lean",
        1.0,
        r"\blean\w*\b.*\b(back|backwards?|away)\b|\b(pull|draw|recoil|mov)\w* (back|away)\b|\brecoil",
        ("lean back", "lean backwards", "lean away", "pull back", "draw back from the camera", "recoil"),
        {"lean_forward": -8, "pitch": -2},
    ),
    *mirrored(_turn),
    Action(
        "look_up",
        MOTION,
        HOLD,
        "pitch",
        0.8,
        r"(look|star|gaz|peer|turn|fac|tilt|tip|rais|lift|throw|mov|lean)\w*\b(?!.*\b(brow|eyebrow|lip|cheek|corner)).*"
        r"\b(up|upwards?|ceiling|sky|above|skywards?|heavens?)\b(?!.*\bdown\b)"
        rf"|\b(rais|lift)\w* (his|her|their|your|my|its|the)? ?{_HEAD}"
        rf"|\b(tilt|tip|throw|lean|drop|put)\w* (his|her|their|your|my|its|the)? ?{_HEAD} (back|backwards?)\b"
        r"|\bhead (back|tilted back|up|raised|lifted)\b|chin up",
        (
            "look up",
            "look upwards",
            "tilt {poss} head back",
            "raise {poss} head",
            "lift {poss} chin",
            "look up at the sky",
            "look up at the ceiling",
            "tilt {poss} head up",
            "gaze upward",
            "lift {poss} head",
            "raise {poss} chin",
            "tip {poss} head backwards",
            "turn {poss} face up",
            "=head raised",
            "=looking up",
        ),
        {"pitch": 13, "gaze_pitch": 9},
    ),
    Action(
        "look_down",
        MOTION,
        HOLD,
        "pitch",
        0.8,
        r"(look|star|gaz|peer|turn|fac|tilt|tip|mov|bend|hang|let)\w*\b(?!.*\b(brow|eyebrow|lip|corner)).*"
        r"\b(down|downwards?|floor|ground|feet|lap|shoes)\b"
        rf"|\b(lower|drop|bow|hang|dip|bend)\w* (his|her|their|your|my|its|the)? ?{_HEAD}|\bhead (down|bowed|lowered)\b|\bbow"
        r"|chin down",
        (
            "look down",
            "look downwards",
            "lower {poss} head",
            "bow {poss} head",
            "drop {poss} chin",
            "look down at the floor",
            "hang {poss} head",
            "tilt {poss} head down",
            "gaze downward",
            "lower {poss} chin",
            "look down at {poss} feet",
            "tilt {poss} head forward and down",
            "=head bowed",
            "=looking down",
        ),
        {"pitch": -13, "gaze_pitch": -10},
    ),
    Action(
        "look_around",
        MOTION,
        SUSTAIN,
        "yaw",
        2.4,
        r"\blook\w* (around|about|everywhere)|\bscan|survey\w*|search\w*",
        (
            "look around",
            "look about",
            "scan the room",
            "survey the surroundings",
            "look around the room",
            "=looking around",
        ),
        {"yaw": 17, "gaze_yaw": 12},
        performer="look_around",
        channels=("gaze",),
    ),
    Action(
        "look_away",
        MOTION,
        HOLD,
        "yaw",
        0.6,
        r"\b(look|turn|gaz|glanc)\w* away|avert\w* (his|her|their) face",
        ("look away", "turn away", "avert {poss} face", "glance away from the camera", "=looking away"),
        {"yaw": 16, "gaze_yaw": 14, "pitch": -3},
        performer="either_side",
    ),
)
