"""The least-squares problem of a fit: state, residuals, normal equations.

Measurements per landmark are x, y (pixels) and, weakly, MediaPipe's depth; all are divided by the face's
scale in pixels, so the numbers do not depend on the image size. The camera looks down −z from
``(0, 0, camera_distance)`` with identity rotation: x_px = cx + f·X/D, y_px = cy − f·Y/D, D = distance − Z.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from flame.fitting import priors as columns
from flame.fitting.landmark_model import HeadState, LandmarkModel, PosedLandmarks
from flame.fitting.priors import FitPriors, ParameterTable
from flame.rotations import axis_angle_to_matrix, matrix_to_axis_angle

_UNSEEN_BELIEF = 1e-3
_NEAREST = 0.05  # metres: points are never projected from closer than this


@dataclass(frozen=True, eq=False)
class FitState:
    """Everything that is being solved for; B frames.

    Attributes:
        rotations: (B, 5, 3, 3) joint rotations: root, neck, jaw, left eye, right eye.
        eyelids: (B, 2); translation: (B, 3); expression: (B, E'); shape: (S',); log_focal: of pixels.
    """

    rotations: np.ndarray
    eyelids: np.ndarray
    translation: np.ndarray
    expression: np.ndarray
    shape: np.ndarray
    log_focal: float

    @cached_property
    def values(self) -> np.ndarray:
        """(B, F) per-frame parameters as numbers (rotations as axis-angle); worked out once."""
        angles = matrix_to_axis_angle(self.rotations)  # (B, 5, 3)
        parts = [angles[:, 0], angles[:, 1], angles[:, 2], angles[:, 3, :2], angles[:, 4, :2]]
        return np.concatenate([*parts, self.eyelids, self.translation, self.expression], axis=1)

    def frames(self, index: slice | np.ndarray) -> FitState:
        """Some of the frames, with the same shape and focal length."""
        return replace(
            self,
            rotations=self.rotations[index],
            eyelids=self.eyelids[index],
            translation=self.translation[index],
            expression=self.expression[index],
        )


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was seen.

    Attributes:
        points: (B, N, 3) pixels x right, y down, and depth in pixels growing away from the camera.
        depth_known: (B,) 1 where the depths are measured, else 0.
        scale: (B,) inter-ocular distance of the face in pixels, corrected for its turn.
        weights: (B, N) 1/σ² of x and y in units of that scale (0 = unseen).
        lids: (B, 2) first guess of the eyelids, left and right.
        principal: (2,) pixels.
        camera_distance: metres from the camera to the origin.
    """

    points: np.ndarray
    depth_known: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    lids: np.ndarray
    principal: np.ndarray
    camera_distance: float


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """``[[H_ff, H_fs], [H_fsᵀ, H_ss]] δ = −[g_f, g_s]``; frames (B, F, F), shared (C, C)."""

    frame: np.ndarray
    cross: np.ndarray
    shared: np.ndarray
    gradient_frame: np.ndarray
    gradient_shared: np.ndarray


@dataclass(frozen=True, eq=False)
class FitProblem:
    """Residuals and derivatives for one head, camera and set of frames."""

    model: LandmarkModel
    table: ParameterTable
    priors: FitPriors
    seen: Measurements
    focal_is_known: bool
    shape_is_known: bool

    def head_state(self, state: FitState) -> HeadState:
        """Full coefficient vectors for the landmark model."""
        frames = len(state.translation)
        coefficients = np.zeros((frames, self.model.basis.shape[2]))
        coefficients[:, self.table.shape_columns] = state.shape
        coefficients[:, self.table.expression_columns] = state.expression
        return HeadState(coefficients, state.rotations, state.eyelids)

    def project(self, state: FitState, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (B, N, 2) and distances D (B, N) of world points (B, N, 3)."""
        distance = np.maximum(self.seen.camera_distance - points[..., 2], _NEAREST)
        ratio = np.exp(state.log_focal) / distance
        x = self.seen.principal[0] + ratio * points[..., 0]
        y = self.seen.principal[1] - ratio * points[..., 1]
        return np.stack([x, y], axis=-1), distance

    def residuals(self, state: FitState, posed: PosedLandmarks) -> np.ndarray:
        """(B, N, 3) measured minus seen, in inter-ocular distances; depth without its mean."""
        pixels, distance = self.project(state, posed.points)
        scale = self.seen.scale[:, None]
        flat = (pixels - self.seen.points[..., :2]) / scale[..., None]
        ratio = np.exp(state.log_focal) / self.seen.camera_distance
        depth = (ratio * distance - self.seen.points[..., 2]) / scale
        depth = depth - depth.mean(axis=1, keepdims=True)
        return np.concatenate([flat, depth[..., None]], axis=-1)

    def cost(self, state: FitState) -> np.ndarray:
        """(B,) objective per frame; shared priors are spread evenly over the frames.

        Landmarks count by Geman-McClure's ``e / (1 + e)`` of their squared error e in robust sigmas,
        so that a few points in the wrong place (hair over a brow) do not drag the face along.
        """
        posed = self.model.pose(self.head_state(state), state.translation)
        error, limit = self._squared_errors(self.residuals(state, posed)), self.priors.robust_sigmas**2
        data = self.priors.data_weight * np.sum(error / (1.0 + error / limit), axis=1)
        values = self.values(state)
        prior = np.sum(
            self.table.weights * (values - self.targets()) ** 2 + 2 * self.table.slope * values, axis=1
        )
        prior = prior + np.einsum("bi,bi->b", np.einsum("bi,bij->bj", values, self._ties(values)), values)
        shared = np.sum(state.shape**2) / self.priors.shape**2 if not self.shape_is_known else 0.0
        return data + prior * self._belief() + shared / len(data)

    def normal_equations(self, state: FitState) -> NormalEquations:
        """Gauss-Newton system at a state, priors included."""
        head_state = self.head_state(state)
        posed = self.model.pose(head_state, state.translation)
        residual = self.residuals(state, posed)
        frame_part, shared_part = self._jacobian(state, head_state, posed)
        robust = 1.0 / (1.0 + self._squared_errors(residual) / self.priors.robust_sigmas**2) ** 2
        weight = np.sqrt(self.priors.data_weight * robust[..., None] * self._measurement_weights())
        weight = weight.astype(np.float32)
        frames, rows = len(residual), 3 * residual.shape[1]
        r = (weight * residual).reshape(frames, rows).astype(np.float32)
        jf = (weight[..., None] * frame_part).reshape(frames, rows, frame_part.shape[3])
        js = (weight[..., None] * shared_part).reshape(frames, rows, shared_part.shape[3])
        jft = jf.transpose(0, 2, 1)
        frame, cross = (jft @ jf).astype(np.float64), (jft @ js).astype(np.float64)
        gradient_frame = (jft @ r[..., None])[..., 0].astype(np.float64)
        flat = js.reshape(frames * rows, js.shape[2])
        shared = (flat.T @ flat).astype(np.float64)
        gradient_shared = (flat.T @ r.reshape(-1)).astype(np.float64)
        values, diagonal = self.values(state), np.arange(frame.shape[1])
        belief, ties = self._belief(), self._ties(values)
        frame[:, diagonal, diagonal] += belief[:, None] * self.table.weights
        frame += belief[:, None, None] * ties
        pull = self.table.weights * (values - self.targets()) + self.table.slope
        pull = pull + np.einsum("bij,bj->bi", ties, values)
        gradient_frame += belief[:, None] * pull
        prior, prior_gradient = self.shared_prior(state)
        shared, gradient_shared = shared + prior, gradient_shared + prior_gradient
        return NormalEquations(frame, cross, shared, gradient_frame, gradient_shared)

    def shared_prior(self, state: FitState) -> tuple[np.ndarray, np.ndarray]:
        """(C, C) and (C,): what the prior on shape adds to the shared part of the system."""
        shape_count = 0 if self.shape_is_known else len(state.shape)
        total = shape_count + (0 if self.focal_is_known else 1)
        weight, gradient = np.zeros(total), np.zeros(total)
        weight[:shape_count] = 1.0 / self.priors.shape**2
        gradient[:shape_count] = weight[:shape_count] * state.shape[:shape_count]
        return np.diag(weight), gradient

    def frames(self, index: slice | np.ndarray) -> FitProblem:
        """The same problem for some of the frames."""
        seen = replace(
            self.seen,
            points=self.seen.points[index],
            depth_known=self.seen.depth_known[index],
            scale=self.seen.scale[index],
            weights=self.seen.weights[index],
            lids=self.seen.lids[index],
        )
        return replace(self, seen=seen)

    def values(self, state: FitState) -> np.ndarray:
        """(B, F) per-frame parameters as numbers (rotations as axis-angle)."""
        return state.values

    def targets(self) -> np.ndarray:
        """(F,) what the priors pull towards: rest, at the usual distance."""
        target = np.zeros(len(self.table.weights))
        if not self.focal_is_known:
            target[columns.TRANSLATION.stop - 1] = self.seen.camera_distance - self.priors.distance_metres
        return target

    def moved(self, state: FitState, step: np.ndarray, shared_step: np.ndarray) -> FitState:
        """The state after a step (B, F) and (C,); bounded parameters are clipped."""
        turn = np.zeros((len(step), 5, 3))
        turn[:, 0], turn[:, 1] = step[:, columns.ROTATION], step[:, columns.NECK]
        turn[:, 2] = step[:, columns.JAW]
        turn[:, 3, :2], turn[:, 4, :2] = step[:, columns.LEFT_EYE], step[:, columns.RIGHT_EYE]
        rotations = axis_angle_to_matrix(turn) @ state.rotations
        rotations[:, 2:] = self._bounded_rotations(rotations[:, 2:])
        low, high = self.table.low, self.table.high
        lids, free = columns.EYELIDS, slice(columns.EXPRESSION, None)
        shape_count = 0 if self.shape_is_known else len(state.shape)
        return replace(
            state,
            rotations=rotations,
            eyelids=np.clip(state.eyelids + step[:, lids], low[lids], high[lids]),
            translation=state.translation + step[:, columns.TRANSLATION],
            expression=np.clip(state.expression + step[:, free], low[free], high[free]),
            shape=state.shape + shared_step[:shape_count] if shape_count else state.shape,
            log_focal=state.log_focal + (0.0 if self.focal_is_known else float(shared_step[-1])),
        )

    # ------------------------------------------------------------------ pieces

    def _bounded_rotations(self, rotations: np.ndarray) -> np.ndarray:
        """Jaw and eyes (B, 3, 3, 3) kept in their ranges; eyes without roll."""
        angles = matrix_to_axis_angle(rotations)
        low, high = self.table.low, self.table.high
        jaw, left, right = columns.JAW, columns.LEFT_EYE, columns.RIGHT_EYE
        angles[:, 0] = np.clip(angles[:, 0], low[jaw], high[jaw])
        angles[:, 1, :2] = np.clip(angles[:, 1, :2], low[left], high[left])
        angles[:, 2, :2] = np.clip(angles[:, 2, :2], low[right], high[right])
        angles[:, 1:, 2] = 0.0
        return axis_angle_to_matrix(angles)

    def _jacobian(
        self, state: FitState, head_state: HeadState, posed: PosedLandmarks
    ) -> tuple[np.ndarray, np.ndarray]:
        """(B, N, 3, F) by per-frame and (B, N, 3, C) by shared parameters, of :meth:`residuals`."""
        projection, by_focal = self._projection(state, posed)
        derivative = self.model.derivatives(head_state, posed)
        turns = projection[:, None] @ derivative.turns  # (B, 5, N, 3, 3)
        parts = [turns[:, 0], turns[:, 1], turns[:, 2], turns[:, 3, ..., :2], turns[:, 4, ..., :2]]
        parts += [projection @ derivative.eyelids, projection]
        parts = [part.astype(np.float32) for part in parts]
        moving = [self.table.expression_columns]
        if not self.shape_is_known:
            moving.append(self.table.shape_columns)
        coefficients = derivative.coefficients(self.model, projection, np.concatenate(moving))
        count = len(self.table.expression_columns)
        frame = np.concatenate([*parts, coefficients[..., :count]], axis=-1)
        shared = [coefficients[..., count:]]
        if not self.focal_is_known:
            shared.append(by_focal[..., None].astype(np.float32))
        joined = np.concatenate(shared, axis=-1)
        for part in (frame, joined):
            if part.shape[-1]:
                part[:, :, 2] -= np.mean(part[:, :, 2], axis=1, keepdims=True)
        return frame, joined

    def _projection(self, state: FitState, posed: PosedLandmarks) -> tuple[np.ndarray, np.ndarray]:
        """(B, N, 3, 3) derivative of x, y, depth by the world point, and (B, N, 3) by log focal."""
        pixels, distance = self.project(state, posed.points)
        scale = self.seen.scale[:, None]
        ratio = np.exp(state.log_focal) / distance / scale
        offset = (pixels - self.seen.principal) / scale[..., None]
        projection = np.zeros((*distance.shape, 3, 3))
        projection[..., 0, 0], projection[..., 0, 2] = ratio, offset[..., 0] / distance
        projection[..., 1, 1], projection[..., 1, 2] = -ratio, offset[..., 1] / distance
        mean_ratio = np.exp(state.log_focal) / self.seen.camera_distance / scale
        projection[..., 2, 2] = -np.broadcast_to(mean_ratio, distance.shape)
        by_focal = np.concatenate([offset, (mean_ratio * distance)[..., None]], axis=-1)
        return projection, by_focal

    def _measurement_weights(self) -> np.ndarray:
        """(B, N, 3) of x, y and depth."""
        flat = self.seen.weights
        depth = flat * self.priors.depth_weight**2 * self.seen.depth_known[:, None]
        return np.stack([flat, flat, depth], axis=-1)

    def _squared_errors(self, residual: np.ndarray) -> np.ndarray:
        """(B, N) squared distances of landmarks from where they should be, in their own sigmas."""
        return np.sum(self._measurement_weights() * residual**2, axis=-1)

    def _belief(self) -> np.ndarray:
        """(B,) weight of the priors: next to none where nothing was seen, so that neighbours decide."""
        return np.where(self.seen.weights.any(axis=1), 1.0, _UNSEEN_BELIEF)

    def _ties(self, values: np.ndarray) -> np.ndarray:
        """(B, F, F) quadratic form of what should be equal at the given values (B, F).

        Both eyes' gaze; the bust's and the neck's turn; lid shapes and the gaze that they follow.
        """
        form = np.zeros((len(values), values.shape[1], values.shape[1]))

        def tie(a: int, b: int, share: float | np.ndarray, weight: float) -> None:
            """Add ``weight · (value_a − share · value_b)²``."""
            form[:, a, a] += weight
            form[:, b, b] += weight * share**2
            form[:, a, b] -= weight * share
            form[:, b, a] -= weight * share

        for k, sigma in enumerate(self.priors.eye_vergence_radians):
            tie(columns.LEFT_EYE.start + k, columns.RIGHT_EYE.start + k, 1.0, 1.0 / sigma**2)
        for k in range(3):
            sigma = self.priors.split_radians
            tie(columns.ROTATION.start + k, columns.NECK.start + k, 1.0, 1.0 / sigma**2)
        for column, eye, axis, sign in self.table.gaze:
            angle = (columns.LEFT_EYE, columns.RIGHT_EYE)[eye].start + axis
            follows = (sign * values[:, angle] > 0) * sign / columns.FULL_GAZE_RADIANS[axis]
            tie(column, angle, follows, 1.0 / self.priors.gaze_lid**2)
        return form
