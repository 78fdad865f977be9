"""How: speed, size, count, length of one action, read from the words around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from text2motion.corpus.actions import CYCLE, Action
from text2motion.language import lexicon
from text2motion.language.recognition import is_action_word, mood_of
from text2motion.language.timing import BRIEF_SECONDS, number, take_length

MOST_SAID = 8
_REPEATABLE = (
    r"(?:nods?|blinks?|winks?|shakes?|eye-?rolls?|rolls?|headshakes?|kisses|kiss|yawns?|tilts?|turns?|glances?"
    r"|looks?|gasps?"
    r"|circles?|rotations?|laughs?|smiles?|bobs?|twitch(?:es)?|sniffs?|sighs?|licks?|gulps?|swallows?|bows?"
    r"|flutters?|puffs?)"
)
_TIMES = re.compile(
    rf"\b({lexicon.NUMBER})\s*(?:more |quick |slow |small |fast |separate |different )*times\b"
)
_NOUNS = re.compile(rf"\b({lexicon.NUMBER})\s+(?:(?!times)[\w-]+\s+){{0,3}}?{_REPEATABLE}\b")
_SERIES = re.compile(
    rf"\ba (?:series|string|flurry|succession|burst|number|bunch) of (?:\w+ ){{0,2}}{_REPEATABLE}"
)
_ONE = re.compile(
    rf"\bonce\b(?! more| again)|\bone time\b|\b(?:a single|one single|single|just one"
    rf"|one)\s+(?:\w+\s+)?{_REPEATABLE}\b"
)
_VERY_FAST = re.compile(
    r"\b(?:very|really|so|extremely|quite|super|too|rather|incredibly|as) (?=slow|quick|fast|rapid|gradual"
    r"|sudden|abrupt|swift"
    r"|brief|sharp)"
)
_ARTICLE = re.compile(
    r"\b(?:a|an)\s+(?:[\w-]+\s+){0,2}?(?:nod|wink|blink|headshake|shake of|eye-?roll|kiss|yawn|gulp)\b"
)
_DEGREES = re.compile(r"\b(\d{1,3}) ?(?:degrees?|deg|°)")
_SHUTS = ("close_eyes", "close_left_eye", "close_right_eye", "blink", "wink", "droop_lids")
_SLIGHT, _FAR = 14, 35  # degrees of a turn or tilt
_WIDE_EYES = re.compile(r"\bwide(?:ly)?\b|\bbig\b")


@dataclass(frozen=True)
class Manner:
    """What the words say about how: speed and size -1, 0, 1; count 0 when unsaid; ``fills``: keeps going."""

    speed: int = 0
    size: int = 0
    count: int = 0
    hold_seconds: float | None = None
    fills: bool = False


def manner_of(text: str, action: Action | None) -> tuple[str, Manner]:
    """The text without its length of time, and how the action is to be done."""
    text, hold = take_length(text)
    plain = _VERY_FAST.sub("", text)
    fast, slow = lexicon.FAST.search(plain), lexicon.SLOW.search(plain)
    speed = -1 if slow and not fast else 1 if fast and not slow else 0
    if fast and slow:
        speed = 1 if fast.start() < slow.start() else -1
    if hold == BRIEF_SECONDS and speed == 0:
        speed = 1
    count = count_of(text)
    fills = (
        lexicon.KEEPS.search(text) is not None and action is not None and action.kind == CYCLE and not count
    )
    size = size_of(plain, action)
    if action is not None and action.name.startswith(_SHUTS):
        size = max(size, 0)  # a gentle blink shuts the eye all the same
    return text, Manner(speed, size, count, hold, fills)


def _counted_noun(words: list[str]) -> int:
    """3 of "three quiet coughs"; 0 where no number stands before an action's noun."""
    for index, word in enumerate(words):
        value = (
            1
            if word == "single"
            else int(lexicon.NUMBERS.get(word, 0))
            if word not in ("a", "an", "one")
            else 0
        )
        if not value:
            continue
        for follows in words[index + 1 : index + 4]:
            if (
                is_action_word(follows.removesuffix("s"))
                and mood_of(follows) is None
                and follows not in lexicon.PARTS
            ):
                return min(value, MOST_SAID)
    return 0


def size_of(text: str, action: Action | None = None) -> int:
    """-1 for "slightly", 1 for "very"; 0 when unsaid. Moods have words that are strong by themselves."""
    if action is not None and action.name in ("widen_eyes", "grin"):
        text = _WIDE_EYES.sub("", text)
    if action is not None and action.name.startswith("look_over"):
        text = re.sub(r"\ball the way\b|\bfar\b", "", text)
    text = re.sub(r"\bhalf[- ](?:closed|open|shut|smil\w*|lidded|moon)\b", "", text)
    text = re.sub(r"\bnot (?:very|so|too|that|really)\b", "slightly", text)
    turned = _DEGREES.search(text)
    if turned is not None:
        return -1 if int(turned.group(1)) <= _SLIGHT else 1 if int(turned.group(1)) >= _FAR else 0
    if lexicon.SMALL.search(text):
        return -1
    if lexicon.LARGE.search(text):
        return 1
    if action is not None and action.axis == "mood":
        if lexicon.STRONG_MOODS.search(text):
            return 1
        if lexicon.WEAK_MOODS.search(text):
            return -1
    return 0


def count_of(text: str) -> int:
    """Repetitions that the words ask for, 0 when they ask for none in particular."""
    if re.search(r"\b(twice|double)\b(?! as)", text):
        return 2
    if re.search(r"\b(thrice|triple)\b", text):
        return 3
    said = _TIMES.search(text)
    if said is not None:
        word = re.sub(r"^(?:a )?couple$", "a couple of", said.group(1))
        return max(1, min(int(number(word)), MOST_SAID))
    if _SERIES.search(text):
        return 3
    if _ONE.search(text):
        return 1
    said = _NOUNS.search(text)
    if said is not None and said.group(1) not in ("a", "an"):
        return max(1, min(int(number(said.group(1))), MOST_SAID))
    counted = _counted_noun(text.split())
    if counted:
        return counted
    return 1 if _ARTICLE.search(text) else 0
