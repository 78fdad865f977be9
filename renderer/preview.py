"""The shaded preview's last step: the samples of each pixel averaged over the background."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from renderer.threads import kernel_threads

__all__ = ["compose"]

Float = NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def _row(ids, lit, background, factor, row, image, cover):
    share = np.float32(1.0) / np.float32(factor * factor)
    for column in range(image.shape[1]):
        red, green, blue, covered = np.float32(0), np.float32(0), np.float32(0), 0
        for y in range(row * factor, (row + 1) * factor):
            for x in range(column * factor, (column + 1) * factor):
                if ids[y, x] < 0:
                    continue
                covered += 1
                red += min(lit[y, x, 0], np.float32(1.0))
                green += min(lit[y, x, 1], np.float32(1.0))
                blue += min(lit[y, x, 2], np.float32(1.0))
        full = np.float32(covered) * share
        image[row, column, 0] = red * share + background[0] * (np.float32(1.0) - full)
        image[row, column, 1] = green * share + background[1] * (np.float32(1.0) - full)
        image[row, column, 2] = blue * share + background[2] * (np.float32(1.0) - full)
        cover[row, column, 0] = full


@njit(cache=True, parallel=True, error_model="numpy")
def _parallel(ids, lit, background, factor, image, cover):
    rows = image.shape[1]
    for item in prange(image.shape[0] * rows):
        b = np.int64(item) // rows
        _row(ids[b], lit[b], background, factor, np.int64(item) % rows, image[b], cover[b])


@njit(cache=True, error_model="numpy")
def _serial(ids, lit, background, factor, image, cover):
    for b in range(image.shape[0]):
        for row in range(image.shape[1]):
            _row(ids[b], lit[b], background, factor, np.int64(row), image[b], cover[b])


def compose(
    ids: NDArray[np.int32],
    lit: Float,
    background: Float,
    factor: int,
    *,
    threads: int | None = None,
) -> tuple[Float, Float]:
    """Average the samples of each pixel.

    Args:
        ids: (B, k·H, k·W) triangles, −1 for none; lit: (B, k·H, k·W, 3) colours under light, ≥ 0.
        background: (3,); factor: k.

    Returns:
        image (B, H, W, 3) over the background, and the covered share of each pixel (B, H, W, 1).
    """
    views, height, width = ids.shape
    image = np.empty((views, height // factor, width // factor, 3), np.float32)
    cover = np.empty((*image.shape[:3], 1), np.float32)
    arguments = (
        np.ascontiguousarray(ids),
        np.ascontiguousarray(lit),
        np.ascontiguousarray(background, np.float32),
        factor,
        image,
        cover,
    )
    with kernel_threads(threads) as count:
        (_serial if count == 1 else _parallel)(*arguments)
    return image, cover
