"""The throat: room for an opening jaw in front of it, and what shows of it where the photo does not.

The body below the chin must not hide the chin that comes down.
"""

from __future__ import annotations

import cv2
import numpy as np

from flame.head import FlameHead
from flame.sequence import FlameSequence
from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.hull import Anatomy, Hull
from mvvideo.portrait.plate import push_pull
from mvvideo.portrait.views import HeadView, sample_at, signed_distance
from renderer.shading import shade

__all__ = ["bare_throat", "behind_jaw", "clear_jaw"]

OPENINGS_RADIANS = (0.08, 0.17, 0.26, 0.35)
"""Farther open than in the photo: where the jaw passes."""
BEHIND_JAW_METRES = 0.004
"""What lies in its way is set back behind it by this …"""
EASING = 0.7
"""… and the surroundings by less with every metre of distance: no cliff stays."""
ABOVE_CHIN_METRES = 0.015
"""Height over the chin at which that begins: hair beside a cheek stays before it."""
OWN_WEIGHT = 0.5
"""Share of the jaw in a vertex' motion from which on it counts as the jaw."""
THROAT_PIXELS = 12
"""Around a bare throat, per 512 pixels of the crop, where the photo shows the seam of skin and clothes in every view:
where it ended at the seam, that followed the triangles."""
JAW_METRES = 0.05
"""Height of the jaw's corners over the chin."""
JAW_PIXELS = 3
"""Around the jaw, per 512 pixels of the crop, where the photo is not yet what lies behind."""


def clear_jaw(
    hull: Hull, head: FlameHead, fit: FlameSequence, offsets: np.ndarray, canvas: Canvas, anatomy: Anatomy
) -> Hull:
    """Set the hull's front back behind every place that the chin passes on its way down.

    Points move along the photo's rays, so that the photo's own view stays as it is.

    Args:
        fit: one frame, the photo's own pose; offsets: ``(V, 3)`` of the outline; hull: front and back with the
            same points.
    """
    metres, chin_row = anatomy.metres_per_pixel, anatomy.chin_row
    limit = _passed(head, fit, offsets, canvas)  # (W, W) world z, NaN where the jaw never comes
    known = ~np.isnan(limit)
    if not known.any():
        return hull
    small = (canvas.width // 4, canvas.width // 4)
    weight = cv2.resize(known.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(np.where(known, limit, 0).astype(np.float32), small, interpolation=cv2.INTER_AREA)
    filled = push_pull((mean / np.maximum(weight, 1e-6))[..., None], (weight > 0.5).astype(np.float32))
    filled = cv2.resize(filled, (canvas.width, canvas.width), interpolation=cv2.INTER_LINEAR)
    away = np.maximum(-signed_distance(known), 0) * metres
    goal = np.where(known, np.minimum(filled, limit), filled) - BEHIND_JAW_METRES + EASING * away
    front, back = hull.front, hull.back
    z = np.minimum(front.positions[:, 2], sample_at(goal.astype(np.float32), front.pixels))
    # At the outline, where front and back meet, nothing moves.
    room = np.clip(sample_at(signed_distance(canvas.matte > 0.5), front.pixels) * metres / 0.006, 0, 1)
    room *= np.clip((front.pixels[:, 1] - chin_row) * metres / ABOVE_CHIN_METRES + 1, 0, 1)
    z = front.positions[:, 2] + room * (z - front.positions[:, 2])
    moved = z < front.positions[:, 2] - 1e-6
    last = np.where(moved, np.minimum(back.positions[:, 2], z - 0.001), back.positions[:, 2])
    return hull.set_back(canvas.camera.center[0], z, last)


def _passed(head: FlameHead, fit: FlameSequence, offsets: np.ndarray, canvas: Canvas) -> np.ndarray:
    """World z of the farthest place of the jaw's skin before every pixel on its way down, ``(W, W)``."""
    skin = np.zeros(len(head.faces), bool)
    skin[head.region_faces("skin", "lips")] = True
    faces = head.faces[skin & (head.weights[head.faces, 2] > OWN_WEIGHT).all(axis=1)]
    passed = np.full((canvas.width, canvas.width), np.nan, np.float32)
    if not len(faces):
        return passed
    for opening in OPENINGS_RADIANS:
        jaw = fit.jaw.copy()
        jaw[:, 0] += opening
        vertices = head.pose(fit.replace(jaw=jaw))[0] + offsets
        drawn = shade(canvas.camera.to_clip(vertices), faces, None, resolution=(canvas.width, canvas.width))
        depth = np.where(drawn.mask[0], canvas.camera.center[0, 2] - drawn.distance[0], np.nan)
        passed = np.fmin(passed, depth)
    return passed


def bare_throat(bare: np.ndarray, canvas: Canvas, anatomy: Anatomy) -> np.ndarray:
    """Where bare skin lies below the chin, and its edge, ``(W, W)`` bool: nothing but skin may show in a gap there.

    Args:
        bare: ``(W, W)`` 1 where the photo shows the head's own skin.
    """
    reach = 2 * int(THROAT_PIXELS * canvas.size / 512) + 1
    below = np.arange(canvas.width)[:, None] > anatomy.chin_row
    return (cv2.dilate(bare, np.ones((reach, reach), np.uint8)) > 0.5) & below


def behind_jaw(
    head: FlameHead, canvas: Canvas, view: HeadView, plain: np.ndarray, anatomy: Anatomy
) -> np.ndarray:
    """What surfaces in front show where a view stretches the photo: ``plain``, but below the jaw's corners, where
    necks are, the photo, and behind the jaw what it shows below: a jaw's own skin would be a ledge there.

    Args:
        view: the drawn head; plain: ``(W, W, 3)`` the photo with skin painted over.
    """
    reach = 2 * int(JAW_PIXELS * canvas.size / 512) + 1
    neck = np.append(np.isin(view.drawn, head.region_faces("neck")), True)[view.triangle]
    jaw = cv2.dilate((view.mask & ~neck).astype(np.uint8), np.ones((reach, reach), np.uint8))
    behind = push_pull(canvas.colour, ((jaw == 0) & (canvas.matte > 0.95)).astype(np.float32))
    rows = np.arange(canvas.width, dtype=np.float32)[:, None, None]
    below = np.clip(((rows - anatomy.chin_row) * anatomy.metres_per_pixel + JAW_METRES) / 0.01, 0, 1)
    return (below * behind + (1 - below) * plain).astype(np.float32)
