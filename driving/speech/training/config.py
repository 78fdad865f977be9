"""Settings of a training run: defaults here, YAML only overrides, unknown keys fail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flame.errors import ConfigError, input_error
from text2motion.training.settings import read_settings


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
    values = read_settings(SpeechTrainingConfig, path, overrides, example="batch=16")
    config = replace(SpeechTrainingConfig(), **values)
    if config.context % 2 or config.chunk % 2:
        given = f"{config.context} and {config.chunk}"
        raise input_error(ConfigError, "context and chunk must be even", given, "give even numbers of frames")
    return config
