"""A motion as the network sees it: named columns, 6D rotations, units by measured statistics.

The lids' following of the gaze (``eyeLook*``) is no column: it is worked out from the eyes, as for text.
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

MOTION_FPS = 50
"""Frames per second inside: a lip seal may last 50 ms. Any rate is read off these."""

_SIX = tuple(f"{row}{column}" for column in "xy" for row in "xyz")
_ROTATIONS = ("neck", "rotation", "jaw", "eye")
_SHAPES = tuple(name for name in EXPRESSION_NAMES if not name.startswith("eyeLook"))
_SHAPE_COLUMNS = np.array([EXPRESSION_NAMES.index(name) for name in _SHAPES])
_CENTIMETRES = 100.0
COLUMNS: tuple[str, ...] = (
    *(f"{joint}_{part}" for joint in _ROTATIONS for part in _SIX),
    *(f"translation_cm_{axis}" for axis in "xyz"),
    "eyelid_left",
    "eyelid_right",
    *_SHAPES,
)
EYE_COLUMNS = slice(18, 24)
LID_COLUMNS = slice(27, 29)
_FACE = slice(29, 29 + len(_SHAPES))
_MOUTH_WORDS = ("mouth", "jaw", "lips", "tongue", "cheekPuff")
LIP_COLUMNS: np.ndarray = np.array(
    [i for i, name in enumerate(COLUMNS) if name.startswith(_MOUTH_WORDS) and "Smile" not in name]
)
"""Columns that the sound decides; the others are free to vary with the seed."""
FACE_COLUMNS: np.ndarray = np.arange(_FACE.start, _FACE.stop)
#: Column of FlameSequence.expression for each column from FACE_COLUMNS on.
SHAPE_COLUMNS: np.ndarray = _SHAPE_COLUMNS
JAW_COLUMNS = slice(12, 18)
CONTACTS: tuple[str, ...] = ("seal", "contact", "speech", "bilabial")
"""What is known of a frame beside its motion: lips closed (in pauses too), lip on teeth, somebody speaks, lips
closed by p, b or m."""


def to_columns(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """(T, D) float32 of the per-frame arrays of a FlameSequence (the left eye stands for both)."""
    rotations = [arrays["neck"], arrays["rotation"], arrays["jaw"], arrays["eyes"][:, :3]]
    six = [matrix_to_rotation_6d(axis_angle_to_matrix(np.asarray(r, np.float32))) for r in rotations]
    parts = [
        *six,
        _CENTIMETRES * arrays["translation"],
        arrays["eyelids"],
        arrays["expression"][:, _SHAPE_COLUMNS],
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def from_columns(columns: np.ndarray) -> dict[str, np.ndarray]:
    """(T, D) to the per-frame arrays of a FlameSequence in basis "open"; ranges are kept."""
    six = columns[:, :24].reshape(len(columns), 4, 6)
    turns = matrix_to_axis_angle(rotation_6d_to_matrix(six)).astype(np.float32)  # (T, 4, 3)
    jaw = turns[:, 2].copy()
    jaw[:, 0] = np.maximum(jaw[:, 0], 0.0)  # the mouth cannot open upwards
    expression = np.zeros((len(columns), len(EXPRESSION_NAMES)), np.float32)
    expression[:, _SHAPE_COLUMNS] = np.clip(columns[:, _FACE], 0.0, 1.0)
    return {
        "neck": turns[:, 0],
        "rotation": turns[:, 1],
        "jaw": jaw,
        "eyes": np.concatenate([turns[:, 3], turns[:, 3]], axis=1),
        "eyelids": np.clip(columns[:, LID_COLUMNS], 0.0, 1.0),
        "translation": (columns[:, 24:27] / _CENTIMETRES).astype(np.float32),
        "expression": expression,
    }


def with_eyes(columns: np.ndarray, lids: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """A copy of (T, D) with other lids (T,) and another gaze (T, 2), radians about +x and +y."""
    changed = columns.copy()
    turn = np.concatenate([gaze, np.zeros((len(gaze), 1), gaze.dtype)], axis=1)
    changed[:, EYE_COLUMNS] = matrix_to_rotation_6d(axis_angle_to_matrix(turn))
    changed[:, LID_COLUMNS] = lids[:, None]
    return changed


def rest_columns() -> np.ndarray:
    """(D,) of a head at rest."""
    rest = np.zeros(len(COLUMNS), np.float32)
    rest[[i for i, name in enumerate(COLUMNS) if name.endswith(("_xx", "_yy"))]] = 1.0
    return rest


@dataclass(frozen=True)
class Units:
    """Mean and scale of every column, (D,) float32 each."""

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def measure(cls, columns: np.ndarray, *, floor: float = 0.02) -> Units:
        """From (N, D) frames; a column that hardly moves gets ``floor`` as its scale and stays near its mean."""
        scale = np.maximum(columns.std(axis=0), floor).astype(np.float32)
        return cls(columns.mean(axis=0).astype(np.float32), scale)

    def forward(self, columns: np.ndarray) -> np.ndarray:
        """Columns (..., D) to network units."""
        return ((columns - self.mean) / self.scale).astype(np.float32)

    def backward(self, units: np.ndarray) -> np.ndarray:
        """Network units (..., D) to columns."""
        return (units * self.scale + self.mean).astype(np.float32)
