"""MotionDM and EmotionDM: the trained diffusion models, loaded strictly from checked files.

Both read the same plan of clauses (see ``text2motion.planning``); MotionDM makes neck, bust and gaze,
EmotionDM expression, jaw and eyelids.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import AssetError, ConfigError, input_error
from flame.timing import DEFAULT_FPS, frame_count
from text2motion.conditioning import make_condition
from text2motion.features import (
    EMOTION_FEATURES,
    MOTION_FEATURES,
    Normaliser,
    emotion_channels,
    motion_channels,
)
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, PlannedClause

if TYPE_CHECKING:
    import torch

    from text2motion.denoiser import DenoiserConfig

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
WINDOW_FRAMES = 150  # longest stretch the networks were trained on
OVERLAP_FRAMES = 50
_FORMAT = "mvportrait-text2motion"
_VERSION = "1"
_START_SECONDS = 0.35  # how fast the correction of the first frame fades


class _DiffusionModel:
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
            _check_hash(path)
        network, normaliser = load_weights(path, role=cls.name, feature_names=cls.feature_names)
        return cls(network, normaliser, encoder)

    def features(
        self,
        planned: Sequence[PlannedClause],
        *,
        seconds: float,
        fps: float = DEFAULT_FPS,
        seed: int = 0,
        guidance: float = 1.0,
        intensity: float = 1.0,
        steps: int = 10,
    ) -> np.ndarray:
        """Sample features for a plan.

        Args:
            planned: clauses with their times; empty for idle life.
            seconds: length of the clip.
            fps: frame rate of the result (the network works at its own and is resampled).
            seed: same seed, same motion.
            guidance: 1 follows the text as learnt, more exaggerates it.
            intensity: strength of all actions, 1 ordinary, about 0.5 to 1.5.
            steps: denoising steps.

        Returns:
            (T, D) features, T = frame_count(seconds, fps); the first frame is at rest.

        Raises:
            ConfigError: a number out of range.
        """
        _check_numbers(guidance=guidance, intensity=intensity, steps=steps)
        frames = frame_count(seconds, fps=fps)
        own_fps = self._network.config.fps
        patch = self._network.config.patch
        inner = max(2, math.ceil(seconds * own_fps) + 1)  # of the length alone: any rate shows one motion
        padded = max(math.ceil(inner / patch) * patch, 4 * patch)
        units = self._sample(
            list(planned), padded, seed=seed, guidance=guidance, intensity=intensity, steps=steps
        )
        features = self._from_rest(self._normaliser.backward(units)[:inner], own_fps)
        at = np.arange(frames) / fps * own_fps
        return _resampled(features, at)

    def _sample(self, planned: list[PlannedClause], frames: int, *, seed: int, guidance: float,
        intensity: float,
                steps: int) -> np.ndarray:  # fmt: skip
        import torch

        from text2motion.denoiser import ClauseBatch
        from text2motion.sampling import ddim

        states = self._text_encoder().encode([item.clause.text for item in planned]) if planned else []
        condition = make_condition(planned, states, role=self.role, intensity=intensity)
        batch = ClauseBatch(**{name: torch.from_numpy(array) for name, array in vars(condition).items()})
        generator = torch.Generator().manual_seed(seed * 2 + self.role)
        network = self._network
        noise = torch.randn(1, frames, len(self.feature_names), generator=generator)
        windows = window_starts(frames, patch=network.config.patch)
        with torch.inference_mode():
            told = network.encode(batch)
            silent = batch.without_text()

            def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
                def predict(of: ClauseBatch) -> torch.Tensor:
                    return _over_windows(network, x, t, of, told, windows)

                if guidance == 1.0 or not planned:
                    return predict(batch)
                free = predict(silent)
                return free + guidance * (predict(batch) - free)

            return ddim(model, noise, steps=steps)[0].numpy()

    def _text_encoder(self) -> Any:
        if self._encoder is None:
            from text2motion.encoder import default_encoder

            self._encoder = default_encoder()
        return self._encoder

    def _from_rest(self, features: np.ndarray, fps: float) -> np.ndarray:
        """Start exactly at rest: what the first frame is off fades out."""
        rest = np.zeros(features.shape[1], np.float32)
        rest[[i for i, name in enumerate(self.feature_names) if name.endswith(("_xx", "_yy"))]] = 1.0
        fade = np.exp(-np.arange(len(features)) / fps / _START_SECONDS)[:, None]
        return (features + (rest - features[0]) * fade).astype(np.float32)


class MotionDM(_DiffusionModel):
    """Head, bust and gaze from text."""

    role = MOTION_ROLE
    name = "motion"
    feature_names = MOTION_FEATURES

    def generate(self, planned: Sequence[PlannedClause], **options: Any) -> dict[str, np.ndarray]:
        """Arrays ``neck, rotation, eyes, translation`` of a FlameSequence; options as :meth:`features`."""
        return motion_channels(_smoothed(self.features(planned, **options)))


class EmotionDM(_DiffusionModel):
    """Expression, jaw and eyelids from text."""

    role = EMOTION_ROLE
    name = "emotion"
    feature_names = EMOTION_FEATURES

    def generate(self, planned: Sequence[PlannedClause], **options: Any) -> dict[str, np.ndarray]:
        """Arrays ``jaw, eyelids, expression`` of a FlameSequence; options as :meth:`features`."""
        return emotion_channels(self.features(planned, **options))


def window_starts(frames: int, *, patch: int = 1) -> list[int]:
    """First frames of overlapping windows of at most WINDOW_FRAMES that cover ``frames``; multiples of
    ``patch``."""
    if frames <= WINDOW_FRAMES:
        return [0]
    stride = WINDOW_FRAMES - OVERLAP_FRAMES
    last = frames - WINDOW_FRAMES
    starts = [start - start % patch for start in range(0, last, stride)]
    return [*starts, last - last % patch]


def _over_windows(network: Any, x: Any, t: Any, batch: Any, told: Any, windows: list[int]) -> Any:
    """x0 of a long clip: windows predicted together and blended where they overlap (weights fall to the
    edges)."""
    import torch

    length = min(x.shape[1], WINDOW_FRAMES)
    count = len(windows)
    stacked = torch.cat([x[:, start : start + length] for start in windows])  # (W, T, D)
    begin = torch.tensor(windows, dtype=torch.float32) / network.config.fps
    wide = type(batch)(**{name: value.expand(count, *value.shape[1:]) for name, value in vars(batch).items()})
    predicted = network(
        stacked, t.expand(count), wide, start_seconds=begin, clauses=told.expand(count, -1, -1)
    )
    if count == 1:
        return predicted
    ramp = torch.minimum(torch.arange(length) + 1.0, length - torch.arange(length, dtype=torch.float32))
    weight = ramp.clamp_max(OVERLAP_FRAMES)[:, None]
    total, norm = torch.zeros_like(x), torch.zeros(x.shape[1], 1)
    for index, start in enumerate(windows):
        total[0, start : start + length] += weight * predicted[index]
        norm[start : start + length] += weight
    return total / norm.clamp_min(1e-6)


def _resampled(features: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Linear interpolation of (T, D) at fractional frames (N,)."""
    low = np.clip(np.floor(at + 1e-9).astype(int), 0, len(features) - 1)
    high = np.minimum(low + 1, len(features) - 1)
    part = np.clip(at - low, 0.0, 1.0)[:, None]
    return (features[low] * (1.0 - part) + features[high] * part).astype(np.float32)


def _smoothed(features: np.ndarray) -> np.ndarray:
    """Sliding window over time (the paper's ablation: without one, scores fall); ends stay.

    Binomial of width 5: it halves the jitter between the network's tokens and takes 9 % off a nod.
    """
    if len(features) < 5:
        return features
    kernel = np.array([1.0, 4.0, 6.0, 4.0, 1.0], np.float32) / 16.0
    padded = np.pad(features, ((2, 2), (0, 0)), mode="edge")
    smooth = sum(weight * padded[k : k + len(features)] for k, weight in enumerate(kernel))
    return np.concatenate([features[:1], smooth[1:-1], features[-1:]]).astype(np.float32)


def _check_numbers(*, guidance: float, intensity: float, steps: int) -> None:
    for name, value, low, high in (
        ("guidance", guidance, 0.0, 10.0),
        ("intensity", intensity, 0.0, 2.0),
        ("steps", steps, 1, 1000),
    ):
        if not (isinstance(value, (int, float)) and math.isfinite(value) and low <= value <= high):
            raise input_error(
                ConfigError,
                f"{name} must be between {low:g} and {high:g}",
                value,
                "give a number in that range",
            )


# ------------------------------------------------------------------------------------------------ weight
# files


def save_weights(path: Path, state: dict[str, Any], *, role: str, config: DenoiserConfig,
    normaliser: Normaliser,
                 steps: int) -> None:  # fmt: skip
    """Write half-precision weights with everything needed to use them."""
    import torch
    from safetensors.torch import save_file

    tensors = {
        f"network.{name}": value.detach().to("cpu", torch.float16).contiguous()
        for name, value in state.items()
    }
    tensors["mean"] = torch.from_numpy(normaliser.mean)
    tensors["scale"] = torch.from_numpy(normaliser.scale)
    names = MOTION_FEATURES if role == "motion" else EMOTION_FEATURES
    metadata = {
        "format": _FORMAT, "version": _VERSION, "role": role, "steps": str(steps),
        "config": json.dumps(config.as_dict()), "features": json.dumps(names),
    }  # fmt: skip
    save_file(tensors, str(path), metadata=metadata)


def load_weights(path: Path, *, role: str, feature_names: tuple[str, ...]) -> tuple[Any, Normaliser]:
    """Network (eval mode) and normaliser from a file of :func:`save_weights`.

    Raises:
        AssetError: not such a file, another role or version, or another rig's columns.
    """
    from safetensors import SafetensorError, safe_open

    from text2motion.denoiser import Denoiser, DenoiserConfig

    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise input_error(
            AssetError, "the motion weights cannot be read", path, "reinstall the package"
        ) from error
    found = tuple(metadata.get(key) for key in ("format", "version", "role"))
    if found != (_FORMAT, _VERSION, role):
        raise input_error(
            AssetError, f"not {role} weights of this version", path, "reinstall the package or train anew"
        )
    if tuple(json.loads(metadata["features"])) != feature_names:
        raise input_error(
            AssetError, "the weights were trained on another rig", path, "train them on this one"
        )
    network = Denoiser(DenoiserConfig(**json.loads(metadata["config"])))
    state = {
        name.removeprefix("network."): t.float() for name, t in tensors.items() if name.startswith("network.")
    }
    network.load_state_dict(state, strict=True)
    normaliser = Normaliser(tensors["mean"].numpy(), tensors["scale"].numpy())
    return network.eval().requires_grad_(False), normaliser


def _check_hash(path: Path) -> None:
    """Compare a shipped file with the package's list of SHA-256 sums."""
    sums = WEIGHTS_FOLDER / "SHA256SUMS"
    if not path.is_file() or not sums.is_file():
        raise input_error(AssetError, "weights of the package are missing", path, "reinstall the package")
    lines = [line.split(maxsplit=1) for line in sums.read_text(encoding="ascii").splitlines() if line]
    expected = {name: value for value, name in lines}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected.get(path.name) != digest:
        raise input_error(AssetError, "weights of the package are altered", path, "reinstall the package")
