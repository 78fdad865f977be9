"""Posing a FLAME-layout head: blend shapes, then linear blend skinning over five joints.

``pose_reference`` is the plain numpy truth, one frame at a time; ``pose_fast`` gives the same numbers with
the identity cached, blend shapes as one matrix product and skinning in numba. Both follow FLAME (Li et al.,
SIGGRAPH Asia 2017) as the smplx package evaluates it: joints are regressed from the shaped vertices *with*
expression, pose correctives are linear in R - I of the joints after the root.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from flame.head import FlameHead

JOINTS = ("root", "neck", "jaw", "eye_left", "eye_right")
PARENTS = (-1, 0, 1, 1, 1)
_PARALLEL_LOCK = threading.Lock()


def joint_rotations(rotation, neck, jaw, eyes) -> np.ndarray:
    """Rotation matrices (T, 5, 3, 3) of the joints from axis-angles (T, 3), (T, 3), (T, 3), (T, 6)."""
    from flame.rotations import axis_angle_to_matrix

    vectors = np.stack([rotation, neck, jaw, eyes[:, :3], eyes[:, 3:]], axis=1)  # (T, 5, 3)
    return axis_angle_to_matrix(np.asarray(vectors, np.float64))


def pose_features(rotations: np.ndarray) -> np.ndarray:
    """(T, 36) R - I of the four joints after the root, row after row. rotations: (T, 5, 3, 3)."""
    return (rotations[:, 1:] - np.eye(3)).reshape(len(rotations), 36)


def joint_transforms(rotations: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Skinning transforms (T, 5, 3, 4): rest position -> posed position of a vertex rigid to each joint.

    rotations: (T, 5, 3, 3); joints: (T, 5, 3) rest positions.
    """
    frames = len(rotations)
    world_rotation = np.empty((frames, 5, 3, 3))
    world_position = np.empty((frames, 5, 3))
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            world_rotation[:, joint] = rotations[:, joint]
            world_position[:, joint] = joints[:, joint]
            continue
        world_rotation[:, joint] = world_rotation[:, parent] @ rotations[:, joint]
        offset = joints[:, joint] - joints[:, parent]
        world_position[:, joint] = world_position[:, parent] + np.einsum(
            "tij,tj->ti", world_rotation[:, parent], offset
        )
    shift = world_position - np.einsum("tkij,tkj->tki", world_rotation, joints)
    return np.concatenate([world_rotation, shift[..., None]], axis=-1)


def pose_reference(
    head: FlameHead, shape, expression, rotation, neck, jaw, eyes, eyelids, translation
) -> np.ndarray:
    """Posed vertices (T, V, 3) float64, written for reading rather than for speed. Arguments as ``pose_fast``."""
    rotations = joint_rotations(rotation, neck, jaw, eyes)
    features = pose_features(rotations)
    out = []
    for t in range(len(rotations)):
        shaped = head.v_template.astype(np.float64)
        shaped = shaped + head.shape_basis[:, :, : len(shape)] @ np.asarray(shape, np.float64)
        shaped = shaped + head.expression_basis[:, :, : expression.shape[1]] @ np.asarray(
            expression[t], float
        )
        joints = head.J_regressor.astype(np.float64) @ shaped  # (5, 3)
        corrected = shaped + np.einsum("s,svk->vk", eyelids[t], head.eyelid_basis)
        corrected = corrected + head.posedirs @ features[t]
        transforms = joint_transforms(rotations[t : t + 1], joints[None])[0]  # (5, 3, 4)
        blended = np.einsum("vj,jrc->vrc", head.weights, transforms)  # (V, 3, 4)
        posed = np.einsum("vrc,vc->vr", blended[..., :3], corrected) + blended[..., 3]
        out.append(posed + translation[t])
    return np.stack(out)


def pose_fast(
    head: FlameHead, shape, expression, rotation, neck, jaw, eyes, eyelids, translation
) -> np.ndarray:
    """Posed vertices (T, V, 3) float32, metres.

    shape (S,), expression (T, E), rotation/neck/jaw (T, 3), eyes (T, 6), eyelids (T, 2), translation (T, 3).
    """
    cache = basis_cache(head)
    rotations = joint_rotations(rotation, neck, jaw, eyes)
    expression = np.ascontiguousarray(expression, np.float32)
    used = expression.shape[1]
    identity, identity_joints = cache.identity(np.asarray(shape, np.float32))
    joints = identity_joints + np.einsum(
        "te,jke->tjk", expression.astype(np.float64), cache.expression_joints[:, :, :used]
    )
    transforms = joint_transforms(rotations, joints).astype(np.float32)
    features = pose_features(rotations).astype(np.float32)[:, cache.pose_columns]
    coefficients = np.concatenate([expression, np.asarray(eyelids, np.float32), features], axis=1)
    rows = np.concatenate([np.arange(used), np.arange(cache.expressions, len(cache.rows))])
    posed = coefficients @ cache.rows[rows] if used < cache.expressions else coefficients @ cache.rows
    posed = posed.reshape(len(rotations), -1, 3)
    kernel = _kernel()
    with _PARALLEL_LOCK:  # numba's workqueue layer must not be entered from two threads
        kernel(
            posed,
            identity,
            cache.joint_index,
            cache.joint_weight,
            transforms,
            np.asarray(translation, np.float32),
        )
    return posed


class BasisCache:
    """What of a head does not change between calls, laid out for ``pose_fast``."""

    def __init__(self, head: FlameHead):
        vertices = len(head.v_template)
        self.head = head
        self.expressions = head.expression_basis.shape[2]
        self.pose_columns = np.flatnonzero(np.abs(head.posedirs).max(axis=(0, 1)) > 0)
        blocks = [
            head.expression_basis.reshape(vertices * 3, -1).T,
            head.eyelid_basis.reshape(2, -1),
            head.posedirs.reshape(vertices * 3, 36).T[self.pose_columns],
        ]
        self.rows = np.ascontiguousarray(np.concatenate(blocks), dtype=np.float32)  # (E + 2 + P, V * 3)
        regressor = head.J_regressor.astype(np.float64)
        self.expression_joints = np.einsum("jv,vke->jke", regressor, head.expression_basis, optimize=True)
        order = np.argsort(-head.weights, axis=1, kind="stable")[:, :4]
        self.joint_index = np.ascontiguousarray(order, dtype=np.int32)  # (V, 4) heaviest joints first
        self.joint_weight = np.take_along_axis(head.weights, order, axis=1).astype(np.float32)
        if np.abs(self.joint_weight.sum(1) - 1).max() > 1e-3:
            self.joint_index = np.tile(np.arange(5, dtype=np.int32), (vertices, 1))
            self.joint_weight = np.ascontiguousarray(head.weights, dtype=np.float32)
        self._last: tuple[bytes, np.ndarray, np.ndarray] | None = None

    def identity(self, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shaped template (V, 3) float32 and its joints (5, 3); the last one asked for is kept."""
        key, last = shape.tobytes(), self._last
        if last is None or last[0] != key:
            basis = self.head.shape_basis[:, :, : len(shape)]
            shaped = self.head.v_template + basis @ shape
            joints = self.head.J_regressor.astype(np.float64) @ shaped
            self._last = last = (key, np.ascontiguousarray(shaped, np.float32), joints)
        return last[1], last[2]


@lru_cache(maxsize=8)
def basis_cache(head: FlameHead) -> BasisCache:
    """The head's ``BasisCache``, made once."""
    return BasisCache(head)


@lru_cache(maxsize=1)
def _kernel():
    """The numba kernel; compiled on first use (numba caches it on disk)."""
    import numba

    @numba.njit(parallel=True, fastmath=False, cache=True)
    def skin(posed, identity, joint_index, joint_weight, transforms, translation):
        frames, vertices = posed.shape[0], posed.shape[1]
        influences = joint_index.shape[1]
        for t in numba.prange(frames):
            for v in range(vertices):
                x = posed[t, v, 0] + identity[v, 0]
                y = posed[t, v, 1] + identity[v, 1]
                z = posed[t, v, 2] + identity[v, 2]
                px = py = pz = np.float32(0)
                for k in range(influences):
                    w = joint_weight[v, k]
                    if w == 0:
                        continue
                    m = transforms[t, joint_index[v, k]]
                    px += w * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3])
                    py += w * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3])
                    pz += w * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
                posed[t, v, 0] = px + translation[t, 0]
                posed[t, v, 1] = py + translation[t, 1]
                posed[t, v, 2] = pz + translation[t, 2]

    return skin
