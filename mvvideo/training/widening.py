"""A wider network that begins where a narrower one has got to (Net2WiderNet: Chen et al. 2016, arXiv:1511.05641).

Every channel of a level becomes k copies of itself, side by side, and what read it reads the copies with weights that
sum to the old one. The sums are random, so that the copies part ways as soon as they are trained. Group normalisation
sees the same statistics, except over the two inputs where a widened level meets one that is not: there the wider
network differs a little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from flame.errors import ConfigError, input_error
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser

__all__ = ["widened"]


def widened(network: MultiViewDenoiser, config: NetworkConfig, *, seed: int = 0) -> MultiViewDenoiser:
    """The network of ``config`` with the weights of ``network`` spread over its channels.

    Args:
        network: any without memory bank and motion intensity.
        config: that of ``network``, with ``channels`` that are whole multiples of its own; levels with attention
            keep theirs.
        seed: of the random shares.

    Raises:
        ConfigError: ``config`` differs in anything else, or is not wider by whole factors.
    """
    old = network.config
    rule = "weights can only be spread to whole multiples of their channels, other options alike"
    factors = [new % was for new, was in zip(config.channels, old.channels, strict=False)]
    if replace(config, channels=old.channels) != old or len(config.channels) != len(old.channels):
        raise input_error(ConfigError, rule, f"{config} from {old}", "start from other weights, or from none")
    if any(factors) or old.memory_bank or old.motion_intensity:
        given = f"channels {config.channels} from {old.channels}"
        raise input_error(
            ConfigError, rule, given, "double them, and take no memory bank or motion intensity"
        )
    generator = torch.Generator().manual_seed(seed)
    result = MultiViewDenoiser(config)
    state, source = result.state_dict(), network.state_dict()
    if not set(source) <= set(state):
        given = f"channels {config.channels}: two neighbours become equal"
        raise input_error(ConfigError, rule, given, "use other multiples")
    for name, goal in state.items():
        value = source[name] if name in source else _identity(name, source)
        if name == "unet.time_embedding.linear_1.weight":
            value = _other_frequencies(network, result, value)
        for axis, (was, wanted) in enumerate(zip(value.shape, goal.shape, strict=True)):
            if was == wanted:
                continue
            index = _copies(was, wanted, old.channels, config.channels)
            value = value.index_select(axis, index)
            if axis == 1:  # what reads the copies
                value = value * _shares(value.shape, index, generator)
        state[name] = value
    result.load_state_dict(state)
    return result


def _identity(name: str, source: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """A residual block's shortcut where input and output were as wide as each other, so that it had none."""
    width = len(source[name.replace("conv_shortcut.weight", "conv2.bias").replace("conv_shortcut", "conv2")])
    return torch.eye(width)[:, :, None, None] if name.endswith("weight") else torch.zeros(width)


def _copies(was: int, wanted: int, old: tuple[int, ...], new: tuple[int, ...]) -> torch.Tensor:
    """Which of ``was`` channels each of the ``wanted`` ones copies, ``(wanted,)``.

    Channels of two levels side by side are those of a decoder: the coarser level's first.
    """
    levels = range(len(old))
    for level in levels:  # one level's channels, or a multiple of them
        if wanted * old[level] == was * new[level] and was % old[level] == 0:
            return torch.arange(was).repeat_interleave(wanted // was)
    for coarse in levels:
        for fine in levels[:coarse]:
            if (old[coarse] + old[fine], new[coarse] + new[fine]) == (was, wanted):
                first, second = (
                    torch.arange(old[k]).repeat_interleave(new[k] // old[k]) for k in (coarse, fine)
                )
                return torch.cat([first, old[coarse] + second])
    raise ValueError(f"no levels of {old} and {new} make {was} and {wanted} channels")


def _shares(shape: torch.Size, index: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Random shares along axis 1 that sum to 1 over the copies of every channel."""
    raw = 0.5 + torch.rand(shape, generator=generator)
    total = torch.zeros(shape[0], int(index.max()) + 1, *shape[2:]).index_add_(1, index, raw)
    return raw / total.index_select(1, index)


def _other_frequencies(
    network: MultiViewDenoiser, wider: MultiViewDenoiser, weight: torch.Tensor
) -> torch.Tensor:
    """The first layer of the time embedding ``(D, C)`` for the wider one's sinusoids ``(D, C')``, least squares."""
    times = torch.linspace(0, 1000, 1001)
    before, after = (net.unet.time_proj(times).double() for net in (network, wider))
    ridge = 1e-3 * torch.eye(after.shape[1], dtype=torch.float64)
    solved = torch.linalg.solve(after.T @ after + ridge, after.T @ (before @ weight.double().T))
    return solved.T.to(weight.dtype)
