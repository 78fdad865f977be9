"""Heads that do not nod when they blink.

When eyes shut, MediaPipe lets the upper outline of the face sink (by 2 % of the distance of the eyes in real clips, 1
to 4 % on rendered actors, while nose and lips stay where they are), and a fit answers by turning the head and moving it
away: by half a degree to a degree and 10 to 20 mm on actors whose head stands still, by 0.7 to 1.3 degrees of pitch in
real clips. Trusting the outline less behind shut lids does not help, the pull is spread over the whole mesh. But it is
the same in every blink of a face, so its size is found by regression of the head's quick movement on the lids' and
taken away. Heads that really move when they blink do so differently every time, which the regression takes for noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flame.fitting.track_smoothing import low_passed
from flame.sequence import FlameSequence

__all__ = ["BlinkPull", "unpulled"]

_SLOW_HZ = 1.0  # blinks are faster than this
_LIKELY = np.array([0.015] * 6 + [0.004, 0.004, 0.015])
"""Standard deviation of the pull of shut lids: turns in radians, the way in metres."""
_MOST = 2.0  # times that: a head that goes farther with its blinks nods
_RELATED_FRAMES = 4.0  # neighbouring frames err alike: so many count as one
_QUICK = 0.1  # what a head does faster than this (radians a second) says little about its blinks
_MEMORY_SECONDS = 60.0


def _channels(motion: FlameSequence) -> np.ndarray:
    """(T, 9) what the pull acts on."""
    return np.concatenate([motion.rotation, motion.neck, motion.translation], axis=1).astype(np.float64)


def _less(motion: FlameSequence, pull: np.ndarray, lids: np.ndarray) -> FlameSequence:
    """The motion without ``pull`` (9,) times ``lids`` (T,)."""
    values = _channels(motion) - lids[:, None] * pull
    return motion.replace(rotation=values[:, :3], neck=values[:, 3:6], translation=values[:, 6:])


def _pull(lids: np.ndarray, both: np.ndarray, own: np.ndarray, weight: float) -> np.ndarray:
    """(9,) the likely pull.

    Args:
        lids: weighted sum of the lids' squares. both: (9,) of their products with the head's channels. own: (9,) of
            the channels' squares. weight: of the weights.
    """
    least = both / max(float(lids), 1e-9)
    noise = np.maximum(own - least * both, 1e-12) / max(weight, 1e-9) * _RELATED_FRAMES
    return np.clip(both / (lids + noise / _LIKELY**2), -_MOST * _LIKELY, _MOST * _LIKELY)


def unpulled(motion: FlameSequence) -> FlameSequence:
    """A tracked motion without what its own blinks did to its head.

    Args:
        motion: T frames, absolute, gaps bridged, not smoothed; eyelids 1 where shut.
    """
    if len(motion) < 5:
        return motion
    values, lids = _channels(motion), motion.eyelids.astype(np.float64).mean(axis=1)
    slow = low_passed(np.column_stack([values, lids]), _SLOW_HZ, motion.fps)
    quick, shut = values - slow[:, :9], lids - slow[:, 9]
    speed = np.linalg.norm(np.gradient(slow[:, :6], axis=0), axis=1) * motion.fps
    weights = 1.0 / (1.0 + (speed / _QUICK) ** 2)
    pull = _pull(
        (weights * shut**2).sum(),
        (weights * shut) @ quick,
        weights @ quick**2,
        float(weights.sum()),
    )
    return _less(motion, pull, lids)


@dataclass
class BlinkPull:
    """The same while frames come: the pull is learnt from the last minute."""

    _slow: np.ndarray | None = None
    _before: np.ndarray | None = None
    _sums: np.ndarray = field(default_factory=lambda: np.zeros(20))

    def __call__(self, pose: FlameSequence, step_seconds: float) -> FlameSequence:
        """One frame, relative or absolute, without the pull."""
        lid = float(pose.eyelids.mean())
        now = np.append(_channels(pose)[0], lid)
        if self._slow is None:
            self._slow = self._before = now
        assert self._before is not None
        step = max(step_seconds, 1e-4)
        before = self._slow
        self._slow = before + (1.0 - np.exp(-2.0 * np.pi * _SLOW_HZ / 2.0 * step)) * (now - before)
        speed = float(np.linalg.norm(self._slow[:6] - before[:6])) / step
        quick = now - self._slow
        weight = 1.0 / (1.0 + (speed / _QUICK) ** 2)
        new = np.concatenate([[quick[9] ** 2], quick[9] * quick[:9], quick[:9] ** 2, [1.0]])
        self._sums = self._sums * np.exp(-step / _MEMORY_SECONDS) + weight * new
        pull = _pull(self._sums[0], self._sums[1:10], self._sums[10:19], float(self._sums[19]))
        return _less(pose, pull, np.array([lid]))
