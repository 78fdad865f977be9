"""What a tracker starts from when the whole clip may be looked at: identity, camera and rest of several frames.

One frame is a poor start: it may be blurred, blinking, talking or turned away, and from one view depth is a
guess. Here the frames that differ most (turn, mouth, size) among the good ones are fitted together, with one
identity and one focal length, and what no fit explains of this face is taken as its own: a small offset of every
landmark at rest, the same in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.fitting.fit import FitResult, _fitted_model, _rigid_fits, fit_landmarks
from flame.fitting.landmark_model import HeadState, LandmarkModel
from flame.fitting.mediapipe_points import lid_gaps, point_sigmas
from flame.head import FlameHead
from flame.rotations import axis_angle_to_matrix, yaw_pitch_roll
from flame.sequence import FlameSequence

__all__ = ["TrackStart", "choose_keys", "settle"]

KEY_FRAMES = 10
_TURNED_RADIANS = (0.8, 0.6)  # yaw and pitch beyond which landmarks are guesses
_UNITS = np.array(
    [0.20, 0.15, 0.20, 0.15]
)  # of yaw, pitch, mouth opening and log size: one step of difference
_OFFSET_METRES, _LANDMARK_METRES = (
    0.004,
    0.0015,
)  # how far a face is from its fit, and MediaPipe from the truth


@dataclass(frozen=True, eq=False)
class TrackStart:
    """Where tracking starts.

    Attributes:
        first: T = 1, the calmest of the key frames as fitted: identity, and the rest that expressions are pulled to.
        landmarks_478: (478, 3) its landmarks.
        focal_px, principal_px, camera_distance: of the camera ``[I | (0, 0, −distance)]``.
        template: (N, 3) the fitted landmarks at rest with the face's own offsets.
        error: mean reprojection error of the key frames over the outer eye corners' distance.
    """

    first: FlameSequence
    landmarks_478: np.ndarray
    focal_px: float
    principal_px: np.ndarray
    camera_distance: float
    template: np.ndarray
    error: float


def choose_keys(landmarks_478: np.ndarray, head: FlameHead, *, count: int = KEY_FRAMES) -> np.ndarray:
    """Indices of up to ``count`` good frames that differ, the calmest frontal one first.

    Args:
        landmarks_478: (T, 478, 3) pixels, all seen.
    """
    points = np.asarray(landmarks_478, np.float64)
    model, index = _fitted_model(head)
    rotation, size = _rigid_fits(model, points[:, index])
    yaw, pitch, _ = yaw_pitch_roll(rotation)
    lids = lid_gaps(points).min(axis=1)
    eyes = np.linalg.norm(points[:, 33, :2] - points[:, 263, :2], axis=1)
    mouth = np.linalg.norm(points[:, 13, :2] - points[:, 14, :2], axis=1) / np.maximum(eyes, 1e-6)
    good = (np.abs(yaw) < _TURNED_RADIANS[0]) & (np.abs(pitch) < _TURNED_RADIANS[1])
    good &= lids > 0.6 * np.median(lids)
    if not good.any():
        good = np.abs(yaw) <= np.abs(yaw).min() + 0.2
    unrest = np.abs(yaw) / 0.4 + np.abs(pitch) / 0.4 + mouth / 0.2 + np.abs(lids / np.median(lids) - 1.0)
    unrest = np.where(good, unrest, np.inf)
    features = np.stack([yaw, pitch, mouth, np.log(np.maximum(size, 1e-9))], axis=1) / _UNITS
    chosen = [int(np.argmin(unrest))]
    nearest = np.linalg.norm(features - features[chosen[0]], axis=1)
    while len(chosen) < min(count, int(good.sum())):
        farthest = int(np.argmax(np.where(good, nearest, -1.0)))
        if nearest[farthest] <= 1e-3:
            break
        chosen.append(farthest)
        nearest = np.minimum(nearest, np.linalg.norm(features - features[farthest], axis=1))
    return np.array(chosen)


def settle(landmarks_478: np.ndarray, *, height: int, width: int, head: FlameHead) -> TrackStart:
    """Fit the key frames of a clip together.

    Args:
        landmarks_478: (T, 478, 3) pixels of frames that show the face.
        height, width: of the pictures.

    Raises:
        NoFaceError: no usable landmarks. InputError: landmarks of a wrong shape, a bad size.
    """
    points = np.asarray(landmarks_478, np.float64)
    keys = points[choose_keys(points, head)]
    fit = fit_landmarks(
        keys, height=height, width=width, head=head, fps=1.0
    )  # hardly tied: they are no neighbours
    model, index = _fitted_model(head)
    return TrackStart(
        first=fit.sequence[0],
        landmarks_478=keys[0],
        focal_px=fit.focal_px,
        principal_px=fit.principal_px,
        camera_distance=-float(fit.world_to_camera[2, 3]),
        template=model.template + _offsets(model, index, fit, keys),
        error=float(np.nanmean(fit.reprojection_error_478)),
    )


def _offsets(model: LandmarkModel, index: np.ndarray, fit: FitResult, keys: np.ndarray) -> np.ndarray:
    """(N, 3) metres by which this face's landmarks differ, at rest, from the fitted head's: least squares over keys.

    Each key frame shows two coordinates of an offset; what none of them shows stays 0.
    """
    sequence, distance = fit.sequence, -float(fit.world_to_camera[2, 3])
    pieces = (sequence.rotation, sequence.neck, sequence.jaw, sequence.eyes[:, :3], sequence.eyes[:, 3:])
    rotations = axis_angle_to_matrix(np.stack(pieces, axis=1).astype(np.float64))
    coefficients = np.zeros((len(keys), model.basis.shape[2]))
    coefficients[:, : len(sequence.shape)] = sequence.shape
    coefficients[:, model.shape_dims : model.shape_dims + sequence.expression.shape[1]] = sequence.expression
    state = HeadState(coefficients, rotations, sequence.eyelids.astype(np.float64))
    posed = model.pose(state, sequence.translation.astype(np.float64))
    away = np.maximum(distance - posed.points[..., 2], 0.05)
    ratio = fit.focal_px / away  # (K, N) pixels per metre
    flat = posed.points[..., :2] * ratio[..., None] * (1.0, -1.0) + fit.principal_px
    shift = (
        (keys[:, index, :2] - flat) * (1.0, -1.0) / ratio[..., None]
    )  # (K, N, 2) metres in the camera's plane
    blended = np.einsum("nj,kjab->knab", model.weights, posed.world)[:, :, :2]  # (K, N, 2, 3)
    turn = rotations[:, 0] @ rotations[:, 1]
    trust = np.maximum(turn[:, 2, 2], 0.2) ** 2  # a face seen from the front is seen best
    belief = trust[:, None] / (_LANDMARK_METRES * point_sigmas()[index] / 0.02)[None] ** 2
    left = np.einsum("kn,knca,kncb->nab", belief, blended, blended) + np.eye(3) / _OFFSET_METRES**2
    right = np.einsum("kn,knca,knc->na", belief, blended, shift)
    return np.linalg.solve(left, right[..., None])[..., 0]


def resized(points: np.ndarray, *, height: int, width: int, to_height: int, to_width: int) -> np.ndarray:
    """Landmarks (478, 2|3) of a picture as they would be in one of another size: about the middle, one scale."""
    if (height, width) == (to_height, to_width):
        return points
    scale = float(np.hypot(to_height, to_width) / np.hypot(height, width))
    moved = np.asarray(points, np.float64) * scale
    moved[:, 0] += to_width / 2 - scale * width / 2
    moved[:, 1] += to_height / 2 - scale * height / 2
    return moved
