"""Backward passes of rasterisation and interpolation on the CPU.

With M the 3x3 matrix of a triangle's corners P_i = (x_i, y_i, w_i) and p = (x, y, 1) the pixel, the
barycentric coordinates b satisfy Σ_i b_i P_i = λ p and Σ_i b_i = 1. Differentiating both and eliminating dλ
gives, for a gradient g = ∂L/∂b,

    ∂L/∂P_i = −b_i h,   h = M⁻¹ (g − (g·b) 1),   M⁻¹ = [P_1×P_2, P_2×P_0, P_0×P_1] / det M.

One pass over the pixels; which triangle is seen is taken as fixed (silhouettes have no gradient here).
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from renderer.threads import kernel_threads

__all__ = ["interpolate_backward", "rasterize_backward"]

Float = NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def _pixel(corners, b, given, result):
    """Gradient (3, 4) of one pixel for corners (3, 4), b (3,) and given = ∂L/∂(u, v, z/w)."""
    z = b[0] * corners[0, 2] + b[1] * corners[1, 2] + b[2] * corners[2, 2]
    w = b[0] * corners[0, 3] + b[1] * corners[1, 3] + b[2] * corners[2, 3]
    gradient = np.zeros(3)
    gradient[0], gradient[1] = given[0], given[1]
    for i in range(3):
        gradient[i] += given[2] * (corners[i, 2] - z / w * corners[i, 3]) / w
    mean = gradient[0] * b[0] + gradient[1] * b[1] + gradient[2] * b[2]
    h = np.zeros(3)
    determinant = 0.0
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        ex = corners[j, 1] * corners[k, 3] - corners[j, 3] * corners[k, 1]
        ey = corners[j, 3] * corners[k, 0] - corners[j, 0] * corners[k, 3]
        ew = corners[j, 0] * corners[k, 1] - corners[j, 1] * corners[k, 0]
        h[0] += (gradient[i] - mean) * ex
        h[1] += (gradient[i] - mean) * ey
        h[2] += (gradient[i] - mean) * ew
        if i == 0:
            determinant = corners[0, 0] * ex + corners[0, 1] * ey + corners[0, 3] * ew
    for i in range(3):
        result[i, 0] = -b[i] * h[0] / determinant
        result[i, 1] = -b[i] * h[1] / determinant
        result[i, 2] = given[2] * b[i] / w
        result[i, 3] = -b[i] * h[2] / determinant - given[2] * b[i] * z / (w * w)
    return determinant


@njit(cache=True, error_model="numpy")
def _rasterize_view(clip, triangles, rast, given, result):
    corners, b, pixel = np.empty((3, 4)), np.empty(3), np.empty((3, 4))
    for row in range(rast.shape[0]):
        for column in range(rast.shape[1]):
            triangle = np.int64(rast[row, column, 3]) - 1
            if triangle < 0:
                continue
            for i in range(3):
                for c in range(4):
                    corners[i, c] = clip[triangles[triangle, i], c]
            b[0], b[1] = rast[row, column, 0], rast[row, column, 1]
            b[2] = 1.0 - b[0] - b[1]
            if _pixel(corners, b, given[row, column], pixel) == 0.0:
                continue
            for i in range(3):
                for c in range(4):
                    result[triangles[triangle, i], c] += pixel[i, c]


@njit(cache=True, error_model="numpy")
def _interpolate_view(attributes, rast, triangles, given, by_attribute, by_rast):
    for row in range(rast.shape[0]):
        for column in range(rast.shape[1]):
            triangle = np.int64(rast[row, column, 3]) - 1
            if triangle < 0:
                continue
            i, j, k = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
            u, v = rast[row, column, 0], rast[row, column, 1]
            by_u, by_v = 0.0, 0.0
            for c in range(attributes.shape[1]):
                g = given[row, column, c]
                by_attribute[i, c] += u * g
                by_attribute[j, c] += v * g
                by_attribute[k, c] += (1.0 - u - v) * g
                by_u += g * (attributes[i, c] - attributes[k, c])
                by_v += g * (attributes[j, c] - attributes[k, c])
            by_rast[row, column, 0] = by_u
            by_rast[row, column, 1] = by_v


@njit(cache=True, parallel=True, error_model="numpy")
def _rasterize_parallel(clip, triangles, rast, given, result):
    for view in prange(rast.shape[0]):
        _rasterize_view(clip[view], triangles, rast[view], given[view], result[view])


@njit(cache=True, error_model="numpy")
def _rasterize_serial(clip, triangles, rast, given, result):
    for view in range(rast.shape[0]):
        _rasterize_view(clip[view], triangles, rast[view], given[view], result[view])


@njit(cache=True, parallel=True, error_model="numpy")
def _interpolate_parallel(attributes, rast, triangles, given, by_attribute, by_rast):
    for view in prange(rast.shape[0]):
        shared = np.int64(view) % attributes.shape[0]
        _interpolate_view(
            attributes[shared], rast[view], triangles, given[view], by_attribute[view], by_rast[view]
        )


@njit(cache=True, error_model="numpy")
def _interpolate_serial(attributes, rast, triangles, given, by_attribute, by_rast):
    for view in range(rast.shape[0]):
        shared = view % attributes.shape[0]
        _interpolate_view(
            attributes[shared], rast[view], triangles, given[view], by_attribute[view], by_rast[view]
        )


def rasterize_backward(
    clip: Float, triangles: NDArray[np.int32], rast: Float, given: Float, *, threads: int | None = None
) -> Float:
    """∂L/∂clip (B, V, 4) from ∂L/∂rast (B, H, W, 4), whose last channel (the id) is ignored."""
    result = np.zeros(clip.shape, np.float64)  # sums of many pixels
    with kernel_threads(threads if len(rast) > 1 else 1) as count:
        (_rasterize_serial if count == 1 else _rasterize_parallel)(clip, triangles, rast, given, result)
    return result.astype(np.float32)


def interpolate_backward(
    attributes: Float,
    rast: Float,
    triangles: NDArray[np.int32],
    given: Float,
    *,
    threads: int | None = None,
) -> tuple[Float, Float]:
    """∂L/∂attributes, of their own batch size, and ∂L/∂rast (B, H, W, 4) from ∂L/∂out (B, H, W, C)."""
    by_attribute = np.zeros((len(rast), *attributes.shape[1:]), np.float64)
    by_rast = np.zeros(rast.shape, np.float32)
    with kernel_threads(threads if len(rast) > 1 else 1) as count:
        kernel = _interpolate_serial if count == 1 else _interpolate_parallel
        kernel(attributes, rast, triangles, given, by_attribute, by_rast)
    if len(attributes) == 1:
        by_attribute = by_attribute.sum(axis=0, keepdims=True)
    return by_attribute.astype(np.float32), by_rast
