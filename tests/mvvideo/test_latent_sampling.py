"""Noise processes and samplers of the latent models: what training asks for leads back to the clean clip."""

from __future__ import annotations

import pytest
import torch

from flame.errors import ConfigError
from mvvideo.latent.config import load_latent_config
from mvvideo.latent.diffusion import noise_process, scheduler_options
from mvvideo.latent.sampling import make_scheduler, sample_latents

from .latent_fixtures import SD_SCHEDULER, SVD_SCHEDULER


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample", "flow", "edm"])
def test_the_true_answer_leads_back_to_the_clean_clip(kind: str) -> None:
    """A network that always answers what training asked for is sampled to the clip, in any process."""
    config = load_latent_config(None, [f"diffusion.prediction={kind}"])
    folder = SVD_SCHEDULER if kind == "edm" else SD_SCHEDULER
    options = scheduler_options(dict(folder), config.diffusion)
    process = noise_process(options, config.diffusion)
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn((2, 3, 2, 2, 4, 4, 4), generator=generator)
    scheduler = make_scheduler(options, config.sampling)

    def oracle(noisy: torch.Tensor, time: torch.Tensor, with_photo: bool) -> torch.Tensor:
        # What the noise must have been, given the clean clip; then the target as training makes it.
        if kind == "flow":
            t = time[0] / 1000
            return (noisy - (1 - t) * clean) / t - clean
        if kind == "edm":
            sigma = (4 * time).exp()
            mixed = noisy * (sigma.view(-1, *[1] * 5).square() + 1).sqrt()
            return process.edm(clean, (mixed - clean) / sigma.view(-1, *[1] * 5), sigma).target
        alpha = process.alphas[time.long()][0]
        seen = (noisy - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        return process.discrete(clean, seen, time.long()).target

    made = sample_latents(oracle, noise, scheduler, steps=5, guidance_scale=1.0)
    assert torch.allclose(made, clean, atol=2e-2)
    mixed = process.mix(clean, generator)
    assert mixed.noisy.shape == mixed.target.shape == clean.shape
    assert torch.isfinite(mixed.weight).all() and (mixed.weight > 0).all()


def test_terminal_noise_needs_another_prediction() -> None:
    wrong = load_latent_config(None, ["diffusion.zero_terminal_snr=true"])
    with pytest.raises(ConfigError, match="v_prediction"):
        scheduler_options(dict(SD_SCHEDULER), wrong.diffusion)
    right = load_latent_config(
        None, ["diffusion.zero_terminal_snr=true", "diffusion.prediction=v_prediction"]
    )
    process = noise_process(scheduler_options(dict(SD_SCHEDULER), right.diffusion), right.diffusion)
    assert process.alphas is not None
    assert float(process.alphas[-1]) == pytest.approx(0.0, abs=1e-6)
    last = process.discrete(torch.ones(1, 4), torch.zeros(1, 4), torch.tensor([999]))
    assert torch.isfinite(last.target).all() and torch.isfinite(last.weight).all()


@pytest.mark.parametrize("sampler", ["ddim", "dpm", "euler"])
def test_guidance_pulls_away_from_the_blind_pass(sampler: str) -> None:
    config = load_latent_config(None, [f"sampling.sampler={sampler}"])
    options = scheduler_options(dict(SD_SCHEDULER), config.diffusion)
    noise = torch.randn((1, 1, 1, 4, 4, 4), generator=torch.Generator().manual_seed(0))
    asked: list[bool] = []

    def predict(noisy: torch.Tensor, time: torch.Tensor, with_photo: bool) -> torch.Tensor:
        asked.append(with_photo)
        return noisy * (0.5 if with_photo else 0.4)

    def run(scale: float, answer: float | None = None) -> torch.Tensor:
        def direct(noisy: torch.Tensor, time: torch.Tensor, with_photo: bool) -> torch.Tensor:
            return noisy * answer if answer is not None else predict(noisy, time, with_photo)

        return sample_latents(
            direct, noise, make_scheduler(options, config.sampling), steps=2, guidance_scale=scale
        )

    assert torch.allclose(run(3.0), run(1.0, 0.4 + 3 * 0.1), rtol=1e-4)
    assert asked == [True, False] * 2
    asked.clear()
    run(1.0)
    assert asked == [True, True]
