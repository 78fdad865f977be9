"""The CPU backend: nvdiffrast's conventions on numpy arrays, in compiled kernels (numba).

Importing this compiles nothing yet; the first call of a kernel does (seconds), later processes load it from
numba's cache. :func:`warm_up` pays that price at a time of the caller's choosing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderer import numba_shading as shading_kernels
from renderer import numba_visibility as visibility_kernels
from renderer.threads import kernel_threads

__all__ = [
    "Snapped",
    "barycentric",
    "interpolate",
    "rasterize",
    "sample_visibility",
    "shade",
    "texture",
    "visibility",
    "warm_up",
]

Float = NDArray[np.float32]
Int = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Snapped:
    """Vertices of B views on the rasteriser's grid: what one visibility pass leaves for the next."""

    position: NDArray[np.int64]  # (B, V, 2)
    depth: NDArray[np.float64]  # (B, V) z/w
    outside: NDArray[np.uint8]  # (B, V) 1 where the triangles need clipping

    @classmethod
    def empty(cls, views: int, vertices: int) -> Snapped:
        """To be filled by :func:`visibility`."""
        return cls(
            np.empty((views, vertices, 2), np.int64),
            np.empty((views, vertices), np.float64),
            np.empty((views, vertices), np.uint8),
        )


def _bands(views: int, height: int, threads: int) -> int:
    """Whole views where they fill the threads evenly, else each view in bands of rows."""
    return min(1 if views % threads == 0 or views >= 4 * threads else 2 * threads, height)


def visibility(
    clip: Float,
    triangles: Int,
    height: int,
    width: int,
    *,
    threads: int | None = None,
    behind: Float | None = None,
    snapped: Snapped | None = None,
) -> tuple[Int, Float]:
    """The nearest triangle at every pixel centre.

    Args:
        clip: (B, V, 4); triangles: (F, 3), valid indices.
        behind: (B, H, W) z/w of an earlier call: only what lies strictly behind it is drawn (depth peeling).
        snapped: filled, for :func:`sample_visibility`.

    Returns:
        ids (B, H, W) int32, −1 where nothing is drawn, and its z/w (B, H, W); row 0 is the bottom.
    """
    views, vertices = clip.shape[:2]
    ids = np.empty((views, height, width), np.int32)
    nearest = np.empty((views, height, width), np.float32)
    grid = Snapped.empty(views, vertices) if snapped is None else snapped
    peel = behind is not None
    floor = np.ascontiguousarray(behind, np.float32) if peel else np.zeros((1, 1, 1), np.float32)
    with kernel_threads(threads) as count:
        draw = visibility_kernels.draw_serial if count == 1 else visibility_kernels.draw_parallel
        bands = _bands(views, height, count)
        draw(
            clip, triangles, bands, grid.position, grid.depth, grid.outside, ids, nearest, floor, peel,
        )  # fmt: skip
    return ids, nearest


def sample_visibility(
    clip: Float,
    triangles: Int,
    snapped: Snapped,
    slots: Int,
    offsets: NDArray[np.int64],
    count: int,
    *,
    threads: int | None = None,
) -> Int:
    """The nearest triangle at several points of chosen pixels.

    Args:
        clip, triangles, snapped: as given to and filled by :func:`visibility` at this size.
        slots: (B, H, W) from 0 to ``count`` − 1, each at most once, −1 for pixels not chosen; row 0 is the bottom.
        offsets: (S, 2) of the points from the pixel centre, right and up, in 1/``ONE_PIXEL`` pixel, inside the
            pixel.

    Returns:
        ids (count, S) int32, −1 where nothing is drawn.
    """
    ids = np.full((count, len(offsets)), -1, np.int32)
    nearest = np.full(ids.shape, np.float32(1.0000001))
    with kernel_threads(threads) as used:
        draw = visibility_kernels.sample_serial if used == 1 else visibility_kernels.sample_parallel
        bands = _bands(len(slots), slots.shape[1], used)
        draw(
            clip, triangles, bands, snapped.position, snapped.depth, snapped.outside, slots, offsets, ids,
            nearest,
        )  # fmt: skip
    return ids


def rasterize(
    clip: Float,
    triangles: Int,
    resolution: tuple[int, int],
    *,
    threads: int | None = None,
) -> Float:
    """See :func:`renderer.rasterize.rasterize`."""
    height, width = resolution
    ids, _ = visibility(clip, triangles, height, width, threads=threads)
    return barycentric(clip, triangles, ids, threads=threads)


def barycentric(clip: Float, triangles: Int, ids: Int, *, threads: int | None = None) -> Float:
    """rast (B, H, W, 4) of the visible triangles ``ids`` (B, H, W), both bottom row first."""
    rast = np.empty((*ids.shape, 4), np.float32)
    with kernel_threads(threads) as count:
        kernel = shading_kernels.rast_serial if count == 1 else shading_kernels.rast_parallel
        kernel(clip, triangles, ids, rast)
    return rast


def interpolate(attributes: Float, rast: Float, triangles: Int, *, threads: int | None = None) -> Float:
    """See :func:`renderer.rasterize.interpolate`."""
    out = np.empty((*rast.shape[:3], attributes.shape[2]), np.float32)
    with kernel_threads(threads) as count:
        kernel = shading_kernels.interpolate_serial if count == 1 else shading_kernels.interpolate_parallel
        kernel(attributes, triangles, rast, out)
    return out


def texture(
    image: Float,
    uv: Float,
    *,
    boundary: str = "wrap",
    threads: int | None = None,
) -> Float:
    """See :func:`renderer.rasterize.texture`."""
    images, height, width, channels = image.shape
    out = np.empty((*uv.shape[:3], channels), np.float32)
    with kernel_threads(threads) as count:
        kernel = shading_kernels.texture_serial if count == 1 else shading_kernels.texture_parallel
        kernel(image.reshape(-1, channels), images, height, width, uv, boundary == "wrap", out)
    return out


def shade(
    clip: Float,
    triangles: Int,
    ids: Int,
    attributes: Float,
    *,
    uv: Float | None = None,
    uv_triangles: Int | None = None,
    triangle_texture: Int | None = None,
    textures: tuple[Float, ...] = (),
    threads: int | None = None,
) -> tuple[Float, Float, Float]:
    """Values of the visible triangles ``ids`` (B, H, W, bottom up), in image order.

    Returns:
        attribute values (B, H, W, K), clip w (B, H, W), 0 where nothing is drawn, texture colours (B, H, W,
        C).
    """
    views, height, width = ids.shape
    channels = textures[0].shape[2] if textures else 0
    values = np.empty((views, height, width, attributes.shape[2]), np.float32)
    distance = np.empty((views, height, width), np.float32)
    textured = np.empty((views, height, width, channels), np.float32)
    if textures:
        texels = (
            np.concatenate([t.reshape(-1, channels) for t in textures])
            if len(textures) > 1
            else textures[0].reshape(-1, channels)
        )
        sizes = np.array([t.shape[:2] for t in textures], np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes[:, 0] * sizes[:, 1])[:-1]]).astype(np.int64)
    else:
        texels, sizes, starts = (
            np.zeros((1, 1), np.float32),
            np.zeros((1, 2), np.int64),
            np.zeros(1, np.int64),
        )
    if uv is None:
        uv = np.zeros((1, 1, 2), np.float32)
    if uv_triangles is None:
        uv_triangles = triangles
    if triangle_texture is None:
        triangle_texture = np.zeros(len(triangles) if textures else 1, np.int32)
    with kernel_threads(threads) as count:
        kernel = shading_kernels.shade_serial if count == 1 else shading_kernels.shade_parallel
        kernel(
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
            starts,
            sizes,
            textured,
        )
    return values, distance, textured


def warm_up(threads: int | None = None) -> None:
    """Compile (or load from the cache) all kernels now, on a triangle."""
    clip = np.array([[[-1, -1, 0, 1], [1, -1, 0, 1], [0, 1, 0, 1]]], np.float32)
    triangles = np.array([[0, 1, 2]], np.int32)
    rast = rasterize(clip, triangles, (4, 4), threads=threads)
    uv = interpolate(np.ascontiguousarray(clip[..., :2]), rast, triangles, threads=threads)
    texture(np.zeros((1, 2, 2, 3), np.float32), uv, threads=threads)
    ids, _ = visibility(clip, triangles, 4, 4, threads=threads)
    shade(clip, triangles, ids, clip, threads=threads)
