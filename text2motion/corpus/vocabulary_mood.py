"""The vocabulary of emotions and moods: the second half of what EmotionDM learns.

The moods stand in ``moods`` and ``moods_finer``; their phrases are made here from adjectives, nouns and adverbs.
"""

from __future__ import annotations

from text2motion.corpus.actions import EMOTION, HOLD, Action
from text2motion.corpus.moods import BASIC_MOODS, Mood
from text2motion.corpus.moods_finer import FINER_MOODS
from text2motion.corpus.paraphrases import mood_paraphrases

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


# The finer come first: "lost in thought" is no loss, and "hopeless" no hope.
MOODS: tuple[Mood, ...] = FINER_MOODS + BASIC_MOODS


def mood_phrases(mood: Mood) -> tuple[str, ...]:
    """All phrases of a mood in the vocabulary's notation (``=`` marks one that is not a verb phrase)."""
    phrases = [template.format(a=adjective) for adjective in mood.adjectives for template in _LOOKS]
    phrases += [template.format(n=noun) for noun in mood.nouns for template in _NOUNS]
    phrases += mood_paraphrases(mood.adjectives, mood.nouns)
    phrases += ["=" + adverb for adverb in mood.adverbs for _ in range(3)]
    return tuple(phrases) + mood.verbs * 2


MOOD_ACTIONS: tuple[Action, ...] = tuple(
    Action(
        mood.name,
        EMOTION,
        HOLD,
        "mood",
        mood.seconds,
        mood.stems,
        mood_phrases(mood),
        {**mood.face, **mood.posture},
        channels=("mouth", "brows", "jaw") + (("lids",) if mood.name == "neutral" else ()),
        performer=mood.performer,
    )
    for mood in MOODS
)
