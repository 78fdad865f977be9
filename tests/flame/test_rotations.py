"""Rotation algebra, near zero and near half a turn included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame import rotations as r

_vectors = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(np.array)
_angles = st.one_of(st.floats(0, np.pi - 1e-6), st.floats(0, 1e-6), st.floats(np.pi - 1e-3, np.pi - 1e-8))


def _axis_angle(direction: np.ndarray, angle: float) -> np.ndarray:
    length = np.linalg.norm(direction)
    return direction / length * angle if length > 1e-3 else np.array([0.0, angle, 0.0])


@settings(max_examples=150, deadline=None)
@given(_vectors, _angles)
def test_matrix_is_a_rotation_and_log_undoes_exp(direction, angle):
    vector = _axis_angle(direction, angle)
    matrix = r.axis_angle_to_matrix(vector)
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(r.matrix_to_axis_angle(matrix), vector, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(_vectors, _angles)
def test_6d_is_the_first_two_columns_and_comes_back(direction, angle):
    matrix = r.axis_angle_to_matrix(_axis_angle(direction, angle))
    six = r.matrix_to_rotation_6d(matrix)
    assert np.array_equal(six[:3], matrix[:, 0])
    assert np.array_equal(six[3:], matrix[:, 1])
    assert np.allclose(r.rotation_6d_to_matrix(six * [2, 2, 2, 3, 3, 3]), matrix, atol=1e-9)


@pytest.mark.parametrize("batch", [(), (2,), (1, 2), (0,)])
def test_batch_shapes_and_types(batch):
    vector = np.random.default_rng(0).normal(size=(*batch, 3)).astype(np.float32)
    matrix = r.axis_angle_to_matrix(vector)
    assert matrix.shape == (*batch, 3, 3)
    assert matrix.dtype == np.float32
    assert r.matrix_to_axis_angle(matrix).shape == (*batch, 3)
    assert r.axis_angle_to_rotation_6d(vector).shape == (*batch, 6)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-7, 1e-4, 1e-4 + 1e-9])
def test_tiny_angles_survive(angle):
    vector = np.array([0.0, angle, 0.0])
    assert np.allclose(r.matrix_to_axis_angle(r.axis_angle_to_matrix(vector)), vector, rtol=1e-8, atol=1e-16)


def test_compose_is_the_matrix_product():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 20, 3))
    product = r.axis_angle_to_matrix(a) @ r.axis_angle_to_matrix(b)
    assert np.allclose(r.axis_angle_to_matrix(r.compose(a, b)), product, atol=1e-12)
    assert np.allclose(r.axis_angle_to_matrix(r.compose(a, r.inverse(a))), np.eye(3), atol=1e-7)


def test_slerp_has_constant_speed_and_exact_ends():
    a, b = np.array([0.1, 0.2, 0.0]), np.array([0.0, 1.2, -0.3])
    path = r.slerp(np.tile(a, (5, 1)), np.tile(b, (5, 1)), np.linspace(0, 1, 5))
    assert np.allclose(path[0], a, atol=1e-9)
    assert np.allclose(path[-1], b, atol=1e-9)
    steps = np.linalg.norm(r.compose(r.inverse(path[:-1]), path[1:]), axis=1)
    assert np.ptp(steps) < 1e-9


def test_angles_have_the_subjects_own_signs():
    face, crown = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    left = r.axis_angle_to_matrix(r.from_yaw_pitch_roll(0.5, 0.0, 0.0))
    up = r.axis_angle_to_matrix(r.from_yaw_pitch_roll(0.0, 0.3, 0.0))
    tilted = r.axis_angle_to_matrix(r.from_yaw_pitch_roll(0.0, 0.0, 0.4))
    assert (left @ face)[0] > 0.4  # +x is the subject's left
    assert (up @ face)[1] > 0.2  # the nose lifts
    assert (tilted @ crown)[0] > 0.3  # the crown goes to the left shoulder


@settings(max_examples=60, deadline=None)
@given(st.floats(-3.0, 3.0), st.floats(-1.5, 1.5), st.floats(-3.0, 3.0))
def test_yaw_pitch_roll_come_back(yaw, pitch, roll):
    matrix = r.axis_angle_to_matrix(r.from_yaw_pitch_roll(yaw, pitch, roll))
    assert np.allclose(r.yaw_pitch_roll(matrix), (yaw, pitch, roll), atol=1e-6)


def test_rigid_transform_finds_the_motion_and_never_a_reflection():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(30, 3))
    turn = r.axis_angle_to_matrix(np.array([0.4, -0.9, 0.2]))
    rotation, offset = r.rigid_transform(points, points @ turn.T + [1, 2, 3])
    assert np.allclose(rotation, turn, atol=1e-9)
    assert np.allclose(offset, [1, 2, 3], atol=1e-9)
    mirrored, _ = r.rigid_transform(points, points * [-1, 1, 1])
    assert np.linalg.det(mirrored) == pytest.approx(1.0)


def test_mirror_swaps_yaw_and_roll_and_keeps_pitch():
    vector = r.from_yaw_pitch_roll(0.3, 0.2, -0.1)
    assert np.allclose(
        r.yaw_pitch_roll(r.axis_angle_to_matrix(r.mirror_axis_angle(vector))), (-0.3, 0.2, 0.1), atol=1e-9
    )
