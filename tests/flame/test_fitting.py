"""Fitting on landmarks whose truth is known: the made-up head, seen by a made-up camera."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_head import tiny_head

from flame import FlameSequence, fit_landmarks
from flame.errors import InputError, NoFaceError
from flame.fitting import FitPriors
from flame.fitting.inputs import measurements
from flame.fitting.landmark_model import landmark_model
from flame.fitting.priors import parameter_table
from flame.fitting.problem import FitProblem, FitState
from flame.rotations import axis_angle_to_matrix

HEIGHT, WIDTH, FOCAL, DISTANCE = 480, 640, 900.0, 1.2
SURE = FitPriors(data_weight=10.0)  # exact landmarks deserve more trust than MediaPipe's


def seen_by_camera(points: np.ndarray) -> np.ndarray:
    """(T, N, 3) metres -> pixels and MediaPipe-like depth."""
    away = DISTANCE - points[..., 2]
    x = WIDTH / 2 + FOCAL * points[..., 0] / away
    y = HEIGHT / 2 - FOCAL * points[..., 1] / away
    return np.stack([x, y, -points[..., 2] * FOCAL / DISTANCE], axis=-1)


def truth(frames: int, *, seed: int = 1) -> FlameSequence:
    """A smooth motion of one person."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.linspace(0, 2, frames))[:, None]
    base = FlameSequence.neutral(frames, basis="tiny", shape=rng.normal(size=6) * 0.7, expression_dims=8)
    return base.replace(
        rotation=0.1 * wave * rng.normal(size=3),
        neck=wave * [0.1, 0.4, 0.05],
        jaw=(0.1 + 0.1 * wave) * [1.0, 0, 0],
        eyes=np.tile([0.1, 0.2, 0.0], (frames, 2)),
        eyelids=np.repeat(0.4 + 0.2 * wave, 2, axis=1),
        expression=wave * rng.normal(size=8) * 0.5,
        translation=0.02 * wave * rng.normal(size=3),
    )


@pytest.fixture(scope="module")
def head():
    return tiny_head()


def test_a_photo_gives_its_parameters_back(head):
    wanted = truth(5)[4]
    found = fit_landmarks(
        seen_by_camera(head.landmarks(head.pose(wanted), "478")),
        height=HEIGHT,
        width=WIDTH,
        head=head,
        focal_px=FOCAL,
        priors=SURE,
    )
    assert found.reprojection_error_68.shape == (1,)
    assert found.reprojection_error_68[0] < 0.004
    assert np.allclose(found.sequence.jaw, wanted.jaw, atol=0.03)
    assert np.allclose(found.sequence.eyes, wanted.eyes, atol=0.05)
    assert np.allclose(found.sequence.eyelids, wanted.eyelids, atol=0.1)
    turned = axis_angle_to_matrix(found.sequence.rotation[0]) @ axis_angle_to_matrix(found.sequence.neck[0])
    meant = axis_angle_to_matrix(wanted.rotation[0]) @ axis_angle_to_matrix(wanted.neck[0])
    assert np.degrees(np.linalg.norm(turned - meant)) < 3.0
    assert -found.world_to_camera[2, 3] == pytest.approx(DISTANCE, rel=0.1)


def test_the_returned_camera_sees_the_returned_head_where_the_face_was(head):
    points = seen_by_camera(head.landmarks(head.pose(truth(1)), "478")) + [30.0, -20.0, 0.0]
    found = fit_landmarks(points, height=HEIGHT, width=WIDTH, head=head, priors=SURE)
    world = head.landmarks(head.pose(found.sequence), "478")[0]
    camera = world + found.world_to_camera[:3, 3]
    pixels = found.principal_px + found.focal_px * camera[:, :2] * [1, -1] / -camera[:, 2:]
    assert np.abs(pixels - points[0, :, :2]).mean() < 1.0
    assert np.array_equal(found.world_to_camera[:3, :3], np.eye(3))


def test_a_clip_shares_its_shape_and_moves_smoothly(head):
    wanted = truth(14)
    points = seen_by_camera(head.landmarks(head.pose(wanted), "478"))
    noisy = points + np.random.default_rng(0).normal(size=points.shape) * 0.3
    noisy[6] = np.nan  # a frame without a face is bridged
    found = fit_landmarks(noisy, height=HEIGHT, width=WIDTH, head=head, fps=25, priors=SURE)
    assert found.sequence.frames == 14
    assert found.seen.tolist() == [True] * 6 + [False] + [True] * 7
    assert np.isnan(found.reprojection_error_68[6])
    assert np.nanmean(found.reprojection_error_68) < 0.01
    assert np.abs(np.diff(found.sequence.neck[:, 1])).max() < 0.08
    assert np.allclose(found.sequence.jaw[6], (found.sequence.jaw[5] + found.sequence.jaw[7]) / 2, atol=0.02)


def test_a_known_shape_is_kept_and_depth_is_optional(head):
    wanted = truth(1)
    points = seen_by_camera(head.landmarks(head.pose(wanted), "478"))[0, :, :2]
    found = fit_landmarks(points, height=HEIGHT, width=WIDTH, head=head, shape=wanted.shape, priors=SURE)
    assert np.allclose(found.shape[:6], wanted.shape, atol=1e-6)
    assert found.reprojection_error_68[0] < 0.01


def test_half_of_a_turn_goes_to_the_neck(head):
    turned = truth(1).replace(neck=[[0.0, 0.6, 0.0]])
    points = seen_by_camera(head.landmarks(head.pose(turned), "478"))
    found = fit_landmarks(points, height=HEIGHT, width=WIDTH, head=head, focal_px=FOCAL).sequence
    assert found.neck[0, 1] == pytest.approx(found.rotation[0, 1], abs=0.1)
    assert found.neck[0, 1] + found.rotation[0, 1] == pytest.approx(0.6, abs=0.1)


def test_analytic_derivatives_equal_finite_differences(head):
    rng = np.random.default_rng(2)
    points = seen_by_camera(head.landmarks(head.pose(truth(2)), "478"))
    believed = FitPriors()
    table = parameter_table(head, believed)
    free = np.full(len(table.low), np.inf)
    table = dataclasses.replace(table, low=-free, high=free)
    centre = np.array([WIDTH / 2, HEIGHT / 2])
    seen = measurements(points, np.ones(2, bool), np.arange(478), centre, 1.1)
    problem = FitProblem(landmark_model(head), table, believed, seen, False, False)
    turns = rng.normal(size=(2, 5, 3)) * 0.2
    turns[:, 3:] *= [0.1, 0.1, 0.0]
    state = FitState(
        axis_angle_to_matrix(turns),
        rng.uniform(size=(2, 2)),
        rng.normal(size=(2, 3)) * 0.02,
        rng.normal(size=(2, 8)),
        rng.normal(size=6),
        np.log(FOCAL),
    )

    def residuals(at: FitState) -> np.ndarray:
        return problem.residuals(at, problem.model.pose(problem.head_state(at), at.translation))[..., :2]

    head_state = problem.head_state(state)
    posed = problem.model.pose(head_state, state.translation)
    frame, shared = problem._jacobian(state, head_state, posed)
    step, count, extra = 1e-6, frame.shape[-1], shared.shape[-1]
    for k in range(count + extra):
        move = np.eye(count + extra)[k] * step
        there = problem.moved(state, np.tile(move[:count], (2, 1)), move[count:])
        back = problem.moved(state, np.tile(-move[:count], (2, 1)), -move[count:])
        numeric = (residuals(there) - residuals(back)) / (2 * step)
        analytic = (frame[..., k] if k < count else shared[..., k - count])[..., :2]
        # eyes keep no roll, so turning an already turned eye differs in second order
        assert np.allclose(numeric, analytic, atol=5e-3 if 9 <= k < 13 else 1e-4), k


@pytest.mark.parametrize(
    ("landmarks", "options", "error"),
    [
        (np.zeros((1, 468, 2)), {}, InputError),
        (np.zeros((478,)), {}, InputError),
        (np.zeros((0, 478, 2)), {}, InputError),
        (np.full((1, 478, 2), np.nan), {}, NoFaceError),
        (np.zeros((1, 478, 2)), {}, NoFaceError),
        (None, {"focal_px": -1.0}, InputError),
        (None, {"focal_px": float("nan")}, InputError),
        (None, {"height": 0}, InputError),
        (None, {"shape": np.full(6, np.nan)}, InputError),
        (None, {"principal_px": [1.0]}, InputError),
        (None, {"fps": 0}, InputError),
    ],
)
def test_bad_input_is_one_line(head, landmarks, options, error):
    given = seen_by_camera(head.landmarks(head.pose(truth(1)), "478")) if landmarks is None else landmarks
    with pytest.raises(error) as caught:
        fit_landmarks(given, **{"height": HEIGHT, "width": WIDTH, "head": head, **options})
    assert "\n" not in str(caught.value)
