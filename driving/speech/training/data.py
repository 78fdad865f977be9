"""The corpus as the trainer wants it: features computed once and kept on disk, segments drawn by a generator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from driving.speech.features import FeatureExtractor, whole_recording
from driving.speech.layout import CONTACTS, MOTION_FPS, rest_columns, to_columns
from driving.speech.network import SpeechConfig
from driving.speech.phones import INDEX
from driving.speech.style import SpeechStyle
from flame.errors import ConfigError, input_error

if TYPE_CHECKING:
    from driving.speech.shards import Clip
    from driving.speech.speaking import Manner

_CACHE_VERSION = 1
_SILENT = tuple(float(name == "seal") for name in CONTACTS)
_ARRAYS = ("clean", "augmented", "motion", "contacts", "phones")


@dataclass(frozen=True, eq=False)
class SpeechCorpus:
    """C clips end to end; memory-mapped.

    Attributes:
        clean, augmented: (R, dims) float16 features of both views, ``rows_per_frame`` to a frame.
        motion: (F, D) float16 columns at 50 frames a second.
        contacts: (F, 4) float16, see ``layout.CONTACTS``.
        phones: (F,) uint8 class.
        offsets: (C + 1,) first frame of every clip.
        styles: (C, S) as the network is told.
        heldout: (C,) True for voices kept for validation.
    """

    clean: np.ndarray
    augmented: np.ndarray
    motion: np.ndarray
    contacts: np.ndarray
    phones: np.ndarray
    offsets: np.ndarray
    styles: np.ndarray
    heldout: np.ndarray

    @property
    def frames(self) -> int:
        """Of all clips together."""
        return len(self.motion)


def cached_corpus(
    folder: Path,
    cache: Path,
    extractor: FeatureExtractor,
    *,
    leave_out: Sequence[str] = (),
    note: Callable[[str], None] = lambda line: None,
) -> SpeechCorpus:
    """Features and targets of a corpus folder, computed on the first call and memory-mapped afterwards.

    Args:
        folder: of shards.
        cache: where the arrays are kept, one folder per corpus and extractor.
        extractor: of features.
        leave_out: voices that are not used.
        note: is told what takes time.

    Raises:
        ConfigError: the folder holds no corpus.
    """
    shards = sorted(folder.glob("shard_*.npz"))
    if not shards:
        raise input_error(
            ConfigError,
            "no speech corpus in that folder",
            folder,
            "make one with: python -m driving.speech.corpus --out FOLDER",
        )
    sizes = [(path.name, path.stat().st_size) for path in shards]
    stamp = json.dumps([_CACHE_VERSION, extractor.name, sorted(leave_out), sizes])
    home = cache / hashlib.sha256(stamp.encode()).hexdigest()[:12]
    if not (home / "done").is_file():
        from driving.speech.shards import iterate_shards

        home.mkdir(parents=True, exist_ok=True)
        note(f"computing features of {len(shards)} shards")
        write_arrays(
            home, (clip for clip in iterate_shards(folder) if clip.voice not in leave_out), extractor
        )
        (home / "done").write_text("1\n", encoding="ascii")
    return read_arrays(home)


def write_arrays(home: Path, clips: Iterable[Clip], extractor: FeatureExtractor) -> None:
    """Features and targets of clips into a folder."""
    columns: dict[str, list[np.ndarray]] = {name: [] for name in _ARRAYS}
    lengths, styles, heldout = [], [], []
    for clip in clips:
        values = clip_arrays(clip, extractor)
        for name in _ARRAYS:
            columns[name].append(values[name])
        lengths.append(len(values["motion"]))
        styles.append(style_of(clip.style).vector())
        heldout.append(clip.heldout)
    for name, parts in columns.items():
        np.save(home / f"{name}.npy", np.concatenate(parts))
    np.save(home / "offsets.npy", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    np.save(home / "styles.npy", np.stack(styles))
    np.save(home / "heldout.npy", np.array(heldout))


def read_arrays(home: Path) -> SpeechCorpus:
    """What :func:`write_arrays` wrote; the large arrays stay on disk."""
    arrays = {name: np.load(home / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    small = {name: np.load(home / f"{name}.npy") for name in ("offsets", "styles", "heldout")}
    return SpeechCorpus(**arrays, **small)


def style_of(manner: Manner) -> SpeechStyle:
    """The style of a clip as the driver knows styles."""
    return SpeechStyle(
        mouth=manner.mouth, head=manner.head, mood=manner.mood, mood_strength=manner.mood_strength
    )


def clip_arrays(clip: Clip, extractor: FeatureExtractor) -> dict[str, np.ndarray]:
    """Features and targets of one clip, at 50 frames a second.

    Raises:
        ConfigError: the clip has another rate.
    """
    if abs(clip.fps - MOTION_FPS) > 1e-6:
        raise input_error(
            ConfigError,
            f"the corpus must have {MOTION_FPS} frames a second",
            clip.fps,
            "make it with that rate",
        )
    rows = clip.frames * extractor.rate // MOTION_FPS
    tracks = {"seal": clip.closure, "contact": clip.contact, "speech": clip.speech, "bilabial": clip.bilabial}
    return {
        "clean": whole_recording(extractor, clip.audio_clean, rows=rows).astype(np.float16),
        "augmented": whole_recording(extractor, clip.audio, rows=rows).astype(np.float16),
        "motion": to_columns(clip.motion).astype(np.float16),
        "contacts": np.stack([tracks[name] for name in CONTACTS], axis=1).astype(np.float16),
        "phones": _phones(clip),
    }


def _phones(clip: Clip) -> np.ndarray:
    """(T,) class of the phone that sounds at i / 50 seconds; 0 is silence."""
    result = np.zeros(clip.frames, np.uint8)
    for span in clip.phones:
        first, last = (int(np.ceil(time * MOTION_FPS - 1e-6)) for time in (span.start, span.end))
        result[max(first, 0) : max(last, 0)] = INDEX[span.symbol]
    return result


class SegmentSource:
    """Draws batches of segments, with carry-over before them, from the clips of training or validation.

    Args:
        corpus: where from.
        config: of the network, for how many rows a segment needs.
        quiet: (dims,) row of silence, which stands before a clip.
        segment: frames beyond the carry-over.
        heldout: True draws the voices kept for validation.
    """

    def __init__(
        self, corpus: SpeechCorpus, config: SpeechConfig, *, quiet: np.ndarray, segment: int, heldout: bool
    ) -> None:
        self._corpus, self._config, self._quiet, self._segment = corpus, config, quiet, segment
        self.clips = np.flatnonzero(corpus.heldout == heldout)
        lengths = np.diff(corpus.offsets)[self.clips]
        self._chance = lengths / max(int(lengths.sum()), 1)
        self._rest = rest_columns()

    def draw(
        self, size: int, generator: np.random.Generator, *, augmented_share: float
    ) -> dict[str, np.ndarray]:
        """``size`` segments: rows (B, R, dims), motion (B, T, D), contacts (B, T, 4), phones (B, T), there (B, T),
        style (B, S); T = context + segment."""
        drawn = [
            self._one(int(clip), generator, augmented=generator.random() < augmented_share)
            for clip in generator.choice(self.clips, size, p=self._chance)
        ]
        return {name: np.stack([item[name] for item in drawn]) for name in drawn[0]}

    def _one(self, clip: int, generator: np.random.Generator, *, augmented: bool) -> dict[str, np.ndarray]:
        corpus, config = self._corpus, self._config
        first, stop = int(corpus.offsets[clip]), int(corpus.offsets[clip + 1])
        latest = max(0, stop - first - self._segment)
        begin = 0 if generator.random() < 0.12 else int(generator.integers(0, latest + 1))
        frames = np.arange(begin - config.context, begin + self._segment)
        there = (frames < stop - first) & (frames >= 0)
        index = first + np.clip(frames, 0, stop - first - 1)
        step = config.rows_per_frame
        rows = np.arange(step * frames[0] - config.rows_before, step * (frames[-1] + 1) + config.rows_after)
        sound = corpus.augmented if augmented else corpus.clean
        features = sound[step * first + np.clip(rows, 0, step * (stop - first) - 1)].astype(np.float32)
        features[rows < 0] = self._quiet
        motion = corpus.motion[index].astype(np.float32)
        motion[frames < 0] = self._rest
        contacts = corpus.contacts[index].astype(np.float32)
        contacts[frames < 0] = _SILENT
        phones = np.where(frames < 0, 0, corpus.phones[index]).astype(np.int64)
        return {
            "rows": features, "motion": motion, "contacts": contacts, "phones": phones,
            "there": (there | (frames < 0)).astype(np.float32), "style": corpus.styles[clip],
        }  # fmt: skip


def altered_rows(
    rows: np.ndarray, generator: np.random.Generator, *, bands: int, strength: float
) -> np.ndarray:
    """Features as another channel, level or noise would have made them; for the mel features only.

    Longer and shorter vocal tracts, tilts and bumps of the spectrum, a shift of the level, whole groups of bands
    missing (narrow-band speech), the log-mel or the PCEN half missing, grain.

    Args:
        rows: (B, R, 2 bands + 4), log-mel first, then PCEN, voicing, pitch, loudness, its change.
        generator: of chance.
        bands: mel bands.
        strength: 1 ordinary, 0 nothing.
    """
    if not strength:
        return rows
    changed = rows.copy()
    size = len(rows)
    _warp(changed, generator, bands=bands, strength=strength)
    place = np.linspace(-1.0, 1.0, bands)
    tilt = generator.normal(0.0, 0.15 * strength, (size, 1, 1)) * place
    bumps = generator.normal(0.0, 0.12 * strength, (size, 1, 6))
    curve = np.stack([np.interp(place, np.linspace(-1, 1, 6), bump[0]) for bump in bumps])[:, None]
    changed[..., :bands] += (tilt + curve).astype(np.float32)
    shift = generator.normal(0.0, 0.10 * strength, (size, 1)).astype(np.float32)
    changed[..., :bands] += shift[..., None]
    changed[..., 2 * bands + 2] += shift
    for index in range(size):
        kind = generator.random()
        if kind < 0.08 * strength:  # telephone: no high bands
            cut = int(generator.integers(int(0.6 * bands), bands))
            changed[index, :, cut:bands], changed[index, :, bands + cut : 2 * bands] = -2.3, -0.5
        elif kind < 0.14 * strength:
            changed[index, :, :bands] = -1.0
        elif kind < 0.20 * strength:
            changed[index, :, bands : 2 * bands] = -0.4
        elif kind < 0.40 * strength:  # some bands masked
            low = int(generator.integers(0, bands - 5))
            wide = low + int(generator.integers(2, 6))
            changed[index, :, low:wide], changed[index, :, bands + low : bands + wide] = -1.0, -0.4
    grain = generator.normal(0.0, 0.05 * strength, changed.shape).astype(np.float32)
    return np.maximum(changed + grain, -2.4)


def _warp(rows: np.ndarray, generator: np.random.Generator, *, bands: int, strength: float) -> None:
    """Other lengths of the vocal tract: both halves stretched along the bands by up to a fifth, in place."""
    for item in rows:
        place = np.clip(np.arange(bands) * np.exp(generator.normal(0.0, 0.07 * strength)), 0, bands - 1.001)
        low = place.astype(np.int64)
        part = (place - low).astype(np.float32)
        for first in (0, bands):
            block = item[:, first : first + bands]
            item[:, first : first + bands] = block[:, low] * (1.0 - part) + block[:, low + 1] * part
