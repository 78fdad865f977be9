"""Others' data: a folder of motion files with captions, as training clips.

::

    FOLDER/captions.jsonl      {"file": "a/clip.npz", "captions": ["She nods."], "split": "train"}
    FOLDER/a/clip.npz          a motion file of this program, in any head's basis

``split`` is optional ("train" or "validation"); without any, a share of the files is held out. Motion is taken
relative to its first frame, as everything here is; coefficients of another head are carried over to the open
one. Captions go through the same reader and planner as prompts; what they do not know spans the clip.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import ConfigError, MVPortraitError, input_error
from flame.sequence import FlameSequence
from text2motion.conditioning import MOST_COUNT
from text2motion.planning import Clause, PlannedClause, plan
from text2motion.prompt import split_prompt
from text2motion.signature import SIGNATURE_NAMES, signature_of
from text2motion.training.bank import bank_of_texts
from text2motion.training.clips import ClipBuilder, ClipSet
from text2motion.training.config import TrainingConfig
from text2motion.training.data import FPS, ROLE_NUMBER, features_of, is_own
from text2motion.training.sources import TrainingData, encoder_of

LIST_NAME = "captions.jsonl"
_KEYS = {"file", "captions", "split"}
_SPLITS = ("train", "validation")
_LEAST_FRAMES = 10
_ADVICE = 'write {"file": "clip.npz", "captions": ["She nods."]} on each line'


@dataclass(frozen=True)
class CaptionedFile:
    """One line of the list: a motion file, what it shows, and its split ("" where none is given)."""

    path: Path
    captions: tuple[str, ...]
    split: str


def folder_data(config: TrainingConfig, folder: Path, *, note: Callable[[str], None]) -> TrainingData:
    """Read a folder: every caption of every file becomes a clip.

    Raises:
        ConfigError: no such folder or list, a line that cannot be used, or too little to train on.
        MVPortraitError: a motion file that cannot be read, named.
    """
    listed = read_list(folder)
    texts: dict[str, int] = {}
    builders = {"train": ClipBuilder(), "validation": ClipBuilder()}
    splits = _splits(listed, share=config.validation_share, seed=config.seed)
    for number, (item, split) in enumerate(zip(listed, splits, strict=True), start=1):
        sequence = _in_step(item.path)
        features = features_of(sequence, config.role)
        for caption in item.captions:
            clauses = [
                (
                    texts.setdefault(planned.clause.text, len(texts)),
                    (planned.start, planned.settle, planned.release),
                    float(min(planned.clause.resolved_count(), MOST_COUNT)),
                    is_own(planned.clause.role, config.role),
                    signature_of(planned.clause),
                )
                for planned in clauses_of(caption, seconds=len(sequence) / FPS, role=config.role)
            ]
            builders[split].add(
                features, start_seconds=0.0, intensity=1.0, clauses=clauses,
                signature_size=len(SIGNATURE_NAMES),
            )  # fmt: skip
        if number % 200 == 0:
            note(f"{number} of {len(listed)} motion files read")
    for split, builder in builders.items():
        if not len(builder):
            given = f"{len(listed)} files, none for {split}"
            raise input_error(ConfigError, "the folder has too little to train on", given, "add more clips")
    parts: dict[str, ClipSet] = {split: builder.build() for split, builder in builders.items()}
    note(f"{len(listed)} motion files, {len(parts['train'])} clips to train on, "
         f"{len(parts['validation'])} held out, {len(texts)} different clauses")  # fmt: skip
    bank = bank_of_texts(encoder_of(config).encode, list(texts))
    return TrainingData(bank, parts["train"], parts["validation"])


def clauses_of(caption: str, *, seconds: float, role: str) -> list[PlannedClause]:
    """A caption's planned clauses; one over the whole clip, of the words alone, where nothing is known."""
    try:
        clauses = list(split_prompt(caption).clauses)
    except MVPortraitError:
        clauses = []
    if not clauses:
        clauses = [Clause(caption[:300], min(ROLE_NUMBER[role], 1))]
    planned = plan(clauses, seconds=seconds)
    return [
        item if item.clause.action is not None else PlannedClause(item.clause, 0.0, seconds, seconds + 1.0)
        for item in planned
    ]


def read_list(folder: Path) -> list[CaptionedFile]:
    """The lines of ``captions.jsonl``, checked.

    Raises:
        ConfigError: missing or unusable, with the number of the line.
    """
    path = folder / LIST_NAME
    if not folder.is_dir():
        raise input_error(ConfigError, "no such folder of training data", folder, "check the path")
    if not path.is_file():
        raise input_error(ConfigError, f"the folder has no {LIST_NAME}", folder, _ADVICE)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        rule = f"{LIST_NAME} cannot be read as UTF-8"
        raise input_error(ConfigError, rule, path, "save it as UTF-8") from error
    found = [_captioned(line, folder, number) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise input_error(ConfigError, f"{LIST_NAME} is empty", path, _ADVICE)
    return found


def _captioned(line: str, folder: Path, number: int) -> CaptionedFile:
    where = f"{LIST_NAME} line {number}"
    try:
        entry = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise input_error(ConfigError, f"{where} is not JSON", line[:60], _ADVICE) from error
    if not isinstance(entry, dict) or not {"file", "captions"} <= set(entry) <= _KEYS:
        raise input_error(ConfigError, f"{where} must have file and captions", line[:60], _ADVICE)
    return CaptionedFile(
        _inside(entry["file"], folder, where), _texts(entry["captions"], where), _split(entry, where)
    )


def _inside(name: Any, folder: Path, where: str) -> Path:
    if not isinstance(name, str) or not name or "\0" in name:
        raise input_error(ConfigError, f"{where}: file must be a name", name, _ADVICE)
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise input_error(ConfigError, f"{where}: file lies outside the folder", name, "move it inside")
    if not path.is_file():
        raise input_error(ConfigError, f"{where}: no such motion file", name, "check the name")
    return path


def _texts(captions: Any, where: str) -> tuple[str, ...]:
    given = [captions] if isinstance(captions, str) else captions
    usable = isinstance(given, list) and given and all(isinstance(c, str) and c.strip() for c in given)
    if not usable:
        raise input_error(ConfigError, f"{where}: captions must be texts", str(captions)[:60], _ADVICE)
    return tuple(given)


def _split(entry: dict[str, Any], where: str) -> str:
    split = entry.get("split", "")
    if split not in ("", *_SPLITS):
        rule = f"{where}: split must be train or validation"
        raise input_error(ConfigError, rule, str(split)[:60], "choose one, or leave it out")
    return str(split)


def _splits(listed: list[CaptionedFile], *, share: float, seed: int) -> list[str]:
    """A split for every file: the given ones, else at random with at least one file held out."""
    if any(item.split for item in listed):
        return [item.split or "train" for item in listed]
    held = max(1, round(share * len(listed)))
    chosen = set(np.random.default_rng(seed).permutation(len(listed))[:held].tolist())
    return ["validation" if index in chosen else "train" for index in range(len(listed))]


def _in_step(path: Path) -> FlameSequence:
    """A motion file as relative motion of the open head at the network's rate."""
    from flame.relative import to_relative
    from flame.retargeting import retarget

    sequence = FlameSequence.load(path)
    try:
        if sequence.basis != "open":
            sequence, _ = retarget(sequence, "open")
        sequence = to_relative(sequence.resample(FPS))
    except MVPortraitError as error:
        raise ConfigError(f"{path.name}: {error}") from error
    if len(sequence) < _LEAST_FRAMES:
        rule = f"a training clip needs at least {_LEAST_FRAMES} frames at {FPS:g} a second"
        raise input_error(ConfigError, rule, f"{path.name} has {len(sequence)}", "leave it out")
    return sequence
