"""Loops that numpy cannot do fast: relaxation on pixel grids and meshes, and how far a picture is stretched."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

__all__ = ["adjacency", "finish_pixels", "relax_grid", "relax_mesh", "triangle_detail"]


@njit(cache=True)
def _relax_grid(values, source, fixed, domain, sweeps, omega):
    height, width = values.shape
    for _ in range(sweeps):
        for parity in range(2):
            for y in range(height):
                for x in range((y + parity) % 2, width, 2):
                    if fixed[y, x] or not domain[y, x]:
                        continue
                    total = np.float32(0.0)
                    count = 0
                    # A neighbour outside the domain mirrors this pixel (no flow across): it adds nothing.
                    if y > 0 and domain[y - 1, x]:
                        total += values[y - 1, x]
                        count += 1
                    if y < height - 1 and domain[y + 1, x]:
                        total += values[y + 1, x]
                        count += 1
                    if x > 0 and domain[y, x - 1]:
                        total += values[y, x - 1]
                        count += 1
                    if x < width - 1 and domain[y, x + 1]:
                        total += values[y, x + 1]
                        count += 1
                    if count > 0:
                        goal = (total + source[y, x]) / count
                        values[y, x] += omega * (goal - values[y, x])


def relax_grid(
    values: np.ndarray,
    *,
    fixed: np.ndarray,
    domain: np.ndarray | None = None,
    source: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Solve Laplacian(v) = −source on a grid of unit spacing, v kept where ``fixed``.

    Args:
        values: ``(H, W)`` start and boundary values.
        fixed: ``(H, W)`` bool.
        domain: ``(H, W)`` bool; nothing flows across its border. None: everywhere.
        source: ``(H, W)`` or a number, in units of value per squared grid step.

    Returns:
        ``(H, W)`` float32. Coarse to fine: the start of each level is the solution of the one below.
    """
    import cv2

    height, width = values.shape
    inside = np.ones((height, width), bool) if domain is None else domain.astype(bool)
    pull = np.broadcast_to(np.asarray(source, np.float32), (height, width)).copy()
    kept = fixed.astype(bool) & inside
    solved = values.astype(np.float32).copy()
    if min(height, width) > 12:
        half = ((width + 1) // 2, (height + 1) // 2)
        weight = cv2.resize(kept.astype(np.float32), half, interpolation=cv2.INTER_AREA)
        mean = cv2.resize(solved * kept, half, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6)
        coarse = relax_grid(
            mean,
            fixed=weight > 0.25,
            domain=cv2.resize(inside.astype(np.float32), half, interpolation=cv2.INTER_AREA) > 0.25,
            source=4 * cv2.resize(pull, half, interpolation=cv2.INTER_AREA),
        )
        start = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        solved = np.where(kept, solved, start).astype(np.float32)
    _relax_grid(solved, pull, kept, inside, 24 if min(height, width) > 12 else 120, np.float32(1.5))
    return solved


def adjacency(triangles: np.ndarray, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every vertex as (starts ``(V + 1,)``, neighbours), each edge once per direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]]).astype(np.int64)
    keys = np.unique(edges[:, 0] * vertices + edges[:, 1])
    starts = np.searchsorted(keys, np.arange(vertices + 1) * vertices)
    return starts.astype(np.int64), (keys % vertices).astype(np.int64)


@njit(cache=True)
def _relax_mesh(starts, neighbours, values, fixed, reached, sweeps):
    vertices, channels = values.shape
    mean = np.zeros(channels, np.float32)
    for sweep in range(sweeps):
        for step in range(vertices):
            v = step if sweep % 2 == 0 else vertices - 1 - step
            if fixed[v]:
                continue
            count = 0
            for c in range(channels):
                mean[c] = 0.0
            for k in range(starts[v], starts[v + 1]):
                n = neighbours[k]
                if reached[n]:
                    count += 1
                    for c in range(channels):
                        mean[c] += values[n, c]
            if count > 0:
                reached[v] = True
                for c in range(channels):
                    values[v, c] = mean[c] / count


def relax_mesh(
    links: tuple[np.ndarray, np.ndarray], values: np.ndarray, *, fixed: np.ndarray, sweeps: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """Fill vertex values smoothly (harmonically) from fixed ones.

    Args:
        links: :func:`adjacency`.
        values: ``(V, C)``.
        fixed: ``(V,)`` bool: where the values are given.
        sweeps: Gauss-Seidel passes; unknown vertices first take their known neighbours' mean.

    Returns:
        values ``(V, C)`` float32, and ``(V,)`` bool: which vertices are joined to a fixed one at all.
    """
    filled = values.astype(np.float32).copy()
    reached = fixed.astype(np.bool_).copy()
    _relax_mesh(links[0], links[1], filled, fixed.astype(np.bool_), reached, sweeps)
    return filled, reached


@njit(cache=True)
def _triangle_detail(photo, drawn, triangles, out):
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        px, py = photo[b, 0] - photo[a, 0], photo[b, 1] - photo[a, 1]
        qx, qy = photo[c, 0] - photo[a, 0], photo[c, 1] - photo[a, 1]
        rx, ry = drawn[b, 0] - drawn[a, 0], drawn[b, 1] - drawn[a, 1]
        sx, sy = drawn[c, 0] - drawn[a, 0], drawn[c, 1] - drawn[a, 1]
        area = px * qy - py * qx
        if abs(area) < 1e-9:
            out[t] = 0.0
            continue
        # photo → drawn: M = [r s] [p q]^-1
        m00, m01 = (rx * qy - sx * py) / area, (sx * px - rx * qx) / area
        m10, m11 = (ry * qy - sy * py) / area, (sy * px - ry * qx) / area
        square = m00 * m00 + m01 * m01 + m10 * m10 + m11 * m11
        determinant = m00 * m11 - m01 * m10
        largest = np.sqrt(0.5 * (square + np.sqrt(max(square * square - 4 * determinant * determinant, 0.0))))
        out[t] = min(1.0, 1.0 / max(largest, 1e-6))


def triangle_detail(photo: np.ndarray, drawn: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Photo pixels per drawn pixel along the direction stretched most, at most 1: ``(F,)`` float32.

    Args:
        photo: ``(V, 2)`` vertex positions in the photo, pixels of the drawn image's scale.
        drawn: ``(V, 2)`` vertex positions in the drawn image.
    """
    out = np.empty(len(triangles), np.float32)
    _triangle_detail(photo, drawn, triangles, out)
    return out


@njit(cache=True)
def _bilinear(picture, x, y, out):
    height, width = picture.shape[0], picture.shape[1]
    x = min(max(x - np.float32(0.5), np.float32(0.0)), np.float32(width - 1.001))
    y = min(max(y - np.float32(0.5), np.float32(0.0)), np.float32(height - 1.001))
    left, top = int(x), int(y)
    fx, fy = x - np.float32(left), y - np.float32(top)
    for c in range(out.shape[0]):
        upper = picture[top, left, c] + fx * (picture[top, left + 1, c] - picture[top, left, c])
        lower = picture[top + 1, left, c] + fx * (picture[top + 1, left + 1, c] - picture[top + 1, left, c])
        out[c] = upper + fy * (lower - upper)


@njit(cache=True, parallel=True)
def finish_pixels(
    ids, values, texture, detail, photo, filled, edge_ids, edge_values, edge_texture, behind, edge_distance, edge_fade,
    sharp, layers,
):  # fmt: skip
    """Mix what the shader drew, in place of a dozen array passes.

    Args:
        ids ``(B, H, W)``, texture ``(B, H, W, 3)``: the solid surfaces. values ``(B, H, W, 13)``: gain, colour 3,
            seen, facing, layer, and the alternative for where the photo is stretched: x, y, gain, colour 3.
        detail ``(B, F + 1)``: photo pixels per drawn pixel of every triangle, last 0.
        photo, filled ``(W', W', 3)``: the alternative's pictures for the head and for the hull.
        edge_*: the fringe: ids, values ``(…, 2)`` (facing, how far it borders on skin), texture ``(…, 4)``,
            edge_fade ``(B,)`` opacity left at bare skin. behind, edge_distance: ``(B, H, W)`` metres.
        sharp ``(2, 2)``: for head, hull: detail below which the alternative shows, above which the photo.
        layers ``(2,)``: values of the hull's front and back.

    Returns:
        rgb ``(B, H, W, 3)``, alpha ``(B, H, W, 1)``, confidence ``(B, H, W, 4)``.
    """
    views, height, width = ids.shape
    rgb = np.zeros((views, height, width, 3), np.float32)
    alpha = np.zeros((views, height, width, 1), np.float32)
    confidence = np.zeros((views, height, width, 4), np.float32)
    for item in prange(views * height):
        b = item // height
        y = item - b * height
        other = np.empty(3, np.float32)
        for x in range(width):
            t = ids[b, y, x]
            solid = t >= 0
            if solid:
                fine = detail[b, t]
                here = values[b, y, x]
                for c in range(3):
                    rgb[b, y, x, c] = here[0] * texture[b, y, x, c] + here[1 + c]
                seen = here[4]
                hull = here[6] < layers[0] + np.float32(0.01)
                row = 1 if hull else 0
                share = (fine - sharp[row, 0]) / (sharp[row, 1] - sharp[row, 0])
                share = min(max(share, np.float32(0.0)), np.float32(1.0))
                if hull and here[6] < layers[1] + np.float32(0.01):
                    share = np.float32(0.0)
                if share < 1.0:
                    _bilinear(filled if hull else photo, here[7], here[8], other)
                    for c in range(3):
                        shown = here[9] * other[c] + here[10 + c]
                        rgb[b, y, x, c] = share * rgb[b, y, x, c] + (1 - share) * shown
                    less = np.float32(0.0) if hull else np.float32(0.5) * min(here[9], np.float32(2) * seen)
                    seen = share * seen + (1 - share) * less
                confidence[b, y, x, 0] = seen
                confidence[b, y, x, 1] = here[5]
                confidence[b, y, x, 2] = fine if seen > 0.01 else np.float32(0.0)
                confidence[b, y, x, 3] = here[6]
                alpha[b, y, x, 0] = 1.0
            # 1 mm: the fringe starts on the hull's own rim.
            if edge_ids[b, y, x] >= 0 and (not solid or edge_distance[b, y, x] < behind[b, y, x] + 0.001):
                skin = edge_values[b, y, x, 1]
                opacity = edge_texture[b, y, x, 3] * (1 - skin * (1 - edge_fade[b]))
                total = opacity + (1 - opacity) * alpha[b, y, x, 0]
                if total > 1e-4:
                    part = opacity / total
                    for c in range(3):
                        rgb[b, y, x, c] = part * edge_texture[b, y, x, c] + (1 - part) * rgb[b, y, x, c]
                    confidence[b, y, x, 0] = part + (1 - part) * confidence[b, y, x, 0]
                    confidence[b, y, x, 1] = (
                        part * edge_values[b, y, x, 0] + (1 - part) * confidence[b, y, x, 1]
                    )
                    confidence[b, y, x, 2] = part + (1 - part) * confidence[b, y, x, 2]
                    confidence[b, y, x, 3] = part * layers[0] + (1 - part) * confidence[b, y, x, 3]
                    alpha[b, y, x, 0] = total
    return rgb, alpha, confidence
