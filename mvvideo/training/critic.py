"""The discriminator of the last part of a training: what it is, what it learns, what it asks of the denoiser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from flame.errors import ConfigError, input_error

__all__ = ["Critic", "CriticConfig", "Judged", "PatchDiscriminator", "generator_loss", "hinge_losses"]


@dataclass(frozen=True)
class CriticConfig:
    """How much the discriminator may cost.

    Counted in multiplications at 256², the defaults cost 1.6 times the denoiser's own step, width 24 on crops a
    tenth of it: what two cores can afford. A crop keeps the finest structure, which ``half`` averages away.
    """

    width: int = 48
    view: str = "whole"  # whole | half (resolution) | crop (half the height and width, in a random place)

    def __post_init__(self) -> None:
        if self.view not in ("whole", "half", "crop"):
            raise input_error(
                ConfigError, "the critic's view must be whole, half or crop", self.view, "correct it"
            )


class PatchDiscriminator(nn.Module):
    """Judges patches of a picture beside its appearance composite and alpha; spectral norm, logits at 1/8."""

    def __init__(self, *, width: int = 48) -> None:
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        widths = (7, width, 2 * width, 4 * width)
        layers: list[nn.Module] = []
        for i in range(3):
            layers += [norm(nn.Conv2d(widths[i], widths[i + 1], 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        layers += [norm(nn.Conv2d(widths[3], widths[3], 3, padding=1)), nn.LeakyReLU(0.2)]
        layers += [norm(nn.Conv2d(widths[3], 1, 3, padding=1))]
        self.layers = nn.Sequential(*layers)

    def forward(self, picture: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """``picture (N, 3, H, W)`` in [0, 1], ``condition (N, 4, H, W)`` -> ``(N, 1, H/8, W/8)``."""
        return self.layers(torch.cat([picture, condition], 1) * 2 - 1)


def hinge_losses(real: torch.Tensor, fake: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Discriminator's loss from logits ``(N, 1, h, w)``, patches weighted by ``weight (N, 1, H, W)``."""
    weight = functional.adaptive_avg_pool2d(weight, real.shape[-2:])
    loss = functional.relu(1 - real.float()) + functional.relu(1 + fake.float())
    return (loss * weight).mean()


def generator_loss(
    logits: torch.Tensor,
    weight: torch.Tensor,
    *,
    reconstruction: torch.Tensor,
    last: nn.Parameter,
    share: float,
) -> torch.Tensor:
    """Adversarial term scaled so that its gradient at ``last`` is ``share`` of the reconstruction's.

    The scaling (Esser et al. 2021, VQGAN) makes the weight independent of how confident the discriminator is.
    """
    loss = -(logits.float() * functional.adaptive_avg_pool2d(weight, logits.shape[-2:])).mean()
    (of_reconstruction,) = torch.autograd.grad(reconstruction, last, retain_graph=True)
    (of_loss,) = torch.autograd.grad(loss, last, retain_graph=True)
    scale = of_reconstruction.norm() / (of_loss.norm() + 1e-6)
    return share * scale.clamp(max=100.0).detach() * loss


@dataclass(frozen=True)
class Judged:
    """What the discriminator looks at in one step; N pictures."""

    fake: torch.Tensor  # (N, 3, H, W) in [0, 1], with the denoiser's graph
    truth: torch.Tensor  # (N, 3, H, W)
    condition: torch.Tensor  # (N, 4, H, W) appearance composite and alpha
    weight: torch.Tensor  # (N, 1, H, W)

    def seen(self, view: str, generator: torch.Generator) -> Judged:
        """The same as a :class:`CriticConfig` wants to see it."""
        if view == "half":
            return self._each(lambda x: functional.avg_pool2d(x, 2))
        if view == "whole":
            return self
        height, width = (side // 2 for side in self.fake.shape[-2:])
        corner = torch.rand(2, generator=generator, device=self.fake.device).tolist()
        y, x = int(corner[0] * (height + 1)), int(corner[1] * (width + 1))
        return self._each(lambda picture: picture[..., y : y + height, x : x + width])

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Judged:
        return Judged(*(change(x) for x in (self.fake, self.truth, self.condition, self.weight)))


class Critic:
    """A discriminator with its optimiser; ``network`` and ``optimiser`` are what a checkpoint keeps."""

    def __init__(self, config: CriticConfig, *, device: torch.device, learning_rate: float) -> None:
        self.config = config
        self.network = PatchDiscriminator(width=config.width).to(device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=learning_rate, betas=(0.5, 0.99), weight_decay=0.0, fused=True
        )

    def learn(self, judged: Judged, autocast: AbstractContextManager) -> torch.Tensor:
        """One step of the discriminator; its loss."""
        with autocast:
            pictures = torch.cat([judged.truth, judged.fake.detach()])
            logits = self.network(pictures, judged.condition.repeat(2, 1, 1, 1))
        real, made = logits.chunk(2)
        loss = hinge_losses(real, made, judged.weight)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    def ask(
        self,
        judged: Judged,
        autocast: AbstractContextManager,
        *,
        reconstruction: torch.Tensor,
        last: nn.Parameter,
        share: float,
    ) -> torch.Tensor:
        """The denoiser's adversarial term, see :func:`generator_loss`; zero where ``last`` does not move."""
        if not last.requires_grad:
            return reconstruction.new_zeros(())
        self.network.requires_grad_(False)
        with autocast:
            logits = self.network(judged.fake, judged.condition)
        self.network.requires_grad_(True)
        return generator_loss(logits, judged.weight, reconstruction=reconstruction, last=last, share=share)
