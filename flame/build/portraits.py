"""Plain renders of the head, for the landmark detector: a perspective camera straight ahead, one soft light."""

from __future__ import annotations

import numpy as np

from flame.regions import REGIONS

COLOURS: dict[str, tuple[float, float, float]] = {
    "lips": (0.66, 0.33, 0.31),
    "eye_left": (0.90, 0.89, 0.87),
    "iris_left": (0.28, 0.20, 0.14),
    "pupil_left": (0.02, 0.02, 0.02),
    "brow_left": (0.22, 0.15, 0.10),
    "teeth": (0.90, 0.88, 0.82),
    "tongue": (0.66, 0.32, 0.32),
    "mouth_inside": (0.25, 0.08, 0.08),
    "scalp": (0.20, 0.15, 0.12),
    "lashes": (0.08, 0.07, 0.06),
}
"""Linear colour by region; the right side takes the left's, everything else is skin."""
SKIN = (0.74, 0.53, 0.42)


def region_colours(face_region: np.ndarray) -> np.ndarray:
    """(F, 3) colours of faces labelled (F,)."""
    table = [COLOURS.get(name.replace("_right", "_left"), SKIN) for name in REGIONS]
    return np.array(table)[face_region]


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
    colours: np.ndarray,
    *,
    size: int,
    focal: float = 5.0,
    distance: float = 0.9,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture (size, size, 3) uint8, triangle ids (size, size), -1 where none, and (size, size, 3) barycentrics.

    Row 0 is the top. colours: (F, 3).
    """
    from renderer.rasterize import rasterize

    clip = clip_positions(vertices, focal=focal, distance=distance)[None]
    rast = rasterize(np.ascontiguousarray(clip), np.ascontiguousarray(faces, np.int32), (size, size))[0, ::-1]
    ids = rast[..., 3].astype(np.int64) - 1
    barycentric = np.stack([rast[..., 0], rast[..., 1], 1 - rast[..., 0] - rast[..., 1]], axis=-1)
    normals = _smooth_normals(vertices, faces)
    hit = ids >= 0
    corner = normals[faces[ids[hit]]]  # (P, 3, 3)
    normal = (corner * barycentric[hit][..., None]).sum(1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    light = np.array([0.30, 0.45, 0.84])
    shade = 0.30 + 0.70 * np.clip(normal @ light, 0, 1)
    picture = np.full((size, size, 3), 0.55)
    picture[hit] = colours[ids[hit]] * shade[:, None]
    return (np.clip(picture, 0, 1) ** (1 / 2.0) * 255).astype(np.uint8), ids, barycentric


def _smooth_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    out = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(out, faces[:, k], face)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
