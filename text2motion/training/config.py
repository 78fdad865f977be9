"""Settings of a training run: defaults here, YAML only overrides, unknown keys fail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flame.errors import ConfigError, input_error
from text2motion.training.settings import read_settings

ROLES = ("motion", "emotion", "joint")


@dataclass(frozen=True)
class TrainingConfig:
    """One training run.

    Attributes:
        role: "motion", "emotion", or "joint" (one network for both parts, the ablation).
        encoder: "minilm" (in the package) or "clip".
        start_from: weights (.safetensors) to begin with instead of nothing; their sizes must be the same.
        encoder_folder: where CLIP's text model and tokenizer lie (``save_pretrained`` layout).
        width, layers, heads, patch, stream: sizes of the denoiser.
        frames: longest window in frames at 25 fps.
        scenes: scenes performed for the corpus, kept in memory and on disk.
        batch: scenes a step (of each process).
        steps: optimiser steps in all (the learning rate decays over them).
        minutes: stop after this wall time even if steps are left, 0 for no limit; the rate decays with it.
        learning_rate, weight_decay, warmup_steps, gradient_clip: AdamW.
        ema: decay of the averaged weights, which are what is exported.
        velocity_weight, acceleration_weight: weights of the losses on frame differences.
        high_share: share of samples near pure noise, where the text decides and not the input.
        silent_share: share of samples trained without any clause (for classifier-free guidance).
        words_only, signature_only: shares of samples whose clauses have only one of the two. Captions of a
            folder, which say more than the vocabulary, are never withheld.
        words_steps, words_weight: lessons of captions alone before training, and their weight during it.
        token_noise: noise on token states relative to their size.
        validation_share: share of a folder's clips held out where the folder names no split.
        validation_scenes: scenes of the corpus held out.
        seed: of everything random.
        device: "auto", "cpu" or "cuda".
        precision: "no", "bf16" or "fp16" (accelerate's mixed precision).
        checkpoint_minutes: minutes between checkpoints.
        validate_steps: steps between validations.
    """

    role: str = "motion"
    encoder: str = "minilm"
    encoder_folder: str = ""
    start_from: str = ""
    width: int = 128
    layers: int = 3
    heads: int = 4
    patch: int = 5
    stream: int = 48
    frames: int = 150
    scenes: int = 20000
    batch: int = 32
    steps: int = 20000
    minutes: float = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 100
    gradient_clip: float = 1.0
    ema: float = 0.998
    velocity_weight: float = 1.0
    acceleration_weight: float = 1.0
    high_share: float = 0.5
    silent_share: float = 0.06
    words_only: float = 0.1
    signature_only: float = 0.85
    words_steps: int = 1500
    words_weight: float = 0.05
    token_noise: float = 0.15
    validation_share: float = 0.05
    validation_scenes: int = 256
    seed: int = 0
    device: str = "auto"
    precision: str = "no"
    checkpoint_minutes: float = 3.0
    validate_steps: int = 500


_AT_LEAST: dict[str, float] = {
    "width": 8, "layers": 1, "heads": 1, "patch": 1, "stream": 4, "frames": 8, "scenes": 1, "batch": 1,
    "steps": 1, "minutes": 0, "learning_rate": 1e-7, "weight_decay": 0, "warmup_steps": 1,
    "gradient_clip": 1e-6, "velocity_weight": 0, "acceleration_weight": 0, "words_steps": 0,
    "words_weight": 0, "token_noise": 0, "validation_scenes": 1, "seed": 0, "checkpoint_minutes": 0,
    "validate_steps": 1,
}  # fmt: skip
_SHARES = ("ema", "high_share", "silent_share", "words_only", "signature_only", "validation_share")
_CHOICES = {
    "role": ROLES,
    "encoder": ("minilm", "clip"),
    "device": ("auto", "cpu", "cuda"),
    "precision": ("no", "bf16", "fp16"),
}


def load_config(path: Path | None, overrides: list[str], *, role: str) -> TrainingConfig:
    """Defaults, then the YAML file, then ``key=value`` words.

    Raises:
        ConfigError: unknown key, wrong type, number out of range, or a file that cannot be read.
    """
    values = read_settings(TrainingConfig, path, overrides, example="batch=128")
    if values.get("role", role) != role:
        rule = f"the configuration is for {values['role']}, the command trains {role}"
        raise input_error(ConfigError, rule, path or "role", "give the other configuration or command")
    config = replace(TrainingConfig(), **{**values, "role": role})
    _check(config)
    return config


def _check(config: TrainingConfig) -> None:
    """Ranges, and what must fit together."""
    for key, choices in _CHOICES.items():
        if getattr(config, key) not in choices:
            rule = f"{key} must be one of {', '.join(choices)}"
            raise input_error(ConfigError, rule, getattr(config, key), "choose one of them")
    for key, least in _AT_LEAST.items():
        if getattr(config, key) < least:
            rule = f"training setting {key} must be at least {least:g}"
            raise input_error(ConfigError, rule, getattr(config, key), "correct it")
    for key in _SHARES:
        if not 0.0 <= getattr(config, key) < 1.0:
            rule = f"training setting {key} must be in [0, 1)"
            raise input_error(ConfigError, rule, getattr(config, key), "correct it")
    if config.width % (2 * config.heads):
        rule = "width must be a multiple of twice the heads"
        raise input_error(ConfigError, rule, f"width {config.width}, heads {config.heads}", "correct one")
    if config.frames % config.patch:
        rule = "frames must be a multiple of patch"
        raise input_error(ConfigError, rule, f"frames {config.frames}, patch {config.patch}", "correct one")
    folder = config.encoder_folder
    if config.encoder == "clip" and not (folder and Path(folder).is_dir()):
        given = folder or "no encoder_folder"
        rule = "the CLIP text encoder needs its folder"
        raise input_error(ConfigError, rule, given, "give encoder_folder=PATH to a downloaded CLIP model")
