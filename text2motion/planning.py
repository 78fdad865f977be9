"""When each clause of a prompt happens: ordered groups of clauses become spans in seconds.

The plan is what keeps two separately trained models in step: MotionDM and EmotionDM get the same spans, so
"turns, then smiles" smiles after the turn. The corpus is performed on plans of this same planner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from text2motion.corpus.actions import CYCLE, SUSTAIN, Action
from text2motion.corpus.vocabulary import ACTION_BY_NAME

MOTION_ROLE, EMOTION_ROLE = 0, 1
_SPEED_FACTOR = {-1: 2.0, 0: 1.0, 1: 0.6}  # of repeated movements
_LEAD_SECONDS = 0.25
_GAP_SECONDS = 0.12
_TAIL_SECONDS = 0.25
_LONGEST_PAUSE = 1.2  # a hold between two actions; longer clips hold their last pose instead
_STAGGER_SECONDS = 0.08
_UNKNOWN_SECONDS = 0.8
_CYCLES_AT_A_TIME = 6  # what keeps going is planned in stretches of at most so many repetitions
_FLUTTER_COUNT = 4  # "blinks rapidly" is more than once
_HURRIED = 0.75  # of its natural time: below it what is not counted is done fewer times instead
_CROWDED = 0.6  # of its natural time: below it the user is told


@dataclass(frozen=True)
class Clause:
    """One action of a prompt as the splitter hands it on.

    Attributes:
        text: the clause's own words.
        role: MOTION_ROLE or EMOTION_ROLE.
        group: orders clauses in time; equal numbers happen together.
        action: a vocabulary name, or None for words the vocabulary does not know.
        speed: -1 slow, 0, 1 fast.
        count: repetitions, 0 when the prompt does not say.
        span: (start, end) seconds where the prompt gives times.
        hold_seconds: how long it lasts where the prompt gives a length.
        size: -1 slight, 0, 1 strong.
        delay: seconds of pause before its group.
        at: start in seconds where the prompt gives it.
        where: start as a share of the clip, "halfway through" is 0.5.
        fills: keeps going as long as there is time ("keeps nodding").
    """

    text: str
    role: int
    group: int = 0
    action: str | None = None
    speed: int = 0
    count: int = 0
    span: tuple[float, float] | None = None
    hold_seconds: float | None = None
    size: int = 0
    delay: float = 0.0
    at: float | None = None
    where: float | None = None
    fills: bool = False

    @property
    def entry(self) -> Action | None:
        """The vocabulary entry of the action, or None for words the vocabulary does not know."""
        return None if self.action is None else ACTION_BY_NAME[self.action]

    def resolved_count(self) -> int:
        """Repetitions to plan for: what the prompt says, else what is usual for the action."""
        if self.count:
            return self.count
        entry = self.entry
        if entry is None or entry.kind != CYCLE:
            return 1
        if entry.name == "blink" and self.speed > 0:
            return _FLUTTER_COUNT
        return entry.counts[len(entry.counts) // 2]

    @property
    def repeats(self) -> bool:
        """Whether the action comes and goes by itself: a nod always, raised brows where they are counted."""
        entry = self.entry
        return entry is not None and entry.repeats(self.count)

    def natural_seconds(self) -> float:
        """How long the active part takes when nothing presses.

        A slow rise is given time to look slow: of a minimum-jerk curve one sees only the middle half.
        """
        entry = self.entry
        if entry is None:
            return _UNKNOWN_SECONDS * _SPEED_FACTOR[self.speed]
        base = entry.active_seconds(self.resolved_count())
        if self.repeats:
            return base * _SPEED_FACTOR[self.speed]
        if entry.kind == SUSTAIN:
            return max(base, self.hold_seconds or 0.0)
        return {-1: max(2.2 * base, 1.6), 0: base, 1: max(0.5 * base, 0.16)}[self.speed]

    def whole_seconds(self) -> float:
        """The active part and, where the prompt gives one, the time it is held."""
        held = self.hold_seconds or 0.0
        lasts = self.entry is not None and self.entry.kind == SUSTAIN
        return max(self.natural_seconds(), held) if lasts or self.repeats else self.natural_seconds() + held


@dataclass(frozen=True)
class PlannedClause:
    """A clause with its times in seconds: active in [start, settle], held until release."""

    clause: Clause
    start: float
    settle: float
    release: float


def plan(clauses: list[Clause], *, seconds: float) -> list[PlannedClause]:
    """Lay out clauses over a clip of ``seconds``; the input order is kept.

    Actions take their natural time where the clip is long enough, and are compressed together where it is not
    (:func:`crowding` says so); what is not counted is then done fewer times. Spare time becomes holds; what
    "keeps" going fills it, and then stands in the result several times. Every returned time lies in
    [0, seconds] but ``release``, which is ``seconds + 1`` for what is held to the end.
    """
    if not clauses:
        return []
    slots = _slots(clauses, seconds)
    last_group = max(slots)
    planned: list[PlannedClause] = []
    position: dict[int, int] = {}
    for clause in clauses:
        begin, active, end = slots[clause.group]
        nth = position.get(clause.group, 0)
        position[clause.group] = nth + 1
        start = min(begin + _STAGGER_SECONDS * nth, begin + 0.3 * active)
        if clause.fills:
            last = end if clause.hold_seconds is None else min(end, start + clause.hold_seconds)
            planned += _filling(clause, start, max(last, start + 0.08))
            continue
        clause = _fewer(clause, active)
        settle = min(start + max(0.08, min(clause.natural_seconds(), active)), max(seconds, start + 0.04))
        entry = clause.entry
        release = seconds + 1.0
        if clause.repeats:
            release = settle
        elif entry is not None and entry.kind == SUSTAIN:
            settle = max(settle, end)
            release = settle if clause.group != last_group or clause.hold_seconds else release
        elif clause.hold_seconds:
            release = settle + clause.hold_seconds
        planned.append(PlannedClause(clause, start, settle, release))
    return [_with_release(item, planned) for item in planned]


def crowding(clauses: list[Clause], *, seconds: float) -> str | None:
    """One line for the user where the actions get much less than their natural time, else None."""
    free = _free_groups(clauses)
    needed = _LEAD_SECONDS + sum(_needed(clauses, group) for group in free)
    room = seconds - max([c.span[1] for c in clauses if c.span is not None], default=0.0)
    if not free or room >= _CROWDED * needed:
        return None
    return (
        f"the prompt's actions need about {needed:.1f} s and are hurried: {max(room, 0.0):.1f} s; give more "
        "seconds or ask for less"
    )


def _fewer(clause: Clause, active: float) -> Clause:
    """A repeated movement whose count nobody said, with as many repetitions as ``active`` seconds allow."""
    natural = clause.natural_seconds()
    if clause.count or not clause.repeats or active >= _HURRIED * natural:
        return clause
    count = clause.resolved_count()
    fewer = max(1, round(count * active / natural))
    return replace(clause, count=fewer) if fewer < count else clause


def _filling(clause: Clause, start: float, end: float) -> list[PlannedClause]:
    """What keeps going: as many repetitions as fit, in stretches of a few."""
    entry = clause.entry
    period = (_UNKNOWN_SECONDS if entry is None else entry.seconds) * _SPEED_FACTOR[clause.speed]
    total = max(int((end - start) / period + 0.3), 1)
    stretches = math.ceil(total / _CYCLES_AT_A_TIME)
    step = (end - start) / total
    items, done = [], 0
    for index in range(stretches):
        count = total * (index + 1) // stretches - done
        begin, settle = start + done * step, start + (done + count) * step
        items.append(PlannedClause(replace(clause, count=count), begin, settle, settle))
        done += count
    return items


def _with_release(item: PlannedClause, planned: list[PlannedClause]) -> PlannedClause:
    """Let an action go when a later one takes what it holds."""
    entry = item.clause.entry
    if entry is None:
        return item
    starts = [
        other.start
        for other in planned
        if other.clause.group > item.clause.group
        and other.clause.entry is not None
        and other.clause.entry.releases(entry)
    ]
    release = min([item.release, *(max(start, item.start + 0.05) for start in starts)])
    return PlannedClause(item.clause, item.start, min(item.settle, release), release)


def _free_groups(clauses: list[Clause]) -> list[int]:
    """Groups without given spans, in order."""
    spanned = {clause.group for clause in clauses if clause.span is not None}
    return sorted({clause.group for clause in clauses} - spanned)


def _needed(clauses: list[Clause], group: int) -> float:
    """Natural seconds of a group with its holds, pauses and the gap after it."""
    own = [c for c in clauses if c.group == group]
    return max(c.whole_seconds() for c in own) + max(c.delay for c in own) + _GAP_SECONDS


def _slots(clauses: list[Clause], seconds: float) -> dict[int, tuple[float, float, float]]:
    """(begin, active seconds, end) of every group, by group number."""
    slots: dict[int, tuple[float, float, float]] = {}
    for clause in clauses:
        if clause.span is not None:
            begin, end = clause.span
            natural = max(c.natural_seconds() for c in clauses if c.group == clause.group)
            slots[clause.group] = (begin, min(natural, max(end - begin, 0.1)), min(end, seconds))
    cursor = max([end for _, _, end in slots.values()], default=0.0)
    runs = _runs(clauses, _free_groups(clauses), cursor, seconds)
    for index, (begin, run) in enumerate(runs):
        end = runs[index + 1][0] if index + 1 < len(runs) else seconds
        slots.update(_run_slots(clauses, run, begin, max(end, begin + 0.2), seconds))
    return slots


def _runs(
    clauses: list[Clause], free: list[int], cursor: float, seconds: float
) -> list[tuple[float, list[int]]]:
    """Groups in runs that begin at a time the prompt gives ("at 2 s", "halfway"), the first at ``cursor``."""
    runs: list[tuple[float, list[int]]] = [(cursor, [])]
    for group in free:
        own = [c for c in clauses if c.group == group]
        given = [c.at if c.at >= 0 else seconds + c.at for c in own if c.at is not None]
        given += [c.where * seconds for c in own if c.where is not None]
        if given:
            begin = min(max(given[0], runs[-1][0] + (0.3 if runs[-1][1] else 0.0)), max(seconds - 0.3, 0.0))
            runs.append((begin, []))
        runs[-1][1].append(group)
    return [run for run in runs if run[1]]


def _run_slots(
    clauses: list[Clause], run: list[int], begin: float, end: float, seconds: float
) -> dict[int, tuple[float, float, float]]:
    """Slots of consecutive groups between ``begin`` and ``end``."""
    members = {g: [c for c in clauses if c.group == g] for g in run}
    natural = {g: max(c.natural_seconds() for c in members[g]) for g in run}
    wanted = {g: max(c.whole_seconds() for c in members[g]) for g in run}
    delays = {g: max(c.delay for c in members[g]) for g in run}
    room = max(end - begin, 0.2)
    given = any(c.at is not None or c.where is not None for c in members[run[0]])
    lead = 0.0 if given and begin > 0.0 else min(_LEAD_SECONDS, 0.08 * room)
    gap = min(_GAP_SECONDS, 0.3 * room / len(run))
    fixed = lead + gap * (len(run) - 1) + min(_TAIL_SECONDS, 0.08 * room)
    waits = sum(delays.values())
    total = sum(wanted.values())
    patience = min(1.0, max(room - fixed - min(total, 0.6 * room), 0.0) / waits) if waits else 1.0
    left = max(room - fixed - patience * waits, 0.1)
    scale = min(1.0, left / total) if total else 1.0
    fills = [g for g in run if any(c.fills and c.hold_seconds is None for c in members[g])]
    spare = max(left - total, 0.0)
    pause = 0.0 if fills else min(_LONGEST_PAUSE, spare / len(run))
    slots = {}
    at = begin + lead
    for group in run:
        at += patience * delays[group]
        length = wanted[group] * scale + (spare / len(fills) if group in fills else 0.0)
        stop = at + length + pause
        slots[group] = (at, natural[group] * scale, min(stop, seconds))
        at = stop + gap
    return slots
