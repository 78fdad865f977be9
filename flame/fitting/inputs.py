"""Checks of what a fit is given, and its arrangement as measurements."""

from __future__ import annotations

import numpy as np

from flame.errors import InputError, NoFaceError, input_error
from flame.fitting.mediapipe_points import (
    LEFT_IRIS,
    OUTER_EYE_CORNERS,
    POINTS,
    RIGHT_IRIS,
    iris_trust,
    lids_shut,
    point_sigmas,
)
from flame.fitting.problem import Measurements

_SMALLEST_FACE_PX = 8.0


def checked_landmarks(given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 478, 3) float64 with NaN depth filled by 0 columns, and (T,) which frames are usable."""
    array = np.asarray(given, dtype=np.float64)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1] != POINTS or array.shape[2] not in (2, 3) or len(array) == 0:
        raise input_error(
            InputError, "landmarks must have the form (T, 478, 2 or 3)", np.shape(given), "reshape them"
        )
    if array.shape[2] == 2:
        array = np.concatenate([array, np.full_like(array[..., :1], np.nan)], axis=2)
    finite = np.isfinite(array[..., :2]).all(axis=(1, 2))
    corners = np.linalg.norm(np.ptp(np.where(np.isfinite(array), array, 0.0)[..., :2], axis=1), axis=1)
    seen = finite & (corners > _SMALLEST_FACE_PX)
    if not seen.any():
        raise input_error(
            NoFaceError,
            "no frame has usable face landmarks",
            f"{len(array)} frames",
            "give a picture with a clear face",
        )
    return array, seen


def checked_camera(
    height: int, width: int, focal_px: float | None, principal_px: np.ndarray | None
) -> np.ndarray:
    """The principal point (2,) after checking sizes and focal length."""
    if height < 1 or width < 1:
        raise input_error(
            InputError, "image sizes must be positive", f"{width}x{height}", "give its height and width"
        )
    if focal_px is not None and not (np.isfinite(focal_px) and focal_px > 0):
        raise input_error(
            InputError, "focal_px must be positive", focal_px, "give pixels, or None to estimate it"
        )
    if principal_px is None:
        return np.array([width / 2.0, height / 2.0])
    principal = np.asarray(principal_px, dtype=np.float64)
    if principal.shape != (2,) or not np.isfinite(principal).all():
        raise input_error(
            InputError, "principal_px must be two finite numbers", principal_px, "give x and y in pixels"
        )
    return principal


def checked_shape(shape: np.ndarray, columns: int) -> np.ndarray:
    array = np.asarray(shape, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise input_error(
            InputError, "shape must be a vector of finite numbers", np.shape(shape), "give (S,) coefficients"
        )
    return np.pad(array, (0, max(0, columns - len(array))))[: max(columns, len(array))]


def measurements(
    points: np.ndarray, seen: np.ndarray, index: np.ndarray, principal: np.ndarray, distance: float
) -> Measurements:
    """The points that a fit looks at, with weights; unseen frames weigh nothing.

    Args:
        points: (T, 478, 3) pixels; seen: (T,); index: (N,) which of the 478; principal: (2,).
        distance: metres from the camera to the origin.
    """
    depth_known = np.isfinite(points[..., 2]).all(axis=1) & seen
    filled = np.where(np.isfinite(points), points, 0.0)
    weights = np.repeat(1.0 / point_sigmas()[None] ** 2, len(points), axis=0)
    trust = iris_trust(filled)
    weights[:, LEFT_IRIS] *= trust[:, :1]
    weights[:, RIGHT_IRIS] *= trust[:, 1:]
    weights *= seen[:, None]
    corners = [filled[:, i, :2] for i in OUTER_EYE_CORNERS]
    across = np.linalg.norm(corners[0] - corners[1], axis=1)
    # a turned face shows its eyes closer together than they are: its height says how large it is
    tall = np.linalg.norm(filled[:, 10, :2] - filled[:, 152, :2], axis=1) * 0.52
    scale = np.where(seen, np.maximum(np.maximum(across, tall), 1.0), 1.0)
    chosen = filled[:, index].copy()
    chosen[~depth_known, :, 2] = 0.0
    return Measurements(
        points=chosen,
        depth_known=depth_known.astype(np.float64),
        scale=scale,
        weights=weights[:, index],
        lids=lids_shut(filled),
        principal=principal,
        camera_distance=distance,
    )
