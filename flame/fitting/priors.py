"""What a fit believes before it sees a face: sizes of every parameter, and its bounds.

All values are standard deviations. Rotations are radians, lengths metres, shape and expression in the
head's own units (open head: betas ~ N(0, 1), rig weights 0..1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flame.rig import GAZE_PITCH_RADIANS, GAZE_YAW_RADIANS

if TYPE_CHECKING:
    from flame.head import FlameHead

# Columns of the per-frame parameter vector; expression columns follow.
ROTATION, NECK, JAW = slice(0, 3), slice(3, 6), slice(6, 9)
LEFT_EYE, RIGHT_EYE = slice(9, 11), slice(11, 13)  # pitch (about x) and yaw (about y); eyes do not roll
EYELIDS, TRANSLATION = slice(13, 15), slice(15, 18)
EXPRESSION = 18

#: Shapes that landmarks cannot show; they stay 0 in a fit.
UNSEEN = (
    "cheekPuff",
    "tongueOut",
    "tongueUp",
    "neckTense",
    "nostrilFlare",
    "mouthClose",  # means something only together with jawOpen; the jaw and the lips say it all
)
#: Lid shapes that follow the gaze: column name -> (eye 0 left / 1 right, axis 0 pitch / 1 yaw, sign).
GAZE_LIDS = {
    "eyeLookDownLeft": (0, 0, 1.0),
    "eyeLookUpLeft": (0, 0, -1.0),
    "eyeLookOutLeft": (0, 1, 1.0),
    "eyeLookInLeft": (0, 1, -1.0),
    "eyeLookDownRight": (1, 0, 1.0),
    "eyeLookUpRight": (1, 0, -1.0),
    "eyeLookInRight": (1, 1, 1.0),
    "eyeLookOutRight": (1, 1, -1.0),
}
#: Pitch and yaw of the gaze (radians) at which a lid-follow shape has weight 1.
FULL_GAZE_RADIANS = (GAZE_PITCH_RADIANS, GAZE_YAW_RADIANS)
#: Shapes that people rarely show or that mimic identity: kept smaller.
RARE = (
    "jawForward",
    "jawLeft",
    "jawRight",
    "mouthLeft",
    "mouthRight",
    "noseSneerLeft",
    "noseSneerRight",
    "mouthShrugLower",
    "mouthShrugUpper",
)


@dataclass(frozen=True)
class FitPriors:
    """Strength of every belief; see the module's docstring for units.

    Attributes:
        data_weight: weight of all landmarks together against the priors. Neighbouring landmarks err
            together, so 478 points do not count as 478 independent measurements.
        expression, expression_sparsity: of rig weights while the identity is being found. In one photo a
            raised brow and a high brow look the same; the identity takes what it can, so that a portrait
            at rest carries few expressions for motion to be added to.
        clip_expression, clip_sparsity: the same once a clip's identity is known, when every change must
            be expression.
        head_radians: pitch, yaw, roll of ``rotation`` and of ``neck``.
        split_radians: how far the two may differ. A face does not tell the bust's turn from the neck's,
            so each gets half of the head's.
        depth_weight: weight of MediaPipe's own depth against its x and y.
        robust_sigmas: landmarks farther off than this count little: hair over a brow, say.
    """

    data_weight: float = 0.6
    shape: float = 0.9
    expression: float = 0.4
    expression_sparsity: float = 1.5
    clip_expression: float = 0.8
    clip_sparsity: float = 0.5
    head_radians: tuple[float, float, float] = (0.35, 0.5, 0.25)
    split_radians: float = 0.03
    jaw_radians: tuple[float, float, float] = (0.20, 0.03, 0.02)
    eye_radians: tuple[float, float] = (0.20, 0.35)
    eye_vergence_radians: tuple[float, float] = (0.02, 0.06)
    eyelid: float = 1.5
    translation_metres: tuple[float, float, float] = (0.5, 0.5, 0.3)
    distance_metres: float = 1.1
    gaze_lid: float = 0.08
    depth_weight: float = 0.12
    robust_sigmas: float = 4.0


@dataclass(frozen=True, eq=False)
class ParameterTable:
    """Which coefficients a fit may move, with priors and bounds per column.

    Attributes:
        shape_columns: (S',) and expression_columns: (E',) indices into the head's coefficients.
        weights: (18 + E',) prior weights 1/σ² of the per-frame parameters.
        slope: (18 + E',) constant gradient: the sparsity term, active where values are ≥ 0.
        low, high: (18 + E',) bounds.
        gaze: (column, eye, axis, sign) of every lid-follow shape.
    """

    shape_columns: np.ndarray
    expression_columns: np.ndarray
    weights: np.ndarray
    slope: np.ndarray
    low: np.ndarray
    high: np.ndarray
    gaze: tuple[tuple[int, int, int, float], ...]


def parameter_table(
    head: FlameHead, priors: FitPriors, *, shape_dims: int = 60, unseen: tuple[str, ...] = UNSEEN
) -> ParameterTable:
    """Priors and bounds for one head; rig weights are bounded 0..1 (``unseen`` ones stay 0), other bases are
    Gaussian.
    """
    total_shape = int(np.asarray(head.shape_basis).shape[2])
    total_expression = int(np.asarray(head.expression_basis).shape[2])
    names = tuple(getattr(head, "expression_names", ()) or ())
    is_rig = len(names) == total_expression and "mouthSmileLeft" in names
    if is_rig:
        columns = [i for i, name in enumerate(names) if name not in unseen]
    else:
        columns = list(range(min(total_expression, 50)))
    count = EXPRESSION + len(columns)
    sigma, slope = np.full(count, priors.expression if is_rig else 1.0), np.zeros(count)
    low, high = np.full(count, -np.inf), np.full(count, np.inf)
    sigma[ROTATION] = sigma[NECK] = priors.head_radians
    sigma[JAW] = priors.jaw_radians
    sigma[LEFT_EYE] = sigma[RIGHT_EYE] = priors.eye_radians
    sigma[EYELIDS], sigma[TRANSLATION] = priors.eyelid, priors.translation_metres
    low[JAW.start], high[JAW.start] = 0.0, 0.55
    low[EYELIDS], high[EYELIDS] = 0.0, 1.0
    low[LEFT_EYE], high[LEFT_EYE] = (-0.6, -0.8), (0.6, 0.8)
    low[RIGHT_EYE], high[RIGHT_EYE] = (-0.6, -0.8), (0.6, 0.8)
    gaze = []
    if is_rig:
        low[EXPRESSION:], high[EXPRESSION:] = 0.0, 1.0
        slope[EXPRESSION:] = priors.expression_sparsity
        for position, index in enumerate(columns, start=EXPRESSION):
            name = names[index]
            if name in RARE:
                sigma[position] *= 0.5
            if name in GAZE_LIDS:
                sigma[position], slope[position] = 10.0, 0.0  # tied to the gaze instead
                gaze.append((position, *GAZE_LIDS[name]))
    return ParameterTable(
        shape_columns=np.arange(min(shape_dims, total_shape)),
        expression_columns=np.array(columns, dtype=np.int64) + total_shape,
        weights=1.0 / sigma**2,
        slope=slope,
        low=low,
        high=high,
        gaze=tuple(gaze),
    )
