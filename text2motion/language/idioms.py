"""Sayings whose words do not name the action, and words that the vocabulary's patterns would take for another.

``FIRST`` is asked before the vocabulary, ``LATE`` after it. An action name may hold ``{side}``: it stands for left or
right, as the words say.
"""

from __future__ import annotations

import re
from functools import lru_cache

from text2motion.corpus.actions import Action
from text2motion.corpus.vocabulary import ACTION_BY_NAME
from text2motion.language.idioms_first import FIRST
from text2motion.language.idioms_late import LATE

_SIDE = re.compile(r"\b(left|right)\b")
_POSS = r"(?:(?:her|his|their|your|my|its|the|both|one's) )?(?:own )?"


def _compiled(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern.replace("~", _POSS)), name) for pattern, name in rows)


_FIRST = _compiled(FIRST)
_LATE = _compiled(LATE)


@lru_cache(maxsize=4096)
def said_by_idiom(text: str, *, late: bool) -> Action | None:
    """The action of a saying, or None."""
    for pattern, name in _LATE if late else _FIRST:
        if pattern.search(text):
            found = ACTION_BY_NAME.get(_resolved(name, text))
            if found is not None:
                return found
    return None


def _resolved(name: str, text: str) -> str:
    side = _SIDE.search(text)
    if name == "squint_or_close":
        return "close_eyes" if re.search(r"\b(?:shut|closed|tight)", text) else "squint"
    if name == "shoulder":
        return f"look_over_{side.group(1)}_shoulder" if side else "look_over_shoulder"
    if "{side}" in name:
        return name.format(side=side.group(1)) if side else name.replace("_{side}", "")
    return name
