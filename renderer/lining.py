"""The lining of a mouth, kept behind the cheeks it belongs to.

The lining is a bag open to the front: whatever of it can be seen through the lips faces the viewer. In a scream, jaw
and lips drag parts of its outside through the cheeks beside the mouth. There it faces away, and is moved back.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flame.regions import REGIONS
from renderer.cameras import Cameras
from renderer.normals import vertex_normals

Float = NDArray[np.float32]

LINING = "mouth_inside"
BACK_METRES = 0.03
"""How far what faces away is moved back: further than it ever reaches out of a cheek."""
_TURNED = 0.15
"""Cosine between normal and viewing ray at which it is moved all the way."""


@dataclass(frozen=True, eq=False)
class Lining:
    """``vertices (L,)`` that only triangles of the lining use; ``triangles (K, 3)`` of the lining, which count its
    vertices ``around (M,)``; ``own (L,)`` the places of the first among the second."""

    vertices: NDArray[np.int64]
    around: NDArray[np.int64]
    triangles: NDArray[np.int32]
    own: NDArray[np.int64]


_KNOWN: weakref.WeakKeyDictionary[Any, Lining] = weakref.WeakKeyDictionary()


def lining_of(head: Any) -> Lining | None:
    """The lining of a head with the region ``"mouth_inside"``; None where it has none."""
    try:
        found = _KNOWN.get(head)
    except TypeError:  # a stand-in that cannot be remembered
        return _found(head)
    if found is None:
        found = _KNOWN[head] = _found(head)
    return found if len(found.vertices) else None


def _found(head: Any) -> Lining:
    faces = np.asarray(head.faces)
    inside = np.asarray(head.face_region) == REGIONS.index(LINING)
    around, triangles = np.unique(faces[inside], return_inverse=True)
    own = np.flatnonzero(~np.isin(around, faces[~inside]))
    return Lining(around[own], around, triangles.reshape(-1, 3).astype(np.int32), own)


def tuck_lining(clip: Float, points: Float, cameras: Cameras, lining: Lining | None) -> Float:
    """Clip positions in which the lining's outside lies behind the cheeks; places in the picture stay as they are.

    Args:
        clip: ``(t, N, V, 4)`` of ``cameras.to_clip(points)``; changed.
        points: ``(t, V, 3)`` world positions.
        lining: of :func:`lining_of`.

    Returns:
        ``clip``.
    """
    if lining is None or not len(lining.vertices) or not len(points):
        return clip
    normals = vertex_normals(np.ascontiguousarray(points[:, lining.around]), lining.triangles)[:, lining.own]
    places = points[:, lining.vertices]  # (t, L, 3)
    for number in range(len(cameras)):
        ray = places - np.asarray(cameras.center[number], np.float32)
        ray /= np.maximum(np.linalg.norm(ray, axis=-1, keepdims=True), 1e-9)
        away = np.clip(np.einsum("tlk,tlk->tl", normals, ray) / _TURNED, 0.0, 1.0)
        moved = cameras[number].to_clip(places + BACK_METRES * away[..., None] * ray)[:, 0]  # (t, L, 4)
        own = clip[:, number, lining.vertices]
        own[..., 2] = moved[..., 2] / moved[..., 3] * own[..., 3]
        clip[:, number, lining.vertices] = own
    return clip
