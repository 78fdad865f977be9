"""Tiny models with random weights, saved as the public ones are: diffusers' own ``save_pretrained``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml

WIDTHS = [32, 64]
SD_SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}
SVD_SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "sigma_max": 700.0,
    "sigma_min": 0.002,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "timestep_type": "continuous",
    "use_karras_sigmas": True,
}
#: What a tiny model needs beside its folders.
OPTIONS = {
    "model": {"image_size": 32, "guidance_widths": [8, 16]},
    "sampling": {"steps": 1, "window_frames": 2, "window_overlap": 1, "decode_chunk": 2},
    "optimiser": {"learning_rate": 1e-3, "warmup_steps": 0},
    "precision": "float32",
    "log_steps": 1,
    "phases": [
        {"name": "2d", "trains": "appearance", "steps": 1, "frames": 1, "views": 1, "clips": 2},
        {"name": "motion", "trains": "motion", "steps": 1, "frames": 2, "views": 1},
        {"name": "view", "trains": "views", "steps": 1, "frames": 2, "views": 2},
    ],
}


def _image_encoder(folder: Path, width: int) -> None:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        projection_dim=width,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)


def write_sd15(folder: Path, *, seed: int = 0, middle: bool = True) -> Path:
    """``sd15/``, ``motion_adapter/``, ``image_encoder/`` and ``config.yaml`` of a tiny model."""
    from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel

    torch.manual_seed(seed)
    UNet2DConditionModel(
        sample_size=16,
        block_out_channels=tuple(WIDTHS),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        attention_head_dim=4,
        cross_attention_dim=24,
        norm_num_groups=8,
    ).save_pretrained(folder / "sd15" / "unet")
    MotionAdapter(
        block_out_channels=tuple(WIDTHS),
        motion_layers_per_block=1,
        motion_num_attention_heads=4,
        motion_norm_num_groups=8,
        motion_max_seq_length=8,
        use_motion_mid_block=middle,
    ).save_pretrained(folder / "motion_adapter")
    AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        norm_num_groups=8,
        latent_channels=4,
    ).save_pretrained(folder / "sd15" / "vae")
    _image_encoder(folder / "image_encoder", 24)
    _write_rest(folder, "sd15", SD_SCHEDULER)
    return folder


def write_svd(folder: Path, *, seed: int = 0) -> Path:
    """``svd/`` and ``config.yaml`` of a tiny model."""
    from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel

    torch.manual_seed(seed)
    UNetSpatioTemporalConditionModel(
        sample_size=16,
        block_out_channels=tuple(WIDTHS),
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        layers_per_block=1,
        num_attention_heads=(4, 8),
        cross_attention_dim=24,
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=24,
    ).save_pretrained(folder / "svd" / "unet")
    AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32),
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        layers_per_block=1,
    ).save_pretrained(folder / "svd" / "vae")
    _image_encoder(folder / "svd" / "image_encoder", 24)
    _write_rest(folder, "svd", SVD_SCHEDULER)
    return folder


def _write_rest(folder: Path, preset: str, scheduler: dict[str, object]) -> None:
    place = folder / preset / "scheduler"
    place.mkdir()
    (place / "scheduler_config.json").write_text(json.dumps(scheduler))
    names = [name for name in (preset, "motion_adapter", "image_encoder") if (folder / name).is_dir()]
    values = {"preset": preset, "weights": {name: name for name in names}, **OPTIONS}
    (folder / "config.yaml").write_text(yaml.safe_dump(values))


WRITERS = {"sd15": write_sd15, "svd": write_svd}


def write_all(factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of every preset: its name -> the folder of its weights."""
    return {name: writer(factory.mktemp(name)) for name, writer in WRITERS.items()}


def forget_accelerator() -> None:
    """Accelerate keeps one state per process, with one precision; tests want several."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
