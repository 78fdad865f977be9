"""A closed body for everything that is not face: hair, hats, neck, shoulders, clothes.

The matte is inflated like a balloon (after Igarashi et al., "Teddy", SIGGRAPH 1999): the squared half thickness
u solves Laplacian(u) = −4k with u = 0 at the outline, which makes a disc a sphere (k = 1). On the face u is held
so that hair and clothes start from the fitted head's own depth. Front and back meet at the outline, so every
view has a closed silhouette. Where bare skin *is* the outline, the fitted head has the better sides: there the
hull shrinks to inside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from flame.easing import smoothstep
from mvvideo.portrait.canvas import OPAQUE, Canvas
from mvvideo.portrait.collar import Collar
from mvvideo.portrait.girth import (
    HAIR_BEHIND,
    HAIR_IN_FRONT,
    RISE_METRES,
    behind_cheeks,
    chest_metres,
    hair_metres,
    limited,
    torso_half_depth,
)
from mvvideo.portrait.kernels import relax_grid
from mvvideo.portrait.plate import push_pull
from mvvideo.portrait.sheets import (
    COLLAR_COLOURS_METRES,
    Sheet,
    at_depth,
    cells_to_triangles,
    facing_of,
    make_sheet,
)
from mvvideo.portrait.views import HeadView, sample_at, signed_distance
from mvvideo.portrait.wrap import Wrap

__all__ = ["Anatomy", "Hull", "Sheet", "build_hull"]

CELLS_PER_CROP = 192
TRIM_METRES = 0.012
"""How far inside a bare-skin outline the hull ends."""
HAIR_OVER_SCALP_METRES = 0.004
FADING_HAIR = 0.9
"""Share of the soft edge around hair that disappears as the view turns away from the photo's."""
COLLAR_METRES, COLLAR_HEIGHT_METRES = 0.004, 0.012
"""Between the back of a neck and the clothes round it; how far down these follow the neck before they leave it."""
COLLAR_SIDES_METRES = 0.03
"""Height over the collar from which on the hull ends as far inside the neck as inside other bare skin."""
COLLAR_SHARE = 0.5
"""Share of that at the collar."""
COLLAR_EDGE_METRES = 0.003
"""Height over which clothes leave the inside of the neck."""
COLLAR_BEHIND_METRES, COLLAR_BEGINS = 0.008, 0.3
"""The same at the nape; share of that way that clothes have made where the collar is."""
NAPE_SLOPE, NAPE_METRES = 1.0, 0.02
"""How far clothes go back below a nape, metres a metre, and at most: necks turn into shoulders in a slope."""
NEAR_SKIN_METRES = 0.003
"""Distance from the fitted head within which an outline of skin is the head's own."""
SMOOTH_NODES = 1.5
"""Depths are smooth over so many nodes of the grid: a step of one node shows as a shred where it is seen edge-on."""
CHEST_FROM_SKIN_METRES = 0.04
"""From the edge of bare skin, over which a chest comes forward."""
ROUND_HEAD, ROUND_BODY = 1.0, 0.30
"""Curvature k of the inflation; a torso is flatter than it is wide."""


@dataclass(frozen=True)
class Anatomy:
    """Where things are at the photo's pose: world metres, and rows of the canvas in pixels."""

    skull_z: float
    body_z: float
    chin_row: float
    neck_row: float
    metres_per_pixel: float


@dataclass(frozen=True, eq=False)
class Hull:
    """front, back: the closed body; fringe: the soft edge around it, seen only through ``fringe_alpha``.

    ``fringe_alpha``: ``(W, W)`` opacity of the fringe; ``fringe_skin``: ``(V,)`` how far it borders on bare skin;
    ``back_paint``: ``(V, 4)`` what the back's own picture is multiplied by, and the colour added; None: 1 and 0.
    """

    front: Sheet
    back: Sheet
    fringe: Sheet
    fringe_alpha: np.ndarray
    fringe_skin: np.ndarray
    back_paint: np.ndarray | None = None

    def set_back(self, eye: np.ndarray, front_z: np.ndarray, back_z: np.ndarray) -> Hull:
        """Front and back moved to other depths along the rays from ``eye``: its own view stays as it is.

        Args:
            eye: ``(3,)`` the photo's camera; front_z, back_z: ``(V,)`` world z of each point.
        """
        return replace(self, front=at_depth(self.front, eye, front_z), back=at_depth(self.back, eye, back_z))


def build_hull(
    canvas: Canvas, view: HeadView, bare: np.ndarray, anatomy: Anatomy, wrap: Wrap, collar: Collar
) -> Hull:
    """Inflate the matte around the fitted head.

    Args:
        canvas: matte and camera; view: the head in it, outline already snapped to the matte.
        bare: ``(W, W)`` float32, 1 where the head's own surface is what the photo shows (face, bare neck).
        anatomy: see there; wrap: where the picture for what the photo does not show has each point.
        collar: where it lies on the back of the neck, and the neck inside it.
    """
    cells = CELLS_PER_CROP * canvas.width // canvas.size
    step = canvas.width / cells
    grid = np.stack(np.meshgrid(*2 * (np.arange(cells + 1) * step,)), axis=-1).astype(np.float32)  # (G, G, 2)
    solid = canvas.matte > OPAQUE
    outline = signed_distance(solid)
    bare_outline = _outline_kind(outline, bare, canvas)
    trim = TRIM_METRES / anatomy.metres_per_pixel * np.minimum(bare_outline, _above_collar(collar))
    body = outline - trim  # (W, W) pixels, positive inside the body

    nodes, valid = _snap_nodes(grid, body, step)
    depth = _Depths(
        canvas,
        view,
        bare,
        bare_outline,
        anatomy,
        nodes,
        step,
        sample_at(body, nodes) > 0.15 * step,
        collar,
    )
    weight = _follow_weight(view, bare, anatomy, nodes, valid)
    triangles = cells_to_triangles(valid)
    facing = facing_of(canvas, nodes, depth.front)
    front = make_sheet(canvas, nodes, depth.front, triangles, weight, facing, wrap, depth.collar)
    back = make_sheet(canvas, nodes, depth.back, triangles, weight, np.zeros_like(facing), wrap, depth.collar)
    fringe, alpha, skin = _fringe(canvas, view, bare, body, grid, depth, weight, facing, wrap)
    return Hull(front, back, fringe, alpha, skin)


def _outline_kind(outline: np.ndarray, bare: np.ndarray, canvas: Canvas) -> np.ndarray:
    """``(W, W)``: 1 near outlines of bare skin, 0 near outlines of hair and clothes, smooth between."""
    unit = canvas.size / 512
    ring = (outline > 0) & (outline < 3 * unit + 1)
    reach = int(3 * unit) * 2 + 3
    touching = cv2.dilate((bare > 0.5).astype(np.float32), np.ones((reach, reach), np.uint8))
    small = (canvas.width // 4, canvas.width // 4)
    weight = cv2.resize(ring.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    kind = cv2.resize(touching * ring, small, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6)
    spread = push_pull(kind[..., None], (weight > 0.02).astype(np.float32))[..., 0]
    spread = cv2.GaussianBlur(spread, (0, 0), 2.0)
    full = cv2.resize(spread, (canvas.width, canvas.width), interpolation=cv2.INTER_LINEAR)
    ramp = np.clip((full - 0.35) / 0.3, 0, 1)
    return smoothstep(ramp).astype(np.float32)


def _above_collar(collar: Collar) -> np.ndarray:
    """``(W, W)``: 1 well above the collar, 0 below it."""
    above = _filled(collar.above)
    inside = np.clip(above / COLLAR_EDGE_METRES, 0, 1)
    return smoothstep(inside * np.clip(COLLAR_SHARE + above / COLLAR_SIDES_METRES, 0, 1)).astype(np.float32)


def _snap_nodes(grid: np.ndarray, body: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Pull grid nodes just outside (or barely inside) the outline onto it: nodes ``(G, G, 2)``, valid ``(G, G)``."""
    smooth = cv2.GaussianBlur(body, (0, 0), 0.35 * step)
    slope = np.stack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)], axis=-1) / 8
    nodes = grid.copy()
    valid = sample_at(body, grid) > -0.8 * step
    for _ in range(2):
        room = sample_at(smooth, nodes)
        direction = sample_at(slope, nodes)
        move = valid & (room < 0.3 * step)
        length = np.maximum((direction**2).sum(axis=-1), 0.05)
        shift = np.where(move[..., None], -direction * (room / length)[..., None], 0)
        nodes = nodes + np.clip(shift, -step, step).astype(np.float32)
    # Nodes on the canvas' border stay on it.
    for edge in (0, -1):
        nodes[edge, :, 1] = grid[edge, :, 1]
        nodes[:, edge, 0] = grid[:, edge, 0]
    return nodes, valid


class _Depths:
    """World z of the hull's front, back and rim at every node, ``(G, G)``."""

    def __init__(
        self,
        canvas: Canvas,
        view: HeadView,
        bare: np.ndarray,
        bare_outline: np.ndarray,
        anatomy: Anatomy,
        nodes: np.ndarray,
        step: float,
        inside: np.ndarray,
        collar: Collar,
    ) -> None:
        metres = anatomy.metres_per_pixel
        row = nodes[..., 1]
        head_part = np.clip((anatomy.neck_row - row) / (anatomy.neck_row - anatomy.chin_row), 0, 1)
        place = {"chin_row": anatomy.chin_row, "metres_per_pixel": metres}
        self.rim = (head_part * anatomy.skull_z + (1 - head_part) * anatomy.body_z).astype(np.float32)
        self.rim -= behind_cheeks(view, nodes, **place)
        covered = sample_at(view.mask.astype(np.float32), nodes) > 0.99
        mesh_front, mesh_back = _sample_known(view.front, nodes), _sample_known(view.back, nodes)
        # The sheet is straight between nodes, the skin is not: stay behind its deepest point nearby.
        reach = 2 * int(np.ceil(step)) + 1
        deepest = _sample_known(_lowest(view.front, reach), nodes)
        neck_known = sample_at((~np.isnan(view.neck)).astype(np.float32), nodes) > 0.99
        deepest = np.where(
            neck_known, np.minimum(deepest, _sample_known(_lowest(view.neck, reach), nodes)), deepest
        )
        behind_chin = np.where(neck_known, _sample_known(view.neck, nodes), mesh_front)
        behind_chin = np.minimum(behind_chin, mesh_front)
        bare_distance = (
            sample_at(signed_distance(bare > 0.5), nodes) * metres
        )  # metres, positive on bare skin
        on_skin = covered & (bare_distance > 0)
        skin_rim = sample_at(bare_outline, nodes)
        # Where skin is the outline, everything stays between the skin in front and where the ray leaves it again.
        leaving = np.minimum(_sample_known(view.exit, nodes), deepest - 0.002)
        margin = np.minimum(0.006, 0.4 * (deepest - leaving))
        room = np.clip(self.rim, leaving + margin, np.maximum(deepest - margin, leaving + margin))
        # Nodes on the outline lie within the head or beside it by chance: both are at one depth.
        away = -sample_at(view.room, nodes) * metres
        by_skin = skin_rim * np.clip(2 - away / NEAR_SKIN_METRES, 0, 1)
        self.rim = (by_skin * room + (1 - by_skin) * self.rim).astype(np.float32)
        self.rim = cv2.GaussianBlur(self.rim, (0, 0), SMOOTH_NODES)

        deepest_body = torso_half_depth(view, nodes, head_part=head_part, **place)
        curvature = ROUND_BODY + (ROUND_HEAD - ROUND_BODY) * head_part
        source = 4 * curvature * (step * metres) ** 2
        known = on_skin & inside
        start = np.where(known, np.maximum(behind_chin - self.rim, 0.004) ** 2, 0.0)
        squared = relax_grid(start, fixed=known | ~inside, source=source)
        inflated = limited(np.sqrt(np.maximum(squared, 0)), deepest_body)
        full = np.clip(2 * inflated / deepest_body, 0, 1) * (1 - head_part)
        full *= smoothstep(-bare_distance, 0.0, CHEST_FROM_SKIN_METRES)
        front = self.rim + inflated + full * chest_metres(view, nodes, **place)
        squared = relax_grid(np.zeros_like(start), fixed=~inside, source=source)
        back = self.rim - limited(np.sqrt(np.maximum(squared, 0)), deepest_body)

        # Behind the bare face, in front of the hairy scalp; the sheet crosses the skin just outside bare skin.
        beyond = -bare_distance  # metres outside bare skin
        rise = HAIR_OVER_SCALP_METRES
        offset = np.interp(
            beyond, [-0.02, 0.0, step * metres, 2.5 * step * metres], [-0.015, -0.002, -0.002, rise]
        )
        hair = hair_metres(canvas, view, bare, nodes, **place)
        risen = np.clip((beyond - 2 * step * metres) / RISE_METRES, 0, 1)
        offset += risen * np.maximum(HAIR_IN_FRONT * hair - rise, 0)
        emerged = beyond > step * metres
        over = np.maximum(front, mesh_front + offset)
        under = np.minimum(front, deepest) + offset
        front = np.where(covered, np.where(emerged, over, under), front)
        outside = np.minimum(back, mesh_back - np.maximum(HAIR_BEHIND * hair, HAIR_OVER_SCALP_METRES))
        within = np.minimum(self.rim, leaving + margin)
        bald = np.clip((skin_rim - 0.1) / 0.2, 0, 1)
        back = np.where(covered, bald * within + (1 - bald) * outside, back)
        # A collar goes round the whole neck: what is left of the neck above it must end inside.
        known_neck = sample_at((~np.isnan(collar.back)).astype(np.float32), nodes) > 0.5
        depth_below = -_sample_known(collar.above_behind, nodes)
        below = COLLAR_BEGINS + depth_below / COLLAR_BEHIND_METRES
        clothed = np.where(covered, np.clip(below, 0, 1), known_neck)
        below_chin = np.arange(canvas.width)[:, None] > anatomy.chin_row
        visible_neck = view.back[below_chin & ~np.isnan(view.back)]
        deepest_neck = float(visible_neck.min()) if visible_neck.size else float(anatomy.body_z)
        lowest = np.maximum(_sample_known(_lowest(collar.back, reach), nodes), deepest_neck)
        near = clothed * np.clip(2 - away / COLLAR_HEIGHT_METRES, 0, 1)
        behind_nape = lowest - COLLAR_METRES - NAPE_SLOPE * np.clip(depth_below, 0, NAPE_METRES)
        back = back + near * np.minimum(behind_nape - back, 0)
        self.collar = np.clip(below, 0, 1) * np.clip(2 - away / COLLAR_COLOURS_METRES, 0, 1)
        back, steady = _steady(back, inside), _steady(front, inside)
        front = np.where(covered & ~emerged, np.minimum(steady, front), steady)
        self.front = np.where(inside, np.maximum(front, back + 0.001), self.rim).astype(np.float32)
        self.back = np.where(inside, back, self.rim).astype(np.float32)


def _steady(z: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Depths ``(G, G)`` without steps of single nodes; at the outline of ``inside (G, G)`` as they are."""
    smooth = cv2.medianBlur(cv2.medianBlur(z.astype(np.float32), 5), 5)
    smooth = cv2.GaussianBlur(smooth, (0, 0), 0.8 * SMOOTH_NODES)
    share = np.clip(0.5 * (cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3) - 1), 0, 1)
    return (share * smooth + (1 - share) * z).astype(np.float32)


def _lowest(depth: np.ndarray, reach: int) -> np.ndarray:
    """Smallest z within ``reach`` pixels, NaN where nothing is; ``(W, W)``."""
    lowest = cv2.erode(np.where(np.isnan(depth), np.float32(1e3), depth), np.ones((reach, reach), np.uint8))
    return np.where(np.isnan(depth) | (lowest > 1e2), np.nan, lowest).astype(np.float32)


def _sample_known(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Samples of a map with NaN holes: the holes are filled with nearby values first."""
    return sample_at(_filled(picture), pixels)


def _filled(picture: np.ndarray) -> np.ndarray:
    """A map ``(H, W)`` with its NaN holes filled with nearby values; 0 where nothing is known."""
    known = ~np.isnan(picture)
    if not known.any():
        return np.zeros(picture.shape, np.float32)
    half = (picture.shape[1] // 2, picture.shape[0] // 2)
    weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    values = cv2.resize(np.where(known, picture, 0), half, interpolation=cv2.INTER_AREA) / np.maximum(
        weight, 1e-6
    )
    filled = push_pull(values[..., None], (weight > 0).astype(np.float32))[..., 0]
    filled = cv2.resize(filled, picture.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(known, picture, filled).astype(np.float32)


def _follow_weight(
    view: HeadView, bare: np.ndarray, anatomy: Anatomy, nodes: np.ndarray, valid: np.ndarray
) -> np.ndarray:
    """How far each node follows the head: the mesh's own weights where it is, smooth elsewhere; ``(G, G)``."""
    row = nodes[..., 1]
    neck_known = sample_at((~np.isnan(view.neck)).astype(np.float32), nodes) > 0.99
    covered = sample_at(view.mask.astype(np.float32), nodes) > 0.99
    own = np.where(neck_known, sample_at(view.neck_weight, nodes), sample_at(view.weight, nodes))
    mouth_row = anatomy.chin_row - 0.35 * (anatomy.neck_row - anatomy.chin_row)
    above = row < mouth_row
    below = row > anatomy.neck_row
    start = np.where(above, 1.0, np.where(below, 0.0, own)).astype(np.float32)
    weight = relax_grid(start, fixed=above | below | covered | neck_known, domain=valid)
    weight = cv2.GaussianBlur(np.where(valid, weight, start).astype(np.float32), (0, 0), 1.5)
    return np.clip(weight, 0, 1)


def _fringe(
    canvas: Canvas,
    view: HeadView,
    bare: np.ndarray,
    body: np.ndarray,
    grid: np.ndarray,
    depth: _Depths,
    weight: np.ndarray,
    facing: np.ndarray,
    wrap: Wrap,
) -> tuple[Sheet, np.ndarray, np.ndarray]:
    """A flat collar that carries what neither body nor head covers: soft hair and unfinished outlines."""
    unit = canvas.size / 512
    head_room = view.room
    by_body = np.clip((body - 0.5 * unit) / (2.5 * unit), 0, 1)
    by_head = np.clip((head_room - 1.0 * unit) / (2.0 * unit), 0, 1)
    alpha = canvas.matte * (1 - np.maximum(by_body, by_head))
    cells = grid.shape[0] - 1
    needed = cv2.resize((alpha > 0.02).astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA) > 0
    corner = np.zeros(grid.shape[:2], bool)
    for dy in (0, 1):
        for dx in (0, 1):
            corner[dy : cells + dy, dx : cells + dx] |= needed
    index = np.arange(corner.size).reshape(corner.shape)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1)[needed]
    triangles = np.concatenate([quads[:, [0, 3, 1]], quads[:, [1, 3, 2]]]).astype(np.int32)
    # Depth: the head's own edge where the head is the outline, the hull's rim elsewhere.
    mesh = _sample_known(view.front, grid) - 0.002
    near_head = sample_at(np.clip(head_room / (12 * unit) + 1, 0, 1).astype(np.float32), grid)
    skin = sample_at(cv2.GaussianBlur(bare, (0, 0), 8 * unit), grid)
    share = np.clip(4 * skin, 0, 1) * near_head
    z = share * mesh + (1 - share) * depth.rim
    sheet = make_sheet(canvas, grid, z.astype(np.float32), triangles, weight, facing, wrap)
    # From the side the collar is a line across the hair: it fades there everywhere, at bare skin to nothing.
    fading = np.maximum(share, FADING_HAIR).ravel()[np.unique(triangles)]
    return sheet, alpha.astype(np.float32), fading.astype(np.float32)
