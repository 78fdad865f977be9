"""Head covers made from the base mesh itself: beanies, turbans and headscarves, as pushed-out pieces of its skin."""

from __future__ import annotations

import numpy as np

from flame.easing import smoothstep
from mvvideo.actors.kit import ActorKit
from mvvideo.actors.occlusion import vertex_normals

__all__ = ["COVERS", "make_cover"]

COVERS = ("beanie", "turban", "scarf")


def _relaxed(points: np.ndarray, triangles: np.ndarray, rounds: int = 8) -> np.ndarray:
    """(V,D): each vertex moves to its neighbours' mean: spans hollows, evens out ears and the ragged border."""
    edges = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1), axis=0)
    a, b = edges.T
    count = np.bincount(edges.reshape(-1), minlength=len(points))[:, None]
    out = points.astype(np.float64)
    for _ in range(rounds):
        total = np.zeros_like(out)
        np.add.at(total, a, out[b])
        np.add.at(total, b, out[a])
        out = 0.3 * out + 0.7 * total / np.maximum(count, 1)
    return out.astype(np.float32)


def make_cover(
    kind: str, kit: ActorKit, base: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A cover on a rest base mesh.

    Args:
        kind: one of ``COVERS``. kit: for the places of the mean base mesh (metres, eyes at the origin).
        base: (K,3) the actor's rest base mesh. rng: folds.

    Returns:
        vertices (V,3) f32, triangles (F,3) i32, uv (V,2) f32, base_rows (V,) the base vertices they lie on.
    """
    x, y, z = kit.mean.T
    side = np.abs(x)
    brow = 0.035 + rng.uniform(-0.004, 0.012)
    line = np.where(z > -0.02, brow, brow - 0.75 * np.maximum(0, -0.02 - z))  # lower toward the nape
    inside = y > np.maximum(line, -0.06)
    if kind == "scarf":
        oval = (side < 0.062 - 0.15 * np.maximum(0, -0.06 - y)) & (z > -0.035) & (y > -0.118)
        inside = (y > -0.155) & (side < 0.09) & ~oval | inside
    keep = inside[kit.body_triangles].all(1)
    rows, corner = np.unique(kit.body_triangles[keep], return_inverse=True)
    triangles = corner.reshape(-1, 3).astype(np.int32)
    normals = np.zeros_like(base)
    vertex_normals(base, kit.body_triangles, normals)
    cloth = _relaxed(base[rows], triangles)
    away: np.ndarray = cloth - np.array([0.0, 0.03, -0.07], np.float32)
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    outward = normals[rows] * 0.25 + away * 0.75
    places = kit.mean[rows]
    folds = np.sin(places @ rng.normal(0, 70, 3) + 6 * np.sin(places @ rng.normal(0, 12, 3)))
    thick = {"beanie": 0.012, "turban": 0.024, "scarf": 0.013}[kind] * rng.uniform(0.85, 1.3)
    height = (
        thick + 0.0022 * folds + (0.018 * smoothstep(places[:, 1], 0.06, 0.12) if kind == "turban" else 0.0)
    )
    # relaxing shrinks: give back what was lost, evened out in turn
    lost = ((base[rows] - cloth) * outward).sum(1, keepdims=True)
    height = height + np.maximum(_relaxed(lost, triangles, rounds=6), 0.0)[:, 0]
    vertices = cloth + outward * np.asarray(height)[:, None].astype(np.float32)
    angle = np.arctan2(places[:, 0], places[:, 2] + 0.07)
    uv = np.stack([0.5 + angle / (2 * np.pi), 0.5 + places[:, 1] * 2.0], 1)
    return vertices.astype(np.float32), triangles, uv.astype(np.float32), rows
