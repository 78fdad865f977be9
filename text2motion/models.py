"""MotionDM and EmotionDM: the trained diffusion models, loaded strictly from checked files.

Both read the same plan of clauses (see ``text2motion.planning``); MotionDM makes neck, bust and gaze,
EmotionDM expression, jaw and eyelids.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.checks import check_between
from flame.checksums import check_listed_sum
from flame.errors import ConfigError, input_error
from flame.timing import DEFAULT_FPS
from text2motion.conditioning import make_condition
from text2motion.features import (
    EMOTION_FEATURES,
    MOTION_FEATURES,
    Normaliser,
    emotion_channels,
    motion_channels,
)
from text2motion.finishing import finish_stream
from text2motion.liveliness import UNASKED
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause, PlannedClause
from text2motion.prompting import DEFAULT_STEPS, INTENSITY_LEARNT, Given, Prompt, blend_of
from text2motion.weight_files import load_weights
from text2motion.windows import Known, Model, sample_windows

if TYPE_CHECKING:
    import torch

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
#: What is said where nothing is asked for. Without any clause networks draw what prompts do in the mean.
_REST = Clause("a neutral face", EMOTION_ROLE, action="neutral")
_RANGES = {"guidance": (0.0, 10.0), "intensity": (0.0, 2.0), "steps": (1, 1000)}


class DiffusionModel:
    """What both models share: weights, windows, guidance, sampling."""

    role = -1
    name = ""
    feature_names: tuple[str, ...] = ()

    def __init__(self, network: Any, normaliser: Normaliser, encoder: Any = None) -> None:
        self._network = network
        self._normaliser = normaliser
        self._encoder = encoder

    @classmethod
    def load(cls, path: Path | None = None, *, encoder: Any = None) -> Any:
        """Load weights: the package's own (their SHA-256 is checked), or those of ``path``.

        Raises:
            AssetError: missing, altered or foreign file.
        """
        if path is None:
            path = WEIGHTS_FOLDER / f"{cls.name}.safetensors"
            check_listed_sum(path)
        network, normaliser = load_weights(path, role=cls.name, feature_names=cls.feature_names)
        return cls(network, normaliser, encoder)

    @property
    def fps(self) -> float:
        """The frame rate that the network works at."""
        return float(self._network.config.fps)

    def features(
        self, planned: Sequence[PlannedClause], *, seconds: float, fps: float = DEFAULT_FPS, **options: Any
    ) -> np.ndarray:
        """All chunks of :meth:`stream` in one (T, D) array, T = frame_count(seconds, fps)."""
        return np.concatenate(list(self.stream(planned, seconds=seconds, fps=fps, **options)))

    def stream(
        self,
        planned: Sequence[PlannedClause],
        *,
        seconds: float,
        fps: float = DEFAULT_FPS,
        seed: int = 0,
        guidance: float = 1.0,
        intensity: float | Sequence[float] = 1.0,
        steps: int = DEFAULT_STEPS,
        given: Given | None = None,
    ) -> Iterator[np.ndarray]:
        """Sample features for a plan, window after window.

        Args:
            planned: clauses with their times; empty for idle life.
            seconds: length of the clip.
            fps: frame rate of the result (the network works at its own and is resampled).
            seed: same seed, same motion.
            guidance: 1 follows the text as learnt, more exaggerates it.
            intensity: strength of all actions, or of each clause: 0 idle life alone, 1 ordinary, at most 2.
            steps: denoising steps.
            given: frames or columns that are fixed; None fixes the first frame, at rest.

        Yields:
            (n, D) features, smoothed; together frame_count(seconds, fps) frames.

        Raises:
            ConfigError: a number out of range.
        """
        strengths = _strengths(intensity, len(planned))
        _check_numbers(guidance=guidance, steps=steps)
        given = Given(self._rest()[None], np.ones(1, bool)) if given is None else given
        prompt = Prompt(tuple(planned), strengths, guidance, given.clock_seconds)
        chunks = self._sampled(prompt, seconds=seconds, seed=seed, steps=steps, given=given)
        return finish_stream(chunks, self.feature_names, own_fps=self.fps, fps=fps, seconds=seconds)

    def _sampled(
        self, prompt: Prompt, *, seconds: float, seed: int, steps: int, given: Given
    ) -> Iterator[np.ndarray]:
        """Features at the network's rate, one chunk per window."""
        from text2motion.noise import OCTAVES

        patch = self._network.config.patch
        inner = max(2, math.ceil(seconds * self.fps) + 2)  # of the length alone: any rate shows one motion
        known = Known(self._normaliser.forward(given.features), given.frames, given.columns)
        done, rest = 0, self._rest()
        for units in sample_windows(
            lambda start, frames: self._guided(prompt, start, frames),
            frames=max(math.ceil(inner / patch), 4) * patch,
            columns=len(self.feature_names),
            patch=patch,
            fps=self.fps,
            seed=2 * seed + self.role,
            steps=steps,
            known=known,
            octaves=OCTAVES,
        ):
            features = self._normaliser.backward(units)
            times = prompt.clock_seconds + np.arange(done, done + len(units)) / self.fps
            beyond = np.maximum(prompt.strength_at(times) / INTENSITY_LEARNT[1], 1.0)[:, None]
            yield (rest + beyond * (features - rest)).astype(np.float32)
            done += len(units)

    def _guided(self, prompt: Prompt, start: int, frames: int) -> Model:
        """x0 of one window: told what happens near it, blended where the strength changes."""
        import torch

        times = prompt.clock_seconds + (start + np.arange(frames)) / self.fps
        near = prompt.near(times[0], times[-1])
        if not self._network.config.free_words:
            near = [item for item in near if item.clause.action is not None] or [_resting(times)]
        states = self._text_encoder().encode([item.clause.text for item in near]) if near else []
        begin = torch.tensor([times[0]], dtype=torch.float32)
        asked = any(item.clause is not _REST for item in near)
        parts = blend_of(prompt.strength_at(times) if asked else np.ones(frames))

        saying = [
            (self._told(self._batch(near, states, strength), begin), torch.from_numpy(share))
            for strength, share in parts
        ]
        # below what was learnt, and away from guidance 1, the text's part of the prediction is scaled
        scale = prompt.guidance * np.minimum(prompt.strength_at(times) / INTENSITY_LEARNT[0], 1.0)
        plain = not asked or bool(np.all(scale == 1.0))
        silent = None if plain else self._silent(near, times)
        factor = torch.from_numpy(scale.astype(np.float32))[None, :, None]

        def predict(x: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
            x0 = saying[0][0](x, level)
            if len(saying) > 1:
                x0 = x0 * saying[0][1]
                for model, share in saying[1:]:
                    x0 = x0 + share * model(x, level)
            if silent is None:
                return x0
            free = silent(x, level)
            return free + factor * (x0 - free)

        return predict

    def _told(self, batch: Any, begin: Any) -> Model:
        clauses = self._network.encode(batch)
        return lambda x, level: self._network(x, level, batch, start_seconds=begin, clauses=clauses)

    def _silent(self, near: list[PlannedClause], times: np.ndarray) -> Model:
        """What the network draws when nothing is asked for: idle life with its blinks."""
        import torch

        unasked = [item for item in near if item.clause.group == UNASKED]
        if not unasked and not self._network.config.free_words:
            unasked = [_resting(times)]
        states = self._text_encoder().encode([item.clause.text for item in unasked]) if unasked else []
        begin = torch.tensor([times[0]], dtype=torch.float32)
        return self._told(self._batch(unasked, states, 1.0), begin)

    def _batch(self, near: list[PlannedClause], states: list[np.ndarray], strength: float) -> Any:
        import torch

        from text2motion.denoiser import ClauseBatch

        condition = make_condition(near, states, role=self.role, intensity=strength)
        return ClauseBatch(**{name: torch.from_numpy(array) for name, array in vars(condition).items()})

    def _text_encoder(self) -> Any:
        if self._encoder is None:
            from text2motion.encoder import default_encoder

            self._encoder = default_encoder()
        return self._encoder

    def _rest(self) -> np.ndarray:
        """(D,) features of a head at rest."""
        return np.array([name.endswith(("_xx", "_yy")) for name in self.feature_names], np.float32)


class MotionDM(DiffusionModel):
    """Head, bust and gaze from text."""

    role = MOTION_ROLE
    name = "motion"
    feature_names = MOTION_FEATURES

    def generate(self, planned: Sequence[PlannedClause], **options: Any) -> dict[str, np.ndarray]:
        """Arrays ``neck, rotation, eyes, translation`` of a FlameSequence; options as :meth:`features`."""
        return self.channels(self.features(planned, **options))

    @staticmethod
    def channels(features: np.ndarray) -> dict[str, np.ndarray]:
        """(T, D) features as arrays of a FlameSequence."""
        return motion_channels(features)


class EmotionDM(DiffusionModel):
    """Expression, jaw and eyelids from text."""

    role = EMOTION_ROLE
    name = "emotion"
    feature_names = EMOTION_FEATURES

    def generate(self, planned: Sequence[PlannedClause], **options: Any) -> dict[str, np.ndarray]:
        """Arrays ``jaw, eyelids, expression`` of a FlameSequence; options as :meth:`features`."""
        return self.channels(self.features(planned, **options))

    @staticmethod
    def channels(features: np.ndarray) -> dict[str, np.ndarray]:
        """(T, D) features as arrays of a FlameSequence."""
        return emotion_channels(features)


def _resting(times: np.ndarray) -> PlannedClause:
    """Rest all through a window: begun before it, let go after it."""
    return PlannedClause(_REST, float(times[0]) - 2.0, float(times[0]) - 1.5, float(times[-1]) + 3.0)


def _strengths(intensity: float | Sequence[float], clauses: int) -> tuple[float, ...]:
    each = [intensity] * clauses if isinstance(intensity, (int, float)) else list(intensity)
    for value in [intensity] if isinstance(intensity, (int, float)) else each:
        _check_numbers(intensity=value)
    if len(each) != clauses:
        raise input_error(
            ConfigError, f"intensity must be one number or {clauses}", len(each), "give one per clause"
        )
    return tuple(float(value) for value in each)


def _check_numbers(**numbers: float) -> None:
    for name, value in numbers.items():
        check_between(name, value, *_RANGES[name])
