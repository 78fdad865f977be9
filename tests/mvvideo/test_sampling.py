"""The sampler against models whose answer is known."""

from __future__ import annotations

import pytest
import torch

from mvvideo.sampling import mix, sample, step_times


@pytest.mark.parametrize("steps", [1, 2, 4, 7])
def test_a_perfect_model_is_reached_and_called_once_per_step(steps: int) -> None:
    truth, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    seen = []

    def model(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        # On the way to a fixed answer x_t must lie on the straight line between answer and noise.
        torch.testing.assert_close(x, mix(truth, noise, time), atol=1e-5, rtol=1e-5)
        seen.append(float(time[0]))
        return truth

    torch.testing.assert_close(sample(model, noise, steps=steps), truth)
    assert seen == pytest.approx(step_times(steps)[:-1])


def test_gaussian_data_keeps_its_mean_and_narrows() -> None:
    """For x0 ~ N(m, s²) the best x0-prediction is known; many steps then recover the distribution."""
    mean, deviation = 0.7, 0.3
    noise = torch.randn(20000, 1, generator=torch.Generator().manual_seed(0))

    def model(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        t = time[:, None]
        variance = (1 - t).square() * deviation**2 + t.square()
        return mean + (1 - t) * deviation**2 / variance * (x - (1 - t) * mean)

    one, many = sample(model, noise, steps=1), sample(model, noise, steps=64)
    assert float(one.mean()) == pytest.approx(mean, abs=0.01)
    assert float(one.std()) == pytest.approx(0, abs=1e-5)
    assert float(many.mean()) == pytest.approx(mean, abs=0.02)
    assert float(many.std()) == pytest.approx(deviation, rel=0.1)


def test_mixing_ends_at_clean_and_noise() -> None:
    clean, noise = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    mixed = mix(clean, noise, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(mixed[0], clean[0])
    torch.testing.assert_close(mixed[1], noise[1])


def test_no_steps_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        step_times(0)
