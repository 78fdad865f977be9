"""What captions mean, as numbers: the auxiliary target that teaches the clause encoder its words early.

Denoising alone tells the encoder only through frames which caption means what, which costs many scenes.
Predicting the action and its amplitudes from the clause vector is a direct lesson, and costs a few seconds.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from text2motion.corpus.controls import CONTROL_INDEX, CONTROLS, POSE_CONTROLS
from text2motion.corpus.scenes import SIZE_FACTOR
from text2motion.corpus.vocabulary import ACTIONS
from text2motion.training.bank import CaptionBank

_POSE_UNIT = 10.0  # degrees per unit
EXTRAS = 2  # speed, size


def caption_attributes(bank: CaptionBank) -> tuple[np.ndarray, np.ndarray]:
    """Action index (N,) and amplitudes, speed, size (N, C + 2) of every caption of the bank."""
    number = {action.name: index for index, action in enumerate(ACTIONS)}
    actions = np.zeros(len(bank.texts), np.int64)
    amounts = np.zeros((len(bank.texts), len(CONTROLS) + EXTRAS), np.float32)
    for (name, speed, size, _count), rows in bank.of_saying.items():
        actions[rows] = number[name]
        for control, amount in ACTIONS[number[name]].targets.items():
            unit = _POSE_UNIT if control in POSE_CONTROLS else 1.0
            amounts[rows, CONTROL_INDEX[control]] = SIZE_FACTOR[size] * amount / unit
        amounts[rows, -2:] = speed, size
    return actions, amounts


class AttributeHead(nn.Module):
    """Clause vector -> action logits and amplitudes; used in training only."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.action = nn.Linear(width, len(ACTIONS))
        self.amounts = nn.Linear(width, len(CONTROLS) + EXTRAS)

    def loss(self, clauses: Tensor, actions: Tensor, amounts: Tensor) -> Tensor:
        """Cross-entropy plus scaled squared error; clauses (M, W), actions (M,), amounts (M, C + 2)."""
        named = F.cross_entropy(self.action(clauses), actions)
        return named + 5.0 * F.mse_loss(self.amounts(clauses), amounts)


def noisy_tokens(tokens: Tensor, generator: torch.Generator, *, strength: float) -> Tensor:
    """Token states with noise relative to their size, so that unseen phrasings land near seen ones."""
    noise = torch.randn(tokens.shape, generator=generator, device=tokens.device, dtype=tokens.dtype)
    return tokens + strength * noise * tokens.std()
