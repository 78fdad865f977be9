"""The denoiser of both models: a transformer over frames, told by clauses when to do what.

After MDM (Tevet et al., ICLR 2023) it predicts the clean motion x0. Its condition differs: each clause of
the prompt is pooled from its token states to one vector and speaks to every frame through *phase features*
(where the frame stands relative to the clause's start, settling and release). Order and timing are therefore
given, and what to do is learnt.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PHASE_FEATURES = 33
_TIME_SCALES = (0.06, 0.2, 0.6, 2.0)  # seconds


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of a denoiser.

    ``features`` columns per frame, ``patch`` frames per token, ``width`` of the residual stream, ``layers``,
    ``heads``, ``text_dim`` of the encoder's token states, ``fps`` the frame rate it works at.
    """

    features: int
    width: int = 160
    layers: int = 4
    heads: int = 4
    patch: int = 2
    text_dim: int = 384
    fps: float = 25.0

    def as_dict(self) -> dict[str, float | int]:
        """Plain values, as stored beside the weights."""
        return asdict(self)


@dataclass
class ClauseBatch:
    """The tensors of ``conditioning.Condition`` on the model's device, same shapes."""

    tokens: Tensor  # (B, K, L, text_dim)
    token_mask: Tensor  # (B, K, L)
    clause_mask: Tensor  # (B, K)
    spans: Tensor  # (B, K, 3)
    counts: Tensor  # (B, K)
    own: Tensor  # (B, K)
    intensity: Tensor  # (B,)

    def without_text(self) -> ClauseBatch:
        """The unconditional batch: no clause at all."""
        return ClauseBatch(
            self.tokens, self.token_mask, torch.zeros_like(self.clause_mask), self.spans, self.counts,
                self.own,
            self.intensity,
        )  # fmt: skip


def phase_features(seconds: Tensor, spans: Tensor, counts: Tensor) -> Tensor:
    """Where frames stand in clauses.

    Args:
        seconds: (B, N) time of each frame token.
        spans: (B, K, 3) start, settle, release.
        counts: (B, K) repetitions between start and settle.

    Returns:
        (B, N, K, PHASE_FEATURES), all in about [-1, 1].
    """
    offset = seconds[:, :, None, None] - spans[:, None]  # (B, N, K, 3)
    steps = torch.cat([torch.tanh(offset / scale) for scale in _TIME_SCALES], dim=-1)  # (B, N, K, 12)
    length = (spans[..., 1] - spans[..., 0]).clamp_min(0.04)[:, None]  # (B, 1, K)
    phase = (offset[..., 0] / length).clamp(0.0, 1.0)
    waves = [torch.sin(math.pi * k * phase) for k in (1, 2, 3)] + [
        torch.cos(math.pi * k * phase) for k in (1, 2, 3)
    ]
    inside = ((phase > 0) & (phase < 1)).to(phase.dtype)
    turn = 2.0 * math.pi * counts[:, None] * phase
    cycles = [
        inside * torch.sin(turn),
        inside * torch.cos(turn),
        inside * torch.sin(2 * turn),
        inside * torch.cos(2 * turn),
    ]
    held = torch.sigmoid(offset[..., 0] / 0.05) * torch.sigmoid(-offset[..., 2] / 0.05)
    tempo = [torch.log(length).expand_as(phase) / 2.0, inside, phase, held]
    rest = [phase * phase * phase * (10 - 15 * phase + 6 * phase * phase), held * phase]
    own_clock = [torch.sin(offset[..., 0] * w) * held for w in (2.0, 6.0)]
    count = [
        counts[:, None].expand_as(phase) / 4.0,
        torch.sigmoid(-(counts[:, None] - 1.5) * 4).expand_as(phase),
    ]
    tail = [torch.exp(-offset[..., 2].clamp_min(0.0) / 0.3) * (offset[..., 2] > 0)]
    parts = waves + cycles + tempo + rest + own_clock + count + tail
    return torch.cat([steps, torch.stack(parts, dim=-1)], dim=-1)


class ClauseEncoder(nn.Module):
    """Token states of each clause -> one vector of the model's width."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.project = nn.Linear(config.text_dim, width)
        self.mix = nn.TransformerEncoderLayer(width, config.heads, 2 * width, dropout=0.0, activation="gelu",
                                              batch_first=True, norm_first=True)  # fmt: skip
        self.score = nn.Linear(width, config.heads)
        self.heads = config.heads
        self.own = nn.Linear(1, width, bias=False)
        self.out = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(self, batch: ClauseBatch) -> Tensor:
        """(B, K, width); zeros where there is no clause, which are not computed."""
        b, k = batch.clause_mask.shape
        result = self.project.weight.new_zeros(b, k, self.project.out_features)
        if not bool(batch.clause_mask.any()):
            return result
        there = batch.clause_mask
        hidden = self.project(batch.tokens[there].to(result.dtype))  # (M, L, W), M real clauses
        hidden = hidden + self.own(batch.own[there][:, None, None])
        empty = ~batch.token_mask[there]  # (M, L)
        hidden = self.mix(hidden, src_key_padding_mask=empty)
        weights = self.score(hidden).masked_fill(empty[..., None], -1e4).softmax(dim=1)  # (M, L, heads)
        split = hidden.reshape(*hidden.shape[:2], self.heads, -1)
        pooled = torch.einsum("mlh,mlhd->mhd", weights, split).reshape(len(hidden), -1)
        result[there] = self.out(pooled).to(result.dtype)
        return result


class ClauseMessage(nn.Module):
    """What all clauses tell every frame: sum over clauses of gate(phase, clause) * value(clause).

    The gate has a linear part in the phase, through which oscillations (nods, shakes) pass unbent.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.clause = nn.Linear(width, 2 * width)
        self.phase = nn.Linear(PHASE_FEATURES, width, bias=False)
        self.wave = nn.Linear(PHASE_FEATURES, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, clauses: Tensor, phases: Tensor, mask: Tensor) -> Tensor:
        """clauses (B, K, W), phases (B, N, K, P), mask (B, K) -> (B, N, W)."""
        value, bias = self.clause(clauses).chunk(2, dim=-1)  # (B, K, W) each
        gate = F.silu(self.phase(phases) + bias[:, None]) + self.wave(phases)  # (B, N, K, W)
        value = value * mask[..., None].to(value.dtype)
        return self.out(torch.einsum("bnkw,bkw->bnw", gate, value))


class Block(nn.Module):
    """Clause message, self-attention with rotary positions, MLP; all modulated by the noise level."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.message = ClauseMessage(width)
        self.norm_attention = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_mlp = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.modulate = nn.Linear(width, 4 * width)

    def forward(self, x: Tensor, level: Tensor, clauses: Tensor, phases: Tensor, batch: ClauseBatch,
                rotary: tuple[Tensor, Tensor], frame_mask: Tensor | None) -> Tensor:  # fmt: skip
        """x (B, N, W), level (B, W) -> (B, N, W)."""
        b, n, width = x.shape
        scale_a, shift_a, scale_m, shift_m = self.modulate(level)[:, None].chunk(4, dim=-1)
        x = x + self.message(clauses, phases, batch.clause_mask)
        normal = self.norm_attention(x) * (1 + scale_a) + shift_a
        qkv = self.qkv(normal).reshape(b, n, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = _rotate(qkv[0], rotary), _rotate(qkv[1], rotary), qkv[2]  # (B, H, N, D)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=frame_mask)
        x = x + self.proj(attended.transpose(1, 2).reshape(b, n, width))
        return x + self.mlp(self.norm_mlp(x) * (1 + scale_m) + shift_m)


class Denoiser(nn.Module):
    """x_t (B, T, D) at noise level t -> x0 (B, T, D); T must be a multiple of ``patch``."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        width, patch = config.width, config.patch
        self.clauses = ClauseEncoder(config)
        self.embed = nn.Linear(patch * config.features, width)
        self.level = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.intensity = nn.Linear(1, width)
        self.clock = nn.Linear(3, width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, patch * config.features)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        for block in self.blocks:
            nn.init.zeros_(block.modulate.weight)
            nn.init.zeros_(block.modulate.bias)

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
        b, frames, features = x.shape
        patch = self.config.patch
        tokens = frames // patch
        seconds = (
            start_seconds[:, None]
            + (torch.arange(tokens, device=x.device) * patch + (patch - 1) / 2) / self.config.fps
        )
        clauses = self.encode(batch) if clauses is None else clauses
        phases = phase_features(seconds, batch.spans, batch.counts)
        level = self.level(_sinusoids(t)) + self.intensity(batch.intensity[:, None] - 1.0)
        hidden = self.embed(x.reshape(b, tokens, patch * features))
        hidden = hidden + self.clock(torch.tanh(seconds[..., None] / seconds.new_tensor([0.2, 0.6, 2.0])))
        mask = None if frame_mask is None else frame_mask[:, ::patch][:, None, None]  # (B, 1, 1, N)
        rotary = _rotary(tokens, self.config.width // self.config.heads, x.device)
        for block in self.blocks:
            hidden = block(hidden, level, clauses, phases, batch, rotary, mask)
        return self.head(self.norm(hidden)).reshape(b, frames, features)


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
