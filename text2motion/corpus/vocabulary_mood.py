"""The vocabulary of emotions and moods: the second half of what EmotionDM learns.

A mood is a whole face, and it colours the head a little as well (``posture``, which MotionDM learns):
sadness sinks, pride lifts. Its phrases are made from adjectives, nouns and adverbs by ``mood_phrases``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from text2motion.corpus.actions import EMOTION, HOLD, Action

_LOOKS = (
    "look {a}",
    "appear {a}",
    "feel {a}",
    "seem {a}",
    "become {a}",
    "get {a}",
    "=with a {a} expression",
    "=a {a} face",
    "put on a {a} expression",
    "make a {a} face",
    "=in a {a} mood",
    "={a}",
    "be {a}",
    "turn {a}",
    "grow {a}",
)
_NOUNS = (
    "=full of {n}",
    "=with {n}",
    "show {n}",
    "express {n}",
    "=a look of {n}",
    "react with {n}",
    "=in {n}",
)


@dataclass(frozen=True)
class Mood:
    """Words and face of one mood. ``posture`` is in POSE_CONTROLS degrees, ``face`` in rig weights."""

    name: str
    adjectives: tuple[str, ...]
    adverbs: tuple[str, ...]
    nouns: tuple[str, ...]
    face: dict[str, float]
    posture: dict[str, float] = field(default_factory=dict)
    stems: str = ""
    verbs: tuple[str, ...] = ()


MOODS: tuple[Mood, ...] = (
    Mood(
        "happy",
        ("happy", "joyful", "cheerful", "delighted", "pleased", "glad"),
        ("happily", "cheerfully", "joyfully", "merrily", "gladly"),
        ("joy", "happiness", "delight"),
        {
            "mouthSmile": 0.85,
            "cheekSquint": 0.55,
            "eyeSquint": 0.2,
            "mouthUpperUp": 0.15,
            "browOuterUp": 0.12,
        },
        {"pitch": 1.5},
        r"\bhapp(y|ily|iness|ier)|\bjoy|cheer|delight|\bpleased|\bglad|merr(y|ily)|rejoic",
        ("rejoice",),
    ),
    Mood(
        "excited",
        ("excited", "thrilled", "enthusiastic", "ecstatic", "overjoyed", "energetic"),
        ("excitedly", "enthusiastically", "eagerly"),
        ("excitement", "enthusiasm"),
        {
            "mouthSmile": 0.95,
            "cheekSquint": 0.4,
            "eyeWide": 0.5,
            "browInnerUp": 0.4,
            "browOuterUp": 0.55,
            "jaw": 0.22,
            "mouthUpperUp": 0.25,
        },
        {"pitch": 3, "lean_forward": 2},
        r"\bexcit|thrilled|enthusias|ecstatic|overjoyed|energetic|eager",
    ),
    Mood(
        "sad",
        ("sad", "unhappy", "sorrowful", "depressed", "gloomy", "heartbroken", "melancholic", "upset"),
        ("sadly", "unhappily", "sorrowfully", "gloomily"),
        ("sadness", "sorrow", "grief"),
        {"mouthFrown": 0.75, "browInnerUp": 0.8, "mouthShrugLower": 0.3, "eyeSquint": 0.2, "lids": 0.2},
        {"pitch": -5, "gaze_pitch": -6},
        r"\bsad(ly|ness|der)?\b|unhapp|sorrow|depress|gloom|heartbr|melanchol|\bupset|\bgrie(f|v)|miserab"
        r"|\bcry|\bcries|\bweep|tearful",
        ("cry", "weep", "grieve"),
    ),
    Mood(
        "angry",
        ("angry", "furious", "mad", "annoyed", "irritated", "enraged", "outraged", "cross"),
        ("angrily", "furiously", "irritably", "crossly"),
        ("anger", "rage", "fury"),
        {
            "browDown": 1.0,
            "eyeSquint": 0.4,
            "noseSneer": 0.45,
            "mouthPress": 0.5,
            "mouthFrown": 0.4,
            "jawForward": 0.2,
        },
        {"pitch": -3, "lean_forward": 1.5},
        r"\bang(er|r)|furious|\bfury\b|\bmad\b|annoy|irrita|\brage|enraged|outrage|\bcross(ly)?\b"
        r"|\bglar(e|es|ing)\b|hostile",
        ("glare",),
    ),
    Mood(
        "surprised",
        ("surprised", "astonished", "amazed", "shocked", "startled", "stunned"),
        ("in surprise", "with surprise", "in shock"),
        ("surprise", "astonishment", "amazement", "shock"),
        {"browInnerUp": 0.85, "browOuterUp": 0.9, "eyeWide": 0.8, "jaw": 0.42, "mouthFunnel": 0.15},
        {"pitch": 2.5, "lean_forward": -1.5},
        r"surpris|astonish|amaze|shock|startl|stunned|\bwow",
    ),
    Mood(
        "afraid",
        ("afraid", "scared", "fearful", "frightened", "terrified", "nervous", "anxious", "worried"),
        ("fearfully", "nervously", "anxiously", "worriedly"),
        ("fear", "terror", "anxiety"),
        {
            "browInnerUp": 0.95,
            "browOuterUp": 0.3,
            "browDown": 0.3,
            "eyeWide": 0.75,
            "mouthStretch": 0.6,
            "jaw": 0.15,
            "mouthFrown": 0.2,
        },
        {"lean_forward": -3, "pitch": -1},
        r"afraid|scare|\bfear|fright|terrif|terror|nervous|anxi|worr(y|ied)|panic",
    ),
    Mood(
        "disgusted",
        ("disgusted", "revolted", "repulsed", "grossed out", "nauseated"),
        ("disgustedly", "in disgust"),
        ("disgust", "revulsion"),
        {
            "noseSneer": 0.95,
            "mouthUpperUp": 0.6,
            "browDown": 0.55,
            "eyeSquint": 0.45,
            "mouthFrown": 0.45,
            "mouthShrugLower": 0.25,
        },
        {"pitch": 2, "lean_forward": -2, "yaw": 0},
        r"disgust|revolt|revuls|repuls|grossed|nause|\bgross\b",
    ),
    Mood(
        "contemptuous",
        ("contemptuous", "scornful", "disdainful", "smug"),
        ("contemptuously", "scornfully", "smugly"),
        ("contempt", "scorn", "disdain"),
        {
            "mouthSmileLeft": 0.5,
            "mouthDimpleLeft": 0.6,
            "eyeSquint": 0.25,
            "browOuterUpRight": 0.3,
            "lids": 0.12,
        },
        {"pitch": 4},
        r"contempt|scorn|disdain|\bsmug",
    ),
    Mood(
        "bored",
        ("bored", "uninterested", "unimpressed", "indifferent"),
        ("boredly", "indifferently"),
        ("boredom",),
        {"lids": 0.38, "mouthFrown": 0.25, "mouthPress": 0.2, "browDown": 0.1},
        {"pitch": -2, "roll": 3},
        r"\bbored|uninterest|unimpress|indifferen|boredom",
    ),
    Mood(
        "tired",
        ("tired", "sleepy", "exhausted", "drowsy", "weary"),
        ("tiredly", "sleepily", "wearily"),
        ("fatigue", "exhaustion"),
        {"lids": 0.5, "mouthFrown": 0.15, "browInnerUp": 0.25, "jaw": 0.05},
        {"pitch": -5, "roll": 2},
        r"\btired|sleepy|sleepily|exhaust|drows|\bwear(y|ily)|fatigue",
    ),
    Mood(
        "confused",
        ("confused", "puzzled", "perplexed", "bewildered"),
        ("confusedly", "in confusion"),
        ("confusion", "bewilderment"),
        {
            "browDownLeft": 0.6,
            "browOuterUpRight": 0.55,
            "browInnerUp": 0.35,
            "eyeSquintLeft": 0.3,
            "mouthPress": 0.25,
            "mouthShrugLower": 0.2,
        },
        {"roll": 6},
        r"confus|puzzl|perplex|bewilder",
    ),
    Mood(
        "sceptical",
        ("skeptical", "sceptical", "doubtful", "suspicious", "dubious"),
        ("skeptically", "suspiciously", "doubtfully"),
        ("doubt", "suspicion", "skepticism"),
        {
            "browOuterUpLeft": 0.7,
            "browDownRight": 0.6,
            "eyeSquint": 0.45,
            "mouthPress": 0.35,
            "mouthLeft": 0.15,
        },
        {"roll": -3, "pitch": 1.5},
        r"s[ck]eptic|doubt|suspici|dubious",
    ),
    Mood(
        "proud",
        ("proud", "confident", "triumphant"),
        ("proudly", "confidently", "triumphantly"),
        ("pride", "confidence"),
        {"mouthSmile": 0.45, "mouthPress": 0.25, "browOuterUp": 0.15, "lids": 0.1},
        {"pitch": 6},
        r"\bproud|\bpride|confiden|triumph",
    ),
    Mood(
        "shy",
        ("shy", "bashful", "embarrassed", "timid"),
        ("shyly", "bashfully", "timidly"),
        ("shyness", "embarrassment"),
        {"mouthSmile": 0.4, "mouthPress": 0.3, "mouthRollLower": 0.25, "browInnerUp": 0.4},
        {"pitch": -6, "gaze_pitch": -8, "roll": 4},
        r"\bshy|bashful|embarras|timid",
    ),
    Mood(
        "thoughtful",
        ("thoughtful", "pensive", "contemplative", "curious"),
        ("thoughtfully", "pensively", "curiously"),
        ("thought", "curiosity"),
        {"browDown": 0.3, "browInnerUp": 0.2, "mouthPress": 0.35, "mouthLeft": 0.2, "eyeSquint": 0.2},
        {"gaze_pitch": 8, "gaze_yaw": 8, "roll": 3},
        r"thought|pensive|contemplat|\bthink|ponder|curio",
        ("think", "ponder"),
    ),
    Mood(
        "in_pain",
        ("pained", "hurt", "agonized"),
        ("painfully", "in pain"),
        ("pain", "agony"),
        {
            "eyeSquint": 0.9,
            "lids": 0.55,
            "browDown": 0.7,
            "browInnerUp": 0.45,
            "mouthStretch": 0.6,
            "mouthUpperUp": 0.4,
            "noseSneer": 0.4,
            "jaw": 0.12,
        },
        {"pitch": -3},
        r"\bpain|\bhurt|agon(y|iz)|\bwinc",
        ("wince",),
    ),
    Mood(
        "calm",
        ("calm", "relaxed", "serene", "peaceful", "content"),
        ("calmly", "serenely", "peacefully"),
        ("calm", "serenity"),
        {"mouthSmile": 0.14, "lids": 0.08},
        {},
        r"\bcalm|\bserene|peaceful|\bcontent(ed)?\b|\brelaxed\b|serenity",
    ),
    Mood(
        "neutral",
        ("neutral", "expressionless", "blank", "emotionless", "impassive"),
        ("neutrally", "blankly"),
        (),
        {},
        {},
        r"neutral|(\bno|without) emotion|expressionless|\bblank|emotionless|impassive|straight face"
        r"|\brelax(es|ing)?\b|poker face|serious|stop\w* smiling",
        (
            "relax {poss} face",
            "show no emotion",
            "=without emotion",
            "return to neutral",
            "go back to a neutral expression",
        ),
    ),
)


def mood_phrases(mood: Mood) -> tuple[str, ...]:
    """All phrases of a mood in the vocabulary's notation (``=`` marks one that is not a verb phrase)."""
    phrases = [template.format(a=adjective) for adjective in mood.adjectives for template in _LOOKS]
    phrases += [template.format(n=noun) for noun in mood.nouns for template in _NOUNS]
    phrases += ["=" + adverb for adverb in mood.adverbs for _ in range(3)]
    return tuple(phrases) + mood.verbs * 2


MOOD_ACTIONS: tuple[Action, ...] = tuple(
    Action(
        mood.name,
        EMOTION,
        HOLD,
        "mood",
        0.7,
        mood.stems,
        mood_phrases(mood),
        {**mood.face, **mood.posture},
        channels=("mouth", "brows", "jaw") + (("lids",) if mood.name == "neutral" else ()),
    )
    for mood in MOODS
)
