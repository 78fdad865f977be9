"""What training wrote: the whole denoiser in bfloat16 safetensors pieces, with a manifest; read strictly."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from flame.errors import AssetError, input_error

if TYPE_CHECKING:
    from mvvideo.latent.config import LatentConfig

__all__ = ["check_trained", "load_trained", "read_trained_manifest", "save_trained"]

MANIFEST_NAME = "manifest.json"
FORMAT_NAME = "mvportrait-latent-model"
FORMAT_VERSION = 1
_PIECE_BYTES = 2**31


def save_trained(
    state: Mapping[str, torch.Tensor],
    config: LatentConfig,
    folder: Path,
    *,
    training: Mapping[str, Any],
    dtype: torch.dtype = torch.bfloat16,
) -> None:
    """Write ``model-0001.safetensors …`` and the manifest; the folder is complete or as it was.

    Args:
        state: of the denoiser.
        config: what it was built from.
        folder: made, or replaced.
        training: facts for people, JSON values.
        dtype: what is stored.
    """
    from safetensors.torch import save_file

    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    pieces: list[dict[str, torch.Tensor]] = [{}]
    used = 0
    files: dict[str, str] = {}

    def flush() -> None:
        name = f"model-{len(pieces):04d}.safetensors"
        save_file(pieces[-1], partial / name)
        files.update(dict.fromkeys(pieces[-1], name))
        pieces[-1].clear()

    for name in sorted(state):
        value = state[name].detach().to("cpu", dtype).contiguous()
        if pieces[-1] and used + value.nbytes > _PIECE_BYTES:
            flush()
            pieces.append({})
            used = 0
        pieces[-1][name] = value
        used += value.nbytes
    flush()
    manifest = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "preset": config.preset,
        "model": asdict(config.model),
        "training": dict(training),
        "files": sorted(set(files.values())),
    }
    (partial / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1) + "\n")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def read_trained_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of trained weights; fails when it is of another format."""
    from mvvideo.latent.folders import read_json

    manifest = read_json(folder / MANIFEST_NAME)
    if (manifest.get("format"), manifest.get("version")) != (FORMAT_NAME, FORMAT_VERSION):
        rule = f"trained weights must be {FORMAT_NAME} {FORMAT_VERSION}"
        given = f"{manifest.get('format')} {manifest.get('version')} in {folder}"
        raise input_error(AssetError, rule, given, "train them with this version")
    return manifest


def check_trained(folder: Path, model: nn.Module, config: LatentConfig) -> None:
    """Compare names and shapes with ``model`` (a skeleton)."""
    manifest = read_trained_manifest(folder)
    if manifest["preset"] != config.preset:
        rule = f"the trained weights must be for preset {config.preset}"
        raise input_error(AssetError, rule, f"{manifest['preset']} in {folder}", "name others")
    if manifest["model"].get("guidance_widths") != list(config.model.guidance_widths):
        rule = f"the trained weights have guidance_widths {manifest['model'].get('guidance_widths')}"
        raise input_error(AssetError, rule, list(config.model.guidance_widths), "use the config beside them")
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found: dict[str, tuple[int, ...]] = {}
    for tensors in _files(folder, manifest):
        with tensors as file:
            found |= {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}
    wrong = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    if wrong:
        rule = f"the trained weights do not fit the public ones: {wrong[0]}"
        given = f"{found.get(wrong[0], 'missing')} instead of {wanted.get(wrong[0], 'nothing')} in {folder}"
        raise input_error(AssetError, rule, given, "name the public weights they were trained from")


def load_trained(folder: Path, model: nn.Module, config: LatentConfig, *, dtype: torch.dtype) -> None:
    """Put trained weights into ``model`` (a skeleton), strictly."""
    check_trained(folder, model, config)
    state: dict[str, torch.Tensor] = {}
    for tensors in _files(folder, read_trained_manifest(folder)):
        with tensors as file:
            state |= {name: file.get_tensor(name).to(dtype, copy=True) for name in list(file.keys())}
    model.load_state_dict(state, strict=True, assign=True)


def _files(folder: Path, manifest: Mapping[str, Any]) -> list[Any]:
    from mvvideo.latent.folders import opened

    return [opened(folder / name) for name in manifest["files"]]
