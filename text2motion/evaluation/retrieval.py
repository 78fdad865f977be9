"""The nearest-caption baseline: a prompt gets the motion of the training caption whose embedding is nearest.

Captions of single actions and of composed scenes lie in one pool. The embedding is all-MiniLM-L6-v2's: the
mean of the token states of the whole prompt, normalised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from flame.sequence import FlameSequence
from text2motion.corpus.scenes import perform_plan
from text2motion.evaluation.captions import Captioned, scene_captions, single_captions
from text2motion.evaluation.generators import Generator
from text2motion.planning import plan

#: texts -> token states (L, D) of each
Encode = Callable[[list[str]], list[np.ndarray]]


class NearestCaption:
    """A pool of captions with their embeddings (N, D)."""

    def __init__(self, pool: Sequence[Captioned], encode: Encode) -> None:
        self._pool = list(pool)
        self._encode = encode
        self._embeddings = sentence_vectors([item.text.lower() for item in self._pool], encode)

    def nearest(self, prompt: str) -> Captioned:
        """The caption of the pool that lies nearest to the prompt."""
        vector = sentence_vectors([prompt.lower()], self._encode)[0]
        return self._pool[int(np.argmax(self._embeddings @ vector))]

    def perform(self, prompt: str, seconds: float, seed: int) -> FlameSequence:
        """That caption's scene, laid out over the clip and performed by the corpus."""
        planned = plan(list(self.nearest(prompt).clauses), seconds=seconds)
        return perform_plan(planned, seconds=seconds, seed=seed)


def sentence_vectors(texts: list[str], encode: Encode) -> np.ndarray:
    """(N, D) unit vectors: means of token states."""
    means = np.stack([states.mean(axis=0) for states in encode(texts)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def by_retrieval(*, seed: int = 0, scenes: int = 4000, encode: Encode | None = None) -> Generator:
    """The baseline over all single captions and ``scenes`` composed ones."""
    from text2motion.encoder import default_encoder

    generator = np.random.default_rng(seed)
    pool = single_captions(generator) + scene_captions(generator, scenes)
    return NearestCaption(pool, default_encoder().encode if encode is None else encode).perform
