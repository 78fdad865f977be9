"""Speech training data on disk: shards of clips, everything of a shard in one ``.npz``.

=====================================  ===============================================================
``audio``, ``audio_clean``             (S,) int16 at 16 kHz: with and without room, noise, codec
``audio_offsets``                      (C + 1,) int64 places of the clips in both
``expression`` … ``translation``       (F, …) float16 motion arrays, as ``FlameSequence`` names them
``bilabial``, ``contact``              (F,) float16 0..1: lip seal of p b m, lip-teeth contact of f v
``closure``, ``labiodental``           (F,) the same with the seal of pauses in, and contact's other name
``speech``                             (F,) uint8: 1 where some phone sounds
``frame_offsets``                      (C + 1,) int64
``phone``                              (P,) uint8 index into ``phones.SYMBOLS``
``phone_start``, ``phone_end``         (P,) float32 seconds; ``phone_stress`` (P,) float16
``phone_offsets``                      (C + 1,) int64
``style``                              (C, 4) float32: mouth, head, index into ``moods.MOODS``, strength
``language``, ``voice``                (C,) str; ``heldout`` (C,) bool
=====================================  ===============================================================

``index.json`` says the rate of the frames, seed, number of clips and shards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from driving.speech.moods import MOODS
from driving.speech.phones import INDEX, SYMBOLS, PhoneSpan
from driving.speech.speaking import Manner
from flame.errors import InputError, input_error

if TYPE_CHECKING:
    from flame.sequence import FlameSequence

FORMAT = "mvportrait-speech-corpus"
VERSION = 1
SAMPLE_RATE = 16000
FRAME_RATE = 50.0
MOTION = ("expression", "jaw", "neck", "rotation", "translation", "eyes", "eyelids")
_PER_FRAME = (*MOTION, "bilabial", "contact", "closure", "labiodental", "speech")


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip of training data.

    Attributes:
        audio: (N,) float32 at 16 kHz, with room, noise and the like.
        audio_clean: (N,) float32, without.
        fps: frames per second of ``motion`` and the demands.
        motion: arrays (T, …) float32 by name, in the order of ``MOTION``.
        bilabial, contact: (T,) float32, demand for the seal of p b m, for lip-teeth contact.
        closure: (T,) float32, bilabial and the closed lips of pauses together.
        speech: (T,) 1 where some phone sounds.
        phones: spans in seconds, silences included.
        style: mouth, head, mood, strength.
        language, voice: where it comes from.
        heldout: whether the voice is kept out of training.
    """

    audio: np.ndarray
    audio_clean: np.ndarray
    fps: float
    motion: dict[str, np.ndarray]
    bilabial: np.ndarray
    contact: np.ndarray
    closure: np.ndarray
    speech: np.ndarray
    phones: list[PhoneSpan]
    style: Manner
    language: str
    voice: str
    heldout: bool

    @property
    def labiodental(self) -> np.ndarray:
        """``contact`` by its other name."""
        return self.contact

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return len(self.closure)

    def sequence(self) -> FlameSequence:
        """The motion as a sequence in the basis "open"."""
        from flame.sequence import FlameSequence

        return FlameSequence.neutral(self.frames, fps=self.fps).replace(**self.motion)


def write_shard(path: Path, clips: list[Clip]) -> None:
    """Write clips into one file, whole or not at all."""
    arrays: dict[str, Any] = {
        "audio": np.concatenate([_integers(clip.audio) for clip in clips]),
        "audio_clean": np.concatenate([_integers(clip.audio_clean) for clip in clips]),
        "audio_offsets": _offsets([len(clip.audio) for clip in clips]),
        "frame_offsets": _offsets([clip.frames for clip in clips]),
        "phone_offsets": _offsets([len(clip.phones) for clip in clips]),
        "phone": np.array([INDEX[p.symbol] for clip in clips for p in clip.phones], np.uint8),
        "phone_start": np.array([p.start for clip in clips for p in clip.phones], np.float32),
        "phone_end": np.array([p.end for clip in clips for p in clip.phones], np.float32),
        "phone_stress": np.array([p.stress for clip in clips for p in clip.phones], np.float16),
        "style": np.array([_style(clip.style) for clip in clips], np.float32),
        "language": np.array([clip.language for clip in clips]),
        "voice": np.array([clip.voice for clip in clips]),
        "heldout": np.array([clip.heldout for clip in clips]),
    }
    for name in MOTION:
        arrays[name] = np.concatenate([clip.motion[name] for clip in clips]).astype(np.float16)
    for name in ("bilabial", "contact", "closure", "labiodental"):
        arrays[name] = np.concatenate([getattr(clip, name) for clip in clips]).astype(np.float16)
    arrays["speech"] = np.concatenate([clip.speech for clip in clips]).astype(np.uint8)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **arrays)
    partial.replace(path)


def write_index(folder: Path, *, seed: int, clips: int, shards: int) -> None:
    """Write ``index.json``."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "sample_rate": SAMPLE_RATE,
        "fps": FRAME_RATE,
        "phones": list(SYMBOLS),
        "moods": list(MOODS),
        "seed": seed,
        "clips": clips,
        "shards": shards,
    }
    (folder / "index.json").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load_shards(folder: str | Path, *, limit: int | None = None) -> list[Clip]:
    """All clips of a folder, at most ``limit``.

    Raises:
        InputError: no such folder, not such data, or of another version.
    """
    clips: list[Clip] = []
    for clip in iterate_shards(folder):
        if limit is not None and len(clips) >= limit:
            break
        clips.append(clip)
    return clips


def iterate_shards(folder: str | Path) -> Iterator[Clip]:
    """The clips of a folder one after the other, one shard in memory at a time."""
    place = Path(folder)
    try:
        index = json.loads((place / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise input_error(
            InputError,
            "not a folder of speech training data",
            place,
            "make one with python -m driving.speech.corpus",
        ) from error
    if (index.get("format"), index.get("version")) != (FORMAT, VERSION) or index.get("phones") != list(
        SYMBOLS
    ):
        raise input_error(
            InputError,
            "speech training data of another version",
            place,
            "make it anew: python -m driving.speech.corpus",
        )
    for path in sorted(place.glob("shard_*.npz")):
        with np.load(path) as stored:
            data = {name: stored[name] for name in stored.files}
        for number in range(len(data["voice"])):
            yield _clip(data, number, float(index["fps"]))


def _clip(data: dict[str, np.ndarray], number: int, fps: float) -> Clip:
    def part(kind: str) -> slice:
        offsets = data[f"{kind}_offsets"]
        return slice(int(offsets[number]), int(offsets[number + 1]))

    frames, sound, spans = part("frame"), part("audio"), part("phone")
    mouth, head, mood, strength = data["style"][number].tolist()
    rows = zip(
        data["phone"][spans],
        data["phone_start"][spans],
        data["phone_end"][spans],
        data["phone_stress"][spans],
    )
    per_frame = {name: data[name][frames].astype(np.float32) for name in _PER_FRAME if name != "labiodental"}
    return Clip(
        audio=data["audio"][sound].astype(np.float32) / 32767.0,
        audio_clean=data["audio_clean"][sound].astype(np.float32) / 32767.0,
        fps=fps,
        motion={name: per_frame[name] for name in MOTION},
        bilabial=per_frame["bilabial"],
        contact=per_frame["contact"],
        closure=per_frame["closure"],
        speech=per_frame["speech"],
        phones=[PhoneSpan(SYMBOLS[int(i)], float(a), float(b), float(s)) for i, a, b, s in rows],
        style=Manner(mouth=mouth, head=head, mood=MOODS[int(mood)], mood_strength=strength),
        language=str(data["language"][number]),
        voice=str(data["voice"][number]),
        heldout=bool(data["heldout"][number]),
    )


def _integers(samples: np.ndarray) -> np.ndarray:
    return np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)


def _offsets(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _style(style: Manner) -> tuple[float, float, float, float]:
    return style.mouth, style.head, float(MOODS.index(style.mood)), style.mood_strength
