"""What an eye turns into when it closes: skin, a crease, a line of lashes."""

from __future__ import annotations

import cv2
import numpy as np

from flame.head import FlameHead
from flame.regions import INSIDE_MOUTH
from mvvideo.portrait.kernels import relax_mesh
from mvvideo.portrait.synthetic import LUMA, FaceColours

__all__ = ["lid_colours", "lid_share"]

LID_METRES = 0.0015
"""Skin that closing the eye moves farther than this takes the lid's own colour when it closes."""
OWN_COLOUR = (
    "eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right", *INSIDE_MOUTH,
)  # fmt: skip
LASH_NEIGHBOUR_METRES = 0.0015
"""Across the shut eye: within this the lid's rim is what lies lowest."""
LASH_METRES, LASH_TRAVEL = (0.0012, 0.0032), (0.2, 0.55)
"""Height over the rim to which lashes are dense, and reach; share of the lid's longest way over which they begin."""
FALLING_METRES = 0.0006
"""What closing an eye lets fall by less is not its upper lid."""
LOWER_LID_SHARE = (0.0, 0.2)
"""How far outside the eye, in its heights, the photo's lower lid still shows eye, and none of it."""
AROUND_EYE_METRES = 0.03
"""Skin this near an eye's middle gives its lids their colour."""


def lid_share(head: FlameHead, pixels: np.ndarray, colours: FaceColours) -> np.ndarray:
    """How far each vertex changes when an eye closes, ``(V, 2)`` float32, left and right.

    Args:
        pixels: ``(V, 2)`` canvas pixels of the vertices at the photo's pose; colours: the eyes' outlines.

    That is the lid, by how far closing moves it, and all skin on which the photo shows eye or lashes, because
    the fitted opening is smaller than the photo's.
    """
    travel = np.linalg.norm(head.eyelid_basis, axis=2)  # (2, V)
    share = np.clip((travel - 0.3 * LID_METRES) / (1.7 * LID_METRES), 0, 1)
    # Lower lids stay where they are, with their lashes: of them only what shows the eye itself changes.
    falls = np.clip(-head.eyelid_basis[..., 1] / FALLING_METRES, 0, 1)
    lower = _below_eye(pixels, colours) * (1 - falls)
    wide, narrow = _shows_eye(head, pixels, colours), _shows_eye(head, pixels, colours, reach=LOWER_LID_SHARE)
    share = np.maximum(share * falls, lower * narrow + (1 - lower) * wide)
    share[:, head.region_vertices(*OWN_COLOUR)] = 0
    return np.ascontiguousarray(share.T, np.float32)


def _below_eye(pixels: np.ndarray, colours: FaceColours) -> np.ndarray:
    """How far vertices lie below the line through an eye's corners, ``(2, V)``: 1 from a third of its height on."""
    below = []
    for outline in colours.eye_outline:
        first, last = outline[outline[:, 0].argmin()], outline[outline[:, 0].argmax()]
        slope = (last[1] - first[1]) / max(float(last[0] - first[0]), 1e-6)
        under = pixels[:, 1] - (first[1] + slope * (pixels[:, 0] - first[0]))
        below.append(np.clip(3 * under / max(float(np.ptp(outline[:, 1])), 1.0), 0, 1))
    return np.stack(below)


def _shows_eye(
    head: FlameHead, pixels: np.ndarray, colours: FaceColours, *, reach: tuple[float, float] = (0.21, 0.81)
) -> np.ndarray:
    """Where the photo shows an eye or its lashes, ``(2, V)``.

    1 up to the first ``reach`` outside it, in heights of the eye, fading to 0 at the second.
    """
    near_by, far = reach
    share = np.zeros((2, len(pixels)))
    near = _near_eyes(head)
    for side, outline in enumerate(colours.eye_outline):
        height = max(float(np.ptp(outline[:, 1])), 1.0)
        for vertex in np.flatnonzero(near[side]):
            room = cv2.pointPolygonTest(outline[:, None], tuple(map(float, pixels[vertex])), True)
            share[side, vertex] = np.clip((far + room / height) / (far - near_by), 0, 1)
    return share


def _near_eyes(head: FlameHead) -> np.ndarray:
    """Vertices in front around each eye, ``(2, V)`` bool."""
    centres = head.joints(np.zeros(1, np.float32))[3:5]
    away = np.linalg.norm(head.v_template[None] - centres[:, None], axis=2)
    return (away < AROUND_EYE_METRES) & (head.v_template[None, :, 2] > centres[:, None, 2])


def lid_colours(
    head: FlameHead,
    links: tuple[np.ndarray, np.ndarray],
    skin: np.ndarray,
    pixels: np.ndarray,
    plain: np.ndarray,
    colours: FaceColours,
) -> np.ndarray:
    """Colour of closed lids, ``(V, 3)``: the skin around the eye, a crease above, lashes below.

    Args:
        links: adjacency of the head; skin: ``(V, 3)`` colours of the head; pixels: ``(V, 2)`` of the canvas; plain:
            ``(V,)`` bool, where the photo shows skin.
    """
    own = head.region_vertices(*OWN_COLOUR, "eye_socket", "brow_left", "brow_right")
    given = plain & (_shows_eye(head, pixels, colours).max(axis=0) < 0.1)
    given[own] = False
    for near in _near_eyes(head):
        # The fold of the open lid, rings under the eye and lashes are darker than a lid.
        ring = given & near
        if ring.sum() >= 12:
            bright = skin @ LUMA
            given &= ~(ring & (bright < np.quantile(bright[ring], 0.1)))
    smooth, reached = relax_mesh(links, np.where(given[:, None], skin, 0), fixed=given, sweeps=60)
    smooth = np.where(reached[:, None], smooth, skin)
    travel = np.linalg.norm(head.eyelid_basis, axis=2)  # (2, V)
    part = (travel / np.maximum(travel.max(axis=1, keepdims=True), 1e-9)).max(axis=0)  # 1 at the lid's rim
    shade = np.interp(part, [0.0, 0.2, 0.55, 0.8, 1.0], [1.0, 0.91, 1.0, 0.95, 0.85])
    lashes = 0.85 * _lash_line(head)[:, None]
    return ((1 - lashes) * shade[:, None] * smooth + lashes * colours.lash).astype(np.float32)


def _lash_line(head: FlameHead) -> np.ndarray:
    """1 along the rim of the upper lids, where the lashes grow; ``(V,)``: what lies lowest of what falls."""
    line = np.zeros(len(head.v_template))
    for basis in head.eyelid_basis:
        travel = np.linalg.norm(basis, axis=1) / max(float(np.linalg.norm(basis, axis=1).max()), 1e-9)
        falls = np.flatnonzero((basis[:, 1] < 0) & (travel > LASH_TRAVEL[0]))
        if not len(falls):
            continue
        shut = head.v_template[falls] + basis[falls]
        beside = np.abs(shut[:, None, 0] - shut[None, :, 0]) < LASH_NEIGHBOUR_METRES
        lowest = np.where(beside, shut[None, :, 1], np.inf).min(axis=1)
        dense, none = LASH_METRES
        rim = np.clip((none - (shut[:, 1] - lowest)) / (none - dense), 0, 1)
        # Towards the corners, where nothing falls far, the line runs out.
        low, high = LASH_TRAVEL
        rim *= np.clip((travel[falls] - low) / (high - low), 0, 1)
        line[falls] = np.maximum(line[falls], rim)
    return line
