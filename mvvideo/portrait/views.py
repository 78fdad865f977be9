"""The fitted head as the photo's camera sees it: which surface, how far in front, how far behind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from flame.head import FlameHead
from flame.regions import INSIDE_MOUTH
from renderer.cameras import Cameras
from renderer.shading import shade

__all__ = [
    "HeadView",
    "drawn_triangles",
    "face_front",
    "sample_at",
    "signed_distance",
    "view_head",
    "visible_triangles",
]

FACE_FRONT_METRES, FOREHEAD_METRES = -0.025, 0.045
"""Template z and y that bound the front of the face (origin between the eyes)."""
_INNER = (
    "eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right", "eye_socket",
    *INSIDE_MOUTH,
)  # fmt: skip
LOWEST_HEAD_WEIGHT = 0.12
"""Skin that follows the head less than this is chest and shoulders: the hull shows those."""


@dataclass(frozen=True, eq=False)
class HeadView:
    """Maps over the canvas, ``(W, W)``; depths are world z in metres, NaN where the head is not.

    Attributes:
        triangle: index into ``faces``, −1 where none; ``front`` and ``back``: nearest and farthest surface.
        exit: where a ray that has entered the head's skin (behind a chin: the neck's) leaves it again.
        neck: nearest surface of the neck alone, as it runs on behind the chin.
        weight: how far the nearest surface follows the head (1) rather than the shoulders (0).
        neck_weight: the same for ``neck``.
        face, scalp, often_bare: 1 where the nearest surface is the front of the face, where hair grows, or neck
            and ears, by anatomy.
        faces: ``(F', 3)`` triangles drawn; drawn: ``(F',)`` their indices in the head.
    """

    triangle: np.ndarray
    front: np.ndarray
    back: np.ndarray
    exit: np.ndarray
    neck: np.ndarray
    weight: np.ndarray
    neck_weight: np.ndarray
    face: np.ndarray
    scalp: np.ndarray
    often_bare: np.ndarray
    faces: np.ndarray
    drawn: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """``(W, W)`` bool where the head is."""
        return self.triangle >= 0

    @cached_property
    def room(self) -> np.ndarray:
        """``(W, W)`` float32 pixels to the head's outline, positive inside it."""
        return signed_distance(self.mask)


def drawn_triangles(head: FlameHead) -> np.ndarray:
    """Indices ``(F',)`` of the head's triangles that belong to the appearance.

    Lashes are in the photo's own colours already; chest and shoulders are the hull's.
    """
    keep = _follows(head)[head.faces].mean(axis=1) > LOWEST_HEAD_WEIGHT
    keep[head.region_faces("lashes", "shoulders")] = False
    return np.flatnonzero(keep)


def _follows(head: FlameHead) -> np.ndarray:
    """How far each vertex follows the head's joints rather than the bust, ``(V,)`` float32."""
    return np.ascontiguousarray(head.weights[:, 1:].sum(axis=1), np.float32)


def face_front(head: FlameHead) -> np.ndarray:
    """The face from ear to ear and from the chin to the middle of the forehead, ``(V,)`` bool."""
    template = head.v_template
    front = (template[:, 2] > FACE_FRONT_METRES) & (template[:, 1] < FOREHEAD_METRES)
    front[head.region_vertices("scalp", "neck", "shoulders", "ear_left", "ear_right")] = False
    return front


def _anatomy(head: FlameHead) -> np.ndarray:
    """``(V, 3)`` float32: 1 on the front of the face; on the scalp; on neck and ears."""
    values = np.zeros((len(head.v_template), 3), np.float32)
    values[:, 0] = face_front(head)
    values[head.region_vertices("scalp"), 1] = 1
    values[head.region_vertices("neck", "ear_left", "ear_right"), 2] = 1
    return values


def visible_triangles(
    head: FlameHead, vertices: np.ndarray, camera: Cameras, drawn: np.ndarray
) -> np.ndarray:
    """Which of the ``drawn`` triangles each pixel shows, ``(W, W)`` int32 into ``drawn``, −1 where none."""
    resolution = (camera.height, camera.width)
    return shade(camera.to_clip(vertices), head.faces[drawn], None, resolution=resolution).triangle_ids[0]


def view_head(head: FlameHead, vertices: np.ndarray, camera: Cameras, drawn: np.ndarray) -> HeadView:
    """Draw the head from the front and from behind.

    Args:
        vertices: ``(V, 3)`` world metres; camera: one, with identity rotation; drawn: triangle indices.
    """
    faces = head.faces[drawn]
    resolution = (camera.height, camera.width)
    clip = camera.to_clip(vertices)  # (1, V, 4)
    follows = _follows(head)[:, None]
    near = shade(clip, faces, np.concatenate([follows, _anatomy(head)], axis=1), resolution=resolution)
    flipped = clip.copy()
    flipped[..., 2] *= -1  # the depth test then keeps the farthest
    far = shade(flipped, faces, None, resolution=resolution)
    outer = head.faces[np.setdiff1d(drawn, head.region_faces(*_INNER))]
    skin = shade(clip, outer, None, resolution=resolution)
    neck_faces = head.faces[np.intersect1d(drawn, head.region_faces("neck"))]
    neck = shade(clip, neck_faces, follows, resolution=resolution)
    # Behind the chin the body goes on in the neck, not in the gap under the jaw.
    entered = np.where(neck.mask, neck.clip_depth, skin.clip_depth)
    leaving = shade(clip, outer, None, resolution=resolution, behind=entered)
    eye_z = float(camera.center[0, 2])

    def height_of(drawing: object) -> np.ndarray:
        distance = drawing.distance[0]  # type: ignore[attr-defined]
        return np.where(distance > 0, eye_z - distance, np.nan).astype(np.float32)

    return HeadView(
        triangle=near.triangle_ids[0],
        front=height_of(near),
        back=height_of(far),
        exit=height_of(leaving),
        neck=height_of(neck),
        weight=near.values[0, ..., 0],
        neck_weight=neck.values[0, ..., 0],
        face=near.values[0, ..., 1],
        scalp=near.values[0, ..., 2],
        often_bare=near.values[0, ..., 3],
        faces=faces,
        drawn=drawn,
    )


def sample_at(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bilinear samples of ``(H, W[, C])`` at ``(..., 2)`` pixel positions (centres at +0.5), border held."""
    import cv2

    flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2), np.float32) - 0.5
    rows = []
    for start in range(0, len(flat), 32000):  # remap's maps are limited to 16-bit sizes
        part = flat[start : start + 32000]
        rows.append(cv2.remap(picture, part, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0])
    values = np.concatenate(rows)
    return values.reshape(*pixels.shape[:-1], *picture.shape[2:])


def signed_distance(mask: np.ndarray) -> np.ndarray:
    """``(H, W)`` float32 pixels to the mask's border, positive inside; the picture's edge is no border."""
    import cv2

    inside = mask.astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(
        1 - inside, cv2.DIST_L2, 5
    )
    return (distance - 0.5 * np.sign(distance)).astype(np.float32)
