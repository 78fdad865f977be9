"""Where clothes or hair end on the neck: measured where the photo shows it, continued round the back.

Heights are measured along a tilted axis, since a collar lies higher at the nape than at the throat. In every
direction round the neck the lowest bare skin of the photo is the collar's edge; where the photo shows none, and
behind, the edge runs on between its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.views import HeadView
from renderer.cameras import Cameras
from renderer.shading import shade

__all__ = ["Collar", "TUCK_METRES", "collar_clearance", "covered_neck", "find_collar", "tucked_in"]

BAND_METRES = 0.005
"""Height of the bands in which it is asked whether the neck is bare."""
TUCK_METRES = 0.012
"""How far a bare neck goes on inside the clothes."""
COLLAR_TILT, COLLAR_FRONT_METRES = 0.25, -0.05
"""How much higher collars are per metre backwards; template z where that begins."""
DIRECTIONS = 36
"""Directions round the neck, of 10 degrees each."""
SHOWN_SHARE = 0.4
"""Share of bare skin from which on a band is bare."""
SIMILAR_DEGREES = 12.0
"""Width of the means over directions round the neck."""
NARROWING = 0.3
"""How much narrower a neck becomes inside the clothes, per metre downwards."""
STEP_METRES = 0.005
"""How far inside a collar's edge the neck steps back at once: clothes that touch it would show through in flecks."""
FEWEST_AT_EDGE = 12
"""Vertices at the collar from which on its width is known."""
SIDE_DEGREES = 70.0, 110.0
"""Directions of the neck's outline in the photo."""
END_METRES = 0.02
"""How far above the mesh's own end the edge lies behind, at least."""
FEWEST_PIXELS = 0.04
"""Neck in a direction that is told apart from noise: share of what an even distribution would have."""


@dataclass(frozen=True, eq=False)
class Collar:
    """Of the head with all of its neck, ``(W, W)`` metres, NaN where it is not: ``back``, world z of the farthest
    surface that faces away; ``above`` and ``above_behind``, how far above the collar the nearest surface and that
    one lie."""

    back: np.ndarray
    above: np.ndarray
    above_behind: np.ndarray


def collar_clearance(
    head: FlameHead, vertices: np.ndarray, view: HeadView, bare: np.ndarray, camera: Cameras
) -> np.ndarray:
    """How far every vertex lies above the collar, ``(V,)`` float32 metres; below it negative.

    Args:
        vertices: ``(V, 3)`` world metres; view: the head drawn in it; camera: the view's own.
        bare: ``(W, W)`` 1 where the head's own surface is what the photo shows.
    """
    height, direction = _round_the_neck(head)
    is_neck = np.zeros(len(head.faces), bool)
    is_neck[head.region_faces("neck")] = True
    drawn = np.unique(view.faces[is_neck[view.drawn]])
    if not len(drawn):
        return np.ones(len(vertices), np.float32)
    top = float(height[drawn].max())
    # 1. Height and direction of every pixel of neck
    around = np.stack([height, np.sin(direction), np.cos(direction)], axis=1).astype(np.float32)
    values = shade(
        camera.to_clip(vertices), view.faces, around, resolution=(camera.height, camera.width)
    ).values[0]
    on_neck = view.mask & np.append(is_neck[view.drawn], False)[view.triangle]
    depth, sine, cosine = values[on_neck].T
    lit = bare[on_neck] > 0.5
    band = np.clip(((top - depth) / BAND_METRES).astype(int), 0, 63)
    # 2. The lowest bare band in every direction, upwards as long as it is covered: a shadow under the chin ends
    # nothing
    cells = _column(np.arctan2(sine, cosine)) * 64 + band
    total = np.bincount(cells, minlength=64 * DIRECTIONS).reshape(DIRECTIONS, 64)
    skin = np.bincount(cells, weights=lit, minlength=64 * DIRECTIONS).reshape(DIRECTIONS, 64)
    lowest = _lowest_bare(skin, total)  # (D,) bands from the top
    pixels = np.where(lowest > 0, total.sum(axis=1), 0)
    pixels[pixels < FEWEST_PIXELS * len(depth) / DIRECTIONS] = 0
    limit = np.full(DIRECTIONS, top)
    if pixels.any():
        ends = np.full(DIRECTIONS, top)
        np.minimum.at(ends, _column(direction[drawn]), height[drawn])
        # Skin by a brooch's or a lace's colour alone does not count: all round, most of a band must be bare.
        overall = _lowest_bare(skin.sum(axis=0)[None], total.sum(axis=0)[None])[0]
        limit = np.maximum(_round(top - BAND_METRES * lowest, pixels, ends), top - BAND_METRES * overall)
    # 3. Every vertex against the edge in its direction
    middles = (np.arange(-1, DIRECTIONS + 1) + 0.5) / DIRECTIONS * 2 * np.pi - np.pi
    edge = np.interp(direction, middles, np.concatenate([limit[-1:], limit, limit[:1]]))
    return (height - edge).astype(np.float32)


def covered_neck(head: FlameHead, view: HeadView, clearance: np.ndarray) -> np.ndarray:
    """Drawn triangles of the neck inside clothes or hair, ``(F',)`` bool: in no view they may show beside them.

    Args:
        clearance: :func:`collar_clearance`.
    """
    below = clearance[view.faces].max(axis=1) < -TUCK_METRES
    return np.isin(view.drawn, head.region_faces("neck")) & below


def tucked_in(head: FlameHead, vertices: np.ndarray, clearance: np.ndarray) -> np.ndarray:
    """What brings the neck below the collar inside the clothes, ``(V, 3)`` metres: the mesh spreads into shoulders
    there, which would stick out of them.

    Args:
        vertices: ``(V, 3)`` world metres; clearance: :func:`collar_clearance`.
    """
    move = np.zeros_like(vertices)
    neck = head.region_vertices("neck")
    _, direction = _round_the_neck(head)
    edge = neck[np.abs(clearance[neck]) < 2 * BAND_METRES]
    inside = neck[clearance[neck] < 0]
    if len(edge) < FEWEST_AT_EDGE or not len(inside):
        return move
    low = vertices[edge].mean(axis=0)
    high = vertices[neck[np.argsort(-clearance[neck])[: len(edge)]]].mean(axis=0)
    axis = (high - low) / np.linalg.norm(high - low)

    def outwards(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from_axis = vertices[chosen] - low
        from_axis = from_axis - (from_axis @ axis)[:, None] * axis
        radius = np.linalg.norm(from_axis, axis=1)
        return from_axis / np.maximum(radius, 1e-6)[:, None], radius

    # The neck's radius at the edge in the same direction: a mean over edge vertices near in direction.
    turn = np.abs(np.angle(np.exp(1j * (direction[inside][:, None] - direction[edge][None]))))  # (I, E)
    near = np.exp(-0.5 * (turn / np.radians(SIMILAR_DEGREES)) ** 2) + 1e-9
    radius_at_edge = (near @ outwards(edge)[1]) / near.sum(axis=1)
    way, radius = outwards(inside)
    depth = -clearance[inside]
    step = STEP_METRES * np.clip(depth / BAND_METRES, 0, 1)
    inwards = np.minimum(radius_at_edge - step - NARROWING * depth - radius, 0)
    move[inside] = inwards[:, None] * way * np.clip(depth / BAND_METRES, 0, 1)[:, None]
    return move


def find_collar(
    head: FlameHead, vertices: np.ndarray, view: HeadView, clearance: np.ndarray, camera: Cameras
) -> Collar:
    """Where the collar lies in the photo; arguments as of :func:`collar_clearance`."""
    corners = vertices[view.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    behind = view.faces[(normal * (camera.center[0] - corners[:, 0])).sum(axis=1) < 0]
    near = camera.to_clip(vertices)
    far = near.copy()
    far[..., 2] *= -1  # the depth test then keeps the farthest
    maps = []
    for clip, faces in ((near, view.faces), (far, behind)):
        drawn = shade(clip, faces, clearance[:, None], resolution=(camera.height, camera.width))
        depth = camera.center[0, 2] - drawn.distance[0]
        maps.append([np.where(drawn.mask[0], m, np.nan) for m in (drawn.values[0, ..., 0], depth)])
    return Collar(*(m.astype(np.float32) for m in (maps[1][1], maps[0][0], maps[1][0])))


def _round_the_neck(head: FlameHead) -> tuple[np.ndarray, np.ndarray]:
    """Tilted height in metres, and direction in radians (0 in front, + to their own left), ``(V,)`` each."""
    template = head.v_template
    axis = float(head.joints(np.zeros(head.shape_basis.shape[-1]))[1, 2])
    height = template[:, 1] + COLLAR_TILT * np.minimum(template[:, 2] - COLLAR_FRONT_METRES, 0)
    return height, np.arctan2(template[:, 0], template[:, 2] - axis)


def _lowest_bare(skin: np.ndarray, total: np.ndarray) -> np.ndarray:
    """How many bands down bare skin goes, ``(D,)``; ``skin, total (D, 64)``: pixels of the bands, from the top."""
    bare = (total > 0) & (skin >= SHOWN_SHARE * total)
    return np.where(bare.any(axis=1), bare.shape[1] - np.argmax(bare[:, ::-1], axis=1), 0)


def _column(direction: np.ndarray) -> np.ndarray:
    """Index of the directions, radians."""
    return np.floor((direction + np.pi) / (2 * np.pi) * DIRECTIONS).astype(int) % DIRECTIONS


def _round(limit: np.ndarray, pixels: np.ndarray, lowest: np.ndarray) -> np.ndarray:
    """The edge in every direction, ``(D,)``: behind, it is as high as at the sides.

    Args:
        limit: measured heights, of ``pixels (D,)`` each; lowest: ``(D,)`` where the mesh ends.
    """
    middle = (np.arange(DIRECTIONS) + 0.5) * 360 / DIRECTIONS - 180
    known = (pixels > 0) & (np.abs(middle) < SIDE_DEGREES[1])
    # What is bare on one side is bare on the other: there it lies in shadow, or hair falls on it.
    limit = np.where(known, limit, np.inf)
    limit, known = np.minimum(limit, limit[::-1]), known | known[::-1]
    for side in (-1, 1):
        at_side = known & (side * middle > SIDE_DEGREES[0])
        if at_side.any():
            # The highest: behind it costs nothing, and what is too low sticks out of the clothes.
            behind = side * middle > SIDE_DEGREES[1]
            limit[behind], known = limit[at_side].max(), known | behind
    index = np.flatnonzero(known)
    ring = np.concatenate([index - DIRECTIONS, index, index + DIRECTIONS])
    filled = np.interp(np.arange(DIRECTIONS), ring, np.tile(limit[index], 3))
    filled = np.where(np.abs(middle) > SIDE_DEGREES[1], np.maximum(filled, lowest + END_METRES), filled)
    # A single direction that is off, from a strand or a shadow, does not count.
    steady = np.median(np.stack([np.roll(filled, shift) for shift in (-1, 0, 1)]), axis=0)
    return 0.5 * steady + 0.25 * (np.roll(steady, 1) + np.roll(steady, -1))
