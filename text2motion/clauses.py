"""How clauses speak to frames: their words and signatures as one vector, their times as phase features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from text2motion.signature import SIGNATURE_NAMES, TARGET_PREFIX

if TYPE_CHECKING:
    from text2motion.denoiser import DenoiserConfig

PHASE_FEATURES = 60
_TIME_SCALES = (0.06, 0.2, 0.6, 2.0)  # seconds
_CLOCKS = (0.45, 0.9, 1.5, 2.0, 2.5, 2.8, 3.4, 4.0, 4.5, 5.0)  # Hz: sway, chewing, syllables, laughter


@dataclass
class ClauseBatch:
    """The tensors of ``conditioning.Condition`` on the model's device, same shapes."""

    tokens: Tensor  # (B, K, L, text_dim)
    token_mask: Tensor  # (B, K, L)
    clause_mask: Tensor  # (B, K)
    spans: Tensor  # (B, K, 3)
    counts: Tensor  # (B, K)
    own: Tensor  # (B, K)
    signature: Tensor  # (B, K, S)
    intensity: Tensor  # (B,)

    def without_text(self) -> ClauseBatch:
        """The unconditional batch: no clause at all."""
        return ClauseBatch(**{**vars(self), "clause_mask": torch.zeros_like(self.clause_mask)})


def phase_features(seconds: Tensor, spans: Tensor, counts: Tensor) -> Tensor:
    """Where frames stand in clauses.

    Args:
        seconds: (B, N) time of each frame.
        spans: (B, K, 3) start, settle, release.
        counts: (B, K) repetitions between start and settle.

    Returns:
        (B, N, K, PHASE_FEATURES), all in about [-1, 1].
    """
    offset = seconds[:, :, None, None] - spans[:, None]  # (B, N, K, 3)
    since, after = offset[..., 0], offset[..., 2]  # (B, N, K)
    steps = torch.cat([torch.tanh(offset / scale) for scale in _TIME_SCALES], dim=-1)  # (B, N, K, 12)
    length = (spans[..., 1] - spans[..., 0]).clamp_min(0.04)[:, None]  # (B, 1, K)
    phase = (since / length).clamp(0.0, 1.0)
    inside = ((phase > 0) & (phase < 1)).to(phase.dtype)
    held = torch.sigmoid(since / 0.05) * torch.sigmoid(-after / 0.05)
    rise = _minimum_jerk(phase)
    half = math.pi * phase
    waves = [torch.sin(k * half) for k in (1, 2, 3)] + [torch.cos(k * half) for k in (1, 2, 3)]
    turn = 2.0 * math.pi * counts[:, None] * phase
    sine, cosine = inside * torch.sin(turn), inside * torch.cos(turn)
    edge = 4.0 * phase * (1.0 - phase)
    cycles = [
        sine, cosine, inside * torch.sin(2 * turn), inside * torch.cos(2 * turn),
        phase * sine, phase * cosine, edge * sine, edge * cosine,
        inside * torch.exp(3.0 * (torch.cos(turn - 0.6 * math.pi) - 1.0)),
        inside * torch.exp(3.0 * (torch.cos(turn - math.pi) - 1.0)),
    ]  # fmt: skip
    shape = [
        phase, inside, held, rise, edge, held * phase,
        rise * (1.0 - _minimum_jerk((after / 0.5).clamp(0.0, 1.0))),
        rise * (1.0 - _minimum_jerk((after / 0.25).clamp(0.0, 1.0))),
        torch.log(length).expand_as(phase) / 2.0,
        torch.exp(-after.clamp_min(0.0) / 0.3) * (after > 0),
    ]  # fmt: skip
    clocks = [wave(2.0 * math.pi * hz * since) * held for hz in _CLOCKS for wave in (torch.sin, torch.cos)]
    count = [
        counts[:, None].expand_as(phase) / 4.0,
        torch.sigmoid(-(counts[:, None] - 1.5) * 4).expand_as(phase),
    ]
    return torch.cat([steps, torch.stack(waves + cycles + shape + clocks + count, dim=-1)], dim=-1)


def _minimum_jerk(p: Tensor) -> Tensor:
    return p * p * p * (10.0 - 15.0 * p + 6.0 * p * p)


class ClauseEncoder(nn.Module):
    """Words and signature of each clause -> one vector of the model's width.

    Tokens come from a sentence encoder and know their context already, so they are projected, scored and
    pooled. The signature is zero where the vocabulary does not know the action. Where it does, words are left
    out unless the network learnt from free captions: measured on phrasings that training had not seen, the two
    together halved a tilt that the signature alone got right.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.free_words = config.free_words
        self.project = nn.Sequential(nn.Linear(config.text_dim, width), nn.GELU())
        self.score = nn.Linear(width, config.heads)
        self.words = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        self.known = nn.Linear(len(config.signature), width)
        self.own = nn.Linear(1, width)
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(),
                                 nn.Linear(2 * width, width))  # fmt: skip
        columns = [SIGNATURE_NAMES.index(name) for name in config.signature]
        self.register_buffer("columns", torch.tensor(columns, dtype=torch.long), persistent=False)
        target = torch.tensor([float(name.startswith(TARGET_PREFIX)) for name in config.signature])
        self.register_buffer("is_target", target, persistent=False)

    def read(self, batch: ClauseBatch) -> Tensor:
        """What the words alone say: (M, width) of the M real clauses."""
        return self.read_tokens(batch.tokens[batch.clause_mask], batch.token_mask[batch.clause_mask])

    def read_tokens(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Token states (M, L, text_dim) with their mask (M, L) -> (M, width)."""
        hidden = self.project(tokens.to(self.known.weight.dtype))  # (M, L, W)
        weights = self.score(hidden).masked_fill(~mask[..., None], -1e4)
        split = hidden.reshape(*hidden.shape[:2], self.heads, -1)
        pooled = torch.einsum("mlh,mlhd->mhd", weights.softmax(dim=1), split).reshape(len(hidden), -1)
        return self.words(pooled)

    def forward(self, batch: ClauseBatch, words: Tensor | None = None) -> Tensor:
        """(B, K, width), zeros where there is no clause; ``words`` (M, width) are what :meth:`read` gave, where
        the caller decides which of them are heard."""
        there = batch.clause_mask
        result = self.known.weight.new_zeros(*there.shape, self.known.out_features)
        if not bool(there.any()):
            return result
        if words is None:
            words = self.read(batch)
            if not self.free_words:
                words = words * (batch.signature[there] == 0).all(dim=1, keepdim=True).to(words.dtype)
        strength = batch.intensity[:, None].expand(there.shape)[there][:, None]  # (M, 1)
        known = batch.signature[there][:, self.columns].to(words.dtype)
        known = known * (1.0 + (strength - 1.0) * self.is_target)
        told = words + self.known(known) + self.own(batch.own[there][:, None])
        # Not normalised on the way: amplitudes must pass in proportion.
        result[there] = (told + self.out(told)).to(result.dtype)
        return result


class ClauseMessage(nn.Module):
    """What all clauses tell every frame: sum over clauses of gate(phase, clause) * value(clause).

    The gate has a linear part in the phase, through which oscillations (nods, shakes) pass unbent, and,
    where ``bent``, a part that depends on the clause as well.
    """

    def __init__(self, width: int, out: int, *, bent: bool = True) -> None:
        super().__init__()
        self.bent = bent
        self.clause = nn.Linear(width, 2 * out if bent else out)
        self.phase = nn.Linear(PHASE_FEATURES, 2 * out if bent else out, bias=False)
        self.out = nn.Linear(out, out, bias=False)

    def forward(self, clauses: Tensor, phases: Tensor, mask: Tensor) -> Tensor:
        """clauses (B, K, W), phases (B, N, K, P), mask (B, K) -> (B, N, out)."""
        value, gate = self.clause(clauses), self.phase(phases)  # (B, K, ·), (B, N, K, ·)
        if self.bent:
            value, bias = value.chunk(2, dim=-1)  # (B, K, out) each
            bend, wave = gate.chunk(2, dim=-1)  # (B, N, K, out) each
            gate = F.silu(bend + bias[:, None]) + wave
        value = value * mask[..., None].to(value.dtype)
        return self.out(torch.einsum("bnko,bko->bno", gate, value))
