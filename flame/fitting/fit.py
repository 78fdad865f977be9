"""From 478 MediaPipe landmarks to the parameters of a head and a camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from flame.fitting.inputs import checked_camera, checked_landmarks, checked_shape, measurements
from flame.fitting.landmark_model import LandmarkModel, landmark_model
from flame.fitting.mediapipe_points import MEDIAPIPE_OF_68, OUTER_EYE_CORNERS, fitted_points
from flame.fitting.priors import (
    EYELIDS,
    JAW,
    LEFT_EYE,
    NECK,
    RIGHT_EYE,
    ROTATION,
    TRANSLATION,
    FitPriors,
    parameter_table,
)
from flame.fitting.problem import FitProblem, FitState
from flame.fitting.solver import SolverOptions, solve
from flame.fitting.threads import one_blas_thread
from flame.rotations import axis_angle_to_matrix, matrix_to_axis_angle, rigid_transform
from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS, check_fps

if TYPE_CHECKING:
    from flame.head import FlameHead

_KEY_FRAMES = 10  # frames that settle a clip's shape and focal length
_WINDOW = 200  # frames solved together; longer clips go window by window


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted clip (or photo: T = 1).

    Attributes:
        sequence: the head's parameters.
        focal_px: focal length in pixels; principal_px: (2,) x, y.
        world_to_camera: (4, 4) ``[I | (0, 0, −d)]``: the camera looks down −z at a head near the origin.
        reprojection_error_68: (T,) mean distance of the 68 classic points from where MediaPipe sees
            them, divided by the distance of the outer eye corners in the image.
        reprojection_error_478: (T,) the same over all of MediaPipe's points.
        seen: (T,) False where a frame had no landmarks and was bridged.
    """

    sequence: FlameSequence
    focal_px: float
    principal_px: np.ndarray
    world_to_camera: np.ndarray
    reprojection_error_68: np.ndarray
    reprojection_error_478: np.ndarray
    seen: np.ndarray

    @property
    def shape(self) -> np.ndarray:
        """Fitted identity (S,)."""
        return self.sequence.shape


def fit_landmarks(
    landmarks_478: np.ndarray,
    *,
    height: int,
    width: int,
    head: FlameHead,
    fps: float = DEFAULT_FPS,
    focal_px: float | None = None,
    principal_px: np.ndarray | None = None,
    shape: np.ndarray | None = None,
    priors: FitPriors | None = None,
    neighbours: bool = True,
) -> FitResult:
    """Fit shape, expression, pose, jaw, eyes, eyelids and camera to face landmarks.

    A photo takes tens of milliseconds. For a clip the shape and focal length are settled on a few key
    frames, then all frames are solved together with their neighbours.

    The head's turn is shared between ``rotation`` (bust) and ``neck`` half and half, since a face alone
    does not tell them apart.

    Args:
        landmarks_478: (T, 478, 2|3) or (478, 2|3) pixels, x right, y down; MediaPipe's depth (in the
            unit of x) helps where given. A frame of NaN is bridged from its neighbours.
        height, width: of the image, pixels.
        head: whose parameters are wanted.
        focal_px: known focal length; None estimates it, assuming a portrait taken from about 1.1 m.
        principal_px: (2,); the image centre by default.
        shape: known identity (S,); None fits it.
        neighbours: False: the frames (at most 10) do not follow one another in time; they share the identity and
            the focal length, and each is otherwise fitted like a photo.

    Raises:
        InputError: landmarks of a wrong shape, or a bad size, rate, focal length or shape.
        NoFaceError: no frame has usable landmarks.
    """
    # 1. Check and arrange what was given
    check_fps(fps)
    points, seen = checked_landmarks(landmarks_478)
    principal = checked_camera(height, width, focal_px, principal_px)
    believed = priors or FitPriors()
    model, index = _fitted_model(head)
    table = parameter_table(head, believed)
    distance = believed.distance_metres
    if focal_px is not None:
        distance = _distance_at(model, points[seen][:, index], float(focal_px))
    measured = measurements(points, seen, index, principal, distance)
    known_shape = None if shape is None else checked_shape(shape, len(table.shape_columns))
    problem = FitProblem(model, table, believed, measured, focal_px is not None, known_shape is not None)

    # 2. A first guess from the rigid fit of MediaPipe's own 3D points
    state = _first_guess(problem, focal_px, known_shape)

    # 3. Shape, focal length and (for a photo) everything; then the clip, tied frame to frame
    with one_blas_thread():
        state = _solved(head, problem, state, seen, fps if neighbours else None)

    # 4. Full-size parameters, camera, errors
    return _result(head, problem, state, points, fps=fps, seen=seen)


# ---------------------------------------------------------------------- solving


def _solved(
    head: FlameHead, problem: FitProblem, state: FitState, seen: np.ndarray, fps: float | None
) -> FitState:
    """Settle shape and focal length on key frames, then all frames with those known (fps None: no neighbours)."""
    key = _key_frames(seen)
    iterations = 30 if len(key) == 1 else 15
    settled = solve(problem.frames(key), state.frames(key), options=SolverOptions(iterations=iterations))
    if len(key) == len(seen) and (len(seen) == 1 or fps is None):
        return settled
    fps = DEFAULT_FPS if fps is None else fps
    table = parameter_table(
        head,
        replace(
            problem.priors,
            expression=problem.priors.clip_expression,
            expression_sparsity=problem.priors.clip_sparsity,
        ),
    )
    known = replace(problem, table=table, focal_is_known=True, shape_is_known=True)
    state = replace(state, shape=settled.shape, log_focal=settled.log_focal)
    return _solve_clip(known, state, key, settled, fps)


# ---------------------------------------------------------------------- first guess


def _fitted_model(head: FlameHead) -> tuple[LandmarkModel, np.ndarray]:
    """The landmarks to fit, (N,) of MediaPipe's 478: the head's own 478, else its 68."""
    if getattr(head, "landmarks_478", None) is not None:
        index = fitted_points()
        return landmark_model(head, "478").subset(index), index
    return landmark_model(head, "68"), MEDIAPIPE_OF_68


def _rigid_fits(model: LandmarkModel, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Head rotation (T, 3, 3) and size in pixels per metre (T,) from MediaPipe's 3D points (T, N, 3)."""
    flipped = points * np.array([1.0, -1.0, -1.0])
    target = np.where(np.isfinite(flipped), flipped, 0.0)
    rest = model.template
    rotation, _ = rigid_transform(rest, target)
    centred = target - target.mean(axis=1, keepdims=True)
    turned = np.einsum("tij,nj->tni", rotation, rest - rest.mean(axis=0))
    has_depth = np.isfinite(points[..., 2]).all(axis=1)
    along = np.sum(centred * turned, axis=(1, 2)) / np.sum(turned**2, axis=(1, 2))
    spread = np.sqrt(np.sum(centred[..., :2] ** 2, axis=(1, 2)) / np.sum((rest - rest.mean(0))[:, :2] ** 2))
    rotation = np.where(has_depth[:, None, None], rotation, np.eye(3))
    return rotation, np.where(has_depth, along, spread)


def _distance_at(model: LandmarkModel, points: np.ndarray, focal_px: float) -> float:
    """Distance in metres of a head of average size seen with a known focal length."""
    _, pixels_per_metre = _rigid_fits(model, points)
    return float(np.clip(focal_px / np.median(pixels_per_metre), 0.15, 50.0))


def _first_guess(problem: FitProblem, focal_px: float | None, shape: np.ndarray | None) -> FitState:
    """Pose from the rigid fits, everything else at rest; unseen frames copy the nearest seen one."""
    model, seen, table = problem.model, problem.seen, problem.table
    visible = np.flatnonzero(seen.weights.any(axis=1))
    nearest = visible[np.argmin(np.abs(np.arange(len(seen.points))[:, None] - visible[None]), axis=1)]
    points = seen.points.copy()
    points[seen.depth_known == 0, :, 2] = np.nan
    rotation, size = _rigid_fits(model, points[nearest])
    frames = len(rotation)
    half = axis_angle_to_matrix(0.5 * matrix_to_axis_angle(rotation))
    rotations = np.broadcast_to(np.eye(3), (frames, 5, 3, 3)).copy()
    rotations[:, 0] = rotations[:, 1] = half
    focal = float(np.median(size)) * seen.camera_distance if focal_px is None else float(focal_px)
    state = FitState(
        rotations=rotations,
        eyelids=seen.lids[nearest],
        translation=np.zeros((frames, 3)),
        expression=np.zeros((frames, len(table.expression_columns))),
        shape=np.zeros(len(table.shape_columns)) if shape is None else shape[: len(table.shape_columns)],
        log_focal=float(np.log(focal)),
    )
    # place the head where its landmarks are: depth from its size, x and y from their mean
    posed = model.pose(problem.head_state(state), state.translation).points
    away = focal / size
    centre = points[nearest][..., :2].mean(axis=1)
    translation = np.empty((frames, 3))
    translation[:, 0] = (centre[:, 0] - seen.principal[0]) * away / focal - posed[..., 0].mean(axis=1)
    translation[:, 1] = -(centre[:, 1] - seen.principal[1]) * away / focal - posed[..., 1].mean(axis=1)
    translation[:, 2] = seen.camera_distance - away - posed[..., 2].mean(axis=1)
    return replace(state, translation=translation)


# ---------------------------------------------------------------------- clips


def _key_frames(seen: np.ndarray) -> np.ndarray:
    """Up to ten frames with a face, spread evenly."""
    usable = np.flatnonzero(seen)
    count = min(_KEY_FRAMES, len(usable))
    return usable[np.round(np.linspace(0, len(usable) - 1, count)).astype(np.int64)]


def _solve_clip(
    problem: FitProblem, state: FitState, key: np.ndarray, key_state: FitState, fps: float
) -> FitState:
    """All frames with known shape and focal length, in windows that carry on from one another."""
    frames = len(state.translation)
    nearest = np.argmin(np.abs(np.arange(frames)[:, None] - key[None]), axis=1)
    away = key_state.translation[nearest] - state.translation[key][nearest]
    state = replace(
        state,
        expression=key_state.expression[nearest],
        translation=state.translation + away,
    )
    stiffness = _stiffness(problem, fps)
    solved, settled = [], None
    for start in range(0, frames, _WINDOW):
        part = slice(start, min(start + _WINDOW, frames))
        window, guess = problem.frames(part), state.frames(part)
        done = solve(
            window, guess, options=SolverOptions(iterations=10), stiffness=stiffness, settled=settled
        )
        settled = window.values(done)[-1]
        solved.append(done)
    return replace(
        state,
        rotations=np.concatenate([s.rotations for s in solved]),
        eyelids=np.concatenate([s.eyelids for s in solved]),
        translation=np.concatenate([s.translation for s in solved]),
        expression=np.concatenate([s.expression for s in solved]),
    )


def _stiffness(problem: FitProblem, fps: float) -> np.ndarray:
    """(F,) how strongly a frame is tied to the one before: 1/σ² of the change per frame.

    Given as changes per second; eyelids, gaze and lips may move fast (a blink closes within two frames).
    """
    speed = np.full(len(problem.table.weights), 4.0)  # rig weights per second
    speed[ROTATION] = speed[NECK] = 1.5  # radians per second
    speed[JAW] = 3.0
    speed[LEFT_EYE] = speed[RIGHT_EYE] = 6.0
    speed[EYELIDS] = 30.0
    speed[TRANSLATION] = 0.25  # metres per second
    return (fps / speed) ** 2


# ---------------------------------------------------------------------- result


def _result(
    head: FlameHead, problem: FitProblem, state: FitState, points: np.ndarray, *, fps: float, seen: np.ndarray
) -> FitResult:
    """Full-size parameters with the camera moved so that the median head stands at z = 0."""
    frames = len(state.translation)
    model, table = problem.model, problem.table
    forward = float(np.median(state.translation[seen, 2]))
    distance = problem.seen.camera_distance - forward
    translation = state.translation - np.array([0.0, 0.0, forward])
    shape = np.zeros(model.shape_dims)
    shape[table.shape_columns] = state.shape
    expression = np.zeros((frames, model.basis.shape[2] - model.shape_dims))
    expression[:, table.expression_columns - model.shape_dims] = state.expression
    angles = matrix_to_axis_angle(state.rotations)
    sequence = FlameSequence(
        shape=shape,
        expression=expression,
        rotation=angles[:, 0],
        neck=angles[:, 1],
        jaw=angles[:, 2],
        eyes=angles[:, 3:].reshape(frames, 6),
        eyelids=state.eyelids,
        translation=translation,
        fps=fps,
        basis=head.name,
    )
    world_to_camera = np.eye(4)
    world_to_camera[2, 3] = -distance
    return FitResult(
        sequence=sequence,
        focal_px=float(np.exp(state.log_focal)),
        principal_px=problem.seen.principal.copy(),
        world_to_camera=world_to_camera,
        reprojection_error_68=_reprojection_error(head, "68", problem, state, points, seen),
        reprojection_error_478=_reprojection_error(head, "478", problem, state, points, seen),
        seen=seen,
    )


def _reprojection_error(
    head: FlameHead, which: str, problem: FitProblem, state: FitState, points: np.ndarray, seen: np.ndarray
) -> np.ndarray:
    """(T,) mean distance over outer-eye-corner distance; NaN for unseen frames and missing landmark sets."""
    if getattr(head, f"landmarks_{which}", None) is None:
        return np.full(len(points), np.nan)
    model = landmark_model(head, which)
    pixels, _ = problem.project(state, model.pose(problem.head_state(state), state.translation).points)
    wanted = points[:, MEDIAPIPE_OF_68, :2] if which == "68" else points[..., :2]
    away = np.linalg.norm(pixels - wanted, axis=-1).mean(axis=1)
    corners = points[:, list(OUTER_EYE_CORNERS), :2]
    yardstick = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
    return np.where(seen, away / np.where(seen, np.maximum(yardstick, 1e-6), 1.0), np.nan)
