"""FlameSequence ⇄ what the networks see: 6D rotations and weights, normalised by measured statistics.

Two layouts, one per model: MotionDM owns the head and the gaze, EmotionDM the face. Columns are named, so
weights trained on one rig cannot be read onto another by accident.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.rig import EXPRESSION_NAMES
from flame.rotations import (
    axis_angle_to_matrix,
    matrix_to_axis_angle,
    matrix_to_rotation_6d,
    rotation_6d_to_matrix,
)
from flame.sequence import FlameSequence

_SIX = tuple(f"{row}{column}" for column in "xy" for row in "xyz")
MOTION_FEATURES: tuple[str, ...] = (
    *(f"neck_{part}" for part in _SIX),
    *(f"rotation_{part}" for part in _SIX),
    *(f"eye_{part}" for part in _SIX),
    *(f"translation_cm_{axis}" for axis in "xyz"),
)
EMOTION_FEATURES: tuple[str, ...] = (
    *(f"jaw_{part}" for part in _SIX),
    "eyelid_left",
    "eyelid_right",
    *EXPRESSION_NAMES,
)
_CENTIMETRES = 100.0
_LEAST_SPREAD = 0.004


def _noticed(name: str) -> float:
    """How much of a column makes a movement plain to see: 7 degrees, 4 mm, a quarter of a shape."""
    if name.startswith("translation_cm_"):
        return 0.4
    return 0.12 if name.endswith(tuple(f"_{part}" for part in _SIX)) else 0.25


def motion_features(sequence: FlameSequence) -> np.ndarray:
    """(T, 21) features of neck, bust rotation, gaze (the left eye's) and translation, not yet normalised."""
    parts = [_to_6d(rotation) for rotation in (sequence.neck, sequence.rotation, sequence.eyes[:, :3])]
    return np.concatenate([*parts, _CENTIMETRES * sequence.translation], axis=1).astype(np.float32)


def emotion_features(sequence: FlameSequence) -> np.ndarray:
    """(T, 8 + E) features of jaw, eyelids and expression, not yet normalised."""
    return np.concatenate([_to_6d(sequence.jaw), sequence.eyelids, sequence.expression], axis=1).astype(
        np.float32
    )


def motion_channels(features: np.ndarray) -> dict[str, np.ndarray]:
    """(T, 21) -> the arrays of a FlameSequence that MotionDM owns: neck, rotation, eyes, translation."""
    eye = _from_6d(features[:, 12:18])
    return {
        "neck": _from_6d(features[:, 0:6]),
        "rotation": _from_6d(features[:, 6:12]),
        "eyes": np.concatenate([eye, eye], axis=1),
        "translation": (features[:, 18:21] / _CENTIMETRES).astype(np.float32),
    }


def emotion_channels(features: np.ndarray) -> dict[str, np.ndarray]:
    """(T, 8 + E) -> the arrays that EmotionDM owns: jaw, eyelids and expression, weights clipped to [0,
    1]."""
    jaw = _from_6d(features[:, 0:6])
    jaw[:, 0] = np.maximum(jaw[:, 0], 0.0)  # the mouth cannot open upwards
    return {
        "jaw": jaw,
        "eyelids": np.clip(features[:, 6:8], 0.0, 1.0),
        "expression": np.clip(features[:, 8:], 0.0, 1.0),
    }


def _to_6d(axis_angle: np.ndarray) -> np.ndarray:
    return matrix_to_rotation_6d(axis_angle_to_matrix(axis_angle))


def _from_6d(six: np.ndarray) -> np.ndarray:
    return matrix_to_axis_angle(rotation_6d_to_matrix(six)).astype(np.float32)


@dataclass(frozen=True)
class Normaliser:
    """Mean and scale of every feature column, (D,) float32 each."""

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def measure(cls, features: np.ndarray, names: tuple[str, ...]) -> Normaliser:
        """From (N, D) samples of the columns ``names``.

        The scale lies half way (geometrically) between what a column usually does and what counts as much on
        a face: by the spread alone a tongue that is seldom out would weigh a hundred times a turn of the
        head, by the size alone the breath would drown.
        """
        spread = np.maximum(features.std(axis=0), _LEAST_SPREAD)
        noticed = np.array([_noticed(name) for name in names])
        return cls(features.mean(axis=0).astype(np.float32), np.sqrt(spread * noticed).astype(np.float32))

    def forward(self, features: np.ndarray) -> np.ndarray:
        """Features (..., D) to network units."""
        return (features - self.mean) / self.scale

    def backward(self, units: np.ndarray) -> np.ndarray:
        """Network units (..., D) to features."""
        return units * self.scale + self.mean
