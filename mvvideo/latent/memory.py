"""How much memory a run will need, said before it starts. An estimate: docs/big_presets.md says how good.

::

    total = weights + optimiser + max(activations, codec) + overhead
    weights     = Σ parameters · bytes each
    optimiser   = trained parameters · (gradient + two moments [+ average] + the copy that autocast keeps)
    activations = N · bytes · Σ over blocks of (pixels · channels · values kept), N = clips · views · frames
    codec       = chunk · pixels · (3 · second + 2 · first width of the VAE) · bytes

"Values kept" per pixel and channel (:data:`KEPT`) were counted with autograd's hooks for saved tensors on each
kind of block. With gradient checkpointing a block keeps its input alone and the largest block is added once.
Without gradients nothing is kept but the skip connections, and the largest block's working set is added.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from flame.errors import ConfigError, input_error
from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.latent.blocks import PretrainedMotionThenView, SpaceTimeThenView
from mvvideo.latent.config import LatentConfig, LatentPhase
from mvvideo.latent.loading import LatentDenoiser, ModelParts
from mvvideo.latent.sd15 import ReferenceDenoiser

__all__ = ["KEPT", "MemoryEstimate", "Workload", "check_memory", "device_bytes", "estimate_memory"]

KEPT: dict[str, tuple[float, float]] = {
    "spatial": (34.0, 26.5),  # transformer with reference tokens and image tokens
    "motion": (33.5, 24.5),
    "view": (27.5, 19.5),
    "space_time": (80.0, 57.0),  # Stable Video Diffusion's spatial and temporal transformer
}
"""Kind of block → values kept per pixel and channel (weights trained, weights frozen)."""

_WORKING = 18.0  # values per pixel and channel alive at once in a transformer: its feed-forward layer
_AUTOCAST_BYTES = 2.3  # per value kept under bfloat16 autocast: most are halves, norms stay whole
_CUDA_OVERHEAD = 1.0e9  # context, libraries, fragmentation


@dataclass(frozen=True)
class Workload:
    """What is run: ``trains`` is a part of the model (a training step) or ``None`` (sampling)."""

    clips: int
    views: int
    frames: int
    size: int  # pixels, of the network
    trains: str | None = None
    bf16: bool = True
    checkpointing: bool = True
    average: bool = False  # an average of the trained weights is kept
    master_bytes: int = 4  # of what is trained

    @classmethod
    def of_phase(cls, phase: LatentPhase, config: LatentConfig, *, bf16: bool) -> Workload:
        """A training step of ``phase``."""
        return cls(
            clips=phase.clips,
            views=phase.views,
            frames=phase.frames,
            size=config.model.image_size,
            trains=phase.trains,
            bf16=bf16,
            checkpointing=config.gradient_checkpointing,
            average=config.optimiser.ema_decay > 0,
            master_bytes=2 if config.optimiser.master_weights == "bf16" else 4,
        )

    @property
    def pictures(self) -> int:
        """All pictures of the batch."""
        return self.clips * self.views * self.frames


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by what they are for."""

    weights: float
    optimiser: float
    activations: float
    codec: float
    overhead: float = 0.0

    @property
    def total(self) -> float:
        """At the peak; the codec works when the network does not."""
        return self.weights + self.optimiser + max(self.activations, self.codec) + self.overhead

    def line(self) -> str:
        """For people."""
        parts = ("weights", "optimiser", "activations", "codec")
        each = ", ".join(f"{name} {getattr(self, name) / 1e9:.1f}" for name in parts)
        return f"about {self.total / 1e9:.1f} GB ({each})"


@dataclass(frozen=True)
class _Block:
    """One block's values per picture."""

    kept: float  # for the backward pass
    entry: float  # its input alone
    working: float  # alive at once without gradients


def estimate_memory(parts: ModelParts, work: Workload, *, cuda: bool = False) -> MemoryEstimate:
    """Estimate the peak of a training step or of sampling.

    Args:
        parts: the model, a skeleton will do.
        work: what is run.
        cuda: add what a CUDA process takes for itself.
    """
    model = parts.model
    plain = 2.0 if work.bf16 else 4.0
    numbers = {"trained": 0, "frozen": sum(p.numel() for p in parts.codec.parameters())}
    for name, parameter in model.named_parameters():
        numbers["trained" if model.part(name) == work.trains else "frozen"] += parameter.numel()
    master = float(work.master_bytes if work.bf16 else 4)
    copy = 2.0 if work.bf16 and master == 4.0 else 0.0
    return MemoryEstimate(
        weights=numbers["frozen"] * plain + numbers["trained"] * master,
        optimiser=numbers["trained"] * (3 * master + (master if work.average else 0.0) + copy),
        activations=_activations(model, work),
        codec=_codec(parts, work, plain),
        overhead=_CUDA_OVERHEAD if cuda else 0.0,
    )


def _activations(model: LatentDenoiser, work: Workload) -> float:
    value = 4.0 if not work.bf16 else (2.0 if work.trains is None else _AUTOCAST_BYTES)
    latent = work.size // _shrink(model)
    networks = [(model.unet, work.pictures, work.trains is not None)]
    if isinstance(model, ReferenceDenoiser):
        networks.append((model.reference_unet, work.clips, work.trains == "appearance"))
    total = 0.0
    largest = 0.0
    for unet, pictures, with_gradients in networks:
        blocks = [(b, pixels) for b, pixels in _blocks(unet, latent, work)]
        entries = sum(b.entry * pixels for b, pixels in blocks)
        if not with_gradients:
            # Half of the blocks lie on the way down, and hand on what they made.
            total += pictures * entries / 2
            largest = max(largest, pictures * max(b.working * pixels for b, pixels in blocks))
        elif work.checkpointing:
            total += pictures * entries
            largest = max(largest, pictures * max(b.kept * pixels for b, pixels in blocks))
        else:
            total += pictures * sum(b.kept * pixels for b, pixels in blocks)
            largest = max(largest, pictures * max(b.working * pixels for b, pixels in blocks))
    guidance = work.pictures * work.size**2 * CHANNEL_COUNT * 4.0
    return (total + largest) * value + guidance + _guidance_encoder(model, work) * value


def _guidance_encoder(model: LatentDenoiser, work: Workload) -> float:
    """Values of the guidance encoder: four per pixel and channel of each level when it is trained."""
    widths = [model.guidance_encoder.conv_in.out_channels]
    widths += [block.out_channels for block in model.guidance_encoder.blocks[1::2]]
    levels = [work.pictures * (work.size >> i) ** 2 * width for i, width in enumerate(widths)]
    return 4.0 * sum(levels) if work.trains == "appearance" else 3.0 * max(levels)


def _shrink(model: LatentDenoiser) -> int:
    """Pixels per latent."""
    return 2 ** (len(model.guidance_encoder.blocks) // 2)


def _blocks(unet: nn.Module, latent: int, work: Workload) -> Iterator[tuple[_Block, int]]:
    """Every resnet, transformer and motion module with the pixels it works on."""
    levels = len(unet.down_blocks)
    places = [(block, level) for level, block in enumerate(unet.down_blocks)]
    places += [(unet.mid_block, levels - 1)]
    places += [(block, levels - 1 - level) for level, block in enumerate(unet.up_blocks)]
    for block, level in places:
        pixels = (latent >> level) ** 2
        modules = [*block.resnets, *getattr(block, "attentions", ()), *getattr(block, "motion_modules", ())]
        for module in modules:
            yield _block(module, work), pixels
        for sampler in getattr(block, "downsamplers", None) or ():
            yield _Block(sampler.channels, sampler.channels, sampler.channels), pixels
        for sampler in getattr(block, "upsamplers", None) or ():
            yield _Block(sampler.channels, sampler.channels, 2 * sampler.channels), 4 * pixels


def _block(module: nn.Module, work: Workload) -> _Block:
    appearance = work.trains == "appearance"
    if hasattr(module, "spatial_res_block"):
        given, made = module.spatial_res_block.in_channels, module.spatial_res_block.out_channels
        return _Block(3 * given + (11 if appearance else 9) * made, given, 3 * given + 2 * made)
    if not hasattr(module, "in_channels"):  # the two wrappers
        channels = module.motion.in_channels
        moves = work.frames > 1 and work.trains != "appearance"
        looks_round = work.views > 1 and work.trains in (None, "views")
        if isinstance(module, PretrainedMotionThenView):
            kept = _kept("motion", work.trains == "motion") if moves else 0.0
        else:
            assert isinstance(module, SpaceTimeThenView)
            kept = _kept("space_time", work.trains in ("motion", "appearance"))
        kept += _kept("view", work.trains == "views") if looks_round else 0.0
        return _Block(kept * channels, channels if kept else 0.0, _WORKING * channels if kept else 0.0)
    if hasattr(module, "transformer_blocks"):
        channels = module.in_channels
        # Outside of what is computed again: norm, both projections and the way round them.
        return _Block(_kept("spatial", appearance) * channels, 4 * channels, _WORKING * channels)
    given, made = module.in_channels, module.out_channels
    return _Block(3 * given + 3 * made, given, 3 * given + 2 * made)


def _kept(kind: str, trained: bool) -> float:
    return KEPT[kind][0 if trained else 1]


def _codec(parts: ModelParts, work: Workload, value: float) -> float:
    widths = parts.codec.vae.config.block_out_channels
    together = min(parts.codec.chunk, work.pictures)
    return together * work.size**2 * (3 * widths[min(1, len(widths) - 1)] + 2 * widths[0]) * value


def device_bytes(device: torch.device) -> float:
    """Memory of the device: the GPU's, or the machine's."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def check_memory(estimate: MemoryEstimate, *, what: str, available: float, smaller: str) -> str:
    """One line about the estimate; fails when it does not fit.

    Args:
        estimate: of the run.
        what: names the run, for example "phase motion".
        available: bytes of the device.
        smaller: what to do about it.

    Raises:
        ConfigError: the estimate is above what there is.
    """
    if estimate.total > available:
        rule = f"{what} is estimated to need {estimate.total / 1e9:.1f} GB"
        given = f"there are {available / 1e9:.1f} GB"
        raise input_error(ConfigError, rule, given, smaller)
    tight = "; this is tight" if estimate.total > 0.85 * available else ""
    return f"{what}: {estimate.line()} of {available / 1e9:.1f} GB{tight} (an estimate)"
