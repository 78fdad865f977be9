"""Who is compared: the still photo, the photo moved by geometry alone, and the presets of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mvvideo.evaluation.consistency import view_difference, visible_vertices
from mvvideo.pipeline import VideoModel

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from mvvideo.portrait import Portrait

__all__ = ["APPEARANCE", "STILL", "STRETCH_FRAMES", "TRUTH", "Competitors", "stretches"]

TRUTH, STILL, APPEARANCE = "real", "still photo", "appearance only"
ORBIT_DEGREES = (0.0, 20.0, -20.0)
"""Views between which consistency is measured."""

STRETCH_FRAMES = 8
"""Frames that are made and scored in one go; sampling leaves out whole stretches, so that flicker can be told."""


def stretches(frames: int, *, every: int = 1) -> list[range]:
    """Which frames of a clip are scored: one of ``every`` stretches of 8 consecutive frames; 1: all frames, as one.

    Each stands in the middle of the frames that it stands for.
    """
    if every == 1:
        return [range(frames)]
    step = every * STRETCH_FRAMES
    first = min((step - STRETCH_FRAMES) // 2, max(frames - STRETCH_FRAMES, 0) // 2)
    last = max(frames - STRETCH_FRAMES, 0)
    return [range(start, min(start + STRETCH_FRAMES, frames)) for start in range(first, last + 1, step)]


class Competitors:
    """Loads each preset once; makes their frames in step.

    Args:
        presets: names in :data:`mvvideo.pipeline.PRESETS`; ``preview`` is the baseline and always there.
        seed: of the noise.
        device: see :meth:`VideoModel.load`.
    """

    def __init__(self, presets: Sequence[str], *, seed: int = 0, device: str = "auto") -> None:
        self._seed = seed
        self._models = {APPEARANCE: VideoModel.load("preview")}
        for name in dict.fromkeys(presets):
            if name != "preview":
                self._models[name] = VideoModel.load(name, device=device)

    @property
    def names(self) -> tuple[str, ...]:
        """Rows, baselines first."""
        return (STILL, *self._models)

    def frames(
        self, portrait: Portrait, motion: FlameSequence, which: Sequence[range]
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Frames by every competitor, from the photo's camera.

        Args:
            which: stretches of frames of ``motion``, see :func:`stretches`.

        Yields:
            frame number, and name → ``(S, S, 3)`` uint8.
        """
        still = np.clip(portrait.image * 255.0 + 0.5, 0, 255).astype(np.uint8)
        for part in which:
            piece = motion[part.start : part.stop]
            streams = {name: self._stream(model, portrait, piece) for name, model in self._models.items()}
            for index in part:
                yield index, {STILL: still, **{name: next(stream) for name, stream in streams.items()}}

    def _stream(self, model: VideoModel, portrait: Portrait, motion: FlameSequence) -> Iterator[np.ndarray]:
        for chunk in model.generate(portrait, motion, portrait.camera, size=portrait.size, seed=self._seed):
            for frame in chunk:
                yield frame[0]

    def consistency(self, portrait: Portrait, motion: FlameSequence, *, frames: int) -> dict[str, float]:
        """View difference (% of range) of each model, over ``frames`` consecutive frames from the middle."""
        from renderer.cameras import Cameras
        from renderer.rigs import orbit

        start = max((motion.frames - frames) // 2, 0)
        part = motion[start : start + frames]
        cameras = Cameras.concatenate(
            [
                orbit(portrait.camera, yaw_radians=np.radians(yaw), pivot=portrait.pivot, names=(f"yaw_{i}",))
                for i, yaw in enumerate(ORBIT_DEGREES)
            ]
        )
        where = [visible_vertices(portrait.head, v, cameras) for v in portrait.head.pose(part)]
        result = {}
        for name, model in self._models.items():
            total, count, done = 0.0, 0, 0
            for chunk in model.generate(portrait, part, cameras, size=portrait.size, seed=self._seed):
                for pictures in chunk:
                    difference, pairs = view_difference(pictures, *where[done])
                    total, count, done = total + difference, count + pairs, done + 1
            result[name] = 100.0 * total / count if count else float("nan")
        return result
