"""The plain reference: what the fast backends must agree with. Slow on purpose, obvious line by line.

Nothing is snapped, clipped or shared with the compiled kernels. For each triangle with corners
P_i = (x_i, y_i, w_i) the homogeneous edge functions a_i(p) = p · (P_j × P_k), p = (x, y, 1), are evaluated in
float64 at the pixel centres: a pixel is inside where all three have the sign of det(P_0, P_1, P_2), which
also holds for triangles that reach behind the camera.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["antialias", "interpolate", "rasterize", "texture"]

Float = NDArray[np.float32]


def rasterize(
    clip: Float, triangles: NDArray[np.int32], resolution: tuple[int, int], *, threads: int | None = None
) -> Float:
    """See :func:`renderer.rasterize.rasterize`; ``threads`` is ignored."""
    height, width = resolution
    rast = np.zeros((len(clip), height, width, 4), np.float64)
    for view in range(len(clip)):
        nearest = np.full((height, width), np.inf)
        corners = clip[view].astype(np.float64)  # (V, 4)
        for triangle, indices in enumerate(triangles):
            _draw(corners[indices], triangle, rast[view], nearest)
    return rast.astype(np.float32)


def _draw(corners: NDArray[np.float64], triangle: int, rast: NDArray[np.float64], nearest: NDArray) -> None:
    height, width = nearest.shape
    if (corners[:, 3] <= 0).all():
        return
    rows, columns = _bounds(corners, height, width)
    x = (columns + 0.5) * 2.0 / width - 1.0  # (w,)
    y = ((rows + 0.5) * 2.0 / height - 1.0)[:, None]  # (h, 1)
    points = corners[:, [0, 1, 3]]
    determinant = np.linalg.det(points)
    if determinant == 0 or not len(rows) or not len(columns):
        return
    inside = np.ones((len(rows), len(columns)), bool)
    edges = np.zeros((3, len(rows), len(columns)))
    for i in range(3):
        normal = np.cross(points[(i + 1) % 3], points[(i + 2) % 3]) * np.sign(determinant)
        edges[i] = normal[0] * x + normal[1] * y + normal[2]
        # A pixel exactly on an edge belongs to the triangle right of it, or below it if it is level.
        owns = normal[0] > 0 or (normal[0] == 0 and normal[1] < 0)
        inside &= (edges[i] >= 0) if owns else (edges[i] > 0)
    total = edges.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        b = edges / total
        z = np.tensordot(corners[:, 2], b, axes=1)
        w = np.tensordot(corners[:, 3], b, axes=1)
        depth = z / w
    window = np.ix_(rows, columns)
    drawn = inside & (w > 0) & (depth >= -1) & (depth <= 1) & (depth < nearest[window])
    nearest[window] = np.where(drawn, depth, nearest[window])
    value = np.stack([b[0], b[1], depth, np.full_like(depth, triangle + 1)], axis=-1)
    rast[window] = np.where(drawn[..., None], value, rast[window])


def _bounds(corners: NDArray[np.float64], height: int, width: int) -> tuple[NDArray, NDArray]:
    """Rows and columns the triangle can touch; all of them when it reaches behind the camera."""
    if (corners[:, 3] <= 1e-6).any():
        return np.arange(height), np.arange(width)
    x = (corners[:, 0] / corners[:, 3] * 0.5 + 0.5) * width
    y = (corners[:, 1] / corners[:, 3] * 0.5 + 0.5) * height
    low_x, high_x = np.clip([x.min() - 1, x.max() + 1], 0, width).astype(int)
    low_y, high_y = np.clip([y.min() - 1, y.max() + 1], 0, height).astype(int)
    return np.arange(low_y, high_y), np.arange(low_x, high_x)


def interpolate(
    attributes: Float, rast: Float, triangles: NDArray[np.int32], *, threads: int | None = None
) -> Float:
    """See :func:`renderer.rasterize.interpolate`."""
    ids = rast[..., 3].astype(np.int64) - 1  # (B, H, W)
    u, v = rast[..., :1], rast[..., 1:2]
    attributes = np.broadcast_to(attributes, (len(rast), *attributes.shape[1:]))
    view = np.arange(len(rast))[:, None, None, None]
    corner = attributes[view, triangles[np.maximum(ids, 0)]]  # (B, H, W, 3, C)
    value = u * corner[..., 0, :] + v * corner[..., 1, :] + (1 - u - v) * corner[..., 2, :]
    return np.where(ids[..., None] >= 0, value, 0).astype(np.float32)


def texture(image: Float, uv: Float, *, boundary: str = "wrap", threads: int | None = None) -> Float:
    """See :func:`renderer.rasterize.texture`."""
    count, height, width, _ = image.shape
    view = np.minimum(np.arange(len(uv)), count - 1)[:, None, None]
    x, y = uv[..., 0].astype(np.float64) * width - 0.5, uv[..., 1].astype(np.float64) * height - 0.5
    left, low = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    total = np.zeros((*uv.shape[:3], image.shape[3]))
    for dy in (0, 1):
        for dx in (0, 1):
            weight = (1 - np.abs(x - (left + dx))) * (1 - np.abs(y - (low + dy)))
            if boundary == "wrap":
                row, column = (low + dy) % height, (left + dx) % width
            else:
                row, column = np.clip(low + dy, 0, height - 1), np.clip(left + dx, 0, width - 1)
            total += weight[..., None] * image[view, row, column]
    return total.astype(np.float32)


def antialias(color: Float, rast: Float, clip: Float, triangles: NDArray[np.int32]) -> Float:
    """See :func:`renderer.rasterize.antialias`; the compiled one has the same rule, stated there."""
    height, width = color.shape[1:3]
    neighbours: dict[tuple[int, int], list[int]] = {}
    for triangle in triangles.tolist():
        for i in range(3):
            edge = tuple(sorted((triangle[i], triangle[(i + 1) % 3])))
            neighbours.setdefault(edge, []).append(triangle[(i + 2) % 3])  # type: ignore[arg-type]
    out = color.astype(np.float64)
    for view in range(len(color)):
        w = clip[view, :, 3:].astype(np.float64)
        pixels = (clip[view, :, :2] / np.where(w == 0, 1, w) * 0.5 + 0.5) * [width, height]  # (V, 2)
        for row, column, down in np.ndindex(height, width, 2):
            other = (row + down, column + 1 - down)
            if other[0] >= height or other[1] >= width:
                continue
            one, two = rast[view, row, column], rast[view, other[0], other[1]]
            if one[3] == two[3]:
                continue
            first = one[3] > 0 and (two[3] == 0 or one[2] <= two[2])
            front, back = ((row, column), other) if first else (other, (row, column))
            corners = triangles[int((one if first else two)[3]) - 1].tolist()
            if (w[corners] <= 0).any():
                continue
            across = _crossing(corners, neighbours, pixels, front, back, down)
            if across is None:
                continue
            difference = color[view][front].astype(np.float64) - color[view][back]
            if across > 0.5:
                out[view][back] += (across - 0.5) * difference
            else:
                out[view][front] -= (0.5 - across) * difference
    return out.astype(np.float32)


def _crossing(
    corners: list[int], neighbours: dict[tuple[int, int], list[int]], pixels: NDArray,
    front: tuple[int, int], back: tuple[int, int], down: int,
) -> float | None:  # fmt: skip
    """Where a silhouette edge passes, from the front pixel's centre (0) to the back one's (1)."""
    along, level = (1, 0) if down else (0, 1)  # the coordinate the two centres differ in, and the other
    centre = (front[1] + 0.5, front[0] + 0.5)
    step = (back[0] - front[0]) if down else (back[1] - front[1])
    for i in range(3):
        a, b, c = corners[i], corners[(i + 1) % 3], corners[(i + 2) % 3]
        p, q = pixels[a], pixels[b]
        if abs(q[level] - p[level]) < abs(q[along] - p[along]):
            continue  # the edge runs along this pair: the pairs across it take care of it
        if (p[level] > centre[level]) == (q[level] > centre[level]):
            continue

        def side(v: int, p: NDArray = p, q: NDArray = q) -> bool:
            r = pixels[v]
            return bool((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]) > 0)

        others = list(neighbours[tuple(sorted((a, b)))])  # type: ignore[index]
        others.remove(c)
        if any(side(v) != side(c) for v in others):
            continue  # the surface goes on beyond the edge
        t = (centre[level] - p[level]) / (q[level] - p[level])
        distance = (p[along] + t * (q[along] - p[along]) - centre[along]) * step
        if 0.0 <= distance <= 1.0:
            return float(distance)
    return None
