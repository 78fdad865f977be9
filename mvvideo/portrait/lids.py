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
    "eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right", "teeth", "tongue",
    "mouth_inside",
)  # fmt: skip
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
    """Where the photo shows an eye or its lashes, ``(2, V)``: 1 up to a fifth of the eye's height outside it."""
    share = np.zeros((2, len(pixels)))
    near = _near_eyes(head)
    for side, outline in enumerate(colours.eye_outline):
        height = max(float(np.ptp(outline[:, 1])), 1.0)
        for vertex in np.flatnonzero(near[side]):
            room = cv2.pointPolygonTest(outline[:, None], tuple(map(float, pixels[vertex])), True)
            share[side, vertex] = np.clip(1.6 + room / (0.35 * height), 0, 1)
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
            given &= ~(ring & (bright < np.quantile(bright[ring], 0.25)))
    smooth, reached = relax_mesh(links, np.where(given[:, None], skin, 0), fixed=given, sweeps=60)
    smooth = np.where(reached[:, None], smooth, skin)
    travel = np.linalg.norm(head.eyelid_basis, axis=2)  # (2, V)
    part = (travel / np.maximum(travel.max(axis=1, keepdims=True), 1e-9)).max(axis=0)  # 1 at the lid's rim
    shade = np.interp(part, [0.0, 0.2, 0.55, 0.8, 1.0], [1.0, 0.92, 1.0, 0.95, 0.85])
    lashes = 0.9 * _lash_line(head)[:, None]
    return ((1 - lashes) * shade[:, None] * smooth + lashes * colours.lash).astype(np.float32)


def _lash_line(head: FlameHead) -> np.ndarray:
    """1 along the rim of the upper lids, where the lashes grow; ``(V,)``: where lid meets the inside of the eye."""
    falls = head.eyelid_basis[..., 1].min(axis=0) < -0.001
    inner = np.zeros(len(falls), bool)
    inner[head.region_vertices("eye_socket")] = True
    across = head.faces[inner[head.faces].any(axis=1) & falls[head.faces].all(axis=1)]
    line = np.zeros(len(falls))
    line[across.ravel()] = 1
    return line
