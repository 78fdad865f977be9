"""The denoiser of both models: a transformer over patches of frames, told by clauses when to do what.

After MDM (Tevet et al., ICLR 2023) it predicts the clean motion x0. Its condition differs: each clause of
the prompt becomes one vector (its words and, where known, its action's signature) and speaks to every frame
through *phase features* (where the frame stands relative to the clause's start, settling and release).
Order and timing are therefore given, and what to do is learnt.

A patch of several frames is one token, which keeps a CPU fast; beside the tokens runs a narrow stream at
full frame rate (convolutions over time and clause messages of its own), so that neither the edges of the
patches nor movements faster than a patch are lost.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from text2motion.clauses import PHASE_FEATURES, ClauseBatch, ClauseEncoder, ClauseMessage, phase_features
from text2motion.signature import SIGNATURE_NAMES

__all__ = ["PHASE_FEATURES", "ClauseBatch", "Denoiser", "DenoiserConfig", "phase_features"]


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of a denoiser.

    ``features`` columns per frame, ``patch`` frames per token, ``width`` of the token stream, ``layers``,
    ``heads``, ``stream`` width of the stream at frame rate, ``text_dim`` of the encoder's token states, ``fps``
    the frame rate it works at, ``signature`` the columns of clause signatures it was trained with.
    ``free_words``: it was trained on captions beyond the vocabulary, so that words without a known action
    mean something to it.
    """

    features: int
    width: int = 128
    layers: int = 3
    heads: int = 4
    patch: int = 5
    stream: int = 48
    text_dim: int = 384
    fps: float = 25.0
    signature: tuple[str, ...] = SIGNATURE_NAMES
    free_words: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as stored beside the weights."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DenoiserConfig:
        """The inverse of :meth:`as_dict`, also after a way through JSON."""
        return cls(**{**values, "signature": tuple(values["signature"])})


class Block(nn.Module):
    """Clause message, self-attention with rotary positions, MLP; all modulated by the noise level."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.message = ClauseMessage(width, width)
        self.norm_attention = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_mlp = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.modulate = nn.Linear(width, 4 * width)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, level: Tensor, told: tuple[Tensor, Tensor, Tensor],
                rotary: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:  # fmt: skip
        """x (B, N, W), level (B, W), told = clauses, phases, clause mask -> (B, N, W)."""
        b, n, width = x.shape
        scale_a, shift_a, scale_m, shift_m = self.modulate(level)[:, None].chunk(4, dim=-1)
        x = x + self.message(*told)
        normal = self.norm_attention(x) * (1 + scale_a) + shift_a
        qkv = self.qkv(normal).reshape(b, n, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = _rotate(qkv[0], rotary), _rotate(qkv[1], rotary), qkv[2]  # (B, H, N, D)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.proj(attended.transpose(1, 2).reshape(b, n, width))
        return x + self.mlp(self.norm_mlp(x) * (1 + scale_m) + shift_m)


class FrameHead(nn.Module):
    """The stream at frame rate after the tokens: clause message, two convolutions over time, features out."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        stream = config.stream
        self.message = ClauseMessage(config.width, stream, bent=False)
        self.modulate = nn.Linear(config.width, 2 * stream)
        self.first = nn.Conv1d(stream, stream, 5)
        self.second = nn.Conv1d(stream, stream, 5)
        self.out = nn.Linear(stream, config.features)
        for layer in (self.modulate, self.out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, x: Tensor, level: Tensor, told: tuple[Tensor, Tensor, Tensor], mask: Tensor | None
    ) -> Tensor:
        """x (B, T, stream) -> (B, T, features)."""
        scale, shift = self.modulate(level)[:, None].chunk(2, dim=-1)
        x = x + self.message(*told)
        hidden = _over_time(self.first, _masked(x * (1 + scale) + shift, mask))
        x = x + _over_time(self.second, _masked(F.silu(hidden), mask))
        return self.out(x)


class Denoiser(nn.Module):
    """x_t (B, T, D) at noise level t -> x0 (B, T, D); T must be a multiple of ``patch``."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        width, patch, stream = config.width, config.patch, config.stream
        self.clauses = ClauseEncoder(config)
        self.stem = nn.Linear(config.features, stream)
        self.stem_mix = nn.Conv1d(stream, stream, 5)
        self.embed = nn.Linear(patch * stream, width)
        self.level = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.intensity = nn.Linear(1, width)
        self.clock = nn.Linear(3, width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.unpatch = nn.Linear(width, patch * stream)
        self.head = FrameHead(config)

    def encode(self, batch: ClauseBatch) -> Tensor:
        """Clause vectors (B, K, W); the same for every sampling step, so callers may keep them."""
        return self.clauses(batch)

    def forward(self, x: Tensor, t: Tensor, batch: ClauseBatch, *, start_seconds: Tensor,
                frame_mask: Tensor | None = None, clauses: Tensor | None = None) -> Tensor:  # fmt: skip
        """Predict the clean motion.

        Args:
            x: (B, T, D) noisy motion in network units.
            t: (B,) noise level in [0, 1].
            batch: what the prompt says.
            start_seconds: (B,) time of the first frame in the clip (> 0 inside a long clip).
            frame_mask: (B, T) True where there is a frame; None means everywhere.
            clauses: result of :meth:`encode`, to save its time.
        """
        b, frames, _ = x.shape
        patch, stream = self.config.patch, self.config.stream
        tokens = frames // patch
        times = start_seconds[:, None] + torch.arange(frames, device=x.device) / self.config.fps  # (B, T)
        seconds = times[:, patch // 2 :: patch]  # (B, N), the middle of each patch
        clauses = self.encode(batch) if clauses is None else clauses
        phases = phase_features(times, batch.spans, batch.counts)  # (B, T, K, P)
        level = self.level(_sinusoids(t)) + self.intensity(batch.intensity[:, None] - 1.0)
        fine = _masked(self.stem(_masked(x, frame_mask)), frame_mask)  # (B, T, S)
        fine = fine + F.silu(_over_time(self.stem_mix, fine))
        hidden = self.embed(_masked(fine, frame_mask).reshape(b, tokens, patch * stream))
        hidden = hidden + self.clock(torch.tanh(seconds[..., None] / seconds.new_tensor([0.2, 0.6, 2.0])))
        told = (clauses, phases[:, patch // 2 :: patch], batch.clause_mask)
        mask = None if frame_mask is None else frame_mask[:, ::patch][:, None, None]  # (B, 1, 1, N)
        rotary = _rotary(tokens, self.config.width // self.config.heads, x.device)
        for block in self.blocks:
            hidden = block(hidden, level, told, rotary, mask)
        fine = fine + self.unpatch(self.norm(hidden)).reshape(b, frames, stream)
        return self.head(fine, level, (clauses, phases, batch.clause_mask), frame_mask)


def _masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zero where (B, T) ``mask`` is False."""
    return x if mask is None else x * mask[..., None].to(x.dtype)


def _over_time(convolution: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution over the frames of (B, T, C), same length, ends repeated."""
    reach = convolution.kernel_size[0] // 2
    return convolution(F.pad(x.transpose(1, 2), (reach, reach), mode="replicate")).transpose(1, 2)


def _sinusoids(t: Tensor) -> Tensor:
    """(B,) in [0, 1] -> (B, 64)."""
    frequencies = torch.exp(torch.linspace(0.0, math.log(1000.0), 32, device=t.device))
    angles = t[:, None] * frequencies
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)


def _rotary(tokens: int, dim: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """cos and sin (N, dim/2) of rotary positions (Su et al. 2021), wavelengths for tens of tokens."""
    frequencies = 300.0 ** (-torch.arange(0, dim, 2, device=device) / dim)
    angles = torch.arange(tokens, device=device)[:, None] * frequencies
    return torch.cos(angles), torch.sin(angles)


def _rotate(x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = (part.to(x.dtype) for part in rotary)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
