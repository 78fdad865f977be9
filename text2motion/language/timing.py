"""When: time spans, moments, pauses and lengths said in words become marks inside the text.

A mark stands in the text as ``⟦d1·5⟧`` (d: a pause before, a: seconds from the start, w: share of the clip), so that
it travels with its fragment through all the cutting; :func:`take_marks` reads it off.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from flame.errors import PromptError, input_error
from text2motion.language.lexicon import BRIEF, NUMBER, NUMBERS, SECONDS

BRIEF_SECONDS = 0.45
_VAGUE = {
    "moment": 0.8,
    "while": 2.0,
    "beat": 0.7,
    "instant": 0.3,
    "pause": 0.8,
    "bit": 1.0,
    "heartbeat": 0.5,
}
_SPAN = re.compile(
    r"(?:\b(?:from|between)\s+)?(?:t\s*=\s*)?(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)?\s*(?:-|to|until|and)\s*"
    r"(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)\b\s*[:,]?"
)
_MOMENTS: tuple[tuple[re.Pattern[str], str, float | None], ...] = tuple(
    (re.compile(pattern), kind, value)
    for pattern, kind, value in (
        (rf"(?<!after )(?<!for )(?<!following )\b(?:at|around|about|@)\s*(?:the )?t?=?\s*({NUMBER})[- ]?(?:s"
         rf"|secs?|seconds?)\b(?: mark)?,?", "a", None),
        (r"(?:^|(?<=[\s,;]))(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)\s*:", "a", None),
        (rf"\b({NUMBER}) {SECONDS} (?:in|into the (?:clip|video))\b,?", "a", None),
        (
            rf"\b(?:after|following) (?:about |around |another |roughly )?({NUMBER}) (?:long |short )?{SECONDS},?",
            "d",
            None,
        ),
        (rf"\b({NUMBER}) {SECONDS} later\b,?", "d", None),
        (rf"\b(?:and )?(?:pauses?|waits?|pausing|waiting|stays still|holds still|freezes|freezing|stopping"
         rf"|pause|wait)"
         rf"(?: for)?(?: about)? ({NUMBER}) {SECONDS},?", "d", None),
        (rf"\b(?:a )?({NUMBER})[- ]seconds? (?:pause|beat|wait|gap)\b,?", "d", None),
        (r"\b(?:after|following) a (?:brief |short |little |long )?(?:pause|moment|beat|while|bit|second or "
         r"so)\b,?"
         r"|\ba (?:moment|beat|bit|while) later\b,?|\b(?:she |he |they )?pauses?(?: briefly| for a (?:moment"
         r"|beat))?\b,?"
         r"|\bafter pausing\b,?|\bwaits (?:a|for a) (?:moment|beat|bit)\b|\bbeat\b(?=\s*[,.;]|$)", "d", 0.8),
        (r"\b(?:about )?(?:half-?way|midway)(?: (?:through|in|into)(?: the (?:clip|video|shot))?)?\b(?=.*|,)"
         r"(?! (?:closed|open|shut|to|up|down|left|right|across|down))|\bin the middle(?: of the (?:clip"
         r"|video))?\b(?!\w)", "w", 0.5),
        (r"\b(?:at|towards?|near|by) the (?:very )?end(?: of the (?:clip|video|shot))?\b,?", "w", 0.72),
        (r"\b(?:at|in) the (?:very )?(?:start|beginning)(?: of the (?:clip|video|shot))?\b,?|\bto start "
         r"with\b,?|\bat first\b,?",
         "w", 0.0),
    )
)  # fmt: skip
_MARK = re.compile(r"⟦([daw])([-\d·]+)⟧")
_LENGTH = re.compile(
    rf"\bfor (?:about |around |roughly |at least |a good |a full |another |nearly |the (?:first|last|next) "
    rf")?({NUMBER})"
    r"(?: whole| full| long| entire)?[- ](?:s|secs?|seconds?)\b|\bfor (\d+(?:\.\d+)?)s\b|\b(?:lasting|lasts) "
    rf"({NUMBER}) seconds?\b|\b({NUMBER})[- ]second(?:s)?(?:[- ]long)?\b(?! (?:time|pause))"
)
_VAGUE_LENGTH = re.compile(r"\bfor a (?:long |good |little |short )?(while|bit)\b|\bfor (?:a )?long time\b")


@dataclass(frozen=True)
class Marks:
    """Times read off a fragment: pause before, start in seconds, start as a share; None or 0 where not said."""

    delay: float = 0.0
    at: float | None = None
    where: float | None = None

    def __bool__(self) -> bool:
        return bool(self.delay) or self.at is not None or self.where is not None


def number(word: str) -> float:
    """2 of "two", 0.5 of "half a", 1.5 of "1.5"."""
    word = word.strip().replace("·", ".")
    if word in NUMBERS:
        return float(NUMBERS[word])
    if word in ("half an", "a couple"):
        return 0.5 if word == "half an" else 2.0
    return float(word)


def timed_parts(text: str) -> list[tuple[tuple[float, float] | None, str]]:
    """Cut at time spans, "0-2s: nods" or "nods from 0 to 2 seconds": [(span or None, text)].

    Raises:
        PromptError: a span ends before it starts.
    """
    marks = list(_SPAN.finditer(text))
    if not marks:
        return [(None, text)]
    for mark in marks:
        if float(mark.group(2)) <= float(mark.group(1)):
            raise input_error(
                PromptError,
                "a time span must end after it starts",
                mark.group(0).strip(" ,:"),
                'write for example "0-2s: nods"',
            )
    spans = [(float(mark.group(1)), float(mark.group(2))) for mark in marks]
    edges = [0] + [mark.end() for mark in marks]
    before = [text[edges[i] : mark.start()] for i, mark in enumerate(marks)]
    rest = text[marks[-1].end() :]
    follows = not rest.strip(" ,.;") and before[0].strip(" ,.;")
    parts: list[tuple[tuple[float, float] | None, str]] = []
    if follows:
        return [(span, piece) for span, piece in zip(spans, before, strict=True)]
    if before[0].strip(" ,;"):
        parts.append((None, before[0]))
    return parts + [(span, piece) for span, piece in zip(spans, [*before[1:], rest], strict=True)]


def with_marks(text: str) -> str:
    """Moments and pauses said in words become marks."""
    text = re.sub(r"⟦l(\w+)⟧", lambda m: f" ⟦a-{number(m.group(1)):.2f}⟧ ".replace(".", "·"), text)
    for pattern, kind, value in _MOMENTS:
        text = pattern.sub(functools.partial(_mark, kind=kind, value=value), text)
    return text


def _mark(match: re.Match[str], kind: str, value: float | None) -> str:
    if value is None:
        said = next(group for group in match.groups() if group)
        value = number(said)
        if re.search(r"moment|beat", match.group(0)):
            value *= 0.8
    written = f"{value:.2f}".replace(".", "·")
    return f" ⟦{kind}{written}⟧ "


def take_marks(text: str) -> tuple[str, Marks]:
    """The text without its marks, and what they said."""
    found = {kind: float(value.replace("·", ".")) for kind, value in _MARK.findall(text)}
    plain = " ".join(_MARK.sub(" ", text).split())
    return plain, Marks(found.get("d", 0.0), found.get("a"), found.get("w"))


def take_length(text: str) -> tuple[str, float | None]:
    """The text without "for two seconds", "briefly", and the seconds that said."""
    said = _LENGTH.search(text)
    if said is not None:
        word = next(group for group in said.groups() if group)
        return " ".join(_LENGTH.sub(" ", text).split()), number(word)
    vague = _VAGUE_LENGTH.search(text)
    if vague is not None:
        return " ".join(_VAGUE_LENGTH.sub(" ", text).split()), _VAGUE.get(vague.group(1) or "", 2.5)
    if BRIEF.search(text):
        return text, BRIEF_SECONDS
    return text, None
