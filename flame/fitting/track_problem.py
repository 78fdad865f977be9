"""The tracker's least-squares problem: a fit around an anchor, with beliefs about shapes that go together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flame.errors import InputError, input_error
from flame.fitting.landmark_model import LandmarkModel
from flame.fitting.mediapipe_points import POINTS
from flame.fitting.priors import ParameterTable
from flame.fitting.problem import FitProblem, FitState
from flame.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from flame.sequence import FlameSequence

__all__ = ["TrackProblem", "one_frame", "personalised", "state_of", "values_of"]


@dataclass(frozen=True, eq=False)
class TrackProblem(FitProblem):
    """A fit whose priors pull towards ``anchor (F,)`` instead of rest, with ``coupled`` (F, F) beliefs."""

    anchor: np.ndarray
    coupled: np.ndarray

    def targets(self) -> np.ndarray:
        return self.anchor

    def _ties(self, values: np.ndarray) -> np.ndarray:
        return super()._ties(values) + self.coupled


def personalised(problem: TrackProblem, state: FitState) -> LandmarkModel:
    """The landmarks moved, at rest, by what keeps them off their places in the first frame."""
    model = problem.model
    head_state = problem.head_state(state)
    posed = model.pose(head_state, state.translation)
    pixels, distance = problem.project(state, posed.points)
    away = problem.seen.points[0, :, :2] - pixels[0]  # (N, 2) pixels
    metres = distance[0] / np.exp(state.log_focal)
    shift = np.stack([away[:, 0] * metres, -away[:, 1] * metres, np.zeros(len(away))], axis=1)
    shift *= (problem.seen.weights[0] > 0)[:, None]  # irises behind shut lids say nothing
    blended = np.einsum("nj,jik->nik", model.weights, posed.world[0])  # (N, 3, 3)
    return replace(model, template=model.template + np.linalg.solve(blended, shift[..., None])[..., 0])


def state_of(
    fit: FlameSequence, model: LandmarkModel, table: ParameterTable, *, log_focal: float
) -> FitState:
    """A one-frame fit as the solver's state."""
    angles = np.stack([fit.rotation, fit.neck, fit.jaw, fit.eyes[:, :3], fit.eyes[:, 3:]], axis=1)
    shape = np.pad(fit.shape.astype(np.float64), (0, max(0, model.shape_dims - len(fit.shape))))
    columns = table.expression_columns - model.shape_dims
    total = model.basis.shape[2] - model.shape_dims
    expression = np.pad(fit.expression, ((0, 0), (0, max(0, total - fit.expression.shape[1]))))
    return FitState(
        rotations=axis_angle_to_matrix(angles.astype(np.float64)),
        eyelids=fit.eyelids.astype(np.float64),
        translation=fit.translation.astype(np.float64),
        expression=expression[:, columns].astype(np.float64),
        shape=shape[table.shape_columns],
        log_focal=log_focal,
    )


def one_frame(given: np.ndarray) -> np.ndarray:
    """(1, 478, 3) float64, NaN depth where there is none."""
    points = np.asarray(given, dtype=np.float64)
    if points.ndim != 2 or points.shape[0] != POINTS or points.shape[1] not in (2, 3):
        raise input_error(
            InputError, "landmarks of a frame must be (478, 2 or 3)", points.shape, "pass one frame at a time"
        )
    if points.shape[1] == 2:
        points = np.concatenate([points, np.full_like(points[:, :1], np.nan)], axis=1)
    return points[None]


def values_of(state: FitState) -> np.ndarray:
    """(F,) the parameters of a one-frame state as numbers, in the order of ``flame.fitting.priors``."""
    angles = matrix_to_axis_angle(state.rotations)[0]  # (5, 3)
    parts = [angles[0], angles[1], angles[2], angles[3, :2], angles[4, :2]]
    return np.concatenate([*parts, state.eyelids[0], state.translation[0], state.expression[0]])
