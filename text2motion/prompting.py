"""What a window of a long clip is told: the clauses near it, how strong they are, and what is given of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flame.easing import smoothstep
from text2motion.corpus.actions import SUSTAIN
from text2motion.liveliness import UNASKED
from text2motion.planning import PlannedClause

#: Range of intensities that scenes for training are performed at; beyond it, motion is scaled.
INTENSITY_LEARNT = (0.6, 1.4)
DEFAULT_STEPS = 10
MEMORY_SECONDS = 2.0  # how long a clause that has let go is still told
_HORIZON_SECONDS = 3.0  # how far times reach out of a window: the networks never saw more
_CHANGE_SECONDS = 0.4  # over which the strength goes from one clause's to the next one's


@dataclass(frozen=True)
class Given:
    """What is fixed of a clip, as features at the network's rate.

    Attributes:
        features: (K, D); frames from K on are free.
        frames: (K,) True where the whole frame is fixed.
        columns: (D,) True where a column is fixed in all K frames; None for none.
        clock_seconds: time of the first frame on the network's clock: 0 starts from rest, several seconds
            mean a clip that begins in the middle of things.
    """

    features: np.ndarray
    frames: np.ndarray
    columns: np.ndarray | None = None
    clock_seconds: float = 0.0


@dataclass(frozen=True)
class Prompt:
    """A plan with the strength of each clause; times are on the network's clock.

    Attributes:
        planned: clauses with their times (before the clock is added).
        strengths: one per clause, 0 to 2.
        guidance: 1 follows the text as learnt.
        clock_seconds: added to all times.
    """

    planned: tuple[PlannedClause, ...]
    strengths: tuple[float, ...]
    guidance: float = 1.0
    clock_seconds: float = 0.0

    def near(self, first: float, last: float) -> list[PlannedClause]:
        """Clauses that matter between two times of the clock, with times cut to what was learnt.

        A state held or kept going for minutes looks, from inside a window, like one begun a few seconds
        before it and let go a few seconds after.
        """
        found = []
        for item in self.planned:
            start, settle, release = (
                time + self.clock_seconds for time in (item.start, item.settle, item.release)
            )
            if release < first - MEMORY_SECONDS or start > last:
                continue
            entry = item.clause.entry
            if entry is not None and entry.kind == SUSTAIN:  # its beat runs from its start
                settle = min(settle, last + _HORIZON_SECONDS)
            elif settle < first - _HORIZON_SECONDS:  # begun and done long ago, and held since
                start += first - _HORIZON_SECONDS - settle
                settle = first - _HORIZON_SECONDS
            release = min(release, last + _HORIZON_SECONDS)
            settle = max(settle, start + 0.04)
            found.append(replace(item, start=start, settle=settle, release=max(release, settle)))
        return found

    def strength_at(self, times: np.ndarray) -> np.ndarray:
        """(T,) strength in force at times of the clock: that of the clause begun last, changed smoothly."""
        asked = [i for i, item in enumerate(self.planned) if item.clause.group != UNASKED]
        if not asked:
            return np.ones(len(times))
        order = sorted(asked, key=lambda i: self.planned[i].start)
        curve = np.full(len(times), self.strengths[order[0]])
        for index in order[1:]:
            start = self.planned[index].start + self.clock_seconds
            ramp = smoothstep(times, start - 0.5 * _CHANGE_SECONDS, start + 0.5 * _CHANGE_SECONDS)
            curve += ramp * (self.strengths[index] - curve)
        return curve


def blend_of(strength: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The few intensities to evaluate a window at, and each one's share of every frame.

    Args:
        strength: (T,) wanted at each frame.

    Returns:
        ``(intensity, (T, 1) float32 shares)``; shares of a frame add up to 1. One entry where the strength
        does not change.
    """
    clipped = np.clip(strength, *INTENSITY_LEARNT)
    low, high = float(clipped.min()), float(clipped.max())
    if high - low < 1e-6:
        return [(low, np.ones((len(clipped), 1), np.float32))]
    share = ((clipped - low) / (high - low)).astype(np.float32)[:, None]
    return [(low, 1.0 - share), (high, share)]
