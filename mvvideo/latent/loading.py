"""From a configuration to models: which folders, whether they belong together, with or without memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from flame.errors import AssetError, ConfigError, input_error
from mvvideo.latent.config import LatentConfig
from mvvideo.latent.folders import ModelFolder, read_json
from mvvideo.latent.photo import Codec, ImageTokens
from mvvideo.latent.sd15 import ReferenceDenoiser, build_reference_denoiser
from mvvideo.latent.storage import check_trained, load_trained
from mvvideo.latent.svd import VideoDenoiser

__all__ = ["Folders", "LatentDenoiser", "ModelParts", "load_parts", "open_folders", "skeleton_parts"]

LatentDenoiser = ReferenceDenoiser | VideoDenoiser

_KINDS = {
    "sd15": ("UNet2DConditionModel", "AutoencoderKL"),
    "svd": ("UNetSpatioTemporalConditionModel", "AutoencoderKLTemporalDecoder"),
}


@dataclass(frozen=True)
class Folders:
    """Where the public weights of a preset lie."""

    unet: ModelFolder
    vae: ModelFolder
    image_encoder: ModelFolder
    motion_adapter: ModelFolder | None
    scheduler: dict[str, Any]  # scheduler_config.json


@dataclass(frozen=True)
class ModelParts:
    """A preset put together."""

    model: LatentDenoiser
    codec: Codec
    scheduler: dict[str, Any]


def open_folders(config: LatentConfig) -> Folders:
    """The folders of a preset; fails with one line when one is not named, missing or of another kind.

    Raises:
        AssetError: a folder is not named, missing, or does not fit the others.
    """
    base = _folder(config, config.preset)
    unet_kind, vae_kind = _KINDS[config.preset]
    encoder = base / "image_encoder"
    if config.weights.image_encoder is not None or not encoder.is_dir():
        encoder = _folder(config, "image_encoder")
    if not (encoder / "config.json").is_file() and (encoder / "image_encoder").is_dir():
        encoder = encoder / "image_encoder"
    adapter = None
    if config.preset == "sd15" and config.weights.motion_adapter is not None:
        adapter = ModelFolder(_folder(config, "motion_adapter"), "MotionAdapter")
    folders = Folders(
        unet=ModelFolder(base / "unet", unet_kind),
        vae=ModelFolder(base / "vae", vae_kind),
        image_encoder=ModelFolder(encoder, "CLIPVisionModelWithProjection"),
        motion_adapter=adapter,
        scheduler=read_json(base / "scheduler" / "scheduler_config.json"),
    )
    _check_together(folders, config)
    return folders


def _folder(config: LatentConfig, name: str) -> Path:
    given = getattr(config.weights, name)
    if given is None:
        rule = f"preset {config.preset} needs the folder weights.{name}"
        raise input_error(AssetError, rule, "not named", "see docs/big_presets.md for where to get it")
    path = Path(given)
    if not path.is_dir():
        rule = f"the folder weights.{name} does not exist"
        raise input_error(AssetError, rule, path, "nothing is downloaded: fetch it, see docs/big_presets.md")
    return path


def _check_together(folders: Folders, config: LatentConfig) -> None:
    """What the configurations of the models must agree on."""
    unet, vae = folders.unet.config, folders.vae.config
    encoder = folders.image_encoder.config
    if config.preset == "sd15":
        for name in ("addition_embed_type", "class_embed_type", "encoder_hid_dim_type"):
            if unet.get(name):
                rule = "the U-Net must be Stable Diffusion 1.5's kind, without further conditions"
                raise input_error(
                    AssetError, rule, f"{name}: {unet[name]}", "name a Stable Diffusion 1.5 folder"
                )
    latent = int(vae.get("latent_channels", 4))
    wanted_in = latent if config.preset == "sd15" else 2 * latent
    if int(unet.get("in_channels", 4 if config.preset == "sd15" else 8)) != wanted_in:
        rule = f"the U-Net must take {wanted_in} channels, the VAE's latents"
        given = f"{unet.get('in_channels')} in {folders.unet.path}"
        raise input_error(AssetError, rule, given, "name a model that is not for inpainting")
    tokens, wanted = _projection(encoder), unet.get("cross_attention_dim")
    if tokens != wanted:
        rule = f"image tokens must have the width of the U-Net's cross-attention, {wanted}"
        given = f"{tokens} in {folders.image_encoder.path}"
        raise input_error(AssetError, rule, given, "name another image encoder, see docs/big_presets.md")
    levels = len(vae.get("block_out_channels", ()))
    if len(config.model.guidance_widths) != levels:
        rule = f"model.guidance_widths needs one width per level of the VAE, {levels}"
        raise input_error(ConfigError, rule, list(config.model.guidance_widths), "correct it")
    if folders.motion_adapter is not None:
        theirs = folders.motion_adapter.config.get("block_out_channels")
        if theirs != unet.get("block_out_channels"):
            rule = f"the motion adapter must have the U-Net's widths, {unet.get('block_out_channels')}"
            raise input_error(AssetError, rule, theirs, "name an adapter for Stable Diffusion 1.5")


def _projection(encoder: dict[str, Any]) -> int:
    nested = encoder.get("vision_config") or {}
    return int(encoder.get("projection_dim") or nested.get("projection_dim") or 512)


def skeleton_parts(config: LatentConfig) -> ModelParts:
    """The preset without memory, after names and shapes of all weight files were compared with it."""
    folders = open_folders(config)
    built = {}
    for name in ("unet", "vae", "image_encoder", "motion_adapter"):
        folder: ModelFolder | None = getattr(folders, name)
        built[name] = None if folder is None else folder.skeleton()
        skip = config.weights.trained is not None and name in ("unet", "motion_adapter")
        if folder is not None and not skip:
            folder.check(built[name])
    from accelerate import init_empty_weights

    with init_empty_weights():
        model = _assemble(built["unet"], built["motion_adapter"], built["vae"], config)
    if config.weights.trained is not None:
        check_trained(_folder(config, "trained"), model, config)
    return ModelParts(model, _codec(built["vae"], built["image_encoder"], config), folders.scheduler)


def load_parts(config: LatentConfig, *, dtype: torch.dtype) -> ModelParts:
    """The preset with its weights on the CPU, in evaluation mode.

    Args:
        config: which folders.
        dtype: of all weights. What is trained is raised to float32 by the trainer.

    Raises:
        AssetError: a folder or file that cannot be used.
    """
    folders = open_folders(config)
    vae, encoder = folders.vae.load(dtype), folders.image_encoder.load(dtype)
    if config.weights.trained is not None:
        model = skeleton_parts(config).model
        load_trained(_folder(config, "trained"), model, config, dtype=dtype)
    else:
        unet = folders.unet.load(dtype)
        adapter = None if folders.motion_adapter is None else folders.motion_adapter.load(dtype)
        # What is added starts from chance: the same one every time.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            model = _assemble(unet, adapter, vae, config).to(dtype)
    return ModelParts(model.eval(), _codec(vae, encoder, config), folders.scheduler)


def _assemble(unet: Any, adapter: Any, vae: Any, config: LatentConfig) -> LatentDenoiser:
    if config.preset == "sd15":
        return build_reference_denoiser(unet, adapter, config.model)
    return VideoDenoiser(unet, config.model, latent_scale=float(vae.config.scaling_factor))


def _codec(vae: nn.Module, encoder: nn.Module, config: LatentConfig) -> Codec:
    tokens = ImageTokens(encoder, kind=config.model.image_tokens)
    return Codec(vae, tokens, temporal=config.preset == "svd", chunk=config.sampling.decode_chunk).eval()
