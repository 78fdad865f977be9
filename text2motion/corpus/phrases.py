"""Words for actions: inflection, adverbs, counts, subjects. Every caption of the corpus is made here."""

from __future__ import annotations

import numpy as np

from text2motion.corpus.actions import HOLD, Action

SUBJECTS = ("she", "he", "they", "the woman", "the man", "a woman", "a man", "a person", "the girl",
    "the actor",
            "a young woman with long hair", "an old man in a red hat", "the speaker", "someone")  # fmt: skip
SLOW = ("slowly", "gradually", "very slowly", "in slow motion", "leisurely")
FAST = ("quickly", "rapidly", "suddenly", "abruptly", "swiftly", "fast")
SMALL = ("slightly", "a little", "a bit", "subtly", "gently", "faintly")
LARGE = ("very much", "a lot", "strongly", "deeply", "widely", "extremely", "broadly", "fully", "far")
COUNTS = {1: ("once", "one time"), 2: ("twice", "two times"), 3: ("three times", "thrice"),
    4: ("four times",),
          5: ("five times",)}  # fmt: skip
LEADING = frozenset(SLOW[:3] + FAST[:5] + SMALL[:1] + SMALL[3:] + ("fully", "strongly", "deeply"))
_IRREGULAR_THIRD = {"have": "has", "be": "is", "do": "does", "go": "goes"}
_IRREGULAR_GERUND = {"be": "being", "lean": "leaning", "nod": "nodding", "get": "getting", "grin": "grinning",
                     "let": "letting", "put": "putting", "swivel": "swivelling", "drop": "dropping",
                         "dip": "dipping",
                     "tip": "tipping", "shut": "shutting", "chat": "chatting", "knit": "knitting",
                         "tap": "tapping",
                     "pan": "panning", "flash": "flashing", "wink": "winking", "grip": "gripping",
                         "cut": "cutting",
                     "scan": "scanning", "arch": "arching", "begin": "beginning"}  # fmt: skip


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


def caption(
    action: Action, generator: np.random.Generator, *, speed: int = 0, size: int = 0, count: int = 0
) -> str:
    """One random way to say it.

    Args:
        action: what happens.
        generator: draws the phrase and its form.
        speed: -1 slowly, 0 unsaid, 1 quickly.
        size: -1 slightly, 0 unsaid, 1 strongly.
        count: repetitions said, 0 unsaid (only of what repeats).

    Returns:
        A lower-case clause such as "slowly turns her head to the left".
    """
    phrase = action.phrases[generator.integers(len(action.phrases))]
    possessive = ("her", "his", "their", "your", "the")[generator.choice(5, p=[0.32, 0.32, 0.12, 0.14, 0.1])]
    text = phrase.lstrip("=").format(
        poss=possessive, obj={"his": "him", "her": "her"}.get(possessive, "them")
    )
    if not phrase.startswith("="):
        text = _inflected(text, generator)
    words = [_pick(SLOW if speed < 0 else FAST, generator)] if speed else []
    words += [_pick(SMALL if size < 0 else LARGE, generator)] if size else []
    for word in words:
        text = f"{word} {text}" if word in LEADING and generator.random() < 0.6 else f"{text} {word}"
    if count and action.repeats(count):
        text = f"{text} {_pick(COUNTS[min(count, 5)], generator)}"
    if not phrase.startswith("=") and generator.random() < 0.3:
        text = f"{_pick(SUBJECTS, generator)} {text}"
    return _article(text)


def sizes_of(action: Action) -> tuple[int, ...]:
    """Which size words an action takes (a blink is never "slightly")."""
    return (-1, 0, 1) if action.kind == HOLD and action.targets and action.axis != "lids" else (0,)


def speeds_of(action: Action) -> tuple[int, ...]:
    """Which speed words an action takes."""
    return (-1, 0, 1) if action.name not in ("talk", "laugh", "chew", "yawn") else (0,)


def _inflected(text: str, generator: np.random.Generator) -> str:
    verb, _, rest = text.partition(" ")
    form = generator.choice(3, p=[0.55, 0.2, 0.25])
    verb = (third_person(verb), verb, gerund(verb))[form]
    return f"{verb} {rest}".strip()


def _article(text: str) -> str:
    """ "a angry face" -> "an angry face"."""
    words = text.split()
    for index in range(len(words) - 1):
        if words[index] == "a" and words[index + 1][0] in "aeiou" and words[index + 1] != "one":
            words[index] = "an"
    return " ".join(words)


def _pick(options: tuple[str, ...], generator: np.random.Generator) -> str:
    return options[generator.integers(len(options))]
