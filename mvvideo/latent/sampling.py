"""Few-step sampling with classifier-free guidance, by diffusers' schedulers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mvvideo.latent.config import SamplingConfig
from mvvideo.latent.diffusion import BETA_OPTIONS, SHARED_OPTIONS

__all__ = ["Predict", "make_scheduler", "sample_latents"]

Predict = Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]
"""``(noisy (B, …), time (B,), with the photo) -> prediction (B, …)``"""


def make_scheduler(options: dict[str, Any], config: SamplingConfig) -> Any:
    """The scheduler for what the network predicts.

    Args:
        options: from :func:`mvvideo.latent.diffusion.scheduler_options`.
        config: ``sampler`` chooses among those for discrete processes; flow and edm have Euler steps.
    """
    from diffusers import (
        DDIMScheduler,
        DPMSolverMultistepScheduler,
        EulerDiscreteScheduler,
        FlowMatchEulerDiscreteScheduler,
    )

    kind = options["prediction_type"]
    if kind == "flow":
        return FlowMatchEulerDiscreteScheduler(shift=float(options.get("shift", 1.0)))
    if kind == "edm":
        given = {
            "prediction_type": "v_prediction",
            "timestep_type": "continuous",
            "timestep_spacing": options.get("timestep_spacing", "leading"),
            "steps_offset": options.get("steps_offset", 1),
            "sigma_min": options.get("sigma_min", 0.002),
            "sigma_max": options.get("sigma_max", 700.0),
            "use_karras_sigmas": options.get("use_karras_sigmas", True),
        }
        shape = {name: options[name] for name in BETA_OPTIONS if name in options}
        return EulerDiscreteScheduler(**given, **shape)
    shared = {name: options[name] for name in SHARED_OPTIONS if name in options}
    if config.sampler == "dpm":
        return DPMSolverMultistepScheduler(**shared)
    if config.sampler == "euler":
        return EulerDiscreteScheduler(**shared)
    return DDIMScheduler(**shared, clip_sample=False)


def sample_latents(
    predict: Predict,
    noise: torch.Tensor,
    scheduler: Any,
    *,
    steps: int,
    guidance_scale: float,
) -> torch.Tensor:
    """From noise to latents.

    Guidance compares a pass that knows the photo with one that does not (Ho & Salimans 2022); pose and
    appearance guidance are given to both. The two passes come one after the other: half the memory.

    Args:
        predict: the network.
        noise: ``(B, …)`` standard normal.
        scheduler: from :func:`make_scheduler`.
        steps: of the scheduler.
        guidance_scale: 1 makes no second pass.

    Returns:
        ``(B, …)``.
    """
    scheduler.set_timesteps(steps, device=noise.device)
    latents = noise * getattr(scheduler, "init_noise_sigma", 1.0)
    for time in scheduler.timesteps:
        scaled = latents
        if hasattr(scheduler, "scale_model_input"):
            scaled = scheduler.scale_model_input(latents, time)
        times = time.to(torch.float32).expand(len(noise))
        answer = predict(scaled, times, True)
        if guidance_scale != 1.0:
            blind = predict(scaled, times, False)
            answer = blind + guidance_scale * (answer - blind)
        latents = scheduler.step(answer, time, latents).prev_sample
    return latents
