"""What a tracker starts from when the whole clip may be looked at: identity, camera and rest of several frames.

One frame is a poor start: it may be blurred, blinking, talking or turned away, and from one view depth is a
guess. Here calm frames that are turned differently are fitted together, with one identity and one focal length,
and what no fit explains of this face is taken as its own: a small offset of every landmark at rest, the same in
all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flame.fitting.fit import FitResult, _fitted_model, _rigid_fits, fit_landmarks
from flame.fitting.landmark_model import HeadState, LandmarkModel
from flame.fitting.mediapipe_points import OUTER_LIPS, POINTS, SHUT_GAP, lid_gaps, point_sigmas
from flame.fitting.priors import FitPriors
from flame.head import FlameHead
from flame.rotations import axis_angle_to_matrix, yaw_pitch_roll
from flame.sequence import FlameSequence

__all__ = ["TrackStart", "choose_keys", "settle"]

KEY_FRAMES = 10
_TURNED_RADIANS = (0.8, 0.6)  # yaw and pitch beyond which landmarks are guesses
_UNITS = np.array([0.20, 0.15, 0.15])  # of yaw, pitch and log size: one step of difference
_FIRST = (
    2.0  # how much calmer another frame must be than the first ones, since clips are cut to begin at rest
)
_MOST_RESTING = 0.25  # of a shape in the calmest frame; what is more than that can be taken back
_LEAST_NEWS = 0.2  # what a frame that shows no other side is worth beside one that does
_MOUTH_WIDTH = (
    0.54  # of a mouth at rest, in distances of the outer eye corners (0.53 to 0.56 in calm real faces)
)
_LIDS_MEET = (0.5, 1.0)  # narrow eyes are shut before the lids of the mean head are
_OFFSET_METRES, _LANDMARK_METRES = (
    0.004,
    0.0015,
)  # how far a face is from its fit, and MediaPipe from the truth

_CALM = FitPriors(expression=0.1, expression_sparsity=8.0)
"""A face at rest is identity. With a photo's beliefs thin lips came out as wide ones pursed at full weight, and a
smile then began by taking that back; these raise the reprojection error of real clips by 0.2 to 0.4 points."""


@dataclass(frozen=True, eq=False)
class TrackStart:
    """Where tracking starts.

    Attributes:
        first: T = 1, the calmest of the key frames as fitted: identity, and the rest that expressions are pulled to.
        landmarks_478: (478, 3) its landmarks.
        focal_px, principal_px, camera_distance: of the camera ``[I | (0, 0, −distance)]``.
        template: (N, 3) the fitted landmarks at rest with the face's own offsets, ``resting`` among them.
        resting: (E,) the expression that is part of this face's rest: a person's mouth that is always a little
            raised is not smiling. What a tracker finds is added to it.
        lids_shut: (2,) eyelid values at which this face's lids meet, left and right; 1 for the mean head's eyes.
        error: mean reprojection error of the key frames over the outer eye corners' distance.
    """

    first: FlameSequence
    landmarks_478: np.ndarray
    focal_px: float
    principal_px: np.ndarray
    camera_distance: float
    template: np.ndarray
    resting: np.ndarray
    lids_shut: np.ndarray
    error: float


def choose_keys(landmarks_478: np.ndarray, head: FlameHead, *, count: int = KEY_FRAMES) -> np.ndarray:
    """Indices of up to ``count`` good frames, the calmest first, then those turned otherwise, the calmer the better.

    Expressions tell nothing of an identity: a clip of laughter should not end in a face with a wide mouth.

    Args:
        landmarks_478: (T, 478, 3) pixels, all seen.
    """
    points = np.asarray(landmarks_478, np.float64)
    model, index = _fitted_model(head)
    rotation, size = _rigid_fits(model, points[:, index])
    yaw, pitch, _ = yaw_pitch_roll(rotation)
    lids = lid_gaps(points).min(axis=1)
    unrest = _unrest(points, rotation) + np.abs(lids / max(float(np.median(lids)), 1e-6) - 1.0)
    good = (np.abs(yaw) < _TURNED_RADIANS[0]) & (np.abs(pitch) < _TURNED_RADIANS[1])
    good &= lids > 0.6 * np.median(lids)
    if not good.any():
        good = np.abs(yaw) <= np.abs(yaw).min() + 0.2
    features = np.stack([yaw, pitch, np.log(np.maximum(size, 1e-9))], axis=1) / _UNITS
    calm = np.where(good, unrest + np.linalg.norm(features[:, :2], axis=1) / 2.0, np.inf)
    calm -= _FIRST * np.exp(-np.arange(len(points)) / 5.0)
    chosen = [int(np.argmin(calm))]
    nearest = np.linalg.norm(features - features[chosen[0]], axis=1)
    while len(chosen) < min(count, int(good.sum())):
        next_one = int(np.argmax(np.where(good, (nearest + _LEAST_NEWS) * np.exp(-unrest), -1.0)))
        good[chosen[-1]] = good[next_one] = False
        chosen.append(next_one)
        nearest = np.minimum(nearest, np.linalg.norm(features - features[next_one], axis=1))
    return np.array(chosen)


def _unrest(points: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """(T,) how far the mouth is from the way mouths are at rest (closed, level, of ordinary width, still)."""
    turned = (points - points.mean(axis=1, keepdims=True)) * (1.0, -1.0, -1.0) @ rotation
    eyes = np.linalg.norm(turned[:, 33] - turned[:, 263], axis=1)[:, None, None]
    own = turned / np.maximum(eyes, 1e-6)  # in distances of the outer eye corners, upright
    width = np.linalg.norm(own[:, 61, :2] - own[:, 291, :2], axis=1)
    lift = own[:, [61, 291], 1].mean(axis=1) - own[:, [0, 17], 1].mean(axis=1)
    gap = np.abs(own[:, 13, 1] - own[:, 14, 1])
    mouth = own[:, OUTER_LIPS] - own[:, OUTER_LIPS].mean(axis=1, keepdims=True)
    reach = min(2, len(mouth) - 1)
    padded = np.pad(mouth, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    moving = np.linalg.norm(padded[2 * reach :] - padded[: len(mouth)], axis=2).mean(axis=1)
    lips = np.abs(own[:, 0, 1] - own[:, 17, 1]) - gap
    pressed = np.maximum(np.quantile(lips, 0.7) - lips, 0.0)
    return (
        gap / 0.04 + np.abs(width - _MOUTH_WIDTH) / 0.1 + np.abs(lift) / 0.05 + pressed / 0.03 + moving / 0.02
    )


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
    resting = np.minimum(fit.sequence.expression[0].astype(np.float64), _MOST_RESTING)
    resting *= [not name.startswith("eyeLook") for name in _names(head, len(resting))]
    of_rest = model.basis[:, :, model.shape_dims : model.shape_dims + len(resting)] @ resting
    template = model.template + _offsets(model, index, fit, keys) + of_rest
    return TrackStart(
        first=fit.sequence[0],
        landmarks_478=keys[0],
        focal_px=fit.focal_px,
        principal_px=fit.principal_px,
        camera_distance=-float(fit.world_to_camera[2, 3]),
        template=template,
        resting=resting,
        lids_shut=_lids_shut(replace(model, template=template), index, fit.shape),
        error=float(np.nanmean(fit.reprojection_error_478)),
    )


def _names(head: FlameHead, count: int) -> tuple[str, ...]:
    """The expressions' names; empty ones where the head has none."""
    names = tuple(getattr(head, "expression_names", ()) or ())
    return names if len(names) == count else ("",) * count


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
    trust *= np.exp(-np.abs(sequence.expression - sequence.expression[0]).sum(axis=1))  # and at rest
    belief = trust[:, None] / (_LANDMARK_METRES * point_sigmas()[index] / 0.02)[None] ** 2
    left = np.einsum("kn,knca,kncb->nab", belief, blended, blended) + np.eye(3) / _OFFSET_METRES**2
    right = np.einsum("kn,knca,knc->na", belief, blended, shift)
    return np.linalg.solve(left, right[..., None])[..., 0]


def _lids_shut(model: LandmarkModel, index: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """(2,) the eyelids (left, right) with which the landmarks' gap is what MediaPipe shows of shut eyes."""
    place = np.full(POINTS, -1)
    place[index] = np.arange(len(index))
    if (place[[386, 374, 159, 145, 362, 263, 133, 33]] < 0).any():
        return np.ones(2)
    rest = model.template + model.basis[:, :, : len(shape)] @ shape.astype(np.float64)
    shut = []
    for side, (upper, lower, inner, outer) in enumerate(((386, 374, 362, 263), (159, 145, 133, 33))):
        lids = place[[upper, lower]]
        gap = rest[lids[0], 1] - rest[lids[1], 1]
        closing = model.eyelids[lids[1], 1, side] - model.eyelids[lids[0], 1, side]
        length = float(np.linalg.norm(rest[place[inner]] - rest[place[outer]]))
        shut.append((gap - SHUT_GAP * length) / max(closing, 1e-4))
    return np.clip(shut, *_LIDS_MEET)


def resized(points: np.ndarray, *, height: int, width: int, to_height: int, to_width: int) -> np.ndarray:
    """Landmarks (478, 2|3) of a picture as they would be in one of another size: about the middle, one scale."""
    if (height, width) == (to_height, to_width):
        return points
    scale = float(np.hypot(to_height, to_width) / np.hypot(height, width))
    moved = np.asarray(points, np.float64) * scale
    moved[:, 0] += to_width / 2 - scale * width / 2
    moved[:, 1] += to_height / 2 - scale * height / 2
    return moved
