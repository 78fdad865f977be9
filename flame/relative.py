"""Relative motion: what is driven is added to how the person already is.

A driver's motion says how far to go from rest. The first frame of a portrait is the photo itself, so a
relative motion starts from the photo's own pose, gaze and expression.
"""

from __future__ import annotations

import numpy as np

from flame.errors import MotionFileError, input_error
from flame.rotations import compose
from flame.sequence import FlameSequence

#: An opened mouth opened further stops here (radians, about 30°); the rig's full opening is 24.4°.
JAW_LIMIT_RADIANS = 0.52


def apply_relative(motion: FlameSequence, reference: FlameSequence) -> FlameSequence:
    """The reference pose plus a motion whose zero is rest.

    Rotations compose as ``R_reference @ R_motion``: the motion acts in the head's own axes, so a nod of
    a tilted head stays a nod. Expression and translation add, eyelids add and are clipped to [0, 1];
    rig weights of basis "open" saturate at 1 (or at the reference's own value where that is larger).

    Args:
        motion: T frames, relative (all zeros = no change).
        reference: 1 frame, absolute; its shape is kept.

    Returns:
        T frames, absolute, at the motion's fps.

    Raises:
        MotionFileError: different bases, or a reference of more than one frame.
    """
    _check_pair(motion, reference)
    columns = max(motion.expression.shape[1], reference.expression.shape[1])
    still, moved = _padded(reference.expression, columns), _padded(motion.expression, columns)
    expression = still + moved
    if motion.basis == "open":
        expression = np.clip(expression, np.minimum(still, 0.0), np.maximum(still, 1.0))
    jaw = compose(reference.jaw, motion.jaw)
    angle = np.linalg.norm(jaw, axis=1, keepdims=True)
    limit = np.maximum(JAW_LIMIT_RADIANS, np.linalg.norm(reference.jaw, axis=1, keepdims=True))
    jaw = jaw * np.minimum(1.0, limit / np.maximum(angle, 1e-9))
    eyes = compose(reference.eyes.reshape(-1, 2, 3), motion.eyes.reshape(-1, 2, 3)).reshape(-1, 6)
    return motion.replace(
        shape=reference.shape,
        expression=expression,
        rotation=compose(reference.rotation, motion.rotation),
        neck=compose(reference.neck, motion.neck),
        jaw=jaw,
        eyes=eyes,
        eyelids=np.clip(reference.eyelids + motion.eyelids, 0.0, 1.0),
        translation=reference.translation + motion.translation,
    )


def to_relative(motion: FlameSequence, neutral: FlameSequence | None = None) -> FlameSequence:
    """The inverse: an absolute motion as the change from ``neutral`` (1 frame; its own first by default).

    ``apply_relative(to_relative(m, n), n)`` gives ``m`` back where nothing saturates. Eyelids more open
    than the neutral's are cut to 0, since eyelids cannot be negative.
    """
    still = motion[0] if neutral is None else neutral
    _check_pair(motion, still)
    columns = max(motion.expression.shape[1], still.expression.shape[1])
    eyes = compose(-still.eyes.reshape(-1, 2, 3), motion.eyes.reshape(-1, 2, 3)).reshape(-1, 6)
    return motion.replace(
        expression=_padded(motion.expression, columns) - _padded(still.expression, columns),
        rotation=compose(-still.rotation, motion.rotation),
        neck=compose(-still.neck, motion.neck),
        jaw=compose(-still.jaw, motion.jaw),
        eyes=eyes,
        eyelids=np.clip(motion.eyelids - still.eyelids, 0.0, 1.0),
        translation=motion.translation - still.translation,
    )


def _check_pair(motion: FlameSequence, reference: FlameSequence) -> None:
    if reference.frames != 1:
        given = f"{reference.frames} frames"
        raise input_error(
            MotionFileError, "the reference pose must be a single frame", given, "slice one: sequence[0]"
        )
    if motion.basis != reference.basis:
        given = f"motion {motion.basis}, reference {reference.basis}"
        raise input_error(
            MotionFileError, "motion and reference must share a basis", given, "use flame.retarget first"
        )


def _padded(expression: np.ndarray, columns: int) -> np.ndarray:
    return np.pad(expression, ((0, 0), (0, columns - expression.shape[1])))
