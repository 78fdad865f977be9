"""Which triangle each sample of an actor picture sees: a numba z-buffer with textured alpha.

Hair, lashes and brows are cards whose texture carries coverage. Instead of sorting and blending them, each of the
S x S samples of a pixel compares the card's alpha with its own threshold (alpha-to-coverage): order-independent,
and averaging the samples gives soft edges. The thresholds are shifted per triangle so that stacked cards do not
all keep the same samples. Alpha is read from the mip level that fits the triangle.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["LEVELS", "pack_textures", "sample_thresholds", "visibility"]

LEVELS = 6
"""Mip levels kept per texture, the full size included."""
NEAREST_METRES = 0.05


def sample_thresholds(supersample: int) -> np.ndarray:
    """(S,S) f32 alpha thresholds in (0,1), evenly spaced and scattered over the S x S samples of a pixel."""
    count = supersample * supersample
    order = (np.arange(count) * 7 + 2) % count if count % 7 else np.arange(count)
    if supersample == 2:
        order = np.array([0, 2, 3, 1])
    return ((order + 0.5) / count).reshape(supersample, supersample).astype(np.float32)


def pack_textures(images: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Textures with their mip levels in one flat buffer.

    Args:
        images: (H,W,4) u8 each; colour is averaged weighted by alpha, so that card edges keep the hair's colour.

    Returns:
        texels (N,4) u8 and table (count, LEVELS, 3) i64: offset, height, width of each level.
    """
    import cv2

    chunks: list[np.ndarray] = []
    table = np.zeros((len(images), LEVELS, 3), np.int64)
    offset = 0
    for i, image in enumerate(images):
        level = image.astype(np.float32)
        opaque = bool(image[..., 3].min() == 255)
        if not opaque:
            level[..., :3] *= np.maximum(level[..., 3:], 0.25) / 255.0
        for k in range(LEVELS):
            if k and min(level.shape[:2]) > 1:
                level = cv2.resize(
                    level,
                    (max(1, level.shape[1] // 2), max(1, level.shape[0] // 2)),
                    interpolation=cv2.INTER_AREA,
                )
            out = level
            if not opaque:
                out = level.copy()
                out[..., :3] *= 255.0 / np.maximum(level[..., 3:], 0.25)
            texels = np.clip(out + 0.5, 0, 255).astype(np.uint8).reshape(-1, 4)
            table[i, k] = offset, level.shape[0], level.shape[1]
            chunks.append(texels)
            offset += len(texels)
    return np.concatenate(chunks), table


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _alpha_at(texels, table, image, level, u, v):
    """Nearest texel's alpha in 0..255 at (u, v), v up, wrapping."""
    offset, height, width = table[image, level, 0], table[image, level, 1], table[image, level, 2]
    x = int(np.floor((u - np.floor(u)) * width))
    y = int(np.floor((1.0 - (v - np.floor(v))) * height))
    x = min(x, width - 1)
    y = min(y, height - 1)
    return texels[offset + y * width + x, 3]


@numba.njit(cache=True, fastmath=True, nogil=True)
def mip_level(area_px, uv_area, table, image):
    """Mip level whose texels are about as large as the samples of a triangle."""
    texel_area = uv_area * table[image, 0, 1] * table[image, 0, 2]
    level = 0
    ratio = texel_area / max(area_px, 1e-6)
    while ratio > 2.5 and level < LEVELS - 1:
        ratio *= 0.25
        level += 1
    return level


@numba.njit(cache=True, fastmath=True, nogil=True)
def visibility(
    screen,
    triangles,
    uv,
    uv_triangles,
    material,
    alpha_tested,
    culled,
    image_of,
    texels,
    table,
    thresholds,
    depth,
    ids,
    levels,
):
    """Rasterise triangles into ``depth`` and ``ids``.

    Args:
        screen: (V,3) f32 sample x (right), y (down) and 1/distance, larger is nearer.
        triangles, uv_triangles: (F,3) i32; uv (VT,2) f32, v up; material (F,) i32.
        alpha_tested, culled: (M,) bool per material: coverage from the texture; back faces dropped.
        image_of: (M,) i32 texture of each material; texels, table from :func:`pack_textures`.
        thresholds: (S,S) f32.
        depth: (H,W) f32, filled with 0; ids: (H,W) i32, filled with -1. Both are written.
        levels: (F,) u8, written: the mip level of each triangle (for shading).
    """
    height, width = ids.shape
    side = thresholds.shape[0]
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        za, zb, zc = screen[a, 2], screen[b, 2], screen[c, 2]
        if za <= 0.0 or zb <= 0.0 or zc <= 0.0:
            continue
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        m = material[f]
        if area == 0.0 or (area > 0.0 and culled[m]):  # y is down: front faces have negative area
            continue
        x0, x1 = (
            max(0, int(np.ceil(min(ax, bx, cx) - 0.5))),
            min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5))),
        )
        y0, y1 = (
            max(0, int(np.ceil(min(ay, by, cy) - 0.5))),
            min(height - 1, int(np.floor(max(ay, by, cy) - 0.5))),
        )
        if x0 > x1 or y0 > y1:
            continue
        inv = 1.0 / area
        ua, va = uv[uv_triangles[f, 0], 0], uv[uv_triangles[f, 0], 1]
        ub, vb = uv[uv_triangles[f, 1], 0], uv[uv_triangles[f, 1], 1]
        uc, vc = uv[uv_triangles[f, 2], 0], uv[uv_triangles[f, 2], 1]
        image = image_of[m]
        level = mip_level(abs(area), abs((ub - ua) * (vc - va) - (vb - va) * (uc - ua)), table, image)
        levels[f] = level
        tested = alpha_tested[m]
        shift = (f * 40503) >> 4
        # barycentrics of a and b are affine in x and y; c's is what is left
        wax, way = (by - cy) * inv, (cx - bx) * inv
        wbx, wby = (cy - ay) * inv, (ax - cx) * inv
        for y in range(y0, y1 + 1):
            py = y + 0.5
            wa = (x0 + 0.5 - cx) * wax + (py - cy) * way
            wb = (x0 + 0.5 - cx) * wbx + (py - cy) * wby
            for x in range(x0, x1 + 1):
                wc = 1.0 - wa - wb
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    z = wa * za + wb * zb + wc * zc
                    if z > depth[y, x]:
                        seen = True
                        if tested:
                            inv_z = 1.0 / z
                            u = (wa * za * ua + wb * zb * ub + wc * zc * uc) * inv_z
                            v = (wa * za * va + wb * zb * vb + wc * zc * vc) * inv_z
                            alpha = _alpha_at(texels, table, image, level, u, v)
                            seen = alpha > 255.0 * thresholds[(y + (shift >> 1)) % side, (x + shift) % side]
                        if seen:
                            depth[y, x] = z
                            ids[y, x] = f
                wa += wax
                wb += wbx


@numba.njit(cache=True, fastmath=True, nogil=True)
def orthographic_depth(points, axes, center, half_extent, triangles, solid, out):
    """Depth map along a direction, for shadows and ambient occlusion: (S,S) f32, larger is nearer to the light.

    Args:
        points: (V,3); axes (3,3): rows right, up, toward the light; center (3,); half_extent metres.
        triangles: (F,3); solid (F,) bool: triangles that cast (a card casts as a whole or not at all).
        out: (S,S) f32, filled with -1e9, written.
    """
    size = out.shape[0]
    scale = 0.5 * size / half_extent
    flat = np.empty((len(points), 3), np.float32)
    for i in range(len(points)):
        dx, dy, dz = points[i, 0] - center[0], points[i, 1] - center[1], points[i, 2] - center[2]
        flat[i, 0] = (axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz) * scale + 0.5 * size
        flat[i, 1] = (axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz) * scale + 0.5 * size
        flat[i, 2] = axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz
    for f in range(len(triangles)):
        if not solid[f]:
            continue
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, bx, by, cx, cy = flat[a, 0], flat[a, 1], flat[b, 0], flat[b, 1], flat[c, 0], flat[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        x0, x1 = (
            max(0, int(np.ceil(min(ax, bx, cx) - 0.5))),
            min(size - 1, int(np.floor(max(ax, bx, cx) - 0.5))),
        )
        y0, y1 = (
            max(0, int(np.ceil(min(ay, by, cy) - 0.5))),
            min(size - 1, int(np.floor(max(ay, by, cy) - 0.5))),
        )
        if area == 0.0 or x0 > x1 or y0 > y1:
            continue
        inv = 1.0 / area
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                wa = ((bx - x - 0.5) * (cy - y - 0.5) - (by - y - 0.5) * (cx - x - 0.5)) * inv
                wb = ((cx - x - 0.5) * (ay - y - 0.5) - (cy - y - 0.5) * (ax - x - 0.5)) * inv
                wc = 1.0 - wa - wb
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    z = wa * flat[a, 2] + wb * flat[b, 2] + wc * flat[c, 2]
                    if z > out[y, x]:
                        out[y, x] = z
