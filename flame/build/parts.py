"""Parts the base mesh has only as coarse helpers, built anew: eyeballs with exact iris and pupil rings.

A new vertex is an affine combination of the helper's vertices (least-norm weights that sum to one): it
follows every morph target as the best affine fit of the helper does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEGMENTS = 28
PUPIL_ANGLE = np.radians(6.2)
IRIS_ANGLE = np.radians(20.4)
"""Angles from the optical axis. The helper eyeball is large (radius 15.4 mm): the iris gets its anatomical share
of the inter-ocular distance (11.7 of 63 mm), not of the ball."""


@dataclass(frozen=True)
class Part:
    """A mesh whose vertices ride on base vertices.

    vertices: (P, 3) metres at the mean. faces: (F, 3). uv: (P', 2) in the unit square, uv_faces: (F, 3).
    face_kind: (F,) str. mirror: (P,) index of the vertex that is this one's mirror image *in the twin part*.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    face_kind: np.ndarray
    mirror: np.ndarray


def ride(points: np.ndarray, carrier: np.ndarray) -> np.ndarray:
    """Weights (P, N) with rows summing to one and ``weights @ carrier == points``, of least norm.

    points: (P, 3), carrier: (N, 3) not all in one plane.
    """
    homogeneous = np.concatenate([carrier, np.ones((len(carrier), 1))], axis=1)  # (N, 4)
    target = np.concatenate([points, np.ones((len(points), 1))], axis=1)  # (P, 4)
    return target @ np.linalg.pinv(homogeneous)


def eyeball(centre: np.ndarray, radius: float, *, gaze_yaw: float = 0.0) -> Part:
    """A sphere around ``centre`` whose poles lie on the optical axis, with a slight corneal bulge.

    Rings run from the pupil's centre backwards; the pupil's and the iris's edge are exact rings. The back is
    left open (it is never seen). gaze_yaw in radians turns the optical axis about +y.
    """
    inner = np.linspace(0, PUPIL_ANGLE, 3)[1:]
    iris = np.linspace(PUPIL_ANGLE, IRIS_ANGLE, 5)[1:]
    white = IRIS_ANGLE + (np.radians(118) - IRIS_ANGLE) * np.linspace(0, 1, 10)[1:] ** 1.15
    angles = np.concatenate([inner, iris, white])
    bulge = 0.035 * np.clip(np.cos(np.clip(angles / (IRIS_ANGLE * 1.15), 0, 1) * np.pi / 2), 0, 1)
    # A quarter step of phase keeps vertices off the symmetry plane and mirrors segment k to -k.
    turn = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    ring = np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)  # (S, 3)
    rows = np.sin(angles)[:, None, None] * ring + np.cos(angles)[:, None, None] * np.array([0, 0, 1.0])
    unit = np.concatenate([[[0, 0, 1.035]], (rows * (1 + bulge)[:, None, None]).reshape(-1, 3)])
    cos, sin = np.cos(gaze_yaw), np.sin(gaze_yaw)
    turned = unit @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    faces, kinds = _cap_faces(len(angles), len(inner), len(inner) + len(iris))
    # Azimuthal equidistant chart: the pupil in the middle, the white around it.
    reach = np.concatenate([[0], np.repeat(angles / angles[-1], SEGMENTS)])
    around = np.concatenate([[[0, 0]], np.tile(ring[:, :2], (len(angles), 1))])
    uv = 0.5 + 0.49 * reach[:, None] * around
    opposite = (SEGMENTS // 2 - np.arange(SEGMENTS)) % SEGMENTS
    mirror = np.concatenate([[0]] + [1 + r * SEGMENTS + opposite for r in range(len(angles))])
    return Part(centre + radius * turned, faces, uv, faces.copy(), kinds, mirror)


def _cap_faces(rings: int, pupil_rings: int, iris_rings: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces (F, 3), counter-clockwise seen from outside, of a fan and ``rings`` - 1 bands; their kinds (F,)."""
    k = np.arange(SEGMENTS)
    n = (k + 1) % SEGMENTS
    faces = [np.stack([np.zeros_like(k), 1 + k, 1 + n], axis=1)]
    kinds = ["pupil"] * SEGMENTS
    for r in range(rings - 1):
        a, b = 1 + r * SEGMENTS, 1 + (r + 1) * SEGMENTS
        faces.append(np.stack([a + k, b + k, b + n], axis=1))
        faces.append(np.stack([a + k, b + n, a + n], axis=1))
        kind = "pupil" if r + 1 < pupil_rings else "iris" if r + 1 < iris_rings else "sclera"
        kinds += [kind] * (2 * SEGMENTS)
    return np.concatenate(faces), np.array(kinds)


def fit_sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Least-squares sphere through points (N, 3): centre (3,), radius."""
    a = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1)
    x = np.linalg.lstsq(a, (points**2).sum(1), rcond=None)[0]
    return x[:3], float(np.sqrt(x[3] + (x[:3] ** 2).sum()))
