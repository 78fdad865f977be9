"""Tiny clips and a tiny network: the whole path from shards to frames in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mvvideo.guidance import CHANNEL_COUNT, channel_slice
from mvvideo.networks.config import NetworkConfig
from mvvideo.training.shards import Clip, write_shard

TINY = NetworkConfig(
    image_size=32,
    patch=4,
    channels=(16, 32),
    attention=(False, True),
    reference_channels=(16, 32),
    heads=(2, 2),
    norm_groups=8,
    token_channels=16,
    token_grid=2,
    head_channels=8,
)

TINY_YAML = """
network:
  image_size: 32
  patch: 4
  channels: [16, 32]
  attention: [false, true]
  reference_channels: [16, 32]
  heads: [2, 2]
  norm_groups: 8
  token_channels: 16
  token_grid: 2
  head_channels: 8
pictures_per_step: 4
log_steps: 1
evaluate_clips: 2
phases:
  - {name: 2d, share: 0.5, frames: 1, views: 1}
  - {name: view, share: 0.5, frames: 2, views: 2, motion: true, view_attention: true}
"""


def random_clip(*, seed: int, size: int = 32, frames: int = 2, views: int = 2) -> Clip:
    """Noise everywhere, with a disc as foreground; the appearance is the truth, darker."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size - 0.5
    disc = (np.hypot(x, y) < 0.35).astype(np.uint8) * 255

    def noise(*shape: int) -> np.ndarray:
        return rng.integers(0, 256, shape, dtype=np.uint8)

    target = noise(frames, views, 3, size, size)
    guidance = noise(frames, views, CHANNEL_COUNT, size, size)
    guidance[:, :, channel_slice("appearance_rgb")] = target // 2
    guidance[:, :, channel_slice("appearance_alpha")] = disc
    guidance[:, :, channel_slice("background_rgb")] = target
    return Clip(
        reference_rgb=noise(3, size, size),
        reference_alpha=disc[None],
        reference_guidance=guidance[0, 0],
        target_rgb=target,
        target_alpha=np.broadcast_to(disc, (frames, views, 1, size, size)).copy(),
        seen=np.broadcast_to(disc * (x < 0), (frames, views, 1, size, size)).copy(),
        guidance=guidance,
        yaw_degrees=rng.uniform(-50, 50, (frames, views)).astype(np.float32),
        actor=seed,
    )


def write_random_shards(directory: Path, *, shards: int = 1, clips: int = 3, split: str = "train") -> Path:
    """A folder of shards made of random clips."""
    for number in range(shards):
        made = [random_clip(seed=100 * number + i) for i in range(clips)]
        write_shard(directory, f"shard_{number:05d}", made, split=split, seed=number)
    return directory
