"""Scenes of the corpus as training clips: performed once from a seed, kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from flame.sequence import FlameSequence
from text2motion.conditioning import JOINT_ROLE, MOST_COUNT
from text2motion.corpus.performance import controls_to_sequence
from text2motion.corpus.scenes import random_scene
from text2motion.features import emotion_features, motion_features
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE
from text2motion.signature import SIGNATURE_NAMES, signature_of
from text2motion.training.bank import CaptionBank
from text2motion.training.clips import ClipBuilder, ClipSet

FPS = 25.0
#: Each model practises its own part more, but sees the other part's clauses beside it.
_MOTION_SHARE = {"motion": 0.62, "emotion": 0.25, "joint": 0.42}
ROLE_NUMBER = {"motion": MOTION_ROLE, "emotion": EMOTION_ROLE, "joint": JOINT_ROLE}


def features_of(sequence: FlameSequence, role: str) -> np.ndarray:
    """(T, D) feature columns that the model of ``role`` owns."""
    parts = []
    if role in ("motion", "joint"):
        parts.append(motion_features(sequence))
    if role in ("emotion", "joint"):
        parts.append(emotion_features(sequence))
    return np.concatenate(parts, axis=1)


def is_own(clause_role: int, role: str) -> float:
    """1 where a clause belongs to the model's own part."""
    return float(ROLE_NUMBER[role] in (clause_role, JOINT_ROLE))


def perform_scenes(
    bank: CaptionBank,
    *,
    role: str,
    scenes: int,
    frames: int,
    seed: int,
    note: Callable[[str], None] | None = None,
) -> ClipSet:
    """Perform ``scenes`` random scenes; the same seed gives the same clips."""
    generator = np.random.default_rng(seed)
    number = {saying: index for index, saying in enumerate(bank.sayings)}
    builder = ClipBuilder()
    for made in range(scenes):
        scene = random_scene(generator, fps=FPS, most_frames=frames, motion_share=_MOTION_SHARE[role])
        clauses = []
        for item, saying in zip(scene.planned, scene.sayings, strict=True):
            count = float(min(item.clause.resolved_count(), MOST_COUNT))
            span = (item.start, item.settle, item.release)
            signature = signature_of(item.clause)
            clauses.append((number[saying], span, count, is_own(item.clause.role, role), signature))
        builder.add(
            features_of(controls_to_sequence(scene.controls, fps=FPS), role),
            start_seconds=float(scene.times[0]),
            intensity=scene.intensity,
            clauses=clauses,
            signature_size=len(SIGNATURE_NAMES),
        )
        if note is not None and made % 1000 == 999:
            note(f"{made + 1} of {scenes} scenes performed")
    return builder.build()
