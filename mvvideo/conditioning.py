"""With and without the photo: what training nulls, and classifier-free guidance when sampling.

Guidance compares a pass that knows the photo with one that does not (Ho & Salimans 2022, arXiv:2207.12598).
Only the photo is taken away: pose, appearance and plate say what the predicted layers are relative to, so both
passes have them. It helps a network that was trained with ``null_reference_share`` above zero, and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from flame.errors import ConfigError, input_error
from mvvideo.networks.composite import Layers, Picture

if TYPE_CHECKING:
    from mvvideo.networks.config import NetworkConfig
    from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures

__all__ = ["GuidedNetwork", "encode_photo"]


def encode_photo(
    network: MultiViewDenoiser,
    rgb: torch.Tensor,
    guidance: torch.Tensor,
    *,
    intensity: torch.Tensor | None = None,
    kept: torch.Tensor | None = None,
) -> ReferenceFeatures:
    """``network.encode_reference``, without the photo for some clips.

    Args:
        network: the denoiser.
        rgb: ``(B, 3, H, W)`` in [0, 1].
        guidance: ``(B, C, H, W)``, the photo's own.
        intensity: ``(B, 2)`` or ``None``.
        kept: ``(B,)``, 1 where the photo is shown, 0 where it is grey with empty guidance; ``None``: all.
    """
    if kept is not None:
        shown = kept.view(-1, 1, 1, 1)
        rgb, guidance = rgb * shown + 0.5 * (1 - shown), guidance * shown
    return network.encode_reference(rgb, guidance, intensity=intensity)


@dataclass(frozen=True)
class GuidedNetwork:
    """A denoiser under classifier-free guidance, to be used in the denoiser's place.

    Both passes are one batch of twice the size. With ``scale`` 1 there is a single pass and the result is the
    denoiser's own to the bit.

    Attributes:
        network: the denoiser.
        scale: how far to go from the answer without the photo to the one with it, and beyond; 1.5 to 2.5.
    """

    network: MultiViewDenoiser
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 1.0 <= self.scale <= 20.0:
            raise input_error(
                ConfigError, "the guidance scale must lie in 1 … 20", self.scale, "use for example 2"
            )

    @property
    def config(self) -> NetworkConfig:
        """The denoiser's."""
        return self.network.config

    def encode_reference(
        self, rgb: torch.Tensor, guidance: torch.Tensor, *, intensity: torch.Tensor | None = None
    ) -> ReferenceFeatures:
        """As the denoiser's; unless ``scale`` is 1 the B photos are followed by B times none."""
        if self.scale == 1.0:
            return self.network.encode_reference(rgb, guidance, intensity=intensity)
        count = len(rgb)
        kept = torch.cat([rgb.new_ones(count), rgb.new_zeros(count)])
        twice = None if intensity is None else intensity.repeat(2, 1)
        return encode_photo(
            self.network,
            rgb.repeat(2, 1, 1, 1),
            guidance.repeat(2, 1, 1, 1),
            intensity=twice,
            kept=kept,
        )

    def __call__(
        self,
        noisy: torch.Tensor,
        time: torch.Tensor,
        guidance: torch.Tensor,
        reference: ReferenceFeatures,
        *,
        motion: bool = True,
        views: bool = True,
    ) -> Layers:
        """As the denoiser's ``forward``; ``reference`` is from this object's :meth:`encode_reference`."""
        if self.scale == 1.0:
            return self.network(noisy, time, guidance, reference, motion=motion, views=views)
        twice = (x.repeat(2, *[1] * (x.ndim - 1)) for x in (noisy, time, guidance))
        both = self.network(*twice, reference, motion=motion, views=views)
        guided = {}
        for field in fields(Layers):
            known, blind = getattr(both, field.name).chunk(2)
            guided[field.name] = blind + self.scale * (known - blind)
        return Layers(**guided)

    def compose(self, layers: Layers, guidance: torch.Tensor) -> Picture:
        """As the denoiser's."""
        return self.network.compose(layers, guidance)
