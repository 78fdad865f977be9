"""From noise to picture layers: the denoiser driven by the sampler, for use and for scoring alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from mvvideo.compositing import composed_rgb
from mvvideo.networks.composite import Plates, restrained, without_pattern
from mvvideo.sampling import sample

if TYPE_CHECKING:
    from mvvideo.networks.composite import Layers
    from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures

__all__ = ["denoise_layers", "half_precision", "predict_layers"]


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA, nothing elsewhere: on CPUs without AMX it is slower."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def predict_layers(
    network: MultiViewDenoiser,
    noisy: torch.Tensor,
    time: torch.Tensor,
    guidance: torch.Tensor,
    reference: ReferenceFeatures,
) -> Layers:
    """One call of the network as it is used: at the device's precision, restrained, and without its patches' pattern.

    A network that may not see the appearance has nothing to be restrained to.

    Args:
        network: the denoiser.
        noisy: ``(B, V, T, 3, h, w)``; time: ``(B,)``.
        guidance: ``(B, V, T, C, h, w)``.
        reference: of the same B clips.

    Returns:
        layers with B·V·T pictures.
    """
    with half_precision(noisy.device):
        layers = network(noisy, time, guidance, reference)
    if not network.config.appearance_input:
        return layers
    return without_pattern(restrained(layers, guidance.flatten(0, 2)), network.config.patch)


def denoise_layers(
    network: MultiViewDenoiser,
    noise: torch.Tensor,
    guidance: torch.Tensor,
    reference: ReferenceFeatures,
    *,
    steps: int,
) -> Layers:
    """The layers of the last of ``steps`` sampling steps.

    Args:
        network: the denoiser.
        noise: ``(B, V, T, 3, h, w)`` at the network's size.
        guidance: ``(B, V, T, C, h, w)``.
        reference: of the same B clips.
        steps: calls of the network, 1 or more.
    """
    latest: list[Layers] = []
    plates = Plates.from_guidance(guidance.flatten(0, 2).float())

    def denoise(noisy: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        latest[:] = [predict_layers(network, noisy, time, guidance, reference)]
        if steps == 1:
            return noisy  # the layers are all that is asked for
        return composed_rgb(latest[0], plates).view_as(noisy) * 2 - 1

    sample(denoise, noise, steps=steps)
    return latest[0]
