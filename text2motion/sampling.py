"""Noise schedule and sampler. A sampler knows ``model(x, t)``, which predicts x0, and nothing else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor


def signal_and_noise(t: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine schedule (Nichol & Dhariwal 2021): weights of x0 and of noise at level t in [0, 1]."""
    angle = 0.5 * math.pi * t.clamp(0.0, 1.0)
    return torch.cos(angle).clamp_min(1e-3), torch.sin(angle)


def add_noise(x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t of (B, T, D) at levels (B,)."""
    signal, sigma = signal_and_noise(t[:, None, None])
    return signal * x0 + sigma * noise


def ddim(model: Callable[[Tensor, Tensor], Tensor], noise: Tensor, *, steps: int) -> Tensor:
    """Deterministic DDIM (Song et al. 2021) from pure noise in ``steps`` evaluations.

    Args:
        model: ``model(x, t)`` with x (B, T, D), t (B,) -> predicted x0.
        noise: (B, T, D) standard normal.
        steps: evaluations, at least 1.

    Levels are spaced quadratically. Idle life is a tenth of a turn's size, so it is decided at low levels only:
    with ten even steps the last one starts above it, and the head swayed twice as far as in the corpus.
    """
    levels = torch.linspace(1.0, 0.0, steps + 1, device=noise.device) ** 2
    x = noise
    for now, after in itertools.pairwise(levels):
        x0 = model(x, now.expand(len(x)))
        signal, sigma = signal_and_noise(now)
        epsilon = (x - signal * x0) / sigma.clamp_min(1e-4)
        signal, sigma = signal_and_noise(after)
        x = signal * x0 + sigma * epsilon
    return x
