"""Captioned motion as arrays: a ragged set of clips with their clauses, drawn in batches of like length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from flame.errors import ConfigError, input_error

MOST_CLAUSES = 10

#: What a clip is told of a clause: caption set, (start, settle, release), count, own, signature.
ClauseRow = tuple[int, tuple[float, float, float], float, float, np.ndarray]
_VERSION = 1


@dataclass(frozen=True)
class ClipSet:
    """S clips, F frames in all; K = MOST_CLAUSES.

    Attributes:
        features: (F, D) float16, all clips one after the other.
        offsets: (S + 1,) where each clip begins.
        start_seconds: (S,) time of a clip's first frame in its scene.
        intensity: (S,) overall strength.
        said: (S, K) which caption set of the bank a clause's words are drawn from, -1 for no clause.
        spans: (S, K, 3) start, settle, release in seconds of the scene.
        counts: (S, K) repetitions.
        own: (S, K) 1 where the clause is the model's own part.
        signature: (S, K, Z) float16.
    """

    features: np.ndarray
    offsets: np.ndarray
    start_seconds: np.ndarray
    intensity: np.ndarray
    said: np.ndarray
    spans: np.ndarray
    counts: np.ndarray
    own: np.ndarray
    signature: np.ndarray

    def __len__(self) -> int:
        return len(self.start_seconds)

    @property
    def lengths(self) -> np.ndarray:
        """(S,) frames of every clip."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class DrawnBatch:
    """B clips padded to the longest: features (B, T, D) float32, frames (B,), the rest as in ClipSet but
    ``caption`` (B, K), one row of the bank, -1 for no clause, K only as many as are used."""

    features: np.ndarray
    frames: np.ndarray
    start_seconds: np.ndarray
    intensity: np.ndarray
    caption: np.ndarray
    spans: np.ndarray
    counts: np.ndarray
    own: np.ndarray
    signature: np.ndarray


class ClipBuilder:
    """Collects clips one by one into a ClipSet."""

    def __init__(self) -> None:
        self._rows: dict[str, list[np.ndarray]] = {field.name: [] for field in fields(ClipSet)}

    def add(
        self,
        features: np.ndarray,
        *,
        start_seconds: float,
        intensity: float,
        clauses: Sequence[ClauseRow],
        signature_size: int,
    ) -> None:
        """One clip; ``clauses`` are (said, span, count, own, signature)."""
        said = np.full(MOST_CLAUSES, -1, np.int32)
        spans = np.zeros((MOST_CLAUSES, 3), np.float32)
        counts, own = np.ones(MOST_CLAUSES, np.float32), np.zeros(MOST_CLAUSES, np.float32)
        signature = np.zeros((MOST_CLAUSES, signature_size), np.float16)
        for k, clause in enumerate(clauses[:MOST_CLAUSES]):
            said[k], spans[k], counts[k], own[k], signature[k] = clause
        row = {
            "features": features.astype(np.float16), "offsets": np.array(len(features)),
            "start_seconds": np.float32(start_seconds), "intensity": np.float32(intensity), "said": said,
            "spans": spans, "counts": counts, "own": own, "signature": signature,
        }  # fmt: skip
        for name, value in row.items():
            self._rows[name].append(np.asarray(value))

    def __len__(self) -> int:
        return len(self._rows["offsets"])

    def build(self) -> ClipSet:
        """All clips added so far (at least one)."""
        made = {name: np.stack(rows) for name, rows in self._rows.items() if name != "features"}
        made["features"] = np.concatenate(self._rows["features"])
        made["offsets"] = np.concatenate([[0], np.cumsum(made["offsets"])])
        return ClipSet(**made)


class BatchDrawer:
    """Random batches of clips of like length, so that little is padding.

    Args:
        clips: what to draw from.
        choices: for every caption set, the rows of the bank to choose among.
        patch: lengths are padded to a multiple of it.
        frames: longer clips are cut to this many frames at a random place.
    """

    _SORTED_TOGETHER = 8  # batches

    def __init__(self, clips: ClipSet, choices: list[np.ndarray], *, patch: int, frames: int) -> None:
        self._clips, self._choices, self._patch, self._frames = clips, choices, patch, frames
        self._waiting: list[np.ndarray] = []

    def draw(self, size: int, generator: np.random.Generator) -> DrawnBatch:
        """A batch of ``size`` clips."""
        if not self._waiting:
            chosen = generator.integers(len(self._clips), size=size * self._SORTED_TOGETHER)
            ranked = chosen[np.argsort(self._clips.lengths[chosen], kind="stable")]
            self._waiting = [*ranked.reshape(self._SORTED_TOGETHER, size)]
            generator.shuffle(self._waiting)
        return self.take(self._waiting.pop(), generator)

    def take(self, rows: np.ndarray, generator: np.random.Generator) -> DrawnBatch:
        """The batch of these clips; captions (and windows of long clips) are drawn."""
        clips = self._clips
        frames = np.minimum(clips.lengths[rows], self._frames)
        longest = -(-int(frames.max()) // self._patch) * self._patch
        longest = max(longest, 2 * self._patch)
        features = np.zeros((len(rows), longest, clips.features.shape[1]), np.float32)
        start_seconds = clips.start_seconds[rows].copy()
        for b, row in enumerate(rows):
            first = int(generator.integers(clips.lengths[row] - frames[b] + 1))
            begin = int(clips.offsets[row]) + first
            features[b, : frames[b]] = clips.features[begin : begin + frames[b]]
            features[b, frames[b] :] = features[b, frames[b] - 1]
            start_seconds[b] += first / 25.0
        said = clips.said[rows]
        most = max(int((said >= 0).sum(axis=1).max()), 1)
        said = said[:, :most]
        caption = np.full(said.shape, -1, np.int64)
        for b, k in zip(*np.nonzero(said >= 0), strict=True):
            choices = self._choices[said[b, k]]
            caption[b, k] = choices[generator.integers(len(choices))]
        return DrawnBatch(
            features, frames, start_seconds, clips.intensity[rows], caption, clips.spans[rows][:, :most],
            clips.counts[rows][:, :most], clips.own[rows][:, :most],
            clips.signature[rows][:, :most].astype(np.float32),
        )  # fmt: skip


def save_clips(clips: ClipSet, path: Path, *, mark: str) -> None:
    """Write clips to resume from; ``mark`` says what they were made of."""
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, version=_VERSION, mark=mark, **vars(clips))
    partial.replace(path)


def load_clips(path: Path, *, mark: str) -> ClipSet | None:
    """Clips of :func:`save_clips`, or None where there are none of this mark.

    Raises:
        ConfigError: the file is there and is none of ours.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as data:
            if int(data["version"]) != _VERSION or str(data["mark"]) != mark:
                return None
            return ClipSet(**{field.name: data[field.name] for field in fields(ClipSet)})
    except (OSError, KeyError, ValueError) as error:
        raise input_error(ConfigError, "not a file of training clips", path, "delete it") from error
