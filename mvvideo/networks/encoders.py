"""Small encoders around the U-Nets: guidance in, image tokens in, layers out."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mvvideo.networks.composite import Layers, box_twice
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.extras import IdentityAdapter

__all__ = ["GuidanceEncoder", "LayerHead", "TokenEncoder"]


class GuidanceEncoder(nn.Module):
    """Guidance to features on the codec's grid, added to the noisy input (the FLAME encoder)."""

    def __init__(self, config: NetworkConfig, *, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.patch = config.patch
        self.reduce = nn.Conv2d(in_channels * config.patch**2, out_channels, 1)
        self.mix = nn.Conv2d(out_channels, out_channels, 3, padding=1)

    def forward(self, guidance: torch.Tensor) -> torch.Tensor:
        """``(N, C, H, W) -> (N, out, H/patch, W/patch)``."""
        features = self.reduce(functional.pixel_unshuffle(guidance, self.patch))
        return features + self.mix(functional.silu(features))


class TokenEncoder(nn.Module):
    """The reference photo as token_grid² image tokens: the place CLIP's tokens take in large presets."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.token_channels
        self.grid = config.token_grid
        self.stem = nn.Conv2d(4 * config.patch**2, width // 2, 1)
        self.down_1 = nn.Conv2d(width // 2, width, 3, stride=2, padding=1)
        self.down_2 = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(width)
        self.patch = config.patch
        self.adapter: IdentityAdapter | None = None  # set by the denoiser where it is switched on

    def forward(self, reference: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """What alpha shows of the photo ``(B, 3, H, W)`` in [−1, 1], alpha ``(B, 1, H, W)`` -> ``(B, L, D)``."""
        patches = functional.pixel_unshuffle(torch.cat([reference * alpha, alpha], 1), self.patch)
        features = functional.silu(self.stem(patches))
        features = self.down_2(functional.silu(self.down_1(features)))
        pooled = functional.adaptive_avg_pool2d(features, self.grid)  # (B, D, g, g)
        tokens = self.norm(pooled.flatten(2).transpose(1, 2))
        return tokens if self.adapter is None else tokens + self.adapter(features, alpha)


class LayerHead(nn.Module):
    """U-Net features to picture layers at full resolution, through a light stage at half resolution.

    The half-resolution stage sees the appearance again: edges finer than the codec's grid are decided there
    for about 1 GFLOP per picture of 256². Its last layer starts at zero.
    """

    def __init__(self, config: NetworkConfig, *, in_channels: int, local_channels: int) -> None:
        super().__init__()
        width, self.fold = config.head_channels, config.patch // 2
        self.max_flow_px = config.max_flow_px
        self.flow = nn.Conv2d(in_channels, 2, 3, padding=1)
        self.expand = nn.Conv2d(in_channels, width // 2 * self.fold**2, 1)
        self.local = nn.Conv2d(local_channels * 4, width, 1)
        self.mix_1 = nn.Conv2d(width // 2 + width, width, 3, padding=1)
        self.mix_2 = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, 6 * 4, 3, padding=1)
        for last in (self.flow, self.out):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, features: torch.Tensor, local: torch.Tensor) -> Layers:
        """``features (N, F, H/p, W/p)``, ``local (N, L, H, W)`` -> layers at ``(H, W)``."""
        size = local.shape[-2:]
        # Smooth by construction: predicted on the coarse grid, interpolated.
        flow = self.max_flow_px * torch.tanh(self.flow(features).float())
        flow = functional.interpolate(flow, size=size, mode="bilinear", align_corners=False)
        half = functional.pixel_shuffle(self.expand(features), self.fold)
        half = torch.cat([half, self.local(functional.pixel_unshuffle(local, 2))], 1)
        half = functional.silu(self.mix_1(functional.silu(half)))
        half = half + functional.silu(self.mix_2(half))
        full = functional.pixel_shuffle(self.out(half).float(), 2)  # (N, 6, H, W)
        gate, detail, alpha, rgb = full.split((1, 1, 1, 3), dim=1)
        # Shade and invented colour carry no structure of single pixels: what is that fine there is a pattern of
        # the grid (a tent of five pixels leaves a ninth of stripes with a period of four).
        gate, rgb = box_twice(torch.cat([gate, rgb], 1), 1).split((1, 3), dim=1)
        return Layers(flow=flow, gate_change=gate, detail_change=detail, alpha_change=alpha, rgb=0.5 + rgb)
