"""Where in a word each of its phones is spoken: the likeliest cut of the word by what the network hears.

A recogniser's own alignment hears everything a second time; the network has heard it already. Measured on
synthesized English whose phones are known, as many p, b, m, f, v lie within 40 ms of the truth either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from driving.speech.layout import MOTION_FPS
from driving.speech.phones import BILABIAL_SEALS, INDEX, LABIODENTALS, SYMBOLS, PhoneSpan, from_arpabet

_LEAST_CHANCE = 3e-3  # a phone that the network does not hear at all costs no more than this
_LENGTH_WEIGHT = 0.5  # of the squared log ratio of a phone's length to the word's mean


@dataclass(frozen=True)
class HeardWord:
    """A word that was recognised.

    Attributes:
        phones: ARPABET names.
        start, end: seconds.
    """

    phones: tuple[str, ...]
    start: float
    end: float


def lips_as_one(chances: np.ndarray) -> np.ndarray:
    """(F, 59) float32 probabilities of phones in which p, b, m have the sum of the three each, and f, v of both."""
    merged = np.array(chances, np.float32)
    for family in (BILABIAL_SEALS, LABIODENTALS):
        members = [INDEX[symbol] for symbol in SYMBOLS if symbol in family]
        merged[:, members] = merged[:, members].sum(axis=1, keepdims=True)
    return merged


def placed(words: list[HeardWord], chances: np.ndarray) -> list[PhoneSpan]:
    """The phones of words, each word's laid over its time; nothing between the words.

    Args:
        words: in order.
        chances: (F, 59) probabilities of phones at 50 frames a second, merged by :func:`lips_as_one`.
    """
    spans: list[PhoneSpan] = []
    for word in words:
        symbols = [symbol for name in word.phones for symbol in from_arpabet(name) or ("_",)]
        if symbols:
            edges = _edges(symbols, word.start, word.end, chances)
            spans += [PhoneSpan(symbol, *edge) for symbol, edge in zip(symbols, pairwise(edges))]
    return spans


def _edges(symbols: list[str], start: float, end: float, chances: np.ndarray) -> np.ndarray:
    """(P + 1,) seconds: dynamic programming over the frames of a word, a frame at least for each phone."""
    first, last = round(start * MOTION_FPS), min(round(end * MOTION_FPS), len(chances))
    frames, count = last - first, len(symbols)
    if frames <= count:
        return np.linspace(start, end, count + 1)
    heard = np.log(np.maximum(chances[first:last, [INDEX[symbol] for symbol in symbols]], _LEAST_CHANCE))
    total = np.concatenate([np.zeros((1, count)), heard.cumsum(axis=0)])  # (F + 1, P)
    length = np.arange(frames + 1)[None] - np.arange(frames + 1)[:, None]  # from row to column
    usual = _LENGTH_WEIGHT * np.log(np.maximum(length, 1) * count / frames) ** 2
    cost = np.where(length > 0, usual, np.inf)
    best = np.where(np.arange(frames + 1) > 0, -np.inf, 0.0)
    came_from = np.zeros((count, frames + 1), np.int64)
    for number in range(count):
        reached = best[:, None] + total[None, :, number] - total[:, None, number] - cost
        came_from[number] = reached.argmax(axis=0)
        best = reached.max(axis=0)
    edges = [frames]
    for number in reversed(range(count)):
        edges.append(int(came_from[number, edges[-1]]))
    seconds = (np.array(edges[::-1]) + first) / MOTION_FPS
    seconds[0], seconds[-1] = start, end
    return seconds
