"""Blinks that nobody asks for.

They are rare and come when they will, and a network that learns to be right on average leaves most of them
out. So they are drawn from the same law as the corpus' own, and asked for like any other action.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from text2motion.corpus.actions import CYCLE, HOLD
from text2motion.planning import EMOTION_ROLE, Clause, PlannedClause

#: The group of clauses that nobody asked for: guidance and intensity leave them as they are.
UNASKED = -1
_TEXT = "blinks once"
_QUIET_SECONDS = 0.45  # no blink so close to lids that act
_COUNTED_SECONDS = 60.0  # nor so close to blinks that somebody may count
_LARGE_SHIFT_DEGREES = 14.0  # turns of head and gaze from which on people mostly blink (Evinger et al. 1994)
_SEED = 0xB114


def with_blinks(planned: Sequence[PlannedClause], *, seconds: float, seed: int) -> list[PlannedClause]:
    """A plan for the face with spontaneous blinks among its clauses.

    About one in 3.3 seconds (a gamma law), most large turns of head or gaze with one; none near lids that
    act, nor in a minute around blinks asked for. A longer clip has the same blinks at its beginning.

    Args:
        planned: what the prompt asks for.
        seconds: length of the clip.
        seed: same seed, same blinks.

    Returns:
        The given clauses, in their order, then the blinks.
    """
    busy = []
    for item in planned:
        entry = item.clause.entry
        if entry is not None and entry.axis == "lids":
            counted = entry.kind == CYCLE or item.clause.resolved_count() > 1
            margin = _COUNTED_SECONDS if counted else _QUIET_SECONDS
            busy.append((item.start - margin, item.release + margin))
    generator = np.random.default_rng([_SEED, seed])
    starts = []
    at = float(generator.uniform(0.5, 3.0))
    while at < seconds - 0.2:
        starts.append(at)
        at += max(0.8, float(generator.gamma(3.0, 1.1)))
    shifts = np.random.default_rng([_SEED, seed, 1])
    for item in planned:
        with_it, when = shifts.random(), shifts.uniform(-0.04, 0.08)
        if _shift_degrees(item) > _LARGE_SHIFT_DEGREES and with_it < 0.75:
            starts.append(item.start + float(when))
    blinks: list[PlannedClause] = []
    for start in sorted(starts):
        near = blinks and start - blinks[-1].start < 0.5
        if near or start < 0.05 or any(begin < start < end for begin, end in busy):
            continue
        length = float(np.random.default_rng([_SEED, seed, round(start * 1000)]).uniform(0.24, 0.34))
        clause = Clause(_TEXT, EMOTION_ROLE, UNASKED, "blink", count=1)
        blinks.append(PlannedClause(clause, start, start + length, start + length))
    return [*planned, *blinks]


def _shift_degrees(item: PlannedClause) -> float:
    """How far a clause turns head and gaze together."""
    entry = item.clause.entry
    if entry is None or entry.kind != HOLD:
        return 0.0
    targets = entry.targets
    aside = abs(targets.get("yaw", 0.0) + targets.get("gaze_yaw", 0.0))
    return max(aside, abs(targets.get("pitch", 0.0) + targets.get("gaze_pitch", 0.0)))
