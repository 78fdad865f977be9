"""The last step of drawing a portrait as one compiled loop: from which triangle each pixel shows to its picture.

Per sample: perspective-correct values of the head's or hull's vertices, the photo looked up there, the alternative
mixed in where the photo is stretched, the translucent fringe in front. Nothing is kept between these steps, so
memory traffic is what the result needs. Rows of ``ids`` and ``slots`` are counted from the bottom, those of
pictures from the top. numba's cache does not notice edits in other files: nothing here calls compiled code from
elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange

__all__ = ["FringeMesh", "SampleGrid", "SolidMesh", "draw_parallel", "draw_serial"]


class SolidMesh(NamedTuple):
    """Head and hull, B pictures of A frames.

    clip ``(B, V, 4)``; triangles ``(F, 3)``; ids ``(B, H, W)`` at pixel centres, samples ``(K, S)`` at the points
    of marked pixels; attributes ``(A, V, 15)``: gain, colour 3, seen, facing, layer, the alternative (x, y, gain,
    colour 3), doubt: how far it shows once the view has turned away, and soft: how far what lies close before it lets
    it through; under ``(B, H, W)``: the head's own triangle at pixel centres, whatever lies before it;
    pixels ``(V, 2)`` place in the photo's canvas; same ``(V,)`` the first vertex at the same place; picture ``(F,)``
    −1 none, 0 photo, 1 hull; photo, hull ``(W', W', 3)``: the canvases, canvas_scale ``(2,)``: their pixels per canvas
    pixel; filled ``(H", W", 3)``, filled_scale ``(2,)``: the picture for the hull's alternative, likewise.
    photo_scale: output pixels per canvas pixel in the photo's own view.
    sharp ``(2, 2)``: for head, hull: photo pixels per output pixel below which the alternative shows, above which
    the photo; layers ``(2,)``: values of the hull's front and back; turn ``(B,)``: how far the view has turned away,
    0 to 1.
    """

    clip: np.ndarray
    triangles: np.ndarray
    ids: np.ndarray
    under: np.ndarray
    samples: np.ndarray
    attributes: np.ndarray
    pixels: np.ndarray
    same: np.ndarray
    picture: np.ndarray
    photo: np.ndarray
    hull: np.ndarray
    canvas_scale: np.ndarray
    filled: np.ndarray
    filled_scale: np.ndarray
    photo_scale: np.float32
    sharp: np.ndarray
    layers: np.ndarray
    turn: np.ndarray


class FringeMesh(NamedTuple):
    """The soft edge: clip, triangles, ids, samples as in :class:`SolidMesh`; values ``(V, 2)`` facing and how far
    it borders on skin; pixels ``(V, 2)``; texture ``(W', W', 4)``; fade ``(B,)`` opacity left at bare skin."""

    clip: np.ndarray
    triangles: np.ndarray
    ids: np.ndarray
    samples: np.ndarray
    values: np.ndarray
    pixels: np.ndarray
    texture: np.ndarray
    fade: np.ndarray


class SampleGrid(NamedTuple):
    """slots ``(B, H, W)`` row of a marked pixel in ``samples``, else −1; points ``(S, 2)`` where its samples lie,
    pixels from the centre, right and up."""

    slots: np.ndarray
    points: np.ndarray


# Places in the row's scratch: one sample of the solid surfaces, and one of the fringe.
_SEEN, _FACING, _DETAIL, _LAYER, _DISTANCE = 3, 4, 5, 6, 7
_OPACITY = 3
_SOFT_METRES = np.float32(0.006)  # as far before skin hair and clothes become solid
_TOUCHING_METRES = 0.001  # the fringe starts on the hull's own rim


@njit(cache=True, error_model="numpy", _nrt=False)
def _edges(clip, b, i0, i1, i2, edges):
    """Coefficients (3, 3) of the corners' weights as linear functions of (x, y, 1): see renderer.numba_shading."""
    x0, y0, w0 = np.float64(clip[b, i0, 0]), np.float64(clip[b, i0, 1]), np.float64(clip[b, i0, 3])
    x1, y1, w1 = np.float64(clip[b, i1, 0]), np.float64(clip[b, i1, 1]), np.float64(clip[b, i1, 3])
    x2, y2, w2 = np.float64(clip[b, i2, 0]), np.float64(clip[b, i2, 1]), np.float64(clip[b, i2, 3])
    edges[0, 0], edges[0, 1], edges[0, 2] = y1 * w2 - w1 * y2, w1 * x2 - x1 * w2, x1 * y2 - y1 * x2
    edges[1, 0], edges[1, 1], edges[1, 2] = y2 * w0 - w2 * y0, w2 * x0 - x2 * w0, x2 * y0 - y2 * x0
    edges[2, 0], edges[2, 1], edges[2, 2] = y0 * w1 - w0 * y1, w0 * x1 - x0 * w1, x0 * y1 - y0 * x1


@njit(cache=True, error_model="numpy", _nrt=False)
def _weights(edges, x, y):
    """(b_0, b_1) at (x, y), clamped into the triangle."""
    a0 = edges[0, 0] * x + edges[0, 1] * y + edges[0, 2]
    a1 = edges[1, 0] * x + edges[1, 1] * y + edges[1, 2]
    a2 = edges[2, 0] * x + edges[2, 1] * y + edges[2, 2]
    total = a0 + a1 + a2
    if total == 0.0:
        return np.float32(1.0 / 3.0), np.float32(1.0 / 3.0)
    inverse = 1.0 / total
    b0 = min(max(a0 * inverse, 0.0), 1.0)
    b1 = min(max(a1 * inverse, 0.0), 1.0)
    excess = b0 + b1
    if excess > 1.0:
        b0, b1 = b0 / excess, b1 / excess
    return np.float32(b0), np.float32(b1)


@njit(cache=True, error_model="numpy", _nrt=False)
def _bilinear(picture, x, y, out, channels):
    """Sample at (x, y), centres at +0.5, border held, into out[:channels]."""
    height, width = picture.shape[0], picture.shape[1]
    x = min(max(x - np.float32(0.5), np.float32(0.0)), np.float32(width - 1.001))
    y = min(max(y - np.float32(0.5), np.float32(0.0)), np.float32(height - 1.001))
    left, top = int(x), int(y)
    fx, fy = x - np.float32(left), y - np.float32(top)
    for c in range(channels):
        upper = picture[top, left, c] + fx * (picture[top, left + 1, c] - picture[top, left, c])
        lower = picture[top + 1, left, c] + fx * (picture[top + 1, left + 1, c] - picture[top + 1, left, c])
        out[c] = upper + fy * (lower - upper)


@njit(cache=True, error_model="numpy", _nrt=False)
def _detail(clip, b, pixels, i0, i1, i2, half_width, half_height, photo_scale):
    """Photo pixels per output pixel along the direction stretched most, at most 1; and output pixels covered."""
    px = photo_scale * (pixels[i1, 0] - pixels[i0, 0])
    py = photo_scale * (pixels[i1, 1] - pixels[i0, 1])
    qx = photo_scale * (pixels[i2, 0] - pixels[i0, 0])
    qy = photo_scale * (pixels[i2, 1] - pixels[i0, 1])
    area = px * qy - py * qx
    w0, w1, w2 = max(clip[b, i0, 3], 1e-6), max(clip[b, i1, 3], 1e-6), max(clip[b, i2, 3], 1e-6)
    rx = half_width * (clip[b, i1, 0] / w1 - clip[b, i0, 0] / w0)
    ry = -half_height * (clip[b, i1, 1] / w1 - clip[b, i0, 1] / w0)
    sx = half_width * (clip[b, i2, 0] / w2 - clip[b, i0, 0] / w0)
    sy = -half_height * (clip[b, i2, 1] / w2 - clip[b, i0, 1] / w0)
    covered = abs(rx * sy - ry * sx)
    if abs(area) < 1e-9:
        return np.float32(0.0), covered
    # photo → output: M = [r s] [p q]^-1; its largest singular value
    m00, m01 = (rx * qy - sx * py) / area, (sx * px - rx * qx) / area
    m10, m11 = (ry * qy - sy * py) / area, (sy * px - ry * qx) / area
    square = m00 * m00 + m01 * m01 + m10 * m10 + m11 * m11
    determinant = m00 * m11 - m01 * m10
    largest = np.sqrt(0.5 * (square + np.sqrt(max(square * square - 4 * determinant * determinant, 0.0))))
    return np.float32(min(1.0, 1.0 / max(largest, 1e-6))), covered


@njit(cache=True, error_model="numpy")
def _measure(clip, triangles, pixels, same, picture, photo_scale, b, width, height, detail, weight):
    """:func:`_detail` at every vertex: a mean over its pictured triangles, by the pixels that they cover.

    Between vertices it runs on without a step, so that what fades by it does not end at triangles' edges.
    """
    vertices = detail.shape[1]
    for v in range(vertices):
        detail[b, v] = 0.0
        weight[v] = 1e-9
    half_width, half_height = np.float32(0.5 * width), np.float32(0.5 * height)
    for t in range(triangles.shape[0]):
        if picture[t] < 0:
            continue
        i0, i1, i2 = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        fine, covered = _detail(clip, b, pixels, i0, i1, i2, half_width, half_height, photo_scale)
        for i in (same[i0], same[i1], same[i2]):
            detail[b, i] += covered * fine
            weight[i] += covered
    for v in range(vertices):
        if same[v] == v:
            detail[b, v] /= weight[v]
    for v in range(vertices):
        detail[b, v] = detail[b, same[v]]


@njit(cache=True, error_model="numpy", _nrt=False)
def _solid_sample(
    clip, values, pixels, picture, photo, hull, canvas_scale, filled, filled_scale, sharp, layers,
    turn, detail, b, frame, triangle, i0, i1, i2, x, y, edges, here, other, out,
):  # fmt: skip
    """Colour, confidence and distance of a point (x, y) of a triangle."""
    b0, b1 = _weights(edges, x, y)
    b2 = np.float32(1.0) - b0 - b1
    for c in range(7):
        here[c] = b0 * values[frame, i0, c] + b1 * values[frame, i1, c] + b2 * values[frame, i2, c]
    seen, layer = here[4], here[6]
    fine = b0 * detail[b, i0] + b1 * detail[b, i1] + b2 * detail[b, i2]
    is_hull = layer < layers[0] + np.float32(0.01)
    row = 1 if is_hull else 0
    share = (fine - sharp[row, 0]) / (sharp[row, 1] - sharp[row, 0])
    share = min(max(share, np.float32(0.0)), np.float32(1.0))
    if turn > 0.0:
        doubt = b0 * values[frame, i0, 13] + b1 * values[frame, i1, 13] + b2 * values[frame, i2, 13]
        share *= np.float32(1.0) - turn * doubt
    if layer < layers[1] + np.float32(0.01):
        share = np.float32(0.0)
    for c in range(3):
        out[c] = here[1 + c]
    which = picture[triangle]
    if which >= 0 and share > 0.0:
        u = b0 * pixels[i0, 0] + b1 * pixels[i1, 0] + b2 * pixels[i2, 0]
        v = b0 * pixels[i0, 1] + b1 * pixels[i1, 1] + b2 * pixels[i2, 1]
        _bilinear(photo if which == 0 else hull, canvas_scale[0] * u, canvas_scale[1] * v, other, 3)
        for c in range(3):
            out[c] += here[0] * other[c]
    if share < 1.0:
        for c in range(7, 13):
            here[c] = b0 * values[frame, i0, c] + b1 * values[frame, i1, c] + b2 * values[frame, i2, c]
        if is_hull:
            _bilinear(filled, filled_scale[0] * here[7], filled_scale[1] * here[8], other, 3)
        else:
            _bilinear(photo, canvas_scale[0] * here[7], canvas_scale[1] * here[8], other, 3)
        for c in range(3):
            out[c] = share * out[c] + (1 - share) * (here[9] * other[c] + here[10 + c])
        less = np.float32(0.0) if is_hull else np.float32(0.5) * min(here[9], np.float32(2.0) * seen)
        seen = share * seen + (1 - share) * less
    out[_SEEN] = seen
    out[_FACING] = here[5]
    out[_DETAIL] = fine if seen > 0.01 else np.float32(0.0)
    out[_LAYER] = layer
    out[_DISTANCE] = b0 * clip[b, i0, 3] + b1 * clip[b, i1, 3] + b2 * clip[b, i2, 3]


@njit(cache=True, error_model="numpy", _nrt=False)
def _let_through(clip, values, b, frame, i0, i1, i2, x, y, edges, distance):
    """How far skin, a triangle of the head, shows through what lies at ``distance`` close before it, 0 to 1."""
    b0, b1 = _weights(edges, x, y)
    b2 = np.float32(1.0) - b0 - b1
    gap = b0 * clip[b, i0, 3] + b1 * clip[b, i1, 3] + b2 * clip[b, i2, 3] - distance
    if gap >= _SOFT_METRES:
        return np.float32(0.0)
    soft = b0 * values[frame, i0, 14] + b1 * values[frame, i1, 14] + b2 * values[frame, i2, 14]
    return soft * (np.float32(1.0) - max(gap, np.float32(0.0)) / _SOFT_METRES)


@njit(cache=True, error_model="numpy", _nrt=False)
def _fringe_sample(
    clip, values, pixels, texture, canvas_scale, fade, b, i0, i1, i2, x, y, edges, out
):  # fmt: skip
    """Colour, opacity, facing and distance of a point of the fringe."""
    b0, b1 = _weights(edges, x, y)
    b2 = np.float32(1.0) - b0 - b1
    u = b0 * pixels[i0, 0] + b1 * pixels[i1, 0] + b2 * pixels[i2, 0]
    v = b0 * pixels[i0, 1] + b1 * pixels[i1, 1] + b2 * pixels[i2, 1]
    _bilinear(texture, canvas_scale[0] * u, canvas_scale[1] * v, out, 4)
    skin = b0 * values[i0, 1] + b1 * values[i1, 1] + b2 * values[i2, 1]
    out[_OPACITY] *= 1 - skin * (1 - fade)
    out[_FACING] = b0 * values[i0, 0] + b1 * values[i1, 0] + b2 * values[i2, 0]
    out[_DISTANCE] = b0 * clip[b, i0, 3] + b1 * clip[b, i1, 3] + b2 * clip[b, i2, 3]


@njit(cache=True, error_model="numpy", _nrt=False)
def _draw_row(solid, fringe, grid, background, detail, scratch, b, frame, row, rgb, alpha, confidence):
    """One row of one picture, from the top."""
    # Taken out of the tuples once: every access counts a reference.
    clip, triangles, ids, under, samples, attributes, pixels, _, picture = solid[:9]
    photo, hull, canvas_scale, filled, filled_scale, _, sharp, layers = solid[9:17]
    turn = solid.turn[b]
    fringe_clip, fringe_triangles, fringe_ids, fringe_samples, fringe_values, fringe_pixels = fringe[:6]
    texture, fade = fringe.texture, fringe.fade[b]
    slots, points = grid.slots, grid.points
    height, width = ids.shape[1], ids.shape[2]
    from_bottom = height - 1 - row
    step_x, step_y = 2.0 / width, 2.0 / height
    edges, fringe_edges, below_edges, here, other, surface, below, edge, total = scratch
    drawn, fringe_drawn, below_drawn = -1, -1, -1  # the triangles whose coefficients are at hand
    i0, i1, i2, j0, j1, j2, k0, k1, k2 = 0, 0, 0, 0, 0, 0, 0, 0, 0
    for column in range(width):
        slot = slots[b, from_bottom, column]
        if slot < 0 and ids[b, from_bottom, column] < 0 and fringe_ids[b, from_bottom, column] < 0:
            alpha[b, row, column, 0] = 0.0
            for c in range(4):
                confidence[b, row, column, c] = 0.0
            for c in range(3):
                rgb[b, row, column, c] = background[row, column, c]
            continue
        count = points.shape[0] if slot >= 0 else 1
        for c in range(8):
            total[c] = 0.0
        done = 0  # one bit per sample
        for sample in range(count):
            if (done >> sample) & 1:
                continue
            right, up, alike = 0.0, 0.0, 1
            if slot >= 0:
                # Samples that show the same are looked up once, in their middle.
                triangle, tuft = samples[slot, sample], fringe_samples[slot, sample]
                right, up = points[sample, 0], points[sample, 1]
                for later in range(sample + 1, count):
                    if samples[slot, later] == triangle and fringe_samples[slot, later] == tuft:
                        done |= 1 << later
                        alike += 1
                        right += points[later, 0]
                        up += points[later, 1]
                right /= alike
                up /= alike
            else:
                triangle, tuft = ids[b, from_bottom, column], fringe_ids[b, from_bottom, column]
            if triangle < 0 and tuft < 0:
                continue
            x = (column + 0.5 + right) * step_x - 1.0
            y = (from_bottom + 0.5 + up) * step_y - 1.0
            weight = np.float32(alike)
            kept, opacity = weight, np.float32(0.0)
            if triangle >= 0:
                if triangle != drawn:
                    i0, i1, i2 = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
                    _edges(clip, b, i0, i1, i2, edges)
                    drawn = triangle
                _solid_sample(
                    clip, attributes, pixels, picture, photo, hull, canvas_scale, filled, filled_scale, sharp,
                    layers, turn, detail, b, frame, triangle, i0, i1, i2, x, y, edges, here, other, surface,
                )  # fmt: skip
                skin = under[b, from_bottom, column]
                if turn > 0.0 and skin >= 0 and skin != triangle and surface[_LAYER] < layers[0] + 0.01:
                    if skin != below_drawn:
                        k0, k1, k2 = triangles[skin, 0], triangles[skin, 1], triangles[skin, 2]
                        _edges(clip, b, k0, k1, k2, below_edges)
                        below_drawn = skin
                    through = turn * _let_through(
                        clip, attributes, b, frame, k0, k1, k2, x, y, below_edges, surface[_DISTANCE]
                    )
                    if through > 0.0:
                        _solid_sample(
                            clip, attributes, pixels, picture, photo, hull, canvas_scale, filled, filled_scale,
                            sharp, layers, turn, detail, b, frame, skin, k0, k1, k2, x, y, below_edges, here, other,
                            below,
                        )  # fmt: skip
                        for c in range(7):
                            surface[c] += through * (below[c] - surface[c])
            else:
                kept = np.float32(0.0)
            if tuft >= 0:
                if tuft != fringe_drawn:
                    j0, j1, j2 = (
                        fringe_triangles[tuft, 0],
                        fringe_triangles[tuft, 1],
                        fringe_triangles[tuft, 2],
                    )
                    _edges(fringe_clip, b, j0, j1, j2, fringe_edges)
                    fringe_drawn = tuft
                _fringe_sample(
                    fringe_clip, fringe_values, fringe_pixels, texture, canvas_scale, fade, b, j0, j1, j2, x, y,
                    fringe_edges, edge,
                )  # fmt: skip
                if triangle < 0 or edge[_DISTANCE] < surface[_DISTANCE] + _TOUCHING_METRES:
                    kept *= 1 - edge[_OPACITY]
                    opacity = weight * edge[_OPACITY]
                    for c in range(3):
                        total[c] += opacity * edge[c]
                    total[_SEEN] += opacity
                    total[_FACING] += opacity * edge[_FACING]
                    total[_DETAIL] += opacity
                    total[_LAYER] += opacity * layers[0]
            if kept > 0.0:
                for c in range(7):
                    total[c] += kept * surface[c]
            total[7] += kept + opacity
        cover = total[7]
        alpha[b, row, column, 0] = cover / np.float32(count)
        scale = np.float32(1.0) / cover if cover > 1e-4 else np.float32(0.0)
        for c in range(4):
            confidence[b, row, column, c] = scale * total[3 + c]
        shown = cover / np.float32(count) > 0.004
        for c in range(3):
            colour = min(max(scale * total[c], np.float32(0.0)), np.float32(1.0))
            rgb[b, row, column, c] = colour if shown else background[row, column, c]


@njit(cache=True, error_model="numpy")
def _scratch():
    return (
        np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3)), np.empty(13, np.float32), np.empty(4, np.float32),
        np.empty(8, np.float32), np.empty(8, np.float32), np.empty(8, np.float32), np.empty(8, np.float32),
    )  # fmt: skip


@njit(cache=True, parallel=True, error_model="numpy")
def draw_parallel(solid, fringe, grid, background, detail, rgb, alpha, confidence):
    """Fill rgb ``(B, H, W, 3)``, alpha ``(B, H, W, 1)`` and confidence ``(B, H, W, 4)``.

    Colour and confidence are those of the foreground, means over a pixel's samples weighted by opacity; where it
    is absent colour is that of background ``(H, W, 3)``. detail ``(B, V)`` is scratch.
    """
    views, height, width = solid.ids.shape
    for b in prange(views):
        _measure(
            solid.clip, solid.triangles, solid.pixels, solid.same, solid.picture, solid.photo_scale, b, width, height,
            detail, np.empty(detail.shape[1], np.float32),
        )  # fmt: skip
    per_frame = views // solid.attributes.shape[0]
    for item in prange(views * height):
        b = np.int64(item) // height
        _draw_row(
            solid, fringe, grid, background, detail, _scratch(), b, b // per_frame, np.int64(item) % height, rgb, alpha,
            confidence,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def draw_serial(solid, fringe, grid, background, detail, rgb, alpha, confidence):
    """:func:`draw_parallel` in the calling thread alone."""
    per_frame = solid.ids.shape[0] // solid.attributes.shape[0]
    scratch = _scratch()
    weight = np.empty(detail.shape[1], np.float32)
    for b in range(solid.ids.shape[0]):
        _measure(
            solid.clip, solid.triangles, solid.pixels, solid.same, solid.picture, solid.photo_scale, b,
            solid.ids.shape[2], solid.ids.shape[1], detail, weight,
        )  # fmt: skip
        for row in range(solid.ids.shape[1]):
            _draw_row(
                solid, fringe, grid, background, detail, scratch, b, b // per_frame, row, rgb, alpha, confidence
            )  # fmt: skip
