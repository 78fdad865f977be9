"""Few-step sampling of a model that predicts the clean signal.

The forward process is the straight line x_t = (1 − t)·x_0 + t·ε (rectified flow: Liu et al. 2022,
arXiv:2209.03003). The sampler knows ``model(x, t)`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch

__all__ = ["advance", "mix", "sample", "step_times"]


def mix(clean: torch.Tensor, noise: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """``x_t`` for ``time (B,)`` in [0, 1]; the other axes of ``clean`` and ``noise`` are arbitrary."""
    time = time.view(-1, *[1] * (clean.ndim - 1))
    return (1 - time) * clean + time * noise


def step_times(steps: int) -> list[float]:
    """Decreasing times, from 1 (pure noise) down to 0, ``steps + 1`` of them."""
    if steps < 1:
        raise ValueError(f"steps must be at least 1: {steps}; use 1 to 8")
    return [1 - i / steps for i in range(steps + 1)]


def advance(noisy: torch.Tensor, clean: torch.Tensor, *, now: float, following: float) -> torch.Tensor:
    """One Euler step along the line through ``x_now`` and its predicted clean signal, to time ``following``."""
    return clean + (following / now) * (noisy - clean)


def sample(
    model: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], noise: torch.Tensor, *, steps: int
) -> torch.Tensor:
    """Follow the line from noise to the clean signal with Euler steps.

    Args:
        model: ``(x_t (B, …), time (B,)) -> x_0 (B, …)``.
        noise: ``(B, …)`` standard normal.
        steps: calls of the model; with 1 the result is simply its prediction from pure noise.

    Returns:
        the model's last prediction of the clean signal.
    """
    x, times = noise, step_times(steps)
    clean = noise
    for now, following in pairwise(times):
        clean = model(x, x.new_full((len(x),), now))
        x = advance(x, clean, now=now, following=following)
    return clean
