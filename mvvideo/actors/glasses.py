"""Glasses, modelled here: two rims, a bridge and two temples as thin tubes, placed by the eyes and ears."""

from __future__ import annotations

import numpy as np

__all__ = ["make_glasses"]

RIMS = {"round": (0.0235, 0.0225, 2.0), "square": (0.0265, 0.0195, 4.0), "wide": (0.0285, 0.0175, 3.0)}
"""Half width and half height (metres) and exponent of the super-ellipse."""


def _tube(path: np.ndarray, radius: float, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """(V,3), (F,3): a square tube of a half width ``radius`` along a path (P,3)."""
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, [0.0, 0.12, 1.0])
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    up = np.cross(side, ahead)
    ring = [(1, 1), (1, -1), (-1, -1), (-1, 1)]
    vertices = np.stack([path + radius * (a * side + b * up) for a, b in ring], 1).reshape(-1, 3)
    count = len(path)
    faces = []
    for i in range(count if closed else count - 1):
        j = (i + 1) % count
        for k in range(4):
            n = (k + 1) % 4
            faces += [(4 * i + k, 4 * j + k, 4 * j + n), (4 * i + k, 4 * j + n, 4 * i + n)]
    return vertices, np.asarray(faces, np.int32)


def make_glasses(
    kind: str, left_eye: np.ndarray, right_eye: np.ndarray, *, ear_x: float, front_z: float, back_z: float
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V,3) f32 metres and triangles (F,3) i32 of a pair of glasses in the rest head's space.

    Args:
        kind: one of ``RIMS``. left_eye, right_eye: (3,) eye centres. ear_x: half width of the head at the ears.
        front_z: z of the rims; back_z: z where the temples end.
    """
    half_width, half_height, power = RIMS[kind]
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    ellipse = np.stack(
        [
            np.sign(c) * np.abs(c) ** (2 / power) * half_width,
            np.sign(s) * np.abs(s) ** (2 / power) * half_height,
        ],
        1,
    )
    parts = []
    rims = []
    for eye in (left_eye, right_eye):
        outward = np.sign(eye[0])
        rim = np.zeros((len(angle), 3))
        rim[:, 0] = eye[0] * 1.03 + ellipse[:, 0]
        rim[:, 1] = eye[1] - 0.003 + ellipse[:, 1]
        rim[:, 2] = front_z - 0.10 * np.maximum(0, np.abs(rim[:, 0]) - 0.03) * 2.0
        rims.append(rim)
        parts.append(_tube(rim, 0.0011, closed=True))
        hinge = np.array([eye[0] * 1.03 + outward * half_width, eye[1] + 0.005, 0.0])
        hinge[2] = rim[np.argmax(outward * rim[:, 0]), 2]
        ear = np.array([outward * (ear_x + 0.002), eye[1] + 0.004, back_z + 0.015])
        tip = ear + [0.0, -0.022, -0.022]
        parts.append(
            _tube(
                np.stack([hinge, hinge * 0.5 + ear * 0.5 + [outward * 0.004, 0, 0], ear, tip]),
                0.0011,
                closed=False,
            )
        )
    inner = [rims[0][np.argmin(np.abs(rims[0][:, 0]))], rims[1][np.argmin(np.abs(rims[1][:, 0]))]]
    middle = (inner[0] + inner[1]) / 2 + [0.0, 0.003, 0.002]
    parts.append(_tube(np.stack([inner[0], middle, inner[1]]), 0.0011, closed=False))
    vertices, faces, offset = [], [], 0
    for v, f in parts:
        vertices.append(v)
        faces.append(f + offset)
        offset += len(v)
    return np.concatenate(vertices).astype(np.float32), np.concatenate(faces).astype(np.int32)
