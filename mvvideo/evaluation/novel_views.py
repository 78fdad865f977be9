"""The protocol ``views``: held-out synthetic actors, from cameras and in poses that the reference does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import AssetError, input_error
from mvvideo.evaluation.competitors import APPEARANCE, STILL, TRUTH
from mvvideo.evaluation.consistency import canonical_difference
from mvvideo.evaluation.flicker import FlickerMeter
from mvvideo.evaluation.frechet import GaussianStatistics, frechet_distance
from mvvideo.evaluation.hooks import Hooks
from mvvideo.evaluation.scores import Mean, Scores
from mvvideo.guidance import CANONICAL_SCALE_METRES, Guidance, channel_slice

if TYPE_CHECKING:
    import torch

    from mvvideo.training.batches import ClipBatch
    from mvvideo.training.shards import Clip

__all__ = ["score_views"]

_SHEET_CLIPS = 6
_RENAMED = {"gradient_ratio": "sharpness"}


@dataclass
class _Row:
    """What is added up for one row."""

    flicker: list[FlickerMeter] = field(default_factory=list)
    lpips: Mean = field(default_factory=Mean)
    difference: float = 0.0
    pairs: int = 0
    features: GaussianStatistics = field(default_factory=GaussianStatistics)


def score_views(
    directory: Path,
    *,
    presets: Sequence[str],
    clips: int,
    size: int,
    seed: int,
    hooks: Hooks,
    advance: Callable[[int], None] = lambda steps: None,
) -> tuple[Scores, np.ndarray]:
    """Score a folder of shards, one clip at a time.

    Args:
        directory: shards as ``mvvideo.actors`` writes them; presets: names of the model's presets.
        clips: at most this many, spread evenly; size: clips larger than this are brought to it.
        seed: of the noise; hooks: networks of the user; advance: told about finished clips.

    Returns:
        The scores, and a sheet ``(H, W, 3)`` uint8: reference, real, appearance only and presets per clip.

    Raises:
        AssetError: no shards, or shards of another version.
    """
    import torch

    from mvvideo.metrics import ScoreTable, contact_sheet, region_masks
    from mvvideo.pipeline import VideoModel
    from mvvideo.training.evaluation import predict

    names = _clip_names(directory)
    picked = np.unique(np.linspace(0, len(names) - 1, min(clips, len(names))).round().astype(int))
    models = {name: VideoModel.load(name, device="cpu") for name in presets if name != "preview"}
    intensities = any(
        getattr(getattr(model.network, "config", None), "motion_intensity", 0) for model in models.values()
    )
    table, rows, sheet = ScoreTable(), {TRUTH: _Row()}, []
    shown = set(picked[:: max(1, len(picked) // _SHEET_CLIPS)][:_SHEET_CLIPS])
    for number, clip in _read(names, set(picked)):
        batch = _batch(clip, size, intensities=intensities)
        guidance, truth = batch.guidance.flatten(0, 2), batch.target.flatten(0, 2)
        masks = region_masks(
            batch.alpha.flatten(0, 2),
            batch.seen.flatten(0, 2),
            guidance[:, channel_slice("background_known")],
        )
        made = {STILL: batch.reference[:, None, None].expand_as(batch.target), APPEARANCE: _composite(batch)}
        for name, model in models.items():
            assert model.network is not None
            made[name] = predict(model.network, batch, steps=model.preset.steps, seed=seed)
        for name, pictures in made.items():
            table.add(name, pictures.flatten(0, 2), truth, masks, yaw_degrees=batch.yaw_degrees.flatten())
        with torch.inference_mode():
            for name, pictures in {TRUTH: batch.target, **made}.items():
                _watch(rows.setdefault(name, _Row()), name, pictures, batch, hooks)
        if number in shown:
            last = [made[name][0, -1, -1] for name in made if name != STILL]
            sheet.append([batch.reference[0], batch.target[0, -1, -1], *last])
        advance(1)
    scores = Scores("views", absent=dict(hooks.absent))
    scores.add(directory.name, _figures(table.summary(), rows))
    scores.notes.append(
        f"{len(picked)} of {len(names)} clips; columns of the sheet: reference, {_columns(made)}"
    )
    picture = contact_sheet(sheet).permute(1, 2, 0).clamp(0, 1).numpy()
    return scores, (picture * 255.0 + 0.5).astype(np.uint8)


def _columns(made: dict[str, torch.Tensor]) -> str:
    return ", ".join([TRUTH, *(name for name in made if name != STILL)])


def _figures(
    summary: dict[str, dict[str, float]], rows: dict[str, _Row]
) -> dict[str, dict[str, float | None]]:
    result: dict[str, dict[str, float | None]] = {}
    for name, row in rows.items():
        figures: dict[str, float | None] = {}
        for key, value in summary.get(name, {}).items():
            if key != "pictures":
                figures[_RENAMED.get(key, key)] = value
        count = sum(meter.count for meter in row.flicker)
        if count and name != STILL:
            figures["flicker"] = 100.0 * sum(meter.total for meter in row.flicker) / count
        if row.pairs and name != STILL:
            figures["consistency"] = 100.0 * row.difference / row.pairs
        figures["lpips"] = row.lpips.value
        if row.features.count and name != TRUTH:
            figures["fid"] = frechet_distance(row.features, rows[TRUTH].features)
        result[name] = figures
    return result


def _watch(row: _Row, name: str, pictures: torch.Tensor, batch: ClipBatch, hooks: Hooks) -> None:
    """Flicker of every view, agreement between views of every frame, and the user's networks."""
    frames = pictures[0].permute(0, 1, 3, 4, 2).numpy()  # (V, T, H, W, 3)
    as_bytes = (frames * 255.0 + 0.5).clip(0, 255).astype(np.uint8)
    mask = (batch.alpha[0, :, :, 0] > 0.5).numpy()  # (V, T, H, W)
    canonical = batch.guidance[0][:, :, channel_slice("canonical")].permute(0, 1, 3, 4, 2).numpy()
    normals = batch.guidance[0][:, :, channel_slice("normals")].permute(0, 1, 3, 4, 2).numpy()
    for view in range(len(frames)):
        meter = FlickerMeter()
        for picture, inside in zip(as_bytes[view], mask[view], strict=True):
            meter.add(picture, inside)
        row.flicker.append(meter)
    if name != STILL:
        for t in range(frames.shape[1]):
            total, count = canonical_difference(
                frames[:, t], canonical[:, t] * CANONICAL_SCALE_METRES, normals[:, t]
            )
            row.difference, row.pairs = row.difference + total, row.pairs + count
    truth = (batch.target[0].permute(0, 1, 3, 4, 2).numpy() * 255.0 + 0.5).clip(0, 255).astype(np.uint8)
    for picture, wanted in zip(
        as_bytes.reshape(-1, *as_bytes.shape[2:]), truth.reshape(-1, *truth.shape[2:])
    ):
        features = hooks.features_of(picture)
        if features is not None:
            row.features.add(features)
        if name != TRUTH:
            row.lpips.add(hooks.lpips_of(picture, wanted))


def _clip_names(directory: Path) -> list[tuple[Path, int]]:
    """(shard, index) of every clip."""
    from mvvideo.training.shards import list_shards, read_shard

    names = [(path, index) for path in list_shards(directory) for index in range(len(read_shard(path)))]
    if not names:
        raise input_error(
            AssetError, "no held-out clips", directory, "render some: python -m mvvideo.actors --help"
        )
    return names


def _read(names: Sequence[tuple[Path, int]], picked: set[int]) -> Iterator[tuple[int, Clip]]:
    from mvvideo.training.shards import read_shard

    for number, (path, index) in enumerate(names):
        if number in picked:
            yield number, read_shard(path).clip(index)


def _batch(clip: Clip, size: int, *, intensities: bool) -> ClipBatch:
    """A clip as floats, views before frames, at most ``size`` pixels; ``intensities``: of its motion, too."""
    import torch

    from mvvideo.intensity import clip_intensity
    from mvvideo.training.batches import ClipBatch

    def pictures(values: np.ndarray) -> torch.Tensor:  # (T, N, C, H, W) → (1, N, T, C, H, W)
        return torch.from_numpy(np.array(values).swapaxes(0, 1)).float()[None] / 255.0

    batch = ClipBatch(
        reference=torch.from_numpy(np.array(clip.reference_rgb)).float()[None] / 255.0,
        reference_guidance=torch.from_numpy(Guidance.dequantise(clip.reference_guidance))[None],
        target=pictures(clip.target_rgb),
        alpha=pictures(clip.target_alpha),
        seen=pictures(clip.seen),
        guidance=torch.from_numpy(Guidance.dequantise(clip.guidance).swapaxes(0, 1).copy())[None],
        yaw_degrees=torch.from_numpy(np.array(clip.yaw_degrees).T.copy())[None],
        intensity=torch.from_numpy(clip_intensity(np.array(clip.guidance)))[None] if intensities else None,
    )
    return batch if batch.target.shape[-1] <= size else batch.resized(size)


def _composite(batch: ClipBatch) -> torch.Tensor:
    """The appearance over its plate, ``(1, V, T, 3, H, W)``."""
    from mvvideo.networks.composite import Plates

    flat = Plates.from_guidance(batch.guidance.flatten(0, 2)).composite().clamp(0, 1)
    return flat.view_as(batch.target)
