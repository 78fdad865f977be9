"""A causal low-pass filter that is slow for still signals and quick for fast ones.

Casiez, Roussel and Vogel, "1 € filter: a simple speed-based low-pass filter for noisy input in interactive
systems", CHI 2012: the cut-off frequency rises with the speed of the (smoothed) signal.
"""

from __future__ import annotations

import numpy as np

__all__ = ["OneEuro"]

_SPEED_HZ = 2.0


class OneEuro:
    """Filters a vector that comes at uneven times.

    Args:
        still_hz: cut-off frequency while nothing moves.
        per_speed: Hz that are added per unit and second; the speed is the vector's length, so that a turn is one
            movement and not three.
    """

    def __init__(self, *, still_hz: float, per_speed: float) -> None:
        self._still_hz, self._per_speed = still_hz, per_speed
        self._value: np.ndarray | None = None
        self._raw = np.zeros(0)
        self._speed = np.zeros(0)

    def __call__(self, value: np.ndarray, step_seconds: float) -> np.ndarray:
        """The filtered value (C,) after ``step_seconds`` since the last one."""
        new = np.asarray(value, np.float64)
        if self._value is None or self._value.shape != new.shape:
            self._value, self._raw, self._speed = new.copy(), new.copy(), np.zeros_like(new)
            return new
        step = max(step_seconds, 1e-4)
        self._speed += _share(_SPEED_HZ, step) * ((new - self._raw) / step - self._speed)
        self._raw = new.copy()
        cutoff = self._still_hz + self._per_speed * float(np.linalg.norm(self._speed))
        self._value = self._value + _share(cutoff, step) * (new - self._value)
        return self._value

    def reset(self) -> None:
        """The next value is taken as it is."""
        self._value = None


def _share(cutoff_hz: float, step: float) -> float:
    """How much of the way to a new value a first-order low-pass goes."""
    return 1.0 - float(np.exp(-2.0 * np.pi * cutoff_hz * step))
