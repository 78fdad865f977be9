"""Two Stable Diffusion U-Nets and AnimateDiff as one multi-view video denoiser.

The reference network looks at the photo once; the tokens of its spatial self-attention are appended to the
keys and values of the denoiser's (MagicAnimate, AnimateAnyone). Guidance goes through an encoder of its own
and is added after the first convolution. After each of AnimateDiff's motion modules comes attention over views.

Layout outside: ``(B, V, T, C, H, W)``. Inside the pictures are one flat axis ``(B·V·T)``, frames fastest.
"""

from __future__ import annotations

import torch
from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel
from torch import nn

from mvvideo.latent.blocks import PretrainedMotionThenView, guidance_encoder, walk
from mvvideo.latent.config import ModelConfig
from mvvideo.latent.photo import EncodedPhoto
from mvvideo.networks.attention import ClipLayout, CrossAttention, RecordKeys, ReferenceAttention

__all__ = ["ReferenceDenoiser", "build_reference_denoiser"]

Record = dict[str, torch.Tensor]  # attention site -> (B, L, C)


class ReferenceDenoiser(nn.Module):
    """Reference network, guidance encoders and motion U-Net with view attention.

    Args:
        reference_unet: a Stable Diffusion U-Net; what follows its last attention is removed.
        unet: the same with motion modules; they are wrapped here.
        config: what is put around them.
    """

    def __init__(
        self, reference_unet: UNet2DConditionModel, unet: UNetMotionModel, config: ModelConfig
    ) -> None:
        super().__init__()
        self.layout = ClipLayout()
        channels = unet.config.block_out_channels[0]
        self.guidance_encoder = guidance_encoder(channels, config.guidance_widths)
        self.reference_guidance_encoder = guidance_encoder(channels, config.guidance_widths)
        self.reference_unet = self._as_reference(reference_unet)
        self.unet = self._with_views(unet)
        self.max_frames = int(unet.config.motion_max_seq_length)
        self.latent_channels = int(unet.config.in_channels)
        self.size_multiple = 2 ** (len(config.guidance_widths) + len(unet.config.block_out_channels) - 2)

    @staticmethod
    def _as_reference(unet: UNet2DConditionModel) -> UNet2DConditionModel:
        unet.conv_norm_out = unet.conv_act = None
        unet.conv_out = nn.Identity()
        unet.set_attn_processor(
            {
                name: RecordKeys(name) if ".attn1." in name else CrossAttention()
                for name in unet.attn_processors
            }
        )
        return unet

    def _with_views(self, unet: UNetMotionModel) -> UNetMotionModel:
        unet.set_attn_processor(
            {
                # Motion modules attend over time only: no reference tokens there.
                name: ReferenceAttention(name)
                if ".attn1." in name and "motion_modules" not in name
                else CrossAttention()
                for name in unet.attn_processors
            }
        )
        for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
            if hasattr(block, "motion_modules"):
                block.motion_modules = nn.ModuleList(
                    PretrainedMotionThenView(module, self.layout) for module in block.motion_modules
                )
        return unet

    @staticmethod
    def part(name: str) -> str:
        """Which phase trains the parameter called ``name``: appearance, motion or views."""
        if ".motion_modules." not in name:
            return "appearance"
        return "views" if ".view." in name else "motion"

    def checkpoint_gradients(self) -> None:
        """Compute activations again in the backward pass instead of keeping them."""
        self.reference_unet.enable_gradient_checkpointing()
        self.unet.enable_gradient_checkpointing()

    def look_at(self, photo: EncodedPhoto) -> Record:
        """The photo's tokens at every attention site: made once per clip, used in every step."""
        unet = self.reference_unet
        dtype = unet.conv_in.weight.dtype
        sample = unet.conv_in(photo.latents.to(dtype))
        sample = sample + self.reference_guidance_encoder(photo.guidance.to(dtype))
        emb = _time_embedding(unet, torch.zeros(len(sample), device=sample.device))
        record: Record = {}
        attending = {
            "encoder_hidden_states": photo.reference_tokens.to(dtype),
            "cross_attention_kwargs": {"record": record},
        }
        walk(unet, sample, emb, everywhere={}, attending=attending)
        return dict(record)  # a copy: computing activations again writes into the first one

    def denoise(
        self,
        noisy: torch.Tensor,
        time: torch.Tensor,
        guidance: torch.Tensor,
        photo: EncodedPhoto,
        seen: Record | None,
        *,
        motion: bool = True,
        views: bool = True,
    ) -> torch.Tensor:
        """One call of the denoising network.

        Args:
            noisy: ``(B, V, T, c, h, w)``.
            time: ``(B,)`` steps of the noise schedule.
            guidance: ``(B, V, T, C, H, W)``.
            photo: of the B clips.
            seen: from :meth:`look_at`; ``None`` for the pass that does not know the photo.
            motion: use the attention over frames.
            views: use the attention over views.

        Returns:
            what the noise process asks for, shaped like ``noisy``.
        """
        count, view_count, frames = noisy.shape[:3]
        self.layout.views = view_count
        self.layout.use_motion, self.layout.use_views = motion, views
        unet, dtype = self.unet, self.unet.conv_in.weight.dtype
        tokens = photo.denoiser_tokens if seen is not None else torch.zeros_like(photo.denoiser_tokens)
        repeats = view_count * frames
        sample = unet.conv_in(noisy.flatten(0, 2).to(dtype))
        sample = sample + self.guidance_encoder(guidance.flatten(0, 2).to(dtype))
        emb = _time_embedding(unet, time.expand(count)).repeat_interleave(repeats, 0)
        attending = {
            "encoder_hidden_states": tokens.to(dtype).repeat_interleave(repeats, 0),
            "cross_attention_kwargs": {"record": seen},
        }
        sample = walk(unet, sample, emb, everywhere={"num_frames": frames}, attending=attending)
        sample = unet.conv_out(unet.conv_act(unet.conv_norm_out(sample)))
        return sample.float().view_as(noisy)

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
        """Both networks, for training; arguments as in :meth:`denoise`."""
        seen = self.look_at(photo) if use_photo else None
        return self.denoise(noisy, time, guidance, photo, seen, motion=motion, views=views)


def _time_embedding(unet: nn.Module, time: torch.Tensor) -> torch.Tensor:
    """``time (N,)`` -> ``(N, D)``."""
    return unet.time_embedding(unet.time_proj(time).to(unet.time_embedding.linear_1.weight.dtype))


def build_reference_denoiser(
    unet: UNet2DConditionModel, adapter: MotionAdapter | None, config: ModelConfig
) -> ReferenceDenoiser:
    """Put the model together; works on skeletons, too.

    Args:
        unet: becomes the reference network; the denoiser starts as a copy of it.
        adapter: AnimateDiff; without it motion modules start from nothing and change nothing.
        config: what is put around them.
    """
    from accelerate import init_empty_weights

    own_adapter = adapter if adapter is not None else _fresh_adapter(unet)
    with init_empty_weights():  # its random weights would be thrown away
        motion_unet = UNetMotionModel.from_unet2d(unet, own_adapter, load_weights=False)
    state = {name: value.clone() for name, value in unet.state_dict().items()} | own_adapter.state_dict()
    motion_unet.load_state_dict(state, strict=True, assign=True)
    return ReferenceDenoiser(unet, motion_unet.eval(), config)


def _fresh_adapter(unet: UNet2DConditionModel) -> MotionAdapter:
    from contextlib import nullcontext

    from accelerate import init_empty_weights

    with init_empty_weights() if unet.device.type == "meta" else nullcontext():
        adapter = MotionAdapter(
            block_out_channels=tuple(unet.config.block_out_channels),
            motion_layers_per_block=unet.config.layers_per_block,
            motion_norm_num_groups=unet.config.norm_num_groups,
        )
        for name, parameter in adapter.named_parameters():
            if ".proj_out." in name:
                nn.init.zeros_(parameter)
    return adapter.to(unet.dtype) if unet.device.type != "meta" else adapter
