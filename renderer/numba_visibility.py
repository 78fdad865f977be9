"""First pass of the CPU rasteriser: which triangle is nearest at each pixel centre.

Rules, the same as a GPU's: vertices are snapped to a fixed-point grid, so coverage is decided in exact
integer arithmetic; an edge shared by two triangles gives each pixel to exactly one of them (top-left rule);
depth is z/w, linear in the image, and only a strictly smaller one replaces what is there, so at equal depth
the triangle that comes first stays. Triangles that cross the near plane are clipped.

Rows are counted from the bottom of the image (row 0 is the bottom), as in OpenGL. Loop indices that enter
array arithmetic under ``prange`` are int64. numba's cache does not notice edits in *other* files, so nothing
here calls compiled code from elsewhere.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

# 1/4096 pixel. A GPU's 1/16 or 1/256 would do for pictures; this fine, ids agree with an unsnapped rasteriser
# to better than 0.01 % of the foreground, and products still fit int64 (see GUARD_PIXELS).
SUBPIXEL_BITS = 12
ONE_PIXEL = 1 << SUBPIXEL_BITS
HALF_PIXEL = ONE_PIXEL // 2
# Geometry is clipped this far outside the image: |coordinate| < 2^29 grid steps, products < 2^61.
GUARD_PIXELS = float(1 << 16)
_MIN_W = 1e-9


@njit(cache=True, error_model="numpy", _nrt=False)
def _snap_vertices(clip, height, width, snapped, depth, outside):
    """Fixed-point positions, z/w and a "needs clipping" flag of the vertices clip (V, 4)."""
    guard_x = 2.0 * GUARD_PIXELS / width
    guard_y = 2.0 * GUARD_PIXELS / height
    for v in range(clip.shape[0]):
        x, y = np.float64(clip[v, 0]), np.float64(clip[v, 1])
        z, w = np.float64(clip[v, 2]), np.float64(clip[v, 3])
        if w <= _MIN_W or z < -w or abs(x) > guard_x * w or abs(y) > guard_y * w:
            outside[v] = 1
            continue
        outside[v] = 0
        snapped[v, 0] = np.int64(np.floor((0.5 * x / w + 0.5) * width * ONE_PIXEL + 0.5))
        snapped[v, 1] = np.int64(np.floor((0.5 * y / w + 0.5) * height * ONE_PIXEL + 0.5))
        depth[v] = z / w


@njit(cache=True, error_model="numpy", _nrt=False)
def _fill(x0, y0, z0, x1, y1, z1, x2, y2, z2, triangle, ids, nearest, floor, peel, row_low, row_high):
    """Draw one snapped triangle into rows [row_low, row_high) of ids (H, W) and nearest (H, W)."""
    area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
    if area == 0:
        return
    if area < 0:  # both sides are drawn: turn it counter-clockwise
        x1, x2, y1, y2, z1, z2 = x2, x1, y2, y1, z2, z1
        area = -area
    left = (min(x0, x1, x2) - HALF_PIXEL + ONE_PIXEL - 1) >> SUBPIXEL_BITS
    right = (max(x0, x1, x2) - HALF_PIXEL) >> SUBPIXEL_BITS
    low = (min(y0, y1, y2) - HALF_PIXEL + ONE_PIXEL - 1) >> SUBPIXEL_BITS
    high = (max(y0, y1, y2) - HALF_PIXEL) >> SUBPIXEL_BITS
    left, right = max(left, 0), min(right, ids.shape[1] - 1)
    low, high = max(low, row_low), min(high, row_high - 1)
    if left > right or low > high:
        return
    dx0, dy0 = x2 - x1, y2 - y1  # edge opposite vertex 0
    dx1, dy1 = x0 - x2, y0 - y2
    dx2, dy2 = x1 - x0, y1 - y0
    px = (np.int64(left) << SUBPIXEL_BITS) + HALF_PIXEL
    py = (np.int64(low) << SUBPIXEL_BITS) + HALF_PIXEL
    # Left edges go down, top edges go left (counter-clockwise, y up); the others lose exact hits.
    e0 = dx0 * (py - y1) - dy0 * (px - x1) - (0 if dy0 < 0 or (dy0 == 0 and dx0 < 0) else 1)
    e1 = dx1 * (py - y2) - dy1 * (px - x2) - (0 if dy1 < 0 or (dy1 == 0 and dx1 < 0) else 1)
    e2 = dx2 * (py - y0) - dy2 * (px - x0) - (0 if dy2 < 0 or (dy2 == 0 and dx2 < 0) else 1)
    slope_x = -(dy1 * (z1 - z0) + dy2 * (z2 - z0)) / area
    slope_y = (dx1 * (z1 - z0) + dx2 * (z2 - z0)) / area
    z_row = z0 + slope_x * (px - x0) + slope_y * (py - y0)
    step_x, step_y = slope_x * ONE_PIXEL, slope_y * ONE_PIXEL
    z_low, z_high = min(z0, z1, z2), max(z0, z1, z2)
    for row in range(low, high + 1):
        f0, f1, f2, z = e0, e1, e2, z_row
        for column in range(left, right + 1):
            if (f0 | f1 | f2) >= 0:
                clamped = np.float32(min(max(z, z_low), z_high))  # slivers have huge slopes
                if clamped < nearest[row, column] and (not peel or clamped > floor[row, column]):
                    nearest[row, column] = clamped
                    ids[row, column] = triangle
            f0 -= dy0 << SUBPIXEL_BITS
            f1 -= dy1 << SUBPIXEL_BITS
            f2 -= dy2 << SUBPIXEL_BITS
            z += step_x
        e0 += dx0 << SUBPIXEL_BITS
        e1 += dx1 << SUBPIXEL_BITS
        e2 += dx2 << SUBPIXEL_BITS
        z_row += step_y


@njit(cache=True, error_model="numpy")
def _plane_distance(point, plane, guard_x, guard_y):
    """Signed distance of a clip-space point to one of the six clipping planes, ≥ 0 inside."""
    if plane == 0:
        return point[3] - _MIN_W
    if plane == 1:
        return point[2] + point[3]
    if plane == 2:
        return guard_x * point[3] - point[0]
    if plane == 3:
        return guard_x * point[3] + point[0]
    if plane == 4:
        return guard_y * point[3] - point[1]
    return guard_y * point[3] + point[1]


@njit(cache=True, error_model="numpy")
def _clip_triangle(clip, i0, i1, i2, height, width, x, y, z):
    """Clip one triangle (Sutherland-Hodgman); the corners of what is left go to x, y, z (12,); their number."""
    # Twice the guard used for flagging would differ from it; the same keeps unflagged vertices unmoved.
    guard_x, guard_y = 2.0 * GUARD_PIXELS / width, 2.0 * GUARD_PIXELS / height
    polygon, other = np.empty((12, 4)), np.empty((12, 4))
    for axis in range(4):
        polygon[0, axis], polygon[1, axis] = clip[i0, axis], clip[i1, axis]
        polygon[2, axis] = clip[i2, axis]
    count = 3
    for plane in range(6):
        kept = 0
        for i in range(count):
            j = i + 1 if i + 1 < count else 0
            here = _plane_distance(polygon[i], plane, guard_x, guard_y)
            there = _plane_distance(polygon[j], plane, guard_x, guard_y)
            if here >= 0.0:
                other[kept] = polygon[i]
                kept += 1
            if (here >= 0.0) != (there >= 0.0):
                # Always from the inner to the outer end: the neighbour that shares the edge, walking it the
                # other way, gets the same point to the last bit.
                if here >= 0.0:
                    other[kept] = polygon[i] + (here / (here - there)) * (polygon[j] - polygon[i])
                else:
                    other[kept] = polygon[j] + (there / (there - here)) * (polygon[i] - polygon[j])
                kept += 1
        polygon, other = other, polygon
        count = kept
        if count < 3:
            return 0
    for i in range(count):
        w = max(polygon[i, 3], _MIN_W)
        x[i] = np.int64(np.floor((0.5 * polygon[i, 0] / w + 0.5) * width * ONE_PIXEL + 0.5))
        y[i] = np.int64(np.floor((0.5 * polygon[i, 1] / w + 0.5) * height * ONE_PIXEL + 0.5))
        z[i] = polygon[i, 2] / w
    return count


@njit(cache=True, error_model="numpy")
def _clip_and_fill(clip, i0, i1, i2, triangle, ids, nearest, floor, peel, row_low, row_high):
    """Clip one triangle and draw what is left as a fan."""
    x, y, z = np.empty(12, np.int64), np.empty(12, np.int64), np.empty(12)
    count = _clip_triangle(clip, i0, i1, i2, ids.shape[0], ids.shape[1], x, y, z)
    for i in range(1, count - 1):
        _fill(
            x[0], y[0], z[0], x[i], y[i], z[i], x[i + 1], y[i + 1], z[i + 1],
            triangle, ids, nearest, floor, peel, row_low, row_high,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _draw_rows(clip, triangles, snapped, depth, outside, ids, nearest, floor, peel, row_low, row_high):
    """Draw all triangles of one view into its rows [row_low, row_high)."""
    for row in range(row_low, row_high):
        for column in range(ids.shape[1]):
            ids[row, column] = -1
            nearest[row, column] = np.float32(1.0000001)  # strictly nearer than this: z/w ≤ 1
    for triangle in range(triangles.shape[0]):
        i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
        flags = outside[i0] + outside[i1] + outside[i2]
        if flags == 0:
            _fill(
                snapped[i0, 0], snapped[i0, 1], depth[i0],
                snapped[i1, 0], snapped[i1, 1], depth[i1],
                snapped[i2, 0], snapped[i2, 1], depth[i2],
                triangle, ids, nearest, floor, peel, row_low, row_high,
            )  # fmt: skip
        else:
            _clip_and_fill(clip, i0, i1, i2, triangle, ids, nearest, floor, peel, row_low, row_high)


@njit(cache=True, parallel=True, error_model="numpy")
def draw_parallel(clip, triangles, bands, snapped, depth, outside, ids, nearest, floor, peel):
    """Visibility of clip (B, V, 4) → ids, nearest (B, H, W); work items are (view, band of rows).

    floor is (B, H, W), or (1, 1, 1) when ``peel`` is false and it is not looked at.
    """
    views, height = ids.shape[0], ids.shape[1]
    for view in prange(views):
        b = np.int64(view)
        _snap_vertices(clip[b], height, ids.shape[2], snapped[b], depth[b], outside[b])
    for item in prange(views * bands):
        b = np.int64(item) // bands
        band = np.int64(item) % bands
        # A thread gets consecutive items: deal the bands out so that each has its share of the middle.
        half = (bands + 1) // 2
        band = 2 * band if band < half else 2 * (band - half) + 1
        _draw_rows(
            clip[b],
            triangles,
            snapped[b],
            depth[b],
            outside[b],
            ids[b],
            nearest[b],
            floor[b if peel else 0],
            peel,
            height * band // bands,
            height * (band + 1) // bands,
        )


@njit(cache=True, error_model="numpy")
def draw_serial(clip, triangles, bands, snapped, depth, outside, ids, nearest, floor, peel):
    """:func:`draw_parallel` in the calling thread alone (usable after a fork)."""
    views, height = ids.shape[0], ids.shape[1]
    for b in range(views):
        _snap_vertices(clip[b], height, ids.shape[2], snapped[b], depth[b], outside[b])
        _draw_rows(
            clip[b],
            triangles,
            snapped[b],
            depth[b],
            outside[b],
            ids[b],
            nearest[b],
            floor[b if peel else 0],
            peel,
            0,
            height,
        )


# ---------------------------------------------------------------- several samples in chosen pixels


@njit(cache=True, error_model="numpy", _nrt=False)
def _fill_samples(
    x0, y0, z0, x1, y1, z1, x2, y2, z2, triangle, slots, offsets, ids, nearest, row_low, row_high
):  # fmt: skip
    """:func:`_fill` at the sample points of the pixels that have a slot.

    slots (H, W): index into ids (K, S) and nearest (K, S), −1 for pixels that are left alone; offsets (S, 2):
    the sample points' distance from the pixel centre in grid steps.
    """
    left = max(min(x0, x1, x2) >> SUBPIXEL_BITS, 0)
    right = min(max(x0, x1, x2) >> SUBPIXEL_BITS, slots.shape[1] - 1)
    low = max(min(y0, y1, y2) >> SUBPIXEL_BITS, row_low)
    high = min(max(y0, y1, y2) >> SUBPIXEL_BITS, row_high - 1)
    wanted = False
    for row in range(low, high + 1):
        for column in range(left, right + 1):
            wanted = wanted or slots[row, column] >= 0
    if not wanted:
        return
    area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
    if area == 0:
        return
    if area < 0:
        x1, x2, y1, y2, z1, z2 = x2, x1, y2, y1, z2, z1
        area = -area
    dx0, dy0 = x2 - x1, y2 - y1
    dx1, dy1 = x0 - x2, y0 - y2
    dx2, dy2 = x1 - x0, y1 - y0
    tie0 = 0 if dy0 < 0 or (dy0 == 0 and dx0 < 0) else 1
    tie1 = 0 if dy1 < 0 or (dy1 == 0 and dx1 < 0) else 1
    tie2 = 0 if dy2 < 0 or (dy2 == 0 and dx2 < 0) else 1
    # No point of a pixel is farther on the inner side of an edge than its centre by more than this.
    reach0 = (abs(dx0) + abs(dy0)) * HALF_PIXEL
    reach1 = (abs(dx1) + abs(dy1)) * HALF_PIXEL
    reach2 = (abs(dx2) + abs(dy2)) * HALF_PIXEL
    slope_x = -(dy1 * (z1 - z0) + dy2 * (z2 - z0)) / area
    slope_y = (dx1 * (z1 - z0) + dx2 * (z2 - z0)) / area
    z_low, z_high = min(z0, z1, z2), max(z0, z1, z2)
    for row in range(low, high + 1):
        cy = (np.int64(row) << SUBPIXEL_BITS) + HALF_PIXEL
        for column in range(left, right + 1):
            slot = slots[row, column]
            if slot < 0:
                continue
            cx = (np.int64(column) << SUBPIXEL_BITS) + HALF_PIXEL
            e0 = dx0 * (cy - y1) - dy0 * (cx - x1) + reach0
            e1 = dx1 * (cy - y2) - dy1 * (cx - x2) + reach1
            e2 = dx2 * (cy - y0) - dy2 * (cx - x0) + reach2
            if (e0 | e1 | e2) < 0:
                continue
            for sample in range(offsets.shape[0]):
                px, py = cx + offsets[sample, 0], cy + offsets[sample, 1]
                f0 = dx0 * (py - y1) - dy0 * (px - x1) - tie0
                f1 = dx1 * (py - y2) - dy1 * (px - x2) - tie1
                f2 = dx2 * (py - y0) - dy2 * (px - x0) - tie2
                if (f0 | f1 | f2) >= 0:
                    z = z0 + slope_x * (px - x0) + slope_y * (py - y0)
                    clamped = np.float32(min(max(z, z_low), z_high))
                    if clamped < nearest[slot, sample]:
                        nearest[slot, sample] = clamped
                        ids[slot, sample] = triangle


@njit(cache=True, error_model="numpy")
def _sample_rows(
    clip, triangles, snapped, depth, outside, slots, offsets, ids, nearest, row_low, row_high
):  # fmt: skip
    """All triangles of one view at the sample points of its rows [row_low, row_high)."""
    x, y, z = np.empty(12, np.int64), np.empty(12, np.int64), np.empty(12)
    for triangle in range(triangles.shape[0]):
        i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
        if outside[i0] + outside[i1] + outside[i2] == 0:
            _fill_samples(
                snapped[i0, 0], snapped[i0, 1], depth[i0],
                snapped[i1, 0], snapped[i1, 1], depth[i1],
                snapped[i2, 0], snapped[i2, 1], depth[i2],
                triangle, slots, offsets, ids, nearest, row_low, row_high,
            )  # fmt: skip
            continue
        count = _clip_triangle(clip, i0, i1, i2, slots.shape[0], slots.shape[1], x, y, z)
        for i in range(1, count - 1):
            _fill_samples(
                x[0], y[0], z[0], x[i], y[i], z[i], x[i + 1], y[i + 1], z[i + 1],
                triangle, slots, offsets, ids, nearest, row_low, row_high,
            )  # fmt: skip


@njit(cache=True, parallel=True, error_model="numpy")
def sample_parallel(clip, triangles, bands, snapped, depth, outside, slots, offsets, ids, nearest):
    """Visibility at the sample points of chosen pixels: slots (B, H, W) → ids, nearest (K, S).

    snapped, depth and outside are what :func:`draw_parallel` left there for the same clip (B, V, 4).
    """
    views, height = slots.shape[0], slots.shape[1]
    for item in prange(views * bands):
        b = np.int64(item) // bands
        band = np.int64(item) % bands
        half = (bands + 1) // 2
        band = 2 * band if band < half else 2 * (band - half) + 1
        _sample_rows(
            clip[b], triangles, snapped[b], depth[b], outside[b], slots[b], offsets, ids, nearest,
            height * band // bands, height * (band + 1) // bands,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def sample_serial(clip, triangles, bands, snapped, depth, outside, slots, offsets, ids, nearest):
    """:func:`sample_parallel` in the calling thread alone."""
    for b in range(slots.shape[0]):
        _sample_rows(
            clip[b], triangles, snapped[b], depth[b], outside[b], slots[b], offsets, ids, nearest,
            0, slots.shape[1],
        )  # fmt: skip
