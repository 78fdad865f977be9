"""Small stand-ins: an encoder that needs no weights, and untrained networks of a few thousand parameters."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from text2motion.features import EMOTION_FEATURES, MOTION_FEATURES, Normaliser


class WordEncoder:
    """Every word has its own random token state; good enough to tell captions apart."""

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        return [
            np.stack(
                [
                    np.random.default_rng(zlib.crc32(word.encode())).normal(0, 0.3, 384).astype(np.float32)
                    for word in ["[start]", *text.split(), "[end]"]
                ]
            )
            for text in texts
        ]


@pytest.fixture(scope="session")
def word_encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture(scope="session")
def tiny_models(word_encoder):
    """Untrained MotionDM and EmotionDM."""
    import torch

    from text2motion.denoiser import Denoiser, DenoiserConfig
    from text2motion.models import EmotionDM, MotionDM

    torch.manual_seed(0)
    made = []
    for kind, names in ((MotionDM, MOTION_FEATURES), (EmotionDM, EMOTION_FEATURES)):
        network = Denoiser(
            DenoiserConfig(features=len(names), width=16, layers=1, heads=2, patch=2, stream=8)
        ).eval()
        torch.nn.init.normal_(network.head.out.weight, std=0.05)
        rest = np.array([float(name.endswith(("_xx", "_yy"))) for name in names], np.float32)
        made.append(kind(network, Normaliser(rest, np.full(len(names), 0.05, np.float32)), word_encoder))
    return tuple(made)
