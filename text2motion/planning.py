"""When each clause of a prompt happens: ordered groups of clauses become spans in seconds.

The plan is what keeps two separately trained models in step: MotionDM and EmotionDM get the same spans, so
"turns, then smiles" smiles after the turn. The corpus is performed on plans of this same planner.
"""

from __future__ import annotations

from dataclasses import dataclass

from text2motion.corpus.actions import CYCLE, SUSTAIN, Action
from text2motion.corpus.vocabulary import ACTION_BY_NAME

MOTION_ROLE, EMOTION_ROLE = 0, 1
_SPEED_FACTOR = {-1: 2.0, 0: 1.0, 1: 0.55}
_LEAD_SECONDS = 0.25
_GAP_SECONDS = 0.12
_TAIL_SECONDS = 0.25
_LONGEST_PAUSE = 1.2  # a hold between two actions; longer clips hold their last pose instead
_STAGGER_SECONDS = 0.08
_UNKNOWN_SECONDS = 0.8


@dataclass(frozen=True)
class Clause:
    """One action of a prompt as the splitter hands it on.

    ``group`` orders clauses in time (equal numbers happen together). ``action`` is a vocabulary name or None.
    ``speed`` is -1 slow, 0, 1 fast; ``size`` is -1 slight, 0, 1 strong; ``count`` is 0 when the prompt does
    not say. ``span`` is (start, end)
    seconds where the prompt gives times, ``hold_seconds`` where it gives a length.
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

    @property
    def entry(self) -> Action | None:
        """The vocabulary entry of the action, or None for words the vocabulary does not know."""
        return None if self.action is None else ACTION_BY_NAME[self.action]

    def resolved_count(self) -> int:
        """Repetitions to plan for: what the prompt says, else what is usual for the action."""
        if self.count:
            return self.count
        entry = self.entry
        return entry.counts[len(entry.counts) // 2] if entry is not None and entry.kind == CYCLE else 1

    def natural_seconds(self) -> float:
        """How long the active part takes when nothing presses."""
        entry = self.entry
        base = _UNKNOWN_SECONDS if entry is None else entry.seconds
        if entry is not None and entry.kind == CYCLE:
            base *= self.resolved_count()
        seconds = base * _SPEED_FACTOR[self.speed]
        return max(seconds, self.hold_seconds or 0.0) if self._fills_its_time() else seconds

    def _fills_its_time(self) -> bool:
        entry = self.entry
        return entry is not None and entry.kind == SUSTAIN


@dataclass(frozen=True)
class PlannedClause:
    """A clause with its times in seconds: active in [start, settle], held until release."""

    clause: Clause
    start: float
    settle: float
    release: float


def plan(clauses: list[Clause], *, seconds: float) -> list[PlannedClause]:
    """Lay out clauses over a clip of ``seconds``; the input order is kept.

    Actions take their natural time where the clip is long enough, and are compressed together where it is
    not. Spare time becomes holds. Every returned time lies in [0, seconds] but ``release``, which is
    ``seconds + 1`` for what is held to the end.
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
        settle = min(start + max(0.08, min(clause.natural_seconds(), active)), max(seconds, start + 0.04))
        entry = clause.entry
        release = seconds + 1.0
        if entry is not None and entry.kind == CYCLE:
            release = settle
        elif entry is not None and entry.kind == SUSTAIN:
            settle = max(settle, end)
            release = settle if clause.group != last_group or clause.hold_seconds else release
        elif clause.hold_seconds:
            release = settle + clause.hold_seconds
        planned.append(PlannedClause(clause, start, settle, release))
    return [_with_release(item, planned) for item in planned]


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


def _slots(clauses: list[Clause], seconds: float) -> dict[int, tuple[float, float, float]]:
    """(begin, active seconds, end) of every group, by group number."""
    groups = sorted({clause.group for clause in clauses})
    spans = {clause.group: clause.span for clause in clauses if clause.span is not None}
    natural = {group: max(c.natural_seconds() for c in clauses if c.group == group) for group in groups}
    holds = {group: max(c.hold_seconds or 0.0 for c in clauses if c.group == group) for group in groups}
    free = [group for group in groups if group not in spans]
    slots = {
        group: (span[0], min(natural[group], max(span[1] - span[0], 0.1)), min(span[1], seconds))
        for group, span in spans.items()
    }
    cursor = max([end for _, _, end in slots.values()], default=0.0)
    room = max(seconds - cursor, 0.2)
    lead = min(_LEAD_SECONDS, 0.08 * room)
    wanted = sum(max(natural[g], holds[g]) for g in free)
    gap = min(_GAP_SECONDS, 0.3 * room / max(len(free), 1))
    fixed = lead + gap * max(len(free) - 1, 0) + min(_TAIL_SECONDS, 0.08 * room)
    scale = min(1.0, max(room - fixed, 0.1) / wanted) if wanted else 1.0
    pause = min(_LONGEST_PAUSE, max(room - fixed - wanted, 0.0) / max(len(free), 1))
    at = cursor + lead
    for group in free:
        length = max(natural[group], holds[group]) * scale
        end = at + length + pause
        slots[group] = (at, natural[group] * scale, min(end, seconds))
        at = end + gap
    return slots
