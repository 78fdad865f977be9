"""Levenberg-Marquardt for a :class:`~flame.fitting.problem.FitProblem`.

Per-frame parameters are eliminated against the shared ones (Schur complement), so a joint fit of shape
and many frames costs little more than the frames alone. With the shape known, frames can be tied to
their neighbours: the system is then block-tridiagonal and solved exactly, in one sweep each way.
Bounds are kept by an active set: a parameter at its bound that wants to leave is held for the step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.fitting.priors import EXPRESSION, EYELIDS, JAW, LEFT_EYE, RIGHT_EYE
from flame.fitting.problem import FitProblem, FitState, NormalEquations

_CHUNK = 24  # frames whose Jacobian is held at once (about 3 MB each)
_FIRST_DAMPING = 1e-3


@dataclass(frozen=True)
class SolverOptions:
    """How long to try.

    Attributes:
        iterations: most steps taken.
        tolerance: stop when the objective falls by less than this fraction.
    """

    iterations: int = 12
    tolerance: float = 2e-4


def solve(
    problem: FitProblem,
    state: FitState,
    *,
    options: SolverOptions = SolverOptions(),
    stiffness: np.ndarray | None = None,
    settled: np.ndarray | None = None,
) -> FitState:
    """Minimise the objective from ``state``.

    Args:
        stiffness: (F,) weights of squared differences between neighbouring frames (needs a known
            shape), or None for independent frames.
        settled: (F,) values of the frame before the first one, which it is tied to as well.

    Returns:
        The best state found.
    """
    damping = _FIRST_DAMPING
    cost = _total(problem, state, stiffness, settled)
    for _ in range(options.iterations):
        equations = _chunked_equations(problem, state)
        values = problem.values(state)
        held = _held(problem, values, equations.gradient_frame)
        improved = False
        for _attempt in range(4):
            if stiffness is None:
                step, shared = _solve_arrow(equations, damping, held)
            else:
                step = _solve_chain(equations, damping, held, values, stiffness, settled)
                shared = np.zeros(len(equations.gradient_shared))
            candidate = problem.moved(state, step, shared)
            new_cost = _total(problem, candidate, stiffness, settled)
            if new_cost < cost:
                improved = True
                break
            damping *= 10.0
        if not improved:
            break
        damping = max(damping * 0.2, 1e-6)
        fall = (cost - new_cost) / max(cost, 1e-12)
        state, cost = candidate, new_cost
        if fall < options.tolerance:
            break
    return state


def _total(
    problem: FitProblem,
    state: FitState,
    stiffness: np.ndarray | None,
    settled: np.ndarray | None,
) -> float:
    total = float(problem.cost(state).sum())
    if stiffness is not None:
        values = problem.values(state)
        if settled is not None:
            values = np.concatenate([settled[None], values])
        total += float(np.sum(stiffness * np.diff(values, axis=0) ** 2))
    return total


def _chunked_equations(problem: FitProblem, state: FitState) -> NormalEquations:
    """Normal equations of all frames, a few frames' Jacobians at a time (memory stays flat)."""
    frames = len(state.translation)
    if frames <= _CHUNK:
        return problem.normal_equations(state)
    parts = []
    for start in range(0, frames, _CHUNK):
        index = slice(start, min(start + _CHUNK, frames))
        parts.append(problem.frames(index).normal_equations(state.frames(index)))
    prior = problem.shared_prior(state)
    shared = sum(part.shared for part in parts) - (len(parts) - 1) * prior[0]
    gradient = sum(part.gradient_shared for part in parts) - (len(parts) - 1) * prior[1]
    return NormalEquations(
        np.concatenate([part.frame for part in parts]),
        np.concatenate([part.cross for part in parts]),
        shared,
        np.concatenate([part.gradient_frame for part in parts]),
        gradient,
    )


def _held(problem: FitProblem, values: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """(B, F) True where a bounded parameter sits at its bound and the descent would leave it."""
    bounded = np.zeros(values.shape[1], dtype=bool)
    for part in (JAW, LEFT_EYE, RIGHT_EYE, EYELIDS):
        bounded[part] = True
    bounded[EXPRESSION:] = True
    at_low = (values <= problem.table.low + 1e-6) & (gradient > 0)
    at_high = (values >= problem.table.high - 1e-6) & (gradient < 0)
    return bounded & (at_low | at_high)


def _damped(equations: NormalEquations, damping: float, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frame blocks with damping on the diagonal; held parameters decoupled with zero gradient."""
    frame = equations.frame.copy()
    diagonal = np.arange(frame.shape[1])
    frame[:, diagonal, diagonal] *= 1.0 + damping
    free = ~held
    frame *= free[:, :, None] & free[:, None, :]
    frame[:, diagonal, diagonal] += held
    return frame, equations.gradient_frame * free


def _solve_arrow(
    equations: NormalEquations, damping: float, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Steps (B, F) and (C,) of the system with shared parameters."""
    frame, gradient = _damped(equations, damping, held)
    count = len(equations.gradient_shared)
    if count == 0:
        return -np.linalg.solve(frame, gradient[..., None])[..., 0], np.zeros(0)
    cross = equations.cross * ~held[:, :, None]
    solved = np.linalg.solve(frame, np.concatenate([cross, gradient[..., None]], axis=2))
    inner, offset = solved[..., :count], solved[..., count]
    shared = equations.shared + damping * np.diag(np.diag(equations.shared))
    reduced = shared - np.einsum("bfc,bfd->cd", cross, inner)
    right = equations.gradient_shared - np.einsum("bfc,bf->c", cross, offset)
    shared_step = -np.linalg.solve(reduced, right)
    return -offset - inner @ shared_step, shared_step


def _solve_chain(
    equations: NormalEquations,
    damping: float,
    held: np.ndarray,
    values: np.ndarray,
    stiffness: np.ndarray,
    settled: np.ndarray | None,
) -> np.ndarray:
    """Steps (B, F) when neighbouring frames are tied: block Thomas algorithm.

    The off-diagonal blocks are ``−diag(stiffness)``; rows of held parameters are cut out of them.
    """
    frame, gradient = _damped(equations, damping, held)
    frames, count = values.shape
    free = (~held).astype(np.float64)
    pull = np.zeros_like(values)
    links = np.zeros(frames)
    difference = stiffness * np.diff(values, axis=0)
    pull[1:] += difference
    pull[:-1] -= difference
    links[1:] += 1
    links[:-1] += 1
    if settled is not None:
        pull[0] += stiffness * (values[0] - settled)
        links[0] += 1
    diagonal = np.arange(count)
    frame[:, diagonal, diagonal] += links[:, None] * stiffness * free
    right = -(gradient + pull * free)
    gains = np.empty((frames, count, count))
    partial = np.empty((frames, count))
    block, rhs = frame[0], right[0]
    for t in range(frames):
        if t:
            link = stiffness * free[t] * free[t - 1]
            block = frame[t] - link[:, None] * gains[t - 1]
            rhs = right[t] + link * partial[t - 1]
        ahead = stiffness * free[t] * free[t + 1] if t + 1 < frames else np.zeros(count)
        solved = np.linalg.solve(block, np.concatenate([np.diag(ahead), rhs[:, None]], axis=1))
        gains[t], partial[t] = solved[:, :count], solved[:, count]
    step = np.empty_like(values)
    step[-1] = partial[-1]
    for t in range(frames - 2, -1, -1):
        step[t] = partial[t] + gains[t] @ step[t + 1]
    return step
