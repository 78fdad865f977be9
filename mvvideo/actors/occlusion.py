"""Ambient occlusion per vertex from a ring of orthographic depth maps, and vertex normals (numba)."""

from __future__ import annotations

import numba
import numpy as np

from mvvideo.actors.visibility import orthographic_depth

__all__ = ["ambient_occlusion", "axes_toward", "vertex_normals"]


def axes_toward(direction: np.ndarray) -> np.ndarray:
    """(3,3) f32 rows right, up, toward the light, for a direction (3,) toward it."""
    forward = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    helper = np.array([0.0, 1.0, 0.0]) if abs(forward[1]) < 0.95 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, forward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward]).astype(np.float32)


@numba.njit(cache=True, fastmath=True, nogil=True)
def vertex_normals(points, triangles, out):
    """Area-weighted unit normals (V,3) f32 of (V,3) points, written to ``out``."""
    out[:] = 0.0
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for v in (a, b, c):
            out[v, 0] += x
            out[v, 1] += y
            out[v, 2] += z
    for i in range(len(out)):
        length = 1.0 / np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2 + 1e-20)
        out[i, 0] *= length
        out[i, 1] *= length
        out[i, 2] *= length


@numba.njit(cache=True, fastmath=True, nogil=True)
def _gather(points, normals, depth, axes, center, scale, bias, both_sides, seen, total):
    size = depth.shape[0]
    for i in range(len(points)):
        facing = normals[i, 0] * axes[2, 0] + normals[i, 1] * axes[2, 1] + normals[i, 2] * axes[2, 2]
        weight = 0.5 if both_sides[i] else facing
        if weight <= 0.0:
            continue
        dx, dy, dz = points[i, 0] - center[0], points[i, 1] - center[1], points[i, 2] - center[2]
        x = (axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz) * scale + 0.5 * size - 0.5
        y = (axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz) * scale + 0.5 * size - 0.5
        z = axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz + bias
        x0, y0 = int(np.floor(x)), int(np.floor(y))
        lit = 0.0
        for jy in range(2):
            for jx in range(2):
                px, py = x0 + jx, y0 + jy
                if px < 0 or py < 0 or px >= size or py >= size or depth[py, px] <= z:
                    lit += (1.0 - abs(x - px)) * (1.0 - abs(y - py))
        seen[i] += weight * lit
        total[i] += weight


def ambient_occlusion(
    points: np.ndarray,
    normals: np.ndarray,
    triangles: np.ndarray,
    casts: np.ndarray,
    both_sides: np.ndarray,
    *,
    directions: int = 40,
    size: int = 128,
    half_extent_metres: float = 0.24,
    bias_metres: float = 0.005,
) -> np.ndarray:
    """(V,) f32 in [0,1]: the cosine-weighted part of the sky each vertex sees.

    Args:
        points, normals: (V,3); triangles (F,3); casts (F,) bool; both_sides (V,) bool: cards, lit from both sides.
        directions: number of depth maps, spread over the sphere by a Fibonacci lattice (a third of them, those from
            straight below, are skipped: the torso hides them).
        size: side of each depth map; half_extent_metres: what it covers around the head; bias_metres: offset.
    """
    k = np.arange(directions) + 0.5
    height = 1.0 - 2.0 * k / directions
    turn = np.pi * (1.0 + 5.0**0.5) * k
    ring = np.sqrt(1.0 - height**2)
    sphere = np.stack([np.cos(turn) * ring, height, np.sin(turn) * ring], 1)
    center = np.array([0.0, -0.02, -0.06], np.float32)
    seen = np.zeros(len(points), np.float32)
    total = np.full(len(points), 1e-4, np.float32)
    for direction in sphere[sphere[:, 1] > -0.65]:
        axes = axes_toward(direction)
        depth = np.full((size, size), -1e9, np.float32)
        orthographic_depth(points, axes, center, half_extent_metres, triangles, casts, depth)
        _gather(
            points,
            normals,
            depth,
            axes,
            center,
            0.5 * size / half_extent_metres,
            bias_metres,
            both_sides,
            seen,
            total,
        )
    return np.clip(seen / total, 0.0, 1.0)
