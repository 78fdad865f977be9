"""The fused CPU shader: visibility, perspective-correct attributes and textures in one call, image order.

No torch, no intermediate ``rast``: on two cores this is what makes guidance images cheap. Everything returned
has row 0 at the **top**.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flame.errors import InputError, input_error
from renderer.checks import (
    checked_array,
    checked_attributes,
    checked_clip,
    checked_resolution,
    checked_triangles,
)

__all__ = ["Shaded", "Texturing", "shade", "shade_layers"]

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Texturing:
    """Pictures on a mesh.

    Attributes:
        textures: pictures (h, w, C), float32, all with the same C; sizes may differ. Row 0 is the top,
            v = 1.
        uv: (VT, 2), or (B, VT, 2) one set per view; u right, v **up**, [0, 1] inside, held at the border
            outside.
        uv_triangles: (F, 3) corners of each triangle in ``uv``; None: the mesh's own vertex indices.
        triangle_texture: (F,) which picture each triangle shows, −1 for none; None: picture 0 on all.
    """

    textures: Sequence[ArrayLike]
    uv: ArrayLike
    uv_triangles: ArrayLike | None = None
    triangle_texture: ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class Shaded:
    """What :func:`shade` saw, all (B, H, W, …), row 0 at the top, 0 where nothing was drawn.

    Attributes:
        values: (B, H, W, K) float32 interpolated attributes.
        texture: (B, H, W, C) float32 texture colours, C = 0 without textures.
        triangle_ids: (B, H, W) int32, −1 where nothing was drawn.
        distance: (B, H, W) float32 clip w: for a camera, metres along the viewing axis.
        clip_depth: (B, H, W) float32 z/w as the depth test saw it; pass it as ``behind`` to see what is
            behind.
    """

    values: Float
    texture: Float
    triangle_ids: NDArray[np.int32]
    distance: Float
    clip_depth: Float

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(B, H, W) where something was drawn."""
        return self.triangle_ids >= 0


def shade(
    clip_positions: ArrayLike,
    triangles: ArrayLike,
    attributes: ArrayLike | None,
    *,
    resolution: tuple[int, int],
    texturing: Texturing | None = None,
    behind: ArrayLike | None = None,
    threads: int | None = None,
) -> Shaded:
    """Draw a mesh in B views.

    Args:
        clip_positions: (B, V, 4), or (V, 4) for one view.
        triangles: (F, 3); both sides are drawn.
        attributes: (B, V, K), (1, V, K) or (V, K) per-vertex values; None for K = 0.
        resolution: (height, width) in pixels.
        texturing: pictures to sample, bilinear.
        behind: (B, H, W) ``clip_depth`` of an earlier result: only what lies strictly behind it is drawn.
        threads: CPU threads of this call; None: all. The result does not depend on it.

    Raises:
        InputError: shapes that do not fit, values that are not finite, indices out of range.
    """
    from renderer import numba_backend

    clip = checked_clip(clip_positions)
    views, vertices = clip.shape[:2]
    faces = checked_triangles(triangles, vertices)
    height, width = checked_resolution(resolution)
    values = (
        np.zeros((1, vertices, 0), np.float32)
        if attributes is None
        else checked_attributes(attributes, views, vertices)
    )
    extra = {} if texturing is None else _checked_texturing(texturing, views, len(faces), faces)
    floor = None
    if behind is not None:
        floor = checked_array(behind, "behind", "(B, H, W)", 3)[:, ::-1]
        if floor.shape != (views, height, width):
            raise input_error(
                InputError,
                "behind must be the clip_depth of the same views and size",
                floor.shape,
                f"expected {(views, height, width)}",
            )
    ids, depth = numba_backend.visibility(clip, faces, height, width, threads=threads, behind=floor)
    shown, distance, texture = numba_backend.shade(clip, faces, ids, values, threads=threads, **extra)
    return Shaded(
        values=shown, texture=texture, triangle_ids=ids[:, ::-1], distance=distance, clip_depth=depth[:, ::-1]
    )


def shade_layers(
    clip_positions: ArrayLike,
    triangles: ArrayLike,
    attributes: ArrayLike | None,
    *,
    resolution: tuple[int, int],
    layers: int,
    texturing: Texturing | None = None,
    threads: int | None = None,
) -> list[Shaded]:
    """Depth peeling: the nearest surface at each pixel, the one behind it, and so on; at most ``layers``.

    Stops early when a layer is empty. Composite with :func:`renderer.layers.over`.
    """
    peeled: list[Shaded] = []
    behind = None
    for _ in range(layers):
        layer = shade(
            clip_positions,
            triangles,
            attributes,
            resolution=resolution,
            texturing=texturing,
            behind=behind,
            threads=threads,
        )
        if peeled and not layer.mask.any():
            break
        peeled.append(layer)
        behind = layer.clip_depth
    return peeled


def _checked_texturing(texturing: Texturing, views: int, triangles: int, faces: NDArray[np.int32]) -> dict:
    textures = tuple(checked_array(t, "a texture", "(h, w, C)", 3) for t in texturing.textures)
    if not textures or len({t.shape[2] for t in textures}) != 1 or any(0 in t.shape for t in textures):
        raise input_error(
            InputError,
            "textures must be pictures (h, w, C) with one C",
            [t.shape for t in textures],
            "give at least one, none empty",
        )
    uv = np.asarray(texturing.uv)
    uv = checked_array(uv[None] if uv.ndim == 2 else uv, "uv", "(VT, 2)", 3)
    if uv.shape[0] not in (1, views) or uv.shape[2] != 2:
        raise input_error(InputError, f"uv must have shape (VT, 2) or ({views}, VT, 2)", uv.shape, "check it")
    corners = checked_triangles(
        faces if texturing.uv_triangles is None else texturing.uv_triangles, uv.shape[1], name="uv_triangles"
    )
    which = (
        np.zeros(triangles, np.int32)
        if texturing.triangle_texture is None
        else np.ascontiguousarray(texturing.triangle_texture, np.int32)
    )
    if (
        len(corners) != triangles
        or which.shape != (triangles,)
        or (triangles and not -1 <= which.min() <= which.max() < len(textures))
    ):
        raise input_error(
            InputError,
            "uv_triangles and triangle_texture need one entry per triangle, each a texture or -1",
            f"{corners.shape}, {which.shape}",
            f"give {triangles} of each",
        )
    return {"textures": textures, "uv": uv, "uv_triangles": corners, "triangle_texture": which}
