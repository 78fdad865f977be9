"""Putting drawn layers together: front-to-back alpha compositing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flame.errors import InputError, input_error

__all__ = ["over", "over_by_depth"]

Float = NDArray[np.float32]


def over(layers: Sequence[tuple[Float, Float]], background: Float | None = None) -> tuple[Float, Float]:
    """Composite (color, alpha) pairs, the nearest first.

    Args:
        layers: color (..., H, W, C) and alpha (..., H, W) or (..., H, W, 1) in [0, 1]; color is not
            premultiplied.
        background: (..., H, W, C), opaque, behind them all; None leaves the result's colour premultiplied.

    Returns:
        color (..., H, W, C), and alpha (..., H, W, 1) of the layers alone.
    """
    if not layers:
        raise input_error(InputError, "there must be something to composite", "0 layers", "give at least one")
    color = np.zeros(np.shape(layers[0][0]), np.float32)
    clear = np.ones((*color.shape[:-1], 1), np.float32)  # what still shines through
    for rgb, opacity in layers:
        if opacity.ndim == rgb.ndim - 1:
            opacity = opacity[..., None]
        color += clear * opacity * rgb
        clear = clear * (1.0 - opacity)
    if background is not None:
        color = color + clear * background
    return color, 1.0 - clear


def over_by_depth(
    layers: Sequence[tuple[Float, Float, Float]],
    background: Float | None = None,
) -> tuple[Float, Float]:
    """Composite (color, alpha, depth) triples in each pixel's own order of depth (..., H, W), nearest first.

    For meshes that were drawn apart and interpenetrate, such as hair cards and a head.
    """
    depth = np.stack([d for _, _, d in layers])  # (L, ..., H, W)
    alpha = np.stack([a[..., 0] if a.ndim == c.ndim else a for c, a, _ in layers])
    color = np.stack([c for c, _, _ in layers])
    order = np.argsort(np.where(alpha > 0, depth, np.inf), axis=0, kind="stable")
    alpha = np.take_along_axis(alpha, order, axis=0)
    color = np.take_along_axis(color, order[..., None], axis=0)
    return over([(c, a) for c, a in zip(color, alpha)], background)
