"""A prompt becomes clauses: one action each, with its role (motion or emotion), its order, speed, size, count and
times.

MotionDM reads the motion part, EmotionDM the emotion part (the split of the MVPortrait paper); both also see
the other part's spans, so that "then" means the same for head and face. The passes over the text are the
modules of :mod:`text2motion.language`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from flame.errors import PromptError, input_error
from text2motion.corpus.actions import Action
from text2motion.language import lexicon
from text2motion.language.reading import Reader
from text2motion.language.recognition import is_action_word
from text2motion.language.scenery import without_scenery
from text2motion.language.timing import timed_parts, with_marks
from text2motion.language.wording import tidied
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause

LONGEST_PROMPT = 1000
_MOST_CLAUSES = 24
_CALM = re.compile(  # prompts that ask for nothing but being there
    r"^(?:(?:a|the|an) )?(?:\w+ )?(?:(?:is|just|simply|stays?|sits?|stands?|waits?|remains?|holds?|keeps?"
    r"|being|there|and|quietly|calmly|silently"
    r"|still|motionless|idle|idling|breathing|breathes|does|doing|not|nothing|happens|rests?|poses?|standing"
    r"|sitting|waiting|only|staying|in|place"
    r"|moving|move) ?)+[.!]?$"
)


@dataclass(frozen=True)
class SplitPrompt:
    """What a prompt says, clause by clause.

    Attributes:
        clauses: in the order of their groups.
        motion_text, emotion_text: the two parts as running text ("" where the prompt is silent).
        warnings: one line each, for the user.
    """

    clauses: tuple[Clause, ...]
    motion_text: str
    emotion_text: str
    warnings: tuple[str, ...] = ()


def check_prompt(text: object) -> str:
    """Return the prompt with its white space tidied.

    Raises:
        PromptError: not a string, empty, longer than 1,000 characters, or with control characters.
    """
    if not isinstance(text, str):
        raise input_error(
            PromptError,
            "a prompt must be text",
            type(text).__name__,
            'give a sentence such as "smiles and nods"',
        )
    if len(text) > LONGEST_PROMPT:
        raise input_error(
            PromptError,
            f"a prompt may have at most {LONGEST_PROMPT} characters",
            f"{len(text)} characters",
            "shorten it, or split it into several clips",
        )
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Co") and c not in "\n\r\t"), None)
    if bad is not None:
        raise input_error(PromptError, "a prompt may not contain control characters", repr(bad), "remove it")
    tidy = " ".join(unicodedata.normalize("NFKC", text).split(" ")).strip()
    if not any(c.isalnum() for c in tidy):
        raise input_error(
            PromptError,
            "the prompt is empty",
            repr(text[:20]),
            'say what should move, e.g. "smiles and nods"',
        )
    return tidy


def split_prompt(text: str, *, by_meaning: bool = True) -> SplitPrompt:
    """Split a prompt into ordered clauses.

    Args:
        text: the prompt, at most 1,000 characters.
        by_meaning: whether words that no pattern knows may be compared with the vocabulary's captions by the
            sentence encoder, which is loaded then (about a second, once).

    Raises:
        PromptError: see :func:`check_prompt`.
    """
    tidy = tidied(check_prompt(text))
    reader = Reader(_nearest if by_meaning else _nothing)
    for span, part in timed_parts(tidy):
        begin = len(reader.clauses)
        reader.read(without_scenery(with_marks(part).replace("\t", " "), is_action_word))
        if span is not None:
            reader.clauses[begin:] = _with_span(reader.clauses[begin:], span)
    clauses = reader.clauses
    warnings = [f"not understood, and left out: {words[:60]}" for words in dict.fromkeys(reader.unknown)]
    warnings += [f"taken to mean {name.replace('_', ' ')}: {words[:60]}" for words, name in reader.guessed]
    if not clauses:
        short = " ".join(tidy.split())[:200]
        calm = _CALM.match(tidy) is not None
        if not calm and not lexicon.NEGATED.search(tidy):
            clauses = [Clause(short, MOTION_ROLE), Clause(short, EMOTION_ROLE)]
        told = f"no known facial action was found in the prompt: {short[:60]}; expect calm idle motion"
        warnings = [] if calm else [told]
    if len(clauses) > _MOST_CLAUSES:
        warnings.append(
            f"the prompt has more than {_MOST_CLAUSES} actions: {len(clauses)}; the rest is left out"
        )
        clauses = clauses[:_MOST_CLAUSES]
    parts = {
        role: ", then ".join(c.text for c in clauses if c.role == role)
        for role in (MOTION_ROLE, EMOTION_ROLE)
    }
    return SplitPrompt(tuple(clauses), parts[MOTION_ROLE], parts[EMOTION_ROLE], tuple(warnings))


def _nearest(text: str) -> list[tuple[str, Action]]:
    from text2motion.language.semantics import nearest_action

    found = nearest_action(text)
    return [] if found is None else [(text, found)]


def _nothing(text: str) -> list[tuple[str, Action]]:
    return []


def _with_span(clauses: list[Clause], span: tuple[float, float]) -> list[Clause]:
    """Share a given span among the groups inside it."""
    groups = sorted({c.group for c in clauses})
    step = (span[1] - span[0]) / max(len(groups), 1)
    return [
        replace(
            c, span=(span[0] + step * groups.index(c.group), span[0] + step * (groups.index(c.group) + 1))
        )
        for c in clauses
    ]
