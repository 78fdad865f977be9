"""Plain renders of the head, for the landmark detector and the contact sheet: clay skin under two soft lights.

Colours come from the region of each triangle; brows, finer than the mesh, from the point's place on the
mean head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.build.regions import BROW_ARC, BROW_HALF_HEIGHT
from flame.regions import REGIONS

SKIN = (0.74, 0.53, 0.42)
BROW = (0.22, 0.15, 0.10)
COLOURS: dict[str, tuple[float, float, float]] = {
    "lips": (0.66, 0.33, 0.31),
    "eye_left": (0.92, 0.91, 0.90),
    "iris_left": (0.27, 0.36, 0.40),
    "pupil_left": (0.02, 0.02, 0.02),
    "teeth": (0.93, 0.91, 0.85),
    "gums": (0.62, 0.30, 0.30),
    "tongue": (0.66, 0.32, 0.32),
    "mouth_inside": (0.20, 0.06, 0.06),
    "lashes": (0.08, 0.07, 0.06),
    "eye_socket": (0.55, 0.30, 0.27),
}
"""Linear colour by region; the right side takes the left's, everything else is skin."""
BACKGROUND = 0.55
KEY_LIGHT, FILL_LIGHT = np.array([0.36, 0.48, 0.80]), np.array([-0.75, 0.10, 0.65])


@dataclass(frozen=True)
class Render:
    """picture: (S, S, 3) uint8; ids: (S, S) triangle, -1 where none; barycentric: (S, S, 3). Row 0 is the top."""

    picture: np.ndarray
    ids: np.ndarray
    barycentric: np.ndarray


def clip_positions(vertices: np.ndarray, *, focal: float, distance: float) -> np.ndarray:
    """(V, 4) float32 clip positions; camera on the +z axis, ``focal`` in half image heights."""
    x, y, z = vertices.T
    w = distance - z
    near, far = 0.1 * distance, 3.0 * distance
    depth = (far + near) / (far - near) * w - 2 * far * near / (far - near)
    return np.stack([focal * x, focal * y, depth, w], axis=1).astype(np.float32)


def render(
    vertices: np.ndarray,
    faces: np.ndarray,
    face_region: np.ndarray,
    template: np.ndarray,
    *,
    size: int,
    focal: float = 5.0,
    distance: float = 0.9,
) -> Render:
    """A picture of vertices (V, 3) with triangles (F, 3) of regions (F,); template: (V, 3) the mean head."""
    from renderer.rasterize import rasterize

    clip = clip_positions(vertices, focal=focal, distance=distance)[None]
    triangles = np.ascontiguousarray(faces, np.int32)
    rast = rasterize(np.ascontiguousarray(clip), triangles, (size, size))[0, ::-1]
    ids = rast[..., 3].astype(np.int64) - 1
    barycentric = np.stack([rast[..., 0], rast[..., 1], 1 - rast[..., 0] - rast[..., 1]], axis=-1)
    hit = ids >= 0
    weights, corners = barycentric[hit][..., None], faces[ids[hit]]  # (P, 3, 1), (P, 3)
    normal = (_smooth_normals(vertices, faces)[corners] * weights).sum(1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    colour = _colours(face_region[ids[hit]], (template[corners] * weights).sum(1))
    light = 0.24 + 0.66 * np.clip(normal @ KEY_LIGHT, 0, 1) + 0.16 * np.clip(normal @ FILL_LIGHT, 0, 1)
    picture = np.full((size, size, 3), BACKGROUND)
    picture[hit] = np.clip(colour * light[:, None], 0, 1) ** (1 / 2.0)
    return Render((picture * 255).astype(np.uint8), ids, barycentric)


def _colours(region: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(P, 3) colours of points of regions (P,) at places (P, 3) of the mean head."""
    table = np.array([COLOURS.get(name.replace("_right", "_left"), SKIN) for name in REGIONS])
    colour = table[region]
    x = np.abs(place[:, 0])
    middle = np.interp(x, BROW_ARC[:, 0], BROW_ARC[:, 1])
    half = np.interp(x, BROW_ARC[:, 0], BROW_HALF_HEIGHT)
    inside = (x > BROW_ARC[0, 0]) & (x < BROW_ARC[-1, 0]) & (place[:, 2] > -0.02)
    outer = np.isin(
        region, [i for i, name in enumerate(REGIONS) if name.startswith(("skin", "brow", "nose"))]
    )
    share = np.where(inside & outer, np.clip(1.6 * (1 - np.abs(place[:, 1] - middle) / half), 0, 0.85), 0)
    return colour + share[:, None] * (np.array(BROW) - colour)


def _smooth_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    out = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(out, faces[:, k], face)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
