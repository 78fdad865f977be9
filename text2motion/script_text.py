"""Times in running text: "0-2s: turns left; 2-4s: nods twice; at 5s: blinks" becomes timed statements."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from flame.errors import PromptError, input_error

_CLOCK = r"(?:\d{1,2}:)?\d{1,3}:[0-5]\d(?:[.,]\d{1,3})?"
_NUMBER = r"\d{1,5}(?:[.,]\d{1,3})?|[.,]\d{1,3}"
_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|m|ms)\b\.?"
_TIME = rf"(?:{_CLOCK}|{_NUMBER})"
_TO = r"(?:-|–|—|−|\.\.\.?|…|to|until|till|through|and)"
_END = r"(?:the\s+)?end\b|on\b|onwards?\b"
_RANGE = (
    rf"(?:(?:from|between)\s+)?(?P<start>{_TIME})\s*(?P<unit1>{_UNIT})?\s*"
    rf"(?:{_TO}\s*(?P<end>{_TIME})\s*(?P<unit2>{_UNIT})?|(?:{_TO}\s*)?(?P<open>{_END}))"
)
_POINT = rf"(?P<at>\bat\s+)?(?P<point>{_TIME})\s*(?P<unit3>{_UNIT})?"
_MARK = re.compile(
    rf"(?<![\w.:])(?:[\[(]\s*)?(?:{_RANGE}|{_POINT})(?P<close>\s*[\])])?(?P<colon>\s*:(?!\d))?(?![\w])",
    re.IGNORECASE,
)
_JOINT = " \t,.:;-–—•*"
_LINK_AFTER = re.compile(r"^(?:[\s,:]|\b(?:and then|then|and)\b)+", re.IGNORECASE)


@dataclass(frozen=True)
class Timed:
    """A statement with its times in seconds.

    ``start`` is None where none was said (it holds throughout), ``end`` is None where none was said (as long
    as it takes), infinite where it lasts to the end.
    """

    text: str
    start: float | None
    end: float | None


def seconds_of(given: object) -> float:
    """A time as a number of seconds: ``2``, ``"2.5s"``, ``"1:30"`` (mm:ss), ``"1:02:03.5"``, ``"2 min"``.

    Raises:
        ValueError: not a time.
    """
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise ValueError("not a time")
    if not isinstance(given, str):
        return float(given)
    match = re.fullmatch(rf"\s*({_TIME})\s*({_UNIT})?\s*", given, re.IGNORECASE)
    if match is None:
        raise ValueError("not a time")
    return _seconds(match.group(1), match.group(2))


def has_times(text: str) -> bool:
    """Whether a prompt is a script: it says when things happen ("0-2s: …", "at 3s …")."""
    return bool(_marks(text)) if isinstance(text, str) else False


def timed_statements(text: str) -> list[Timed]:
    """Cut a script into timed statements, in the order they are written.

    Statements end at semicolons, line ends, or the next time. A time stands before its text ("0-2s: nods")
    or after it ("nods at 3s"). Text without a time that follows a timed statement goes on with it; at the
    beginning it holds throughout.

    Raises:
        PromptError: a time without text, or a span that ends before it starts.
    """
    found: list[Timed] = []
    for statement in re.split(r"[;\n]+", text):
        statement = " ".join(statement.split()).strip(_JOINT)
        if not statement:
            continue
        for item in _of_statement(statement):
            if item.start is None and found and found[-1].start is not None:
                last = found[-1]
                found[-1] = Timed(f"{last.text}; {item.text}", last.start, last.end)
            else:
                found.append(item)
    return found


def _of_statement(statement: str) -> list[Timed]:
    marks = _marks(statement)
    if not marks:
        return [Timed(statement, None, None)]
    cuts = [0, *(edge for mark in marks for edge in mark.span()), len(statement)]
    texts = [statement[a:b] for a, b in zip(cuts[::2], cuts[1::2], strict=True)]  # around the marks
    texts = [_unlinked(text) for text in texts]
    after = not texts[-1] and bool(texts[0])  # "nods at 3s"
    lead = [] if after or not texts[0] else [Timed(texts[0], None, None)]
    chosen = texts[:-1] if after else texts[1:]
    return lead + [_timed(mark, text) for mark, text in zip(marks, chosen, strict=True)]


def _unlinked(text: str) -> str:
    """A text without the "and", "then" and commas that joined it to its neighbours."""
    text = text.rstrip(_JOINT)
    while (word := text.rpartition(" ")[2].lower().strip(_JOINT)) in ("and", "then"):
        text = text[: len(text) - len(word)].rstrip(_JOINT)
    return _LINK_AFTER.sub("", text).strip(_JOINT)


def _marks(text: str) -> list[re.Match[str]]:
    """Times in a text; numbers alone are no times ("nods 2-3 times")."""
    return [mark for mark in _MARK.finditer(text) if _is_time(mark)]


def _is_time(mark: re.Match[str]) -> bool:
    part = mark.groupdict()
    clock = any(part[name] and ":" in part[name] for name in ("start", "end", "point"))
    unit = bool(part["unit1"] or part["unit2"] or part["unit3"])
    sure = clock or unit or bool(part["colon"])
    if part["start"]:
        return sure or bool(part["close"])
    return sure and bool(part["at"] or part["colon"] or part["close"])


def _timed(mark: re.Match[str], text: str) -> Timed:
    part = mark.groupdict()
    said = mark.group(0).strip()
    if not text:
        raise input_error(PromptError, "a time has no text", said, 'write for example "0-2s: nods"')
    if part["start"] is None:
        return Timed(text, _seconds(part["point"], part["unit3"]), None)
    end_unit = part["unit2"] or (None if part["end"] and ":" in part["end"] else part["unit1"])
    start = _seconds(part["start"], part["unit1"] or (None if part["end"] is None else part["unit2"]))
    end = math.inf if part["end"] is None else _seconds(part["end"], end_unit)
    if end <= start:
        raise input_error(
            PromptError, "a time span must end after it starts", said, 'write for example "0-2s: nods"'
        )
    return Timed(text, start, end)


def _seconds(number: str, unit: str | None) -> float:
    """ "1:30" or "90" with an optional unit, in seconds."""
    total = 0.0
    for part in number.replace(",", ".").split(":"):
        total = total * 60.0 + float(part)
    kind = (unit or "s").lower().rstrip(".")
    if ":" in number:
        return total
    return total * (60.0 if kind.startswith("m") and kind != "ms" else 0.001 if kind == "ms" else 1.0)
