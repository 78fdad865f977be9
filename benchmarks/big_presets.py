"""The big presets at full size with random weights: loaded from folders, one sampling step, one training step.

No public weights are needed: the architectures are written from their public ``config.json`` files, filled
with small random numbers and saved in diffusers' layout. Run by hand; it takes minutes, and ~9 GB of memory and
6 GB of disk, both given back::

    python -m benchmarks.big_presets sd15 --work /tmp/big [--size 512] [--train-size 256]

Prints one JSON line per stage: seconds of wall clock and of processor time, peak resident memory, and the
estimate that would have been printed before such a run. ``--table`` only prints the estimates of
docs/big_presets.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.latent.config import LatentConfig, load_latent_config
from mvvideo.latent.diffusion import noise_process, scheduler_options
from mvvideo.latent.loading import LatentDenoiser, ModelParts, load_parts, skeleton_parts
from mvvideo.latent.memory import Workload, estimate_memory
from mvvideo.latent.photo import EncodedPhoto
from mvvideo.latent.sampling import make_scheduler, sample_latents

_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
_CLIP_LARGE = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "patch_size": 14}
_CLIP_HUGE = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "patch_size": 14}

# Class and configuration of every folder, as published with the models.
MODELS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "sd15": {
        "sd15/unet": (
            "UNet2DConditionModel",
            {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8},
        ),
        "sd15/vae": (
            "AutoencoderKL",
            {
                "block_out_channels": [128, 256, 512, 512],
                "down_block_types": ["DownEncoderBlock2D"] * 4,
                "up_block_types": ["UpDecoderBlock2D"] * 4,
                "layers_per_block": 2,
                "sample_size": 512,
            },
        ),
        "motion_adapter": (
            "MotionAdapter",
            {"motion_max_seq_length": 32, "use_motion_mid_block": False, "motion_num_attention_heads": 8},
        ),
        "image_encoder": ("clip", {**_CLIP_LARGE, "num_attention_heads": 16, "projection_dim": 768}),
    },
    "svd": {
        "svd/unet": (
            "UNetSpatioTemporalConditionModel",
            {
                "sample_size": 96,
                "in_channels": 8,
                "cross_attention_dim": 1024,
                "num_attention_heads": [5, 10, 20, 20],
                "num_frames": 25,
            },
        ),
        "svd/vae": (
            "AutoencoderKLTemporalDecoder",
            {
                "block_out_channels": [128, 256, 512, 512],
                "down_block_types": ["DownEncoderBlock2D"] * 4,
                "layers_per_block": 2,
                "sample_size": 768,
            },
        ),
        "svd/image_encoder": (
            "clip",
            {**_CLIP_HUGE, "num_attention_heads": 16, "projection_dim": 1024, "hidden_act": "gelu"},
        ),
    },
}
SCHEDULERS = {
    "sd15": {"_class_name": "PNDMScheduler", **_BETAS},
    "svd": {
        "_class_name": "EulerDiscreteScheduler",
        **_BETAS,
        "prediction_type": "v_prediction",
        "timestep_type": "continuous",
        "timestep_spacing": "leading",
        "use_karras_sigmas": True,
        "sigma_min": 0.002,
        "sigma_max": 700.0,
    },
}


def write_folders(preset: str, work: Path, *, weights: bool) -> LatentConfig:
    """The preset's folders, with bfloat16 weights or with empty files where none are needed."""
    for name, (kind, values) in MODELS[preset].items():
        folder = work / name
        folder.mkdir(parents=True, exist_ok=True)
        named = {"model_type": "clip_vision_model"} if kind == "clip" else {"_class_name": kind}
        (folder / "config.json").write_text(json.dumps({**named, **values}))
    place = work / preset / "scheduler"
    place.mkdir(parents=True, exist_ok=True)
    (place / "scheduler_config.json").write_text(json.dumps(SCHEDULERS[preset]))
    if weights:
        for name in MODELS[preset]:
            _fill(work / name, preset)
    folders = {f"weights.{name}={work / name}" for name in (preset, "motion_adapter", "image_encoder")}
    known = [f for f in sorted(folders) if Path(f.partition("=")[2]).is_dir()]
    return load_latent_config(None, [f"preset={preset}", "precision=bf16", *known])


def _fill(folder: Path, preset: str) -> None:
    """Random weights: small ones, so that nothing overflows; norms at one."""
    from safetensors.torch import save_file

    from mvvideo.latent.folders import ModelFolder

    kind = json.loads((folder / "config.json").read_text()).get(
        "_class_name", "CLIPVisionModelWithProjection"
    )
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in ModelFolder(folder, kind).skeleton().state_dict().items():
        if value.device.type != "meta":
            state[name] = value.to(torch.bfloat16).contiguous()
            continue
        filled = torch.empty(value.shape, dtype=torch.bfloat16)
        if value.ndim == 1:
            filled.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
        else:
            filled.normal_(0.0, 0.5 / max(1, value[0].numel()) ** 0.5, generator=generator)
        state[name] = filled
    save_file(state, folder / "model.safetensors")


def measured(stage: str, action: Callable[[], Any], **extra: Any) -> Any:
    """Run, and print what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    result = action()
    line = {
        "stage": stage,
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "peak_resident_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        **extra,
    }
    print(json.dumps(line), flush=True)
    return result


def sampling_step(parts: ModelParts, config: LatentConfig, *, size: int, views: int) -> None:
    """The photo looked at, one step with guidance for one frame of some views, and one picture decoded."""
    generator = torch.Generator().manual_seed(1)
    guidance = torch.rand((1, views, 1, CHANNEL_COUNT, size, size), generator=generator)
    rgb = torch.rand((1, 3, size, size), generator=generator)
    work = Workload(1, views, 1, size)
    estimate = estimate_memory(parts, work).total / 1e9
    with torch.inference_mode():
        photo = measured("encode the photo", lambda: parts.codec.photo(rgb, guidance[:, 0, 0]))
        seen = measured("reference network", lambda: parts.model.look_at(photo))
        noise = torch.randn((1, views, 1, 4, size // 8, size // 8), generator=generator)
        options = scheduler_options(parts.scheduler, config.diffusion)
        latents = measured(
            f"one step, {views} views, {size // 8}x{size // 8} latents, no guidance pass",
            lambda: sample_latents(
                lambda x, t, known: parts.model.denoise(x, t, guidance, photo, seen if known else None),
                noise,
                make_scheduler(options, config.sampling),
                steps=1,
                guidance_scale=1.0,
            ),
        )
        picture = measured(
            "decode one picture",
            lambda: next(parts.codec.decode(latents[0, 0])),
            estimate_gb=round(estimate, 2),
        )
    assert torch.isfinite(picture).all()
    assert picture.shape == (1, 3, size, size)


def training_step(
    model: LatentDenoiser, photo: EncodedPhoto, options: dict[str, Any], config: LatentConfig, *, frames: int
) -> None:
    """Forward, backward and update of the motion phase, with checkpointing and bfloat16 master weights."""
    size = photo.guidance.shape[-1]
    generator = torch.Generator().manual_seed(2)
    moving = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(model.part(name) == "motion")
        if parameter.requires_grad:
            moving.append(parameter)
    model.checkpoint_gradients()
    optimiser = torch.optim.AdamW(moving, lr=1e-4, fused=True)
    guidance = torch.rand((1, 1, frames, CHANNEL_COUNT, size, size), generator=generator)
    process = noise_process(options, config.diffusion)
    clean = torch.randn((1, 1, frames, 4, size // 8, size // 8), generator=generator)
    mixed = process.mix(clean, generator)
    before = moving[-1].detach().clone()

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16):
            answer = model(mixed.noisy, mixed.time, guidance, photo, views=False)
        loss = ((answer.float() - mixed.target).square().mean() * mixed.weight).mean()
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    name = f"training step, motion, {frames} frames, {size // 8}x{size // 8} latents"
    loss = measured(name, step, moving_millions=sum(p.numel() for p in moving) // 10**6)
    assert torch.isfinite(torch.tensor(loss))
    assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in moving)
    assert before.shape == moving[-1].shape


def table(preset: str, work: Path) -> None:
    """Estimates for graphics memory, in the table's order."""
    config = write_folders(preset, work, weights=False)
    parts = _skeleton_without_files(config)
    count = dict.fromkeys(("appearance", "motion", "views"), 0)
    for name, parameter in parts.model.named_parameters():
        count[parts.model.part(name)] += parameter.numel()
    codec = sum(p.numel() for p in parts.codec.parameters())
    print(
        json.dumps(
            {"preset": preset, "millions": {k: v // 10**6 for k, v in count.items()}, "codec": codec // 10**6}
        )
    )
    for size in (512, 768):
        for views in (1, 3, 5, 8):
            use = Workload(1, views, config.sampling.window_frames, size)
            print(
                f"animate {size} px {views} views x {use.frames}: {estimate_memory(parts, use, cuda=True).line()}"
            )
    for phase in config.phases:
        for checkpointing in (True, False):
            for master in (4, 2):
                work_of = Workload(
                    phase.clips,
                    phase.views,
                    phase.frames,
                    512,
                    phase.trains,
                    True,
                    checkpointing,
                    False,
                    master,
                )
                line = estimate_memory(parts, work_of, cuda=True).line()
                print(f"train {phase.name} checkpointing={checkpointing} master bytes={master}: {line}")


def _skeleton_without_files(config: LatentConfig) -> ModelParts:
    """The preset on the meta device, when there are no weight files to compare with."""
    from unittest.mock import patch

    from mvvideo.latent.folders import ModelFolder

    with patch.object(ModelFolder, "check", lambda self, module: None):
        return skeleton_parts(config)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.big_presets", description=__doc__)
    parser.add_argument("preset", choices=sorted(MODELS))
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the random weights; removed at the end"
    )
    parser.add_argument("--size", type=int, default=512, help="pixels of the sampling step")
    parser.add_argument("--train-size", type=int, default=256, help="pixels of the training step")
    parser.add_argument("--table", action="store_true", help="only print estimates")
    options = parser.parse_args()
    if options.work.exists():
        parser.error(f"{options.work} exists already: name a new folder")
    try:
        if options.table:
            table(options.preset, options.work)
            return
        config = measured(
            "write random weights", lambda: write_folders(options.preset, options.work, weights=True)
        )
        parts = measured("load from folders", lambda: load_parts(config, dtype=torch.bfloat16))
        parts.codec.vae.float()  # a CPU without bfloat16 units is faster so
        shutil.rmtree(options.work)
        sampling_step(parts, config, size=options.size, views=2)
        size, frames = options.train_size, 2
        work = Workload(1, 1, frames, size, trains="motion", master_bytes=2)
        estimate = estimate_memory(parts, work)
        print(json.dumps({"stage": "estimate of the training step", "gb": estimate.line()}), flush=True)
        guidance = torch.rand((1, CHANNEL_COUNT, size, size), generator=torch.Generator().manual_seed(2))
        photo = parts.codec.photo(guidance[:, :3], guidance)
        model, scheduler = parts.model, scheduler_options(parts.scheduler, config.diffusion)
        del parts  # the encoders have done their work
        training_step(model, photo, scheduler, config, frames=frames)
    finally:
        shutil.rmtree(options.work, ignore_errors=True)


if __name__ == "__main__":
    main()
