"""Pieces of a hull's surface: a grid of nodes over the photo, at depths, with what drawing wants to know of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.wrap import Wrap

__all__ = ["COLLAR_COLOURS_METRES", "Sheet", "at_depth", "cells_to_triangles", "facing_of", "make_sheet"]

COLLAR_COLOURS_METRES = 0.04
"""How far below a collar its colours come from: its own place may still be half skin."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A piece of surface: ``positions (V, 3)`` world metres at the photo's pose, ``pixels (V, 2)`` of the
    canvas, ``triangles (F, 3)``, ``weight (V,)`` 1 follows the head, 0 the shoulders, ``facing (V,)``, and
    ``unrolled (V, 2)``: pixels of the :class:`~mvvideo.portrait.wrap.Wrap`'s picture."""

    positions: np.ndarray
    pixels: np.ndarray
    triangles: np.ndarray
    weight: np.ndarray
    facing: np.ndarray
    unrolled: np.ndarray


def at_depth(sheet: Sheet, eye: np.ndarray, z: np.ndarray) -> Sheet:
    """The sheet moved along the rays from ``eye (3,)`` to world heights ``z (V,)``."""
    stretch = (eye[2] - z) / (eye[2] - sheet.positions[:, 2])
    return replace(sheet, positions=(eye + stretch[:, None] * (sheet.positions - eye)).astype(np.float32))


def cells_to_triangles(valid: np.ndarray) -> np.ndarray:
    """Two triangles per cell of four valid nodes, one per cell of three; indices into the flattened grid."""
    height, width = valid.shape
    index = np.arange(height * width).reshape(height, width)
    corners = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1).reshape(
        -1, 4
    )
    there = valid.ravel()[corners]
    full = corners[there.all(axis=1)]
    pieces = [full[:, [0, 3, 1]], full[:, [1, 3, 2]]]
    for missing in range(4):
        kept = [corner for corner in range(4) if corner != missing]
        three = corners[(there.sum(axis=1) == 3) & ~there[:, missing]]
        pieces.append(three[:, kept])
    return np.concatenate(pieces).astype(np.int32)


def facing_of(canvas: Canvas, nodes: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Cosine between the front sheet and the photo's viewing ray at every node, ``(G, G)``."""
    positions = _unproject(canvas, nodes, depth)
    across = np.gradient(positions, axis=1)
    down = np.gradient(positions, axis=0)
    normal = np.cross(across, down)
    ray = positions - canvas.camera.center[0]
    cosine = np.abs((normal * ray).sum(axis=-1))
    cosine /= np.maximum(np.linalg.norm(normal, axis=-1) * np.linalg.norm(ray, axis=-1), 1e-12)
    return cosine.astype(np.float32)


def _unproject(canvas: Canvas, pixels: np.ndarray, z: np.ndarray) -> np.ndarray:
    """World points ``(..., 3)`` on the rays of ``pixels (..., 2)`` at world height ``z`` along the axis."""
    distance = canvas.camera.center[0, 2] - z
    return canvas.camera.unproject(pixels[None], distance[None])[0].astype(np.float32)


def make_sheet(
    canvas: Canvas,
    nodes: np.ndarray,
    z: np.ndarray,
    triangles: np.ndarray,
    weight: np.ndarray,
    facing: np.ndarray,
    wrap: Wrap,
    collar: np.ndarray | None = None,
) -> Sheet:
    """Keep the nodes that triangles use.

    Args:
        collar: ``(G, G)`` how far a node is of a collar: it has the colours of what lies below it.
    """
    used, compact = np.unique(triangles, return_inverse=True)
    pixels = nodes.reshape(-1, 2)[used]
    positions = _unproject(canvas, pixels, z.ravel()[used])
    lower = 0.0 if collar is None else COLLAR_COLOURS_METRES * collar.ravel()[used, None]
    return Sheet(
        positions,
        pixels,
        compact.reshape(-1, 3).astype(np.int32),
        weight.ravel()[used],
        facing.ravel()[used],
        wrap(positions - lower * wrap.axes[:, 1]),
    )
