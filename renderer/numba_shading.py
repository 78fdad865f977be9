"""Second pass of the CPU rasteriser: values per pixel, from the unsnapped clip positions,
perspective-correct.

The barycentric coordinates of pixel (x, y) come from homogeneous edge functions: with P_i = (x_i, y_i, w_i)
of the triangle's corners and p = (x, y, 1) in normalised device coordinates, a_i = p · (P_j × P_k) and
b_i = a_i / Σ a. They hold for corners behind the camera too, so clipped triangles need no special care.

Kernels come in pairs, parallel over (view, row) and serial; ids have row 0 at the bottom.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(cache=True, error_model="numpy")
def _edges(clip, i0, i1, i2, edges):
    """Coefficients (3, 3) of a_0, a_1, a_2 as linear functions of (x, y, 1), scaled to avoid underflow."""
    x0, y0, w0 = np.float64(clip[i0, 0]), np.float64(clip[i0, 1]), np.float64(clip[i0, 3])
    x1, y1, w1 = np.float64(clip[i1, 0]), np.float64(clip[i1, 1]), np.float64(clip[i1, 3])
    x2, y2, w2 = np.float64(clip[i2, 0]), np.float64(clip[i2, 1]), np.float64(clip[i2, 3])
    edges[0, 0], edges[0, 1], edges[0, 2] = y1 * w2 - w1 * y2, w1 * x2 - x1 * w2, x1 * y2 - y1 * x2
    edges[1, 0], edges[1, 1], edges[1, 2] = y2 * w0 - w2 * y0, w2 * x0 - x2 * w0, x2 * y0 - y2 * x0
    edges[2, 0], edges[2, 1], edges[2, 2] = y0 * w1 - w0 * y1, w0 * x1 - x0 * w1, x0 * y1 - y0 * x1


@njit(cache=True, error_model="numpy")
def _barycentric(edges, x, y):
    """(b_0, b_1) at (x, y), clamped into the triangle: a pixel that snapping let in may be a hair outside."""
    a0 = edges[0, 0] * x + edges[0, 1] * y + edges[0, 2]
    a1 = edges[1, 0] * x + edges[1, 1] * y + edges[1, 2]
    a2 = edges[2, 0] * x + edges[2, 1] * y + edges[2, 2]
    total = a0 + a1 + a2
    if total == 0.0:
        return 1.0 / 3.0, 1.0 / 3.0
    b0 = min(max(a0 / total, 0.0), 1.0)
    b1 = min(max(a1 / total, 0.0), 1.0)
    excess = b0 + b1
    if excess > 1.0:
        b0, b1 = b0 / excess, b1 / excess
    return b0, b1


@njit(cache=True, error_model="numpy")
def _rast_row(clip, triangles, ids, row, rast):
    height, width = ids.shape
    edges = np.empty((3, 3))
    previous = -1
    i0, i1, i2 = 0, 0, 0
    y = (row + 0.5) * 2.0 / height - 1.0
    for column in range(width):
        triangle = ids[row, column]
        if triangle < 0:
            for c in range(4):
                rast[row, column, c] = 0.0
            continue
        if triangle != previous:
            i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
            _edges(clip, i0, i1, i2, edges)
            previous = triangle
        b0, b1 = _barycentric(edges, (column + 0.5) * 2.0 / width - 1.0, y)
        b2 = 1.0 - b0 - b1
        z = b0 * clip[i0, 2] + b1 * clip[i1, 2] + b2 * clip[i2, 2]
        w = b0 * clip[i0, 3] + b1 * clip[i1, 3] + b2 * clip[i2, 3]
        rast[row, column, 0] = b0
        rast[row, column, 1] = b1
        rast[row, column, 2] = min(max(z / w, -1.0), 1.0) if w > 0.0 else 1.0
        rast[row, column, 3] = triangle + 1


@njit(cache=True, parallel=True, error_model="numpy")
def rast_parallel(clip, triangles, ids, rast):
    """ids (B, H, W) → rast (B, H, W, 4): u, v, z/w, id + 1."""
    views, height = ids.shape[0], ids.shape[1]
    for item in prange(views * height):
        b = np.int64(item) // height
        _rast_row(clip[b], triangles, ids[b], np.int64(item) % height, rast[b])


@njit(cache=True, error_model="numpy")
def rast_serial(clip, triangles, ids, rast):
    """:func:`rast_parallel` in the calling thread alone."""
    for b in range(ids.shape[0]):
        for row in range(ids.shape[1]):
            _rast_row(clip[b], triangles, ids[b], np.int64(row), rast[b])


@njit(cache=True, error_model="numpy")
def _interpolate_row(attributes, triangles, rast, row, out):
    channels = attributes.shape[1]
    for column in range(rast.shape[1]):
        triangle = np.int64(rast[row, column, 3]) - 1
        if triangle < 0:
            for c in range(channels):
                out[row, column, c] = 0.0
            continue
        u, v = rast[row, column, 0], rast[row, column, 1]
        t = np.float32(1.0) - u - v
        i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
        for c in range(channels):
            out[row, column, c] = u * attributes[i0, c] + v * attributes[i1, c] + t * attributes[i2, c]


@njit(cache=True, parallel=True, error_model="numpy")
def interpolate_parallel(attributes, triangles, rast, out):
    """attributes (B or 1, V, C) at rast (B, H, W, 4) → out (B, H, W, C)."""
    views, height = rast.shape[0], rast.shape[1]
    for item in prange(views * height):
        b = np.int64(item) // height
        _interpolate_row(
            attributes[b % attributes.shape[0]], triangles, rast[b], np.int64(item) % height, out[b]
        )


@njit(cache=True, error_model="numpy")
def interpolate_serial(attributes, triangles, rast, out):
    """:func:`interpolate_parallel` in the calling thread alone."""
    for b in range(rast.shape[0]):
        for row in range(rast.shape[1]):
            _interpolate_row(attributes[b % attributes.shape[0]], triangles, rast[b], np.int64(row), out[b])


@njit(cache=True, error_model="numpy", inline="always")
def _sample(texels, start, height, width, x, y, wrap, out, row, column):
    """Write the bilinear sample at texel coordinates (x, y) (centres at +0.5) to out[row, column]."""
    x -= 0.5
    y -= 0.5
    left, top = int(np.floor(x)), int(np.floor(y))  # int64 in compiled code
    fx, fy = np.float32(x - left), np.float32(y - top)
    right, bottom = left + 1, top + 1
    if wrap:
        left, right, top, bottom = left % width, right % width, top % height, bottom % height
    else:
        left, right = min(max(left, 0), width - 1), min(max(right, 0), width - 1)
        top, bottom = min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)
    gx, gy = np.float32(1.0) - fx, np.float32(1.0) - fy
    w00, w01, w10, w11 = gx * gy, fx * gy, gx * fy, fx * fy
    a, b = start + top * width, start + bottom * width
    t00, t01, t10, t11 = a + left, a + right, b + left, b + right
    for c in range(out.shape[2]):  # a view out[row, column] would cost more than the sample itself
        upper = w00 * texels[t00, c] + w01 * texels[t01, c]
        out[row, column, c] = upper + w10 * texels[t10, c] + w11 * texels[t11, c]


@njit(cache=True, error_model="numpy")
def _texture_row(texels, start, height, width, uv, row, wrap, out):
    for column in range(uv.shape[1]):
        _sample(
            texels,
            start,
            height,
            width,
            np.float64(uv[row, column, 0]) * width,
            np.float64(uv[row, column, 1]) * height,
            wrap,
            out,
            row,
            column,
        )


@njit(cache=True, parallel=True, error_model="numpy")
def texture_parallel(texels, images, height, width, uv, wrap, out):
    """texels (images · height · width, C) at uv (B, H, W, 2) → out (B, H, W, C)."""
    rows = uv.shape[1]
    for item in prange(uv.shape[0] * rows):
        b = np.int64(item) // rows
        _texture_row(
            texels, (b % images) * height * width, height, width, uv[b], np.int64(item) % rows, wrap, out[b]
        )


@njit(cache=True, error_model="numpy")
def texture_serial(texels, images, height, width, uv, wrap, out):
    """:func:`texture_parallel` in the calling thread alone."""
    for b in range(uv.shape[0]):
        for row in range(uv.shape[1]):
            _texture_row(
                texels, (b % images) * height * width, height, width, uv[b], np.int64(row), wrap, out[b]
            )


@njit(cache=True, error_model="numpy")
def _shade_row(
    clip,
    triangles,
    ids,
    row,
    attributes,
    values,
    distance,
    uv,
    uv_triangles,
    triangle_texture,
    texels,
    texture_start,
    texture_size,
    textured,
):
    """One row of the fused shader; image order: row 0 is the top."""
    height, width = ids.shape
    channels = attributes.shape[1]
    edges = np.empty((3, 3))
    previous = -1
    i0, i1, i2 = 0, 0, 0
    u0, u1, u2 = 0, 0, 0
    from_bottom = height - 1 - row
    y = (from_bottom + 0.5) * 2.0 / height - 1.0
    for column in range(width):
        triangle = ids[from_bottom, column]
        for c in range(textured.shape[2]):
            textured[row, column, c] = 0.0
        if triangle < 0:
            for c in range(channels):
                values[row, column, c] = 0.0
            distance[row, column] = 0.0
            continue
        if triangle != previous:
            i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
            _edges(clip, i0, i1, i2, edges)
            previous = triangle
        d0, d1 = _barycentric(edges, (column + 0.5) * 2.0 / width - 1.0, y)
        b0, b1 = np.float32(d0), np.float32(d1)
        b2 = np.float32(1.0) - b0 - b1
        for c in range(channels):
            values[row, column, c] = b0 * attributes[i0, c] + b1 * attributes[i1, c] + b2 * attributes[i2, c]
        distance[row, column] = b0 * clip[i0, 3] + b1 * clip[i1, 3] + b2 * clip[i2, 3]
        if textured.shape[2] == 0:
            continue
        image = triangle_texture[triangle]
        if image < 0:
            continue
        u0, u1, u2 = uv_triangles[triangle, 0], uv_triangles[triangle, 1], uv_triangles[triangle, 2]
        u = b0 * uv[u0, 0] + b1 * uv[u1, 0] + b2 * uv[u2, 0]
        v = b0 * uv[u0, 1] + b1 * uv[u1, 1] + b2 * uv[u2, 1]
        rows, columns = texture_size[image, 0], texture_size[image, 1]
        _sample(
            texels,
            texture_start[image],
            rows,
            columns,
            np.float64(u) * columns,
            (1.0 - np.float64(v)) * rows,
            False,
            textured,
            row,
            column,
        )


@njit(cache=True, parallel=True, error_model="numpy")
def shade_parallel(
    clip,
    triangles,
    ids,
    attributes,
    values,
    distance,
    uv,
    uv_triangles,
    triangle_texture,
    texels,
    texture_start,
    texture_size,
    textured,
):
    """Values of ids (B, H, W), bottom up, in image order: attributes, distance (clip w), texture colours."""
    views, height = ids.shape[0], ids.shape[1]
    for item in prange(views * height):
        b = np.int64(item) // height
        _shade_row(
            clip[b],
            triangles,
            ids[b],
            np.int64(item) % height,
            attributes[b % attributes.shape[0]],
            values[b],
            distance[b],
            uv[b % uv.shape[0]],
            uv_triangles,
            triangle_texture,
            texels,
            texture_start,
            texture_size,
            textured[b],
        )


@njit(cache=True, error_model="numpy")
def shade_serial(
    clip,
    triangles,
    ids,
    attributes,
    values,
    distance,
    uv,
    uv_triangles,
    triangle_texture,
    texels,
    texture_start,
    texture_size,
    textured,
):
    """:func:`shade_parallel` in the calling thread alone."""
    for b in range(ids.shape[0]):
        for row in range(ids.shape[1]):
            _shade_row(
                clip[b],
                triangles,
                ids[b],
                np.int64(row),
                attributes[b % attributes.shape[0]],
                values[b],
                distance[b],
                uv[b % uv.shape[0]],
                uv_triangles,
                triangle_texture,
                texels,
                texture_start,
                texture_size,
                textured[b],
            )
