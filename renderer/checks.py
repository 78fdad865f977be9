"""Checks of meshes and images at the renderer's border, before anything is allocated or compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flame.errors import InputError, input_error

__all__ = ["checked_array", "checked_attributes", "checked_clip", "checked_resolution", "checked_triangles"]

MAX_SIDE = 16384
MAX_TRIANGLES = (1 << 24) - 1  # ids travel as float32 in rast


def checked_array(value: Any, name: str, shape: str, ndim: int) -> NDArray[np.float32]:
    """``value`` as a contiguous finite float32 array of ``ndim`` dimensions; ``shape`` is for the message."""
    array = np.ascontiguousarray(value, dtype=np.float32)
    if array.ndim != ndim:
        raise input_error(
            InputError, f"{name} must have shape {shape}", np.shape(value), "check its dimensions"
        )
    # A sum is finite only if (almost surely) all of it is: one quick pass, the exact test where it fails.
    with np.errstate(all="ignore"):
        total = array.sum()
    if not np.isfinite(total) and not np.isfinite(array).all():
        raise input_error(
            InputError, f"{name} must be finite", "NaN or infinity", "check where it comes from"
        )
    return array


def checked_clip(clip_positions: Any) -> NDArray[np.float32]:
    """(B, V, 4) clip positions; (V, 4) is taken as B = 1."""
    if np.ndim(clip_positions) == 2:
        clip_positions = np.asarray(clip_positions)[None]
    clip = checked_array(clip_positions, "clip_positions", "(B, V, 4)", 3)
    if clip.shape[-1] != 4:
        raise input_error(
            InputError,
            "clip_positions must have shape (B, V, 4)",
            clip.shape,
            "give homogeneous clip-space positions (Cameras.to_clip makes them)",
        )
    return clip


def checked_triangles(triangles: Any, vertices: int, *, name: str = "triangles") -> NDArray[np.int32]:
    """(F, 3) int32 indices below ``vertices``."""
    array = np.asarray(triangles)
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iu" or len(array) > MAX_TRIANGLES:
        raise input_error(
            InputError,
            f"{name} must be whole numbers of shape (F, 3), F < 2^24",
            f"{array.dtype} {array.shape}",
            "give int32 vertex indices",
        )
    if array.size and (array.min() < 0 or array.max() >= vertices):
        raise input_error(
            InputError,
            f"{name} must point at vertices 0 to {vertices - 1}",
            f"{array.min()} to {array.max()}",
            "check that mesh and vertices belong together",
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def checked_resolution(resolution: Any) -> tuple[int, int]:
    """(height, width) in pixels, each 1 to 16384."""
    try:
        height, width = (int(side) for side in resolution)
    except (TypeError, ValueError) as error:
        raise input_error(
            InputError, "resolution must be (height, width)", resolution, "give two whole numbers"
        ) from error
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise input_error(
            InputError,
            f"resolution must be 1 to {MAX_SIDE} pixels a side",
            (height, width),
            "give a size such as (512, 512)",
        )
    return height, width


def checked_attributes(
    attributes: Any, batch: int, vertices: int, *, name: str = "attributes"
) -> NDArray[np.float32]:
    """(B or 1, V, C) per-vertex values; (V, C) is taken as one for all."""
    if np.ndim(attributes) == 2:
        attributes = np.asarray(attributes)[None]
    array = checked_array(attributes, name, "(B, V, C)", 3)
    if array.shape[0] not in (1, batch) or array.shape[1] != vertices:
        raise input_error(
            InputError,
            f"{name} must have shape ({batch} or 1, {vertices}, C)",
            array.shape,
            "give one row per vertex",
        )
    return array
