"""Which cameras the frames are seen from."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import CameraError, input_error
from mvportrait.options import MAX_VIEWS, parse_views

if TYPE_CHECKING:
    from renderer.cameras import Cameras

__all__ = [
    "DEFAULT_ORBIT_DEGREES",
    "check_views",
    "choose_cameras",
    "limited_orbit_degrees",
    "photo_view",
    "view_file_name",
]

DEFAULT_ORBIT_DEGREES = 40.0
#: Beyond this yaw against the camera, faces are guessed more than seen.
MOST_YAW_DEGREES = 60.0
_LEAST_ORBIT_DEGREES = 10.0


def limited_orbit_degrees(head_yaw_degrees: np.ndarray) -> tuple[float, float]:
    """Orbit to the subject's (left, right) in degrees, at most 40, so that the face stays in sight.

    A camera at +θ sees a head of yaw y at y − θ; over all frames that stays within ±``MOST_YAW_DEGREES``.

    Args:
        head_yaw_degrees: (T,) yaw against the front camera, > 0 to the subject's own left.
    """
    left = MOST_YAW_DEGREES + float(head_yaw_degrees.min())
    right = MOST_YAW_DEGREES - float(head_yaw_degrees.max())
    low, high = _LEAST_ORBIT_DEGREES, DEFAULT_ORBIT_DEGREES
    return float(np.clip(left, low, high)), float(np.clip(right, low, high))


def check_views(views: str, cameras_file: Path | None) -> None:
    """Fail early on view names that do not exist and on camera files that cannot be used.

    Raises:
        CameraError: see above; ConfigError: see ``parse_views``.
    """
    if cameras_file is not None:
        _load_square_cameras(cameras_file)
        return
    wanted = parse_views(views)
    if isinstance(wanted, int):
        return
    from renderer import VIEW_NAMES

    for name in wanted:
        if name not in VIEW_NAMES:
            near = difflib.get_close_matches(name, VIEW_NAMES, n=3, cutoff=0.5) or VIEW_NAMES
            raise input_error(CameraError, "there is no view of that name", name, f"use {', '.join(near)}")


def choose_cameras(
    front: Cameras,
    pivot: np.ndarray,
    *,
    views: str,
    cameras_file: Path | None,
    orbit_degrees: tuple[float, float],
) -> Cameras:
    """The cameras of a run.

    Args:
        front: the photo's own camera, at the output size.
        pivot: (3,) metres, what the cameras travel round.
        views: number or names, see ``parse_views``; not used with a file.
        cameras_file: cameras as they stand in a file, at the output size.
        orbit_degrees: (left, right).

    Raises:
        CameraError: unknown view names, an unusable file, more cameras than can be shown.
    """
    if cameras_file is not None:
        return _cameras_of_file(front, cameras_file)
    from renderer import arc, named_views

    left, right = (float(np.radians(angle)) for angle in orbit_degrees)
    wanted = parse_views(views)
    if isinstance(wanted, int):
        chosen = arc(front, wanted, orbit_radians=max(left, right), pivot=pivot)
    else:
        chosen = named_views(front, wanted, orbit_radians=max(left, right), pivot=pivot)
    if left == right:
        return chosen
    named = () if isinstance(wanted, int) else wanted
    return _with_sides(front, chosen, pivot, left=left, right=right, named=named)


def yaw_radians(cameras: Cameras, front: Cameras) -> np.ndarray:
    """(N,) yaw of each camera against ``front``, > 0 toward the subject's own left."""
    relative = front.world_to_camera[0, :3, :3] @ np.swapaxes(cameras.world_to_camera[:, :3, :3], 1, 2)
    return np.arctan2(relative[:, 0, 2], relative[:, 2, 2])


def photo_view(cameras: Cameras, front: Cameras) -> int:
    """Index of the view that sees what the photo's own camera sees.

    Raises:
        CameraError: there is none.
    """
    for index in range(len(cameras)):
        same = np.allclose(cameras.world_to_camera[index], front.world_to_camera[0], atol=1e-5)
        lens = np.allclose(cameras.focal_px[index], front.focal_px[0], rtol=1e-4)
        middle = np.allclose(cameras.principal_px[index], front.principal_px[0], atol=0.05)
        if same and lens and middle:
            return index
    rule = "--full-frame needs a view from the photo's own camera"
    given = f"views {', '.join(cameras.names[:8])}"
    raise input_error(CameraError, rule, given, "use --views with an odd number or with front in it")


def _with_sides(
    front: Cameras, chosen: Cameras, pivot: np.ndarray, *, left: float, right: float, named: tuple[str, ...]
) -> Cameras:
    """Scale the angles of each side; views whose name fixes their angle stay."""
    from renderer import Cameras, orbit

    widest = max(left, right)
    parts = []
    for index, yaw in enumerate(yaw_radians(chosen, front)):
        camera = chosen[index]
        fixed = bool(named) and named[index] not in ("left", "right")
        side = left if yaw > 0 else right
        if not fixed and abs(yaw) > 1e-6 and side < widest:
            given = {"names": camera.names} if camera.names[0] in ("left", "right") else {}
            camera = orbit(
                front.renamed(["front"]), yaw_radians=float(yaw) * side / widest, pivot=pivot, **given
            )
            if not given:
                camera = camera.renamed([_angle_name(float(np.degrees(yaw)) * side / widest)])
        parts.append(camera)
    return Cameras.concatenate(parts)


def _angle_name(degrees: float) -> str:
    side = "left" if degrees > 0 else "right"
    return f"{side}_{round(abs(degrees), 1):g}".replace(".", "_")


def _cameras_of_file(front: Cameras, file: Path) -> Cameras:
    cameras = _load_square_cameras(file)
    if (cameras.height, cameras.width) != (front.height, front.width):
        cameras = cameras.resized(front.height, front.width)
    return cameras


def _load_square_cameras(file: Path) -> Cameras:
    from renderer import load_cameras

    cameras = load_cameras(file)
    if len(cameras) > MAX_VIEWS:
        given = f"{file} has {len(cameras)}"
        raise input_error(CameraError, f"more than {MAX_VIEWS} cameras", given, "keep fewer in the file")
    if cameras.height != cameras.width:
        given = f"{file} has {cameras.width}x{cameras.height}"
        raise input_error(CameraError, "cameras must be square", given, "make height and width equal")
    return cameras


def view_file_name(index: int, name: str) -> str:
    """``view_00_front.mp4``; whatever a camera file calls its views."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:40] or "view"
    return f"view_{index:02d}_{safe}.mp4"
