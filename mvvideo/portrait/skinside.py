"""Body and head side by side: under bare skin the hull stays inside the head, under clothes outside.

Both follow the photo's outline, so beside it they run within a millimetre of each other, and turned views would show
one through the other in flecks. What lies this close is moved apart.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.hull import Hull, Sheet
from mvvideo.portrait.views import HeadView, sample_at, signed_distance

__all__ = ["apart_from_skin", "bare_vertices"]

INSIDE_METRES, OUTSIDE_METRES = 0.003, 0.002
"""Least distance of the hull from bare skin above it, and from a covered neck below it."""
TOUCHING_METRES = 0.006
"""What lies farther off is meant to: a lock of hair before a cheek, a wide collar."""
BARE_METRES = 0.004, 0.009
"""How deep in bare skin a place lies from where on, and from where on wholly, the hull must not show."""
END_METRES = 0.010, 0.022
"""Distance from where the drawn head ends up to which it must not withdraw, and from which on it does wholly."""
COLLAR_METRES = 0.002
"""How far above or below the collar that begins."""


def bare_vertices(
    head: FlameHead,
    view: HeadView,
    vertices: np.ndarray,
    bare: np.ndarray,
    canvas: Canvas,
    clearance: np.ndarray,
    hairy: np.ndarray,
    metres: float,
) -> np.ndarray:
    """Where the head's own surface shows (1), clothes cover it (−1), or neither is sure: ``(V,)`` float32.

    Args:
        vertices: ``(V, 3)`` at the photo's pose; bare: ``(W, W)`` 1 where the photo shows their skin.
        clearance: ``(V,)`` metres above the collar; hairy: ``(V,)`` how far hair grows there; metres: per pixel.
    """
    pixels = canvas.camera.project(vertices)[0][0]
    depth = sample_at(signed_distance(bare > 0.5), pixels) * metres
    # At the head's own outline bare skin goes on round to the far side.
    at_edge = sample_at(view.room, pixels) * metres < BARE_METRES[1]
    beside = sample_at(_near_bare(bare, view.mask, BARE_METRES[1] / metres), pixels)
    low, high = BARE_METRES
    shown = np.maximum(np.clip((depth - low) / (high - low), 0, 1), at_edge * (beside > 0.7))
    used = np.zeros(len(pixels), bool)
    used[np.unique(view.faces)] = True
    shown *= (1 - hairy) * np.clip(clearance / COLLAR_METRES - 1, 0, 1) * used * _far_from_end(view, vertices)
    neck = np.zeros(len(pixels), bool)
    neck[head.region_vertices("neck")] = True
    # What the photo itself shows of the clothes lies where it belongs.
    ray = canvas.camera.center[0] - vertices
    turned = (head.vertex_normals(vertices) * ray).sum(axis=1) < 0.2 * np.linalg.norm(ray, axis=1)
    covered = np.clip(-clearance / COLLAR_METRES - 1, 0, 1) * (neck & used & turned)
    return (shown - covered).astype(np.float32)


def _far_from_end(view: HeadView, vertices: np.ndarray) -> np.ndarray:
    """0 where the drawn head ends and the hull goes on in its place, 1 some way from there; ``(V,)``."""
    from scipy.spatial import cKDTree

    faces = view.faces
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, count = np.unique(ends, axis=0, return_counts=True)
    border = np.unique(edges[count == 1])
    if not len(border):
        return np.ones(len(vertices), np.float32)
    first, last = END_METRES
    distance = cKDTree(vertices[border]).query(vertices)[0]
    return np.clip((distance - first) / (last - first), 0, 1).astype(np.float32)


def _near_bare(bare: np.ndarray, mask: np.ndarray, radius: float) -> np.ndarray:
    """Share of the head nearby, ``mask (W, W)``, that is bare; ``(W, W)``."""
    import cv2

    total = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), radius)
    return cv2.GaussianBlur((bare * mask).astype(np.float32), (0, 0), radius) / np.maximum(total, 1e-3)


def apart_from_skin(
    hull: Hull, head: FlameHead, vertices: np.ndarray, faces: np.ndarray, kind: np.ndarray, room: np.ndarray
) -> Hull:
    """Move what lies beside bare skin into the head and what lies beside covered skin out of it.

    Args:
        vertices: ``(V, 3)`` at the photo's pose; faces: ``(F, 3)`` drawn; kind: :func:`bare_vertices`.
        room: ``(W, W)`` pixels into bare skin: hair that hangs beside a jaw stays.
    """
    from scipy.spatial import cKDTree

    chosen = faces[(np.abs(kind[faces]) > 0).any(axis=1)]
    if not len(chosen):
        return hull
    normals = head.vertex_normals(vertices)
    # Points all over the triangles: the neck's are larger than what is to be told apart.
    shares = np.array([(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)], np.float32) / 4
    points = np.einsum("sk,fkc->fsc", shares, vertices[chosen]).reshape(-1, 3)
    normal = np.einsum("sk,fkc->fsc", shares, normals[chosen]).reshape(-1, 3)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    which = (kind[chosen] @ shares.T).reshape(-1)
    tree = cKDTree(points)

    def moved(sheet: Sheet) -> Sheet:
        distance, nearest = tree.query(sheet.positions, distance_upper_bound=2 * TOUCHING_METRES)
        found = np.flatnonzero(np.isfinite(distance))
        if not len(found):
            return sheet
        nearest = nearest[found]
        off = sheet.positions[found] - points[nearest]
        height = (off * normal[nearest]).sum(axis=1)
        near = np.abs(height) < TOUCHING_METRES
        inwards = np.minimum(-INSIDE_METRES - height, 0) * np.clip(which[nearest], 0, 1)
        inwards *= np.clip(sample_at(room, sheet.pixels[found]), 0, 1)
        outwards = np.maximum(OUTSIDE_METRES - height, 0) * np.clip(-which[nearest], 0, 1)
        positions = sheet.positions.copy()
        positions[found] += (near * (inwards + outwards))[:, None] * normal[nearest]
        return replace(sheet, positions=positions.astype(np.float32))

    return replace(hull, front=moved(hull.front), back=moved(hull.back))
