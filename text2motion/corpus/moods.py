"""What a mood is, and the moods themselves: the basic emotions here, the finer ones in ``moods_finer``.

A mood is a whole bearing: a face (which EmotionDM learns) and what head and gaze do with it (which MotionDM
learns from the very same clause: sadness sinks, pride lifts the chin, thought looks up and aside). Faces follow
the action units of Ekman & Friesen's FACS investigator's guide, in the rig's names.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mood:
    """Words and bearing of one mood.

    ``posture`` is in POSE_CONTROLS degrees, ``face`` in rig weights, both at medium strength. ``seconds`` is how
    fast it comes (fright jumps, sadness creeps), ``performer`` what it does while it lasts.
    """

    name: str
    adjectives: tuple[str, ...]
    adverbs: tuple[str, ...]
    nouns: tuple[str, ...]
    face: dict[str, float]
    posture: dict[str, float] = field(default_factory=dict)
    stems: str = ""
    verbs: tuple[str, ...] = ()
    seconds: float = 0.7
    performer: str = ""


BASIC_MOODS: tuple[Mood, ...] = (
    Mood(
        "happy",
        ("happy", "joyful", "cheerful", "delighted", "pleased", "glad"),
        ("happily", "cheerfully", "joyfully", "merrily", "gladly"),
        ("joy", "happiness", "delight"),
        {
            "mouthSmile": 0.82,
            "cheekSquint": 0.6,
            "eyeSquint": 0.22,
            "mouthUpperUp": 0.15,
            "browOuterUp": 0.14,
            "mouthDimple": 0.1,
        },
        {"pitch": 2.5, "roll": 1.5},
        r"\bhapp(y|ily|iness|ier)|\bjoy|cheer|delight|\bpleased|\bglad|merr(y|ily)|rejoic",
        ("rejoice",),
    ),
    Mood(
        "sad",
        ("sad", "unhappy", "sorrowful", "depressed", "gloomy", "heartbroken", "melancholic", "upset"),
        ("sadly", "unhappily", "sorrowfully", "gloomily"),
        ("sadness", "sorrow", "grief"),
        {
            "mouthFrown": 0.75,
            "browInnerUp": 0.9,
            "mouthShrugLower": 0.32,
            "eyeSquint": 0.15,
            "lids": 0.25,
            "browDown": 0.1,
        },
        {"pitch": -6, "gaze_pitch": -7, "roll": 2},
        r"\bsad(ly|ness|der)?\b|unhapp|sorrow|depress|gloom|heartbr|melanchol|\bupset|\bgrie(f|v)|miserab"
        r"|tearful",
        ("grieve",),
        1.1,
    ),
    Mood(
        "angry",
        ("angry", "furious", "mad", "enraged", "outraged", "livid"),
        ("angrily", "furiously"),
        ("anger", "rage", "fury"),
        {
            "browDown": 1.0,
            "eyeSquint": 0.3,
            "eyeWide": 0.15,
            "noseSneer": 0.45,
            "mouthPress": 0.6,
            "mouthFrown": 0.4,
            "jawForward": 0.25,
            "nostrilFlare": 0.5,
            "neckTense": 0.2,
        },
        {"pitch": -4, "gaze_pitch": 3, "lean_forward": 2.5},
        r"\bang(er|r)|furious|\bfury\b|\bmad\b|\brage|enraged|outrage|\blivid"
        r"|\bglar(e|es|ing)\b|hostile",
        ("glare",),
        0.55,
    ),
    Mood(
        "surprised",
        ("surprised", "astonished", "amazed", "shocked", "startled", "stunned"),
        ("in surprise", "with surprise", "in shock"),
        ("surprise", "astonishment", "amazement", "shock"),
        {"browInnerUp": 0.9, "browOuterUp": 0.95, "eyeWide": 0.85, "jaw": 0.42, "mouthFunnel": 0.1},
        {"pitch": 3, "lean_forward": -2.5},
        r"surpris|astonish|amaze|shock|startl|stunned|\bwow",
        (),
        0.35,
    ),
    Mood(
        "afraid",
        ("afraid", "scared", "fearful", "frightened", "terrified", "horrified"),
        ("fearfully", "in terror", "in horror"),
        ("fear", "terror", "horror"),
        {
            "browInnerUp": 1.0,
            "browOuterUp": 0.5,
            "browDown": 0.2,
            "eyeWide": 0.9,
            "mouthStretch": 0.45,
            "jaw": 0.2,
            "mouthFrown": 0.5,
            "neckTense": 0.35,
        },
        {"lean_forward": -4, "pitch": -1.5},
        r"afraid|scare|\bfear|fright|terrif|terror|panic|horrif|\bhorror",
        (),
        0.4,
        "restless",
    ),
    Mood(
        "disgusted",
        ("disgusted", "revolted", "repulsed", "grossed out", "nauseated"),
        ("disgustedly", "in disgust"),
        ("disgust", "revulsion"),
        {
            "noseSneer": 1.0,
            "mouthUpperUp": 0.65,
            "browDown": 0.6,
            "eyeSquint": 0.5,
            "mouthFrown": 0.5,
            "mouthShrugLower": 0.3,
            "cheekSquint": 0.3,
        },
        {"pitch": 3, "lean_forward": -3, "yaw": -5, "gaze_yaw": 3},
        r"disgust|revolt|revuls|repuls|grossed|nause|\bgross\b",
        (),
        0.6,
    ),
    Mood(
        "contemptuous",
        ("contemptuous", "scornful", "disdainful", "condescending"),
        ("contemptuously", "scornfully", "disdainfully"),
        ("contempt", "scorn", "disdain"),
        {
            "mouthSmileLeft": 0.6,
            "mouthDimpleLeft": 0.8,
            "mouthUpperUpLeft": 0.2,
            "cheekSquintLeft": 0.25,
            "eyeSquint": 0.25,
            "browOuterUpRight": 0.35,
            "browDownLeft": 0.15,
            "lids": 0.18,
        },
        {"pitch": 6, "gaze_pitch": -5, "roll": -3},
        r"contempt|scorn|disdain|condescend",
    ),
    Mood(
        "excited",
        ("excited", "thrilled", "enthusiastic", "ecstatic", "overjoyed", "energetic"),
        ("excitedly", "enthusiastically", "eagerly"),
        ("excitement", "enthusiasm"),
        {
            "mouthSmile": 0.95,
            "cheekSquint": 0.4,
            "eyeWide": 0.55,
            "browInnerUp": 0.45,
            "browOuterUp": 0.65,
            "jaw": 0.2,
            "mouthUpperUp": 0.25,
        },
        {"pitch": 3, "lean_forward": 2.5},
        r"\bexcit|thrilled|enthusias|ecstatic|overjoyed|energetic|eager|elat",
        (),
        0.5,
        "bouncing",
    ),
    Mood(
        "bored",
        ("bored", "uninterested", "unimpressed", "indifferent"),
        ("boredly", "indifferently"),
        ("boredom",),
        {"lids": 0.42, "mouthFrown": 0.3, "mouthPress": 0.2, "browDown": 0.1, "mouthLeft": 0.12},
        {"pitch": -2, "roll": 6, "gaze_yaw": -8, "gaze_pitch": -3},
        r"\bbored|uninterest|unimpress|indifferen|boredom",
        (),
        1.2,
    ),
    Mood(
        "tired",
        ("tired", "exhausted", "weary", "worn out", "fatigued"),
        ("tiredly", "wearily"),
        ("fatigue", "exhaustion"),
        {
            "lids": 0.42,
            "mouthFrown": 0.3,
            "browInnerUp": 0.35,
            "jaw": 0.04,
            "mouthShrugLower": 0.1,
        },
        {"pitch": -6, "gaze_pitch": -4, "roll": 3},
        r"\btired|exhaust|\bwear(y|ily)|fatigue|worn[- ]out",
        (),
        1.2,
        "drooping",
    ),
    Mood(
        "sleepy",
        ("sleepy", "drowsy", "dozy"),
        ("sleepily", "drowsily"),
        ("sleepiness", "drowsiness"),
        {"lids": 0.5, "browInnerUp": 0.3, "browOuterUp": 0.2, "jaw": 0.06},
        {"pitch": -7, "gaze_pitch": -4, "roll": 4},
        r"sleepy|sleepi|drows|\bdozy|half[- ]asleep|dozing|\bdozes?\b",
        ("doze",),
        1.3,
        "drooping",
    ),
    Mood(
        "in_pain",
        ("pained", "hurt", "agonized"),
        ("painfully", "in pain"),
        ("pain", "agony"),
        {
            "eyeSquint": 0.9,
            "lids": 0.6,
            "browDown": 0.75,
            "browInnerUp": 0.45,
            "mouthStretch": 0.45,
            "mouthFrown": 0.25,
            "mouthUpperUp": 0.45,
            "mouthLowerDown": 0.25,
            "noseSneer": 0.45,
            "cheekSquint": 0.5,
            "jaw": 0.1,
        },
        {"pitch": -4, "roll": -4, "yaw": -4},
        r"\bpain|\bhurt|agon(y|iz)|\bwinc|suffer",
        ("wince",),
        0.4,
    ),
    Mood(
        "calm",
        ("calm", "relaxed", "serene", "peaceful", "content"),
        ("calmly", "serenely", "peacefully"),
        ("calm", "serenity"),
        {"mouthSmile": 0.2, "lids": 0.14},
        {"pitch": 0.5},
        r"\bcalm|\bserene|peaceful|\bcontent(ed)?\b|\brelaxed\b|serenity|tranquil",
        (),
        1.0,
    ),
    Mood(
        "neutral",
        ("neutral", "expressionless", "blank", "emotionless", "impassive"),
        ("neutrally", "blankly"),
        (),
        {},
        {},
        r"neutral|(\bno|without) emotion|expressionless|\bblank|emotionless|impassive|straight face"
        r"|\brelax(es|ing)?\b|poker face|stop\w* smiling",
        (
            "relax {poss} face",
            "show no emotion",
            "=without emotion",
            "return to neutral",
            "go back to a neutral expression",
        ),
    ),
)
