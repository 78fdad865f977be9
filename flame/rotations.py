"""Rotations as axis-angle vectors (radians), matrices, and 6D vectors; numpy, any batch shape.

The 6D form (Zhou et al., CVPR 2019) is the first two **columns** of the matrix, one after the other:
``(R00, R10, R20, R01, R11, R21)``. All functions compute in float64 and return the input's own
floating type (float64 for integers).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

_TINY_ANGLE = 1e-4  # below this, series: their error is < 1e-17


def skew(vector: Array) -> Array:
    """Cross-product matrices: (..., 3) -> (..., 3, 3) with ``skew(a) @ b == cross(a, b)``."""
    v = np.asarray(vector)
    zero = np.zeros_like(v[..., 0])
    rows = [zero, -v[..., 2], v[..., 1], v[..., 2], zero, -v[..., 0], -v[..., 1], v[..., 0], zero]
    return np.stack(rows, axis=-1).reshape(*v.shape[:-1], 3, 3)


def axis_angle_to_matrix(axis_angle: Array) -> Array:
    """Rodrigues' formula: (..., 3) radians -> (..., 3, 3)."""
    given = np.asarray(axis_angle)
    v = given.astype(np.float64)
    angle = np.linalg.norm(v, axis=-1)
    squared = angle * angle
    small = angle < _TINY_ANGLE
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1.0 - squared / 6.0, np.sin(safe) / safe)
    cosine = np.where(small, 0.5 - squared / 24.0, (1.0 - np.cos(safe)) / (safe * safe))
    k = skew(v)
    matrix = np.eye(3) + sine[..., None, None] * k + cosine[..., None, None] * (k @ k)
    return matrix.astype(_float_type(given), copy=False)


def matrix_to_axis_angle(matrix: Array) -> Array:
    """(..., 3, 3) rotation matrices -> (..., 3) radians with angle in [0, π].

    Goes through the quaternion whose largest component is taken first, which stays accurate near
    zero (error < 1e-12) and near π, where the usual ``arccos`` of the trace loses half its digits.
    """
    given = np.asarray(matrix)
    quaternion = _matrix_to_quaternion(given.astype(np.float64))  # (..., 4) w, x, y, z
    w, xyz = quaternion[..., 0], quaternion[..., 1:]
    sine_half = np.linalg.norm(xyz, axis=-1)
    angle = 2.0 * np.arctan2(sine_half, w)
    small = sine_half < 1e-9
    scale = np.where(small, 2.0, angle / np.where(small, 1.0, sine_half))
    return (xyz * scale[..., None]).astype(_float_type(given), copy=False)


def matrix_to_rotation_6d(matrix: Array) -> Array:
    """(..., 3, 3) -> (..., 6): the first two columns, column after column."""
    m = np.asarray(matrix)
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


def rotation_6d_to_matrix(rotation_6d: Array) -> Array:
    """(..., 6) -> (..., 3, 3) by Gram-Schmidt; any two independent columns are accepted."""
    given = np.asarray(rotation_6d)
    v = given.astype(np.float64)
    first = _unit(v[..., :3])
    second = v[..., 3:] - np.sum(first * v[..., 3:], axis=-1, keepdims=True) * first
    second = _unit(second)
    third = np.cross(first, second)
    return np.stack([first, second, third], axis=-1).astype(_float_type(given), copy=False)


def axis_angle_to_rotation_6d(axis_angle: Array) -> Array:
    """(..., 3) radians -> (..., 6)."""
    return matrix_to_rotation_6d(axis_angle_to_matrix(axis_angle))


def rotation_6d_to_axis_angle(rotation_6d: Array) -> Array:
    """(..., 6) -> (..., 3) radians."""
    return matrix_to_axis_angle(rotation_6d_to_matrix(rotation_6d))


def compose(first_applied_last: Array, applied_first: Array) -> Array:
    """Axis-angle of the product ``R(a) @ R(b)``: (..., 3), (..., 3) -> (..., 3); ``b`` acts first."""
    a, b = np.asarray(first_applied_last), np.asarray(applied_first)
    matrix = axis_angle_to_matrix(a.astype(np.float64)) @ axis_angle_to_matrix(b.astype(np.float64))
    return matrix_to_axis_angle(matrix).astype(np.result_type(_float_type(a), _float_type(b)), copy=False)


def inverse(axis_angle: Array) -> Array:
    """The opposite rotation: (..., 3) -> (..., 3)."""
    return -np.asarray(axis_angle)


def slerp(start: Array, end: Array, weight: Array) -> Array:
    """Constant-speed path from ``start`` (weight 0) to ``end`` (weight 1), the short way round.

    Args:
        start, end: (..., 3) axis-angle radians.
        weight: broadcastable to (...,).
    """
    difference = compose(inverse(start), end)
    return compose(start, difference * np.asarray(weight)[..., None])


def scale_angle(axis_angle: Array, factor: float | Array) -> Array:
    """Same axis, angle times ``factor``: (..., 3) -> (..., 3)."""
    return np.asarray(axis_angle) * np.asarray(factor)[..., None]


def yaw_pitch_roll(matrix: Array) -> tuple[Array, Array, Array]:
    """Angles (radians) by which a head is turned, in the subject's own signs.

    The matrix is read as ``Ry(yaw) @ Rx(-pitch) @ Rz(-roll)`` in head axes (+x subject's left, +y up,
    +z out of the face): yaw > 0 turns to their own left, pitch > 0 lifts the nose, roll > 0 tilts to
    their own left shoulder.

    Args:
        matrix: (..., 3, 3).

    Returns:
        yaw in (−π, π], pitch in [−π/2, π/2], roll in (−π, π], each (...,).
    """
    m = np.asarray(matrix, dtype=np.float64)
    yaw = np.arctan2(m[..., 0, 2], m[..., 2, 2])
    pitch = np.arcsin(np.clip(m[..., 1, 2], -1.0, 1.0))
    roll = -np.arctan2(m[..., 1, 0], m[..., 1, 1])
    return yaw, pitch, roll


def from_yaw_pitch_roll(yaw: Array, pitch: Array, roll: Array) -> Array:
    """Inverse of :func:`yaw_pitch_roll`: radians (...,) each -> axis-angle (..., 3)."""
    yaw, pitch, roll = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (yaw, pitch, roll)))
    zero = np.zeros_like(yaw)
    turned = axis_angle_to_matrix(np.stack([zero, yaw, zero], axis=-1))
    lifted = axis_angle_to_matrix(np.stack([-pitch, zero, zero], axis=-1))
    tilted = axis_angle_to_matrix(np.stack([zero, zero, -roll], axis=-1))
    return matrix_to_axis_angle(turned @ lifted @ tilted)


def mirror_axis_angle(axis_angle: Array) -> Array:
    """The rotation seen in a mirror at the plane x = 0: (..., 3) -> (..., 3)."""
    return np.asarray(axis_angle) * np.array([1.0, -1.0, -1.0], dtype=_float_type(np.asarray(axis_angle)))


def rigid_transform(source: Array, target: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Best rigid motion between point sets (Kabsch): ``target ≈ source @ R.T + t``.

    Args:
        source: (N, 3) or (..., N, 3).
        target: (..., N, 3).
        weights: (N,) non-negative, or None for equal weights.

    Returns:
        R (..., 3, 3) with determinant +1, t (..., 3); float64.
    """
    a, b = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    w = np.ones(a.shape[-2]) if weights is None else np.asarray(weights, dtype=np.float64)
    w = w / w.sum()
    mean_a = np.einsum("n,...nk->...k", w, a)
    mean_b = np.einsum("n,...nk->...k", w, b)
    covariance = np.einsum("n,...nk,...nl->...kl", w, b - mean_b[..., None, :], a - mean_a[..., None, :])
    u, _, vt = np.linalg.svd(covariance)
    sign = np.sign(np.linalg.det(u @ vt))
    u = u.copy()
    u[..., :, 2] *= sign[..., None]
    rotation = u @ vt
    return rotation, mean_b - np.einsum("...kl,...l->...k", rotation, mean_a)


def _matrix_to_quaternion(m: Array) -> Array:
    """(..., 3, 3) -> (..., 4) unit quaternion w, x, y, z with w ≥ 0 (Shepperd's method, vectorised)."""
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    squares = np.stack([trace, m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], axis=-1)  # largest decides
    choice = np.argmax(squares, axis=-1)
    one = 1.0
    d = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    s = m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2]
    diagonal = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    candidates = np.stack(
        [
            np.stack([one + trace, d[0], d[1], d[2]], axis=-1),
            np.stack([d[0], one + 2 * diagonal[0] - trace, s[0], s[1]], axis=-1),
            np.stack([d[1], s[0], one + 2 * diagonal[1] - trace, s[2]], axis=-1),
            np.stack([d[2], s[1], s[2], one + 2 * diagonal[2] - trace], axis=-1),
        ],
        axis=-2,
    )  # (..., 4 choices, 4)
    picked = np.take_along_axis(candidates, choice[..., None, None], axis=-2)[..., 0, :]
    picked = picked / np.linalg.norm(picked, axis=-1, keepdims=True)
    return np.where(picked[..., :1] < 0, -picked, picked)


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / np.where(length < 1e-12, 1.0, length)


def _float_type(array: Array) -> np.dtype:
    return array.dtype if np.issubdtype(array.dtype, np.floating) else np.dtype(np.float64)
