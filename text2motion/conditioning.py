"""What the denoiser is told: clauses as token states with their times, padded into one batch. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from text2motion.encoder import TOKEN_DIM
from text2motion.planning import PlannedClause

MOST_COUNT = 8


@dataclass(frozen=True)
class Condition:
    """A batch of B prompts with at most K clauses of at most L tokens.

    Attributes:
        tokens: (B, K, L, 384) float32 token states.
        token_mask: (B, K, L) True where there is a token.
        clause_mask: (B, K) True where there is a clause.
        spans: (B, K, 3) start, settle, release in seconds.
        counts: (B, K) repetitions.
        own: (B, K) 1 where the clause belongs to this model's part of the prompt, else 0.
        intensity: (B,) overall strength, 1 ordinary.
    """

    tokens: np.ndarray
    token_mask: np.ndarray
    clause_mask: np.ndarray
    spans: np.ndarray
    counts: np.ndarray
    own: np.ndarray
    intensity: np.ndarray


def make_condition(
    planned: list[PlannedClause], states: list[np.ndarray], *, role: int, intensity: float
) -> Condition:
    """One prompt (B = 1) for the model of ``role``; ``states`` are the token states of the clauses' texts."""
    clauses = max(len(planned), 1)
    length = max([len(state) for state in states], default=1)
    tokens = np.zeros((1, clauses, length, TOKEN_DIM), np.float32)
    token_mask = np.zeros((1, clauses, length), bool)
    token_mask[:, :, 0] = True
    clause_mask = np.zeros((1, clauses), bool)
    spans = np.zeros((1, clauses, 3), np.float32)
    counts = np.ones((1, clauses), np.float32)
    own = np.zeros((1, clauses), np.float32)
    for index, (item, state) in enumerate(zip(planned, states, strict=True)):
        tokens[0, index, : len(state)] = state
        token_mask[0, index, : len(state)] = True
        clause_mask[0, index] = True
        spans[0, index] = item.start, item.settle, item.release
        counts[0, index] = min(item.clause.resolved_count(), MOST_COUNT)
        own[0, index] = float(item.clause.role == role)
    return Condition(tokens, token_mask, clause_mask, spans, counts, own, np.array([intensity], np.float32))
