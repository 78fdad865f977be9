"""Where captioned motion comes from: the corpus that performs itself, or a folder of others' data."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import text2motion.corpus
from text2motion.training.bank import CaptionBank, build_bank, load_bank, save_bank
from text2motion.training.clips import ClipSet, load_clips, save_clips
from text2motion.training.config import TrainingConfig
from text2motion.training.data import perform_scenes

Note = Callable[[str], None]


@dataclass(frozen=True)
class TrainingData:
    """Captions with their clips for training and for validation."""

    bank: CaptionBank
    training: ClipSet
    validation: ClipSet


def corpus_data(config: TrainingConfig, out: Path, *, bank_path: Path | None, note: Note) -> TrainingData:
    """The synthetic corpus; bank and clips are kept in ``out`` and made anew when the corpus has changed."""
    out.mkdir(parents=True, exist_ok=True)
    bank = load_bank(bank_path) if bank_path is not None else _bank(config, out, note)
    parts = {}
    for part, scenes, seed in (
        ("training", config.scenes, config.seed),
        ("validation", config.validation_scenes, config.seed + 500_009),
    ):
        path = out / f"{config.role}.{part}.npz"
        mark = json.dumps([_source_digest(), _digest(bank), config.role, scenes, config.frames, seed])
        clips = load_clips(path, mark=mark)
        if clips is None:
            clips = perform_scenes(
                bank, role=config.role, scenes=scenes, frames=config.frames, seed=seed,
                note=note,
            )  # fmt: skip
            save_clips(clips, path, mark=mark)
        parts[part] = clips
    return TrainingData(bank, parts["training"], parts["validation"])


def encoder_of(config: TrainingConfig) -> Any:
    """The text encoder that the settings name."""
    from text2motion.encoder import clip_encoder, default_encoder

    return clip_encoder(Path(config.encoder_folder)) if config.encoder == "clip" else default_encoder()


def _bank(config: TrainingConfig, out: Path, note: Note) -> CaptionBank:
    path = out / f"captions_{config.encoder}.{_source_digest()[:12]}.npz"
    if not path.is_file():
        note("encoding the corpus' captions")
        save_bank(build_bank(encoder_of(config).encode, seed=0), path)
    return load_bank(path)


def _source_digest() -> str:
    """Of the corpus' own source code: what was performed by another corpus must not be used again."""
    folder = Path(text2motion.corpus.__path__[0])
    files = [*sorted(folder.glob("*.py")), folder.parent / "planning.py", folder.parent / "signature.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _digest(bank: CaptionBank) -> int:
    return zlib.crc32(json.dumps([bank.texts, bank.sayings]).encode())
