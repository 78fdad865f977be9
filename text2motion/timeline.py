"""Segments of a script laid out in time: every action of every segment gets its start and its end."""

from __future__ import annotations

import bisect
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flame.errors import PromptError, input_error
from text2motion.corpus.actions import HOLD, MOTION
from text2motion.generation import prompt_warnings
from text2motion.planning import Clause, PlannedClause, plan
from text2motion.prompt import check_prompt, split_prompt
from text2motion.script_text import seconds_of

LONGEST_SECONDS = 3600.0
_KEYS = ("start", "end", "at", "text", "intensity", "hold")
_GAP_SECONDS = 0.3  # a longer pause between segments lets head and gaze go
_AFTER_SECONDS = 0.6  # what follows the last action that took its own time
_LEAST_SECONDS = 0.6
_BETWEEN_SECONDS = 0.15


@dataclass(frozen=True)
class Segment:
    """One line of a script.

    Attributes:
        text: what happens.
        start: seconds; None holds throughout the clip.
        end: seconds; None where the actions take the time they need, infinite lasts to the end.
        intensity: strength of its actions, 0 to 2.
        hold: see ``text2motion.script``; None is the rule for its kind of action.
    """

    text: str
    start: float | None
    end: float | None = None
    intensity: float = 1.0
    hold: bool | None = None


@dataclass(frozen=True)
class Timeline:
    """What the models are told of a script.

    Attributes:
        planned: all clauses, by start.
        strengths: of each clause.
        seconds: length of the clip.
        warnings: one line each.
    """

    planned: tuple[PlannedClause, ...]
    strengths: tuple[float, ...]
    seconds: float
    warnings: tuple[str, ...]


def checked_segment(given: dict[str, Any], number: int) -> Segment:
    """A segment from a mapping of the keys ``start, end, at, text, intensity, hold``.

    Raises:
        PromptError: something in it cannot be used; the message says which segment.
    """
    name = f"segment {number}"
    for key in given:
        if key not in _KEYS:
            close = difflib.get_close_matches(key[:40], _KEYS, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(_KEYS)}"
            raise input_error(PromptError, f"{name}: unknown key", key, hint)
    text = given.get("text")
    try:
        check_prompt(text)
    except PromptError as error:
        raise PromptError(f"{name}: {error}") from error
    start, end, at = (_time(given.get(key), key, name) for key in ("start", "end", "at"))
    if at is not None:
        if start is not None or end is not None:
            raise input_error(
                PromptError, f"{name}: at stands for start and end", at, "give one or the other"
            )
        start = at
    elif start is None and end is not None:
        start = 0.0
    elif start is not None and end is None:
        raise input_error(PromptError, f"{name}: end is missing", f"start {start:g}", "give end, or at alone")
    if start is not None and end is not None and end <= start:
        raise input_error(
            PromptError, f"{name}: end must be after start", f"{start:g} to {end:g}", "correct it"
        )
    intensity = given.get("intensity", 1.0)
    number_like = isinstance(intensity, (int, float)) and not isinstance(intensity, bool)
    if not (number_like and 0.0 <= intensity <= 2.0):
        raise input_error(PromptError, f"{name}: intensity must be between 0 and 2", intensity, "correct it")
    hold = given.get("hold")
    if hold is not None and not isinstance(hold, bool):
        raise input_error(PromptError, f"{name}: hold must be true or false", hold, "correct it")
    return Segment(str(text), start, end, float(intensity), hold)


def _time(given: Any, key: str, name: str) -> float | None:
    if given is None or (key == "end" and given == math.inf):
        return given
    if key == "end" and isinstance(given, str) and given.strip().lower() == "end":
        return math.inf
    try:
        seconds = seconds_of(given)
    except ValueError:
        seconds = math.nan
    if not 0.0 <= seconds <= LONGEST_SECONDS:
        raise input_error(
            PromptError,
            f"{name}: {key} must be a time from 0 to {LONGEST_SECONDS:g} seconds",
            given,
            'give seconds such as 2.5, or "1:30"',
        )
    return seconds


def lay_out(segments: Sequence[Segment], *, length: float | None = None) -> Timeline:
    """Plan all segments on one time line.

    Args:
        segments: in any order.
        length: seconds of the clip; None ends it with the last segment.
    """
    warnings: list[str] = []
    split = [split_prompt(segment.text) for segment in segments]
    ends = [_end_of(segment, list(said.clauses)) for segment, said in zip(segments, split, strict=True)]
    finite = [end for end in ends if math.isfinite(end)]
    begun = [segment.start + 2.0 for segment in segments if segment.start is not None]
    seconds = length or max([*finite, *(begun if not finite else [])], default=3.0)
    order = sorted(range(len(segments)), key=lambda index: (segments[index].start or 0.0, index))
    spans = sorted((s.start or 0.0, min(e, seconds)) for s, e in zip(segments, ends, strict=True))
    placed: list[tuple[PlannedClause, float, float]] = []  # clause, strength, start of its segment
    for index in order:
        segment, start, end = segments[index], segments[index].start or 0.0, min(ends[index], seconds)
        if start >= seconds or end - start < 0.04:
            warnings.append(
                f"segment {index + 1} begins at {start:g} s, after the end at {seconds:g} s: left out"
            )
            continue
        notes = prompt_warnings(split[index], seconds=end - start)
        warnings += [f"segment {index + 1}: {note}" for note in notes]
        pose_end = _end_of_run(end, spans, start)
        for item in plan(list(split[index].clauses), seconds=end - start):
            last = item.release > end - start  # held to the end of the segment, or beyond
            kept = _kept_until(item.clause, segment.hold, end, pose_end, seconds)
            release = kept if last else item.release + start
            settle = min(item.settle + start, release)
            placed.append(
                (PlannedClause(item.clause, item.start + start, settle, release), segment.intensity, start)
            )
    released = [(_released(number, placed), entry[1]) for number, entry in enumerate(placed)]
    released.sort(key=lambda pair: pair[0].start)
    return Timeline(
        tuple(item for item, _ in released), tuple(s for _, s in released), float(seconds), tuple(warnings)
    )


def _end_of(segment: Segment, clauses: list[Clause]) -> float:
    """When a segment ends; one without an end takes the time of its actions."""
    if segment.start is None:
        return math.inf
    if segment.end is not None:
        return segment.end
    groups = sorted({clause.group for clause in clauses})
    needed = sum(max(c.natural_seconds() for c in clauses if c.group == group) for group in groups)
    return segment.start + max(needed + _BETWEEN_SECONDS * (len(groups) - 1), _LEAST_SECONDS) + _AFTER_SECONDS


def _end_of_run(end: float, spans: list[tuple[float, float]], start: float) -> float:
    """Until when segments follow each other without a gap, beginning with one from ``start`` to ``end``."""
    for begin, stop in spans[bisect.bisect_left(spans, (start, 0.0)) :]:
        if begin > end + _GAP_SECONDS:
            break
        end = max(end, stop)
    return end


def _kept_until(clause: Clause, hold: bool | None, end: float, pose_end: float, seconds: float) -> float:
    """When an action that a segment leaves standing lets go, if nothing takes it before."""
    entry = clause.entry
    if hold is True:
        return seconds + 1.0
    pose = entry is not None and entry.domain == MOTION and entry.kind == HOLD
    until = pose_end if pose and hold is None else end
    return seconds + 1.0 if until >= seconds else until


def _released(index: int, placed: list[tuple[PlannedClause, float, float]]) -> PlannedClause:
    """Let an action go when one of a later segment takes what it holds; ``placed`` is by segment start."""
    item, _, start = placed[index]
    entry, release = item.clause.entry, item.release
    for other, _, begun in placed[index + 1 :]:
        if begun >= release:
            break
        taker = other.clause.entry
        if begun > start and entry is not None and taker is not None and taker.releases(entry):
            release = min(release, max(other.start, item.start + 0.05))
    return replace(item, settle=min(item.settle, release), release=release)
