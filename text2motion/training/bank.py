"""The caption bank: every caption of the corpus with its token states, in one compact file.

Captions are clauses, so a few thousand cover the corpus. Token states are 8-bit with one scale per token
(error below half a percent), which lets a machine without the sentence encoder train from the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flame.errors import ConfigError, input_error
from text2motion.corpus.scenes import Saying, all_sayings, captions_of

_FORMAT = "mvportrait-caption-bank"
_VERSION = 1


@dataclass(frozen=True)
class CaptionBank:
    """N captions: ``states`` (M, 384) int8 rows of all tokens, ``scales`` (M,), ``offsets`` (N + 1,) into
    them."""

    texts: tuple[str, ...]
    of_saying: dict[Saying, np.ndarray]
    states: np.ndarray
    scales: np.ndarray
    offsets: np.ndarray

    def dense(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, L, 384) float16 token states padded to the longest caption, and the lengths (N,)."""
        lengths = np.diff(self.offsets)
        padded = np.zeros((len(lengths), int(lengths.max()), self.states.shape[1]), np.float16)
        for index, (begin, length) in enumerate(zip(self.offsets[:-1], lengths, strict=True)):
            rows = slice(begin, begin + length)
            padded[index, :length] = self.states[rows] * self.scales[rows, None]
        return padded, lengths


def build_bank(encode, *, seed: int = 0, plain: int = 24, modified: int = 6) -> CaptionBank:
    """Draw captions of every saying and encode them.

    Args:
        encode: list of texts -> list of (L, 384) token states.
        seed: of the captions drawn.
        plain: captions of an action said without adverb or count.
        modified: captions of each combination with adverbs or counts.
    """
    generator = np.random.default_rng(seed)
    texts: dict[str, int] = {}
    of_saying: dict[Saying, np.ndarray] = {}
    for saying in all_sayings():
        most = plain if saying[1:] == (0, 0, 0) else modified
        drawn = captions_of(saying, generator, most=most)
        of_saying[saying] = np.array([texts.setdefault(text, len(texts)) for text in drawn], np.int32)
    states = encode(list(texts))
    stacked = np.concatenate(states)
    scales = np.abs(stacked).max(axis=1) / 127.0
    quantised = np.rint(stacked / scales[:, None]).astype(np.int8)
    offsets = np.concatenate([[0], np.cumsum([len(state) for state in states])]).astype(np.int32)
    return CaptionBank(tuple(texts), of_saying, quantised, scales.astype(np.float16), offsets)


def save_bank(bank: CaptionBank, path: Path) -> None:
    """Write one compressed npz."""
    index = [[list(saying), rows.tolist()] for saying, rows in bank.of_saying.items()]
    np.savez_compressed(
        path, format=_FORMAT, version=_VERSION, texts=json.dumps(bank.texts), index=json.dumps(index),
        states=bank.states, scales=bank.scales, offsets=bank.offsets,
    )  # fmt: skip


def load_bank(path: Path) -> CaptionBank:
    """Read what :func:`save_bank` wrote.

    Raises:
        ConfigError: not a caption bank, or one of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if str(data["format"]) != _FORMAT or int(data["version"]) != _VERSION:
                raise KeyError("format")
            index = json.loads(str(data["index"]))
            of_saying = {tuple(saying): np.array(rows, np.int32) for saying, rows in index}
            texts = tuple(json.loads(str(data["texts"])))
            return CaptionBank(texts, of_saying, data["states"], data["scales"], data["offsets"])
    except (OSError, KeyError, ValueError) as error:
        raise input_error(
            ConfigError,
            "not a caption bank of this version",
            path,
            "make it with: python -m text2motion.training prepare",
        ) from error
