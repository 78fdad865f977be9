"""Weights on disk: float16 safetensors in pieces, and a manifest with their hashes; loaded strictly."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from flame.errors import AssetError, input_error
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser

__all__ = ["MANIFEST_NAME", "load_network", "read_manifest", "save_network"]

MANIFEST_NAME = "manifest.json"
FORMAT_NAME = "mvportrait-video-model"
FORMAT_VERSION = 2
_PIECE_BYTES = 14 * 2**20


def _pieces(state: Mapping[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """Split by name order so that no piece exceeds the limit (a single larger tensor makes its own piece)."""
    pieces: list[dict[str, torch.Tensor]] = [{}]
    used = 0
    for name in sorted(state):
        size = state[name].numel() * state[name].element_size()
        if pieces[-1] and used + size > _PIECE_BYTES:
            pieces.append({})
            used = 0
        pieces[-1][name] = state[name]
        used += size
    return pieces


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_network(
    state: Mapping[str, torch.Tensor],
    config: NetworkConfig,
    directory: Path | str,
    *,
    name: str,
    training: Mapping[str, Any],
) -> Path:
    """Write weights as ``<name>-1-of-n.safetensors …`` ``SHA256SUMS`` and the manifest.

    Args:
        state: the model's state dict; stored as float16.
        config: what the model was built from.
        directory: made if missing.
        name: of the model, for example ``small``.
        training: facts for people (steps, data, scores), JSON values.

    Returns:
        path of the manifest.
    """
    from safetensors.torch import save_file

    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    half = {key: value.detach().to("cpu", torch.float16).contiguous() for key, value in state.items()}
    pieces = _pieces(half)
    files = []
    for number, piece in enumerate(pieces, start=1):
        path = directory / f"{name}-{number}-of-{len(pieces)}.safetensors"
        partial = path.with_name(f".{path.name}.partial")
        save_file(piece, partial)
        partial.chmod(0o644)  # safetensors writes for the owner alone
        os.replace(partial, path)
        files.append({"name": path.name, "sha256": _sha256(path), "bytes": path.stat().st_size})
    sums = "".join(f"{entry['sha256']}  {entry['name']}\n" for entry in files)
    (directory / "SHA256SUMS").write_text(sums)
    manifest = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "name": name,
        "network": config.to_dict(),
        "files": files,
        "training": dict(training),
    }
    partial = directory / f".{MANIFEST_NAME}.partial"
    partial.write_text(json.dumps(manifest, indent=1) + "\n")
    os.replace(partial, directory / MANIFEST_NAME)
    return directory / MANIFEST_NAME


def read_manifest(directory: Path | str) -> dict[str, Any]:
    """The manifest of a folder of weights; checks format and version."""
    path = Path(directory) / MANIFEST_NAME
    if not path.is_file():
        raise input_error(
            AssetError,
            "no trained video model",
            path,
            "use --preset preview, or train one (mvportrait train video)",
        )
    manifest = json.loads(path.read_text())
    if (manifest.get("format"), manifest.get("version")) != (FORMAT_NAME, FORMAT_VERSION):
        given = f"{manifest.get('format')} {manifest.get('version')} in {path}"
        raise input_error(
            AssetError,
            f"a video model must be {FORMAT_NAME} {FORMAT_VERSION}",
            given,
            "install this version's weights",
        )
    return manifest


def load_network(directory: Path | str) -> MultiViewDenoiser:
    """The model that a manifest describes, with its hash-checked weights, float32, in eval mode."""
    from safetensors.torch import load_file

    directory = Path(directory)
    manifest = read_manifest(directory)
    state: dict[str, torch.Tensor] = {}
    for entry in manifest["files"]:
        path = directory / entry["name"]
        if not path.is_file() or _sha256(path) != entry["sha256"]:
            raise input_error(AssetError, "weights missing or changed", path, "install the package again")
        state.update(load_file(path))
    model = MultiViewDenoiser(NetworkConfig.from_dict(manifest["network"]))
    model.load_state_dict({key: value.float() for key, value in state.items()}, strict=True)
    return model.eval().requires_grad_(False)
