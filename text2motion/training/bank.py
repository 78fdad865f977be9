"""The caption bank: every caption of a corpus with its token states, in one compact file.

Captions are clauses, so a few thousand cover the corpus. Token states are 8-bit with one scale per token
(error below half a percent), which lets a machine without the sentence encoder train from the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flame.errors import ConfigError, input_error
from text2motion.corpus.scenes import Saying, all_sayings, captions_of

_FORMAT = "mvportrait-caption-bank"
_VERSION = 2

Encode = Callable[[list[str]], list[np.ndarray]]


@dataclass(frozen=True)
class CaptionBank:
    """N captions in sets that say the same.

    Attributes:
        texts: the captions.
        sayings: what the sets say, one per set; empty for captions that nobody has labelled.
        choices: for every set, the rows of its captions.
        states: (M, E) int8 token states of all captions, one after the other.
        scales: (M,) factor of each token.
        offsets: (N + 1,) where each caption's tokens begin.
    """

    texts: tuple[str, ...]
    sayings: tuple[Saying, ...]
    choices: tuple[np.ndarray, ...]
    states: np.ndarray
    scales: np.ndarray
    offsets: np.ndarray

    def dense(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, L, E) float16 token states padded to the longest caption, and the lengths (N,)."""
        lengths = np.diff(self.offsets)
        padded = np.zeros((len(lengths), int(lengths.max()), self.states.shape[1]), np.float16)
        for index, (begin, length) in enumerate(zip(self.offsets[:-1], lengths, strict=True)):
            rows = slice(begin, begin + length)
            padded[index, :length] = self.states[rows] * self.scales[rows, None]
        return padded, lengths


def build_bank(encode: Encode, *, seed: int = 0, plain: int = 60, modified: int = 6) -> CaptionBank:
    """Draw captions of every saying of the corpus and encode them.

    Args:
        encode: list of texts -> list of (L, E) token states.
        seed: of the captions drawn.
        plain: captions of an action said without adverb or count.
        modified: captions of each combination with adverbs or counts.
    """
    generator = np.random.default_rng(seed)
    texts: dict[str, int] = {}
    sayings, choices = [], []
    for saying in all_sayings():
        most = plain if saying[1:] == (0, 0, 0) else modified
        drawn = captions_of(saying, generator, most=most)
        sayings.append(saying)
        choices.append(np.array([texts.setdefault(text, len(texts)) for text in drawn], np.int32))
    return _encoded(encode, list(texts), tuple(sayings), tuple(choices))


def bank_of_texts(encode: Encode, texts: list[str]) -> CaptionBank:
    """A bank of captions that nobody has labelled: every text is a set of its own."""
    return _encoded(encode, texts, (), tuple(np.array([row], np.int32) for row in range(len(texts))))


def _encoded(
    encode: Encode, texts: list[str], sayings: tuple[Saying, ...], choices: tuple[np.ndarray, ...]
) -> CaptionBank:
    states = encode(texts)
    stacked = np.concatenate(states)
    scales = np.maximum(np.abs(stacked).max(axis=1), 1e-6) / 127.0
    quantised = np.rint(stacked / scales[:, None]).astype(np.int8)
    offsets = np.concatenate([[0], np.cumsum([len(state) for state in states])]).astype(np.int64)
    return CaptionBank(tuple(texts), sayings, choices, quantised, scales.astype(np.float32), offsets)


def save_bank(bank: CaptionBank, path: Path) -> None:
    """Write one compressed npz, whole or not at all."""
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(
        partial, format=_FORMAT, version=_VERSION, texts=json.dumps(bank.texts),
        sayings=json.dumps(bank.sayings), choices=json.dumps([rows.tolist() for rows in bank.choices]),
        states=bank.states, scales=bank.scales, offsets=bank.offsets,
    )  # fmt: skip
    partial.replace(path)


def load_bank(path: Path) -> CaptionBank:
    """Read what :func:`save_bank` wrote.

    Raises:
        ConfigError: not a caption bank, or one of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if str(data["format"]) != _FORMAT or int(data["version"]) != _VERSION:
                raise KeyError("format")
            sayings = tuple(
                (str(a), int(b), int(c), int(d)) for a, b, c, d in json.loads(str(data["sayings"]))
            )
            choices = tuple(np.array(rows, np.int32) for rows in json.loads(str(data["choices"])))
            texts = tuple(json.loads(str(data["texts"])))
            return CaptionBank(texts, sayings, choices, data["states"], data["scales"], data["offsets"])
    except (OSError, KeyError, ValueError) as error:
        raise input_error(
            ConfigError,
            "not a caption bank of this version",
            path,
            "make it with: python -m text2motion.training prepare",
        ) from error
