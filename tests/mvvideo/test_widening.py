"""A wider network starts where the narrower one is."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from flame.errors import ConfigError
from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.training.widening import widened

CONFIG = NetworkConfig(
    image_size=64,
    patch=4,
    channels=(16, 32, 32),
    attention=(False, False, True),
    reference_channels=(16, 32, 32),
    heads=(2, 2, 2),
    norm_groups=8,
    token_channels=16,
    token_grid=2,
    head_channels=8,
)


@pytest.fixture(scope="module")
def narrow() -> MultiViewDenoiser:
    torch.manual_seed(0)
    network = MultiViewDenoiser(CONFIG)
    for last in (network.head.flow, network.head.out):  # zero in a fresh network: nothing would show
        torch.nn.init.normal_(last.weight, std=0.05)
    return network.eval().requires_grad_(False)


def outputs(network: MultiViewDenoiser, time: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    photo = torch.rand(1, 3, 64, 64, generator=generator)
    guidance = torch.rand(1, 1, 2, CHANNEL_COUNT, 64, 64, generator=generator)
    noisy = torch.randn(1, 1, 2, 3, 64, 64, generator=generator)
    with torch.inference_mode():
        reference = network.encode_reference(photo, guidance[:, 0, 0])
        layers = network.eval()(noisy, torch.full((1,), time), guidance, reference)
    return torch.cat([layers.flow, layers.gate_change, layers.alpha_change, layers.rgb], 1)


@pytest.mark.parametrize("time", [1.0, 0.3])
def test_a_widened_network_says_the_same(narrow: MultiViewDenoiser, time: float) -> None:
    wide = widened(narrow, dataclasses.replace(CONFIG, channels=(32, 64, 32)))
    before, after = outputs(narrow, time), outputs(wide, time)
    torch.manual_seed(2)
    other = outputs(MultiViewDenoiser(wide.config), time)
    assert (before - after).abs().mean() < 0.1 * (before - other).abs().mean()


def test_copies_can_part(narrow: MultiViewDenoiser) -> None:
    wide = widened(narrow, dataclasses.replace(CONFIG, channels=(32, 64, 32)))
    weight = wide.unet.down_blocks[0].resnets[0].conv1.weight
    both = weight.unflatten(1, (-1, 2)).sum(2)  # of what the copies of a channel are read with
    assert torch.allclose(both[::2], both[1::2], atol=1e-6)  # copies begin alike …
    assert not torch.allclose(weight[:, ::2], weight[:, 1::2])  # … but are read differently
    again = widened(narrow, wide.config)
    assert all(torch.equal(a, b) for a, b in zip(wide.parameters(), again.parameters(), strict=True))
    apart = widened(narrow, wide.config, seed=1)
    assert not torch.equal(weight, apart.unet.down_blocks[0].resnets[0].conv1.weight)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": (24, 32, 32)},
        {"channels": (8, 32, 32)},
        {"channels": (32, 32, 32)},  # neighbours as wide as each other: a shortcut would be lost
        {"patch": 8},
        {"head_channels": 16},
    ],
)
def test_what_is_no_multiple_is_refused(narrow: MultiViewDenoiser, changes: dict) -> None:
    with pytest.raises(ConfigError, match="whole multiples"):
        widened(narrow, dataclasses.replace(CONFIG, **changes))
