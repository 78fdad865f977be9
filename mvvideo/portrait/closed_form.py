"""Closed-form matting: the matte that is locally a linear function of colour and agrees with what is certain."""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ["closed_form_matte"]

EPSILON = 1e-5
"""Regularisation of a window's colour covariance: below this variance (per 9 pixels) nothing is told apart."""
CERTAIN = 100.0
"""Weight of certain pixels; windows weigh about 1."""
MOST_STEPS = 150


def closed_form_matte(
    image: np.ndarray, prior: np.ndarray, unsure: np.ndarray, weight: np.ndarray | float
) -> np.ndarray:
    """Solve for the matte in a band (Levin et al., "A Closed-Form Solution to Natural Image Matting", TPAMI 2008).

    Args:
        image: ``(S, S, 3)`` float32 in [0, 1].
        prior: ``(S, S)`` float32: the matte outside the band, and what it is drawn to inside.
        unsure: ``(S, S)`` bool: the band.
        weight: how strongly it is drawn there, against 1 for a window of the picture; ``(S, S)`` or a number.

    Returns:
        ``(S, S)`` float32 in [0, 1].
    """
    from scipy.sparse import coo_matrix, diags
    from scipy.sparse.linalg import cg

    size = image.shape[0]
    centres = cv2.dilate(unsure.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    centres[[0, -1]] = centres[:, [0, -1]] = False
    y, x = np.nonzero(centres)
    if not len(y):
        return prior.astype(np.float32)
    dy, dx = (offset.ravel() for offset in np.mgrid[-1:2, -1:2])
    members = (y[:, None] + dy) * size + (x[:, None] + dx)  # (N, 9)
    colours = image.reshape(-1, 3)[members].astype(np.float64)  # (N, 9, 3)
    off = colours - colours.mean(axis=1, keepdims=True)
    inverse = np.linalg.inv(off.transpose(0, 2, 1) @ off / 9 + EPSILON / 9 * np.eye(3))
    affinity = (1 + off @ inverse @ off.transpose(0, 2, 1)) / 9  # (N, 9, 9)
    used, compact = np.unique(members, return_inverse=True)
    compact = compact.reshape(members.shape)
    count = len(used)
    rows = np.repeat(compact, 9, axis=1).ravel()
    columns = np.tile(compact, (1, 9)).ravel()
    weights = coo_matrix((affinity.ravel(), (rows, columns)), shape=(count, count)).tocsr()
    laplacian = diags(np.asarray(weights.sum(axis=1)).ravel()) - weights
    free = unsure.ravel()[used]
    pull = np.where(free, np.broadcast_to(weight, unsure.shape).ravel()[used], CERTAIN)
    goal = prior.ravel()[used].astype(np.float64)
    system = (laplacian + diags(pull)).tocsr()
    scale = diags(1 / system.diagonal())
    solved, _ = cg(system, pull * goal, x0=goal, rtol=1e-4, maxiter=MOST_STEPS, M=scale)
    result = prior.astype(np.float32).ravel().copy()
    result[used[free]] = np.clip(solved[free], 0, 1)
    return result.reshape(size, size)
