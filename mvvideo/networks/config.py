"""Size and shape of the denoiser. One frozen dataclass; a weights file carries it in its header."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flame.errors import ConfigError, input_error
from mvvideo.guidance import CHANNEL_COUNT, GUIDANCE_CHANNELS

__all__ = ["NetworkConfig"]


@dataclass(frozen=True)
class NetworkConfig:
    """What :class:`mvvideo.networks.denoiser.MultiViewDenoiser` is built from.

    The defaults are the embedded model: a 32² grid for a 256² picture (pixel-unshuffle by 8), attention
    only on the coarsest 8² grid; edges finer than the grid are decided by the head at half resolution.
    """

    image_size: int = 256  # pixels, height = width the model was trained at
    patch: int = 8  # pixel-unshuffle factor of the codec
    channels: tuple[int, ...] = (128, 96, 144)  # per level, fine to coarse
    attention: tuple[bool, ...] = (False, False, True)  # reference, motion and view attention on this level
    reference_channels: tuple[int, ...] = (32, 64, 144)  # equal to channels where there is attention
    layers_per_block: int = 1
    heads: tuple[int, ...] = (4, 4, 3)  # per level
    norm_groups: int = 16
    token_channels: int = 128  # width of the image tokens
    token_grid: int = 4  # token_grid² image tokens
    head_channels: int = 32  # of the half-resolution output head
    max_flow_px: float = 20.0  # at image_size
    motion_max_frames: int = 32
    guidance_channels: int = CHANNEL_COUNT

    # What may be added; off, it costs nothing and leaves no trace in the weights.
    motion_intensity: int = (
        0  # levels each of expression and head that the time embedding knows; 64 published
    )
    memory_bank: int = 0  # learnt memories read by the guidance features; 64 published
    identity_adapter: bool = False  # image tokens ask the photo's patches at three scales who it is
    separate_tokens: bool = False  # photo's foreground to the reference network, its plate to the denoiser

    # What may be taken away, to see what it is good for.
    reference_network: bool = True
    motion_module: bool = True  # attention over frames
    view_module: bool = True  # attention over views
    appearance_input: bool = True  # without: no appearance and no confidence is seen, the gates stay shut
    confidence_input: bool = True
    region_input: bool = True  # maps of lips, mouth, eyes, irises, brows
    two_gates: bool = True  # without: fine structure is kept exactly as far as the smooth part

    def __post_init__(self) -> None:
        levels = len(self.channels)
        if not levels == len(self.attention) == len(self.reference_channels):
            raise input_error(
                ConfigError,
                "channels, attention and reference_channels need one entry per level",
                f"{levels}, {len(self.attention)} and {len(self.reference_channels)} entries",
                "make them equally long",
            )
        for own, reference, attends in zip(
            self.channels, self.reference_channels, self.attention, strict=True
        ):
            if attends and own != reference:
                raise input_error(
                    ConfigError,
                    "reference_channels must equal channels on levels with attention",
                    f"{reference} and {own}",
                    "make them equal",
                )
        if self.patch % 2 or self.image_size % self.size_multiple:
            raise input_error(
                ConfigError,
                f"patch must be even and image_size a multiple of {self.size_multiple}",
                f"patch {self.patch}, image_size {self.image_size}",
                "change image_size",
            )
        if self.motion_intensity < 0 or self.memory_bank < 0:
            raise input_error(
                ConfigError,
                "motion_intensity and memory_bank must not be negative",
                f"{self.motion_intensity} and {self.memory_bank}",
                "use 64, or 0 for none",
            )

    @property
    def hidden_channels(self) -> tuple[str, ...]:
        """Guidance channels that the network does not get to see (they are zeroed)."""
        names: set[str] = set()
        for channel in GUIDANCE_CHANNELS:
            kind = channel.name.split("_")[0]
            hidden = {
                "appearance": not self.appearance_input,
                "confidence": not (self.appearance_input and self.confidence_input),
                "region": not self.region_input,
            }
            if hidden.get(kind, False):
                names.add(channel.name)
        return tuple(sorted(names))

    @property
    def size_multiple(self) -> int:
        """Height and width of a picture must be multiples of this."""
        return self.patch * 2 ** (len(self.channels) - 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """Inverse of :meth:`to_dict`; unknown names fail."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise input_error(
                ConfigError,
                "unknown network option",
                ", ".join(unknown),
                "use one of " + ", ".join(sorted(known)),
            )
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**plain)
