"""What a tracker believes: how far a head goes from its first frame, and how fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flame.fitting.priors import (
    EYELIDS,
    JAW,
    LEFT_EYE,
    NECK,
    RIGHT_EYE,
    ROTATION,
    TRANSLATION,
    UNSEEN,
    FitPriors,
    ParameterTable,
    parameter_table,
)
from flame.head import FlameHead

__all__ = ["USUAL", "TrackPriors", "track_stiffness", "track_table"]


@dataclass(frozen=True)
class TrackPriors:
    """Strength of a tracker's beliefs, as standard deviations.

    Attributes:
        data_weight: of all landmarks together; more than in a fit, since what is systematically wrong with
            them is taken out with the first frame.
        expression: of rig weights around the first frame's; weaker beliefs let opposite shapes (wide and
            squinting eyes) cancel each other, and fitted real clips no better.
        depth_weight: of MediaPipe's depth against x and y; with more of it, pressed lips opened.
        lip_weight, robust_sigmas: how much the gap between the lips counts, and from where on a landmark counts
            little. With the fit's 1 and 4 a fast mouth was taken for outliers; these halved the gap's error.
        bust_radians, bust_metres: how far the bust (``rotation``, ``translation``) is believed to go from where
            it was in the first frame.
        bust_speed_radians, bust_speed_metres: the same per second from one frame to the next.
        shoulder_metres: how well measured shoulders are believed.
        neck_radians: pitch, yaw, roll of the neck around the first frame's.
    """

    data_weight: float = 2.0
    expression: float = 0.2
    bust_radians: float = 0.04
    bust_metres: tuple[float, float, float] = (0.06, 0.06, 0.06)
    bust_speed_radians: float = 0.3
    bust_speed_metres: float = 0.35
    shoulder_metres: float = 0.002
    neck_radians: tuple[float, float, float] = (0.5, 0.8, 0.4)
    depth_weight: float = 0.12
    lip_weight: float = 3.0
    robust_sigmas: float = 16.0


USUAL = TrackPriors()
"""What a tracker believes unless told otherwise."""


def track_table(head: FlameHead, priors: TrackPriors) -> ParameterTable:
    """The fit's table with a tracker's beliefs: no sparsity, a bust that keeps still."""
    believed = FitPriors(expression=priors.expression, expression_sparsity=0.0)
    # Lips kept shut over a lowered jaw: one photo does not tell, a clip does.
    unseen = tuple(name for name in UNSEEN if name != "mouthClose")
    table = parameter_table(head, believed, unseen=unseen)
    weights = table.weights.copy()
    weights[ROTATION] = 1.0 / priors.bust_radians**2
    weights[NECK] = 1.0 / np.asarray(priors.neck_radians) ** 2
    weights[TRANSLATION] = 1.0 / np.asarray(priors.bust_metres) ** 2
    return replace(table, weights=weights)


def track_stiffness(table: ParameterTable, priors: TrackPriors, fps: float) -> np.ndarray:
    """(F,) how strongly a frame is tied to the one before: 1/σ² of the change per frame."""
    speed = np.full(len(table.weights), 8.0)  # rig weights per second
    speed[ROTATION] = priors.bust_speed_radians
    speed[NECK] = 3.0
    speed[JAW] = 4.0
    speed[LEFT_EYE] = speed[RIGHT_EYE] = 8.0
    speed[EYELIDS] = 60.0  # a blink closes within two frames
    speed[TRANSLATION] = priors.bust_speed_metres
    return (fps / speed) ** 2
