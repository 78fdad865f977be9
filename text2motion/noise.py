"""The noise that motion is diffused with: correlated over frames, as motion itself is.

White noise hides nothing slow (a hundred frames average it away) and everything fast, so that takes differ
little and residual errors tremble. A sum of white noise smoothed over several widths has about the spectrum
of natural movement (1/f): every tempo is decided at every level, and what a sampler leaves over is slow.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: (standard deviation of the Gaussian in frames at 25 fps, share of the variance); 0 is white.
OCTAVES: tuple[tuple[float, float], ...] = ((0.0, 0.25), (1.5, 0.3), (5.0, 0.25), (16.0, 0.2))


def motion_noise(batch: int, frames: int, columns: int, generator: torch.Generator | None = None) -> Tensor:
    """Standard normal noise (B, T, D) on the generator's device, correlated over frames alone."""
    device = "cpu" if generator is None else generator.device
    total = torch.zeros(batch, frames, columns, device=device)
    for sigma, share in OCTAVES:
        reach = reach_of(sigma)
        white = torch.randn(batch, frames + 2 * reach, columns, generator=generator, device=device)
        total += share**0.5 * (smoothed(white, sigma) if reach else white)
    return total


def reach_of(sigma: float) -> int:
    """Frames on either side that smoothing by ``sigma`` frames needs."""
    return int(3.0 * sigma)


def smoothed(white: Tensor, sigma: float) -> Tensor:
    """Gaussian smoothing that keeps the variance; (B, T + 2 * reach_of(sigma), D) -> (B, T, D)."""
    reach = reach_of(sigma)
    offset = torch.arange(-reach, reach + 1, device=white.device, dtype=white.dtype)
    kernel = torch.exp(-0.5 * (offset / sigma) ** 2)
    kernel = kernel / kernel.square().sum().sqrt()
    b, t, d = white.shape
    flat = white.transpose(1, 2).reshape(b * d, 1, t)
    return F.conv1d(flat, kernel[None, None]).reshape(b, d, t - 2 * reach).transpose(1, 2)
