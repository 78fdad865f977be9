"""What tests of portraits share."""

from __future__ import annotations

import numpy as np

from renderer.cameras import Cameras


def front_camera(size: int) -> Cameras:
    """A camera 1.1 m before the embedded head at rest, which fills a square picture of ``size`` pixels a side."""
    view = np.eye(4)
    view[:3, 3] = [0.0, 0.03, -1.1]
    return Cameras(
        view[None], np.array([3.2 * size]), np.full((1, 2), size / 2), size, size, names=("front",)
    )
