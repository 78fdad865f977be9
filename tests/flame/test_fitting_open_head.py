"""Fitting the embedded head: exact landmarks, noisy landmarks, and MediaPipe on real portraits."""

from __future__ import annotations

import numpy as np
import pytest

from flame import FlameSequence, fit_landmarks, load_head, measure
from flame.fitting.landmark_model import HeadState, landmark_model, rotations_from
from flame.rig import EXPRESSION_NAMES
from flame.rotations import axis_angle_to_matrix, from_yaw_pitch_roll, matrix_to_axis_angle

SIZE, FOCAL, DISTANCE = 512, 1280.0, 1.1
HUMANS = (
    "cartoon_boy",
    "einstein",
    "girl_with_pearl_earring",
    "mona_lisa",
    "painting_woman_black",
    "photo_woman_loose_hair",
)


@pytest.fixture(scope="module")
def head():
    return load_head()


def person(seed: int, **weights: float) -> FlameSequence:
    """One frame of a random identity with named rig weights."""
    expression = np.zeros((1, len(EXPRESSION_NAMES)))
    for name, weight in weights.items():
        expression[0, EXPRESSION_NAMES.index(name)] = weight
    shape = np.random.default_rng(seed).normal(size=100) * 0.7
    return FlameSequence.neutral(1, shape=shape).replace(expression=expression)


def seen(head, sequence: FlameSequence, *, noise_px: float = 0.5) -> np.ndarray:
    """(T, 478, 3) landmarks as a camera and a noisy detector would give them."""
    points = head.landmarks(head.pose(sequence).astype(np.float64), "478")
    away = DISTANCE - points[..., 2]
    pixels = np.stack(
        [
            SIZE / 2 + FOCAL * points[..., 0] / away,
            SIZE / 2 - FOCAL * points[..., 1] / away,
            -points[..., 2] * FOCAL / DISTANCE,
        ],
        axis=-1,
    )
    return pixels + np.random.default_rng(0).normal(size=pixels.shape) * noise_px


def test_virtual_landmarks_follow_the_posed_mesh(head):
    rng = np.random.default_rng(4)
    sequence = person(1, mouthSmileLeft=0.7, browInnerUp=0.5).replace(
        rotation=rng.normal(size=(1, 3)) * 0.2,
        neck=rng.normal(size=(1, 3)) * 0.3,
        jaw=[[0.3, 0.02, 0.0]],
        eyes=rng.normal(size=(1, 6)) * 0.2,
        eyelids=[[0.6, 0.2]],
        translation=[[0.1, 0.0, -0.1]],
    )
    coefficients = np.concatenate([sequence.shape[None], sequence.expression], axis=1).astype(np.float64)
    turns = rotations_from(sequence.rotation, sequence.neck, sequence.jaw, sequence.eyes)
    state = HeadState(coefficients, turns, sequence.eyelids.astype(np.float64))
    fast = landmark_model(head).pose(state, sequence.translation.astype(np.float64)).points
    exact = head.landmarks(head.pose(sequence).astype(np.float64), "478")
    away = np.linalg.norm(fast - exact, axis=-1)  # metres
    assert away.max() < 3e-4
    assert away.mean() < 2e-5


@pytest.mark.parametrize("yaw_degrees", [-40, -20, 0, 20, 40])
def test_pose_is_found_at_any_usual_angle(head, yaw_degrees):
    turn = from_yaw_pitch_roll(np.radians(yaw_degrees), 0.1, -0.05)
    wanted = person(2).replace(neck=[turn])
    found = fit_landmarks(seen(head, wanted), height=SIZE, width=SIZE, head=head).sequence
    total = axis_angle_to_matrix(found.rotation[0]) @ axis_angle_to_matrix(found.neck[0])
    error = matrix_to_axis_angle(total.T @ axis_angle_to_matrix(np.asarray(turn)))
    assert np.degrees(np.linalg.norm(error)) < 3.0
    assert np.allclose(found.rotation, found.neck, atol=0.03)  # half each


def test_what_the_face_does_is_found(head):
    wanted = person(3, mouthSmileLeft=1.0, mouthSmileRight=1.0).replace(
        jaw=[[0.25, 0, 0]], eyelids=[[1.0, 0.0]], eyes=[[0.0, 0.3, 0.0, 0.0, 0.3, 0.0]]
    )
    truth = measure(wanted, head)
    found = measure(fit_landmarks(seen(head, wanted), height=SIZE, width=SIZE, head=head).sequence, head)
    assert found["lip_gap_mm"][0] == pytest.approx(truth["lip_gap_mm"][0], rel=0.25)
    assert found["smile"][0] > 0.4
    assert found["eye_open_left"][0] < 0.3
    assert found["eye_open_right"][0] > 0.8
    assert found["gaze_yaw_deg"][0] == pytest.approx(truth["gaze_yaw_deg"][0], abs=6.0)


def test_a_smile_that_comes_in_a_clip_is_expression_not_identity(head):
    frames = 30
    ramp = np.clip(np.linspace(-1, 2, frames), 0, 1)[:, None]
    smile = np.zeros((frames, len(EXPRESSION_NAMES)))
    smile[:, [EXPRESSION_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right")]] = ramp
    base = FlameSequence.neutral(frames, shape=np.random.default_rng(5).normal(size=100) * 0.7)
    wanted = base.replace(expression=smile)
    found = fit_landmarks(seen(head, wanted, noise_px=0.3), height=SIZE, width=SIZE, head=head, fps=25.0)
    signals = measure(found.sequence, head)
    assert signals["smile"][-1] - signals["smile"][0] > 0.5
    assert np.nanmean(found.reprojection_error_68) < 0.01


def test_real_portraits_within_four_percent(head, real_inputs):
    cv2 = pytest.importorskip("cv2")
    mediapipe = pytest.importorskip("mediapipe")
    options = {"static_image_mode": True, "refine_landmarks": True, "min_detection_confidence": 0.3}
    with mediapipe.solutions.face_mesh.FaceMesh(**options) as mesh:
        for name in HUMANS:
            picture = cv2.imread(str(real_inputs / "portraits" / f"{name}.jpg"))[:, :, ::-1].copy()
            found = mesh.process(picture).multi_face_landmarks
            if not found:  # a small face: look closer at the upper half
                picture = picture[: picture.shape[0] // 2].copy()
                found = mesh.process(picture).multi_face_landmarks
            assert found, name
            height, width = picture.shape[:2]
            points = np.array([[p.x * width, p.y * height, p.z * width] for p in found[0].landmark])
            result = fit_landmarks(points, height=height, width=width, head=head)
            assert result.reprojection_error_68[0] <= 0.04, name
            assert 0.6 < -result.world_to_camera[2, 3] < 2.0, name
