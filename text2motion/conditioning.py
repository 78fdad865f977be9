"""What the denoiser is told: clauses as token states, signatures and times, padded into one batch. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from text2motion.encoder import TOKEN_DIM
from text2motion.planning import PlannedClause
from text2motion.signature import SIGNATURE_NAMES, signature_of

MOST_COUNT = 8
#: The ``role`` of a model of both parts: every clause is its own.
JOINT_ROLE = 2


@dataclass(frozen=True)
class Condition:
    """A batch of B prompts with at most K clauses of at most L tokens.

    Attributes:
        tokens: (B, K, L, E) float32 token states; E is the encoder's width.
        token_mask: (B, K, L) True where there is a token.
        clause_mask: (B, K) True where there is a clause.
        spans: (B, K, 3) start, settle, release in seconds.
        counts: (B, K) repetitions.
        own: (B, K) 1 where the clause belongs to this model's part of the prompt, else 0.
        signature: (B, K, S) what the vocabulary knows of the action, see ``text2motion.signature``.
        intensity: (B,) overall strength, 1 ordinary.
    """

    tokens: np.ndarray
    token_mask: np.ndarray
    clause_mask: np.ndarray
    spans: np.ndarray
    counts: np.ndarray
    own: np.ndarray
    signature: np.ndarray
    intensity: np.ndarray


def make_condition(
    planned: list[PlannedClause], states: list[np.ndarray], *, role: int, intensity: float
) -> Condition:
    """One prompt (B = 1) for the model of ``role``; ``states`` are the token states of the clauses' texts."""
    clauses = max(len(planned), 1)
    length = max([len(state) for state in states], default=1)
    width = states[0].shape[1] if states else TOKEN_DIM
    tokens = np.zeros((1, clauses, length, width), np.float32)
    token_mask = np.zeros((1, clauses, length), bool)
    token_mask[:, :, 0] = True
    clause_mask = np.zeros((1, clauses), bool)
    spans = np.zeros((1, clauses, 3), np.float32)
    counts = np.ones((1, clauses), np.float32)
    own = np.zeros((1, clauses), np.float32)
    signature = np.zeros((1, clauses, len(SIGNATURE_NAMES)), np.float32)
    for index, (item, state) in enumerate(zip(planned, states, strict=True)):
        tokens[0, index, : len(state)] = state
        token_mask[0, index, : len(state)] = True
        clause_mask[0, index] = True
        spans[0, index] = item.start, item.settle, item.release
        counts[0, index] = min(item.clause.resolved_count(), MOST_COUNT)
        own[0, index] = float(role in (item.clause.role, JOINT_ROLE))
        signature[0, index] = signature_of(item.clause)
    strength = np.array([intensity], np.float32)
    return Condition(tokens, token_mask, clause_mask, spans, counts, own, signature, strength)
