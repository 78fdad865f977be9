"""Denoiser, sampler and features: shapes, invariances and exact cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence
from text2motion.denoiser import PHASE_FEATURES, ClauseBatch, Denoiser, DenoiserConfig, phase_features
from text2motion.features import (
    EMOTION_FEATURES,
    MOTION_FEATURES,
    Normaliser,
    emotion_channels,
    emotion_features,
    motion_channels,
    motion_features,
)
from text2motion.sampling import add_noise, ddim, signal_and_noise

_B, _K, _L = 2, 3, 5


def _batch(seed: int = 0) -> ClauseBatch:
    generator = torch.Generator().manual_seed(seed)
    token_mask = torch.ones(_B, _K, _L, dtype=torch.bool)
    token_mask[:, 1, 3:] = False
    return ClauseBatch(
        torch.randn(_B, _K, _L, 384, generator=generator),
        token_mask,
        torch.ones(_B, _K, dtype=torch.bool),
        torch.rand(_B, _K, 3, generator=generator).cumsum(-1),
        torch.ones(_B, _K),
        torch.zeros(_B, _K),
        torch.ones(_B),
    )


@pytest.fixture(scope="module")
def network() -> Denoiser:
    torch.manual_seed(1)
    made = Denoiser(DenoiserConfig(features=6, width=16, layers=2, heads=2, patch=2)).eval()
    torch.nn.init.normal_(made.head.weight)
    return made


def _run(network: Denoiser, batch: ClauseBatch, **options) -> torch.Tensor:
    x = torch.randn(_B, 10, 6, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return network(x, torch.full((_B,), 0.5), batch, start_seconds=torch.zeros(_B), **options)


def test_shapes_and_an_empty_prompt(network: Denoiser) -> None:
    assert _run(network, _batch()).shape == (_B, 10, 6)
    silent = _run(network, _batch().without_text())
    assert torch.isfinite(silent).all()


def test_clauses_are_a_set_and_padding_is_nothing(network: Denoiser) -> None:
    batch = _batch()
    order = torch.tensor([2, 0, 1])
    parts = ("tokens", "token_mask", "clause_mask", "spans", "counts", "own")
    turned = ClauseBatch(
        **{name: getattr(batch, name)[:, order] for name in parts}, intensity=batch.intensity
    )
    torch.testing.assert_close(_run(network, batch), _run(network, turned), atol=1e-5, rtol=1e-4)
    batch.clause_mask[:, 2] = False
    first = _run(network, batch)
    batch.tokens[:, 2] = 100.0
    batch.tokens[:, 1, 3:] = 50.0  # behind the token mask
    torch.testing.assert_close(first, _run(network, batch), atol=1e-5, rtol=1e-4)


def test_kept_clause_vectors_change_nothing(network: Denoiser) -> None:
    batch = _batch()
    with torch.inference_mode():
        told = network.encode(batch)
    torch.testing.assert_close(_run(network, batch), _run(network, batch, clauses=told))


def test_frames_behind_the_mask_are_not_seen(network: Denoiser) -> None:
    mask = torch.ones(_B, 10, dtype=torch.bool)
    mask[:, 6:] = False
    x = torch.randn(_B, 10, 6, generator=torch.Generator().manual_seed(3))
    other = x.clone()
    other[:, 6:] = 9.0
    level, start = torch.full((_B,), 0.3), torch.zeros(_B)
    with torch.inference_mode():
        a = network(x, level, _batch(), start_seconds=start, frame_mask=mask)
        b = network(other, level, _batch(), start_seconds=start, frame_mask=mask)
    torch.testing.assert_close(a[:, :6], b[:, :6], atol=1e-5, rtol=1e-4)


def test_phases_depend_on_relative_time_only() -> None:
    seconds = torch.linspace(0, 4, 9)[None]
    spans, counts = torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[2.0]])
    first = phase_features(seconds, spans, counts)
    assert first.shape == (1, 9, 1, PHASE_FEATURES)
    torch.testing.assert_close(first, phase_features(seconds + 5, spans + 5, counts), atol=1e-4, rtol=1e-3)
    assert first.abs().max() <= 2.0


def test_ddim_with_a_perfect_model_returns_its_answer() -> None:
    target = torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(1))
    for steps in (1, 4, 25):
        torch.testing.assert_close(
            ddim(lambda x, t: target, noise, steps=steps), target, atol=1e-4, rtol=1e-3
        )


def test_schedule_keeps_the_variance() -> None:
    t = torch.linspace(0, 1, 11)
    signal, sigma = signal_and_noise(t)
    torch.testing.assert_close(signal**2 + sigma**2, torch.ones(11), atol=1e-5, rtol=0)
    x0 = torch.ones(2, 3, 4)
    torch.testing.assert_close(add_noise(x0, torch.zeros_like(x0), torch.zeros(2)), x0)
    assert all(a >= b for a, b in itertools.pairwise(signal.tolist()))


def test_features_there_and_back(rng: np.random.Generator) -> None:
    eye = rng.normal(0, 0.2, (12, 3))
    sequence = FlameSequence.neutral(12).replace(
        neck=rng.normal(0, 0.3, (12, 3)),
        rotation=rng.normal(0, 0.1, (12, 3)),
        eyes=np.concatenate([eye, eye], axis=1),
        translation=rng.normal(0, 0.01, (12, 3)),
        jaw=np.abs(rng.normal(0, 0.2, (12, 3))) * [1, 0, 0],
        eyelids=rng.uniform(0, 1, (12, 2)),
        expression=rng.uniform(0, 1, (12, len(EXPRESSION_NAMES))),
    )
    motion, emotion = motion_features(sequence), emotion_features(sequence)
    assert motion.shape[1] == len(MOTION_FEATURES)
    assert emotion.shape[1] == len(EMOTION_FEATURES)
    for name, array in {**motion_channels(motion), **emotion_channels(emotion)}.items():
        np.testing.assert_allclose(array, getattr(sequence, name), atol=1e-5, err_msg=name)
    normal = Normaliser.measure(motion)
    np.testing.assert_allclose(normal.backward(normal.forward(motion)), motion, atol=1e-5)
