"""Driving by video: a filmed head whose motion is known, a real face, gaps, cuts, uneven times, bad input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from driving import Driver
from driving.video import LiveFollower, TimedFrame, VideoDriver, VideoRequest
from driving.video.cuts import CutDetector
from driving.video.finder import FaceSquare, window_picture
from driving.video.lips import sealed
from driving.video.neutral import BUST_METRES, neutral_of, relative_to, sharp_lids
from driving.video.one_euro import OneEuro
from driving.video.regions import region_of_shape, scaled
from driving.video.request import REGIONS, checked_frames
from driving.video.shots import ShotTracker
from driving.video.timeline import EASE_SECONDS, lay_out
from flame import FlameSequence, load_head
from flame.errors import ConfigError, ImageError, InputError, NoFaceError
from flame.rig import EXPRESSION_NAMES
from flame.rotations import axis_angle_to_matrix
from flame.signals import measure

SIZE, FOCAL, DISTANCE = 256, 560.0, 1.1


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def driver(head):
    pytest.importorskip("mediapipe")
    return VideoDriver(head=head)


def performance(frames: int, *, fps: float = 25.0) -> FlameSequence:
    """Someone who turns, nods, opens the mouth and blinks once, from rest."""
    t = np.arange(frames) / fps
    still = FlameSequence.neutral(frames, fps=fps, shape=np.random.default_rng(5).normal(size=100) * 0.5)
    neck, jaw, lids = np.zeros((frames, 3)), np.zeros((frames, 3)), np.zeros((frames, 2))
    neck[:, 1] = np.radians(18.0) * np.sin(2 * np.pi * 0.7 * t)
    neck[:, 0] = np.radians(5.0) * (1 - np.cos(2 * np.pi * 0.9 * t))
    jaw[:, 0] = 0.12 * (1 - np.cos(2 * np.pi * 1.5 * t))
    lids[(t > 0.5) & (t < 0.65)] = 1.0
    return still.replace(neck=neck, jaw=jaw, eyelids=lids)


def seen(head, motion: FlameSequence) -> np.ndarray:
    """(T, 478, 3) the landmarks of a motion in pixels, with a detector's noise."""
    points = head.landmarks(head.pose(motion).astype(np.float64), "478")
    away = DISTANCE - points[..., 2]
    x, y = SIZE / 2 + FOCAL * points[..., 0] / away, SIZE / 2 - FOCAL * points[..., 1] / away
    pixels = np.stack([x, y, -points[..., 2] * FOCAL / DISTANCE], axis=-1)
    return pixels + np.random.default_rng(1).normal(size=pixels.shape) * 0.15


def turns(motion: FlameSequence) -> np.ndarray:
    rotation, neck = (
        axis_angle_to_matrix(getattr(motion, n).astype(np.float64)) for n in ("rotation", "neck")
    )
    return rotation @ neck


def turn_error_deg(motion: FlameSequence, truth: FlameSequence) -> np.ndarray:
    own, wanted = turns(motion), turns(truth)
    wanted = wanted[0].T @ wanted
    cosine = (np.einsum("tij,tij->t", own, wanted) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def tracked_shot(head, points, seconds, *, sizes=None):
    shot = ShotTracker(head)
    for index, (one, now) in enumerate(zip(points, seconds, strict=True)):
        height, width = (SIZE, SIZE) if sizes is None else sizes[index]
        shot.add(one, float(now), height=height, width=width)
    return shot.finish()


@pytest.fixture(scope="module")
def known(head):
    """A performance of 30 frames and its tracked shot."""
    truth = performance(30)
    return truth, tracked_shot(head, seen(head, truth), np.arange(30) / 25.0)


def laid_out(shots, *, seconds: float, fps: float = 25.0, **options):
    options = {"neutral": "first", "absolute": False, **options}
    return lay_out(shots, frames=round(seconds * fps), fps=fps, **options)


# ---------------------------------------------------------------------- from pictures


@pytest.fixture(scope="module")
def filmed(head):
    """24 rendered frames of a performance, and the truth."""
    from renderer import Cameras, render_buffers

    truth = performance(24)
    view = np.eye(4)
    view[2, 3] = -DISTANCE
    camera = Cameras(view[None], np.array([FOCAL]), np.array([[SIZE / 2, SIZE / 2]]), SIZE, SIZE)
    drawn = render_buffers(head.pose(truth), head, camera, buffers=["shaded"])["shaded"][:, 0]
    images = (np.clip(drawn, 0, 1) * 255 + 0.5).astype(np.uint8)
    return [TimedFrame(image, i / 25.0) for i, image in enumerate(images)], truth


def test_a_filmed_head_drives(driver, filmed):
    frames, truth = filmed
    assert isinstance(driver, Driver)
    result = driver.track(VideoRequest(frames=iter(frames)))
    motion = result.sequence
    assert motion.basis == "open" and motion.frames == 24 and not motion.shape.any()
    for name, values in motion.arrays().items():
        assert np.abs(values[0]).max() < 5e-3, name
    assert result.seen.all() and result.warnings == () and result.cuts == ()
    assert np.nanmean(result.error) < 0.03
    away = turn_error_deg(motion, truth)
    assert np.median(away) < 4.0 and away.max() < 6.0, away
    assert motion.eyelids[14].min() > 0.8, "the blink is there"
    assert motion.eyelids[:10].max() < 0.4 and motion.eyelids[20:].max() < 0.4
    opened = [measure(m)["mouth_open"] for m in (motion, truth)]
    assert np.corrcoef(opened[0], opened[1])[0, 1] > 0.9
    again = driver.drive(VideoRequest(frames=iter(frames)))
    np.testing.assert_array_equal(again.neck, motion.neck)


def test_dark_grey_and_large_pictures(driver, filmed):
    """Underexposed to a tenth, without colour, four times as large with the face in a corner: found nevertheless."""
    frames, _ = filmed
    dark = [TimedFrame((f.image * 0.1).astype(np.uint8), f.seconds) for f in frames[:3]]
    assert driver.track(VideoRequest(frames=dark)).seen.all()
    grey = np.repeat(frames[0].image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    large = np.full((900, 1400, 3), 90, np.uint8)
    large[600:856, 1100:1356] = grey
    assert driver.track(VideoRequest(frames=[TimedFrame(large, 0.0)])).seen.all()


def test_no_face_and_too_few_faces(driver, filmed):
    blank = [TimedFrame(np.full((120, 160, 3), 90, np.uint8), i / 25.0) for i in range(3)]
    with pytest.raises(NoFaceError, match="no face was found in the video: 3 frames"):
        driver.drive(VideoRequest(frames=blank))
    with pytest.raises(NoFaceError, match="not so many faces"):
        driver.drive(VideoRequest(frames=filmed[0][:2], face=1))


def test_one_frame_is_a_motion_at_rest(driver, filmed):
    motion = driver.drive(VideoRequest(frames=filmed[0][:1]))
    assert motion.frames == 1 and np.abs(motion.neck).max() < 1e-6


def test_the_second_largest_face_is_chosen_and_kept(driver, filmed):
    frames, truth = filmed
    still = frames[0].image
    both = []
    for frame in frames[:8]:
        wide = np.full((SIZE, 2 * SIZE, 3), 40, np.uint8)
        wide[:, :SIZE] = still
        small = window_picture(frame.image, FaceSquare(SIZE / 2, SIZE / 2, SIZE), 192)
        wide[30:222, SIZE + 30 : SIZE + 222] = small
        both.append(TimedFrame(wide, frame.seconds))
    largest = driver.track(VideoRequest(frames=both))
    assert np.degrees(np.abs(largest.sequence.neck).max()) < 2.0
    assert any("2 faces" in line for line in largest.warnings)
    second = driver.drive(VideoRequest(frames=both, face=1))
    assert np.degrees(second.neck[7, 1]) > 0.5 * np.degrees(truth.neck[7, 1])


def test_a_real_face_that_leaves_and_returns(driver):
    """A photo shifted over the picture; in the middle there is no face for a second."""
    data = pytest.importorskip("skimage.data")
    photo = np.ascontiguousarray(data.astronaut()[:300, 80:380])
    empty = np.full_like(photo, 127)
    empty[::7] = 90
    frames = []
    for index in range(40):
        shown = 10 <= index < 35
        frames.append(TimedFrame(empty if shown else np.roll(photo, index, axis=1), index / 25.0))
    result = driver.track(VideoRequest(frames=frames))
    assert not result.seen[12:33].any() and result.seen[:10].all()
    assert any("no face in" in line for line in result.warnings)
    assert np.isfinite(result.sequence.neck).all()
    assert np.abs(result.sequence.expression[24]).max() < 0.05, "at rest where there is nothing to follow"


def test_live_follows_at_once_and_eases_to_rest(driver, filmed, head):
    frames, truth = filmed
    live = LiveFollower(fps_hint=25.0, head=head)
    poses = [live.push(frame) for frame in frames]
    assert poses[0].seen and np.abs(poses[0].sequence.neck).max() < 1e-6
    yaw = np.array([pose.sequence.neck[0, 1] + pose.sequence.rotation[0, 1] for pose in poses])
    assert np.corrcoef(yaw, truth.neck[:, 1])[0, 1] > 0.95
    assert all({"find", "fit"} <= set(pose.stages) for pose in poses)
    blank = np.full((SIZE, SIZE, 3), 60, np.uint8)
    gone = [live.push(TimedFrame(blank, 1.0 + i / 10.0)) for i in range(30)]
    assert not gone[-1].seen
    assert max(np.abs(v).max() for v in gone[-1].sequence.arrays().values()) < 0.01
    with pytest.raises(InputError, match="must rise"):
        live.push(TimedFrame(blank, 0.5))
    live.recalibrate()
    back = live.push(TimedFrame(frames[8].image, 4.1))
    assert not back.seen or np.abs(back.sequence.neck).max() < 0.02


# ---------------------------------------------------------------------- from landmarks


def test_another_rate_is_the_same_motion(known):
    truth, shot = known
    plain = laid_out([(0.0, 1.2, shot)], seconds=1.2).sequence
    double = laid_out([(0.0, 1.2, shot)], seconds=1.2, fps=50.0).sequence
    np.testing.assert_allclose(double.neck[::2], plain.neck, atol=0.01)
    assert np.median(turn_error_deg(plain, truth)) < 1.0


def test_uneven_times(head):
    """Half of the frames are missing at random: the motion is still that of the clock."""
    truth = performance(40)
    kept = np.sort(np.random.default_rng(2).choice(np.arange(1, 39), 22, replace=False))
    kept = np.concatenate([[0], kept, [39]])
    shot = tracked_shot(head, seen(head, truth)[kept], kept / 25.0)
    motion = laid_out([(0.0, 1.6, shot)], seconds=1.6).sequence
    assert motion.frames == 40
    assert np.median(turn_error_deg(motion, truth)) < 1.5


def test_pictures_of_changing_size(head):
    truth = performance(16)
    points = seen(head, truth)
    points[8:] *= 2.0
    sizes = [(SIZE, SIZE)] * 8 + [(2 * SIZE, 2 * SIZE)] * 8
    shot = tracked_shot(head, points, np.arange(16) / 25.0, sizes=sizes)
    assert np.median(turn_error_deg(laid_out([(0.0, 0.64, shot)], seconds=0.64).sequence, truth)) < 1.0


def test_short_gaps_are_bridged_and_long_ones_eased(head):
    truth = performance(75)
    points = list(seen(head, truth))
    points[10:14] = [None] * 4
    points[30:60] = [None] * 30
    line = laid_out([(0.0, 3.0, tracked_shot(head, points, np.arange(75) / 25.0))], seconds=3.0)
    assert turn_error_deg(line.sequence[:28], truth[:28]).max() < 4.0
    ((start, end),) = line.long_gaps
    assert abs(start - 29 / 25) < 0.02 and abs(end - 60 / 25) < 0.02
    inside = line.sequence[int((start + EASE_SECONDS) * 25) + 1 : int((end - EASE_SECONDS) * 25)]
    assert max(np.abs(values).max() for values in inside.arrays().values()) < 1e-3
    steps = np.abs(np.diff(line.sequence.neck, axis=0)).max()
    assert steps < np.radians(8.0), "no jump at either end"
    assert not line.seen[31:59].any() and np.isnan(line.error[31:59]).all()


def test_after_a_cut_the_new_shot_begins_at_its_own_rest(known):
    _, shot = known
    line = laid_out([(0.0, 1.2, shot), (1.2, 2.4, shot)], seconds=2.4)
    np.testing.assert_allclose(line.sequence.neck[45:60], line.sequence.neck[15:30], atol=1e-4)
    assert np.abs(line.sequence.neck[30] - line.sequence.neck[29]).max() < np.radians(3.0), "the pose fades"
    empty = laid_out([(0.0, 1.2, shot), (1.2, 2.4, None)], seconds=2.4)
    assert not empty.seen[30:].any() and np.abs(empty.sequence.neck[-5:]).max() < 1e-6


def test_past_the_end_the_head_goes_to_rest(known):
    _, shot = known
    line = laid_out([(0.0, 1.2, shot)], seconds=3.0)
    assert line.sequence.frames == 75 and np.abs(line.sequence.neck[60:]).max() < 1e-3


def test_absolute_and_the_clips_own_rest(known):
    truth, shot = known
    absolute = laid_out([(0.0, 1.2, shot)], seconds=1.2, absolute=True).sequence
    cosine = (np.einsum("tij,tij->t", turns(absolute), turns(truth)) - 1) / 2
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 3.0
    calm = laid_out([(0.0, 1.2, shot)], seconds=1.2, neutral="clip").sequence
    assert abs(np.median(calm.neck[:, 1])) < 0.02 and calm.jaw[:, 0].max() > 0.1


def test_long_shots_forget_their_landmarks(head, monkeypatch):
    """After the identity is settled nothing but fitted numbers is kept."""
    monkeypatch.setattr("driving.video.shots.SETTLE_SECONDS", 0.4)
    points = seen(head, performance(20))
    shot = ShotTracker(head)
    for index, one in enumerate(points):
        shot.add(one, index / 25.0, height=SIZE, width=SIZE)
        if index >= 11:
            assert not shot._kept
    assert len(shot.finish().seconds) == 20


# ---------------------------------------------------------------------- pieces


def test_cuts_are_told_from_flashes_and_movement():
    data = pytest.importorskip("skimage.data")
    face, other = data.astronaut(), data.coffee()[:400, :400]
    cuts = CutDetector()
    assert cuts.similarity(face) == 1.0
    assert cuts.similarity((face * 0.4 + 120).astype(np.uint8)) > 0.9, "a flash"
    assert cuts.similarity(np.roll(face, 20, axis=1)) > 0.7, "movement"
    assert CutDetector.is_sure(cuts.similarity(other))
    here = np.random.default_rng(0).uniform(100, 200, (478, 2))
    assert CutDetector.jumped(here, here + 80) and CutDetector.jumped(here, None)
    assert not CutDetector.jumped(here, here + 5) and not CutDetector.jumped(None, None)


def test_every_shape_has_a_region_and_its_slider():
    assert {region_of_shape(name) for name in EXPRESSION_NAMES} == set(REGIONS) - {"pose"}
    moved = FlameSequence.neutral(2)
    moved = moved.replace(**{name: values + 0.4 for name, values in moved.arrays().items()})
    only = scaled(moved, regions=("lips",), strength={"lips": 2.0})
    assert not only.neck.any() and not only.eyelids.any()
    np.testing.assert_allclose(only.jaw, 0.8)
    assert only.expression[0, EXPRESSION_NAMES.index("mouthPucker")] == pytest.approx(0.8)
    assert not only.expression[0, EXPRESSION_NAMES.index("browInnerUp")]
    assert scaled(moved, regions=REGIONS, strength={}) is moved


def test_lips_that_touch_in_the_video_touch(head):
    expression = np.zeros((3, len(EXPRESSION_NAMES)))
    expression[:, EXPRESSION_NAMES.index("lipsPart")] = 0.4
    talking = FlameSequence.neutral(3).replace(expression=expression, jaw=np.tile([0.05, 0, 0], (3, 1)))
    gaps = measure(sealed(talking, np.array([0.0, 0.2, np.nan])), head)["lip_gap_mm"]
    before = measure(talking, head)["lip_gap_mm"]
    assert before.min() > 2.0 and gaps[0] < 0.15
    np.testing.assert_allclose(gaps[1:], before[1:], atol=1e-3)


def test_eyelids_reach_shut_and_the_bust_stays_near():
    gaps = np.tile(np.array([0.3, 0.3]), (10, 1))
    gaps[4] = 0.05
    lids = np.full((10, 2), 0.1)
    lids[4] = 0.5
    sharp = sharp_lids(lids, gaps, np.array([0.6, 0.6]))
    assert sharp[4].min() == 1.0 and sharp[0].max() < 0.2
    motion = FlameSequence.neutral(10).replace(eyelids=sharp, translation=np.full((10, 3), 0.5))
    change = relative_to(motion, FlameSequence.neutral(1).replace(eyelids=np.full((1, 2), 0.2)))
    assert change.eyelids[4].min() == 1.0
    assert (np.abs(change.translation) <= np.array(BUST_METRES) + 1e-6).all()
    blinking = motion.replace(eyelids=np.where(np.arange(10)[:, None] < 1, 1.0, sharp))
    assert neutral_of(blinking, np.ones(10, bool), "first").eyelids.max() < 0.3, "a clip may begin in a blink"


def test_one_euro_is_slow_for_tremor_and_quick_for_movement():
    noise = np.random.default_rng(0).normal(0, 0.01, 100)
    quiet, jump = OneEuro(still_hz=1.0, per_speed=5.0), OneEuro(still_hz=1.0, per_speed=5.0)
    trembling = np.array([quiet(np.array([x]), 0.04)[0] for x in noise])
    assert trembling[20:].std() < 0.6 * noise.std()
    steps = [jump(np.array([float(i >= 5)]), 0.04)[0] for i in range(12)]
    assert steps[4] == 0.0 and steps[7] > 0.8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0.0}, "fps"),
        ({"seconds": float("nan")}, "seconds"),
        ({"face": -1}, "face"),
        ({"regions": ()}, "region"),
        ({"regions": ("nose",)}, "nose"),
        ({"strength": {"lips": 9.0}}, "strength"),
        ({"strength": {"lips": float("nan")}}, "strength"),
        ({"neutral": "mean"}, "neutral"),
    ],
)
def test_bad_requests(change, message):
    request = dataclasses.replace(VideoRequest(frames=()), **change)
    with pytest.raises(ConfigError, match=message) as caught:
        VideoDriver(watcher=object()).drive(request)
    assert caught.value.exit_code == 2


def test_bad_frames():
    image = np.zeros((64, 64, 3), np.uint8)
    for times in ([0.0, float("nan")], [0.0, 0.04, 0.02], [0.0, 0.0]):
        with pytest.raises(InputError, match="time"):
            list(checked_frames([TimedFrame(image, t) for t in times]))
    for wrong in (image[..., :1], image.astype(np.float32), image[:4], None):
        with pytest.raises(ImageError, match="frame"):
            list(checked_frames([TimedFrame(wrong, 0.0)]))


def test_no_frames(driver):
    with pytest.raises(InputError, match="no frames"):
        driver.drive(VideoRequest(frames=()))
