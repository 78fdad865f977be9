"""Smooth outlines at a small price: several samples only in the pixels where surfaces end.

A picture drawn with one sample per pixel is right inside a surface and stepped along its outline. So draw it once,
mark the pixels on both sides of every jump (:func:`find_edges`), and draw visibility again at eight points of
those alone (:func:`renderer.numba_backend.sample_visibility`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from renderer.threads import kernel_threads

__all__ = ["SAMPLE_OFFSETS", "SAMPLE_POINTS", "EdgePixels", "find_edges"]

Float = NDArray[np.float32]
Int = NDArray[np.int32]

SAMPLE_POINTS = (
    np.array([(1, -3), (-1, 3), (5, 1), (-3, -5), (-5, 5), (-7, -1), (3, 7), (7, -7)], np.float64) / 16
)
"""(8, 2) distances from the pixel centre in pixels, right and up: no two in one of 16 rows or columns, so that
edges of every direction come out in eight steps."""
SAMPLE_OFFSETS: NDArray[np.int64] = np.round(SAMPLE_POINTS * 4096).astype(np.int64)
"""The same in the rasteriser's grid steps."""


@dataclass(frozen=True, eq=False)
class EdgePixels:
    """slots: (B, H, W) int32, the running number of each marked pixel, −1 elsewhere, row 0 at the bottom;
    count: how many there are."""

    slots: Int
    count: int


@njit(cache=True, error_model="numpy", _nrt=False)
def _mark_view(ids, nearest, groups, b, depth_a, steps, slots):
    """Mark one view; returns how many pixels, numbered from 0."""
    height, width = ids.shape[1], ids.shape[2]
    for row in range(height):
        for column in range(width):
            slots[b, row, column] = -1
    for row in range(height):
        for column in range(width):
            here = ids[b, row, column]
            for side in range(2):
                row2, column2 = row + side, column + 1 - side
                if row2 >= height or column2 >= width:
                    continue
                there = ids[b, row2, column2]
                if here == there:
                    continue
                # All in one function: a call that takes arrays counts references, which costs more than the rest.
                jump = here < 0 or there < 0 or groups[here] != groups[there]
                if not jump:
                    # z/w = a + b / distance and a pixel is distance / focal wide: with u = |z/w - a| the distances
                    # differ by more than ``steepness`` of the nearer one's pixels where
                    # |u - v| focal / steepness > min(u, v).
                    u, v = depth_a - nearest[b, row, column], depth_a - nearest[b, row2, column2]
                    jump = abs(u - v) * steps > min(u, v)
                if jump:
                    slots[b, row, column] = 0
                    slots[b, row2, column2] = 0
    count = 0
    for row in range(height):
        for column in range(width):
            if slots[b, row, column] == 0:
                slots[b, row, column] = count
                count += 1
    return count


@njit(cache=True, error_model="numpy")
def _shift_view(slots, b, start):
    for row in range(slots.shape[1]):
        for column in range(slots.shape[2]):
            if slots[b, row, column] >= 0:
                slots[b, row, column] += start


@njit(cache=True, parallel=True, error_model="numpy")
def _mark_parallel(ids, nearest, groups, depth_a, steps, slots, counts):
    for view in prange(ids.shape[0]):
        b = np.int64(view)
        counts[b] = _mark_view(ids, nearest, groups, b, depth_a, steps[b], slots)
    for view in prange(ids.shape[0]):
        b = np.int64(view)
        start = 0
        for before in range(b):
            start += counts[before]
        _shift_view(slots, b, start)


@njit(cache=True, error_model="numpy")
def _mark_serial(ids, nearest, groups, depth_a, steps, slots, counts):
    start = 0
    for b in range(ids.shape[0]):
        counts[b] = _mark_view(ids, nearest, groups, b, depth_a, steps[b], slots)
        _shift_view(slots, b, start)
        start += counts[b]


def find_edges(
    ids: Int,
    nearest: Float,
    groups: NDArray[np.uint8],
    *,
    camera_from_clip_depth: NDArray[np.float64],
    focal_px: NDArray[np.float64],
    steepness: float = 3.0,
    threads: int | None = None,
) -> EdgePixels:
    """Pixels beside which a surface ends.

    Two neighbours (right, up) are both marked if only one of them shows something, if they show triangles of
    different groups, or if their distances differ by more than ``steepness`` pixels' width.

    Args:
        ids, nearest: (B, H, W) of :func:`renderer.numba_backend.visibility`.
        groups: (F,) label of every triangle.
        camera_from_clip_depth: (2,), see :class:`renderer.cameras.Cameras`; focal_px: (B,).
        steepness: tangent of the angle against the image plane from which a surface counts as broken.
        threads: CPU threads; None: all. The result does not depend on it.
    """
    slots = np.empty(ids.shape, np.int32)
    counts = np.zeros(len(ids), np.int64)
    steps = (np.asarray(focal_px, np.float64) / steepness).astype(np.float32)
    depth_a = np.float32(camera_from_clip_depth[0])
    with kernel_threads(threads if len(ids) > 1 else 1) as used:
        mark = _mark_serial if used == 1 else _mark_parallel
        mark(ids, nearest, groups, depth_a, steps, slots, counts)
    return EdgePixels(slots=slots, count=int(counts.sum()))
