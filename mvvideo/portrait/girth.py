"""How deep bodies and hair are, which a photo from the front does not show.

Inflating the outline makes shoulders as deep as they are wide apart, above all where the picture's edge cuts them
off. The figures here are those of clothed bodies whose depth is known (40 training actors, measured against the
fitted head): half the depth falls from 8 cm in the middle to 2 at the shoulders' ends. Hair stands off the scalp
before and behind about as far as it does at the outline.
"""

from __future__ import annotations

import cv2
import numpy as np

from mvvideo.portrait.canvas import OPAQUE, Canvas
from mvvideo.portrait.plate import push_pull
from mvvideo.portrait.views import HeadView, sample_at, signed_distance

__all__ = ["behind_cheeks", "chest_metres", "hair_metres", "limited", "torso_half_depth"]

CHEST_METRES, SHOULDERS_METRES = 0.10, 0.30
"""Half depth of a clothed torso in the middle, and the distance from there at which a third of it is left."""
BREAST_METRES, BREAST_HALF_WIDTH_METRES = 0.03, 0.08
"""How far the middle of the front lies before the sides from the collar down; over what distance it falls back."""
BELLY_FROM_METRES, BELLY_SLOPE = 0.16, 0.3
"""Below the chin, where the middle comes further forward; metres a metre."""
HEAD_HALF_DEPTH_METRES = 0.30
"""A limit that no head meets."""
HANGING_METRES, HANGING_FROM_METRES, HANGING_OVER_METRES = 0.03, 0.08, 0.10
"""How far behind the ears hair hangs beside the neck; from how far above the chin on it goes back, over what height."""
SHOULDER_LINE_METRES, SHOULDER_EDGE_METRES = 0.12, 0.05
"""Below the chin, where hair beside the neck comes forward again to the body; over this height."""
BESIDE_METRES = 0.015
HAIR_LIMIT_METRES = 0.06
HAIR_IN_FRONT, HAIR_BEHIND = 0.5, 0.8
"""Shares of the thickness at the outline that hair has before and behind the scalp."""
RISE_METRES = 0.02
"""From the edge of bare skin, over which hair reaches its thickness."""


def torso_half_depth(
    view: HeadView, nodes: np.ndarray, *, chin_row: float, metres_per_pixel: float, head_part: np.ndarray
) -> np.ndarray:
    """The most that front and back may lie from the rim, ``(G, G)`` metres.

    Args:
        view: the fitted head, which says where the middle is.
        nodes: ``(G, G, 2)`` pixels; chin_row, metres_per_pixel: of the canvas.
        head_part: ``(G, G)`` 1 on the head, 0 on the body.
    """
    aside = _aside(view, nodes, chin_row) * metres_per_pixel
    torso = CHEST_METRES * np.exp(-((aside / SHOULDERS_METRES) ** 2))
    return (torso + head_part * HEAD_HALF_DEPTH_METRES).astype(np.float32)


def chest_metres(
    view: HeadView, nodes: np.ndarray, *, chin_row: float, metres_per_pixel: float
) -> np.ndarray:
    """How far the front of a body comes forward in its middle, ``(G, G)``: collars and chests do not fall back."""
    aside = _aside(view, nodes, chin_row) * metres_per_pixel
    below = (nodes[..., 1] - chin_row) * metres_per_pixel
    down = BREAST_METRES + BELLY_SLOPE * np.clip(below - BELLY_FROM_METRES, 0, 0.1)
    return (down * np.exp(-((aside / BREAST_HALF_WIDTH_METRES) ** 2))).astype(np.float32)


def _aside(view: HeadView, nodes: np.ndarray, chin_row: float) -> np.ndarray:
    """Pixels from the middle of the head above the chin, signed, ``(G, G)``."""
    middle = np.nonzero(view.mask[: max(int(chin_row), 1)])[1]
    return nodes[..., 0] - (middle.mean() if middle.size else 0.5 * view.mask.shape[1])


def limited(half_depth: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Depths ``(G, G)`` that approach the limit instead of passing it (a smooth minimum)."""
    share = half_depth / np.maximum(limit, 1e-6)
    return (half_depth / (1.0 + share**4) ** 0.25).astype(np.float32)


def behind_cheeks(
    view: HeadView, nodes: np.ndarray, *, chin_row: float, metres_per_pixel: float
) -> np.ndarray:
    """How far the rim lies further back beside the neck, where only long hair can be, ``(G, G)`` metres."""
    below = (nodes[..., 1] - chin_row) * metres_per_pixel
    down = np.clip((below + HANGING_FROM_METRES) / HANGING_OVER_METRES, 0, 1)
    above_shoulders = np.clip((SHOULDER_LINE_METRES - below) / SHOULDER_EDGE_METRES, 0, 1)
    beside = np.clip(-sample_at(view.room, nodes) * metres_per_pixel / BESIDE_METRES, 0, 1)
    return (HANGING_METRES * down * above_shoulders * beside).astype(np.float32)


def hair_metres(
    canvas: Canvas,
    view: HeadView,
    bare: np.ndarray,
    nodes: np.ndarray,
    *,
    chin_row: float,
    metres_per_pixel: float,
) -> np.ndarray:
    """How thick hair (or a hat) is over the fitted head, ``(G, G)``: as at the nearest outline above the chin.

    Args:
        bare: ``(W, W)`` 1 where the photo shows the head's own skin; outlines of skin say nothing of hair.
    """
    unit = canvas.size / 512
    outline = signed_distance(canvas.matte > OPAQUE)
    ring = (outline > 0) & (outline < 3 * unit + 1) & (np.arange(canvas.width)[:, None] < chin_row)
    ring &= cv2.GaussianBlur(bare, (0, 0), 4 * unit) < 0.3
    over = np.clip(-view.room * metres_per_pixel, 0, HAIR_LIMIT_METRES)
    small = (canvas.width // 4, canvas.width // 4)
    weight = cv2.resize(ring.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    if not (weight > 0.02).any():
        return np.zeros(nodes.shape[:2], np.float32)
    thickness = cv2.resize((over * ring).astype(np.float32), small, interpolation=cv2.INTER_AREA)
    spread = push_pull((thickness / np.maximum(weight, 1e-6))[..., None], (weight > 0.02).astype(np.float32))
    smooth = cv2.GaussianBlur(spread[..., 0], (0, 0), 6.0)
    full = cv2.resize(smooth, (canvas.width, canvas.width), interpolation=cv2.INTER_LINEAR)
    return sample_at(full.astype(np.float32), nodes)
