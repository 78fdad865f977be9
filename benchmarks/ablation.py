"""What each part of the video model is good for: every row of a table trained alike and scored alike.

    python -m benchmarks.ablation --data CLIPS --heldout CLIPS --out FILE.json [--steps 300] [--seeds 0 1]

Rows stand in ``configs/ablation.yaml``. All train a small network from scratch, for the same number of steps, on
the same batches of the same seed; what rows share starts from the same weights. Scores are those of one-step
sampling on held-out clips. A row that is already in FILE.json is not run again, so a table can be made in several
goes; ``--minutes`` ends a go after the row that exceeds it. A table in Markdown is written beside FILE.json.

Consistency is judged on errors (picture − truth), so that what really changes in the truth does not count:
``frames`` is their mean difference between neighbouring frames over the foreground, ``views`` that between two views
at the same places of the head. Both in 1/255, lower is better.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import fields
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch.nn import functional

from flame.errors import ConfigError, MVPortraitError, input_error
from mvvideo.guidance import channel_slice
from mvvideo.metrics import ScoreTable, region_masks
from mvvideo.networks.composite import Plates
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.training.batches import ClipBatch, ClipStore
from mvvideo.training.config import TrainingConfig, build_config
from mvvideo.training.evaluation import predict
from mvvideo.training.shards import Clip, list_shards, read_shard, write_shard
from mvvideo.training.trainer import Trainer

COLUMNS = {
    "psnr_foreground": "foreground dB",
    "psnr_hidden": "hidden dB",
    "psnr_background": "background dB",
    "ssim": "SSIM",
    "gradient_ratio": "sharpness",
    "frames": "frames",
    "views": "views",
}
_CELLS = 20  # per axis of the canonical cube: about 2.5 cm
_FEWEST_PIXELS = 3


# --- clips -------------------------------------------------------------------------------------------------


def shrunken(source: Path, target: Path, *, size: int, clips: int) -> Path:
    """The first clips of a folder at ``size`` × ``size`` as one shard each, made once; returns ``target``."""
    made = 0
    for path in list_shards(source):
        if made >= clips:
            break
        shard = read_shard(path)
        made += len(shard)
        if not (target / path.name).is_dir():
            small = [_small(shard.clip(i), size) for i in range(len(shard))]
            write_shard(target, path.name, small, split=shard.split, seed=0)
    return target


def _small(clip: Clip, size: int) -> Clip:
    values: dict[str, Any] = {}
    for field in fields(clip):
        value = getattr(clip, field.name)
        if getattr(value, "dtype", None) == np.uint8:
            flat = torch.from_numpy(np.array(value)).float()
            flat = functional.interpolate(
                flat.reshape(-1, *flat.shape[-3:]), size=(size, size), mode="area"
            ).reshape(*value.shape[:-2], size, size)
            value = flat.round().to(torch.uint8).numpy()
            if field.name == "seen":
                value = np.where(value > 127, 255, 0).astype(np.uint8)
        values[field.name] = value
    return Clip(**values)


# --- scores ------------------------------------------------------------------------------------------------


def frame_difference(error: torch.Tensor, alpha: torch.Tensor) -> float:
    """Mean change of ``error (V, T, 3, H, W)`` from frame to frame over the foreground, in 1/255."""
    if error.shape[1] < 2:
        return float("nan")
    both = ((alpha[:, 1:] > 0.5) & (alpha[:, :-1] > 0.5)).expand_as(error[:, 1:])
    return 255 * float((error[:, 1:] - error[:, :-1]).abs()[both].mean())


def view_difference(error: torch.Tensor, guidance: torch.Tensor) -> float:
    """Mean difference of ``error (V, T, 3, H, W)`` between views at the same places of the head, in 1/255.

    Places are cells of the canonical coordinates that two views both see with a few pixels.
    """
    canonical = guidance[:, :, channel_slice("canonical")]
    there = guidance[:, :, channel_slice("normals")].abs().amax(2) > 0.1  # (V, T, H, W)
    cell = ((canonical + 1) / 2 * _CELLS).long().clamp(0, _CELLS - 1)
    number = (cell[:, :, 0] * _CELLS + cell[:, :, 1]) * _CELLS + cell[:, :, 2]  # (V, T, H, W)
    differences = []
    for t in range(error.shape[1]):
        means = []
        for view in range(error.shape[0]):
            mask = there[view, t]
            count = torch.zeros(_CELLS**3).index_add_(0, number[view, t][mask], torch.ones(int(mask.sum())))
            total = torch.zeros(_CELLS**3, 3).index_add_(0, number[view, t][mask], error[view, t][:, mask].T)
            means.append((total / count.clamp(min=1)[:, None], count >= _FEWEST_PIXELS))
        for (a, seen_a), (b, seen_b) in combinations(means, 2):
            both = seen_a & seen_b
            if both.any():
                differences.append(float((a - b)[both].abs().mean()))
    return 255 * float(np.mean(differences)) if differences else float("nan")


@torch.inference_mode()
def scores(model: MultiViewDenoiser | None, store: ClipStore) -> dict[str, float | None]:
    """Scores of a network, or of the appearance alone, on all clips of a store."""
    table, frames, views = ScoreTable(), [], []
    for index in range(len(store)):
        batch: ClipBatch = store.clip(index)
        guidance, truth = batch.guidance.flatten(0, 2), batch.target.flatten(0, 2)
        if model is None:
            shown = Plates.from_guidance(guidance).composite().clamp(0, 1).view_as(batch.target)
        else:
            shown = predict(model, batch, steps=1, seed=0)
        known = guidance[:, channel_slice("background_known")]
        masks = region_masks(batch.alpha.flatten(0, 2), batch.seen.flatten(0, 2), known)
        table.add("row", shown.flatten(0, 2), truth, masks, yaw_degrees=batch.yaw_degrees.flatten())
        error = (shown - batch.target)[0]
        frames.append(frame_difference(error, batch.alpha[0]))
        views.append(view_difference(error, batch.guidance[0]))
    kept = {name: table.summary()["row"][name] for name in COLUMNS if name not in ("frames", "views")}
    return {**kept, "frames": _mean(frames), "views": _mean(views)}


def _mean(values: list[float]) -> float | None:
    """Mean of the numbers among them; None (JSON knows no NaN) where there are none."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else None


# --- rows --------------------------------------------------------------------------------------------------


def train(config: TrainingConfig, data: Path) -> MultiViewDenoiser:
    """A network trained by ``config.total_steps`` steps; the averaged weights."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, data=data, heldout=None, out=folder, minutes=1e6, device="cpu")
        for _ in range(config.total_steps):
            terms = trainer.train_step()
        if not bool(torch.isfinite(terms["loss"])):
            raise MVPortraitError(f"the row diverged: seed {config.seed}; lower optimiser.learning_rate")
        return trainer.averaged_model()


def markdown(results: Mapping[str, Any]) -> str:
    """The table: mean over seeds, and after ± half the range where there are several."""
    lines = [
        "| | " + " | ".join(COLUMNS.values()) + " | parameters |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name, row in results["rows"].items():
        cells = []
        for column in COLUMNS:
            values = [seed[column] for seed in row["seeds"].values() if seed[column] is not None]
            if not values:
                cells.append("–")
                continue
            digits = 3 if column in ("ssim", "gradient_ratio") else 2
            spread = (max(values) - min(values)) / 2
            cells.append(
                f"{np.mean(values):.{digits}f}" + (f" ± {spread:.{digits}f}" if len(values) > 1 else "")
            )
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {row['parameters']:,} |")
    return "\n".join(lines) + "\n"


def _save(results: Mapping[str, Any], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(partial, out)
    out.with_suffix(".md").write_text(markdown(results))


def _load(out: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Results so far; rows that were made otherwise cannot stand in one table."""
    if not out.is_file():
        return {**facts, "rows": {}}
    results = json.loads(out.read_text())
    changed = [name for name, value in facts.items() if results.get(name) != value]
    if changed:
        raise input_error(
            ConfigError, "the table was made otherwise", ", ".join(changed), "use another --out"
        )
    return results


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Make the rows that are missing; returns all results."""
    table = yaml.safe_load(Path(options.config).read_text())
    unknown = sorted(set(options.rows or ()) - set(table["rows"]))
    if unknown:
        raise input_error(ConfigError, "unknown row", ", ".join(unknown), "use " + ", ".join(table["rows"]))
    base = [f"total_steps={options.steps}"] if options.steps else []
    first = build_config(table["base"], base)
    size, work = first.network.image_size, Path(options.work or Path(options.out).with_suffix(".clips"))
    data = shrunken(Path(options.data), work / "train", size=size, clips=options.clips)
    heldout = shrunken(Path(options.heldout), work / "held", size=size, clips=options.heldout_clips)
    held = ClipStore(
        heldout, device=torch.device("cpu"), max_gigabytes=options.max_gigabytes, intensities=True
    )
    held.require()
    clips = sum(len(read_shard(path)) for path in list_shards(data))
    facts = {"steps": first.total_steps, "size": size, "clips": clips, "heldout_clips": len(held)}
    facts["base"] = json.loads(json.dumps(table["base"]))
    out, started = Path(options.out), time.monotonic()
    results = _load(out, facts)
    if "appearance only" not in results["rows"]:
        results["rows"]["appearance only"] = {"parameters": 0, "seeds": {"-": scores(None, held)}}
    for seed in options.seeds:
        for name, overrides in table["rows"].items():
            row = results["rows"].setdefault(name, {"parameters": 0, "seeds": {}, "cpu_seconds": 0.0})
            wanted = not options.rows or name in options.rows
            if not wanted or str(seed) in row["seeds"]:
                continue
            begun = time.process_time()
            limit = f"max_gigabytes={options.max_gigabytes}"
            config = build_config(table["base"], [*base, f"seed={seed}", limit, *overrides])
            model = train(config, data)
            row["parameters"] = sum(p.numel() for p in model.parameters())
            row["seeds"][str(seed)] = scores(model, held)
            row["cpu_seconds"] = round(time.process_time() - begun, 1)
            shown = {**results, "rows": {k: v for k, v in results["rows"].items() if v["seeds"]}}
            _save(shown, out)
            print(f"{name} (seed {seed}): {row['seeds'][str(seed)]}", flush=True)
            if time.monotonic() - started > 60 * options.minutes:
                return shown
    return results


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", default="configs/ablation.yaml")
    parser.add_argument("--data", required=True, help="folder of training clips")
    parser.add_argument("--heldout", required=True, help="folder of held-out clips")
    parser.add_argument("--out", required=True, help="JSON file; a Markdown table is written beside it")
    parser.add_argument("--work", help="folder for the shrunken clips; beside --out without it")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no new row after this")
    parser.add_argument("--steps", type=int, help="instead of the configuration's")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rows", nargs="+", help="only these")
    parser.add_argument("--clips", type=int, default=240, help="training clips at most")
    parser.add_argument("--heldout-clips", type=int, default=32)
    parser.add_argument("--max-gigabytes", type=float, default=1.0, help="of memory for shrunken clips")
    try:
        results = run(parser.parse_args(arguments))
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return getattr(error, "exit_code", 1)
    print(markdown({**results, "rows": {k: v for k, v in results["rows"].items() if v["seeds"]}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
