"""Supersampling: draw at k times the size, average k x k samples into each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flame.errors import ConfigError, InputError, input_error

__all__ = ["box_downsample", "checked_factor", "coverage_downsample"]

MAX_FACTOR = 8
Float = NDArray[np.float32]


def checked_factor(factor: int) -> int:
    """``factor`` if it is a whole number from 1 to 8."""
    if isinstance(factor, bool) or not isinstance(factor, (int, np.integer)) or not 1 <= factor <= MAX_FACTOR:
        raise input_error(
            ConfigError,
            f"supersample must be a whole number from 1 to {MAX_FACTOR}",
            factor,
            "2 or 3 is enough for smooth edges",
        )
    return int(factor)


def box_downsample(image: NDArray, factor: int) -> Float:
    """Mean over ``factor`` x ``factor`` blocks: (..., k·H, k·W, C) → (..., H, W, C) float32."""
    factor = checked_factor(factor)
    *batch, height, width, channels = image.shape
    if height % factor or width % factor:
        raise input_error(
            InputError,
            "image sides must be multiples of the factor",
            f"{image.shape}, {factor}",
            "draw at k times the wanted size",
        )
    if factor == 1:
        return np.asarray(image, np.float32)
    total = np.zeros((*batch, height // factor, width // factor, channels), np.float32)
    for row in range(factor):  # strided sums: several times faster than a reshape and a mean over two axes
        for column in range(factor):
            total += image[..., row::factor, column::factor, :]
    return total / np.float32(factor * factor)


def coverage_downsample(image: NDArray, mask: NDArray, factor: int) -> tuple[Float, Float]:
    """Average only what is covered.

    Args:
        image: (..., k·H, k·W, C); mask: (..., k·H, k·W, 1), 0 or 1 (or soft coverage).

    Returns:
        the mean of the covered samples (..., H, W, C), 0 where there are none (not darkened at the rim), and
        the covered share (..., H, W, 1).
    """
    cover = box_downsample(mask, factor)
    summed = box_downsample(image * mask, factor)
    return np.where(cover > 0, summed / np.maximum(cover, 1e-6), 0).astype(np.float32), cover
