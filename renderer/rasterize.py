"""Rasterise, interpolate, texture, antialias: one signature, several backends, nvdiffrast's conventions.

``rast`` is (B, H, W, 4) float32: u, v, z/w, triangle id + 1; all zero where nothing is drawn. **Row 0 is the
bottom of the image** (:func:`to_image_order` turns it over). Vertex 0 of a triangle has (u, v) = (1, 0),
vertex 1 (0, 1), vertex 2 (0, 0).

Backends: ``numba`` (CPU, numpy arrays), ``reference`` (CPU, numpy arrays: plain, slow, the truth in tests),
``nvdiffrast`` (CUDA, torch tensors, with gradients). ``auto`` takes nvdiffrast for CUDA tensors and numba for
everything else; torch tensors in, torch tensors out. On the CPU, gradients flow through ``rasterize`` (u, v
and z/w) and ``interpolate`` with the numba backend; silhouettes have none there.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np

from flame.errors import ConfigError, InputError, input_error
from renderer.checks import (
    checked_array,
    checked_attributes,
    checked_clip,
    checked_resolution,
    checked_triangles,
)

__all__ = ["BACKENDS", "antialias", "interpolate", "rasterize", "texture", "to_image_order"]

BACKENDS = ("auto", "numba", "reference", "nvdiffrast")


def rasterize(
    clip_positions: Any,
    triangles: Any,
    resolution: tuple[int, int],
    *,
    backend: str = "auto",
    threads: int | None = None,
) -> Any:
    """Which triangle is nearest at every pixel centre, and where in it.

    Args:
        clip_positions: (B, V, 4) float32 clip-space positions (x, y, z, w), see ``Cameras.to_clip``.
        triangles: (F, 3) int32; both sides are drawn.
        resolution: (height, width) in pixels.
        backend: one of :data:`BACKENDS`.
        threads: CPU threads of this call; None: all.

    Returns:
        rast (B, H, W, 4) float32, bottom row first: u, v, z/w, triangle id + 1.

    Raises:
        InputError: wrong shapes, values that are not finite, indices out of range.
        MissingDependencyError: the backend's package is not installed.
    """
    module = _backend(backend, clip_positions)
    if module is None:
        return _nvdiffrast().rasterize(clip_positions, triangles, checked_resolution(resolution))
    clip = checked_clip(_numpy(clip_positions))
    faces = checked_triangles(_numpy(triangles), clip.shape[1])
    size = checked_resolution(resolution)
    if _wants_gradient(module, clip_positions):
        tensor = clip_positions.float()
        return _gradients().Rasterize.apply(tensor.reshape(clip.shape), faces, size, threads)
    return _like(clip_positions, module.rasterize(clip, faces, size, threads=threads))


def interpolate(
    attributes: Any,
    rast: Any,
    triangles: Any,
    *,
    backend: str = "auto",
    threads: int | None = None,
) -> Any:
    """Per-vertex ``attributes`` (B or 1, V, C) at each pixel of ``rast``: (B, H, W, C), 0 where empty."""
    module = _backend(backend, rast)
    if module is None:
        return _nvdiffrast().interpolate(attributes, rast, triangles)
    grid = _checked_rast(rast)
    values = _numpy(attributes)
    values = checked_attributes(values, len(grid), np.shape(values)[-2] if np.ndim(values) > 1 else 0)
    faces = checked_triangles(_numpy(triangles), values.shape[1])
    if grid[..., 3].max(initial=0) > len(faces):
        raise input_error(
            InputError,
            "rast holds ids beyond the triangles",
            int(grid[..., 3].max()),
            f"pass the {len(faces)} triangles it was rasterised with",
        )
    if _wants_gradient(module, attributes, rast):
        import torch

        tensor = torch.as_tensor(attributes).float().reshape(values.shape)
        return _gradients().Interpolate.apply(tensor, torch.as_tensor(rast).float(), faces, threads)
    return _like(rast, module.interpolate(values, grid, faces, threads=threads))


def texture(
    image: Any,
    uv: Any,
    *,
    boundary: str = "wrap",
    backend: str = "auto",
    threads: int | None = None,
) -> Any:
    """Bilinear samples of ``image`` (B or 1, H, W, C) at ``uv`` (B, H', W', 2): (B, H', W', C).

    (0, 0) is the corner of the first texel **in memory** and (1, 1) that of the last, as in nvdiffrast. For a
    picture stored top row first and v pointing up, turn the picture over first.

    Args:
        boundary: ``wrap`` repeats the texture, ``clamp`` holds its border.
    """
    if boundary not in ("wrap", "clamp"):
        raise input_error(ConfigError, "boundary must be wrap or clamp", boundary, "use one of them")
    module = _backend(backend, uv)
    if module is None:
        return _nvdiffrast().texture(image, uv, boundary=boundary)
    texels = checked_array(_numpy(image), "image", "(B, H, W, C)", 4)
    where = checked_array(_numpy(uv), "uv", "(B, H, W, 2)", 4)
    if where.shape[-1] != 2 or texels.shape[0] not in (1, where.shape[0]) or 0 in texels.shape:
        raise input_error(
            InputError,
            "uv must be (B, H, W, 2) and image (B or 1, H, W, C)",
            f"{where.shape}, {texels.shape}",
            "check their shapes",
        )
    return _like(uv, module.texture(texels, where, boundary=boundary, threads=threads))


def antialias(
    color: Any,
    rast: Any,
    clip_positions: Any,
    triangles: Any,
    *,
    backend: str = "auto",
) -> Any:
    """Smooth silhouettes of ``color`` (B, H, W, C): pixels cut by one get their share of both sides."""
    module = _backend(backend, color)
    if module is None:
        return _nvdiffrast().antialias(color, rast, clip_positions, triangles)
    from renderer import antialiasing

    grid = _checked_rast(rast)
    picture = checked_array(_numpy(color), "color", "(B, H, W, C)", 4)
    clip = checked_clip(_numpy(clip_positions))
    faces = checked_triangles(_numpy(triangles), clip.shape[1])
    if picture.shape[:3] != grid.shape[:3] or len(clip) != len(grid):
        raise input_error(
            InputError,
            "color, rast and clip_positions must be of the same views and size",
            f"{picture.shape}, {grid.shape}, {clip.shape}",
            "pass what belongs together",
        )
    return _like(color, antialiasing.antialias(picture, grid, clip, faces))


def to_image_order(raster: Any) -> Any:
    """Turn (B, H, W, …) from bottom row first to top row first, or back."""
    return raster.flip(1) if _is_tensor(raster) else raster[:, ::-1]


def _backend(name: str, sample: Any) -> ModuleType | None:
    """The CPU module, or None for nvdiffrast."""
    if name not in BACKENDS:
        raise input_error(
            ConfigError, "there is no such raster backend", name, f"use one of {', '.join(BACKENDS)}"
        )
    on_gpu = _is_tensor(sample) and sample.is_cuda
    if name == "nvdiffrast" or (name == "auto" and on_gpu):
        return None
    if on_gpu:
        raise input_error(
            InputError,
            f"backend {name} runs on the CPU",
            "CUDA tensors",
            "use backend auto or move them with .cpu()",
        )
    return importlib.import_module("renderer.reference" if name == "reference" else "renderer.numba_backend")


def _nvdiffrast() -> ModuleType:
    return importlib.import_module("renderer.nvdiffrast_backend")


def _gradients() -> ModuleType:
    return importlib.import_module("renderer.differentiable")


def _wants_gradient(module: ModuleType, *values: Any) -> bool:
    """Whether a torch tensor among ``values`` asks for gradients, and the backend has them."""
    return module.__name__.endswith("numba_backend") and any(
        _is_tensor(value) and value.requires_grad for value in values
    )


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "is_cuda")


def _numpy(value: Any) -> Any:
    return value.detach().numpy() if _is_tensor(value) else value


def _like(sample: Any, result: np.ndarray) -> Any:
    if not _is_tensor(sample):
        return result
    import torch

    return torch.from_numpy(result)


def _checked_rast(rast: Any) -> np.ndarray:
    grid = checked_array(_numpy(rast), "rast", "(B, H, W, 4)", 4)
    if grid.shape[-1] != 4:
        raise input_error(
            InputError, "rast must have shape (B, H, W, 4)", grid.shape, "pass rasterize's result"
        )
    return grid
