"""Smooth vertex normals of triangle meshes."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from renderer.checks import checked_array, checked_triangles
from renderer.threads import kernel_threads

__all__ = ["vertex_normals"]


@njit(cache=True, error_model="numpy")
def _one_mesh(vertices, triangles, normals):
    for f in range(triangles.shape[0]):
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, bx = vertices[j, 0] - vertices[i, 0], vertices[k, 0] - vertices[i, 0]
        ay, by = vertices[j, 1] - vertices[i, 1], vertices[k, 1] - vertices[i, 1]
        az, bz = vertices[j, 2] - vertices[i, 2], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):  # the cross product's length weights each face by its area
            normals[v, 0] += nx
            normals[v, 1] += ny
            normals[v, 2] += nz
    for v in range(normals.shape[0]):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0.0:
            for c in range(3):
                normals[v, c] /= length


@njit(cache=True, error_model="numpy")
def _serial(vertices, triangles, normals):
    for t in range(vertices.shape[0]):
        _one_mesh(vertices[t], triangles, normals[t])


@njit(cache=True, parallel=True, error_model="numpy")
def _parallel(vertices, triangles, normals):
    for t in prange(vertices.shape[0]):
        _one_mesh(vertices[t], triangles, normals[t])


def vertex_normals(
    vertices: ArrayLike, triangles: ArrayLike, *, threads: int | None = None
) -> NDArray[np.float32]:
    """Unit normals (..., V, 3), area-weighted means of the faces around each vertex; 0 where there are none.

    Args:
        vertices: (..., V, 3); triangles: (F, 3), counter-clockwise seen from outside.
    """
    points = np.asarray(vertices)
    flat = checked_array(points.reshape(-1, *points.shape[-2:]), "vertices", "(..., V, 3)", 3)
    faces = checked_triangles(triangles, flat.shape[1])
    normals = np.zeros(flat.shape, np.float32)
    with kernel_threads(threads if len(flat) > 1 else 1) as count:
        (_serial if count == 1 else _parallel)(flat, faces, normals)
    return normals.reshape(points.shape)
