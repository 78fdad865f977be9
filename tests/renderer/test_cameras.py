from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.errors import CameraError
from renderer.cameras import Cameras, fit_camera
from renderer.rigs import VIEW_NAMES, arc, named_views, orbit, turntable

angles = st.floats(-3.1, 3.1)
PIVOT = np.array([0.01, -0.02, -0.07])


def make(**changes) -> Cameras:
    values = {
        "world_to_camera": np.eye(4)[None], "focal_px": np.array([300.0]),
        "principal_px": np.array([[50.0, 40.0]]), "height": 80, "width": 100,
    }  # fmt: skip
    return Cameras(**{**values, **changes})


@settings(max_examples=40, deadline=None)
@given(yaw=angles, pitch=st.floats(-1.5, 1.5), seed=st.integers(0, 1000))
def test_unproject_inverts_project(yaw, pitch, seed):
    points = np.random.default_rng(seed).normal(size=(3, 5, 3)) * 0.1
    front = fit_camera(points, height=120, width=160)
    cameras = orbit(front, yaw_radians=[0.0, yaw], pitch_radians=[0.0, pitch], pivot=PIVOT)
    pixels, depth = cameras.project(points)
    assert pixels.shape == (2, 3, 5, 2)
    assert depth.shape == (2, 3, 5)
    assert np.allclose(cameras.unproject(pixels, depth), points, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(yaw=angles, pitch=st.floats(-1.5, 1.5))
def test_clip_space_agrees_with_project(yaw, pitch):
    points = np.random.default_rng(0).normal(size=(7, 3)) * 0.1
    cameras = orbit(make(world_to_camera=_back(0.9)), yaw_radians=yaw, pitch_radians=pitch, pivot=PIVOT)
    pixels, depth = cameras.project(points)
    clip = np.concatenate([points, np.ones((7, 1))], 1) @ cameras.clip_from_world[0].T
    assert np.allclose(clip[:, 3], depth[0])
    x = (clip[:, 0] / clip[:, 3] * 0.5 + 0.5) * cameras.width
    y = (0.5 - clip[:, 1] / clip[:, 3] * 0.5) * cameras.height
    assert np.allclose(np.stack([x, y], -1), pixels[0], atol=1e-6)
    assert np.allclose(cameras.to_clip(points)[0], clip, atol=1e-5)


def _back(distance: float) -> np.ndarray:
    matrix = np.eye(4)[None].copy()
    matrix[0, 2, 3] = -distance
    return matrix


@settings(max_examples=30, deadline=None)
@given(yaw=angles, pitch=st.floats(-1.5, 1.5))
def test_orbit_keeps_the_pivot_in_place(yaw, pitch):
    front = make(world_to_camera=_back(0.9))
    moved = orbit(front, yaw_radians=yaw, pitch_radians=pitch, pivot=PIVOT)
    before, after = front.project(PIVOT), moved.project(PIVOT)
    assert np.allclose(before[0], after[0])
    assert np.allclose(before[1], after[1])
    back = orbit(orbit(front, yaw_radians=yaw, pivot=PIVOT), yaw_radians=-yaw, pivot=PIVOT)
    assert np.allclose(back.world_to_camera, front.world_to_camera, atol=1e-12)


def test_depth_planes_reach_the_clip_cube(front):
    near, far = front.center[0] + [0, 0, -front.near], front.center[0] + [0, 0, -front.far]
    clip = np.concatenate([[near, far], np.ones((2, 1))], 1) @ front.clip_from_world[0].T
    assert np.allclose(clip[:, 2] / clip[:, 3], [-1, 1])


def test_left_goes_to_the_subjects_left_and_up_goes_up(front):
    views = named_views(front, VIEW_NAMES, pivot=np.zeros(3))
    assert views.names == VIEW_NAMES
    center = dict(zip(views.names, views.center))
    for side in ("left", "three_quarter_left", "profile_left"):
        assert center[side][0] > 0.1
        assert center[side.replace("left", "right")][0] < -0.1
    assert center["up"][1] > 0.05
    assert center["down"][1] < -0.05
    yaw = np.degrees(np.arctan2(views.center[:, 0], views.center[:, 2]))
    assert np.allclose(yaw, [0, 40, -40, 45, -45, 90, -90, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    "count, names",
    [(1, ("front",)), (2, ("left", "right")), (3, ("front", "left", "right")),
     (4, ("left_40", "left_13_3", "right_13_3", "right_40")),
     (5, ("front", "left_40", "left_20", "right_20", "right_40"))],
)  # fmt: skip
def test_arc_order(front, count, names):
    assert arc(front, count, pivot=np.zeros(3)).names == names


def test_arc_is_even_for_every_count(front):
    for count in range(2, 20):
        centers = arc(front, count, orbit_radians=0.6, pivot=np.zeros(3)).center
        yaw = np.sort(np.arctan2(centers[:, 0], centers[:, 2]))
        assert np.allclose(yaw, np.linspace(-0.6, 0.6, count))


def test_turntable_is_smooth_and_comes_back(front):
    path = turntable(front, arc_radians=np.radians(90), frames=101, pivot=np.zeros(3))
    yaw = np.degrees(np.arctan2(path.center[:, 0], path.center[:, 2]))
    assert abs(yaw[0]) < 1e-9
    assert abs(yaw[-1]) < 1e-9
    assert np.isclose(yaw.max(), 45)
    assert np.isclose(yaw.min(), -45)
    assert yaw[10] > 0
    assert np.abs(np.diff(yaw)).max() < 45 * 2 * np.pi / 100 + 1e-6
    assert len(turntable(front, arc_radians=1.0, frames=1, pivot=np.zeros(3))) == 1


def test_resized_keeps_the_picture(front):
    points = np.random.default_rng(1).normal(size=(9, 3)) * 0.05
    before, after = front.project(points)[0], front.resized(192, 160).project(points)[0]
    assert np.allclose(after, 2 * before)
    wide = front.resized(96, 200).project(points)[0]
    assert np.allclose(wide, before + [60, 0])


def test_fit_camera_shows_everything():
    points = np.random.default_rng(2).uniform([-0.1, -0.2, -0.1], [0.1, 0.1, 0.12], (500, 3))
    for height, width in ((64, 64), (40, 90), (90, 40)):
        camera = fit_camera(points, height=height, width=width, margin=0.1)
        pixels, depth = camera.project(points)
        assert (depth > camera.near).all()
        assert (depth < camera.far).all()
        assert (pixels >= 0.0999 * np.array([width, height])).all()
        assert (pixels <= 0.9001 * np.array([width, height])).all()


def test_indexing_by_number_slice_list_and_name(front):
    views = arc(front, 3, pivot=np.zeros(3))
    assert views[1].names == ("left",)
    assert views["right"].names == ("right",)
    assert views[1:].names == ("left", "right")
    assert views[[2, 0]].names == ("right", "front")
    with pytest.raises(CameraError, match="no such view: back"):
        views["back"]
    joined = Cameras.concatenate([views[0], views[1:]])
    assert np.array_equal(joined.world_to_camera, views.world_to_camera)


def test_cameras_do_not_change(front):
    with pytest.raises(ValueError):
        front.world_to_camera[0, 0, 0] = 2.0
    source = np.eye(4)[None].copy()
    camera = make(world_to_camera=source)
    source[0, 0, 3] = 5.0
    assert camera.world_to_camera[0, 0, 3] == 0.0


@pytest.mark.parametrize(
    "changes",
    [{"world_to_camera": np.eye(4)}, {"world_to_camera": 2 * np.eye(4)[None]},
     {"world_to_camera": np.diag([-1.0, 1, 1, 1])[None]}, {"world_to_camera": np.full((1, 4, 4), np.nan)},
     {"world_to_camera": np.zeros((0, 4, 4))}, {"world_to_camera": [["a"]]},
     {"focal_px": np.array([0.0])}, {"focal_px": np.array([np.inf])}, {"focal_px": np.ones(2)},
     {"principal_px": np.array([[1e9, 0]])}, {"height": 0}, {"height": 2.5}, {"width": 10**6},
     {"near": 0.0}, {"near": 3.0, "far": 2.0}, {"far": float("nan")}, {"names": ("a", "b")},
     {"names": ("../x",)}, {"names": ("",)}],
)  # fmt: skip
def test_impossible_cameras_are_refused(changes):
    with pytest.raises(CameraError, match=r".+: .+; .+"):
        make(**changes)


def test_impossible_rigs_are_refused(front):
    for call in (
        lambda: named_views(front, ["back"], pivot=np.zeros(3)),
        lambda: named_views(front, [], pivot=np.zeros(3)),
        lambda: named_views(front, ["left", "left"], pivot=np.zeros(3)),
        lambda: arc(front, 0, pivot=np.zeros(3)),
        lambda: arc(front, 65, pivot=np.zeros(3)),
        lambda: arc(arc(front, 2, pivot=np.zeros(3)), 2, pivot=np.zeros(3)),
        lambda: orbit(front, yaw_radians=np.nan, pivot=np.zeros(3)),
        lambda: orbit(front, yaw_radians=0.1, pivot=[0.0, 1.0]),
        lambda: turntable(front, arc_radians=1.0, frames=0, pivot=np.zeros(3)),
        lambda: fit_camera(np.zeros((0, 3)), height=8, width=8),
    ):
        with pytest.raises(CameraError, match=r".+: .+; .+"):
            call()
