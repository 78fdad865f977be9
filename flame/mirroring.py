"""Left and right swapped: how shape and expression coefficients change in a mirror at x = 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from flame.head import FlameHead

_MATRICES: dict[tuple[int, str], np.ndarray] = {}


def mirror_coefficients(
    head: FlameHead, shape: np.ndarray, expression: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the mirrored identity and expression.

    Args:
        head: the head of the basis; its ``mirror_index`` (V,) names every vertex's mirror image.
        shape: (S,).
        expression: (T, E); columns named ``…Left``/``…Right`` are exchanged, the others keep their
            value, when the head names its expressions.

    Returns:
        shape (S,), expression (T, E), float32.
    """
    mirrored_shape = shape @ _basis_matrix(head, "shape")[: shape.shape[0], : shape.shape[0]]
    names = tuple(getattr(head, "expression_names", ()) or ())
    if names and expression.shape[1] <= len(names):
        order = mirrored_name_order(names[: expression.shape[1]])
        mirrored_expression = expression[:, order]
    else:
        columns = expression.shape[1]
        mirrored_expression = expression @ _basis_matrix(head, "expression")[:columns, :columns]
    return mirrored_shape.astype(np.float32), mirrored_expression.astype(np.float32)


def mirrored_name_order(names: tuple[str, ...]) -> np.ndarray:
    """For each name the index of its mirror image: ``jawLeft`` ↔ ``jawRight``; (E,) int64."""
    position = {name: i for i, name in enumerate(names)}
    swapped = {"Left": "Right", "Right": "Left"}
    order = []
    for i, name in enumerate(names):
        side = next((s for s in swapped if name.endswith(s)), None)
        twin = name if side is None else name[: -len(side)] + swapped[side]
        order.append(position.get(twin, i))
    return np.array(order, dtype=np.int64)


def _basis_matrix(head: FlameHead, which: str) -> np.ndarray:
    """(K, K) matrix M with ``coefficients @ M`` = the mirrored coefficients, by least squares on vertices."""
    key = (id(head), which)
    if key not in _MATRICES:
        basis = np.asarray(head.shape_basis if which == "shape" else head.expression_basis, dtype=np.float64)
        mirrored = basis[np.asarray(head.mirror_index)] * np.array([-1.0, 1.0, 1.0])[None, :, None]
        flat, target = basis.reshape(-1, basis.shape[2]), mirrored.reshape(-1, basis.shape[2])
        gram = flat.T @ flat
        gram[np.diag_indices_from(gram)] += 1e-9 * np.trace(gram) / max(len(gram), 1) + 1e-18
        # column k of the solution holds the coefficients of basis vector k seen in the mirror
        _MATRICES[key] = np.linalg.solve(gram, flat.T @ target).T
    return _MATRICES[key]
