"""The video model and its baseline, appearance only, on held-out clips: scores and contact sheets."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch

from mvvideo.conditioning import GuidedNetwork
from mvvideo.denoising import denoise_layers, half_precision
from mvvideo.guidance import channel_slice
from mvvideo.metrics import ScoreTable, contact_sheet, region_masks
from mvvideo.networks.composite import Plates, compose
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.training.batches import ClipBatch, ClipStore

__all__ = ["evaluate", "predict", "save_picture"]


@torch.inference_mode()
def predict(
    model: MultiViewDenoiser | GuidedNetwork, batch: ClipBatch, *, steps: int, seed: int
) -> torch.Tensor:
    """The model's pictures ``(B, V, T, 3, H, W)`` in [0, 1]; all pictures of a clip share their noise.

    Clips larger than the network are treated as in use: it sees them at its own size, and its layers,
    enlarged, act on the full-size appearance.
    """
    device = batch.target.device
    height, width = batch.target.shape[-2:]
    small = batch.resized(model.config.image_size)
    generator = torch.Generator(device="cpu").manual_seed(seed)
    noise = torch.randn((len(small.target), 1, 1, *small.target.shape[3:]), generator=generator)
    noise = noise.to(device).expand_as(small.target)
    with half_precision(device):
        reference = model.encode_reference(
            small.reference, small.reference_guidance, intensity=small.intensity
        )
    stand_in = cast("MultiViewDenoiser", model)  # a guided network stands where a denoiser does
    layers = denoise_layers(stand_in, noise, small.guidance, reference, steps=steps)
    plates = Plates.from_guidance(batch.guidance.flatten(0, 2))
    full = compose(layers.resized(height, width), plates, cubic=True)
    return full.rgb.clamp(0, 1).view_as(batch.target).float()


@torch.inference_mode()
def evaluate(
    model: MultiViewDenoiser | GuidedNetwork | None,
    store: ClipStore,
    *,
    clips: int,
    steps: tuple[int, ...] = (1,),
    seed: int = 0,
    sheet: Path | None = None,
    sheet_rows: int = 8,
) -> ScoreTable:
    """Score clips spread evenly over a store.

    Args:
        model: ``None`` scores the appearance alone.
        store: held-out clips.
        clips: how many at most.
        steps: sampler step counts; each becomes a row ``model@steps``.
        seed: of the noise.
        sheet: where to write a picture: reference | appearance | model | truth per row.
        sheet_rows: rows of that picture.
    """
    store.require()
    table = ScoreTable()
    picked = np.unique(np.linspace(0, len(store) - 1, min(clips, len(store))).round().astype(int))
    rows = []
    for index in picked:
        batch = store.clip(int(index))
        guidance, truth = batch.guidance.flatten(0, 2), batch.target.flatten(0, 2)
        known = guidance[:, channel_slice("background_known")]
        masks = region_masks(batch.alpha.flatten(0, 2), batch.seen.flatten(0, 2), known)
        yaw = batch.yaw_degrees.flatten()
        appearance = Plates.from_guidance(guidance).composite().clamp(0, 1)
        table.add("appearance", appearance, truth, masks, yaw_degrees=yaw)
        shown = [batch.reference[0], appearance[-1]]
        for count in steps if model is not None else ():
            result = predict(model, batch, steps=count, seed=seed).flatten(0, 2)
            table.add(f"model@{count}", result, truth, masks, yaw_degrees=yaw)
            shown.append(result[-1])
        rows.append([*shown, truth[-1]])
    if sheet is not None:
        save_picture(contact_sheet(rows[:: max(1, len(rows) // sheet_rows)][:sheet_rows]), sheet)
    return table


def save_picture(picture: torch.Tensor, path: Path) -> None:
    """Write ``(3, H, W)`` in [0, 1] as JPEG or PNG by the suffix."""
    from PIL import Image

    pixels = (picture.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=90)
