"""Which actions a fragment names: every one of them, each with its own words."""

from __future__ import annotations

import functools
import re

from text2motion.corpus.actions import MOTION, Action
from text2motion.corpus.vocabulary import recognise
from text2motion.corpus.vocabulary_mood import MOOD_ACTIONS
from text2motion.language import lexicon
from text2motion.language.idioms import said_by_idiom

#: Words that may begin an action of their own (or be one).
_TRIGGER = re.compile(
    r"^(?:nod|head-?shak|sh(?:ak|ook)|tilt|turn(?:s|ing|ed)?$|look(?:s|ing|ed)?$|gaz|glanc|star(?:e|es|ing)$"
    r"|peer|peek"
    r"|blink|wink|clos(?:e|es|ing)$|shut|squint|narrow(?:s|ing)$|widen|open(?:s|ing)$|rais(?:e|es|ing)$"
    r"|lift(?:s|ing)?$"
    r"|lower(?:s|ing)$|arch(?:es|ing)$|cock(?:s|ing)$|furrow|knit|scowl|glower|smil|grin|smirk|laugh|giggl"
    r"|chuckl|cackl"
    r"|beam(?:s|ing)$|frown|pout|pucker|purs(?:e|es|ed|ing)$|kiss|yawn|gasp|talk|speak|whisper|mutter|mumbl"
    r"|chat|sing(?:s|ing)$"
    r"|chew|munch|stick|puff|blow|bit(?:e|es|ing)$|press|sneer|snarl|sigh|roll|circl|rotat|swivel|lean|bow(?:s"
    r"|ing|ed)?$"
    r"|drop(?:s|ping)$|hang(?:s|ing)$|lick|clench|trembl|quiver|sniff|exhal|inhal|jut|protrud|wrinkl|scrunch"
    r"|twitch|flutter"
    r"|bat(?:s|ting)$|avert|return|relax|straighten|fac(?:e|es|ing)$|side-?eye|eye-?roll|grimac|wiggl|waggl"
    r"|wobbl|bob|sway|swing|swung|mouth(?:s|ing)$|gap(?:e|es|ing)$|pull|push(?:es|ing)$|draw(?:s|ing)$|dart"
    r"|flick|jerk|snap"
    r"|whip|duck|crane|scan|search|survey|whistl|hum(?:s|ming)$|cry|cries|crying|weep|sob|winc|flinch|recoil"
    r"|cring|shrug"
    r"|swallow|gulp|burp|hiccup|sneez|cough|pok(?:e|es|ing)$|agree|disagree|think|ponder|glar|leer|grit"
    r"|bar(?:e|es|ing)$"
    r"|crinkl|creas|twist|curl|suck|smack|nibbl|purse|cast(?:s|ing)$|dip(?:s|ping)$|bend|inclin|tip(?:s|ping)$"
    r"|perk"
    r"|hold(?:s|ing)$|keep|kept|tuck|drift|wander|shift|mov(?:e|es|ing)$|track|follow(?:s|ing)$|say(?:s|ing)$"
    r"|yell|shout"
    r"|scream|sulk|mope|simper|blush|goggl|ogl|squeez|flar(?:e|es|ing)$|part(?:s|ing)$|sag|droop|slump|glitter)"
)
_ADJECTIVE_STATE = re.compile(
    r"^(?:raised|furrowed|pursed|closed|wide|open|narrowed|knitted|arched|parted|pressed|crooked)$"
)
_OBJECT_ELSEWHERE = re.compile(
    rf"\b(?:sh[ao]\w+|rais\w+|lift\w*|lower\w*|open\w*|clos\w+|shut\w*|turn\w*|roll\w*|drop\w*|mov\w+|wav\w+"
    rf"|hold\w*|cross\w*"
    rf"|clap\w*|fold\w*|touch\w*|point\w*|snap\w*|rub\w*|scratch\w*|put\w*|plac\w+|bit\w*|chew\w*|blow\w*"
    rf"|tilt\w*|tip\w*"
    rf"|press\w*|push\w*|pull\w*|adjust\w*|grab\w*|wip\w+|cover\w*|brush\w*|stretch\w*|clench\w*|curl\w*"
    rf"|spread\w*|swing\w*"
    rf"|bend\w*|flex\w*|crack\w*|lick\w*|tap\w*|kick\w*|throw\w*|catch\w*)"
    rf"(?: \w+){{0,3}} {lexicon.ELSEWHERE}\b"
)
#: Things that move by themselves near somebody ("hair blowing", "birds sing").
_OTHER_SUBJECT = re.compile(
    r"^(?:(?:a|the|an|some|his|her|their) )?(?:\w+ )?(?:wind|breeze|hair|curtains?|leaves|snow|rain|birds?"
    r"|dogs?|cats?|horses?|music|camera|clouds?|sun|light"
    r"|lights|cars?|doors?|water|waves|trees?|flags?|lens|shot|video|clip|background)\b(?! (?:left|right|up"
    r"|down|with)\b)"
)
_PART_WORD = re.compile(
    r"\b(?:" + "|".join(sorted(lexicon.PARTS - {"shoulder", "shoulders", "face"})) + r")\b"
)
_SELF_MOODS = frozenset(("neutral", "calm"))
_NOT_COLOURED = frozenset(("gasp", "yawn"))


@functools.lru_cache(maxsize=8192)
def is_action_word(word: str) -> bool:
    """Whether one word begins or is an action ("nods", "smiling", "angrily")."""
    return _TRIGGER.match(word) is not None or mood_of(word) is not None


@functools.lru_cache(maxsize=8192)
def mood_of(text: str) -> Action | None:
    """The mood that a word or phrase names."""
    found = next((mood for mood in MOOD_ACTIONS if mood.matches(text)), None)
    if found is None:
        late = said_by_idiom(text, late=True)
        found = late if late is not None and late.axis == "mood" else None
    return found


def is_other_subject(text: str) -> bool:
    """Whether the words are about something that moves by itself nearby ("hair blowing", "birds sing")."""
    return _OTHER_SUBJECT.search(text) is not None


@functools.lru_cache(maxsize=8192)
def action_of(text: str) -> Action | None:
    """The action that the words of a fragment name, by the vocabulary's patterns."""
    if is_other_subject(text) or (_OBJECT_ELSEWHERE.search(text) and not _PART_WORD.search(text)):
        return None
    return said_by_idiom(text, late=False) or recognise(text) or said_by_idiom(text, late=True)


def actions_in(text: str) -> list[tuple[str, Action]]:
    """Every action of a fragment with its own words, in the order of the words; [] where there is none."""
    whole = action_of(text)
    words = text.split()
    for index in range(1, len(words)):
        if not is_action_word(words[index]) and not _state_of_a_part(words[index:]):
            continue
        begin = _phrase_begin(words, index)
        if begin <= 0:
            continue
        left, right = " ".join(words[:begin]), " ".join(words[begin:])
        first, second = action_of(left), action_of(right)
        if first is None or second is None or first is second or _one_saying(first, second, whole):
            continue
        bare = not any(is_action_word(word) or word in lexicon.STATES for word in words[:begin])
        if bare and whole is not None and whole.axis == second.axis and whole is not second:
            continue
        if second.axis == "mood" and begin < len(words) - 1 and not _mood_ends(words[index:]):
            continue
        if second.axis == "mood":
            left, right = _manner_to_action(left, right)
        return actions_in(left) + actions_in(right)
    if whole is None:
        return []
    if whole.axis != "mood":
        coloured = _with_mood(text, whole)
        if coloured is not None:
            return coloured
    return [(text, whole)]


def _state_of_a_part(words: list[str]) -> bool:
    """Whether words begin with a part in a state ("raised eyebrows", "closed eyes")."""
    return _ADJECTIVE_STATE.match(words[0]) is not None and any(word in lexicon.PARTS for word in words[1:3])


def _manner_to_action(left: str, right: str) -> tuple[str, str]:
    """ "winks", "playfully five times" -> "winks five times", "playfully": only its own words are the mood's."""
    word, _, rest = right.partition(" ")
    if (
        rest
        and mood_of(word) is not None
        and not re.search(r"\b(?:expression|look|face|mood|way|manner|smile)\b", rest)
        and mood_of(rest) is None
    ):
        return f"{left} {rest}", word
    return left, right


def _one_saying(first: Action, second: Action, whole: Action | None) -> bool:
    """Whether two neighbours are one saying ("breaks into a crooked smile", "looks with wide eyes"): the whole is
    a more special action of the same muscles."""
    if whole is None:
        return False
    if whole.axis == "mood":
        return first.axis == second.axis == "mood"
    return first.axis == second.axis


def _mood_ends(words: list[str]) -> bool:
    """Whether nothing but the mood's own words follow ("sadly", "sad expression", "angry at the world")."""
    rest = " ".join(words[1:])
    return action_of(rest) is None or mood_of(rest) is not None


def _phrase_begin(words: list[str], index: int) -> int:
    """Where the phrase of the action word at ``index`` begins: with its articles and adverbs, up to a preposition."""
    begin = index
    while begin > 0:
        before = words[begin - 1]
        if before in ("with", "in", "into", "for"):
            return begin - 1
        loose = before in lexicon.FILLERS - {"left", "right", "wide", "closed", "broad"}
        said_of_it = before in ("she", "he", "they", "gives", "give", "very", "while")
        if not (loose or said_of_it or (before.endswith("ly") and not is_action_word(before))):
            break
        begin -= 1
    return begin


def _with_mood(text: str, whole: Action) -> list[tuple[str, Action]] | None:
    """The action and the mood that an adverb gives it ("shakes angrily his head", "in disgust")."""
    if whole.domain != MOTION and whole.name in _NOT_COLOURED:
        return None
    for mood in MOOD_ACTIONS:
        if mood.name in _SELF_MOODS:
            continue
        said = mood.regex.search(text)
        if said is None:
            continue
        begin = text.rfind(" ", 0, said.start() + 1) + 1
        end = text.find(" ", max(said.end() - 1, begin))
        word = text[begin : len(text) if end < 0 else end]
        if not word.strip():
            continue
        rest = re.sub(
            r"\b(?:(?:in|with|out of|from|of) )?(?:(?:a|an|the|his|her|their) )?"
            + re.escape(word)
            + r"(?= |$)",
            " ",
            text,
        )
        rest = " ".join(rest.split())
        acted = action_of(rest) if rest else None
        if acted is not None and acted.axis != "mood":
            return [(rest, acted), (word, mood)]
    return None
