"""The buffers of a posed head: what every pixel of every view shows.

All are (T, N, H, W, C) float32, row 0 at the top, sampled at pixel centres, 0 where nothing is (regions: −1).

==============  ==  ====================================================================================
name            C   value
==============  ==  ====================================================================================
depth           1   metres along the viewing axis
normals_camera  3   unit normal in camera axes (+x right, +y up, +z towards the camera), [−1, 1]
normals_head    3   unit normal of the posed mesh in head space (FLAME's axes), the same from every view
canonical       3   where the point lies on the head's template, metres in head space
uv              2   texture coordinates, v up, [0, 1]
regions         1   index into the head's region names, −1 where nothing is
mask            1   1 where the head is; with supersampling the covered share of the pixel
shaded          3   RGB preview in [0, 1]: natural colours, two lights, over ``background``
==============  ==  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flame.errors import ConfigError, InputError, input_error
from renderer.cameras import Cameras
from renderer.lining import lining_of, tuck_lining
from renderer.palette import albedo_of_regions
from renderer.shading import Shaded, shade
from renderer.supersampling import box_downsample, checked_factor

__all__ = ["BUFFERS", "HeadMesh", "render_buffers"]

Float = NDArray[np.float32]

#: Channels of each buffer, in the order of the table above.
BUFFERS: dict[str, int] = {
    "depth": 1,
    "normals_camera": 3,
    "normals_head": 3,
    "canonical": 3,
    "uv": 2,
    "regions": 1,
    "mask": 1,
    "shaded": 3,
}
_SMOOTHED = ("mask", "shaded")  # what supersampling smooths; the others keep one sample, at the centre
_PIXELS_AT_ONCE = 4 << 20

# Directions towards the lights in camera axes, with strengths: a key from the upper left, a fill from the
# right.
_LIGHTS = (((-0.45, 0.55, 0.70), 0.62), ((0.65, 0.05, 0.55), 0.26))
_AMBIENT = 0.24
_HIGHLIGHT = ((-0.24, 0.30, 0.92), 28.0, 0.10)  # half vector, exponent, strength


@dataclass(frozen=True)
class _Preview:
    """Colours of the shaded preview: of the vertices (V, 3) and of the background (3,)."""

    albedo: Float
    background: Float


class HeadMesh(Protocol):
    """What of ``flame.FlameHead`` is used here."""

    v_template: Any  # (V, 3)
    faces: Any  # (F, 3)
    uv: Any  # (VT, 2)
    uv_faces: Any  # (F, 3)
    face_region: Any  # (F,)
    vertex_region: Any  # (V,)


def render_buffers(
    vertices: ArrayLike,
    head: HeadMesh,
    cameras: Cameras,
    *,
    buffers: Sequence[str] = ("depth", "normals_camera", "regions", "mask", "shaded"),
    region_names: Sequence[str] | None = None,
    supersample: int = 1,
    background: tuple[float, float, float] = (0.16, 0.17, 0.19),
    threads: int | None = None,
) -> dict[str, Float]:
    """Render ``buffers`` of T posed meshes in N views.

    Args:
        vertices: (T, V, 3) world positions, metres; (V, 3) is taken as T = 1.
        head: the head they belong to (faces, template, uv, regions).
        buffers: names out of :data:`BUFFERS`.
        region_names: names of the head's regions, for the colours of ``shaded``; None:
            ``flame.regions.REGIONS``.
        supersample: k: draw ``mask`` and ``shaded`` at k times the size and average.
        background: RGB behind ``shaded``.
        threads: CPU threads; None: all.

    Returns:
        name → (T, N, H, W, C) float32.

    Raises:
        ConfigError: an unknown buffer or a bad factor. InputError: vertices that do not fit the head.
    """
    factor = checked_factor(supersample)
    names = _checked_names(buffers)
    points = _checked_points(vertices, head)
    count, height, width = len(cameras), cameras.height, cameras.width
    out = {n: np.empty((len(points), count, height, width, BUFFERS[n]), np.float32) for n in names}
    albedo = _albedo(head, region_names) if "shaded" in names else np.zeros((1, 3), np.float32)
    preview = _Preview(albedo, np.asarray(background, np.float32))
    sharp = [n for n in names if factor == 1 or n not in _SMOOTHED]
    smooth = [n for n in names if n not in sharp]
    for wanted, k in ((sharp, 1), (smooth, factor)):
        if not wanted:
            continue
        scaled = cameras if k == 1 else cameras.resized(height * k, width * k)
        chunk = max(1, _PIXELS_AT_ONCE // (count * height * width * k * k))
        for start in range(0, len(points), chunk):
            part = slice(start, start + chunk)
            drawn = _draw(points[part], head, scaled, wanted, preview, k, threads)
            for name in wanted:
                out[name][part] = drawn[name].reshape(-1, count, height, width, BUFFERS[name])
    return out


def _checked_names(buffers: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(buffers))
    for name in names:
        if name not in BUFFERS:
            raise input_error(
                ConfigError, "there is no such buffer", name, f"use any of {', '.join(BUFFERS)}"
            )
    return names


def _checked_points(vertices: ArrayLike, head: HeadMesh) -> Float:
    points = np.asarray(vertices, np.float32)
    points = points[None] if points.ndim == 2 else points
    if points.ndim != 3 or points.shape[1:] != np.shape(head.v_template):
        raise input_error(
            InputError,
            "vertices must be (T, V, 3) of this head",
            points.shape,
            f"the head has {len(head.v_template)} vertices",
        )
    return points


def _draw(
    points: Float,
    head: HeadMesh,
    cameras: Cameras,
    wanted: Sequence[str],
    preview: _Preview,
    factor: int,
    threads: int | None,
) -> dict[str, Float]:
    """The ``wanted`` buffers of a few frames (t, V, 3), by cameras of ``factor`` times the wanted size.

    Returns:
        name → (t·N, H, W, C); with a factor above 1 only mask and shaded.
    """
    clip = tuck_lining(cameras.to_clip(points), points, cameras, lining_of(head))
    clip = clip.reshape(-1, points.shape[1], 4)  # (t·N, V, 4)
    attributes, where = _attributes(points, head, cameras, wanted, preview, threads)
    seen = shade(clip, head.faces, attributes, resolution=(cameras.height, cameras.width), threads=threads)
    drawn = {name: seen.values[..., channels] for name, channels in where.items()}
    for name in ("normals_camera", "normals_head"):
        if name in drawn:  # interpolation shortens normals
            length = np.sqrt(np.einsum("...c,...c->...", drawn[name], drawn[name]))[..., None]
            drawn[name] = drawn[name] / np.maximum(length, 1e-8)
    if "depth" in wanted:
        drawn["depth"] = seen.distance[..., None]
    if "uv" in wanted:
        drawn["uv"] = _uv(clip, head, seen, threads)
    if "regions" in wanted:
        labels = np.append(np.asarray(head.face_region, np.float32), np.float32(-1))
        drawn["regions"] = labels[seen.triangle_ids][..., None]  # id −1 → the last: label −1
    if "shaded" in wanted:
        from renderer.preview import compose

        drawn["shaded"], drawn["mask"] = compose(
            seen.triangle_ids, drawn["lit"], preview.background, factor, threads=threads,
        )  # fmt: skip
    elif "mask" in wanted:
        drawn["mask"] = box_downsample(seen.mask[..., None], factor)
    return drawn


def _attributes(
    points: Float,
    head: HeadMesh,
    cameras: Cameras,
    wanted: Sequence[str],
    preview: _Preview,
    threads: int | None,
) -> tuple[Float, dict[str, slice]]:
    """Per-vertex values (t·N, V, K) and which channels are which."""
    frames, count = len(points), len(cameras)
    columns: list[Float] = []
    where: dict[str, slice] = {}

    def add(name: str, values: Float) -> None:
        start = sum(c.shape[-1] for c in columns)
        where[name] = slice(start, start + values.shape[-1])
        columns.append(np.broadcast_to(values, (frames, count, *values.shape[-2:])))

    if {"normals_head", "normals_camera", "shaded"} & set(wanted):
        from renderer.normals import vertex_normals

        normals = vertex_normals(points, head.faces, threads=threads)[:, None]  # (t, 1, V, 3)
        rotation = np.swapaxes(cameras.world_to_camera[:, :3, :3], 1, 2).astype(np.float32)  # (N, 3, 3)
        if "normals_head" in wanted:
            add("normals_head", normals)
        if "normals_camera" in wanted or "shaded" in wanted:
            turned = normals @ rotation  # (t, N, V, 3)
            if "normals_camera" in wanted:
                add("normals_camera", turned)
            if "shaded" in wanted:
                light = _light(turned)  # (t, N, V, 2)
                add("lit", preview.albedo * light[..., :1] + light[..., 1:])
    if "canonical" in wanted:
        add("canonical", np.asarray(head.v_template, np.float32)[None, None])
    if not columns:
        return np.zeros((frames * count, points.shape[1], 0), np.float32), where
    joined = np.concatenate(columns, axis=-1)  # (t, N, V, K)
    return joined.reshape(frames * count, points.shape[1], -1), where


def _light(normals: Float) -> Float:
    """Diffuse and highlight strengths (..., 2) of normals (..., 3) in camera axes."""
    diffuse = np.full(normals.shape[:-1], _AMBIENT, np.float32)
    for direction, strength in _LIGHTS:
        unit = np.array(direction, np.float32) / np.linalg.norm(direction).astype(np.float32)
        wrapped = np.clip((normals @ unit + 0.15) / 1.15, 0.0, 1.0)  # a little wrap softens the terminator
        diffuse += np.float32(strength) * wrapped
    half, exponent, strength = _HIGHLIGHT
    unit = np.array(half, np.float32) / np.linalg.norm(half).astype(np.float32)
    shine = np.float32(strength) * np.clip(normals @ unit, 0.0, 1.0) ** np.float32(exponent)
    return np.stack([diffuse, shine], axis=-1)


def _uv(clip: Float, head: HeadMesh, seen: Shaded, threads: int | None) -> Float:
    """Texture coordinates (B, H, W, 2): they have their own corners, because seams cut the mesh."""
    from renderer import numba_backend

    faces = np.ascontiguousarray(head.faces, np.int32)
    rast = numba_backend.barycentric(
        clip, faces, np.ascontiguousarray(seen.triangle_ids[:, ::-1]), threads=threads
    )
    corners = np.ascontiguousarray(head.uv_faces, np.int32)
    values = np.ascontiguousarray(head.uv, np.float32)[None]
    return numba_backend.interpolate(values, rast, corners, threads=threads)[:, ::-1]


def _albedo(head: HeadMesh, region_names: Sequence[str] | None) -> Float:
    """(V, 3) natural colours of the vertices, by their regions."""
    if region_names is None:
        from flame.regions import REGIONS

        region_names = REGIONS
    labels = np.asarray(head.vertex_region)
    if labels.max(initial=0) >= len(region_names):
        raise input_error(
            InputError,
            "the head's region labels go beyond the region names",
            f"label {labels.max()} of {len(region_names)} names",
            "pass the region_names of this head",
        )
    return albedo_of_regions(region_names)[labels]
