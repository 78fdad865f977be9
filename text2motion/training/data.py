"""Scenes for training: performed by seed, kept in a pool, renewed while training runs."""

from __future__ import annotations

import multiprocessing
import queue
from dataclasses import dataclass

import numpy as np

from text2motion.conditioning import MOST_COUNT
from text2motion.corpus.performance import controls_to_sequence
from text2motion.corpus.scenes import random_scene
from text2motion.features import emotion_features, motion_features
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE
from text2motion.training.bank import CaptionBank, load_bank

MOST_CLAUSES = 8
FPS = 25.0
#: Each model practises its own part more, but sees the other part's clauses beside it.
_MOTION_SHARE = {"motion": 0.62, "emotion": 0.25}
ROLE_NUMBER = {"motion": MOTION_ROLE, "emotion": EMOTION_ROLE}


@dataclass(frozen=True)
class SceneChunk:
    """S scenes as arrays: features (S, T, D), frames (S,), start_seconds (S,), intensity (S,), and per clause
    caption (S, K) index into the bank or -1, spans (S, K, 3), counts (S, K), own (S, K)."""

    features: np.ndarray
    frames: np.ndarray
    start_seconds: np.ndarray
    intensity: np.ndarray
    caption: np.ndarray
    spans: np.ndarray
    counts: np.ndarray
    own: np.ndarray


def make_chunk(bank: CaptionBank, *, role: str, scenes: int, frames: int, seed: int) -> SceneChunk:
    """Perform ``scenes`` random scenes; the same seed gives the same chunk."""
    generator = np.random.default_rng(seed)
    features = motion_features if role == "motion" else emotion_features
    rows: list[np.ndarray] = []
    chunk = SceneChunk(
        features=np.zeros((0,)),
        frames=np.zeros(scenes, np.int64),
        start_seconds=np.zeros(scenes, np.float32),
        intensity=np.ones(scenes, np.float32),
        caption=np.full((scenes, MOST_CLAUSES), -1, np.int64),
        spans=np.zeros((scenes, MOST_CLAUSES, 3), np.float32),
        counts=np.ones((scenes, MOST_CLAUSES), np.float32),
        own=np.zeros((scenes, MOST_CLAUSES), np.float32),
    )
    for s in range(scenes):
        scene = random_scene(generator, fps=FPS, most_frames=frames, motion_share=_MOTION_SHARE[role])
        performed = features(controls_to_sequence(scene.controls, fps=FPS))  # (T, D)
        rows.append(np.pad(performed, ((0, frames - len(performed)), (0, 0)), mode="edge").astype(np.float16))
        chunk.frames[s] = len(performed)
        chunk.start_seconds[s] = scene.times[0]
        chunk.intensity[s] = scene.intensity
        for k, (item, saying) in enumerate(zip(scene.planned[:MOST_CLAUSES], scene.sayings, strict=False)):
            choices = bank.of_saying[saying]
            chunk.caption[s, k] = choices[generator.integers(len(choices))]
            chunk.spans[s, k] = item.start, item.settle, item.release
            chunk.counts[s, k] = min(item.clause.resolved_count(), MOST_COUNT)
            chunk.own[s, k] = float(item.clause.role == ROLE_NUMBER[role])
    return SceneChunk(**{**chunk.__dict__, "features": np.stack(rows)})


def _work(bank_path: str, role: str, frames: int, seed: int, out: multiprocessing.Queue) -> None:
    """Body of a worker process: perform chunk after chunk until the trainer ends."""
    bank = load_bank(bank_path)  # type: ignore[arg-type]
    number = 0
    while True:
        out.put(make_chunk(bank, role=role, scenes=128, frames=frames, seed=seed + 1_000_003 * number))
        number += 1


class SceneSource:
    """Chunks without end, from worker processes or, without workers, performed on demand."""

    def __init__(
        self, bank: CaptionBank, bank_path: str, *, role: str, frames: int, workers: int, seed: int
    ) -> None:
        self._bank, self._role, self._frames, self._seed = bank, role, frames, seed
        self._made = 0
        self._processes = []
        if workers:
            context = multiprocessing.get_context("spawn")
            self._queue = context.Queue(maxsize=4 * workers)
            for worker in range(workers):
                arguments = (bank_path, role, frames, seed + 7919 * (worker + 1), self._queue)
                process = context.Process(target=_work, args=arguments, daemon=True)
                process.start()
                self._processes.append(process)

    def take(self, scenes: int) -> SceneChunk:
        """The next chunk, waiting for it."""
        if self._processes:
            return self._queue.get()
        self._made += 1
        return make_chunk(
            self._bank,
            role=self._role,
            scenes=scenes,
            frames=self._frames,
            seed=self._seed + 104_729 * self._made,
        )

    def take_ready(self) -> SceneChunk | None:
        """A chunk if workers have one ready."""
        if not self._processes:
            return None
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the workers."""
        for process in self._processes:
            process.terminate()
