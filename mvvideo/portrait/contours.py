"""Where one part of a face stands before another in the photo: a nose before the far cheek.

A fitted nose's outline is a few millimetres off the photo's. On either side of it the photo may show the other
surface, or the dark line that painters draw and lenses blur between them; no other view may show that as skin.
The same goes for the rim of a jaw that hair hangs behind.
"""

from __future__ import annotations

import numpy as np

from flame.head import FlameHead
from flame.regions import INSIDE_MOUTH
from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.kernels import relax_mesh
from mvvideo.portrait.views import HeadView, face_front, sample_at

__all__ = ["beside_contours", "over_far_cheek", "skin_rim"]

PROBE_METRES, GAP_METRES = 0.002, 0.006
"""So far beyond an outline the face lies at least this far behind it, where it is one."""
HIDDEN_METRES = 0.002
"""An edge that lies this far behind what the photo shows is itself hidden."""
SIDEWAYS = 0.7
"""Cosine to the line through both eyes from which on an outline is one of a turned head: what noses, lips and chins
stand before when seen from above is beard and shadow, which stay."""
BEHIND_METRES, BEFORE_METRES = 0.007, 0.003
"""How far beyond the outline, and inside it, the photo is doubted: twice that where doubt has faded away."""
SEPARATE_METRES = 0.002
"""What lies less far behind the outline than this belongs to the surface in front."""

GRAZING = 0.35
"""Cosine below which skin is seen edge-on."""
FAR_FACING, NEARER_FACING = 0.5, 0.3
"""Cosine below which a cheek is a far one; difference from which on its twin is seen better."""
HAIR_LIKENESS, BARE_TWIN = 0.1, 0.7
"""Likeness to skin of hair, at most, and of a bare twin, at least."""
LOCK_STEPS, ALIKE = 25, 0.15
"""How far inside a lock is followed, edges of the mesh; by how much of its brightness a colour may change from one
vertex to the next for that."""
AROUND_STEPS = 2
"""Edges of the mesh over which doubt fades."""
RIM_FACING, BESIDE_SKIN = 0.45, 0.6
"""Cosine from which on skin tells of the rim beside it; likeness from which on that rim is skin, too."""


def beside_contours(
    head: FlameHead, vertices: np.ndarray, canvas: Canvas, view: HeadView, pixels: np.ndarray
) -> np.ndarray:
    """How far the photo is to be doubted at every vertex for an outline that runs inside the face, ``(V,)``, 0 to 1.

    Args:
        vertices: ``(V, 3)`` at the photo's pose; view: the same, drawn; pixels: ``(V, 2)`` where it projects to.
    """
    from scipy.spatial import cKDTree

    metres = float(canvas.camera.center[0, 2] - np.median(vertices[:, 2])) / float(canvas.camera.focal_px[0])
    own = face_front(head)
    own[head.region_vertices("lips", "brow_left", "brow_right", *INSIDE_MOUTH)] = False
    for side in ("left", "right"):
        own[head.region_vertices(f"eye_{side}", f"iris_{side}", f"pupil_{side}")] = False
    doubt = np.zeros(len(vertices), np.float32)
    outline = _outline(head, vertices, canvas, view, own, metres)
    if not len(outline):
        return doubt
    at = canvas.camera.project(outline)[0][0]
    away, nearest = cKDTree(at).query(pixels[own])
    behind = outline[nearest, 2] - vertices[own, 2] > SEPARATE_METRES
    doubt[own] = np.clip(2 - away * metres / np.where(behind, BEHIND_METRES, BEFORE_METRES), 0, 1)
    return doubt


def _outline(
    head: FlameHead, vertices: np.ndarray, canvas: Canvas, view: HeadView, own: np.ndarray, metres: float
) -> np.ndarray:
    """Points ``(P, 3)`` where the face turns out of sight and more of the face, ``own (V,)``, lies far behind.

    Args:
        metres: per pixel.
    """
    faces = view.faces[own[view.faces].all(axis=1)]
    corners = vertices[faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    towards = (normal * (canvas.camera.center[0] - corners[:, 0])).sum(axis=1) > 0
    # 1. Edges between a triangle that faces the camera and one that does not
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    triangle = np.tile(np.arange(len(faces)), 3)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    ends, triangle = ends[order], triangle[order]
    shared = np.flatnonzero((ends[1:] == ends[:-1]).all(axis=1))
    turning = shared[towards[triangle[shared]] != towards[triangle[shared + 1]]]
    middle = vertices[ends[turning]].mean(axis=1)
    outward = (normal[triangle[turning]] + normal[triangle[turning + 1]])[:, :2] * (1, -1)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-12)
    # 2. Those that the photo shows, sideways, with the face behind them
    eyes = vertices[head.region_vertices("eye_left")].mean(axis=0) - vertices[
        head.region_vertices("eye_right")
    ].mean(axis=0)
    along = eyes[:2] * (1, -1) / max(float(np.linalg.norm(eyes[:2])), 1e-9)
    at = canvas.camera.project(middle)[0][0] if len(middle) else np.zeros((0, 2))
    beyond = at + outward * (PROBE_METRES / metres)
    shown = middle[:, 2] > _height(view.front, at) - HIDDEN_METRES
    skin = np.append(own[view.faces].all(axis=1), False)[view.triangle].astype(np.float32)
    gap = middle[:, 2] - _height(view.front, beyond)
    chosen = shown & (sample_at(skin, beyond) > 0.5) & (gap > GAP_METRES)
    return middle[chosen & (np.abs(outward @ along) > SIDEWAYS)]


def _height(front: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """World z at the nearest pixel, ``(P,)``, far behind everything where there is none."""
    column, row = (np.clip(pixels[:, i].astype(int), 0, front.shape[1] - 1) for i in (0, 1))
    return np.nan_to_num(front[row, column], nan=-1e3)


def skin_rim(
    head: FlameHead,
    links: tuple[np.ndarray, np.ndarray],
    skin: np.ndarray,
    facing: np.ndarray,
    direct: np.ndarray,
) -> np.ndarray:
    """Vertices seen edge-on, beside skin: what else the photo shows there hangs behind or before it, ``(V,)`` bool.

    A beard or a lock over the temple goes on inwards; hair behind a jaw ends at its rim.

    Args:
        skin: ``(V,)`` likeness; facing: ``(V,)`` cosines; direct: ``(V,)`` bool, what the photo shows.
    """
    front = face_front(head)
    inner = front & direct & (facing > RIM_FACING)
    beside, reached = relax_mesh(links, np.where(inner, skin, 0)[:, None], fixed=inner, sweeps=12)
    return front & (facing < GRAZING) & reached & (beside[:, 0] > BESIDE_SKIN)


def over_far_cheek(
    head: FlameHead,
    links: tuple[np.ndarray, np.ndarray],
    photo: np.ndarray,
    skin: np.ndarray,
    facing: np.ndarray,
    direct: np.ndarray,
) -> np.ndarray:
    """How far the photo of a far cheek is to be doubted for hair that hangs before or behind it, ``(V,)``, 0 to 1.

    A turned face's far side is narrow, and where the fitted one is too wide its rim shows hair. The near side tells
    whether skin is bare there: beards are on both.

    Args:
        photo: ``(V, 3)`` colours; the others: as in :func:`skin_rim`.
    """
    mirror = head.mirror_index
    cheek = face_front(head) & direct & (facing < FAR_FACING)
    better = direct[mirror] & (facing[mirror] > facing + NEARER_FACING) & (skin[mirror] > BARE_TWIN)
    covered = (cheek & better & (skin < HAIR_LIKENESS)).astype(np.float32)
    starts, neighbours = links
    first = np.minimum(starts[:-1], len(neighbours) - 1)
    linked = np.diff(starts) > 0
    # What goes on inwards in the same colour is a lock before the face, or a shadow on it.
    hair = face_front(head) & direct & (skin < HAIR_LIKENESS)
    lock = hair & (facing >= FAR_FACING)
    own = np.repeat(np.arange(len(skin)), np.diff(starts))
    alike = np.abs(photo[own] - photo[neighbours]).max(axis=1) < ALIKE * (0.1 + photo[own].mean(axis=1))
    for _ in range(LOCK_STEPS):
        lock |= hair & linked & np.logical_or.reduceat(lock[neighbours] & alike, first)
    covered *= ~lock
    # A few that are sure, not a mole; and the blurred edge around them.
    count = np.add.reduceat(covered[neighbours], first) * linked
    covered *= count >= 2
    near = covered
    for _ in range(AROUND_STEPS):
        spread = np.maximum.reduceat(near[neighbours], first) * linked - 1 / (AROUND_STEPS + 1)
        near = np.maximum(near, spread)
    return np.clip(near, 0, 1) * (cheek & better)
