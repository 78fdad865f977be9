"""How near the lower lip is to the upper teeth, in millimetres: what f and v are seen by.

Measured on the posed vertices of the embedded head: the least distance between the middle of the lower lip and
the edge of the upper incisors. At rest it is about 5 mm (the lip covers the teeth from below), in open vowels 6 to
10, in f and v below 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

CONTACT_MM = 3.0
"""Nearer than this counts as contact: vertices are some millimetres apart where surfaces touch."""
_HALF_WIDTH_METRES = 0.010
_EDGE_METRES = 0.0025
_JAW = 2
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class _Parts:
    """Lower lip (L vertices) that moves, edge of the upper teeth (E vertices) that does not."""

    edge: np.ndarray  # (E, 3)
    rest: np.ndarray  # (L, 3)
    basis: np.ndarray  # (L, 3, 53)
    correctives: np.ndarray  # (L, 3, 9) of the jaw
    weight: np.ndarray  # (L,)
    joint: np.ndarray  # (3,)


def lip_teeth_mm(expression: np.ndarray, jaw_radians: np.ndarray) -> np.ndarray:
    """(T,) distance of the lower lip from the upper teeth.

    Args:
        expression: (T, 53) weights of the basis "open".
        jaw_radians: (T,) turn of the jaw about +x.
    """
    from flame.rotations import axis_angle_to_matrix

    parts = _parts()
    expression = np.asarray(expression, np.float64)
    jaw_radians = np.asarray(jaw_radians, np.float64)
    nearest = np.empty(len(expression))
    for start in range(0, len(expression), _CHUNK):
        some = slice(start, start + _CHUNK)
        angle = jaw_radians[some]
        turn = np.asarray(
            axis_angle_to_matrix(np.stack([angle, 0 * angle, 0 * angle], axis=1)), np.float64
        )  # (t, 3, 3)
        shaped = parts.rest + np.einsum("lxe,te->tlx", parts.basis, expression[some])
        shaped += np.einsum("lxk,tk->tlx", parts.correctives, (turn - np.eye(3)).reshape(-1, 9))
        turned = np.einsum("txy,tly->tlx", turn, shaped - parts.joint) + parts.joint
        lip = shaped + parts.weight[:, None] * (turned - shaped)
        apart = lip[:, :, None] - parts.edge  # (t, L, E, 3)
        nearest[some] = np.sqrt((apart**2).sum(axis=-1).min(axis=(1, 2))) * 1000.0
    return nearest


@lru_cache(maxsize=1)
def _parts() -> _Parts:
    from flame.head import load_head

    head = load_head("open")
    at = head.v_template.astype(np.float64)
    teeth = head.region_vertices("teeth")
    upper = teeth[(head.weights[teeth, _JAW] < 0.5) & (np.abs(at[teeth, 0]) < _HALF_WIDTH_METRES)]
    upper = upper[at[upper, 2] > 0.012]  # incisors, not molars behind
    edge = upper[at[upper, 1] < at[upper, 1].min() + _EDGE_METRES]
    lips = head.region_vertices("lips")
    lower = lips[(head.weights[lips, _JAW] > 0.3) & (np.abs(at[lips, 0]) < _HALF_WIDTH_METRES)]
    return _Parts(
        edge=at[edge],
        rest=at[lower],
        basis=np.asarray(head.expression_basis[lower], np.float64),
        correctives=np.asarray(head.posedirs[lower], np.float64)[:, :, 9:18],
        weight=head.weights[lower, _JAW].astype(np.float64),
        joint=np.asarray(head.J_regressor[_JAW], np.float64) @ at,
    )
