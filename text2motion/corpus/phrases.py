"""Words for actions: inflection, adverbs, counts, subjects. Every caption of the corpus is made here.

Part of the grammar is held out: some phrases of every action, some adverbs and some sentence forms are never drawn
unless ``heldout`` asks for them, so that an evaluation can use wordings no training has seen.
"""

from __future__ import annotations

import re

import numpy as np

from text2motion.corpus.actions import Action

SUBJECTS = ("she", "he", "they", "the woman", "the man", "a woman", "a man", "a person", "the girl",
    "the actor", "someone", "the character")  # fmt: skip
SLOW = (
    "slowly",
    "gradually",
    "very slowly",
    "in slow motion",
    "leisurely",
    "unhurriedly",
    "lazily",
    "bit by bit",
)
FAST = (
    "quickly",
    "rapidly",
    "suddenly",
    "abruptly",
    "swiftly",
    "fast",
    "very quickly",
    "all of a sudden",
    "briskly",
)
SMALL = ("slightly", "a little", "a bit", "subtly", "gently", "faintly", "barely", "just a little", "very slightly",
    "a tiny bit")  # fmt: skip
LARGE = ("very much", "a lot", "strongly", "deeply", "widely", "extremely", "broadly", "fully", "far", "really hard",
    "dramatically", "intensely", "in an exaggerated way")  # fmt: skip
HELDOUT_SLOW = ("languidly", "at a leisurely pace", "little by little")
HELDOUT_FAST = ("hastily", "in a flash", "hurriedly", "in an instant")
HELDOUT_SMALL = ("ever so slightly", "a tad", "hardly", "a touch")
HELDOUT_LARGE = ("enormously", "as much as possible", "hugely", "completely")
COUNTS = {
    1: ("once", "one time", "just once"),
    2: ("twice", "two times", "2 times", "a couple of times"),
    3: ("three times", "thrice", "3 times"),
    4: ("four times", "4 times"),
    5: ("five times", "5 times"),
    6: ("six times", "6 times"),
}
#: Adverbs that may stand before the verb.
LEADING = frozenset(
    "slowly gradually quickly rapidly suddenly abruptly swiftly slightly subtly gently faintly barely fully strongly"
    " deeply unhurriedly lazily briskly languidly hastily hurriedly dramatically intensely completely hugely hardly"
    .split() + ["very slowly", "very quickly", "very slightly", "ever so slightly"]
)  # fmt: skip
_ADJECTIVES = {
    ("speed", -1): ("slow", "very slow", "gradual", "unhurried"),
    ("speed", 1): ("quick", "fast", "sudden", "rapid", "brisk"),
    ("size", -1): ("slight", "small", "faint", "subtle", "tiny", "little"),
    ("size", 1): ("big", "deep", "strong", "huge", "dramatic"),
}
#: How strong a mood is, said before its adjective.
_MOOD_SIZES = {
    -1: ("slightly", "a little", "a bit", "somewhat", "mildly", "vaguely", "kind of"),
    1: ("very", "extremely", "really", "so", "absolutely", "incredibly", "deeply", "terribly"),
}
_HELDOUT_MOOD_SIZES = {-1: ("ever so slightly", "faintly", "a tad"), 1: ("utterly", "immensely", "totally")}
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_STARTS = ("start to {}", "begin to {}")
_IRREGULAR_THIRD = {"have": "has", "be": "is", "do": "does", "go": "goes"}
_IRREGULAR_GERUND = {
    "be": "being", "lean": "leaning", "nod": "nodding", "get": "getting", "grin": "grinning", "let": "letting",
    "put": "putting", "swivel": "swivelling", "drop": "dropping", "dip": "dipping", "tip": "tipping",
    "shut": "shutting", "chat": "chatting", "knit": "knitting", "tap": "tapping", "pan": "panning",
    "flash": "flashing", "wink": "winking", "grip": "gripping", "cut": "cutting", "scan": "scanning",
    "arch": "arching", "begin": "beginning", "bob": "bobbing", "sob": "sobbing", "jut": "jutting", "grit": "gritting",
    "run": "running", "hum": "humming", "stun": "stunning", "sit": "sitting", "slip": "slipping", "snap": "snapping",
    "pop": "popping", "sag": "sagging", "shrug": "shrugging", "whip": "whipping", "flip": "flipping",
    "die": "dying", "lie": "lying", "purse": "pursing", "bat": "batting", "rub": "rubbing", "win": "winning",
}  # fmt: skip
_HELDOUT_EVERY = 6  # of an action's phrases, counted from the end


def third_person(verb: str) -> str:
    """turn -> turns, blush -> blushes, cry -> cries."""
    if verb in _IRREGULAR_THIRD:
        return _IRREGULAR_THIRD[verb]
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def gerund(verb: str) -> str:
    """turn -> turning, close -> closing, nod -> nodding."""
    if verb in _IRREGULAR_GERUND:
        return _IRREGULAR_GERUND[verb]
    if verb.endswith("ee"):
        return verb + "ing"
    if verb.endswith("e"):
        return verb[:-1] + "ing"
    return verb + "ing"


def phrases_of(action: Action, *, heldout: bool = False) -> tuple[str, ...]:
    """The phrases that training may use, or (``heldout``) those it never sees; every sixth from the end is held
    out, none of an action with fewer than five."""
    if len(action.phrases) < 5:
        return action.phrases
    kept_back = set(action.phrases[::-1][:: max(_HELDOUT_EVERY, 2)])
    return tuple(phrase for phrase in action.phrases if (phrase in kept_back) == heldout)


def caption(
    action: Action,
    generator: np.random.Generator,
    *,
    speed: int = 0,
    size: int = 0,
    count: int = 0,
    heldout: bool = False,
) -> str:
    """One random way to say it.

    Args:
        action: what happens.
        generator: draws the phrase and its form.
        speed: -1 slowly, 0 unsaid, 1 quickly.
        size: -1 slightly, 0 unsaid, 1 strongly.
        count: repetitions said, 0 unsaid.
        heldout: draw from the wordings that training never sees.

    Returns:
        A lower-case clause such as "slowly turns her head to the left".
    """
    phrases = phrases_of(action, heldout=heldout)
    phrase = phrases[generator.integers(len(phrases))]
    possessive = ("her", "his", "their", "your", "the")[generator.choice(5, p=[0.32, 0.32, 0.12, 0.14, 0.1])]
    text = phrase.lstrip("=").format(
        poss=possessive, obj={"his": "him", "her": "her"}.get(possessive, "them")
    )
    verbal = not phrase.startswith("=")
    if action.axis == "mood" and size and (not verbal or " " in text):
        text, size = _sized_mood(text, size, generator, heldout)
    noun = None if verbal else _described_noun(text, speed, size, count, generator)
    if noun is not None:
        return _article(noun)
    if verbal:
        text = _inflected(text, generator, heldout)
    words = [_pick(_adverbs("speed", speed, heldout), generator)] if speed else []
    words += [_pick(_adverbs("size", size, heldout), generator)] if size else []
    for word in words:
        text = f"{word} {text}" if word in LEADING and generator.random() < 0.6 else f"{text} {word}"
    if count:
        text = f"{text} {_pick(COUNTS[min(count, 6)], generator)}"
    if verbal and generator.random() < 0.15:
        text = f"{_pick(SUBJECTS, generator)} {text}"
    return _article(text)


def sizes_of(action: Action) -> tuple[int, ...]:
    """Which size words an action takes (a blink is never "slightly")."""
    shuts = max((amount for name, amount in action.targets.items() if name.startswith("lid_")), default=0.0)
    graded = bool(action.targets) and not (action.axis == "lids" and shuts > 0.9) and action.name != "stare"
    return (-1, 0, 1) if graded else (0,)


def speeds_of(action: Action) -> tuple[int, ...]:
    """Which speed words an action takes."""
    return (-1, 0, 1) if action.name not in ("stare", "yawn", "sneeze", "scream") else (0,)


def _adverbs(kind: str, degree: int, heldout: bool) -> tuple[str, ...]:
    if kind == "speed":
        return (HELDOUT_SLOW if heldout else SLOW) if degree < 0 else (HELDOUT_FAST if heldout else FAST)
    return (HELDOUT_SMALL if heldout else SMALL) if degree < 0 else (HELDOUT_LARGE if heldout else LARGE)


def _sized_mood(text: str, size: int, generator: np.random.Generator, heldout: bool) -> tuple[str, int]:
    """ "look sad" -> "look very sad": the degree stands before the adjective; what cannot take one keeps its size
    for an adverb."""
    degree = _pick((_HELDOUT_MOOD_SIZES if heldout else _MOOD_SIZES)[size], generator)
    said = re.match(r"^((?:look|appear|feel|seem|become|get|be|turn|grow)(?: a)?) (\w[\w ]*)$", text)
    if said is not None:
        return f"{said.group(1)} {degree} {said.group(2)}", 0
    said = re.match(r"^((?:with|put on|make|in)? ?an?) (\w+ (?:expression|face|mood|look))$", text)
    if said is not None and degree.split()[0] not in ("a", "so", "kind"):
        return f"{said.group(1)} {degree} {said.group(2)}", 0
    if len(text.split()) == 1:
        return f"{degree} {text}", 0
    return text, size


def _described_noun(
    text: str, speed: int, size: int, count: int, generator: np.random.Generator
) -> str | None:
    """ "a nod" -> "two quick nods"; None where the text is no noun with an article."""
    said = re.match(r"^an? (\w+)(.*)$", text)
    if said is None or not (speed or size or count) or said.group(1).endswith(("ed", "ing", "y")):
        return None
    adjectives = [_pick(_ADJECTIVES["speed", speed], generator)] if speed else []
    adjectives += [_pick(_ADJECTIVES["size", size], generator)] if size else []
    if count > 1:
        last = said.group(1)
        if said.group(2).strip() and not said.group(2).startswith(" of"):
            return None
        return " ".join([_NUMBERS.get(min(count, 6), "six"), *adjectives, third_person(last) + said.group(2)])
    return " ".join(["a single" if count else "a", *adjectives, said.group(1) + said.group(2)])


def _inflected(text: str, generator: np.random.Generator, heldout: bool) -> str:
    """The verb in one of its forms: finite, imperative, participle, "starts to"; held out: "is nodding"."""
    verb, _, rest = text.partition(" ")
    if heldout and generator.random() < 0.5:
        return f"is {gerund(verb)} {rest}".strip()
    form = generator.choice(4, p=[0.5, 0.2, 0.24, 0.06])
    if form == 3:
        start = _pick(_STARTS, generator).format(text)
        verb, _, rest = start.partition(" ")
        return f"{third_person(verb)} {rest}"
    verb = (third_person(verb), verb, gerund(verb))[form]
    return f"{verb} {rest}".strip()


def _article(text: str) -> str:
    """ "a angry face" -> "an angry face", "an slight nod" -> "a slight nod"."""
    words = text.split()
    for index in range(len(words) - 1):
        follows = words[index + 1]
        vowel = follows[0] in "aeiou" and not follows.startswith(("one", "uni"))
        if words[index] in ("a", "an"):
            words[index] = "an" if vowel else "a"
    return " ".join(words)


def _pick(options: tuple[str, ...], generator: np.random.Generator) -> str:
    return options[generator.integers(len(options))]
