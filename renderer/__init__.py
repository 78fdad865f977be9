"""renderer: from a posed mesh and cameras to images of it.

Owns: cameras, camera rigs and camera files; rasterisers behind one signature (numba on the CPU, nvdiffrast on
CUDA, a plain reference); the fused CPU shader; the buffers of a head (depth, normals, canonical coordinates,
uv, regions, mask, shaded preview).
Does not own: the head model (``flame``), diffusion, the channel order of the video model (``mvvideo``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renderer.buffers import BUFFERS, render_buffers
    from renderer.camera_files import load_cameras, save_cameras
    from renderer.cameras import Cameras, fit_camera
    from renderer.framing import frame_head
    from renderer.rasterize import antialias, interpolate, texture, to_image_order
    from renderer.rigs import VIEW_NAMES, arc, named_views, orbit, turntable
    from renderer.shading import Shaded, Texturing, shade, shade_layers

_HOME = {
    "BUFFERS": "buffers",
    "render_buffers": "buffers",
    "load_cameras": "camera_files",
    "save_cameras": "camera_files",
    "Cameras": "cameras",
    "fit_camera": "cameras",
    "frame_head": "framing",
    "antialias": "rasterize",
    "interpolate": "rasterize",
    "texture": "rasterize",
    "to_image_order": "rasterize",
    "VIEW_NAMES": "rigs",
    "arc": "rigs",
    "named_views": "rigs",
    "orbit": "rigs",
    "turntable": "rigs",
    "Shaded": "shading",
    "Texturing": "shading",
    "shade": "shading",
    "shade_layers": "shading",
}

__all__ = [
    "BUFFERS",
    "VIEW_NAMES",
    "Cameras",
    "Shaded",
    "Texturing",
    "antialias",
    "arc",
    "fit_camera",
    "frame_head",
    "interpolate",
    "load_cameras",
    "named_views",
    "orbit",
    "render_buffers",
    "save_cameras",
    "shade",
    "shade_layers",
    "texture",
    "to_image_order",
    "turntable",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
