"""Stable Video Diffusion as a multi-view video denoiser.

As in HunyuanPortrait, guidance is added after the first convolution and the photo comes in as Stable Video
Diffusion has it: its latents beside the noisy ones, its image tokens by cross-attention. After each
spatio-temporal transformer comes attention over views.
"""

from __future__ import annotations

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import nn

from mvvideo.latent.blocks import SpaceTimeThenView, guidance_encoder, walk
from mvvideo.latent.config import ModelConfig
from mvvideo.latent.photo import EncodedPhoto
from mvvideo.networks.attention import ClipLayout

__all__ = ["VideoDenoiser"]

_TEMPORAL = (".temporal_transformer_blocks.", ".time_pos_embed.", ".time_mixer.", ".temporal_res_block.")


class VideoDenoiser(nn.Module):
    """Guidance encoder and Stable Video Diffusion's U-Net with view attention.

    Args:
        unet: the public model; its transformers are wrapped here.
        config: what is put around it.
        latent_scale: the VAE's; the photo's latents enter without it.
    """

    def __init__(
        self, unet: UNetSpatioTemporalConditionModel, config: ModelConfig, *, latent_scale: float
    ) -> None:
        super().__init__()
        self.layout = ClipLayout()
        self.config = config
        self.guidance_encoder = guidance_encoder(unet.config.block_out_channels[0], config.guidance_widths)
        self.unet = unet
        for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
            if getattr(block, "has_cross_attention", False):
                block.attentions = nn.ModuleList(
                    SpaceTimeThenView(module, self.layout) for module in block.attentions
                )
        self.max_frames = 10_000  # its frame positions are sinusoids of any length
        self.latent_channels = int(unet.config.out_channels)
        self.size_multiple = 2 ** (len(config.guidance_widths) + len(unet.config.block_out_channels) - 2)
        self._latent_scale = latent_scale

    @staticmethod
    def part(name: str) -> str:
        """Which phase trains the parameter called ``name``: appearance, motion or views."""
        if ".view." in name:
            return "views"
        return "motion" if any(piece in name for piece in _TEMPORAL) else "appearance"

    def checkpoint_gradients(self) -> None:
        """Compute activations again in the backward pass instead of keeping them."""
        self.unet.enable_gradient_checkpointing()
        for module in self.modules():
            if isinstance(module, SpaceTimeThenView):
                module.motion.gradient_checkpointing = False  # the wrapper covers it

    def look_at(self, photo: EncodedPhoto) -> dict[str, torch.Tensor]:
        """Nothing: there is no reference network. (The photo enters in :meth:`denoise`.)"""
        return {}

    def denoise(
        self,
        noisy: torch.Tensor,
        time: torch.Tensor,
        guidance: torch.Tensor,
        photo: EncodedPhoto,
        seen: dict[str, torch.Tensor] | None,
        *,
        motion: bool = True,
        views: bool = True,
    ) -> torch.Tensor:
        """One call of the network.

        Args:
            noisy: ``(B, V, T, c, h, w)``, scaled as the noise process says.
            time: ``(B,)`` a quarter of the logarithm of sigma.
            guidance: ``(B, V, T, C, H, W)``.
            photo: of the B clips.
            seen: ``None`` for the pass that does not know the photo.
            motion: without effect; a clip of one frame has no motion.
            views: use the attention over views.

        Returns:
            what the noise process asks for, shaped like ``noisy``.
        """
        count, view_count, frames = noisy.shape[:3]
        self.layout.views, self.layout.use_views = view_count, views
        unet, dtype = self.unet, self.unet.conv_in.weight.dtype
        known = 0.0 if seen is None else 1.0
        latents = (photo.latents * (known / self._latent_scale))[:, None, None].expand_as(noisy)
        sample = unet.conv_in(torch.cat([noisy, latents], 3).flatten(0, 2).to(dtype))
        sample = sample + self.guidance_encoder(guidance.flatten(0, 2).to(dtype))
        repeats = view_count * frames
        tokens = photo.denoiser_tokens * known
        indicator = torch.zeros(count * view_count, frames, dtype=dtype, device=noisy.device)
        sample = walk(
            unet,
            sample,
            self._embedding(time.expand(count)).repeat_interleave(repeats, 0),
            everywhere={"image_only_indicator": indicator},
            attending={"encoder_hidden_states": tokens.to(dtype).repeat_interleave(repeats, 0)},
        )
        sample = unet.conv_out(unet.conv_act(unet.conv_norm_out(sample)))
        return sample.float().view_as(noisy)

    def _embedding(self, time: torch.Tensor) -> torch.Tensor:
        """``time (B,)`` -> ``(B, D)``, with frame rate, motion bucket and noise on the photo."""
        unet, config = self.unet, self.config
        dtype = unet.time_embedding.linear_1.weight.dtype
        # Stable Video Diffusion was trained on one less than the frame rate.
        told = time.new_tensor([config.frames_per_second - 1, config.motion_bucket, config.photo_noise])
        ids = unet.add_time_proj(told).reshape(1, -1).expand(len(time), -1)
        own = unet.time_embedding(unet.time_proj(time).to(dtype))
        return own + unet.add_embedding(ids.to(dtype))

    def forward(
        self,
        noisy: torch.Tensor,
        time: torch.Tensor,
        guidance: torch.Tensor,
        photo: EncodedPhoto,
        *,
        use_photo: bool = True,
        motion: bool = True,
        views: bool = True,
    ) -> torch.Tensor:
        """As :meth:`denoise`, for training."""
        return self.denoise(
            noisy, time, guidance, photo, {} if use_photo else None, motion=motion, views=views
        )
