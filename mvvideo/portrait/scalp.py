"""Hair on the far side of the head: a thin cap over the fitted scalp, as far down as hair grows.

Where bare skin is the outline, at ears and necks, the hull withdraws into the head. Behind it the head would be
bald: nobody's hair ends above the ears because their neck is bare.
"""

from __future__ import annotations

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.hull import Anatomy, Hull, Sheet
from mvvideo.portrait.surface import HeadSurface
from mvvideo.portrait.views import HeadView, sample_at
from mvvideo.portrait.wrap import Wrap

__all__ = ["cap_paint", "hair_beside", "hair_cap", "hair_share", "joined"]

BEHIND_EARS_METRES = (-0.072, -0.092)
"""Template z over which, behind the ears, hair begins."""
TEMPLE_METRES = (-0.028, -0.045)
"""Template z over which hair begins at the temples …"""
ABOVE_EARS_METRES = (0.012, 0.028)
"""… above this template y."""
NAPE_METRES = (-0.088, -0.066)
"""Template y over which hair ends at the nape."""
BESIDE_METRES = (0.014, 0.005)
"""Distance from hair outside the head over which skin takes its colour: where it ends nothing shows a step."""
SIDE_METRES, SIDEBURN_METRES = (-0.01, -0.03), (-0.065, -0.04)
"""Template z behind which, and y above which, that happens: not on the face's front, not at collars."""
OUTSIDE_METRES = 0.001
THICKNESS_METRES = 0.003
DENSE = 0.6
"""Share of hair from which on the cap is there: thinner hair is painted on the skin, where it fades."""
FULL = 0.95
"""Share of hair from which on the cap shows hair alone; at its edge it shows what is painted under it."""
FAR_SIDE_COSINE = 0.1
"""The cap begins where the photo's camera sees the scalp at less than this."""


def hair_share(head: FlameHead) -> np.ndarray:
    """How far hair grows at every vertex, by anatomy: ``(V,)`` float32, 0 to 1."""
    template = head.v_template
    behind = _ramp(template[:, 2], *BEHIND_EARS_METRES) * _ramp(template[:, 1], *NAPE_METRES)
    above = _ramp(template[:, 2], *TEMPLE_METRES) * _ramp(template[:, 1], *ABOVE_EARS_METRES)
    behind = np.maximum(behind, above)
    behind[head.region_vertices("ear_left", "ear_right", "shoulders")] = 0
    behind[head.weights[:, 1] < 0.2] = 0
    behind[head.region_vertices("scalp")] = 1
    return behind.astype(np.float32)


def hair_beside(
    head: FlameHead, vertices: np.ndarray, hull: Hull, view: HeadView, anatomy: Anatomy
) -> np.ndarray:
    """How far hair that stands on the head, or off it, lies over every vertex or beside it: ``(V,)``, 0 to 1.

    Args:
        vertices: ``(V, 3)`` at the photo's pose, outline snapped; view: the same, drawn; hull: the hair, and clothes.
    """
    from scipy.spatial import cKDTree

    points = []
    covered = view.mask.astype(np.float32)
    for sheet, surface, outwards in ((hull.front, view.front, 1), (hull.back, view.back, -1)):
        z = sample_at(np.where(view.mask, surface, 0).astype(np.float32), sheet.pixels)
        share = sample_at(covered, sheet.pixels)
        outside = (share > 0.99) & (outwards * (sheet.positions[:, 2] - z) > OUTSIDE_METRES) | (share < 0.01)
        points.append(sheet.positions[outside & (sheet.pixels[:, 1] < anatomy.chin_row)])
    hair = np.concatenate(points)
    if not len(hair):
        return np.zeros(len(vertices), np.float32)
    far, near = BESIDE_METRES
    distance = cKDTree(hair).query(vertices, distance_upper_bound=far)[0]
    side = _ramp(head.v_template[:, 2], *SIDE_METRES) * _ramp(head.v_template[:, 1], *SIDEBURN_METRES)
    return (side * _ramp(np.minimum(distance, far), far, near)).astype(np.float32)


def _ramp(values: np.ndarray, zero: float, one: float) -> np.ndarray:
    return np.clip((values - zero) / (one - zero), 0, 1)


def hair_cap(
    head: FlameHead, vertices: np.ndarray, canvas: Canvas, drawn: np.ndarray, share: np.ndarray, wrap: Wrap
) -> tuple[Sheet, np.ndarray]:
    """The scalp's far side, a little outside the head; and which of the head's vertices it lies over.

    Args:
        vertices: ``(V, 3)`` at the photo's pose, outline snapped; drawn: ``(F',)`` indices of the head's drawn
            triangles; share: :func:`hair_share`.
    """
    normals = head.vertex_normals(vertices)
    ray = canvas.camera.center[0] - vertices
    facing = (normals * ray).sum(axis=1) / np.linalg.norm(ray, axis=1)
    faces = head.faces[drawn]
    faces = faces[(share[faces] > DENSE).all(axis=1) & (facing[faces] < FAR_SIDE_COSINE).all(axis=1)]
    used, triangles = np.unique(faces, return_inverse=True)
    # At the outline as the photo shows it nothing may stick out.
    lift = THICKNESS_METRES * share[used] * np.clip(-facing[used] / 0.3, 0, 1)
    positions = (vertices[used] + lift[:, None] * normals[used]).astype(np.float32)
    sheet = Sheet(
        positions,
        canvas.camera.project(positions)[0][0].astype(np.float32),
        triangles.reshape(-1, 3).astype(np.int32),
        head.weights[used, 1:].sum(axis=1).astype(np.float32),
        np.zeros(len(used), np.float32),
        wrap(positions),
    )
    return sheet, used


def cap_paint(used: np.ndarray, share: np.ndarray, surface: HeadSurface) -> np.ndarray:
    """How the cap fades at its edge into what is painted under it, ``(P, 4)``: share of its own picture, and colour
    added.

    Args:
        used: ``(P,)`` vertices of the head that it lies over; share: ``(V,)`` :func:`hair_share`.
    """
    filled = surface.gain[:, 0] == 0
    colour = np.zeros((len(share), 3), np.float32)
    known = np.zeros(len(share), bool)
    colour[surface.vertex[filled]], known[surface.vertex[filled]] = surface.colour[filled], True
    own = np.where(known[used], _ramp(share[used], DENSE, FULL), 1)[:, None]
    return np.concatenate([own, (1 - own) * colour[used]], axis=1).astype(np.float32)


def joined(one: Sheet, other: Sheet) -> Sheet:
    """Two sheets as one."""
    return Sheet(
        np.concatenate([one.positions, other.positions]),
        np.concatenate([one.pixels, other.pixels]),
        np.concatenate([one.triangles, other.triangles + np.int32(len(one.positions))]),
        np.concatenate([one.weight, other.weight]),
        np.concatenate([one.facing, other.facing]),
        np.concatenate([one.unrolled, other.unrolled]),
    )
