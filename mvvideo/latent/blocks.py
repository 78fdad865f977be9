"""What is put into diffusers' U-Nets: view attention after the pretrained motion, and one walk through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from diffusers.models.transformers.transformer_temporal import TransformerSpatioTemporalModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from torch import nn
from torch.utils.checkpoint import checkpoint

from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.networks.attention import ClipLayout, MotionThenView

__all__ = ["PretrainedMotionThenView", "SpaceTimeThenView", "guidance_encoder", "walk"]


def guidance_encoder(channels: int, widths: Sequence[int]) -> nn.Module:
    """Guidance ``(N, 23, H, W)`` to ``(N, channels, H/f, W/f)``, f = 2^(len(widths) − 1), zero at first.

    The pose guider of AnimateAnyone and AniPortrait is ControlNet's condition embedding; so is this.
    """
    return ControlNetConditioningEmbedding(channels, CHANNEL_COUNT, tuple(widths))


class PretrainedMotionThenView(MotionThenView):
    """:class:`MotionThenView` that keeps the weights of the motion module it is given.

    ``gradient_checkpointing`` is set by diffusers' ``enable_gradient_checkpointing`` as on its own blocks.
    """

    def __init__(self, motion: AnimateDiffTransformer3D, layout: ClipLayout) -> None:
        kept = {name: value.detach().clone() for name, value in motion.proj_out.state_dict().items()}
        super().__init__(motion, layout)  # starts motion from zero
        motion.proj_out.load_state_dict(kept, assign=True)
        self.view.to(motion.proj_in.weight.dtype)
        self.gradient_checkpointing = False

    def forward(self, hidden_states: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """As in the parent; what lies inside is computed again in the backward pass when asked for."""
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return checkpoint(super().forward, hidden_states, *args, use_reentrant=False, **kwargs)
        return super().forward(hidden_states, *args, **kwargs)


class SpaceTimeThenView(nn.Module):
    """Stable Video Diffusion's spatial and temporal attention, then attention over V views at each place."""

    def __init__(self, motion: TransformerSpatioTemporalModel, layout: ClipLayout) -> None:
        super().__init__()
        self.motion = motion
        self.view = AnimateDiffTransformer3D(
            num_attention_heads=motion.num_attention_heads,
            attention_head_dim=motion.attention_head_dim,
            in_channels=motion.in_channels,
            norm_num_groups=motion.norm.num_groups,
            double_self_attention=False,
        )
        nn.init.zeros_(self.view.proj_out.weight)
        nn.init.zeros_(self.view.proj_out.bias)
        self.view.to(motion.proj_in.weight.dtype)
        self.gradient_checkpointing = False
        self._layout = [layout]  # in a list: not a submodule, shared by all blocks

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        image_only_indicator: torch.Tensor | None = None,
        return_dict: bool = False,
    ) -> tuple[torch.Tensor]:
        """``hidden_states (B·V·T, C, h, w)``; ``image_only_indicator (B·V, T)`` says how many frames."""
        assert image_only_indicator is not None
        frames = image_only_indicator.shape[1]
        if self.gradient_checkpointing and torch.is_grad_enabled():
            run = self._run
            return (
                checkpoint(
                    run,
                    hidden_states,
                    encoder_hidden_states,
                    image_only_indicator,
                    frames,
                    use_reentrant=False,
                ),
            )
        return (self._run(hidden_states, encoder_hidden_states, image_only_indicator, frames),)

    def _run(
        self,
        hidden_states: torch.Tensor,
        tokens: torch.Tensor | None,
        indicator: torch.Tensor,
        frames: int,
    ) -> torch.Tensor:
        layout = self._layout[0]
        hidden_states = self.motion(hidden_states, tokens, indicator, return_dict=False)[0]
        if layout.use_views and layout.views > 1:
            # (B·V·T, C, h, w) -> (B·T·V, C, h, w) and back
            split = hidden_states.unflatten(0, (-1, layout.views, frames)).transpose(1, 2)
            mixed = self.view(split.flatten(0, 2), num_frames=layout.views)
            hidden_states = mixed.unflatten(0, (-1, frames, layout.views)).transpose(1, 2).flatten(0, 2)
        return hidden_states


def walk(
    unet: nn.Module,
    sample: torch.Tensor,
    embedding: torch.Tensor,
    *,
    everywhere: dict[str, Any],
    attending: dict[str, Any],
) -> torch.Tensor:
    """Down, middle and up blocks of one of diffusers' conditional U-Nets.

    Args:
        unet: with ``down_blocks``, ``mid_block``, ``up_blocks``.
        sample: ``(N, C, h, w)`` after the first convolution (and whatever was added to it).
        embedding: ``(N, D)`` of the time.
        everywhere: keyword arguments of every block that knows of time (all but a purely spatial middle).
        attending: further ones of the blocks with cross-attention.

    Returns:
        ``(N, C', h, w)``, before the last norm.
    """
    skips = [sample]
    for block in unet.down_blocks:
        extra = attending if getattr(block, "has_cross_attention", False) else {}
        sample, new = block(sample, embedding, **everywhere, **extra)
        skips.extend(new)
    middle = unet.mid_block
    # AnimateDiff's third version has no motion module in the middle: the block is then SD 1.5's own.
    spatial_only = "num_frames" in everywhere and not hasattr(middle, "motion_modules")
    sample = middle(sample, embedding, **({} if spatial_only else everywhere), **attending)
    for block in unet.up_blocks:
        count = len(block.resnets)
        mine, skips = tuple(skips[-count:]), skips[:-count]
        extra = attending if getattr(block, "has_cross_attention", False) else {}
        sample = block(sample, mine, embedding, **everywhere, **extra)
    return sample
