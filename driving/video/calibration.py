"""Tracked faces made likelier: the same movement of the landmarks, said with the shapes that people use.

Landmarks leave open which shapes moved them: a smile is also a little of stretch, dimple and parted lips at once,
and a fit spreads the work over all of them. What a fit makes of known faces was recorded on rendered actors (60
training identities, half of them performing the text corpus); one linear map and one threshold per shape were
learnt that bring it nearer to what was really performed, while the landmarks themselves may hardly move: on renders
they err otherwise than on people, and a map that was free to correct them moved the lips of real clips away from
where they are seen. A hidden layer or the fit's residuals as further inputs did not help on held-out actors.
``benchmarks/tracking_calibration.py`` learns the file anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from flame.errors import HeadFileError, input_error
from flame.relative import apply_relative, to_relative
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

__all__ = ["PITCH_GAIN", "Calibration", "calibrated", "calibrated_absolute", "features", "load_calibration"]

FEATURES = len(EXPRESSION_NAMES) + 18
PITCH_GAIN = 1.15
"""What nods are multiplied by. On rendered actors pitch comes out at 0.68 to 0.76 of the truth, because MediaPipe's
outline of the face slides along the silhouette instead of going with the head; landmarks on the front of real faces
show no such lag, so only half of it is made up for."""
_MOST_WEIGHT, _MOST_JAW = 1.0, 0.5


@dataclass(frozen=True, eq=False)
class Calibration:
    """``matrix`` (E + 1, F): rig weights and the jaw's opening (radians) from :func:`features`; ``threshold`` (E,):
    weights below it are 0, others that much smaller; ``limit`` (F,): features beyond what was seen in training."""

    matrix: np.ndarray
    threshold: np.ndarray
    limit: np.ndarray


def features(motion: FlameSequence) -> np.ndarray:
    """(T, F) what a relative motion of basis "open" is calibrated from: all of its channels, eyes without roll."""
    parts = [motion.expression, motion.jaw, motion.eyelids, motion.eyes[:, [0, 1, 3, 4]]]
    parts += [motion.neck, motion.rotation, motion.translation]
    return np.concatenate(parts, axis=1).astype(np.float64)


def calibrated(motion: FlameSequence, calibration: Calibration | None = None) -> FlameSequence:
    """A relative motion with likelier expression, jaw opening and pitch; rest stays rest.

    Args:
        motion: T frames of basis "open", relative to a frame of the same clip.
        calibration: another one than the project's own.
    """
    known = load_calibration() if calibration is None else calibration
    seen = features(motion)
    given = np.clip(seen, -known.limit, known.limit)
    made = given @ known.matrix.T.astype(np.float64)
    weights = made[:, :-1]
    weights = np.sign(weights) * np.maximum(np.abs(weights) - known.threshold, 0.0)
    beyond = seen - given  # faces stronger than those of training: the rest of them as it was fitted
    weights += beyond[:, : weights.shape[1]]
    jaw = motion.jaw.astype(np.float64)
    jaw[:, 0] = np.clip(made[:, -1] + beyond[:, weights.shape[1]], -_MOST_JAW, _MOST_JAW)
    pitch = motion.neck.astype(np.float64)
    pitch[:, 0] += (PITCH_GAIN - 1.0) * (motion.neck[:, 0] + motion.rotation[:, 0])
    return motion.replace(expression=np.clip(weights, -_MOST_WEIGHT, _MOST_WEIGHT), jaw=jaw, neck=pitch)


def calibrated_absolute(motion: FlameSequence, neutral: FlameSequence) -> FlameSequence:
    """An absolute motion whose change from ``neutral`` (1 frame) is calibrated; eyelids and gaze stay."""
    moved = apply_relative(calibrated(to_relative(motion, neutral)), neutral)
    return motion.replace(expression=moved.expression, jaw=moved.jaw, neck=moved.neck)


@lru_cache(maxsize=1)
def load_calibration(path: Path | None = None) -> Calibration:
    """The project's own calibration, or that of a file.

    Raises:
        HeadFileError: a file that is none.
    """
    path = Path(__file__).with_name("calibration.npz") if path is None else path
    with np.load(path) as file:
        arrays = {
            name: file[name].astype(np.float64) for name in ("matrix", "threshold", "limit") if name in file
        }
    shapes = {"matrix": (len(EXPRESSION_NAMES) + 1, FEATURES), "threshold": (len(EXPRESSION_NAMES),)}
    shapes["limit"] = (FEATURES,)
    if {name: values.shape for name, values in arrays.items()} != shapes:
        raise input_error(HeadFileError, "this is no calibration of tracked faces", path, "learn it anew")
    return Calibration(**arrays)
