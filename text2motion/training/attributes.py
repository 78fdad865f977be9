"""What captions mean, as numbers: the lesson that teaches the clause encoder its words.

Denoising alone tells the encoder only through frames which caption means what, which costs many scenes.
Predicting the action and the signature from the words is a direct lesson, and costs seconds.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from text2motion.corpus.scenes import Saying
from text2motion.corpus.vocabulary import ACTIONS
from text2motion.planning import Clause
from text2motion.signature import SIGNATURE_NAMES, signature_of


def caption_lessons(sayings: tuple[Saying, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Action index (N,) and signature (N, S) of every caption set."""
    number = {action.name: index for index, action in enumerate(ACTIONS)}
    actions = np.array([number[saying[0]] for saying in sayings], np.int64)
    meant = [
        signature_of(Clause("", 0, 0, name, speed, count, size=size)) for name, speed, size, count in sayings
    ]
    return actions, np.stack(meant)


class WordLesson(nn.Module):
    """The words' vector -> action logits and signature; used in training only."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.action = nn.Linear(width, len(ACTIONS))
        self.meant = nn.Linear(width, len(SIGNATURE_NAMES))

    def forward(self, words: Tensor, actions: Tensor, meant: Tensor) -> Tensor:
        """Cross-entropy plus scaled squared error; words (M, W), actions (M,), meant (M, S)."""
        named = F.cross_entropy(self.action(words).float(), actions)
        return named + 5.0 * F.mse_loss(self.meant(words).float(), meant)


def noisy_tokens(tokens: Tensor, generator: torch.Generator, *, strength: float) -> Tensor:
    """Token states with noise relative to their size, so that unseen phrasings land near seen ones."""
    noise = torch.randn(tokens.shape, generator=generator, device=tokens.device, dtype=tokens.dtype)
    return tokens + strength * noise * tokens.std()
