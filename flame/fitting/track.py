"""Following a face through a clip, frame by frame, from the fit of its first frame.

The identity, the focal length and the camera are those of the first frame's fit. The landmarks of the head
are moved to where the first frame shows them, so that what a fit cannot explain (a face is not only its
coefficients) is not explained anew, and differently, in every frame: the first frame comes out as it was
fitted, and every other one as its change from there. Each frame starts from the one before.

A face does not tell whether the neck or the bust turned. People move their heads on still shoulders, so the
bust keeps the first frame's turn up to :attr:`TrackPriors.bust_radians` and follows the head slowly, unless
the caller has measured where the shoulders are.

Only numbers are kept per frame (some 80 of them); the landmarks of a frame are forgotten once it is fitted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from flame.errors import InputError, NoFaceError, input_error
from flame.fitting.fit import FitResult, _fitted_model, _rigid_fits, fit_landmarks
from flame.fitting.inputs import measurements
from flame.fitting.landmark_model import LandmarkModel
from flame.fitting.mediapipe_points import INNER_LIPS, iris_trust
from flame.fitting.priors import (
    EXPRESSION,
    EYELIDS,
    JAW,
    LEFT_EYE,
    NECK,
    RIGHT_EYE,
    ROTATION,
    TRANSLATION,
    FitPriors,
)
from flame.fitting.problem import FitProblem, FitState, Measurements
from flame.fitting.solver import SolverOptions, solve
from flame.fitting.threads import one_blas_thread
from flame.fitting.track_priors import DRIVING, USUAL, TrackPriors, couplings, track_stiffness, track_table
from flame.fitting.track_problem import TrackProblem, one_frame, personalised, state_of, values_of
from flame.fitting.track_smoothing import LIGHT, Smoothing, bridged, smoothed
from flame.fitting.track_start import TrackStart
from flame.head import FlameHead
from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS, check_fps

__all__ = ["FaceTracker", "TrackPriors", "TrackResult", "track_landmarks"]

LOST_ERROR = 0.12
"""Mean error, in distances of the outer eye corners, from which on a frame's start is made anew from the
landmarks alone, and beyond which a fitted frame counts as not seen."""

_BLIND = 300.0  # how much stiffer an eye's turn is while its iris cannot be seen


@dataclass(frozen=True, eq=False)
class TrackResult:
    """A tracked clip of T frames.

    Attributes:
        sequence: absolute motion in the camera of the first frame's fit, smoothed, gaps bridged.
        seen: (T,) False where a frame had no usable face and was bridged from its neighbours.
        error: (T,) mean distance of the fitted landmarks from the seen ones over the distance of the outer eye
            corners, before smoothing; NaN where nothing was seen.
    """

    sequence: FlameSequence
    seen: np.ndarray
    error: np.ndarray


class FaceTracker:
    """Landmarks in, one frame at a time; the motion out, at the end.

    Args:
        head: whose parameters are wanted.
        first: fit of the first frame, T = 1.
        landmarks_478: (478, 2|3) the landmarks which ``first`` was fitted to, pixels.
        focal_px, principal_px, camera_distance: of the fit's camera ``[I | (0, 0, −distance)]``.
        fps: frames per second.
        priors, smoothing: see there; no smoothing with None.
        template: (N, 3) landmarks of this face at rest, see :mod:`flame.fitting.track_start`; None takes them from
            ``landmarks_478``.
        resting: (E,) the part of the first frame's expression that is already in ``template``.

    Raises:
        InputError: a fit of several frames, landmarks of a wrong shape, a bad rate.
    """

    def __init__(
        self,
        *,
        head: FlameHead,
        first: FlameSequence,
        landmarks_478: np.ndarray,
        focal_px: float,
        principal_px: np.ndarray,
        camera_distance: float,
        fps: float = DEFAULT_FPS,
        priors: TrackPriors = USUAL,
        smoothing: Smoothing | None = LIGHT,
        template: np.ndarray | None = None,
        resting: np.ndarray | None = None,
    ) -> None:
        check_fps(fps)
        if first.frames != 1:
            raise input_error(
                InputError, "a tracker starts from the fit of one frame", first.frames, "slice one: fit[0]"
            )
        self.head, self.first, self.fps = head, first, float(fps)
        self._priors, self._smoothing = priors, smoothing
        self._principal = np.asarray(principal_px, np.float64)
        self._distance, self._log_focal = float(camera_distance), float(np.log(focal_px))
        model, self._index = _fitted_model(head)
        self._table = track_table(head, priors)
        self._resting = np.zeros(first.expression.shape[1]) if resting is None else resting
        self._start = state_of(
            first.replace(expression=first.expression - self._resting),
            model,
            self._table,
            log_focal=self._log_focal,
        )
        self._anchor = values_of(self._start)
        self._problem = TrackProblem(
            model=model,
            table=self._table,
            priors=FitPriors(
                data_weight=priors.data_weight,
                split_radians=np.inf,
                depth_weight=priors.depth_weight,
                robust_sigmas=priors.robust_sigmas,
            ),
            seen=self._measured(one_frame(landmarks_478)),
            focal_is_known=True,
            shape_is_known=True,
            anchor=self._anchor,
            coupled=couplings(head, self._table, priors),
        )
        self._bare = model
        if template is None:
            model = personalised(self._problem, self._start)
        else:
            model = replace(model, template=template)
        self._problem = replace(self._problem, model=model)
        self._stiffness = track_stiffness(self._table, priors, self.fps)
        self._state, self._before = self._start, self._anchor
        self._since = 0  # frames since the last seen one
        self._rows: list[np.ndarray] = []
        self._seen: list[bool] = []
        self._errors: list[float] = []

    @classmethod
    def from_fit(
        cls, fit: FitResult, landmarks_478: np.ndarray, *, head: FlameHead, **options: object
    ) -> FaceTracker:
        """Start from what :func:`flame.fitting.fit_landmarks` made of a photo."""
        return cls(
            head=head,
            first=fit.sequence[0],
            landmarks_478=landmarks_478,
            focal_px=fit.focal_px,
            principal_px=fit.principal_px,
            camera_distance=-float(fit.world_to_camera[2, 3]),
            **options,  # type: ignore[arg-type]
        )

    @classmethod
    def from_start(cls, start: TrackStart, *, head: FlameHead, **options: object) -> FaceTracker:
        """Start from several frames of the clip, see :func:`flame.fitting.track_start.settle`."""
        return cls(
            head=head,
            first=start.first,
            landmarks_478=start.landmarks_478,
            focal_px=start.focal_px,
            principal_px=start.principal_px,
            camera_distance=start.camera_distance,
            template=start.template,
            resting=start.resting,
            **{"priors": DRIVING, **options},  # type: ignore[arg-type]
        )

    def __len__(self) -> int:
        """Frames so far."""
        return len(self._rows)

    def add(
        self,
        landmarks_478: np.ndarray | None,
        *,
        shoulders_metres: np.ndarray | None = None,
        steps: float = 1.0,
    ) -> float:
        """Fit the next frame.

        Args:
            landmarks_478: (478, 2|3) pixels, or None where no face was found.
            steps: time since the last frame, in frames at the tracker's rate.
            shoulders_metres: (2,) how far the shoulders went to the right and up in the picture since the
                first frame, at the head's distance, where the caller has measured it; NaN: not known.

        Returns:
            The frame's error (see :class:`TrackResult`), NaN where nothing was seen.
        """
        points = None if landmarks_478 is None else one_frame(landmarks_478)
        error = float("nan")
        if points is not None and np.isfinite(points[..., :2]).all():
            with one_blas_thread():
                state, error = self._solved(points, shoulders_metres, steps)
            if error > 2 * LOST_ERROR:
                error = float("nan")
        good = bool(np.isfinite(error))
        if good:
            self._state, self._before, self._since = state, values_of(state), 0
        else:
            self._since += 1
        self._rows.append(values_of(self._state).astype(np.float32))
        self._seen.append(good)
        self._errors.append(error)
        return error

    def latest(self) -> FlameSequence:
        """The last frame as fitted (T = 1): where no face was seen, the one before it.

        Raises:
            InputError: no frame so far.
        """
        if not self._rows:
            raise input_error(InputError, "no frame was tracked yet", "nothing", "add one first")
        return self._sequence(self._rows[-1][None].astype(np.float64))

    def mesh_error(self, landmarks_478: np.ndarray) -> float:
        """Like a frame's error, of the last pose against its landmarks, without this face's own offsets at rest."""
        problem = replace(self._problem, model=self._bare, seen=self._measured(one_frame(landmarks_478)))
        columns = self._table.expression_columns - self._bare.shape_dims
        total = self._bare.basis.shape[2] - self._bare.shape_dims
        resting = np.pad(self._resting, (0, max(0, total - len(self._resting))))[columns]
        return self._error(problem, replace(self._state, expression=self._state.expression + resting))

    def forget(self) -> None:
        """Drop all frames but the last one, for clips without an end."""
        self._rows, self._seen, self._errors = self._rows[-1:], self._seen[-1:], self._errors[-1:]

    def cut(self) -> None:
        """The next frame does not follow the last one in time: it is not tied to it."""
        self._since += 1_000_000

    def result(self) -> TrackResult:
        """The motion of all frames so far.

        Raises:
            NoFaceError: no frame showed a usable face.
        """
        seen = np.array(self._seen, bool)
        if not seen.any():
            raise input_error(
                NoFaceError, "no frame shows a usable face", f"{len(seen)} frames", "give another clip"
            )
        sequence = self._sequence(np.stack(self._rows).astype(np.float64))
        sequence = bridged(sequence, seen)
        if self._smoothing is not None:
            sequence = smoothed(sequence, self._smoothing)
        return TrackResult(sequence, seen, np.array(self._errors))

    # ------------------------------------------------------------------ one frame

    def _solved(
        self, points: np.ndarray, shoulders: np.ndarray | None, steps: float
    ) -> tuple[FitState, float]:
        """The frame's state, and its error."""
        problem = replace(self._problem, seen=self._measured(points))
        stiffness = self._stiffness / (max(steps, 0.25) + self._since)
        hidden = 1.0 - iris_trust(points)[0]  # behind shut lids the eyes stay as they were
        stiffness[LEFT_EYE] *= 1.0 + _BLIND * hidden[0]
        stiffness[RIGHT_EYE] *= 1.0 + _BLIND * hidden[1]
        if shoulders is not None and np.isfinite(shoulders).all():
            problem, stiffness = self._with_shoulders(problem, stiffness, np.asarray(shoulders, np.float64))
        options = SolverOptions(iterations=4, tolerance=3e-3)
        state = self._state
        if self._error(problem, state) > LOST_ERROR:
            state = self._replaced(problem, state, points)
            options = SolverOptions(iterations=12)
            stiffness = stiffness * 1e-2
        state = solve(problem, state, options=options, stiffness=stiffness, settled=self._before)
        return state, self._error(problem, state)

    def _with_shoulders(
        self, problem: TrackProblem, stiffness: np.ndarray, shoulders: np.ndarray
    ) -> tuple[TrackProblem, np.ndarray]:
        """The same problem with the bust where it was measured."""
        anchor, weights = self._anchor.copy(), self._table.weights.copy()
        flat = slice(TRANSLATION.start, TRANSLATION.start + 2)
        anchor[flat] += shoulders
        weights[flat] = 1.0 / self._priors.shoulder_metres**2
        free = stiffness.copy()
        free[flat] = 0.0
        return replace(problem, anchor=anchor, table=replace(self._table, weights=weights)), free

    def _replaced(self, problem: TrackProblem, state: FitState, points: np.ndarray) -> FitState:
        """The last frame's face put where the landmarks are: by the neck's turn, then by the bust's place."""
        chosen = points[:, self._index].copy()
        rest = replace(self._problem.model, template=self._rest_points(problem.model, state))
        rotation, size = _rigid_fits(rest, chosen)
        rotations = state.rotations.copy()
        rotations[:, 1] = np.swapaxes(rotations[:, 0], -1, -2) @ rotation
        placed = replace(state, rotations=rotations)
        posed = problem.model.pose(problem.head_state(placed), placed.translation).points
        pixels, _ = problem.project(placed, posed)
        away = np.exp(state.log_focal) / size[0]
        shift = (chosen[0, :, :2] - pixels[0]).mean(axis=0) * away / np.exp(state.log_focal)
        depth = (self._distance - posed[0, :, 2].mean()) - away
        moved = placed.translation + np.array([[shift[0], -shift[1], depth]])
        return replace(placed, translation=moved)

    def _rest_points(self, model: LandmarkModel, state: FitState) -> np.ndarray:
        """(N, 3) landmarks of the unturned head with the state's identity and expression."""
        still = self._problem.head_state(state)
        rotations = np.broadcast_to(np.eye(3), still.rotations.shape)
        return model.pose(replace(still, rotations=rotations), np.zeros((1, 3))).points[0]

    def _error(self, problem: FitProblem, state: FitState) -> float:
        """Mean distance of the believed landmarks from the seen ones over the outer eye corners' distance."""
        posed = problem.model.pose(problem.head_state(state), state.translation)
        pixels, _ = problem.project(state, posed.points)
        away = np.linalg.norm(pixels[0] - problem.seen.points[0, :, :2], axis=1)
        return float(away.mean() / problem.seen.scale[0])

    # ------------------------------------------------------------------ making

    def _measured(self, points: np.ndarray) -> Measurements:
        """The landmarks that count, with their weights."""
        seen = measurements(points, np.ones(1, bool), self._index, self._principal, self._distance)
        weights = seen.weights.copy()
        weights[:, np.isin(self._index, INNER_LIPS)] *= self._priors.lip_weight
        return replace(seen, weights=weights)

    def _sequence(self, rows: np.ndarray) -> FlameSequence:
        """(T, F) values → motion; what the landmarks cannot show stays as in the first frame."""
        fit, frames = self.first, len(rows)
        model = self._problem.model
        columns = self._table.expression_columns - model.shape_dims
        total = model.basis.shape[2] - model.shape_dims
        expression = np.zeros((frames, total))
        expression[:, : fit.expression.shape[1]] = fit.expression
        expression[:, columns] = rows[:, EXPRESSION:] + np.pad(self._resting, (0, total))[columns]
        eyes = np.zeros((frames, 6))
        eyes[:, 0:2], eyes[:, 3:5] = rows[:, LEFT_EYE], rows[:, RIGHT_EYE]
        return FlameSequence(
            shape=fit.shape,
            expression=expression,
            rotation=rows[:, ROTATION],
            neck=rows[:, NECK],
            jaw=rows[:, JAW],
            eyes=eyes,
            eyelids=np.clip(rows[:, EYELIDS], 0.0, 1.0),
            translation=rows[:, TRANSLATION],
            fps=self.fps,
            basis=self.head.name,
        )


def track_landmarks(
    frames: Iterable[np.ndarray | None],
    *,
    head: FlameHead,
    height: int,
    width: int,
    fps: float = DEFAULT_FPS,
    priors: TrackPriors = USUAL,
    smoothing: Smoothing = LIGHT,
) -> TrackResult:
    """Track a clip from nothing but its landmarks; the first seen frame is fitted, the rest follow it.

    Args:
        frames: (478, 2|3) pixels per frame, or None where no face was found; may be a generator.
        head: whose parameters are wanted.
        height, width: of the pictures, pixels.

    Raises:
        NoFaceError: no frame shows a usable face. InputError: landmarks of a wrong shape, a bad rate or size.
    """
    tracker: FaceTracker | None = None
    missing = 0
    for points in frames:
        if tracker is None:
            if points is None or not np.isfinite(np.asarray(points, float)[..., :2]).all():
                missing += 1
                continue
            fit = fit_landmarks(points, height=height, width=width, head=head, fps=fps)
            tracker = FaceTracker.from_fit(
                fit, points, head=head, fps=fps, priors=priors, smoothing=smoothing
            )
            for _ in range(missing):
                tracker.add(None)
        tracker.add(points)
    if tracker is None:
        raise input_error(
            NoFaceError, "no frame shows a usable face", f"{missing} frames", "give another clip"
        )
    return tracker.result()
