"""Loops that numpy cannot do fast: relaxation on pixel grids and meshes."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["adjacency", "relax_grid", "relax_mesh"]


@njit(cache=True)
def _relax_grid(values, source, fixed, domain, sweeps, omega):
    height, width = values.shape
    for _ in range(sweeps):
        for parity in range(2):
            for y in range(height):
                for x in range((y + parity) % 2, width, 2):
                    if fixed[y, x] or not domain[y, x]:
                        continue
                    total = np.float32(0.0)
                    count = 0
                    # A neighbour outside the domain mirrors this pixel (no flow across): it adds nothing.
                    if y > 0 and domain[y - 1, x]:
                        total += values[y - 1, x]
                        count += 1
                    if y < height - 1 and domain[y + 1, x]:
                        total += values[y + 1, x]
                        count += 1
                    if x > 0 and domain[y, x - 1]:
                        total += values[y, x - 1]
                        count += 1
                    if x < width - 1 and domain[y, x + 1]:
                        total += values[y, x + 1]
                        count += 1
                    if count > 0:
                        goal = (total + source[y, x]) / count
                        values[y, x] += omega * (goal - values[y, x])


def relax_grid(
    values: np.ndarray,
    *,
    fixed: np.ndarray,
    domain: np.ndarray | None = None,
    source: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Solve Laplacian(v) = −source on a grid of unit spacing, v kept where ``fixed``.

    Args:
        values: ``(H, W)`` start and boundary values.
        fixed: ``(H, W)`` bool.
        domain: ``(H, W)`` bool; nothing flows across its border. None: everywhere.
        source: ``(H, W)`` or a number, in units of value per squared grid step.

    Returns:
        ``(H, W)`` float32. Coarse to fine: the start of each level is the solution of the one below.
    """
    import cv2

    height, width = values.shape
    inside = np.ones((height, width), bool) if domain is None else domain.astype(bool)
    pull = np.broadcast_to(np.asarray(source, np.float32), (height, width)).copy()
    kept = fixed.astype(bool) & inside
    solved = values.astype(np.float32).copy()
    if min(height, width) > 12:
        half = ((width + 1) // 2, (height + 1) // 2)
        weight = cv2.resize(kept.astype(np.float32), half, interpolation=cv2.INTER_AREA)
        mean = cv2.resize(solved * kept, half, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6)
        coarse = relax_grid(
            mean,
            fixed=weight > 0.25,
            domain=cv2.resize(inside.astype(np.float32), half, interpolation=cv2.INTER_AREA) > 0.25,
            source=4 * cv2.resize(pull, half, interpolation=cv2.INTER_AREA),
        )
        start = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        solved = np.where(kept, solved, start).astype(np.float32)
    _relax_grid(solved, pull, kept, inside, 24 if min(height, width) > 12 else 120, np.float32(1.5))
    return solved


def adjacency(triangles: np.ndarray, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every vertex as (starts ``(V + 1,)``, neighbours), each edge once per direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]]).astype(np.int64)
    keys = np.unique(edges[:, 0] * vertices + edges[:, 1])
    starts = np.searchsorted(keys, np.arange(vertices + 1) * vertices)
    return starts.astype(np.int64), (keys % vertices).astype(np.int64)


@njit(cache=True)
def _relax_mesh(starts, neighbours, values, fixed, reached, sweeps):
    vertices, channels = values.shape
    mean = np.zeros(channels, np.float32)
    for sweep in range(sweeps):
        for step in range(vertices):
            v = step if sweep % 2 == 0 else vertices - 1 - step
            if fixed[v]:
                continue
            count = 0
            for c in range(channels):
                mean[c] = 0.0
            for k in range(starts[v], starts[v + 1]):
                n = neighbours[k]
                if reached[n]:
                    count += 1
                    for c in range(channels):
                        mean[c] += values[n, c]
            if count > 0:
                reached[v] = True
                for c in range(channels):
                    values[v, c] = mean[c] / count


def relax_mesh(
    links: tuple[np.ndarray, np.ndarray], values: np.ndarray, *, fixed: np.ndarray, sweeps: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """Fill vertex values smoothly (harmonically) from fixed ones.

    Args:
        links: :func:`adjacency`.
        values: ``(V, C)``.
        fixed: ``(V,)`` bool: where the values are given.
        sweeps: Gauss-Seidel passes; unknown vertices first take their known neighbours' mean.

    Returns:
        values ``(V, C)`` float32, and ``(V,)`` bool: which vertices are joined to a fixed one at all.
    """
    filled = values.astype(np.float32).copy()
    reached = fixed.astype(np.bool_).copy()
    _relax_mesh(links[0], links[1], filled, fixed.astype(np.bool_), reached, sweeps)
    return filled, reached
