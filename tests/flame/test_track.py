"""Following a face through a clip: synthetic landmarks with known motion, gaps, blinks, cuts, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from flame import FlameSequence, fit_landmarks, load_head
from flame.errors import InputError, NoFaceError
from flame.fitting.track import FaceTracker, track_landmarks
from flame.fitting.track_smoothing import Smoothing, bridged, gaussian_kernel, smoothed
from flame.rig import EXPRESSION_NAMES
from flame.rotations import axis_angle_to_matrix

SIZE, FOCAL, DISTANCE, FPS = 512, 1280.0, 1.1, 25.0


@pytest.fixture(scope="module")
def head():
    return load_head()


def performance(frames: int, *, seed: int = 3) -> FlameSequence:
    """A person who nods, shakes the head, talks and blinks on still shoulders."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames) / FPS
    still = FlameSequence.neutral(frames, fps=FPS, shape=rng.normal(size=100) * 0.6)
    neck, jaw, lids = (np.array(still.arrays()[name]) for name in ("neck", "jaw", "eyelids"))
    neck[:, 1] = np.radians(22.0) * np.sin(2 * np.pi * 0.5 * t)
    neck[:, 0] = np.radians(8.0) * np.sin(2 * np.pi * 0.8 * t)
    jaw[:, 0] = 0.12 * (1 - np.cos(2 * np.pi * 2.0 * t))
    lids[18:21] = 1.0
    expression = np.array(still.expression)
    expression[:, EXPRESSION_NAMES.index("mouthSmileLeft")] = 0.3 * (1 - np.cos(2 * np.pi * 0.4 * t))
    expression[:, EXPRESSION_NAMES.index("mouthSmileRight")] = 0.3 * (1 - np.cos(2 * np.pi * 0.4 * t))
    return still.replace(neck=neck, jaw=jaw, eyelids=lids, expression=expression)


def seen(head, sequence: FlameSequence, *, noise_px: float) -> np.ndarray:
    """(T, 478, 3) landmarks as a camera and a noisy detector would give them."""
    points = head.landmarks(head.pose(sequence).astype(np.float64), "478")
    away = DISTANCE - points[..., 2]
    x, y = SIZE / 2 + FOCAL * points[..., 0] / away, SIZE / 2 - FOCAL * points[..., 1] / away
    pixels = np.stack([x, y, -points[..., 2] * FOCAL / DISTANCE], axis=-1)
    return pixels + np.random.default_rng(0).normal(size=pixels.shape) * noise_px


def head_rotation(sequence: FlameSequence) -> np.ndarray:
    """(T, 3, 3) from template to world."""
    turn, bow = (
        axis_angle_to_matrix(getattr(sequence, name).astype(np.float64)) for name in ("rotation", "neck")
    )
    return turn @ bow


def turn_between(a: FlameSequence, b: FlameSequence) -> np.ndarray:
    """(T,) degrees by which the turns away from the first frame differ."""
    first, second = head_rotation(a), head_rotation(b)
    first, second = first[0].T @ first, second[0].T @ second
    cosine = (np.einsum("tij,tij->t", first, second) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.fixture(scope="module")
def tracked(head):
    """A performance of 40 frames, its landmarks with half a pixel of noise, and what was tracked."""
    truth = performance(40)
    points = seen(head, truth, noise_px=0.5)
    return truth, points, track_landmarks(iter(points), head=head, height=SIZE, width=SIZE, fps=FPS)


def test_pose_is_followed_within_a_degree(tracked):
    truth, _, result = tracked
    assert result.seen.all() and len(result.sequence) == len(truth)
    away = turn_between(truth, result.sequence)
    assert away.mean() < 0.8 and away.max() < 2.5, (away.mean(), away.max())
    assert np.nanmean(result.error) < 0.015


def test_tremor_is_below_the_noise(tracked, head):
    truth, _, result = tracked
    for name, limit in (("neck", np.radians(0.25)), ("translation", 0.001)):
        tremor = np.abs(np.diff(getattr(result.sequence, name) - getattr(truth, name), 2, axis=0)).mean()
        assert tremor < limit, name


def test_blink_mouth_and_shoulders(tracked):
    truth, _, result = tracked
    sequence = result.sequence
    assert (sequence.eyelids[18:21].min(axis=0) > 0.7).all(), "a blink survives"
    assert sequence.eyelids[:16].max() < 0.25 and sequence.eyelids[24:].max() < 0.25
    assert np.corrcoef(sequence.jaw[:, 0], truth.jaw[:, 0])[0, 1] > 0.95
    # The head turns by 44° in all; the bust stays where it was.
    assert np.degrees(np.ptp(sequence.rotation, axis=0)).max() < 3.0
    assert np.ptp(sequence.translation[:, :2], axis=0).max() < 0.012


def test_first_frame_is_the_fit(head):
    points = seen(head, performance(1), noise_px=0.5)
    fit = fit_landmarks(points, height=SIZE, width=SIZE, head=head)
    tracker = FaceTracker.from_fit(fit, points[0], head=head, fps=FPS)
    for _ in range(4):
        assert tracker.add(points[0]) < 2e-3
    result = tracker.result().sequence
    assert len(tracker) == 4
    for name in ("rotation", "neck", "jaw", "eyes", "translation"):
        np.testing.assert_allclose(getattr(result, name)[-1], getattr(fit.sequence, name)[0], atol=6e-3)
    np.testing.assert_allclose(result.expression[-1], fit.sequence.expression[0], atol=0.02)


def test_gaps_are_bridged_and_reported(tracked, head):
    truth, points, _ = tracked
    gappy = [None if 10 <= i < 15 or i >= 37 else p for i, p in enumerate(points)]
    gappy[3] = np.full_like(points[3], np.nan)
    result = track_landmarks(gappy, head=head, height=SIZE, width=SIZE, fps=FPS)
    expected = np.ones(len(points), bool)
    expected[[3, 10, 11, 12, 13, 14, 37, 38, 39]] = False
    np.testing.assert_array_equal(result.seen, expected)
    assert np.isnan(result.error[~expected]).all() and np.isfinite(result.error[expected]).all()
    assert turn_between(truth, result.sequence)[:37].max() < 6.0
    assert np.ptp(result.sequence.neck[38:], axis=0).max() < 1e-6, "the end is held"
    late = track_landmarks([None, None, *points[:6]], head=head, height=SIZE, width=SIZE, fps=FPS)
    assert late.seen.tolist() == [False, False] + [True] * 6


def test_a_cut_does_not_lose_the_face(head):
    """From one frame to the next the head is elsewhere and turned: it is found again from the landmarks."""
    truth = performance(8)
    neck, translation = np.array(truth.neck), np.array(truth.translation)
    neck[4:, 1] += np.radians(35.0)
    translation[4:] += (0.08, -0.05, 0.1)
    jumped = truth.replace(neck=neck, translation=translation)
    result = track_landmarks(
        seen(head, jumped, noise_px=0.3),
        head=head,
        height=SIZE,
        width=SIZE,
        fps=FPS,
        smoothing=Smoothing(None),
    )
    assert result.seen.all()
    assert turn_between(jumped, result.sequence)[4:].mean() < 4.0


def test_measured_shoulders_are_believed(head):
    truth = performance(12)
    translation = np.array(truth.translation)
    translation[:, 0] = np.linspace(0, 0.03, 12)
    truth = truth.replace(translation=translation)
    points = seen(head, truth, noise_px=0.3)
    fit = fit_landmarks(points[0], height=SIZE, width=SIZE, head=head)
    tracker = FaceTracker.from_fit(fit, points[0], head=head, fps=FPS)
    for t, p in enumerate(points):
        tracker.add(p, shoulders_metres=translation[t, :2] - translation[0, :2])
    moved = tracker.result().sequence.translation
    assert abs((moved[-1] - moved[0])[0] - 0.03) < 0.004


def test_smoothing_does_what_its_frequencies_say():
    for frequency in (3.0, 5.0):
        kernel = gaussian_kernel(frequency, 100.0)
        phase = np.exp(-2j * np.pi * frequency / 100.0 * (np.arange(len(kernel)) - len(kernel) // 2))
        assert abs(abs((kernel * phase).sum()) - 2**-0.5) < 0.02
    assert len(gaussian_kernel(50.0, 25.0)) == 1, "above the frame rate there is nothing to filter"
    ramp = FlameSequence.neutral(20).replace(translation=np.outer(np.arange(20), [0.01, 0, 0]))
    np.testing.assert_allclose(smoothed(ramp, Smoothing()).translation, ramp.translation, atol=1e-6)
    two = FlameSequence.neutral(2)
    assert smoothed(two, Smoothing()).allclose(two)
    lids = np.zeros((20, 2))
    lids[9:11] = 1.0
    blink = FlameSequence.neutral(20).replace(eyelids=lids)
    assert smoothed(blink, Smoothing()).eyelids.max() == 1.0
    held = bridged(ramp, np.arange(20) % 5 == 0)
    np.testing.assert_allclose(held.translation[:16], ramp.translation[:16], atol=1e-6)


def test_bad_input(head, tracked):
    _, points, _ = tracked
    with pytest.raises(NoFaceError, match="no frame shows a usable face"):
        track_landmarks([None, None], head=head, height=SIZE, width=SIZE)
    with pytest.raises(InputError, match="478"):
        track_landmarks([points[0], points[1, :68]], head=head, height=SIZE, width=SIZE)
    fit = fit_landmarks(points[0], height=SIZE, width=SIZE, head=head)
    with pytest.raises(InputError, match="fps"):
        FaceTracker.from_fit(fit, points[0], head=head, fps=0)
    tracker = FaceTracker.from_fit(fit, points[0], head=head)
    with pytest.raises(NoFaceError):
        tracker.result()
    with pytest.raises(InputError, match="one frame"):
        FaceTracker(
            head=head,
            first=FlameSequence.neutral(2),
            landmarks_478=points[0],
            focal_px=FOCAL,
            principal_px=np.array([256.0, 256.0]),
            camera_distance=DISTANCE,
        )
    far = (
        points[0] + 3000.0
    )  # a face outside the picture is no frame of this clip's, but it must not break it
    tracker.add(far)
    assert np.isfinite(tracker._rows[-1]).all()
