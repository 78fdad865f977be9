"""Antialiasing of silhouettes on the CPU.

Where two neighbouring pixels show different triangles and an outline edge of the nearer one passes between
their centres, at distance d ∈ [0, 1] from the nearer one's: the pixel that the edge cuts (the far one for
d > 1/2) takes |d − 1/2| of the other's colour. An edge is an outline where no triangle continues the surface
on its other side in the image. Steep edges blend across columns, flat ones across rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from renderer.threads import kernel_threads

__all__ = ["antialias", "opposite_corners"]

Float = NDArray[np.float32]


def opposite_corners(triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """For edge i (from corner i to i + 1) of each triangle, the far corner of the neighbour across it.

    Returns:
        (F, 3) vertex indices, −1 where the edge has no neighbour. Where more than two triangles meet, each is
        paired with the next of them.
    """
    count = len(triangles)
    start, end = triangles.reshape(-1), np.roll(triangles, -1, axis=1).reshape(-1)
    corner = np.roll(triangles, -2, axis=1).reshape(-1)
    order = np.lexsort((np.maximum(start, end), np.minimum(start, end)))
    low, high = np.minimum(start, end)[order], np.maximum(start, end)[order]
    same = (low[1:] == low[:-1]) & (high[1:] == high[:-1])  # entry k and k + 1 are one edge
    opposite = np.full(3 * count, -1, np.int32)
    opposite[order[:-1][same]] = corner[order[1:][same]]
    last = np.flatnonzero(same)
    opposite[order[last + 1]] = np.where(
        opposite[order[last + 1]] >= 0, opposite[order[last + 1]], corner[order[last]]
    )
    return opposite.reshape(count, 3)


@njit(cache=True, error_model="numpy")
def _same_side(ax, ay, bx, by, cx, cy, dx, dy):
    """Whether c and d lie on one side of the line a b."""
    ex, ey = bx - ax, by - ay
    return (ex * (cy - ay) - ey * (cx - ax) > 0.0) == (ex * (dy - ay) - ey * (dx - ax) > 0.0)


@njit(cache=True, error_model="numpy")
def _crossing(pixels, corners, opposite, triangle, row, column, step, down):
    """See ``reference._crossing``; −1 where no outline passes."""
    along, level = (1, 0) if down else (0, 1)
    centre_along = (row if down else column) + 0.5
    centre_level = (column if down else row) + 0.5
    for i in range(3):
        a, b = corners[triangle, i], corners[triangle, (i + 1) % 3]
        rise = pixels[b, level] - pixels[a, level]
        if abs(rise) < abs(pixels[b, along] - pixels[a, along]):
            continue
        if (pixels[a, level] > centre_level) == (pixels[b, level] > centre_level):
            continue
        c, d = corners[triangle, (i + 2) % 3], opposite[triangle, i]
        if d >= 0 and not _same_side(
            pixels[a, 0], pixels[a, 1], pixels[b, 0], pixels[b, 1],
            pixels[c, 0], pixels[c, 1], pixels[d, 0], pixels[d, 1],
        ):  # fmt: skip
            continue
        t = (centre_level - pixels[a, level]) / rise
        distance = (pixels[a, along] + t * (pixels[b, along] - pixels[a, along]) - centre_along) * step
        if 0.0 <= distance <= 1.0:
            return distance
    return -1.0


@njit(cache=True, error_model="numpy")
def _blend_view(color, rast, clip, triangles, opposite, out):
    height, width, channels = color.shape
    pixels = np.empty((clip.shape[0], 2))
    for v in range(clip.shape[0]):
        w = np.float64(clip[v, 3]) if clip[v, 3] != 0.0 else 1.0
        pixels[v, 0] = (clip[v, 0] / w * 0.5 + 0.5) * width
        pixels[v, 1] = (clip[v, 1] / w * 0.5 + 0.5) * height
    for row in range(height):
        for column in range(width):
            for down in range(2):
                row2, column2 = row + down, column + 1 - down
                if row2 >= height or column2 >= width:
                    continue
                here, there = rast[row, column, 3], rast[row2, column2, 3]
                if here == there:
                    continue
                first = here > 0.0 and (there == 0.0 or rast[row, column, 2] <= rast[row2, column2, 2])
                triangle = np.int64(here if first else there) - 1
                if min(clip[triangles[triangle, 0], 3], clip[triangles[triangle, 1], 3],
                       clip[triangles[triangle, 2], 3]) <= 0.0:  # fmt: skip
                    continue
                if first:
                    across = _crossing(pixels, triangles, opposite, triangle, row, column, 1.0, down == 1)
                else:
                    across = _crossing(pixels, triangles, opposite, triangle, row2, column2, -1.0, down == 1)
                if across < 0.0:
                    continue
                # The cut pixel moves towards its neighbour: the far one of the pair for across > 1/2.
                to_second = first == (across > 0.5)
                share = abs(across - 0.5)
                for c in range(channels):
                    difference = color[row, column, c] - color[row2, column2, c]
                    if to_second:
                        out[row2, column2, c] += share * difference
                    else:
                        out[row, column, c] -= share * difference


@njit(cache=True, parallel=True, error_model="numpy")
def _parallel(color, rast, clip, triangles, opposite, out):
    for view in prange(color.shape[0]):
        _blend_view(color[view], rast[view], clip[view], triangles, opposite, out[view])


@njit(cache=True, error_model="numpy")
def _serial(color, rast, clip, triangles, opposite, out):
    for view in range(color.shape[0]):
        _blend_view(color[view], rast[view], clip[view], triangles, opposite, out[view])


def antialias(
    color: Float, rast: Float, clip: Float, triangles: NDArray[np.int32], *, threads: int | None = None
) -> Float:
    """See :func:`renderer.rasterize.antialias`."""
    out = color.copy()
    opposite = opposite_corners(triangles)
    with kernel_threads(threads if len(color) > 1 else 1) as count:
        (_serial if count == 1 else _parallel)(color, rast, clip, triangles, opposite, out)
    return out
