"""What an eye turns into when it closes: skin, a crease, a line of lashes."""

from __future__ import annotations

import cv2
import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.kernels import relax_mesh
from mvvideo.portrait.synthetic import LUMA, FaceColours

__all__ = ["lid_colours", "lid_share"]

LID_METRES = 0.0015
"""Skin that closing the eye moves farther than this takes the lid's own colour when it closes."""
OWN_COLOUR = (
    "eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right", "teeth", "gums", "tongue",
    "mouth_inside",
)  # fmt: skip
LASH_NEIGHBOUR_METRES = 0.002
"""Across the eye: within this the lid's rim is what falls farthest."""
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
    share = np.maximum(share, _shows_eye(head, pixels, colours))
    share[:, head.region_vertices(*OWN_COLOUR)] = 0
    return np.ascontiguousarray(share.T, np.float32)


def _shows_eye(head: FlameHead, pixels: np.ndarray, colours: FaceColours) -> np.ndarray:
    """Where the photo shows an eye or its lashes, ``(2, V)``.

    1 up to a fifth of the eye's height outside it, fading to 0 at four fifths.
    """
    share = np.zeros((2, len(pixels)))
    near = _near_eyes(head)
    for side, outline in enumerate(colours.eye_outline):
        height = max(float(np.ptp(outline[:, 1])), 1.0)
        for vertex in np.flatnonzero(near[side]):
            room = cv2.pointPolygonTest(outline[:, None], tuple(map(float, pixels[vertex])), True)
            share[side, vertex] = np.clip(1.35 + room / (0.6 * height), 0, 1)
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
    """1 along the rim of the upper lids, where the lashes grow; ``(V,)``: what falls farthest around there."""
    line = np.zeros(len(head.v_template))
    for basis in head.eyelid_basis:
        falls = np.flatnonzero(basis[:, 1] < -0.0005)
        if not len(falls):
            continue
        travel = np.linalg.norm(basis[falls], axis=1)
        across = head.v_template[falls, 0]
        beside = np.abs(across[:, None] - across[None]) < LASH_NEIGHBOUR_METRES
        farthest = np.where(beside, travel[None], 0).max(axis=1)
        rim = np.clip((travel / farthest - 0.72) / 0.14, 0, 1)
        # Towards the corners, where nothing falls far, the line runs out.
        rim *= np.clip((farthest / farthest.max() - 0.35) / 0.25, 0, 1)
        line[falls] = np.maximum(line[falls], rim)
    return line
