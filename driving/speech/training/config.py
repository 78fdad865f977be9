"""Settings of a training run: defaults here, YAML only overrides, unknown keys fail."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from flame.errors import ConfigError, input_error


@dataclass(frozen=True)
class SpeechTrainingConfig:
    """One training run.

    Attributes:
        features: "mel" (librosa, in the package's weights) or the folder of a wav2vec2 / HuBERT model.
        leave_out: voices of the corpus that are not used, with commas between them.
        width, layers, heads: sizes of the network.
        context, chunk: frames (50 a second) carried over and made at once; even numbers.
        dropout: in the encoder.
        segment: frames of a training segment beyond the carry-over.
        batch: segments a step.
        windows: windows denoised per segment.
        steps: optimiser steps in all (the learning rate decays over them).
        minutes: stop after this wall time even if steps are left, 0 for no limit.
        learning_rate, weight_decay, warmup_steps, gradient_clip: AdamW.
        ema: decay of the averaged weights, which are what is exported.
        velocity_weight, gap_weight, draft_weight, phone_weight, contact_weight: weights of the losses beside x0's.
        context_noise: noise on the carried-over frames in network units, since at run time they are made, too.
        drop_style, drop_sound: share of windows without style (for guidance), without sound.
        augmented_share: share of segments with the augmented sound; the others are clean.
        feature_noise: strength of the changes made to features on the fly, 1 ordinary.
        seed: of everything random.
        device: "auto", "cpu" or "cuda".
        checkpoint_steps: steps between checkpoints and validations.
        validation_batches: segments' batches of held-out voices in one validation.
    """

    features: str = "mel"
    leave_out: str = ""
    width: int = 160
    layers: int = 3
    heads: int = 4
    context: int = 32
    chunk: int = 12
    dropout: float = 0.1
    segment: int = 160
    batch: int = 8
    windows: int = 6
    steps: int = 8000
    minutes: float = 0.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warmup_steps: int = 150
    gradient_clip: float = 1.0
    ema: float = 0.998
    velocity_weight: float = 2.0
    gap_weight: float = 0.5
    draft_weight: float = 1.0
    phone_weight: float = 0.3
    contact_weight: float = 0.5
    context_noise: float = 0.08
    drop_style: float = 0.1
    drop_sound: float = 0.03
    augmented_share: float = 0.75
    feature_noise: float = 1.0
    seed: int = 0
    device: str = "auto"
    checkpoint_steps: int = 250
    validation_batches: int = 6


def load_config(path: Path | None, overrides: list[str]) -> SpeechTrainingConfig:
    """Defaults, then the YAML file, then ``key=value`` words.

    Raises:
        ConfigError: unknown key, wrong type, or a file that cannot be read.
    """
    values: dict[str, Any] = {} if path is None else _from_yaml(path)
    for word in overrides:
        key, separator, value = word.partition("=")
        if not separator:
            raise input_error(
                ConfigError, "an override must be key=value", word, "write for example batch=16"
            )
        values[key] = value
    known = {f.name: str(f.type) for f in fields(SpeechTrainingConfig)}
    for key, value in values.items():
        if key not in known:
            names = ", ".join(sorted(known))
            raise input_error(ConfigError, "unknown training setting", key, f"use one of {names}")
        values[key] = _typed(key, value, known[key])
    config = replace(SpeechTrainingConfig(), **values)
    if config.context % 2 or config.chunk % 2:
        given = f"{config.context} and {config.chunk}"
        raise input_error(ConfigError, "context and chunk must be even", given, "give even numbers of frames")
    return config


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
