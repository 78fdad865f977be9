"""The compiled compositor gives the pictures of the differentiable one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mvvideo.compositing import compose_pictures, composed_rgb
from mvvideo.networks.composite import Layers, Plates, compose


def case(*, size: int, plate: int, pictures: int = 2, seed: int = 0) -> tuple[Layers, Plates]:
    """Smooth random layers at ``size`` and plates with a soft disc at ``plate`` pixels."""
    generator = torch.Generator().manual_seed(seed)

    def noise(channels: int, side: int, smooth: int = 4) -> torch.Tensor:
        coarse = torch.randn(pictures, channels, max(side // smooth, 2), side // smooth, generator=generator)
        return torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")

    layers = Layers(
        flow=3 * noise(2, size),
        gate_change=0.7 * noise(1, size) - 0.2,
        detail_change=0.7 * noise(1, size),
        alpha_change=0.3 * noise(1, size),
        rgb=0.5 + 0.4 * noise(3, size),
    )
    y, x = torch.meshgrid(torch.linspace(-1, 1, plate), torch.linspace(-1, 1, plate), indexing="ij")
    alpha = (1.5 - 2.5 * torch.hypot(x, y)).clamp(0, 1).expand(pictures, 1, plate, plate)
    colours = (0.5 + 0.3 * noise(6, plate, 2)).clamp(0, 1)
    return layers, Plates(rgb=colours[:, :3], alpha=alpha, background=colours[:, 3:])


@pytest.mark.parametrize(("size", "plate"), [(32, 32), (32, 128), (64, 200), (32, 17)])
@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_are_those_of_the_differentiable_compositor(size: int, plate: int, threads: int) -> None:
    layers, plates = case(size=size, plate=plate, seed=size + plate)
    expected = compose(layers.resized(plate, plate), plates, cubic=True).rgb.clamp(0, 1)
    images = (x.movedim(1, -1).numpy() for x in (plates.rgb, plates.alpha, plates.background))
    made = compose_pictures(layers, *images, threads=threads)
    assert made.dtype == np.float32
    assert np.abs(made - expected.movedim(1, -1).numpy()).max() < 2e-4
    assert np.array_equal(made, np.moveaxis(composed_rgb(layers, plates).numpy(), 1, -1))


def test_zero_layers_return_the_appearance_over_the_plate() -> None:
    layers, plates = case(size=32, plate=64)
    nothing = Layers(*(torch.zeros_like(getattr(layers, name)) for name in Layers.__dataclass_fields__))
    assert torch.allclose(composed_rgb(nothing, plates), plates.composite(), atol=1e-5)


def test_half_precision_layers_and_broadcast_plates_are_taken() -> None:
    layers, plates = case(size=32, plate=64)
    halves = Layers(*(getattr(layers, name).bfloat16() for name in Layers.__dataclass_fields__))
    same = Plates(plates.rgb, plates.alpha, plates.background[:1].expand(2, -1, -1, -1))
    whole = Layers(*(getattr(halves, name).float() for name in Layers.__dataclass_fields__))
    assert torch.equal(composed_rgb(halves, same), composed_rgb(whole, same))
