"""Misspelt words are put right, real words are left alone.

A word is wrong when neither the vocabulary's captions nor the sentence encoder's word list know it; it becomes
the vocabulary word within one edit (two for long words), transpositions counting as one.
"""

from __future__ import annotations

import functools
import re

from flame.errors import MissingDependencyError
from text2motion.language import lexicon

_WORD = re.compile(r"[a-z][a-z']*")
_SUFFIXES = ("s", "es", "ed", "d", "ing", "ly", "er", "est", "'s")
#: Words of prompts that captions may lack, worth correcting towards.
_COMMON = (
    "then while with and before after again slowly quickly slightly gently suddenly looks looking look turns "
    "turning"
    " turn head eyes eye mouth eyebrow eyebrows brows lips tongue cheeks smile smiles smiling nod nods nodding "
    "shake"
    " shakes shaking tilt tilts tilting blink blinks blinking wink winks winking left right upwards downwards "
    "camera"
    " towards toward raise raises raising lower lowers close closes closing closed open opens opening frown "
    "frowns"
    " laugh laughs laughing surprised angry happy sad scared disgusted confused bored tired shoulder forward "
    "backwards"
    " both three times twice once finally followed afterwards back returns neutral expression face gaze glance "
    "glances"
    " grin grins smirk smirks yawn yawns pout pouts squint squints widen widens gasp gasps whisper whispers "
    "chews"
    " sneers excited thoughtful proud sceptical skeptical contemptuous embarrassed nervous calm seconds second "
    "slow"
    " quick little woman person camera straight ceiling floor repeatedly holds keeps puffs bites presses sticks"
    " thrice twice once disappointed disbelief agreement disapproval curious worried afraid shocked furious "
    "eyelids kisses blows leans"
    " leaning lean circles rolls rolling roll furrows furrowed scowls sighs chuckles giggles talks talking "
    "speaks"
).split()
_SLANG = {
    "lil": "little", "lil'": "little", "smol": "small", "gonna": "going to", "kinda": "kind of",
    "sorta": "sort of", "sec": "second", "secs": "seconds", "u": "you", "ur": "your", "n": "and", "w": "with",
    "b4": "before", "rly": "really", "v": "very", "thru": "through", "cam": "camera", "smilin": "smiling",
    "noddin": "nodding", "lookin": "looking", "turnin": "turning", "shakin": "shaking", "laughin": "laughing",
    "grinnin": "grinning", "blinkin": "blinking", "winkin": "winking", "em": "them", "til": "until",
    "till": "until", "soo": "so", "sooo": "so", "lefty": "left", "noggin": "head", "smiley": "smiling",
    "eyebrowses": "eyebrows", "alittle": "a little", "abit": "a bit", "alot": "a lot", "lmao": "laughs",
    "lol": "laughs", "haha": "laughs", "hahaha": "laughs", "peepers": "eyes", "wee": "small", "itty": "small",
    "bitty": "small", "teeny": "small", "wth": "with", "lft": "left", "rght": "right", "rite": "right",
    "hed": "head", "tounge": "tongue", "eyebrown": "eyebrow", "teh": "the", "thier": "their",
    "recieves": "receives", "untill": "until", "eys": "eyes", "yeux": "yeux", "whilst": "while",
}  # fmt: skip


def corrected(text: str) -> str:
    """Lower-case text with slang spelt out and misspelt vocabulary words put right."""
    return _WORD.sub(lambda match: _right_word(match.group(0)), text)


@functools.lru_cache(maxsize=4096)
def _right_word(word: str) -> str:
    if word in _SLANG:
        return _SLANG[word]
    if "'" in word or (len(word) < 4 and word not in ("nds", "nod", "teh", "nd")):
        return word
    plain = re.sub(r"(.)\1{2,}", r"\1", word)  # "sloooowly"
    if plain != word and plain in _known():
        return plain
    if word in _known() or _is_real(word) or _is_said(word):
        return word
    best = _nearest(word)
    if best is not None:
        return best
    return _nearest(plain) or word if plain != word else word


def _is_said(word: str) -> bool:
    """Whether the vocabulary's patterns or the idioms know the word as it is."""
    from text2motion.corpus.vocabulary import recognise
    from text2motion.language.idioms import said_by_idiom

    return recognise(word) is not None or said_by_idiom(word, late=True) is not None


def _nearest(word: str) -> str | None:
    allowed = 1 if len(word) < 6 else 2
    found: tuple[float, str] | None = None
    for candidate in _by_first().get(word[0], ()) + (_by_first().get(word[1], ()) if len(word) > 3 else ()):
        if abs(len(candidate) - len(word)) > allowed or len(candidate) < 3:
            continue
        away = distance(word, candidate, most=allowed)
        if candidate[0] != word[0] and (away > 1 or sorted(candidate[:2]) != sorted(word[:2])):
            continue
        if away <= allowed:
            scrambled = 0.0 if sorted(word) == sorted(candidate) else 0.3
            rank = away + scrambled - (0.2 if candidate in _COMMON else 0.0)
            if found is None or rank < found[0]:
                found = rank, candidate
    return None if found is None else found[1]


def distance(first: str, second: str, *, most: int) -> int:
    """Edits between two words, a swap of neighbours counting as one (optimal string alignment); more than
    ``most`` is only known to be so."""
    rows: list[list[int]] = [list(range(len(second) + 1))]
    for i, a in enumerate(first, 1):
        row = [i]
        for j, b in enumerate(second, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and b == first[i - 2]:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        rows.append(row)
    return rows[-1][-1]


@functools.lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Every word of the vocabulary's captions and of the lexicon."""
    from text2motion.corpus.phrases import gerund, third_person
    from text2motion.corpus.vocabulary import ACTIONS

    words = set(_COMMON) | lexicon.PARTS | lexicon.STATES | lexicon.FILLERS | lexicon.MANNER | lexicon.POSTURE
    for name, pattern in vars(lexicon).items():
        if isinstance(pattern, re.Pattern) or (isinstance(pattern, str) and name.isupper()):
            words.update(
                re.findall(r"[a-z]{3,}", pattern.pattern if isinstance(pattern, re.Pattern) else pattern)
            )
    for action in ACTIONS:
        words.update(re.findall(r"(?<![a-z(|])[a-z]{4,}(?=\\b|\|)", action.pattern))
        for phrase in action.phrases:
            plain = re.findall(r"[a-z]+", re.sub(r"\{\w+\}", " ", phrase))
            words.update(plain)
            if plain and not phrase.startswith("="):
                words.update((third_person(plain[0]), gerund(plain[0])))
    return frozenset(words)


@functools.lru_cache(maxsize=1)
def _by_first() -> dict[str, tuple[str, ...]]:
    grouped: dict[str, list[str]] = {}
    for word in sorted(_known()):
        if len(word) > 2:
            grouped.setdefault(word[0], []).append(word)
    return {first: tuple(words) for first, words in grouped.items()}


def _is_real(word: str) -> bool:
    """Whether the encoder's word list has the word or what it is made of."""
    real = _real_words()
    if word in real or word in _EXTRA_REAL:
        return True
    for suffix in _SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem == word or len(stem) < 3:
            continue
        if (
            stem in real
            or stem + "e" in real
            or (len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in real)
        ):
            return True
        if stem.endswith("i") and stem[:-1] + "y" in real:
            return True
    return False


_EXTRA_REAL = frozenset("juggles juggle yodels hiccups sneezes coughs hums shrugs shivers".split())


@functools.lru_cache(maxsize=1)
def _real_words() -> frozenset[str]:
    """Whole words of the sentence encoder's word list (about 20,000), or nothing where it is not installed."""
    from text2motion.encoder import encoder_folder

    try:
        lines = (encoder_folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    except (MissingDependencyError, OSError):
        return frozenset()
    return frozenset(line for line in lines if line.isascii() and line.isalpha() and len(line) > 3)
