"""Parts of the network that a configuration may switch on; without the switch none of their weights exists.

Each starts as nothing: its last layer is zero, so that switching it on changes no output until it is trained.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mvvideo.networks.config import NetworkConfig

__all__ = ["IdentityAdapter", "IntensityEncoder", "MemoryBank"]


def _split(x: torch.Tensor, heads: int) -> torch.Tensor:
    """``(B, L, C) -> (B, heads, L, C / heads)``."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class IntensityEncoder(nn.Module):
    """How strongly face and head move, as scale and shift of the time embedding (HunyuanPortrait).

    The two intensities, 0 … 1, are cut into ``config.motion_intensity`` levels each, looked up, and joined.
    """

    def __init__(self, config: NetworkConfig, *, width: int) -> None:
        super().__init__()
        self.levels = config.motion_intensity
        self.expression = nn.Embedding(self.levels, width // 2)
        self.head = nn.Embedding(self.levels, width // 2)
        self.out = _zero(nn.Linear(width // 2 * 2, 2 * width))

    def forward(self, embedding: torch.Tensor, intensity: torch.Tensor) -> torch.Tensor:
        """Time embedding ``(B, D)``, ``intensity (B, 2)`` (expression, head) in [0, 1] -> ``(B, D)``."""
        level = (intensity.clamp(0, 1) * self.levels).long().clamp(max=self.levels - 1)
        known = torch.cat([self.expression(level[:, 0]), self.head(level[:, 1])], 1)
        scale, shift = self.out(functional.silu(known)).to(embedding.dtype).chunk(2, 1)
        return embedding * (1 + scale) + shift


class MemoryBank(nn.Module):
    """Learnt memories that every place of the guidance features reads (motion memory bank, HunyuanPortrait)."""

    def __init__(self, config: NetworkConfig, *, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.memories = nn.Parameter(torch.randn(config.memory_bank, channels) * channels**-0.5)
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels, bias=False)
        self.key_value = nn.Linear(channels, 2 * channels, bias=False)
        self.out = _zero(nn.Linear(channels, channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """``(N, C, h, w)`` -> what is to be added to it."""
        query = self.query(self.norm(features.flatten(2).transpose(1, 2)))  # (N, h·w, C)
        key, value = self.key_value(self.memories)[None].expand(len(query), -1, -1).chunk(2, -1)
        read = functional.scaled_dot_product_attention(
            *(_split(x.to(query.dtype), self.heads) for x in (query, key, value))
        )
        added = self.out(read.transpose(1, 2).flatten(2))
        return added.transpose(1, 2).unflatten(2, features.shape[-2:])


class IdentityAdapter(nn.Module):
    """Who it is, read out of the photo's patches at three scales (after HunyuanPortrait's IMAdapter).

    Patches go through 1x1, 3x3 and 5x5 convolutions side by side; the mean of the foreground asks them, once
    for every image token, and the answers are added to the tokens. HunyuanPortrait asks with an ArcFace
    vector; here identity is pooled from the same patches, so that no weights of others are needed.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, narrow = config.token_channels, max(8, config.token_channels // 2)
        self.heads = 4
        self.reduce = nn.Conv2d(width, narrow, 1)
        self.scales = nn.ModuleList(nn.Conv2d(narrow, narrow, side, padding=side // 2) for side in (1, 3, 5))
        self.identity = nn.Linear(width, narrow)
        self.place = nn.Parameter(torch.randn(config.token_grid**2, narrow) * narrow**-0.5)
        self.norm = nn.LayerNorm(narrow)
        self.key_value = nn.Linear(narrow, 2 * narrow)
        self.out = _zero(nn.Linear(narrow, width))

    def forward(self, patches: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """``patches (B, D, h, w)``, ``alpha (B, 1, H, W)`` -> what is to be added to the tokens ``(B, L, D)``."""
        weight = functional.adaptive_avg_pool2d(alpha.to(patches.dtype), patches.shape[-2:])
        pooled = (patches * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1e-3)  # (B, D)
        narrow = functional.silu(self.reduce(patches))
        seen = torch.stack([scale(narrow) for scale in self.scales]).sum(0)
        query = self.norm(self.identity(pooled)[:, None] + self.place)  # (B, L, C)
        key, value = self.key_value(functional.silu(seen).flatten(2).transpose(1, 2)).chunk(2, -1)
        answer = functional.scaled_dot_product_attention(
            *(_split(x.to(value.dtype), self.heads) for x in (query, key, value))
        )
        return self.out(answer.transpose(1, 2).flatten(2))
