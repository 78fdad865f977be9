"""The multi-view video denoiser: noisy clip, guidance and one photo in, picture layers out.

Layout outside: ``(B, V, T, C, H, W)``. Inside the U-Net the pictures are one flat axis ``(B·V·T)``, frames
fastest, which is what AnimateDiff's motion modules expect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from diffusers import UNet2DConditionModel, UNetMotionModel
from torch import nn
from torch.nn import functional

from mvvideo.guidance import CHANNEL_COUNT, channel_slice
from mvvideo.networks.attention import (
    ClipLayout,
    CrossAttention,
    MotionThenView,
    PassThrough,
    RecordKeys,
    ReferenceAttention,
)
from mvvideo.networks.composite import Layers, Picture, Plates, compose, without_appearance
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.encoders import GuidanceEncoder, LayerHead, TokenEncoder
from mvvideo.networks.extras import IdentityAdapter, IntensityEncoder, MemoryBank

__all__ = ["MultiViewDenoiser", "ReferenceFeatures"]

# Guidance that the output head sees again at half resolution.
_LOCAL_NAMES = (
    "appearance_rgb",
    "appearance_alpha",
    "confidence_seen",
    "confidence_facing",
    "confidence_detail",
    "background_known",
)
_LOCAL_INDEX = [i for name in _LOCAL_NAMES for i in range(*channel_slice(name).indices(CHANNEL_COUNT))]


@dataclass(frozen=True)
class ReferenceFeatures:
    """The photo as the denoiser sees it, one entry per clip; made once per clip and used in every step."""

    tokens: torch.Tensor  # (B, L, D) image tokens
    record: dict[str, torch.Tensor]  # attention site -> (B, L, C); empty without a reference network
    intensity: torch.Tensor | None = None  # (B, 2) of expression and head, 0 … 1; None: not known


def _unet_arguments(config: NetworkConfig, channels: tuple[int, ...]) -> dict[str, object]:
    """What both U-Nets are built with."""
    return {
        "sample_size": config.image_size // config.patch,
        "in_channels": 3 * config.patch**2,
        "out_channels": channels[0],
        "block_out_channels": channels,
        "layers_per_block": config.layers_per_block,
        "norm_num_groups": config.norm_groups,
        "cross_attention_dim": config.token_channels,
        "use_linear_projection": True,
    }


class MultiViewDenoiser(nn.Module):
    """Reference network + guidance encoder + motion U-Net with view attention + layer head.

    ``motion`` and ``views`` of :meth:`forward` switch the temporal and view attention off (training phases,
    ablations). Weights are created from torch's global generator: seed it before building.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.layout = ClipLayout()
        self.guidance_encoder = GuidanceEncoder(
            config, in_channels=config.guidance_channels, out_channels=config.channels[0]
        )
        self.reference_guidance_encoder: GuidanceEncoder | None = GuidanceEncoder(
            config, in_channels=config.guidance_channels, out_channels=config.reference_channels[0]
        )
        self.token_encoder = TokenEncoder(config)
        self.reference_unet: UNet2DConditionModel | None = self._build_reference(config)
        self.unet = self._build_unet(config)
        self.head = LayerHead(config, in_channels=config.channels[0], local_channels=len(_LOCAL_INDEX))
        self._switch(config)

    def _switch(self, config: NetworkConfig) -> None:
        """Add and take away what the configuration says.

        Last, so that what all configurations share starts from the same numbers for the same seed.
        """
        if not config.reference_network:
            self.reference_unet = self.reference_guidance_encoder = None
        self.plate_token_encoder = TokenEncoder(config) if config.separate_tokens else None
        self.token_encoder.adapter = IdentityAdapter(config) if config.identity_adapter else None
        self.memory_bank = self.intensity_encoder = None
        if config.memory_bank:
            self.memory_bank = MemoryBank(config, channels=config.channels[0], heads=config.heads[0])
        if config.motion_intensity:
            width = self.unet.time_embedding.linear_2.out_features
            self.intensity_encoder = IntensityEncoder(config, width=width)
        self._hidden = [
            i for name in config.hidden_channels for i in range(CHANNEL_COUNT)[channel_slice(name)]
        ]

    def _shown(self, guidance: torch.Tensor) -> torch.Tensor:
        """Guidance ``(N, C, H, W)`` without the channels that this configuration must not see."""
        if not self._hidden:
            return guidance
        guidance = guidance.clone()
        guidance[:, self._hidden] = 0
        return guidance

    @staticmethod
    def _build_reference(config: NetworkConfig) -> UNet2DConditionModel:
        """Only as far as the last attention: what follows would not be looked at."""
        down = tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in config.attention)
        up = tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(config.attention))
        unet = UNet2DConditionModel(
            down_block_types=down,
            up_block_types=up,
            mid_block_type="UNetMidBlock2DCrossAttn",
            attention_head_dim=config.heads,  # diffusers' historical name for the number of heads
            **_unet_arguments(config, config.reference_channels),
        )
        last = max(i for i, attends in enumerate(reversed(config.attention)) if attends)
        unet.up_blocks = unet.up_blocks[: last + 1]
        unet.up_blocks[last].upsamplers = None
        unet.conv_norm_out = unet.conv_act = None
        unet.conv_out = nn.Identity()
        unet.set_attn_processor(
            {
                name: RecordKeys(name) if ".attn1." in name else CrossAttention()
                for name in unet.attn_processors
            }
        )
        return unet

    def _build_unet(self, config: NetworkConfig) -> UNetMotionModel:
        down = tuple("CrossAttnDownBlockMotion" if a else "DownBlockMotion" for a in config.attention)
        up = tuple("CrossAttnUpBlockMotion" if a else "UpBlockMotion" for a in reversed(config.attention))
        unet = UNetMotionModel(
            down_block_types=down,
            up_block_types=up,
            num_attention_heads=config.heads,
            motion_num_attention_heads=config.heads,
            motion_max_seq_length=config.motion_max_frames,
            **_unet_arguments(config, config.channels),
        )
        unet.set_attn_processor({name: self._processor(name) for name in unet.attn_processors})
        blocks = [*unet.down_blocks, unet.mid_block, *unet.up_blocks]
        attends = [*config.attention, True, *reversed(config.attention)]
        for block, has_attention in zip(blocks, attends, strict=True):
            block.motion_modules = nn.ModuleList(
                MotionThenView(
                    module,
                    self.layout,
                    over_frames=config.motion_module,
                    over_views=config.view_module,
                )
                if has_attention
                else PassThrough()
                for module in block.motion_modules
            )
        return unet

    @staticmethod
    def _processor(name: str) -> ReferenceAttention | CrossAttention:
        # Motion modules attend over time only: no reference tokens there.
        is_spatial_self = ".attn1." in name and "motion_modules" not in name
        return ReferenceAttention(name) if is_spatial_self else CrossAttention()

    def encode_reference(
        self, rgb: torch.Tensor, guidance: torch.Tensor, *, intensity: torch.Tensor | None = None
    ) -> ReferenceFeatures:
        """Look at the photo once.

        Args:
            rgb: ``(B, 3, H, W)`` in [0, 1].
            guidance: ``(B, C, H, W)``, the guidance of the photo's own pose and camera.
            intensity: ``(B, 2)``, how strongly face and head will move, see :mod:`mvvideo.intensity`; only
                networks with ``motion_intensity`` look at it.
        """
        image = rgb * 2 - 1
        tokens = self.token_encoder(image, guidance[:, channel_slice("appearance_alpha")])
        record = self._record(image, guidance, tokens)
        if self.plate_token_encoder is not None:
            plate = guidance[:, channel_slice("background_rgb")] * 2 - 1
            tokens = self.plate_token_encoder(plate, guidance[:, channel_slice("background_known")])
        return ReferenceFeatures(tokens=tokens, record=record, intensity=intensity)

    def _record(
        self, image: torch.Tensor, guidance: torch.Tensor, tokens: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """What the reference network's attention sees at every site, of ``image (B, 3, H, W)`` in [−1, 1]."""
        unet, encoder = self.reference_unet, self.reference_guidance_encoder
        if unet is None or encoder is None:
            return {}
        sample = unet.conv_in(functional.pixel_unshuffle(image, self.config.patch))
        sample = sample + encoder(self._shown(guidance))
        emb = self._time_embedding(unet, torch.zeros(len(image), device=image.device))
        record: dict[str, torch.Tensor] = {}
        extra = {"encoder_hidden_states": tokens, "cross_attention_kwargs": {"record": record}}
        skips = [sample]
        for block in unet.down_blocks:
            sample, new = block(sample, emb, **(extra if _has_attention(block) else {}))
            skips.extend(new)
        sample = unet.mid_block(sample, emb, **extra)
        for block in unet.up_blocks:
            count = len(block.resnets)
            mine, skips = tuple(skips[-count:]), skips[:-count]
            sample = block(sample, mine, emb, **(extra if _has_attention(block) else {}))
        return record

    @staticmethod
    def _time_embedding(unet: nn.Module, time: torch.Tensor) -> torch.Tensor:
        """``time (N,)`` in [0, 1] -> ``(N, D)``; diffusers counts to 1000."""
        projected = unet.time_proj(time.float() * 1000)
        return unet.time_embedding(projected.to(unet.time_embedding.linear_1.weight.dtype))

    def features(
        self,
        noisy: torch.Tensor,
        time: torch.Tensor,
        guidance: torch.Tensor,
        reference: ReferenceFeatures,
        *,
        frames: int,
    ) -> torch.Tensor:
        """The U-Net: ``noisy (B·V·T, 3, H, W)``, ``time (B,)`` -> ``(B·V·T, F, H/p, W/p)``."""
        unet = self.unet
        per_clip = len(noisy) // len(time)
        emb = self._time_embedding(unet, time)
        if self.intensity_encoder is not None and reference.intensity is not None:
            emb = self.intensity_encoder(emb, reference.intensity)
        emb = emb.repeat_interleave(per_clip, 0)
        extra = {
            "encoder_hidden_states": reference.tokens.repeat_interleave(per_clip, 0),
            "cross_attention_kwargs": {"record": reference.record or None},
        }
        sample = unet.conv_in(functional.pixel_unshuffle(noisy, self.config.patch))
        posed = self.guidance_encoder(guidance)
        if self.memory_bank is not None:
            posed = posed + self.memory_bank(posed)
        sample = sample + posed
        skips = [sample]
        for block in unet.down_blocks:
            sample, new = block(sample, emb, num_frames=frames, **(extra if _has_attention(block) else {}))
            skips.extend(new)
        sample = unet.mid_block(sample, emb, num_frames=frames, **extra)
        for block in unet.up_blocks:
            count = len(block.resnets)
            mine, skips = tuple(skips[-count:]), skips[:-count]
            given = extra if _has_attention(block) else {}
            sample = block(sample, mine, emb, num_frames=frames, **given)
        return unet.conv_out(unet.conv_act(unet.conv_norm_out(sample)))

    def forward(
        self,
        noisy: torch.Tensor,
        time: torch.Tensor,
        guidance: torch.Tensor,
        reference: ReferenceFeatures,
        *,
        motion: bool = True,
        views: bool = True,
    ) -> Layers:
        """Predict the layers of the clean clip.

        Args:
            noisy: ``(B, V, T, 3, H, W)``, clean clip in [−1, 1] mixed with noise.
            time: ``(B,)`` in [0, 1]; 1 is pure noise.
            guidance: ``(B, V, T, C, H, W)``.
            reference: from :meth:`encode_reference`, batch B.
            motion: use the attention over frames.
            views: use the attention over views.

        Returns:
            layers with N = B·V·T pictures; put on the plates by :meth:`compose`.
        """
        _, view_count, frames = noisy.shape[:3]
        self.layout.views = view_count
        self.layout.use_motion, self.layout.use_views = motion, views
        flat_guidance = self._shown(guidance.flatten(0, 2))
        features = self.features(noisy.flatten(0, 2), time, flat_guidance, reference, frames=frames)
        layers = self.head(features, flat_guidance[:, _LOCAL_INDEX])
        if not self.config.appearance_input:
            return without_appearance(layers, guidance.flatten(0, 2))
        return layers if self.config.two_gates else replace(layers, detail_change=layers.gate_change)

    @staticmethod
    def compose(layers: Layers, guidance: torch.Tensor) -> Picture:
        """Layers on the plates of guidance ``(B, V, T, C, H, W)``."""
        return compose(layers, Plates.from_guidance(guidance.flatten(0, 2).float()))


def _has_attention(block: nn.Module) -> bool:
    return bool(getattr(block, "has_cross_attention", False))
