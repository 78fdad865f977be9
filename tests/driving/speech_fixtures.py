"""A tiny real speech network and sounds made by arithmetic, for tests of the speech driver."""

from __future__ import annotations

import numpy as np

from driving.speech.features import MelFeatures
from driving.speech.layout import COLUMNS, Units, rest_columns
from driving.speech.style import STYLE_DIMS


def tiny_model(
    *, features: str = MelFeatures.name, rate: int = 100, dims: int = MelFeatures.dims, seed: int = 0
):
    """Network with random weights (its output head too, so that noise and sound matter) and units."""
    import torch

    from driving.speech.network import SpeechConfig, SpeechNetwork

    torch.manual_seed(seed)
    config = SpeechConfig(
        features=features,
        feature_rate=rate,
        feature_dims=dims,
        columns=len(COLUMNS),
        phones=8,
        style=STYLE_DIMS,
        width=16,
        layers=1,
        heads=2,
    )
    network = SpeechNetwork(config)
    torch.nn.init.normal_(network.head.weight, std=0.3)
    units = Units(rest_columns(), np.full(len(COLUMNS), 0.05, np.float32))
    return network.eval().requires_grad_(False), units


def babble(seconds: float, sample_rate: int = 16000, *, seed: int = 0) -> np.ndarray:
    """(N,) float32: a buzz that swells four times a second, with some noise."""
    generator = np.random.default_rng(seed)
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 4 * t), 0.0, 1.0)
    return (0.1 * buzz * swell + 0.01 * generator.normal(size=len(t))).astype(np.float32)
