"""In which order: a sentence becomes steps that follow each other, each a list of fragments that go together."""

from __future__ import annotations

import re
from collections.abc import Callable

from text2motion.language.lexicon import STATES

_THEN = re.compile(
    r"[.;!?\n]+|,?\s*\b(?:and\s+|but\s+)?(?:then|afterwards?|after that|after this|after which|thereafter|next"
    r"|finally|lastly"
    r"|at last|last of all|followed (?:up )?(?:by|with)|subsequently|later(?: on)?|eventually|before finally"
    r"|in the end"
    r"|second(?:ly)?(?=,| (?:she|he|they|\w+s)\b)|third(?:ly)?(?=,| (?:she|he|they|\w+s)\b)|fourth(?:ly)?(?=,)"
    r"|(?:and )?(?:ends?|ending|finish(?:es|ing)?|conclud(?:es|ing)) (?:up |off )?(?:by|with|in)(?= )"
    r"|before (?=return|going back|coming back|relax)|step \d+:?|proceeds to|goes on to|moves on to|only then"
    r"|(?<=, )last(?= \w)|(?<=, )ends?(?= (?!of\b)\w)|(?<=and )ends?(?= (?!of\b)\w)"
    r"|at which point|whereupon|and after)\b\s*,?:?|(?:^|(?<=[\s,]))\d[.)]\s"
)
_PAIRS: tuple[tuple[re.Pattern[str], bool], ...] = tuple(
    (re.compile(pattern), swap)
    for pattern, swap in (
        # (pattern with two groups, whether the second group comes first)
        (r"^(?:right |just |shortly |immediately )?(?:after|once|as soon as|when|following|upon|having|the "
         r"moment)\s+(.+?),\s*(.+)$",
         False),
        (r"^(?:just |right |shortly )?before (.+?), (.+)$", True),
        (r"^(?:right |just |shortly |immediately )?(?:after|once|as soon as|when|upon|having) (.+?) ((?:she|he"
         r"|they|it|the (?:woman|man|girl|boy"
         r"|person|actor)) .+)$", False),
        (r"^(?:just |right |shortly )?before (.+?) ((?:she|he|they|it|the (?:woman|man|girl|boy|person|actor)) "
         r".+)$", True),
        (r"^(.+?),?\s+(?:right |just |shortly |immediately |long )?before\s+(.+)$", False),
        (r"^(.+?),?\s+before\s+(.+)$", False),
        (r"^(.+?),?\s+(?:until|till)\s+(.+)$", False),
        (r"^(.+?),?\s+(?:right |just |shortly |immediately |only )?(?:after|as soon as|once|when|following"
         r"|preceded by)\s+(.+)$",
         True),
    )
)  # fmt: skip
_CHANGE = re.compile(
    r"^[\w ]*?\bfrom (?:(?:being|looking|a|an) )*(.+?) (?:in)?to (?:(?:being|looking|a|an) )*(?!the\b"
    r"|side\b)(.+)$"
)
_TOGETHER = re.compile(
    r",?\s*\b(?:while|whilst|as (?=(?:she|he|they|it|the \w+|his|her|their)\b)|at the same time(?: as)?"
    r"|simultaneously"
    r"|meanwhile|all while|all the while|along with|together with|accompanied by|combined with|in combination "
    r"with"
    r"|during which|as if|as though|alongside|all at once|in unison|concurrently|and at once|coupled with"
    r"|plus)\b"
)
_AND = re.compile(r"\s*[,:]\s*(?:and\s+|but\s+|or\s+|nor\s+)?|\s+(?:and|but|or|nor|yet|plus|or else)\s+")
_LEAD = re.compile(
    r"^(?:(?:first|firstly|initially|please|now|a video of|video of|(?:close-?up |photo|portrait|footage) of"
    r"|begins? (?:by|with)"
    r"|starts? (?:by|with|off by|off with|out)|starting (?:with|by)|beginning (?:with|by)|and|,|to|also|both"
    r"|there|just"
    r"|begins? to|starts? to|begins?|starts?|now|well|ok|okay|let's|make (?:her|him|them|it)|have (?:her"
    r"|him|them)|i want "
    r"(?:her|him|them) to"
    r"|we see|can you|could you|as|proceeds to) )+"
)
_INSTRUMENT = re.compile(
    r"^(?:(?:just|only|the|his|her|their|your|my|its|left|right|one|both|other|own) )*(?:eyes?|head|face"
    r"|eyelids?|lids?|mouth|lips|brows?|eyebrows?|chin"
    r"|gaze|neck)\b((?: \w+)*)$"
)
_WITH = re.compile(r"\s+with\s+|^with\s+")


def steps_of(text: str, acts: Callable[[str], bool]) -> list[str]:
    """Cut at what means "and after that"; "before", "after", "until" put into plain order.

    Args:
        text: lower-case text of any number of sentences.
        acts: tells whether a stretch of text holds an action.
    """
    steps: list[str] = []
    for sentence in _THEN.split(text):
        steps += _in_order((sentence or "").strip(" ,"), acts)
    return steps


def _in_order(sentence: str, acts: Callable[[str], bool], depth: int = 0) -> list[str]:
    if not sentence:
        return []
    change = _CHANGE.match(sentence)
    if change is not None and acts(change.group(1)) and acts(change.group(2)):
        return [change.group(1), change.group(2)]
    if depth < 4:
        for pattern, swap in _PAIRS:
            found = pattern.match(sentence)
            if found is None or not (acts(found.group(1)) and acts(found.group(2))):
                continue
            pair = [found.group(1), found.group(2)]
            if swap:
                pair.reverse()
            return [step for part in pair for step in _in_order(part.strip(" ,"), acts, depth + 1)]
    return [sentence]


def fragments_of(step: str, acts: Callable[[str], bool]) -> list[str]:
    """Cut what happens together at commas, "and", "while", "with"."""
    pieces: list[str] = []
    for part in _TOGETHER.split(step):
        for piece in _AND.split(part or ""):
            piece = _LEAD.sub("", (piece or "").strip(" ,:"))
            pieces += _at_with(piece, acts)
    return [piece for piece in pieces if piece]


def _is_instrument(part: str) -> bool:
    """ "with the left eye (twice)": what it is done with, nothing of its own."""
    said = _INSTRUMENT.match(part)
    return said is not None and not any(
        w in STATES or w in ("up", "down") or w.endswith(("ing", "ed")) for w in said.group(1).split()
    )


def _at_with(piece: str, acts: Callable[[str], bool]) -> list[str]:
    """Cut at "with" where an action of its own follows ("nods with a smile", not "winks with the left eye")."""
    merged: list[str] = []
    for part in _WITH.split(piece):
        if merged and not (merged[-1] and not _is_instrument(part) and acts(part) and acts(merged[-1])):
            merged[-1] = f"{merged[-1]} with {part}".strip()
        else:
            merged.append(part)
    if len(merged) == 2 and not merged[0]:
        return [merged[1]]
    return merged
