"""Camera rigs: orbits, named views, even arcs and turntables, all measured from one front camera.

Angles turn the camera about ``pivot`` in the front camera's own axes: yaw about its up axis, pitch about its
right axis. Yaw > 0 carries the camera to the subject's own left (+x for an upright front camera), so that
more of their left side shows; pitch > 0 lifts it, so that more of the top shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from flame.errors import CameraError, input_error
from renderer.cameras import Cameras

__all__ = ["DEFAULT_ORBIT_RADIANS", "VIEW_NAMES", "arc", "named_views", "orbit", "turntable"]

DEFAULT_ORBIT_RADIANS = math.radians(40.0)
_THREE_QUARTER = math.radians(45.0)
_PROFILE = math.radians(90.0)

# name: (yaw as a share of the orbit, fixed yaw in radians, pitch as a share of the orbit)
_VIEWS: dict[str, tuple[float, float, float]] = {
    "front": (0.0, 0.0, 0.0),
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
    "three_quarter_left": (0.0, _THREE_QUARTER, 0.0),
    "three_quarter_right": (0.0, -_THREE_QUARTER, 0.0),
    "profile_left": (0.0, _PROFILE, 0.0),
    "profile_right": (0.0, -_PROFILE, 0.0),
    "up": (0.0, 0.0, 0.5),
    "down": (0.0, 0.0, -0.5),
}
VIEW_NAMES = tuple(_VIEWS)
MAX_VIEWS = 64
MAX_FRAMES = 100_000


def orbit(
    front: Cameras,
    *,
    yaw_radians: float | ArrayLike,
    pitch_radians: float | ArrayLike = 0.0,
    pivot: ArrayLike,
    names: Sequence[str] | None = None,
) -> Cameras:
    """Carry the one camera ``front`` round ``pivot`` (3,), always keeping the pivot at its place in the
    image.

    Args:
        yaw_radians, pitch_radians: a number or (N,) numbers each, broadcast against one another.
        names: N names; without, a single camera keeps its name and several are named by their angles.

    Returns:
        N cameras.

    Raises:
        CameraError: ``front`` is not exactly one camera, or angles or pivot are not finite.
    """
    _one(front)
    center = np.asarray(pivot, dtype=np.float64)
    yaw, pitch = np.broadcast_arrays(
        np.atleast_1d(np.asarray(yaw_radians, np.float64)),
        np.atleast_1d(np.asarray(pitch_radians, np.float64)),
    )
    if center.shape != (3,) or not np.isfinite(center).all() or not np.isfinite(yaw + pitch).all():
        raise input_error(
            CameraError,
            "an orbit needs finite angles and a pivot of 3 numbers",
            f"pivot {np.asarray(pivot).tolist()}",
            "give a point in metres",
        )
    world_to_camera = front.world_to_camera[0]
    pivot_in_camera = world_to_camera[:3, :3] @ center + world_to_camera[:3, 3]
    matrices = np.tile(np.eye(4), (len(yaw), 1, 1))
    for i, (angle, lift) in enumerate(zip(yaw, pitch)):
        turn = (_about_y(angle) @ _about_x(-lift)).T  # the camera turns one way, the world in it the other
        matrices[i, :3, :3] = turn @ world_to_camera[:3, :3]
        matrices[i, :3, 3] = turn @ (world_to_camera[:3, 3] - pivot_in_camera) + pivot_in_camera
    if names is None:
        names = front.names if len(yaw) == 1 else _angle_names(np.degrees(yaw), np.degrees(pitch))
    count = len(yaw)
    return Cameras(
        world_to_camera=matrices,
        focal_px=np.repeat(front.focal_px, count),
        principal_px=np.repeat(front.principal_px, count, axis=0),
        height=front.height,
        width=front.width,
        near=front.near,
        far=front.far,
        names=tuple(names),
    )


def named_views(
    front: Cameras,
    names: Sequence[str],
    *,
    orbit_radians: float = DEFAULT_ORBIT_RADIANS,
    pivot: ArrayLike,
) -> Cameras:
    """The views called ``names``, in that order.

    ``left`` and ``right`` are the orbit angle to the subject's own left and right, ``three_quarter_…`` 45°,
    ``profile_…`` 90°, ``up`` and ``down`` half the orbit angle above and below.

    Raises:
        CameraError: no names, a name that does not exist or comes twice, too many names.
    """
    names = tuple(names)
    _count(len(names), "views", MAX_VIEWS)
    for name in names:
        if name not in _VIEWS:
            raise input_error(
                CameraError,
                "there is no view of that name",
                repr(name),
                f"use any of {', '.join(VIEW_NAMES)}",
            )
    share, fixed, lift = np.array([_VIEWS[name] for name in names]).T
    return orbit(
        front,
        yaw_radians=share * orbit_radians + fixed,
        pitch_radians=lift * orbit_radians,
        pivot=pivot,
        names=names,
    )


def arc(
    front: Cameras,
    count: int,
    *,
    orbit_radians: float = DEFAULT_ORBIT_RADIANS,
    pivot: ArrayLike,
) -> Cameras:
    """``count`` views spread evenly from +orbit (subject's left) to −orbit, the front view first if there is
    one.

    1: front. 2: left, right. 3: front, left, right. More: named by their angles (``left_40``,
    ``right_13_3``).

    Raises:
        CameraError: ``count`` is not a whole number from 1 to 64.
    """
    _count(count, "views", MAX_VIEWS)
    if count <= 3:
        return named_views(
            front,
            {1: ("front",), 2: ("left", "right"), 3: ("front", "left", "right")}[count],
            orbit_radians=orbit_radians,
            pivot=pivot,
        )
    yaw = np.linspace(orbit_radians, -orbit_radians, count)
    if count % 2:
        middle = count // 2
        yaw[middle] = 0.0
        yaw = np.concatenate([yaw[middle : middle + 1], np.delete(yaw, middle)])
    return orbit(front, yaw_radians=yaw, pivot=pivot, names=_angle_names(np.degrees(yaw), np.zeros(count)))


def turntable(front: Cameras, *, arc_radians: float, frames: int, pivot: ArrayLike) -> Cameras:
    """A camera that swings out and back: one period of a sine over ±arc/2, one camera per frame.

    It starts and ends at the front camera, first going to the subject's own left. Named ``frame_00000`` ….
    """
    _count(frames, "frames", MAX_FRAMES)
    phase = np.linspace(0.0, 2.0 * math.pi, frames) if frames > 1 else np.zeros(1)
    return orbit(
        front,
        yaw_radians=0.5 * arc_radians * np.sin(phase),
        pivot=pivot,
        names=[f"frame_{i:05d}" for i in range(frames)],
    )


def _angle_names(yaw_degrees: np.ndarray, pitch_degrees: np.ndarray) -> list[str]:
    names: list[str] = []
    for yaw, pitch in zip(yaw_degrees, pitch_degrees):
        parts = []
        if abs(yaw) >= 0.05:
            parts.append(("left_" if yaw > 0 else "right_") + _angle(abs(yaw)))
        if abs(pitch) >= 0.05:
            parts.append(("up_" if pitch > 0 else "down_") + _angle(abs(pitch)))
        names.append("_".join(parts) or "front")
    if len(set(names)) < len(names):
        names = [f"{name}-{i}" for i, name in enumerate(names)]
    return names


def _angle(degrees: float) -> str:
    return f"{round(float(degrees), 1):g}".replace(".", "_")


def _about_x(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _about_y(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _one(front: Cameras) -> None:
    if len(front) != 1:
        raise input_error(
            CameraError,
            "a rig starts from exactly one front camera",
            f"{len(front)} cameras",
            "pick one, e.g. cameras[0]",
        )


def _count(count: int, what: str, most: int) -> None:
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 1 <= count <= most:
        raise input_error(
            CameraError,
            f"the number of {what} must be a whole number from 1 to {most}",
            count,
            "give such a number",
        )
