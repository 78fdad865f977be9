"""A good default camera for a bare head."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flame.errors import InputError, input_error
from renderer.cameras import Cameras, fit_camera

__all__ = ["frame_head"]

_BODY = ("neck", "shoulders")


class LabelledHead(Protocol):
    """What of ``flame.FlameHead`` is used here."""

    vertex_region: Any  # (V,)
    v_template: Any  # (V, 3)


def frame_head(
    vertices: ArrayLike,
    head: LabelledHead,
    *,
    height: int,
    width: int,
    vertical_fov_radians: float = math.radians(18.0),
    margin: float = 0.17,
) -> tuple[Cameras, NDArray[np.float64]]:
    """A front camera that keeps the head in the picture through a whole motion, and the pivot to orbit about.

    Neck and shoulders may leave the image: the head decides, in every frame and seen from any side.

    Args:
        vertices: (T, V, 3) or (V, 3) posed vertices, metres.
        margin: share of the image left free around the head.

    Returns:
        one camera named front, and the pivot (3,): the middle of the skull, averaged over the frames.

    Raises:
        InputError: vertices that do not belong to the head or are not finite.
    """
    from flame.regions import REGION_INDEX

    points = np.asarray(vertices, np.float64)
    points = points[None] if points.ndim == 2 else points
    if points.ndim != 3 or points.shape[1:] != np.shape(head.v_template) or not np.isfinite(points).all():
        raise input_error(InputError, "vertices must be finite and (T, V, 3) of this head", points.shape,
                          f"the head has {len(head.v_template)} vertices")  # fmt: skip
    body = [REGION_INDEX[name] for name in _BODY]
    skull = points[:, ~np.isin(np.asarray(head.vertex_region), body)]  # (T, K, 3)
    pivot = 0.5 * (skull.min(axis=1) + skull.max(axis=1)).mean(axis=0)
    # Whatever side it is seen from, the head stays inside the cylinder it sweeps about the pivot's vertical.
    radius = np.sqrt(((skull[..., [0, 2]] - pivot[[0, 2]]) ** 2).sum(axis=-1)).max()
    low, high = skull[..., 1].min(), skull[..., 1].max()
    corners = np.array([[x, y, 0.0] for x in (-radius, radius) for y in (low, high)])
    corners[:, [0, 2]] += pivot[[0, 2]]
    camera = fit_camera(corners, height=height, width=width, vertical_fov_radians=vertical_fov_radians,
                        margin=margin)  # fmt: skip
    return camera, pivot
