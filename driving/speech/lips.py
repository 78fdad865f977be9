"""Lips in millimetres: the gap between them as a function of jaw and expression shapes.

With the head still, a landmark of the embedded head is ``p = x + w (R x − x)`` about the jaw's joint, where
``x`` is linear in the expression weights and in the corrective ``R − 1``, and ``R`` turns the jaw about +x.
So at a given jaw angle the height of the upper over the lower lip is *exactly linear* in the expression
weights. The slopes are kept on a grid of jaw angles and interpolated; this is what makes a lip seal on the
posed mesh a matter of solving one linear equation, and a lip-gap loss one matrix product.

The gap is the one of :func:`flame.signals.measure` (``lip_gap_mm``): the middle third of the inner lips, beyond
the closed lips of this head. Here it keeps its sign: below zero the lips are pressed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

MIDDLE_PAIRS: tuple[tuple[int, int], ...] = ((13, 14), (82, 87), (312, 317))
"""Upper and lower inner-lip landmarks of the middle third, the ones of ``lip_gap_mm``."""
_JAW = 2
_GRID_RADIANS = np.linspace(0.0, 0.48, 17)


@dataclass(frozen=True, eq=False)
class LipMeter:
    """Signed lip gaps of the embedded head's mean identity.

    Attributes:
        jaw_grid: (K,) jaw angles in radians, rising from 0.
        offset: (K,) gap in mm at each angle with the face at rest (offset[0] = 0).
        slope: (K, 53) mm that a full expression shape adds at each angle.
    """

    jaw_grid: np.ndarray
    offset: np.ndarray
    slope: np.ndarray

    def gap_mm(self, expression: np.ndarray, jaw_radians: np.ndarray) -> np.ndarray:
        """(T,) signed gap of the middle of the lips.

        Args:
            expression: (T, 53) weights.
            jaw_radians: (T,) angle of the jaw about +x.
        """
        place = np.clip(np.interp(jaw_radians, self.jaw_grid, np.arange(len(self.jaw_grid))), 0, None)
        low = np.minimum(place.astype(np.int64), len(self.jaw_grid) - 2)
        part = (place - low)[:, None]
        both = self.slope[low] * (1 - part) + self.slope[low + 1] * part  # (T, 53)
        rest = np.interp(jaw_radians, self.jaw_grid, self.offset)
        return rest + np.einsum("te,te->t", np.asarray(expression, np.float64), both)

    def slope_at(self, jaw_radians: np.ndarray, name: str | int) -> np.ndarray:
        """(T,) mm that the full shape of that name (or column) adds at these jaw angles."""
        from flame.rig import EXPRESSION_NAMES

        column = EXPRESSION_NAMES.index(name) if isinstance(name, str) else name
        return np.interp(jaw_radians, self.jaw_grid, self.slope[:, column])


@lru_cache(maxsize=1)
def lip_meter() -> LipMeter:
    """The meter of the embedded head (worked out once, some 20 ms)."""
    return LipMeter(_GRID_RADIANS, *_pair_heights(MIDDLE_PAIRS))


def _pair_heights(pairs: tuple[tuple[int, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean height of the upper over the lower points in mm: (K,) beyond rest, and (K, 53) per shape."""
    from flame.head import load_head
    from flame.rotations import axis_angle_to_matrix

    head = load_head("open")
    embedding = head.landmarks_478
    assert embedding is not None  # the embedded head has them
    joint = (np.asarray(head.J_regressor[_JAW], np.float64) @ head.v_template.astype(np.float64))[:, None]
    points = np.array([index for pair in pairs for index in pair])
    corners = head.faces[embedding.face_index[points]]  # (P, 3) vertices
    share = embedding.barycentric[points].astype(np.float64)  # (P, 3)
    rest = head.v_template[corners].astype(np.float64)  # (P, 3 corners, xyz)
    basis = np.asarray(head.expression_basis[corners], np.float64)  # (P, 3, xyz, E)
    directions = np.asarray(head.posedirs[corners], np.float64)  # (P, 3, xyz, 36)
    weight = head.weights[corners, _JAW].astype(np.float64)  # (P, 3)
    sign = np.tile([1.0, -1.0], len(pairs)) / len(pairs) * 1000.0
    turns = axis_angle_to_matrix(np.stack([_GRID_RADIANS, 0 * _GRID_RADIANS, 0 * _GRID_RADIANS], axis=1))
    heights, slopes = [], []
    for turn in np.asarray(turns, np.float64):
        feature = np.zeros(36)
        feature[9:18] = (turn - np.eye(3)).reshape(-1)
        shaped = rest + directions @ feature
        row = np.eye(3)[1] + weight[..., None] * (
            turn[1] - np.eye(3)[1]
        )  # (P, 3, xyz): y of the skinned point
        moved = np.einsum("pcx,pcx->pc", row, shaped)
        moved = moved + weight * (joint[1, 0] - turn[1] @ joint[:, 0])
        heights.append(np.einsum("p,pc,pc->", sign, share, moved))
        slopes.append(np.einsum("p,pc,pcx,pcxe->e", sign, share, row, basis))
    return np.array(heights) - heights[0], np.array(slopes)
