"""The CUDA backend: nvdiffrast itself, imported on first use. Torch CUDA tensors in and out, differentiable.

nvdiffrast is not on the package index and its licence does not allow commercial use; it is called, not
included. It snaps vertices to 1/16 pixel, so about 1 % of the foreground ids differ from the CPU backends'.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flame.errors import InputError, MissingDependencyError, input_error

if TYPE_CHECKING:
    import torch

__all__ = ["antialias", "interpolate", "rasterize", "texture"]

_INSTALL = (
    "pip install --no-build-isolation git+https://github.com/NVlabs/nvdiffrast (needs CUDA and a compiler)"
)


@functools.lru_cache(maxsize=1)
def _nvdiffrast() -> ModuleType:
    try:
        import nvdiffrast.torch as dr
    except ImportError as error:
        raise MissingDependencyError(
            "nvdiffrast", purpose="to rasterise on the GPU", install=_INSTALL
        ) from error
    return dr


@functools.lru_cache(maxsize=8)
def _context(device: str) -> Any:
    return _nvdiffrast().RasterizeCudaContext(device=device)


def rasterize(clip: torch.Tensor, triangles: torch.Tensor, resolution: tuple[int, int]) -> torch.Tensor:
    """See :func:`renderer.rasterize.rasterize`."""
    _nvdiffrast()
    clip, faces = _cuda(clip, "clip_positions").float(), _triangles(triangles, clip)
    if clip.ndim == 2:
        clip = clip[None]
    height, width = resolution
    if height % 8 or width % 8:
        raise input_error(
            InputError,
            "nvdiffrast draws sizes that are multiples of 8",
            resolution,
            "change the size or use backend numba",
        )
    return _nvdiffrast().rasterize(_context(str(clip.device)), clip.contiguous(), faces, resolution)[0]


def interpolate(attributes: torch.Tensor, rast: torch.Tensor, triangles: torch.Tensor) -> torch.Tensor:
    """See :func:`renderer.rasterize.interpolate`."""
    _nvdiffrast()
    attributes = _cuda(attributes, "attributes").float().contiguous()
    return _nvdiffrast().interpolate(attributes, _cuda(rast, "rast"), _triangles(triangles, rast))[0]


def texture(image: torch.Tensor, uv: torch.Tensor, *, boundary: str = "wrap") -> torch.Tensor:
    """See :func:`renderer.rasterize.texture`."""
    _nvdiffrast()
    image = _cuda(image, "image").float().contiguous()
    return _nvdiffrast().texture(
        image, _cuda(uv, "uv").contiguous(), filter_mode="linear", boundary_mode=boundary
    )


def antialias(
    color: torch.Tensor, rast: torch.Tensor, clip: torch.Tensor, triangles: torch.Tensor
) -> torch.Tensor:
    """See :func:`renderer.rasterize.antialias`; its gradients move silhouettes, though by too little."""
    _nvdiffrast()
    clip = _cuda(clip, "clip_positions").float().contiguous()
    color = _cuda(color, "color").contiguous()
    return _nvdiffrast().antialias(color, _cuda(rast, "rast"), clip, _triangles(triangles, rast))


def _cuda(tensor: Any, name: str) -> torch.Tensor:
    if not getattr(tensor, "is_cuda", False):
        raise input_error(
            InputError,
            f"backend nvdiffrast needs {name} as a CUDA tensor",
            type(tensor).__name__,
            "move it with .cuda() or use backend numba",
        )
    return tensor


def _triangles(triangles: Any, like: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.as_tensor(triangles, dtype=torch.int32, device=like.device).contiguous()
