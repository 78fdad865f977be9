"""What training minimises."""

from __future__ import annotations

import torch
from torch import Tensor

from text2motion.sampling import signal_and_noise


def motion_loss(
    predicted: Tensor,
    target: Tensor,
    mask: Tensor,
    *,
    velocity_weight: float,
    acceleration_weight: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Mean squared error over real frames plus the same of first and second frame differences.

    Args:
        predicted, target: (B, T, D) in network units.
        mask: (B, T) True where there is a frame.
        velocity_weight, acceleration_weight: of the differences (the paper: 0.5 on velocity).
        weights: (B,) of the samples; None for 1.
    """
    there = mask.to(predicted.dtype)[..., None]  # (B, T, 1)
    if weights is not None:
        there = there * weights[:, None, None]
    error = predicted - target
    total = predicted.new_zeros(())
    for weight in (1.0, velocity_weight, acceleration_weight):
        if weight and error.shape[1]:
            norm = (there > 0).sum().clamp_min(1) * error.shape[-1]
            total = total + weight * (error.square() * there).sum() / norm
        error, there = error[:, 1:] - error[:, :-1], torch.minimum(there[:, 1:], there[:, :-1])
    return total


def level_weights(t: Tensor, *, clip: float = 5.0) -> Tensor:
    """(B,) weight of noise levels: what is nearly clean has small errors, which must count all the same.

    The signal-to-noise ratio, clipped (min-SNR, Hang et al. 2023), plus 1 so that pure noise, where the text
    decides alone, keeps its say; 1 at t = 1.
    """
    signal, sigma = signal_and_noise(t)
    return 1.0 + (signal / sigma.clamp_min(1e-3)).square().clamp_max(clip)


def draw_levels(size: int, generator: torch.Generator, *, high_share: float) -> Tensor:
    """Noise levels (B,) in [0, 1]: ``high_share`` of them in the noisiest third, the others anywhere."""
    uniform = torch.rand(size, generator=generator, device=generator.device)
    high = torch.rand(size, generator=generator, device=generator.device) < high_share
    return torch.where(high, 1.0 - 0.35 * uniform, uniform)
