"""Motion of one head carried over to another head's coefficients.

Coefficients of two heads are not interchangeable, not even between two versions of FLAME. What is
interchangeable is how far a place on the face moves, so the displacements that each basis vector causes at
points both heads share (their facial landmarks) are matched by ridge least squares. Joint rotations,
eyelids and translation mean the same on every head in FLAME's layout and are copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import HeadFileError, input_error
from flame.rotations import rigid_transform
from flame.sequence import FlameSequence

if TYPE_CHECKING:
    from flame.head import FlameHead

#: A displacement of this size (metres) for a coefficient of one standard deviation is worth reproducing.
_RIDGE_METRES = 2e-4
_ROUNDS = 60


@dataclass(frozen=True)
class RetargetReport:
    """How well the other head can make the same motion, over the points both share.

    Attributes:
        error_mm: (T,) mean distance between wanted and reached displacement per frame.
        worst_mm: largest distance of any point in any frame.
        moved_mm: (T,) mean displacement that was wanted, to judge the error by.
        shape_error_mm: the same mean distance for the identity.
        points: how many shared points were compared.
        source, target: names of the bases.
    """

    error_mm: np.ndarray
    worst_mm: float
    moved_mm: np.ndarray
    shape_error_mm: float
    points: int
    source: str
    target: str

    def __str__(self) -> str:
        return (
            f"retargeted {self.source} to {self.target}: mean error {float(self.error_mm.mean()):.2f} mm "
            f"of {float(self.moved_mm.mean()):.2f} mm moved, worst {self.worst_mm:.2f} mm, "
            f"identity {self.shape_error_mm:.2f} mm, over {self.points} points"
        )


def retarget(
    sequence: FlameSequence, head_to: FlameHead | str, *, head_from: FlameHead | None = None
) -> tuple[FlameSequence, RetargetReport]:
    """Express a motion in another head's basis.

    Args:
        sequence: motion in basis ``sequence.basis``.
        head_to: the head to go to, or its name.
        head_from: the head the motion is in; loaded by ``sequence.basis`` when not given.

    Returns:
        The sequence with ``basis = head_to.name`` and a report of the error in millimetres.

    Raises:
        HeadFileError: the two heads share no landmark set.
    """
    source = _loaded(sequence.basis) if head_from is None else head_from
    target = _loaded(head_to) if isinstance(head_to, str) else head_to
    if source.name == target.name:
        still = np.zeros(len(sequence))
        report = RetargetReport(still, 0.0, still, 0.0, 0, source.name, target.name)
        return sequence, report
    which = _shared_set(source, target)
    to_shape, to_expression, to_rest = _point_bases(target, which)
    from_shape, from_expression, from_rest = _moved_to(to_rest, *_point_bases(source, which))
    columns = sequence.expression.shape[1]
    wanted = _displacements(from_expression[:, :columns], sequence.expression)
    expression = _solve_expression(to_expression, wanted, bounded=_is_rig(target))
    reached = _displacements(to_expression, expression)
    # identity: the whole face, its own rest included, since the two templates differ
    person = from_rest + _displacements(from_shape[:, : len(sequence.shape)], sequence.shape[None])[0]
    wanted_shape = person - to_rest
    shape = _ridge(to_shape, wanted_shape[None], strength=1.0)[0]
    shape_error = _displacements(to_shape, shape[None])[0] - wanted_shape
    away = np.linalg.norm((reached - wanted).reshape(len(sequence), -1, 3), axis=2) * 1000.0
    moved = np.linalg.norm(wanted.reshape(len(sequence), -1, 3), axis=2) * 1000.0
    report = RetargetReport(
        error_mm=away.mean(axis=1),
        worst_mm=float(away.max()),
        moved_mm=moved.mean(axis=1),
        shape_error_mm=float(np.linalg.norm(shape_error.reshape(-1, 3), axis=1).mean() * 1000.0),
        points=away.shape[1],
        source=source.name,
        target=target.name,
    )
    return sequence.replace(shape=shape, expression=expression, basis=target.name), report


def _loaded(name: str) -> FlameHead:
    from flame.head import load_head

    return load_head(name)


def _shared_set(a: FlameHead, b: FlameHead) -> str:
    """The richest landmark set that both heads have."""
    for which in ("478", "68"):
        if all(getattr(head, f"landmarks_{which}", None) is not None for head in (a, b)):
            return which
    raise input_error(
        HeadFileError, "the heads share no landmarks", f"{a.name} and {b.name}", "embed 68 landmarks in both"
    )


def _point_bases(head: FlameHead, which: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(3N, S) identity and (3N, E) expression displacements and (3N,) rest place of the shared points."""
    rest = np.asarray(head.landmarks(np.asarray(head.v_template, dtype=np.float64), which))
    bases = []
    for basis in (head.shape_basis, head.expression_basis):
        fields = np.moveaxis(np.asarray(basis, dtype=np.float64), 2, 0)  # (K, V, 3)
        bases.append(np.asarray(head.landmarks(fields, which)).reshape(len(fields), -1).T)
    return bases[0], bases[1], rest.reshape(-1)


def _displacements(basis: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """(3N, K), (T, K) -> (T, 3N) metres."""
    return np.asarray(coefficients, dtype=np.float64) @ basis.T


def _is_rig(head: FlameHead) -> bool:
    return "mouthSmileLeft" in tuple(getattr(head, "expression_names", ()) or ())


def _ridge(basis: np.ndarray, wanted: np.ndarray, *, strength: float) -> np.ndarray:
    """(T, K) least-squares coefficients; the ridge keeps unseen directions at 0."""
    gram = basis.T @ basis
    gram[np.diag_indices_from(gram)] += strength * len(basis) / 3 * _RIDGE_METRES**2
    return np.linalg.solve(gram, basis.T @ wanted.T).T


def _solve_expression(basis: np.ndarray, wanted: np.ndarray, *, bounded: bool) -> np.ndarray:
    """(T, E) coefficients; rig weights are kept in 0..1 by projected coordinate steps."""
    coefficients = _ridge(basis, wanted, strength=1.0)
    if not bounded:
        return coefficients
    gram = basis.T @ basis
    gram[np.diag_indices_from(gram)] += len(basis) / 3 * _RIDGE_METRES**2
    right = wanted @ basis  # (T, E)
    weights = np.clip(coefficients, 0.0, 1.0)
    for _ in range(_ROUNDS):
        for k in range(weights.shape[1]):
            gap = right[:, k] - weights @ gram[k]
            weights[:, k] = np.clip(weights[:, k] + gap / gram[k, k], 0.0, 1.0)
    return weights


def _moved_to(
    target_rest: np.ndarray, shape: np.ndarray, expression: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The source's bases and rest in the target's axes: templates may disagree about the origin."""
    turn, offset = rigid_transform(rest.reshape(-1, 3), target_rest.reshape(-1, 3))

    def turned(basis: np.ndarray) -> np.ndarray:
        return np.einsum("ij,njk->nik", turn, basis.reshape(-1, 3, basis.shape[1])).reshape(basis.shape)

    placed = (rest.reshape(-1, 3) @ turn.T + offset).reshape(-1)
    return turned(shape), turned(expression), placed
