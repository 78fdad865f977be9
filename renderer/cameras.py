"""Cameras: one frozen, validated set of N pinhole cameras, with projection and its inverse.

Conventions: ``world_to_camera`` has OpenGL axes (the camera looks down its own −z, +x is right, +y is up);
pixels are counted from the top left corner of the image, x right and y down, so the centre of the first pixel
is (0.5, 0.5); depth is the distance along the viewing axis, in metres; clip space is OpenGL's
(−w ≤ x, y, z ≤ w), which is what :mod:`renderer.rasterize` takes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flame.errors import CameraError, input_error

__all__ = ["Cameras", "fit_camera"]

MAX_IMAGE_SIDE = 16384
MAX_CAMERAS = 100_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")
_RIGID_TOLERANCE = 1e-4  # camera files carry about six digits

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cameras:
    """N pinhole cameras that share one image size.

    Attributes:
        world_to_camera: (N, 4, 4) rigid transforms, OpenGL axes, metres.
        focal_px: (N,) focal length in pixels (square pixels), > 0.
        principal_px: (N, 2) principal point in pixels, x right, y down, from the top left corner.
        height, width: image size in pixels, 1 to 16384.
        near, far: clip planes, metres along the viewing axis, 0 < near < far.
        names: N different names of letters, digits, ``_`` and ``-``; empty means view_0, view_1, …

    Raises:
        CameraError: anything above does not hold.
    """

    world_to_camera: FloatArray
    focal_px: FloatArray
    principal_px: FloatArray
    height: int
    width: int
    near: float = 0.05
    far: float = 20.0
    names: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        matrix = _numbers(self.world_to_camera, "world_to_camera", ndim=3)  # (N, 4, 4)
        count = len(matrix)
        if matrix.shape[1:] != (4, 4) or not 1 <= count <= MAX_CAMERAS:
            raise input_error(
                CameraError,
                "world_to_camera must have shape (N, 4, 4)",
                matrix.shape,
                "give one 4x4 matrix per camera",
            )
        focal = _numbers(self.focal_px, "focal_px", ndim=1)  # (N,)
        principal = _numbers(self.principal_px, "principal_px", ndim=2)  # (N, 2)
        if focal.shape != (count,) or principal.shape != (count, 2):
            raise input_error(
                CameraError,
                "focal_px must be (N,) and principal_px (N, 2)",
                f"{focal.shape} and {principal.shape} for N = {count}",
                "give one per camera",
            )
        _check_rigid(matrix)
        if not (focal > 0).all() or focal.max() > 1e7:
            raise input_error(
                CameraError,
                "focal_px must be positive",
                float(focal.min()),
                "give focal lengths in pixels, such as 1500",
            )
        if np.abs(principal).max() > 1e6:
            raise input_error(
                CameraError,
                "principal_px is far outside the image",
                float(np.abs(principal).max()),
                "give it in pixels from the top left corner",
            )
        for name in ("height", "width"):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, np.integer))
                or not 1 <= value <= MAX_IMAGE_SIDE
            ):
                raise input_error(
                    CameraError,
                    f"{name} must be a whole number of pixels from 1 to {MAX_IMAGE_SIDE}",
                    value,
                    "give a size such as 512",
                )
            object.__setattr__(self, name, int(value))
        near, far = float(self.near), float(self.far)
        if not (math.isfinite(near) and math.isfinite(far) and 0 < near < far):
            raise input_error(
                CameraError,
                "clip planes must satisfy 0 < near < far",
                f"near {near}, far {far}",
                "give metres, such as 0.05 and 20",
            )
        names = tuple(self.names) or tuple(f"view_{i}" for i in range(count))
        _check_names(names, count)
        for key, value in (("world_to_camera", matrix), ("focal_px", focal), ("principal_px", principal)):
            value.setflags(write=False)
            object.__setattr__(self, key, value)
        object.__setattr__(self, "near", near)
        object.__setattr__(self, "far", far)
        object.__setattr__(self, "names", names)

    def __len__(self) -> int:
        return len(self.world_to_camera)

    def __getitem__(self, which: int | slice | str | Sequence[int] | NDArray[np.integer]) -> Cameras:
        """The cameras ``which``: an index, a slice, a name, or a list of indices. Always a ``Cameras``."""
        if isinstance(which, str):
            if which not in self.names:
                raise input_error(
                    CameraError, "there is no such view", which, f"use one of {', '.join(self.names)}"
                )
            which = self.names.index(which)
        index = np.atleast_1d(np.arange(len(self))[which])
        return replace(
            self,
            world_to_camera=self.world_to_camera[index],
            focal_px=self.focal_px[index],
            principal_px=self.principal_px[index],
            names=tuple(self.names[i] for i in index),
        )

    @property
    def center(self) -> FloatArray:
        """(N, 3) positions of the cameras in the world, metres."""
        rotation, translation = self.world_to_camera[:, :3, :3], self.world_to_camera[:, :3, 3]
        return -np.einsum("nji,nj->ni", rotation, translation)

    @property
    def camera_from_clip_depth(self) -> FloatArray:
        """(2,) numbers a, b with clip z = a · depth + b (and clip w = depth)."""
        scale = (self.far + self.near) / (self.far - self.near)
        return np.array([scale, -2.0 * self.far * self.near / (self.far - self.near)])

    @property
    def clip_from_camera(self) -> FloatArray:
        """(N, 4, 4) projections from camera space to clip space."""
        projection = np.zeros((len(self), 4, 4))
        projection[:, 0, 0] = 2.0 * self.focal_px / self.width
        projection[:, 0, 2] = 1.0 - 2.0 * self.principal_px[:, 0] / self.width
        projection[:, 1, 1] = 2.0 * self.focal_px / self.height
        projection[:, 1, 2] = 2.0 * self.principal_px[:, 1] / self.height - 1.0
        scale, offset = self.camera_from_clip_depth
        projection[:, 2, 2] = -scale
        projection[:, 2, 3] = offset
        projection[:, 3, 2] = -1.0
        return projection

    @property
    def clip_from_world(self) -> FloatArray:
        """(N, 4, 4) projections from the world to clip space, for column vectors."""
        return self.clip_from_camera @ self.world_to_camera

    def to_clip(self, points: ArrayLike) -> NDArray[np.float32]:
        """World ``points`` (..., V, 3), metres, in clip space: (..., N, V, 4) float32, view before point."""
        points = np.asarray(points)
        matrix = self.clip_from_world.astype(np.float32)  # (N, 4, 4)
        points = points[..., None, :, :].astype(np.float32, copy=False)  # (..., 1, V, 3)
        clip = points @ np.swapaxes(matrix[:, :, :3], 1, 2) + matrix[:, None, :, 3]
        return np.ascontiguousarray(clip)

    def to_camera(self, points: ArrayLike) -> FloatArray:
        """World ``points`` (..., 3) in every camera's own axes: (N, ..., 3), metres."""
        points = np.asarray(points, dtype=np.float64)
        flat = points.reshape(-1, 3)
        moved = (
            flat @ np.swapaxes(self.world_to_camera[:, :3, :3], 1, 2) + self.world_to_camera[:, None, :3, 3]
        )
        return moved.reshape(len(self), *points.shape)

    def project(self, points: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Project world ``points`` (..., 3) into all N images.

        Returns:
            pixels (N, ..., 2), x right and y down, pixel centres at +0.5, and depth (N, ...), metres along
            the viewing axis. Points behind a camera have depth ≤ 0 and pixels without meaning.
        """
        camera = self.to_camera(points)
        extra = (1,) * (camera.ndim - 2)
        depth = -camera[..., 2]
        safe = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
        focal = self.focal_px.reshape(-1, *extra)
        principal = self.principal_px.reshape(-1, *extra, 2)
        x = principal[..., 0] + focal * camera[..., 0] / safe
        y = principal[..., 1] - focal * camera[..., 1] / safe
        return np.stack([x, y], axis=-1), depth

    def unproject(self, pixels: ArrayLike, depth: ArrayLike) -> FloatArray:
        """Invert :meth:`project`: pixels (N, ..., 2) and depth (N, ...) → world points (N, ..., 3)."""
        pixels = np.asarray(pixels, dtype=np.float64)
        depth = np.asarray(depth, dtype=np.float64)
        extra = (1,) * (pixels.ndim - 2)
        focal = self.focal_px.reshape(-1, *extra)
        principal = self.principal_px.reshape(-1, *extra, 2)
        x = (pixels[..., 0] - principal[..., 0]) * depth / focal
        y = (principal[..., 1] - pixels[..., 1]) * depth / focal
        camera = np.stack([x, y, -depth], axis=-1)  # (N, ..., 3)
        rotation, translation = self.world_to_camera[:, :3, :3], self.world_to_camera[:, :3, 3]
        return np.einsum("nji,n...j->n...i", rotation, camera - translation.reshape(-1, *extra, 3))

    def resized(self, height: int, width: int) -> Cameras:
        """The same views on an image of another size.

        The height decides the scale; where the width asks for another aspect, the picture is widened or cut
        evenly about its middle.
        """
        scale = height / self.height
        principal = self.principal_px * scale
        principal[:, 0] += 0.5 * (width - self.width * scale)
        return replace(
            self, focal_px=self.focal_px * scale, principal_px=principal, height=height, width=width
        )

    def renamed(self, names: Sequence[str]) -> Cameras:
        """The same cameras under other names."""
        return replace(self, names=tuple(names))

    @staticmethod
    def concatenate(cameras: Sequence[Cameras]) -> Cameras:
        """Join camera sets of one image size; clip planes are widened to hold all of them."""
        if not cameras or len({(c.height, c.width) for c in cameras}) != 1:
            raise input_error(
                CameraError,
                "cameras to join must have one image size",
                [(c.height, c.width) for c in cameras],
                "resize them first",
            )
        return Cameras(
            world_to_camera=np.concatenate([c.world_to_camera for c in cameras]),
            focal_px=np.concatenate([c.focal_px for c in cameras]),
            principal_px=np.concatenate([c.principal_px for c in cameras]),
            height=cameras[0].height,
            width=cameras[0].width,
            near=min(c.near for c in cameras),
            far=max(c.far for c in cameras),
            names=tuple(name for c in cameras for name in c.names),
        )


def fit_camera(
    points: ArrayLike,
    *,
    height: int,
    width: int,
    vertical_fov_radians: float = math.radians(20.0),
    margin: float = 0.08,
    name: str = "front",
) -> Cameras:
    """A front camera that shows all of ``points``: on the +z side, looking down −z, without rotation.

    Args:
        points: (..., 3) world points in metres, e.g. the vertices of a head, of one frame or of many.
        vertical_fov_radians: the angle of view from bottom to top; narrow keeps a face undistorted.
        margin: share of the image left free on every side, in [0, 0.45].

    Returns:
        One camera whose principal point is the middle of the image.

    Raises:
        CameraError: no points, points that are not finite, or an angle out of (0, π).
    """
    flat = _numbers(points, "points", ndim=None).reshape(-1, 3)
    if not len(flat):
        raise input_error(CameraError, "a camera cannot be fitted to nothing", "0 points", "give vertices")
    if not 0 < vertical_fov_radians < math.pi or not 0 <= margin <= 0.45:
        raise input_error(
            CameraError,
            "the angle of view must be in (0, π) and the margin in [0, 0.45]",
            f"{vertical_fov_radians}, {margin}",
            "keep the defaults",
        )
    low, high = flat.min(axis=0), flat.max(axis=0)
    middle = 0.5 * (low + high)
    focal = 0.5 * height / math.tan(0.5 * vertical_fov_radians)
    room = 1.0 - 2.0 * margin
    offset = np.abs(flat - middle)
    # Each point asks for a distance from its own depth: |x| f / (d − z) ≤ room · width / 2.
    ask_x = offset[:, 0] * focal / (0.5 * room * width) + flat[:, 2]
    ask_y = offset[:, 1] * focal / (0.5 * room * height) + flat[:, 2]
    camera_z = max(float(ask_x.max()), float(ask_y.max()), float(high[2]) + 0.05)
    matrix = np.eye(4)
    matrix[:3, 3] = -np.array([middle[0], middle[1], camera_z])
    nearest, farthest = camera_z - high[2], camera_z - low[2]
    return Cameras(
        world_to_camera=matrix[None],
        focal_px=np.array([focal]),
        principal_px=np.array([[0.5 * width, 0.5 * height]]),
        height=height,
        width=width,
        near=0.1 * float(nearest),
        far=10.0 * float(farthest),
        names=(name,),
    )


def _numbers(value: ArrayLike, name: str, *, ndim: int | None) -> FloatArray:
    """A fresh finite float64 copy of ``value``, or a CameraError that names it."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise input_error(
            CameraError, f"{name} must be numbers", type(value).__name__, "give an array"
        ) from error
    if ndim is not None and array.ndim != ndim:
        raise input_error(CameraError, f"{name} must have {ndim} dimensions", array.shape, "check its shape")
    if not np.isfinite(array).all():
        raise input_error(
            CameraError, f"{name} must be finite", "NaN or infinity", "check where it comes from"
        )
    return array


def _check_rigid(matrix: FloatArray) -> None:
    rotation = matrix[:, :3, :3]
    error = np.abs(rotation @ np.swapaxes(rotation, 1, 2) - np.eye(3)).max()
    if error > _RIGID_TOLERANCE or (np.linalg.det(rotation) < 0).any():
        raise input_error(
            CameraError,
            "world_to_camera must hold rotations (no scale, no mirror)",
            f"R·Rᵀ differs from I by {error:.2g}, smallest determinant {np.linalg.det(rotation).min():.3g}",
            "orthonormalise the matrices",
        )
    if np.abs(matrix[:, 3] - [0.0, 0.0, 0.0, 1.0]).max() > 1e-6:
        raise input_error(
            CameraError,
            "the last row of world_to_camera must be 0 0 0 1",
            matrix[0, 3].tolist(),
            "give world_to_camera, not a projection",
        )
    if np.abs(matrix[:, :3, 3]).max() > 1e6:
        raise input_error(
            CameraError,
            "a camera is implausibly far away",
            float(np.abs(matrix[:, :3, 3]).max()),
            "give metres",
        )


def _check_names(names: tuple[str, ...], count: int) -> None:
    if len(names) != count:
        raise input_error(
            CameraError,
            "there must be one name per camera",
            f"{len(names)} names for {count} cameras",
            "name each view once",
        )
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise input_error(
                CameraError,
                "view names are letters, digits, _ and - (at most 64)",
                repr(name),
                "rename the view",
            )
    if len(set(names)) != count:
        twice = sorted({name for name in names if names.count(name) > 1})
        raise input_error(CameraError, "view names must differ", ", ".join(twice), "rename one of them")
