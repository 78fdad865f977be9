"""What is added to diffusers' attention: reference K/V, and attention over views after the motion module."""

from __future__ import annotations

import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from torch import nn
from torch.nn import functional

__all__ = [
    "ClipLayout",
    "CrossAttention",
    "MotionThenView",
    "PassThrough",
    "RecordKeys",
    "ReferenceAttention",
]


def _heads(x: torch.Tensor, attn: Attention) -> torch.Tensor:
    """``(B, L, heads·D) -> (B, heads, L, D)``."""
    return x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)


def _attend(attn: Attention, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    mixed = functional.scaled_dot_product_attention(query, key, value)
    mixed = mixed.transpose(1, 2).flatten(2)  # (B, L, C)
    return attn.to_out[1](attn.to_out[0](mixed))


class RecordKeys:
    """Self-attention of the reference network that leaves its input in ``record[site]``."""

    def __init__(self, site: str) -> None:
        self.site = site

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        record: dict[str, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        if record is not None:
            record[self.site] = hidden_states
        key, value = attn.to_k(hidden_states), attn.to_v(hidden_states)
        return _attend(attn, _heads(attn.to_q(hidden_states), attn), _heads(key, attn), _heads(value, attn))


class ReferenceAttention:
    """Self-attention whose keys and values are its own tokens followed by those of the reference photo.

    ``record[site]`` is ``(B, L, C)`` with one entry per clip; the hidden states are ``(B·n, L, C)``. Keys and
    values of the photo are projected once per clip and shared by its n pictures.
    """

    def __init__(self, site: str) -> None:
        self.site = site

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        record: dict[str, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        key, value = attn.to_k(hidden_states), attn.to_v(hidden_states)
        if record is not None:
            reference = record[self.site].to(hidden_states.dtype)
            repeats = hidden_states.shape[0] // reference.shape[0]
            # Identical for all pictures of a clip, hence expand (no copy) before the one concatenation.
            for_clip = (attn.to_k(reference), attn.to_v(reference))
            shared = [x[:, None].expand(-1, repeats, -1, -1).flatten(0, 1) for x in for_clip]
            key, value = torch.cat([key, shared[0]], 1), torch.cat([value, shared[1]], 1)
        return _attend(attn, _heads(attn.to_q(hidden_states), attn), _heads(key, attn), _heads(value, attn))


class CrossAttention:
    """Attention to the image tokens; takes and ignores ``record``."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        record: dict[str, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        tokens = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        key, value = attn.to_k(tokens), attn.to_v(tokens)
        return _attend(attn, _heads(attn.to_q(hidden_states), attn), _heads(key, attn), _heads(value, attn))


class PassThrough(nn.Module):
    """Stands where a level has no motion module; the signature is that of the module it replaces."""

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: None = None,
        timestep: None = None,
        class_labels: None = None,
        num_frames: int = 1,
        cross_attention_kwargs: None = None,
    ) -> torch.Tensor:
        return hidden_states


class ClipLayout:
    """How the flat picture axis ``(B·V·T)`` is made up; one per denoiser, set before each pass."""

    def __init__(self) -> None:
        self.views = 1
        self.use_motion = True
        self.use_views = True


class MotionThenView(nn.Module):
    """AnimateDiff's motion module over T frames, then attention over V views at each place.

    Both end in a projection that starts at zero, so that adding them changes nothing until they are trained.
    Either may be left out. Views carry no position: their number and order are free, the guidance says where
    each camera is.
    """

    def __init__(
        self,
        motion: AnimateDiffTransformer3D,
        layout: ClipLayout,
        *,
        over_frames: bool = True,
        over_views: bool = True,
    ) -> None:
        super().__init__()
        channels = motion.in_channels
        view = AnimateDiffTransformer3D(
            num_attention_heads=motion.num_attention_heads,
            attention_head_dim=motion.attention_head_dim,
            in_channels=channels,
            norm_num_groups=motion.norm.num_groups,
            double_self_attention=False,
        )
        # Both are made in any case, so that the weights built after them do not depend on the switches.
        self.motion = motion if over_frames else PassThrough()
        self.view = view if over_views else PassThrough()
        for module in (motion, view):
            nn.init.zeros_(module.proj_out.weight)
            nn.init.zeros_(module.proj_out.bias)
        self._layout = [layout]  # in a list: not a submodule, shared by all blocks

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: None = None,
        timestep: None = None,
        class_labels: None = None,
        num_frames: int = 1,
        cross_attention_kwargs: None = None,
    ) -> torch.Tensor:
        layout = self._layout[0]
        if layout.use_motion and num_frames > 1:
            hidden_states = self.motion(hidden_states, num_frames=num_frames)
        if layout.use_views and layout.views > 1:
            # (B·V·T, C, h, w) -> (B·T·V, C, h, w) and back
            split = hidden_states.unflatten(0, (-1, layout.views, num_frames)).transpose(1, 2)
            mixed = self.view(split.flatten(0, 2), num_frames=layout.views)
            hidden_states = mixed.unflatten(0, (-1, num_frames, layout.views)).transpose(1, 2).flatten(0, 2)
        return hidden_states
