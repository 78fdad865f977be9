"""The vocabulary of head and gaze: what MotionDM learns.

Order matters only for recognition: the first matching pattern wins, so the specific come first.
"""

from __future__ import annotations

from text2motion.corpus import sided_motion
from text2motion.corpus.actions import HOLD, MOTION, SUSTAIN, Action, mirrored
from text2motion.corpus.sided_motion import HEAD_WORDS
from text2motion.corpus.vocabulary_cycles import HEAD_CYCLES

MOTION_ACTIONS: tuple[Action, ...] = (
    *HEAD_CYCLES,
    Action(
        "tuck_chin",
        MOTION,
        HOLD,
        "pitch",
        0.7,
        r"\b(tuck|pull|draw|press)\w*\b.*\bchin\b|chin tucked",
        ("tuck {poss} chin", "tuck in {poss} chin", "pull {poss} chin in", "=chin tucked in"),
        {"pitch": -11, "gaze_pitch": 7, "lean_forward": -1.5},
    ),
    Action(
        "lift_chin",
        MOTION,
        HOLD,
        "pitch",
        0.7,
        r"\b(lift|rais|tip|tilt|stick)\w*\b.*\bchin\b(?!.*\bout\b)|chin (up|raised|lifted|high)",
        (
            "lift {poss} chin",
            "raise {poss} chin",
            "tilt {poss} chin up",
            "=chin up",
            "=with {poss} chin raised",
        ),
        {"pitch": 12, "gaze_pitch": -4},
    ),
    Action(
        "gaze_aside",
        MOTION,
        HOLD,
        "gaze",
        0.3,
        r"^(?!.*\b(left|right)\b).*(\bside-?eye|sidelong|(eyes|gaze|glanc\w*) (\w+ )?(sideways|to the"
        r" side|aside|askance)|look\w* (aside|askance|sideways))",
        (
            "glance sideways",
            "glance to the side",
            "give a side-eye",
            "give a sidelong glance",
            "look aside with {poss} eyes",
            "move {poss} eyes to the side",
            "=a sidelong look",
            "=side-eye",
        ),
        {"gaze_yaw": 22, "yaw": -3, "lids": 0.1},
        performer="either",
    ),
    Action(
        "face_forward",
        MOTION,
        HOLD,
        "center",
        0.8,
        r"^(?!.*\b(away|closer|lean\w*|recoil\w*|neutral)\b).*\b(look|turn|fac|gaz|star|return|com(?:e|es"
        r"|ing)|mov|swing|rotat|bring)\w*\b.*\b(camera|viewer|lens|forwards?|front|ahead"
        r"|straight|cent(er|re)|back\b(?! over)|audience|middle)(?!.*\b(left|right|up"
        r"|down)\b)(?!.*\b(lean|neutral))"
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
    *mirrored(sided_motion.over_shoulder),
    Action(
        "look_over_shoulder",
        MOTION,
        HOLD,
        "yaw",
        1.0,
        r"\bover\b.*\bshoulder|\bbehind (him|her|them)",
        ("look over {poss} shoulder", "glance back over {poss} shoulder", "look behind {obj}"),
        {"yaw": 36, "gaze_yaw": 12, "pitch": -3},
        performer="either",
    ),
    *mirrored(sided_motion.tilt),
    Action(
        "tilt_head",
        MOTION,
        HOLD,
        "roll",
        0.8,
        r"^(?!.*\b(back|backwards?|forwards?|up|down|left|right)\b).*\b(tilt\w*|cock(s|ed|ing)?|inclin\w*)\b",
        (
            "tilt {poss} head",
            "cock {poss} head",
            "tilt {poss} head to one side",
            "tilt {poss} head sideways",
            "incline {poss} head to the side",
            "=head tilted",
            "=with a tilt of the head",
        ),
        {"roll": 14},
        performer="either",
    ),
    *mirrored(sided_motion.lean),
    Action(
        "gaze_up",
        MOTION,
        HOLD,
        "gaze",
        0.25,
        r"^(?=.*\b(eyes?|(his|her|their|your|my|its) gaze|glanc)).*\b(up|upwards?|ceiling|sky|above"
        r"|heavenwards?)\b(?!.*\bdown\b)"
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
        r"^(?=.*\b(eyes?|(his|her|their|your|my|its) gaze|glanc)).*\b(down|downwards?|floor|ground"
        r"|downcast)\b"
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
        ),
        {"gaze_pitch": -19, "pitch": -1.5},
    ),
    *mirrored(sided_motion.gaze),
    *mirrored(sided_motion.look),
    Action(
        "lean_forward",
        MOTION,
        HOLD,
        "lean",
        1.0,
        r"\blean\w*\b.*\b(forwards?|in|closer|towards?|into)\b|\b(mov|com)\w* closer",
        ("lean forward", "lean in", "lean closer", "lean in towards the camera", "move closer to the camera"),
        {"lean_forward": 9, "pitch": 6},
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
    *mirrored(sided_motion.turn),
    Action(
        "look_up",
        MOTION,
        HOLD,
        "pitch",
        0.8,
        r"(look|star|gaz|peer|turn|fac|tilt|tip|rais|lift|throw|mov|lean)\w*\b(?!.*\b(brow|eyebrow|lip"
        r"|cheek|corner)).*"
        r"\b(up|upwards?|ceiling|sky|above|skywards?|heavens?)\b(?!.*\bdown\b)"
        rf"|\b(rais|lift)\w* (his|her|their|your|my|its|the)? ?{HEAD_WORDS}"
        r"|\b(tilt|tip|throw|lean|drop|put)\w* (his|her|their|your|my|its|the)?"
        rf" ?{HEAD_WORDS} (back|backwards?)\b"
        r"|\bhead (back|tilted back|up|raised|lifted)\b",
        (
            "look up",
            "look upwards",
            "tilt {poss} head back",
            "raise {poss} head",
            "look up at the sky",
            "look up at the ceiling",
            "tilt {poss} head up",
            "gaze upward",
            "lift {poss} head",
            "tip {poss} head backwards",
            "turn {poss} face up",
            "=head raised",
            "=looking up",
        ),
        {"pitch": 14, "gaze_pitch": 9},
    ),
    Action(
        "look_down",
        MOTION,
        HOLD,
        "pitch",
        0.8,
        r"(look|star|gaz|peer|turn|fac|tilt|tip|mov|bend|hang|let)\w*\b(?!.*\b(brow|eyebrow|lip|corner)).*"
        r"\b(down|downwards?|floor|ground|feet|lap|shoes)\b"
        rf"|\b(lower|drop|bow|hang|dip|bend)\w* (his|her|their|your|my|its|the)? ?{HEAD_WORDS}|\bhead (down"
        rf"|bowed|lowered)\b|\bbow"
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
        {"pitch": -14, "gaze_pitch": -10},
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
        "turn_head",
        MOTION,
        HOLD,
        "yaw",
        0.9,
        r"^(?!.*\b(back|up|down|left|right|away|camera|front|forwards?)\b).*\b(turn|rotat)\w* (his|her|their|your|the)"
        r" (head|face)\b|\b(turn|look)\w* (to (the|one) side)\b",
        (
            "turn {poss} head",
            "turn {poss} head to the side",
            "turn {poss} face to one side",
            "turn to the side",
            "turn to one side",
            "turn {poss} head sideways",
        ),
        {"yaw": 22, "gaze_yaw": 4},
        performer="either",
    ),
    Action(
        "look_away",
        MOTION,
        HOLD,
        "yaw",
        0.6,
        r"\b(look|turn|gaz|glanc)\w* away|avert\w* (his|her|their|your|the) face",
        ("look away", "turn away", "avert {poss} face", "glance away from the camera", "=looking away"),
        {"yaw": 16, "gaze_yaw": 14, "pitch": -3},
        performer="either",
    ),
)
