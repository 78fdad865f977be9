"""Which cameras: names, arcs, files, and sides that give way to a turned head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flame.errors import CameraError
from mvportrait.views import (
    check_views,
    choose_cameras,
    limited_orbit_degrees,
    photo_view,
    view_file_name,
    yaw_radians,
)
from renderer import Cameras, fit_camera, save_cameras

CORNERS = np.array([[x, y, z] for x in (-0.1, 0.1) for y in (-0.1, 0.1) for z in (-0.1, 0.1)])
PIVOT = np.zeros(3)


@pytest.fixture
def front() -> Cameras:
    return fit_camera(CORNERS, height=128, width=128).renamed(["front"])


def _chosen(front: Cameras, views: str, left: float, right: float) -> dict[str, float]:
    """View name → yaw in degrees."""
    cameras = choose_cameras(front, PIVOT, views=views, cameras_file=None, orbit_degrees=(left, right))
    return dict(zip(cameras.names, np.degrees(yaw_radians(cameras, front)).round(3).tolist(), strict=True))


def test_sides_have_their_own_angle(front: Cameras) -> None:
    assert _chosen(front, "3", 40, 40) == {"front": 0, "left": 40, "right": -40}
    assert _chosen(front, "3", 40, 25) == {"front": 0, "left": 40, "right": -25}
    assert _chosen(front, "left,front", 15, 40) == {"left": 15, "front": 0}
    assert _chosen(front, "2", 30, 40) == {"left": 30, "right": -40}


def test_names_with_an_angle_of_their_own_keep_it(front: Cameras) -> None:
    assert _chosen(front, "profile_left,left", 20, 40) == {"profile_left": 90, "left": 20}


@pytest.mark.parametrize("count", [4, 5, 7, 8])
def test_arcs_are_scaled_side_by_side_and_named_by_their_angles(front: Cameras, count: int) -> None:
    angles = _chosen(front, str(count), 40, 20)
    assert len(angles) == count
    assert max(angles.values()) == pytest.approx(40, abs=0.1)
    assert min(angles.values()) == pytest.approx(-20, abs=0.1)
    for name, angle in angles.items():
        if name != "front":
            side, number = name.split("_", 1)
            assert float(number.replace("_", ".")) == pytest.approx(abs(angle), abs=0.06)
            assert (side == "left") == (angle > 0)


@given(st.lists(st.floats(-90, 90), min_size=1, max_size=9))
def test_the_limit_keeps_the_face_in_sight(yaws: list[float]) -> None:
    left, right = limited_orbit_degrees(np.array(yaws))
    assert 10 <= left <= 40
    assert 10 <= right <= 40
    if left > 10:
        assert min(yaws) - left >= -60 - 1e-6
    if right > 10:
        assert max(yaws) + right <= 60 + 1e-6


def test_a_still_frontal_head_is_not_limited() -> None:
    assert limited_orbit_degrees(np.array([0.0, 15.0, -15.0])) == (40.0, 40.0)


def test_a_camera_file_is_taken_at_the_frames_size(front: Cameras, tmp_path: Path) -> None:
    save_cameras(front.resized(512, 512).renamed(["mine"]), tmp_path / "c.json")
    check_views("3", tmp_path / "c.json")
    chosen = choose_cameras(front, PIVOT, views="3", cameras_file=tmp_path / "c.json", orbit_degrees=(40, 40))
    assert chosen.names == ("mine",)
    assert (chosen.height, chosen.width) == (128, 128)
    assert np.allclose(chosen.project(CORNERS)[0], front.project(CORNERS)[0], atol=1e-3)


def test_bad_views_are_said_early(front: Cameras, tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no view of that name: lefft; use left"):
        check_views("front,lefft", None)
    with pytest.raises(CameraError):
        check_views("3", tmp_path / "missing.json")
    save_cameras(fit_camera(CORNERS, height=64, width=128), tmp_path / "wide.json")
    with pytest.raises(CameraError, match="cameras must be square"):
        check_views("3", tmp_path / "wide.json")


@given(st.text(max_size=80), st.integers(0, 99))
def test_view_names_make_safe_file_names(name: str, index: int) -> None:
    file = view_file_name(index, name)
    assert file.startswith(f"view_{index:02d}_")
    assert file.endswith(".mp4")
    assert Path(file).name == file
    assert len(file) < 64
    assert file.isascii()


def test_the_view_from_the_photos_camera_is_found_or_missed(front: Cameras, tmp_path: Path) -> None:
    def cameras(views: str) -> Cameras:
        return choose_cameras(front, PIVOT, views=views, cameras_file=None, orbit_degrees=(40.0, 30.0))

    assert photo_view(cameras("1"), front) == 0
    assert photo_view(cameras("left,right,front"), front) == 2
    for views in ("2", "4", "left,profile_right"):
        with pytest.raises(CameraError, match="photo's own camera"):
            photo_view(cameras(views), front)
    save_cameras(front, tmp_path / "cameras.json")  # the same camera by another way
    other = choose_cameras(
        front, PIVOT, views="1", cameras_file=tmp_path / "cameras.json", orbit_degrees=(40.0, 40.0)
    )
    assert photo_view(other, front) == 0
    with pytest.raises(CameraError, match="photo's own camera"):
        photo_view(cameras("1"), front.resized(256, 256))
