"""Noise processes in training: what is mixed with noise how, what the network is asked for, and how it counts.

Three kinds: the discrete one of Stable Diffusion (predicting noise, velocity or the clean signal), the straight
line of rectified flow, and the continuous one of Stable Video Diffusion (EDM: Karras et al. 2022). Sampling
follows diffusers' schedulers, made from the same configuration (:mod:`mvvideo.latent.sampling`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from flame.errors import AssetError, ConfigError, input_error
from mvvideo.latent.config import DiffusionConfig

__all__ = [
    "BETA_OPTIONS",
    "SHARED_OPTIONS",
    "NoiseProcess",
    "NoisyClip",
    "noise_process",
    "scheduler_options",
]

_PREDICTIONS = ("epsilon", "v_prediction", "sample", "flow", "edm")
BETA_OPTIONS = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas")
"""Names in a scheduler's configuration that say how fast noise grows."""

SHARED_OPTIONS = (
    *BETA_OPTIONS,
    "rescale_betas_zero_snr",
    "prediction_type",
    "steps_offset",
    "timestep_spacing",
)
"""Names that all schedulers of discrete processes know."""

_OPTIONS = (*SHARED_OPTIONS, "sigma_min", "sigma_max", "use_karras_sigmas", "shift")


@dataclass(frozen=True)
class NoisyClip:
    """A clip on its way to noise; B clips."""

    noisy: torch.Tensor  # (B, …) as the network takes it
    time: torch.Tensor  # (B,) as the network takes it
    target: torch.Tensor  # (B, …) what it should answer
    weight: torch.Tensor  # (B,) of the squared error


def scheduler_options(folder: dict[str, Any], config: DiffusionConfig) -> dict[str, Any]:
    """The folder's scheduler configuration with ours on top, reduced to what schedulers share.

    Raises:
        ConfigError: an unknown kind of prediction.
    """
    options = {name: folder[name] for name in _OPTIONS if folder.get(name) is not None}
    if "FlowMatch" in str(folder.get("_class_name", "")):
        options["prediction_type"] = "flow"
    elif folder.get("timestep_type") == "continuous" and folder.get("prediction_type") == "v_prediction":
        options["prediction_type"] = "edm"
    options.setdefault("prediction_type", "epsilon")
    if options["prediction_type"] not in ("flow", "edm"):
        # Few steps must begin at pure noise, which the older spacings leave out (Lin et al. 2023).
        options.setdefault("timestep_spacing", "trailing")
    if config.prediction is not None:
        options["prediction_type"] = config.prediction
    if config.beta_schedule is not None:
        options["beta_schedule"] = config.beta_schedule
    if config.zero_terminal_snr is not None:
        options["rescale_betas_zero_snr"] = config.zero_terminal_snr
    if options.get("rescale_betas_zero_snr"):
        if options["prediction_type"] == "epsilon":
            rule = "a schedule that ends in pure noise cannot predict epsilon"
            raise input_error(ConfigError, rule, "epsilon", "set diffusion.prediction: v_prediction")
        options["timestep_spacing"] = "trailing"  # the last step must be looked at (Lin et al. 2023)
    if options["prediction_type"] not in _PREDICTIONS:
        rule = "diffusion.prediction must be one of " + ", ".join(_PREDICTIONS)
        raise input_error(ConfigError, rule, options["prediction_type"], "correct it")
    return options


class NoiseProcess:
    """Mixes clips with noise; made by :func:`noise_process`."""

    def __init__(self, kind: str, config: DiffusionConfig, alphas: torch.Tensor | None) -> None:
        self.kind = kind
        self.config = config
        self.alphas = alphas  # (steps,) cumulative, of the discrete kinds

    def mix(self, clean: torch.Tensor, generator: torch.Generator) -> NoisyClip:
        """Draw a time per clip and the noise, and mix.

        Args:
            clean: ``(B, …)`` latents.
            generator: on their device.
        """
        device = clean.device
        noise = torch.randn(clean.shape, generator=generator, device=device)
        if self.kind == "edm":
            z = torch.randn(len(clean), generator=generator, device=device)
            return self.edm(clean, noise, (self.config.edm_log_mean + self.config.edm_log_std * z).exp())
        uniform = torch.rand(len(clean), generator=generator, device=device)
        if self.kind == "flow":
            t = _wide(uniform, clean)
            return NoisyClip(
                (1 - t) * clean + t * noise, uniform * 1000, noise - clean, torch.ones_like(uniform)
            )
        assert self.alphas is not None
        return self.discrete(clean, noise, (uniform * len(self.alphas)).long())

    def discrete(self, clean: torch.Tensor, noise: torch.Tensor, time: torch.Tensor) -> NoisyClip:
        """Stable Diffusion's process at integer ``time (B,)``."""
        assert self.alphas is not None
        alpha = self.alphas.to(clean.device)[time]
        a, s = _wide(alpha.sqrt(), clean), _wide((1 - alpha).sqrt(), clean)
        snr = alpha / (1 - alpha)
        target = {"epsilon": noise, "v_prediction": a * noise - s * clean, "sample": clean}[self.kind]
        return NoisyClip(a * clean + s * noise, time, target, self._weight(snr))

    def edm(self, clean: torch.Tensor, noise: torch.Tensor, sigma: torch.Tensor) -> NoisyClip:
        """Stable Video Diffusion's process at ``sigma (B,)``; in its scaling the network predicts velocity."""
        s = _wide(sigma, clean)
        mixed, norm = clean + s * noise, (s.square() + 1).sqrt()
        # clean = mixed / (s² + 1) − target · s / sqrt(s² + 1)
        target = (mixed / norm.square() - clean) * norm / s
        return NoisyClip(mixed / norm, 0.25 * sigma.log(), target, self._weight(1 / sigma.square()))

    def _weight(self, snr: torch.Tensor) -> torch.Tensor:
        """Min-SNR-γ (Hang et al. 2023, arXiv:2303.09556), divided by what each prediction already brings."""
        gamma = self.config.min_snr_gamma
        if gamma <= 0:
            return torch.ones_like(snr)
        capped = snr.clamp(max=gamma)
        if self.kind == "epsilon":
            return capped / snr.clamp(min=1e-8)
        return capped if self.kind == "sample" else capped / (snr + 1)


def _wide(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """``(B,)`` with as many axes as ``like``."""
    return values.view(-1, *[1] * (like.ndim - 1))


def noise_process(options: dict[str, Any], config: DiffusionConfig) -> NoiseProcess:
    """The process that :func:`scheduler_options` describes."""
    kind = options["prediction_type"]
    if kind in ("flow", "edm"):
        return NoiseProcess(kind, config, None)
    from diffusers import DDIMScheduler

    betas = (*BETA_OPTIONS, "rescale_betas_zero_snr")
    known = {name: value for name, value in options.items() if name in betas}
    try:
        alphas = DDIMScheduler(**known).alphas_cumprod
    except (NotImplementedError, TypeError, ValueError) as error:
        rule = "the scheduler's configuration cannot be used"
        raise input_error(AssetError, rule, error, "set diffusion.beta_schedule: scaled_linear") from error
    return NoiseProcess(kind, config, alphas)
