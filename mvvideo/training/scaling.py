"""Random sizes of facial parts and of the whole head in the guidance, so that it tells motion and not identity.

After VividPortraits: mouth, eyes and brows are each scaled by 0.8 to 1.2 about their own centres, then the
whole posed head by 0.7 to 1.3 about its own, which keeps its place. One draw holds for all frames and views of
a clip. Only what comes from the posed head changes (normals, canonical coordinates, region maps); appearance
and target stay: the network has to take sizes from the photo. The reference's own guidance stays, too.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn import functional

from mvvideo.guidance import channel_slice
from mvvideo.training.batches import ClipBatch

__all__ = ["scale_parts"]

# What lies inside a part goes with it: the mouth with the lips, the iris with the eye.
_PARTS: tuple[tuple[str, ...], ...] = (
    ("region_lips", "region_mouth"),
    ("region_eye", "region_iris"),
    ("region_brow",),
)
_HEAD = slice(channel_slice("normals").start, channel_slice("region_brow").stop)


def _centre(mask: torch.Tensor) -> torch.Tensor:
    """Centre of ``mask (N, 1, H, W)`` in grid_sample's units ``(N, 2)``; 0 where it is empty."""
    height, width = mask.shape[-2:]
    x = (torch.arange(width, device=mask.device) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, device=mask.device) + 0.5) * (2 / height) - 1
    total = mask.sum((1, 2, 3)).clamp(min=1e-6)
    return torch.stack([(mask * x).sum((1, 2, 3)) / total, (mask * y[:, None]).sum((1, 2, 3)) / total], 1)


def _scaled(pictures: torch.Tensor, centre: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """``pictures (N, C, H, W)`` enlarged by ``factor (N,)`` about ``centre (N, 2)``; zeros come in."""
    theta = torch.zeros(len(pictures), 2, 3, device=pictures.device)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / factor
    theta[:, :, 2] = centre * (1 - 1 / factor)[:, None]
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="zeros", align_corners=False)


def scale_parts(
    batch: ClipBatch,
    *,
    parts: tuple[float, float],
    face: tuple[float, float],
    generator: torch.Generator,
) -> ClipBatch:
    """Scale parts and head in the guidance of B clips.

    Args:
        batch: is not changed.
        parts: smallest and largest factor of a part; ``(1, 1)`` leaves them.
        face: of the whole head.
        generator: on the batch's device.
    """
    clips, per_clip = len(batch.guidance), batch.guidance[0, :, :, 0, 0, 0].numel()
    flat = batch.guidance.flatten(0, 2).clone()

    def draw(limits: tuple[float, float]) -> torch.Tensor:
        low, high = limits
        drawn = torch.rand(clips, generator=generator, device=flat.device) * (high - low) + low
        return drawn.repeat_interleave(per_clip)

    if tuple(parts) != (1.0, 1.0):
        left = (flat[:, channel_slice("canonical").start] > 0)[:, None].float()
        for names in _PARTS:
            index = [channel_slice(name).start for name in names]
            # The lips are one part, eyes and brows one on either side.
            sides = [torch.ones_like(left)] if names[0] == "region_lips" else [left, 1 - left]
            whole = flat[:, index].clone()
            changed = torch.zeros_like(whole)
            for side in sides:
                mine = whole * side
                changed = changed + _scaled(mine, _centre(mine.amax(1, keepdim=True)), draw(parts))
            flat[:, index] = changed.clamp(0, 1)
    if tuple(face) != (1.0, 1.0):
        normals = flat[:, channel_slice("normals")]
        there = (normals.abs().amax(1, keepdim=True) > 0).float()
        flat[:, _HEAD] = _scaled(flat[:, _HEAD], _centre(there), draw(face))
    return replace(batch, guidance=flat.unflatten(0, batch.guidance.shape[:3]))
