"""The speech network: an encoder of sound, and a diffusion denoiser of short windows of motion.

The encoder is convolutions over 0.66 s of past and 0.2 s of future. Beside the vector of every frame it says
which phone sounds, whether the lips seal, whether the lower lip meets the teeth, and whether anybody speaks;
these lessons carry it over to voices it never heard. From the same vectors comes a *draft* of the motion, what
the sound decides by itself. The denoiser (a transformer over pairs of frames) predicts the clean motion as the
draft plus a correction, given the frames before the window as they were made: lips hardly depend on the noise,
head, lids and gaze live by it.

Predicting x0 with a velocity loss follows MDM (Tevet et al., ICLR 2023); speech to FLAME by windows with
carry-over follows DiffPoseTalk (Sun et al., SIGGRAPH 2024).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from driving.speech.layout import CONTACTS

CENTRED_DILATIONS = (1, 3, 5)
CAUSAL_DILATIONS = (4, 8)
FRAMES_PAST = sum(CENTRED_DILATIONS) + 2 * sum(CAUSAL_DILATIONS)
FRAMES_FUTURE = sum(CENTRED_DILATIONS)


@dataclass(frozen=True)
class SpeechConfig:
    """Sizes of the network; kept in the weights.

    Attributes:
        features: name of the extractor.
        feature_rate: its rows per second, 100 or 50.
        feature_dims: its numbers a row.
        columns: of the motion.
        phones: classes of the phone head.
        style: numbers of a style.
        width, layers, heads: of both parts.
        context: frames of carry-over, even.
        chunk: frames made at once, even.
        dropout: in the encoder while training.
    """

    features: str
    feature_rate: int
    feature_dims: int
    columns: int
    phones: int
    style: int
    width: int = 160
    layers: int = 3
    heads: int = 4
    context: int = 32
    chunk: int = 12
    dropout: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @property
    def rows_per_frame(self) -> int:
        """Feature rows per motion frame (50 a second)."""
        return self.feature_rate // 50

    @property
    def rows_before(self) -> int:
        """Rows before the first frame's own row that the encoder needs."""
        return self.rows_per_frame * (FRAMES_PAST + 1)

    @property
    def rows_after(self) -> int:
        """Rows from the end of the last frame on that the encoder needs."""
        return self.rows_per_frame * (FRAMES_FUTURE + 1)


class ConvBlock(nn.Module):
    """Normalise, convolve over time without padding, mix; the residual is cut to what is left.

    Args:
        width: channels.
        dilation: of the three taps.
        causal: taps at t, t − d, t − 2d instead of t − d, t, t + d.
    """

    def __init__(self, width: int, dilation: int, *, causal: bool, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, width, 3, dilation=dilation)
        self.mix = nn.Linear(width, width)
        self.cut = (2 * dilation, 0) if causal else (dilation, dilation)
        self.reach = 2 * dilation

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, W) -> (B, T − reach, W)."""
        before, after = self.cut
        y, step = self.norm(x), self.reach // 2
        taps = [y[:, tap * step : y.shape[1] - (2 - tap) * step] for tap in range(3)]
        # As one product of matrices: on a dozen frames, a convolution's preparations cost more than itself.
        y = F.linear(torch.cat(taps, dim=-1), self.conv.weight.transpose(1, 2).flatten(1), self.conv.bias)
        y = F.dropout(F.gelu(y), self.dropout, self.training)
        return x[:, before : x.shape[1] - after] + self.mix(y)


class EncoderMemory:
    """The ends of what went into each layer of an encoder, for the next call on the same recording."""

    def __init__(self) -> None:
        self._ends: dict[int, Tensor] = {}

    def extend(self, layer: int, x: Tensor, frames: int) -> Tensor:
        """x (B, T, C) with the end of the call before in front of it; its last ``frames`` are kept."""
        if layer in self._ends:
            x = torch.cat([self._ends[layer], x], dim=1)
        self._ends[layer] = x[:, x.shape[1] - frames :]
        return x


class SoundEncoder(nn.Module):
    """Rows of features to one vector per motion frame, and what the sound says."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        width, step = config.width, config.rows_per_frame
        self.front = nn.Conv1d(config.feature_dims, width, 3 * step, stride=step)
        self.blocks = nn.ModuleList(
            [ConvBlock(width, d, causal=True, dropout=config.dropout) for d in CAUSAL_DILATIONS]
            + [ConvBlock(width, d, causal=False, dropout=config.dropout) for d in CENTRED_DILATIONS]
        )
        self.dropout = config.dropout
        self.norm = nn.LayerNorm(width)
        self.phone = nn.Linear(width, config.phones)
        self.contact = nn.Linear(width, len(CONTACTS))
        self.style = nn.Linear(config.style + 1, 2 * width)
        self.draft = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, config.columns)
        )

    def forward(self, rows: Tensor, memory: EncoderMemory | None = None) -> Tensor:
        """(B, rows_before + step F + rows_after, dims) -> (B, F, W).

        With a memory, the rows of every further call are only those that are new, (B, step F, dims): what the
        layers still need of earlier ones is kept in it, and nothing is computed twice.
        """
        overlap = self.front.kernel_size[0] - self.front.stride[0]
        if memory is not None:
            rows = memory.extend(0, rows, overlap)
        x = F.gelu(self.front(rows.transpose(1, 2))).transpose(1, 2)
        for number, block in enumerate(self.blocks, start=1):
            if memory is not None:
                x = memory.extend(number, x, block.reach)
            x = block(x)
        return F.dropout(self.norm(x), self.dropout, self.training)

    def drafted(self, sound: Tensor, style: Tensor) -> Tensor:
        """(B, F, W) and (B, S + 1) -> (B, F, D): the motion that sound and style decide, in network units."""
        scale, shift = self.style(style)[:, None].chunk(2, dim=-1)
        return self.draft(sound * (1.0 + scale) + shift)


class Block(nn.Module):
    """Self-attention and MLP, modulated by noise level and style."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_mlp = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.modulate = nn.Linear(width, 4 * width)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """x (B, N, W), modulation (B, 4 W) -> (B, N, W)."""
        b, n, width = x.shape
        scale_a, shift_a, scale_m, shift_m = modulation[:, None].chunk(4, dim=-1)
        normal = self.norm_attention(x) * (1.0 + scale_a) + shift_a
        qkv = self.qkv(normal).reshape(b, n, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        x = x + self.proj(attended.transpose(1, 2).reshape(b, n, width))
        return x + self.mlp(self.norm_mlp(x) * (1.0 + scale_m) + shift_m)


class SpeechNetwork(nn.Module):
    """Encoder and denoiser; windows of ``context`` known and ``chunk`` new frames."""

    PATCH = 2

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.config = config
        width, columns = config.width, config.columns
        tokens = (config.context + config.chunk) // self.PATCH
        self.encoder = SoundEncoder(config)
        self.embed = nn.Linear(self.PATCH * (columns + 1), width)
        self.hear = nn.Linear(self.PATCH * (width + columns), width)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.position = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.level = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.style = nn.Linear(config.style + 1, width)
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, self.PATCH * columns)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def listen(self, sound: Tensor, draft: Tensor) -> Tensor:
        """What a window hears, the same at every noise level: (B, T, W), (B, T, D) -> (B, T / 2, W)."""
        b, frames, _ = sound.shape
        both = torch.cat([sound, draft], dim=-1)
        return self.hear(both.reshape(b, frames // self.PATCH, -1)) + self.position

    def modulations(self, t: Tensor, style: Tensor) -> list[Tensor]:
        """What noise level and style say to each block of the denoiser, (B, 4 W) each: the same for every window.

        Args:
            t: (B,) noise level in [0, 1].
            style: (B, S + 1); the last number is 1 where a style is given.
        """
        told = F.silu(self.level(_sinusoids(t)) + self.style(style))
        return [block.modulate(told) for block in self.blocks]

    def denoise(
        self, x: Tensor, modulations: list[Tensor], *, known: Tensor, heard: Tensor, draft: Tensor
    ) -> Tensor:
        """Predict the clean window.

        Args:
            x: (B, T, D) noisy motion in network units, clean where known.
            modulations: of :meth:`modulations`.
            known: (B, T) 1 where x is carried over from before.
            heard: (B, T / 2, W) of :meth:`listen`.
            draft: (B, T, D) of the encoder.

        Returns:
            (B, T, D); meaningless where known.
        """
        b, frames, columns = x.shape
        tokens = torch.cat([x, known[..., None]], dim=-1).reshape(b, frames // self.PATCH, -1)
        hidden = self.embed(tokens) + heard
        for block, modulation in zip(self.blocks, modulations):
            hidden = block(hidden, modulation)
        return draft + self.head(self.norm(hidden)).reshape(b, frames, columns)


def _sinusoids(t: Tensor) -> Tensor:
    """(B,) in [0, 1] -> (B, 32)."""
    frequencies = torch.exp(torch.linspace(0.0, math.log(300.0), 16, device=t.device))
    angles = t[:, None] * frequencies
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)


def window_noise(shape: tuple[int, int, int], generator: torch.Generator, device: Any = None) -> Tensor:
    """Standard normal (B, T, D) of which a third is common to all frames, so that slow motion varies too."""
    b, _, columns = shape
    white = torch.randn(shape, generator=generator, device=device)
    common = torch.randn((b, 1, columns), generator=generator, device=device)
    return math.sqrt(2 / 3) * white + math.sqrt(1 / 3) * common
