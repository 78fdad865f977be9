"""What the models are told about the photo, and the frozen encoders that pictures go through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import nn
from torch.nn import functional

from mvvideo.guidance import channel_slice

__all__ = ["Codec", "EncodedPhoto", "ImageTokens"]

# OpenAI's CLIP; its public encoders of the sizes used here were all trained with them.
_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class EncodedPhoto:
    """The photo as a latent model takes it, one entry per clip."""

    latents: torch.Tensor  # (B, c, h, w), scaled to about unit variance
    guidance: torch.Tensor  # (B, C, H, W) of the photo's own pose and camera
    reference_tokens: torch.Tensor  # (B, L, D) of the foreground: for the reference network
    denoiser_tokens: torch.Tensor  # (B, L, D) of the background (sd15) or of the whole photo (svd)

    def to(self, dtype: torch.dtype) -> EncodedPhoto:
        """The same in another precision."""
        return EncodedPhoto(*(getattr(self, field.name).to(dtype) for field in fields(self)))


class ImageTokens(nn.Module):
    """CLIP's image encoder: pictures in, tokens in the space of its text out."""

    def __init__(self, encoder: nn.Module, *, kind: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.kind = kind
        self.size = int(encoder.config.image_size)
        self.register_buffer("mean", torch.tensor(_CLIP_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_CLIP_STD).view(3, 1, 1), persistent=False)

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        """``(B, 3, H, W)`` in [0, 1] -> ``(B, L, D)``; L is 1 for ``pooled``, patches + 1 for ``patches``."""
        small = functional.interpolate(
            rgb.float(), size=(self.size, self.size), mode="bicubic", antialias=True, align_corners=False
        )
        pixels = ((small.clamp(0, 1) - self.mean) / self.std).to(next(self.encoder.parameters()).dtype)
        if self.kind == "pooled":
            return self.encoder(pixel_values=pixels).image_embeds[:, None]
        states = self.encoder.vision_model(pixel_values=pixels).last_hidden_state
        return self.encoder.visual_projection(self.encoder.vision_model.post_layernorm(states))


class Codec(nn.Module):
    """The frozen encoders: the VAE both ways, and the image tokens.

    Args:
        vae: diffusers' ``AutoencoderKL`` or ``AutoencoderKLTemporalDecoder``.
        tokens: the image encoder.
        temporal: the decoder smooths over the frames it is given together.
        chunk: pictures that go through the VAE at once.
    """

    def __init__(self, vae: nn.Module, tokens: ImageTokens, *, temporal: bool, chunk: int) -> None:
        super().__init__()
        self.vae = vae
        self.tokens = tokens
        self.temporal = temporal
        self.chunk = chunk
        self.requires_grad_(False)

    @property
    def scale(self) -> float:
        """Latents are the VAE's times this."""
        return float(self.vae.config.scaling_factor)

    @property
    def dtype(self) -> torch.dtype:
        """Of the VAE's weights."""
        return next(self.vae.parameters()).dtype

    @torch.no_grad()
    def encode(self, rgb: torch.Tensor) -> torch.Tensor:
        """``(…, 3, H, W)`` in [0, 1] -> ``(…, c, h, w)`` float32, the means of the posterior, scaled."""
        flat = rgb.reshape(-1, *rgb.shape[-3:]).to(self.dtype) * 2 - 1
        parts = [self.vae.encode(part).latent_dist.mode() for part in flat.split(self.chunk)]
        latents = torch.cat(parts).float() * self.scale
        return latents.reshape(*rgb.shape[:-3], *latents.shape[1:])

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> Iterator[torch.Tensor]:
        """``(N, c, h, w)`` of consecutive frames -> pictures ``(n, 3, H, W)`` float32 in [0, 1], in order."""
        for part in (latents / self.scale).to(self.dtype).split(self.chunk):
            extra = {"num_frames": len(part)} if self.temporal else {}
            yield (self.vae.decode(part, **extra).sample.float() / 2 + 0.5).clamp(0, 1)

    @torch.no_grad()
    def photo(self, rgb: torch.Tensor, guidance: torch.Tensor, *, seen_noise: float = 0.0) -> EncodedPhoto:
        """Encode the photo.

        Foreground and background are looked at apart (VividPortraits): who it is goes to the reference
        network, where it is to the denoiser. With the temporal VAE (svd) the denoiser sees the whole photo.

        Args:
            rgb: ``(B, 3, H, W)`` in [0, 1].
            guidance: ``(B, C, H, W)`` of the photo's own pose and camera.
            seen_noise: standard deviation of noise on the pixels in [−1, 1] that the VAE sees, as svd has it;
                drawn from a fixed seed.
        """
        alpha = guidance[:, channel_slice("appearance_alpha")]
        background = rgb if self.temporal else guidance[:, channel_slice("background_rgb")]
        seen = rgb
        if seen_noise > 0:
            generator = torch.Generator(device="cpu").manual_seed(0)
            noise = torch.randn(rgb.shape[1:], generator=generator).to(rgb)
            seen = rgb + 0.5 * seen_noise * noise
        return EncodedPhoto(
            latents=self.encode(seen),
            guidance=guidance,
            reference_tokens=self.tokens(rgb * alpha),
            denoiser_tokens=self.tokens(background),
        )
