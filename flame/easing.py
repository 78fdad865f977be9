"""The ease that ramps, fades and soft thresholds of this project share."""

from __future__ import annotations

import numpy as np

__all__ = ["smoothstep"]


def smoothstep(x: np.ndarray, low: float | np.ndarray = 0.0, high: float | np.ndarray = 1.0) -> np.ndarray:
    """0 up to ``low``, 1 from ``high`` on, 3t² − 2t³ between: no kink in speed at either end.

    Args:
        x: any shape; low, high: where the ramp begins and ends; ``low`` > ``high`` falls instead.

    Returns:
        the same shape in [0, 1], of ``x``'s precision.
    """
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
