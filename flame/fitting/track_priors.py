"""What a tracker believes: how far a head goes from its first frame, and how fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flame.fitting.priors import (
    EXPRESSION,
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

__all__ = ["DRIVING", "OPPOSITES", "USUAL", "TrackPriors", "couplings", "track_stiffness", "track_table"]


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
        symmetry: how far the left and the right one of a pair of shapes are believed to differ.
        opposition: from 0 to 1, how much shapes that undo each other are kept from being active together.
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
    symmetry: float = 0.15
    opposition: float = 0.9


OPPOSITES: tuple[tuple[str, str], ...] = (
    ("eyeSquint*", "eyeWide*"),
    ("eyelids*", "eyeWide*"),
    ("browDown*", "browOuterUp*"),
    ("browDown*", "browInnerUp"),
    ("mouthPucker", "mouthStretch*"),
    ("mouthPucker", "mouthSmile*"),
    ("mouthPucker", "mouthDimple*"),
    ("mouthFunnel", "mouthStretch*"),
    ("mouthSmile*", "mouthFrown*"),
    ("mouthRollLower", "mouthPucker"),
    ("mouthRollUpper", "mouthPucker"),
    ("mouthRollUpper", "mouthUpperUp*"),
    ("mouthRollLower", "mouthLowerDown*"),
    ("mouthRollUpper", "mouthFunnel"),
    ("mouthRollLower", "mouthFunnel"),
    ("mouthPress*", "lipsPart"),
    ("mouthLeft", "mouthRight"),
    ("jawLeft", "jawRight"),
)
"""Shapes that undo each other; ``*`` stands for Left and Right."""

_CONVEX = 0.3

USUAL = TrackPriors()
"""What a tracker believes unless told otherwise."""

DRIVING = TrackPriors(expression=0.12)
"""What is believed of a face whose rest is known from several frames: on synthetic actors the error of rig weights
was a seventh smaller than with 0.2, that of the posed face a twentieth."""


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


def couplings(head: FlameHead, table: ParameterTable, priors: TrackPriors) -> np.ndarray:
    """(F, F) quadratic form over the values: pairs that should be equal, opposites that should not be together.

    Nothing for heads without the rig's shapes.
    """
    form = np.zeros((len(table.weights), len(table.weights)))
    names = tuple(getattr(head, "expression_names", ()) or ())
    if "mouthSmileLeft" not in names:
        return form
    first = int(np.asarray(head.shape_basis).shape[2])
    place = {
        names[column - first]: row for row, column in enumerate(table.expression_columns, start=EXPRESSION)
    }
    place["eyelidsLeft"], place["eyelidsRight"] = range(EYELIDS.start, EYELIDS.stop)
    lateral = ("eyeLook", "mouthLeft", "mouthRight", "jawLeft", "jawRight")
    equal = 1.0 / priors.symmetry**2
    for name, row in place.items():
        twin = place.get(name[:-4] + "Right") if name.endswith("Left") else None
        if twin is None or name.startswith(lateral):
            continue
        form[[row, twin], [row, twin]] += equal
        form[[row, twin], [twin, row]] -= equal
    apart = priors.opposition / priors.expression**2
    for a, b in OPPOSITES:
        for side in ("Left", "Right") if "*" in a + b else ("",):
            i, j = place.get(a.replace("*", side)), place.get(b.replace("*", side))
            if i is not None and j is not None:
                # 2·a·b pushes both towards 0; a share of a² + b² keeps the form nearly convex, the landmarks the rest
                form[[i, j], [j, i]] += apart
                form[[i, j], [i, j]] += _CONVEX * apart
    return form


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
