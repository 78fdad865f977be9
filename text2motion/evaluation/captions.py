"""Whole captions of the corpus' scenes: its clauses' captions put together as people put them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from text2motion.corpus.scenes import SIZE_FACTOR, Saying, all_sayings, captions_of, random_scene
from text2motion.corpus.vocabulary import ACTION_BY_NAME
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause

_TOGETHER = (" and ", " while ", ", ", " as well as ")
_AFTERWARDS = (", then ", ". Then ", " and then ", ", after that ", " and afterwards ")


@dataclass(frozen=True)
class Captioned:
    """A caption and the clauses that perform it."""

    text: str
    clauses: tuple[Clause, ...]


def join_captions(texts: Sequence[str], groups: Sequence[int], generator: np.random.Generator) -> str:
    """One caption of clause captions; equal numbers in ``groups`` happen together, rising ones in turn."""
    whole = ""
    for index, text in enumerate(texts):
        text = text.strip().rstrip(".!")
        if index:
            same = groups[index] == groups[index - 1]
            whole += str(generator.choice(_TOGETHER if same else _AFTERWARDS))
        whole += text
    return whole


def single_captions(generator: np.random.Generator, *, plain: int = 16, modified: int = 2) -> list[Captioned]:
    """Captions of one action each: ``plain`` ways of saying it, ``modified`` of each adverb and count."""
    pool = []
    for saying in all_sayings():
        most = plain if saying[1:] == (0, 0, 0) else modified
        for text in captions_of(saying, generator, most=most):
            pool.append(Captioned(text.strip(), (clause_of(saying, text),)))
    return pool


def scene_captions(generator: np.random.Generator, count: int) -> list[Captioned]:
    """Captions of ``count`` random scenes of two actions or more."""
    pool: list[Captioned] = []
    while len(pool) < count:
        scene = random_scene(generator, fps=2.0, most_frames=2)
        if len(scene.sayings) < 2:
            continue
        texts = [captions_of(saying, generator, most=1)[0] for saying in scene.sayings]
        groups = [item.clause.group for item in scene.planned]
        clauses = tuple(
            clause_of(saying, text, group)
            for saying, text, group in zip(scene.sayings, texts, groups, strict=True)
        )
        pool.append(Captioned(join_captions(texts, groups, generator), clauses))
    return pool


def clause_of(saying: Saying, text: str, group: int = 0) -> Clause:
    """The clause that a saying's caption stands for."""
    name, speed, size, count = saying
    role = MOTION_ROLE if ACTION_BY_NAME[name].domain == "motion" else EMOTION_ROLE
    assert size in SIZE_FACTOR
    return Clause(text, role, group, name, speed=speed, size=size, count=count)
