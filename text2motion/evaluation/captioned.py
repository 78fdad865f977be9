"""Others' data as a task: captions of a folder become prompts, its motions what generated ones are compared
with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flame.errors import ConfigError, input_error
from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS
from text2motion.evaluation.generators import Generator
from text2motion.evaluation.suite import Instruction

#: A caption and its motion, relative to the first frame, at 25 frames per second, in the basis "open".
Recorded = tuple[str, FlameSequence]
_LEAST = 4


def captioned_motions(folder: Path, *, held_out: bool) -> list[Recorded]:
    """The first caption and the motion of every file of a training folder.

    Args:
        folder: with captions.jsonl, as ``text2motion.training.folder`` reads it.
        held_out: only the files of its validation split, where the list names splits.

    Raises:
        ConfigError: the folder cannot be used, or has fewer than four files.
    """
    from flame.relative import to_relative
    from flame.retargeting import retarget
    from text2motion.training.folder import read_list

    listed = read_list(folder)
    if any(item.split for item in listed):
        listed = [item for item in listed if (item.split == "validation") == held_out]
    if len(listed) < _LEAST:
        given = f"{len(listed)} in {folder}"
        raise input_error(ConfigError, f"at least {_LEAST} captioned files are needed", given, "add some")
    found: list[Recorded] = []
    for item in listed:
        motion = FlameSequence.load(item.path)
        if motion.basis != "open":
            motion, _ = retarget(motion, "open")
        found.append((item.captions[0], to_relative(motion.resample(DEFAULT_FPS))))
    return found


def suite_of(recorded: Sequence[Recorded]) -> tuple[Instruction, ...]:
    """Prompts without checks, as long as their motions."""
    return tuple(
        Instruction("captions", caption, (), motion.frames / DEFAULT_FPS) for caption, motion in recorded
    )


def by_recordings(recorded: Sequence[Recorded]) -> Generator:
    """What was recorded for a caption; with several motions of one caption the seed chooses."""
    found: dict[tuple[str, float], list[FlameSequence]] = {}
    for caption, motion in recorded:
        found.setdefault((caption, motion.frames / DEFAULT_FPS), []).append(motion)
    return lambda prompt, seconds, seed: found[prompt, seconds][seed % len(found[prompt, seconds])]
