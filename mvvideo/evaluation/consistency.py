"""View consistency: does the same skin have the same colour in two views?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from flame.head import FlameHead
    from renderer.cameras import Cameras

__all__ = ["canonical_difference", "view_difference", "visible_vertices"]

FACING = 0.35
"""Least cosine between a surface and its viewing ray: steeper than that, pixels mix with what is beside."""
_MATCH_METRES = 0.002


def visible_vertices(
    head: FlameHead, vertices: np.ndarray, cameras: Cameras
) -> tuple[np.ndarray, np.ndarray]:
    """Where the head's face is seen.

    Args:
        vertices: ``(V, 3)`` posed, world metres; cameras: N.

    Returns:
        pixels ``(N, V, 2)`` and seen ``(N, V)`` bool: on the front of the face, not hidden, facing the camera.
    """
    from mvvideo.portrait.views import drawn_triangles, face_front, visible_triangles

    drawn = drawn_triangles(head)
    pixels, _ = cameras.project(vertices)
    normals = head.vertex_normals(vertices)
    seen = np.zeros((len(cameras), len(vertices)), bool)
    front = face_front(head)
    for view in range(len(cameras)):
        shown = np.unique(visible_triangles(head, vertices, cameras[view], drawn))
        seen[view, np.unique(head.faces[drawn[shown[shown >= 0]]])] = True
        ray = cameras.center[view] - vertices
        cosine = (normals * ray).sum(axis=1) / np.maximum(np.linalg.norm(ray, axis=1), 1e-9)
        inside = ((pixels[view] > 1) & (pixels[view] < np.array([cameras.width, cameras.height]) - 1)).all(1)
        seen[view] &= front & (cosine > FACING) & inside
    return pixels, seen


def view_difference(pictures: np.ndarray, pixels: np.ndarray, seen: np.ndarray) -> tuple[float, int]:
    """Sum over pairs of views of the mean absolute colour difference (0..1) of vertices seen in both, and how many.

    Args:
        pictures: ``(N, H, W, 3)`` uint8; pixels, seen: from :func:`visible_vertices`.
    """
    from mvvideo.portrait.views import sample_at

    total, count = 0.0, 0
    for a, b in combinations(range(len(pictures)), 2):
        both = seen[a] & seen[b]
        if not both.any():
            continue
        first, second = (
            sample_at(pictures[view].astype(np.float32), pixels[view][both]) / 255.0 for view in (a, b)
        )
        total += float(np.abs(first - second).mean(axis=1).sum())
        count += int(both.sum())
    return total, count


def canonical_difference(
    pictures: np.ndarray, canonical: np.ndarray, normals: np.ndarray
) -> tuple[float, int]:
    """The same for pictures that come with the head's template coordinates per pixel instead of a mesh.

    Args:
        pictures: ``(N, H, W, 3)`` in [0, 1]; canonical: ``(N, H, W, 3)`` template metres, 0 where no head is;
            normals: ``(N, H, W, 3)`` in camera axes.
    """
    from scipy.spatial import cKDTree

    total, count = 0.0, 0
    faces = [
        (np.abs(canonical[v]).sum(-1) > 1e-6)
        & (normals[v][..., 2] > FACING)
        & (canonical[v][..., 2] > -0.025)
        for v in range(len(pictures))
    ]
    for a, b in combinations(range(len(pictures)), 2):
        if not (faces[a].any() and faces[b].any()):
            continue
        distance, nearest = cKDTree(canonical[b][faces[b]]).query(
            canonical[a][faces[a]], distance_upper_bound=_MATCH_METRES
        )
        found = np.isfinite(distance)
        difference = np.abs(pictures[a][faces[a]][found] - pictures[b][faces[b]][nearest[found]])
        total += float(difference.mean(axis=1).sum()) if found.any() else 0.0
        count += int(found.sum())
    return total, count
