"""Settings of a training run: defaults here, YAML only overrides, unknown keys fail."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from flame.errors import ConfigError, input_error


@dataclass(frozen=True)
class TrainingConfig:
    """One training run.

    Attributes:
        role: "motion" or "emotion".
        width, layers, heads, patch: sizes of the denoiser.
        frames: longest window in frames at 25 fps.
        batch: scenes a step.
        steps: optimiser steps in all (the learning rate decays over them).
        minutes: stop after this wall time even if steps are left, 0 for no limit.
        learning_rate, weight_decay, warmup_steps, gradient_clip: AdamW.
        ema: decay of the averaged weights, which are what is exported.
        velocity_weight: weight of the loss on frame differences.
        words_steps, words_weight: lessons of captions alone before training, and their weight during it.
        token_noise: noise on token states relative to their size.
        silent_share: share of samples trained without any clause (for classifier-free guidance).
        pool: scenes kept in memory; workers renew them all the time.
        workers: processes that perform scenes, 0 for none (scenes are then performed between steps).
        renew: scenes performed per step when there are no workers.
        seed: of everything random.
        device: "auto", "cpu" or "cuda".
        checkpoint_steps: steps between checkpoints.
    """

    role: str = "motion"
    width: int = 160
    layers: int = 4
    heads: int = 4
    patch: int = 2
    frames: int = 150
    batch: int = 64
    steps: int = 20000
    minutes: float = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 200
    gradient_clip: float = 1.0
    ema: float = 0.999
    velocity_weight: float = 2.0
    silent_share: float = 0.08
    words_steps: int = 600
    words_weight: float = 0.05
    token_noise: float = 0.15
    pool: int = 4000
    workers: int = 0
    renew: int = 8
    seed: int = 0
    device: str = "auto"
    checkpoint_steps: int = 1000


def load_config(path: Path | None, overrides: list[str], *, role: str) -> TrainingConfig:
    """Defaults, then the YAML file, then ``key=value`` words.

    Raises:
        ConfigError: unknown key, wrong type, or a file that cannot be read.
    """
    values: dict[str, Any] = {"role": role}
    if path is not None:
        values |= _from_yaml(path)
    for word in overrides:
        key, separator, value = word.partition("=")
        if not separator:
            raise input_error(
                ConfigError, "an override must be key=value", word, "write for example batch=128"
            )
        values[key] = value
    known = {f.name: str(f.type) for f in fields(TrainingConfig)}
    for key, value in values.items():
        if key not in known:
            raise input_error(
                ConfigError, "unknown training setting", key, f"use one of {', '.join(sorted(known))}"
            )
        values[key] = _typed(key, value, known[key])
    if values["role"] not in ("motion", "emotion"):
        raise input_error(
            ConfigError, "role must be motion or emotion", values["role"], "choose one of the two"
        )
    return replace(TrainingConfig(), **values)


def _from_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise input_error(
            ConfigError, "the configuration cannot be read", path, f"check the file ({error})"
        ) from error
    if not isinstance(loaded, dict):
        raise input_error(ConfigError, "a configuration must be a mapping", path, "write key: value lines")
    return loaded


def _typed(key: str, value: Any, kind: str) -> Any:
    try:
        return {"int": int, "float": float, "str": str}[kind](value)
    except (TypeError, ValueError) as error:
        raise input_error(
            ConfigError, f"training setting {key} must be of type {kind}", value, "correct it"
        ) from error
