"""What the denoiser is trained to: right colours, right edges, and as much fine structure as the truth has.

Everything is computed on the composed picture, weighted by where it matters: foreground, more where the
photo shows nothing, more at eyes and mouth. Pixel losses alone blur (measured: half of the truth's gradient
energy is lost), hence the multi-scale gradient and texture-energy terms and, in the last part of a training,
a conditional patch discriminator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from mvvideo.guidance import channel_slice
from mvvideo.metrics import gradient_magnitude, ssim_map
from mvvideo.networks.composite import Layers, Picture, Plates

__all__ = ["LossWeights", "Truth", "importance_of_time", "reconstruction_losses"]


@dataclass(frozen=True)
class LossWeights:
    """Factor of each term in the sum."""

    colour: float = 1.0  # L1 of the picture
    squared: float = 0.0  # mean square of the picture: what PSNR measures; favours smooth guesses
    layer_colour: float = 0.3  # L1 of the rgb layer alone: keeps it alive while the gate is still closed
    gradient: float = 1.0  # L1 of finite differences at three scales
    ssim: float = 0.15
    texture: float = 2.0  # local gradient energy against the truth's
    alpha: float = 1.0  # squared: with L1, the few pixels of hair or shoulder that the hull lacks never win
    overshoot: float = 0.1  # gate and alpha outside [0, 1]
    flow: float = 0.0003  # squared pixels, and smoothness
    gate: float = 0.005  # gate away from 1 without need
    detail: float = 0.0  # the photo's fine structure given up without need
    harm: float = 0.0  # L1 beyond the appearance's own: what was right and is made worse
    adversarial: float = 0.1  # share of the reconstruction's gradient at the last layer
    background_share: float = 0.3  # weight of background pixels; foreground is 1
    hidden_extra: float = 1.0  # added where the reference shows nothing
    feature_extra: float = 1.0  # added at eyes, brows and mouth


@dataclass(frozen=True)
class Truth:
    """Flat truth of N pictures in [0, 1] and the weight of each pixel."""

    rgb: torch.Tensor  # (N, 3, H, W)
    alpha: torch.Tensor  # (N, 1, H, W)
    weight: torch.Tensor  # (N, 1, H, W), mean about 1
    unaided: torch.Tensor  # (N, 3, H, W) appearance over the plate: what would be shown without the network

    @classmethod
    def build(
        cls,
        rgb: torch.Tensor,
        alpha: torch.Tensor,
        seen: torch.Tensor,
        guidance: torch.Tensor,
        weights: LossWeights,
        importance: torch.Tensor | None = None,
    ) -> Truth:
        """From flat tensors ``(N, ·, H, W)``; ``guidance`` tells where eyes and mouth are.

        ``importance (N,)`` multiplies the weight of whole pictures, see :func:`importance_of_time`.
        """
        lips, brow = channel_slice("region_lips").start, channel_slice("region_brow").stop
        features = guidance[:, lips:brow].amax(1, keepdim=True)
        weight = weights.background_share + (1 - weights.background_share) * alpha
        weight = weight + alpha * (1 - seen) * weights.hidden_extra + features * weights.feature_extra
        weight = weight / weight.mean().clamp(min=1e-3)
        if importance is not None:
            weight = weight * importance[:, None, None, None]
        return cls(rgb=rgb, alpha=alpha, weight=weight, unaided=Plates.from_guidance(guidance).composite())


def importance_of_time(time: torch.Tensor, *, gamma: float, floor: float) -> torch.Tensor:
    """Weight of clips by their noise, ``(B,)``: min(SNR, gamma) / gamma, not under ``floor``.

    Min-SNR (Hang et al. 2023, arXiv:2303.09556) for a model that predicts the clean signal; on the straight
    line to noise SNR = ((1 − t) / t)². The floor is ours: pure noise, all that one-step sampling ever sees,
    has an SNR of zero and would not be learnt at all.

    Args:
        time: ``(B,)`` in [0, 1].
        gamma: 5 in the paper.
        floor: in [0, 1].
    """
    snr = ((1 - time) / time.clamp(min=1e-3)).square()
    return (snr.clamp(max=gamma) / gamma).clamp(min=floor)


def _weighted(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (values * weight).mean()


def _gradient_loss(
    prediction: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor, scales: int
) -> torch.Tensor:
    """L1 of the differences to the right and below, at ``scales`` octaves."""
    total = prediction.new_zeros(())
    error = prediction - truth  # differences are linear: one pyramid of the error is enough
    for scale in range(scales):
        if scale:
            error, weight = functional.avg_pool2d(error, 2), functional.avg_pool2d(weight, 2)
        total = total + ((error[..., :, 1:] - error[..., :, :-1]).abs() * weight[..., :, 1:]).mean()
        total = total + ((error[..., 1:, :] - error[..., :-1, :]).abs() * weight[..., 1:, :]).mean()
    return total / scales


def _texture_loss(prediction: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Local mean of gradient length (10² px) against the truth's: how much structure, not where exactly.

    Measured at half resolution: at full resolution the cheapest structure is a checkerboard of single pixels,
    and that is what a network learns to draw.
    """
    energy, wanted = (
        functional.avg_pool2d(gradient_magnitude(functional.avg_pool2d(x, 2)), 5, 2, 2)
        for x in (prediction, truth)
    )
    # Too little structure is the fault to fight; too much is already punished by the other terms.
    short = (wanted - energy).clamp(min=0) + 0.3 * (energy - wanted).clamp(min=0)
    return (short * functional.avg_pool2d(functional.avg_pool2d(weight, 2), 5, 2, 2)).mean()


def reconstruction_losses(
    picture: Picture, layers: Layers, truth: Truth, weights: LossWeights
) -> dict[str, torch.Tensor]:
    """The weighted terms by name, each a scalar; their sum is the loss."""
    error = picture.rgb - truth.rgb
    solid = truth.weight * (truth.alpha > 0.95)
    makers: dict[str, Callable[[], torch.Tensor]] = {
        "colour": lambda: _weighted(error.abs(), truth.weight),
        "squared": lambda: _weighted(error.square(), truth.weight),
        "layer_colour": lambda: _weighted((layers.rgb - truth.rgb).abs(), solid),
        "gradient": lambda: _gradient_loss(picture.rgb, truth.rgb, truth.weight, 3),
        "ssim": lambda: _weighted(1 - ssim_map(picture.rgb, truth.rgb), truth.weight),
        "texture": lambda: _texture_loss(picture.rgb, truth.rgb, truth.weight * truth.alpha),
        "alpha": lambda: _weighted((picture.alpha - truth.alpha).square(), truth.weight),
        "overshoot": lambda: picture.overshoot,
        "flow": lambda: _flow_loss(layers.flow),
        "gate": lambda: (1 - picture.gate).mean(),
        "detail": lambda: _weighted(1 - picture.detail, truth.alpha),
        "harm": lambda: _weighted(
            (error.abs() - (truth.unaided - truth.rgb).abs()).clamp(min=0), truth.weight
        ),
    }
    # A term that counts for nothing is not computed: SSIM alone is a fifth of a step on a CPU.
    wanted = {name: getattr(weights, name) for name in makers}
    return {name: factor * makers[name]() for name, factor in wanted.items() if factor}


def _flow_loss(flow: torch.Tensor) -> torch.Tensor:
    """Squared pixels of flow, and of its differences between neighbours."""
    bumps = (flow[..., 1:] - flow[..., :-1]).square().mean()
    bumps = bumps + (flow[..., 1:, :] - flow[..., :-1, :]).square().mean()
    return flow.square().mean() + 10 * bumps
