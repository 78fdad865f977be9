"""The mouth's inside as geometry: it must show between the lips and nowhere else.

A wide-open jaw stretches the cheeks thin, and the fitted outline moves them; a mouth's lining made for a closed
mouth then pokes through. The body behind the face must also leave the mouth's room free.
"""

from __future__ import annotations

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.hull import Hull
from mvvideo.portrait.posing import rigid_between, rigid_parts
from renderer.cameras import Cameras

__all__ = ["clear_mouth", "inner_offsets"]

CHEEK_HALF_WIDTH_METRES = (0.020, 0.033)
"""The lining farther than this from the middle, just behind the lips and at the last molars, is drawn in …"""
CHEEK_DEPTH_METRES = (0.012, 0.050)
"""… these being the depths behind the lips of the two: the walls stay outside the row of teeth, or would hide it …"""
DRAWN_IN, SET_BACK_METRES = 0.85, 0.006
"""… by this share, and all of it set back by this."""
DEEPEST_METRES = (0.050, 0.076)
"""Depth behind the lips from which the lining is pressed together, and that of its back wall: before the body's."""
FREE_AT_LIPS_METRES = (0.004, 0.014)
"""Distance from the lips over which that begins: the lips' own inner rim stays where it is."""
ROOM_METRES = (0.042, 0.050)
"""Half width and half height of the room behind the mouth, open jaw included."""
ROOM_DEPTH_METRES = 0.085
"""How far it reaches behind the lips."""
CLEAR_OF_OUTLINE_METRES = (0.0, 0.006)
"""Distance from the body's outline over which the room begins."""
ROOM_BELOW_LIPS_METRES = 0.014
THROAT_METRES = 0.01
"""Height over the chin within which that room ends."""


def inner_offsets(head: FlameHead, reference: np.ndarray) -> np.ndarray:
    """Displacements that keep the mouth's lining inside the cheeks, ``(V, 3)`` metres at the photo's pose.

    Args:
        reference: ``(V, 3)`` the fitted head at the photo's pose.
    """
    from scipy.spatial import cKDTree

    offsets = np.zeros_like(head.v_template, dtype=np.float32)
    lining, lips = head.region_vertices("mouth_inside"), head.region_vertices("lips")
    if not (len(lining) and len(lips)):
        return offsets
    template = head.v_template
    distance, _ = cKDTree(template[lips]).query(template[lining])
    low, high = FREE_AT_LIPS_METRES
    share = np.clip((distance - low) / (high - low), 0, 1)
    across = template[lining, 0]
    depth = template[lips, 2].mean() - template[lining, 2]
    too_wide = np.maximum(np.abs(across) - np.interp(depth, CHEEK_DEPTH_METRES, CHEEK_HALF_WIDTH_METRES), 0)
    offsets[lining, 0] = -np.sign(across) * DRAWN_IN * too_wide * share
    wanted = depth + SET_BACK_METRES * share
    near, far = DEEPEST_METRES
    pressed = near + (wanted - near) * (far - near) / max(float(wanted.max()) - near, far - near)
    offsets[lining, 2] = depth - np.where(wanted > near, pressed, wanted)
    skull = rigid_parts(head)[0]
    turn = rigid_between(template[skull].astype(np.float64), reference[skull].astype(np.float64)).rotation
    return (offsets @ turn.T).astype(np.float32)


def clear_mouth(hull: Hull, head: FlameHead, vertices: np.ndarray, camera: Cameras) -> Hull:
    """Push the hull out of the room that the mouth needs when it opens.

    Args:
        vertices: ``(V, 3)`` the head at the photo's pose; camera: that of the canvas.
    """
    lips = vertices[head.region_vertices("lips")]
    if not len(lips):
        return hull
    centre, depth = (array[0] for array in camera.project(lips.mean(axis=0, keepdims=True)))
    metres = float(depth[0] / camera.focal_px[0])
    off = (hull.front.pixels - centre[0]) * metres - (0, ROOM_BELOW_LIPS_METRES)
    radius = np.hypot(off[:, 0] / ROOM_METRES[0], off[:, 1] / ROOM_METRES[1])
    # At the outline, where front and back meet, nothing moves.
    front, back = hull.front.positions, hull.back.positions
    low, high = CLEAR_OF_OUTLINE_METRES
    from_outline = _from_border(hull.front.triangles, hull.front.pixels) * metres
    share = np.clip((1.35 - radius) / 0.35, 0, 1) * np.clip((from_outline - low) / (high - low), 0, 1)
    # Below the chin the hull is the throat.
    jaw = vertices[head.weights[:, 2] > 0.5]
    if len(jaw):
        chin, _ = camera.project(jaw[jaw[:, 1].argmin()][None])
        share *= np.clip((chin[0, 0, 1] - hull.front.pixels[:, 1]) * metres / THROAT_METRES, 0, 1)
    depths = []
    for points, floor in ((front, 0.004), (back, 0.0)):
        goal = np.minimum(points[:, 2], lips[:, 2].mean() - ROOM_DEPTH_METRES + floor)
        depths.append(points[:, 2] + share * (goal - points[:, 2]))
    return hull.set_back(camera.center[0], *depths)


def _from_border(triangles: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Distance of every vertex from the nearest on the mesh's border, ``(V,)`` pixels."""
    from scipy.spatial import cKDTree

    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(unique[count == 1])
    if not len(border):
        return np.full(len(pixels), np.inf)
    return np.asarray(cKDTree(pixels[border]).query(pixels)[0])
