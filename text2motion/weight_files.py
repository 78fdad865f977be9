"""Weights of the text-to-motion models as files: half precision, with everything needed to use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flame.errors import AssetError, input_error
from text2motion.features import EMOTION_FEATURES, MOTION_FEATURES, Normaliser
from text2motion.signature import SIGNATURE_NAMES

if TYPE_CHECKING:
    from text2motion.denoiser import DenoiserConfig

FORMAT = "mvportrait-text2motion"
VERSION = "2"
FEATURES: dict[str, tuple[str, ...]] = {
    "motion": MOTION_FEATURES,
    "emotion": EMOTION_FEATURES,
    "joint": MOTION_FEATURES + EMOTION_FEATURES,
}


def save_weights(
    path: Path,
    state: dict[str, Any],
    *,
    role: str,
    config: DenoiserConfig,
    normaliser: Normaliser,
    steps: int,
    encoder: str = "minilm",
) -> None:
    """Write half-precision weights, the sizes, the normaliser, and the names of features and signature columns.

    ``encoder`` says whose token states the weights expect.
    """
    import torch
    from safetensors.torch import save

    tensors = {
        f"network.{name}": value.detach().to("cpu", torch.float16).contiguous()
        for name, value in state.items()
    }
    tensors["mean"] = torch.from_numpy(normaliser.mean)
    tensors["scale"] = torch.from_numpy(normaliser.scale)
    metadata = {
        "format": FORMAT, "version": VERSION, "role": role, "steps": str(steps), "encoder": encoder,
        "config": json.dumps(config.as_dict()), "features": json.dumps(FEATURES[role]),
    }  # fmt: skip
    partial = path.with_suffix(".partial")
    partial.write_bytes(save(tensors, metadata=metadata))
    partial.replace(path)


def load_weights(path: Path, *, role: str, feature_names: tuple[str, ...]) -> tuple[Any, Normaliser]:
    """Network (eval mode) and normaliser from a file of :func:`save_weights`.

    Raises:
        AssetError: not such a file, another role or version, another rig's columns, or a vocabulary that
            no longer has what the weights were trained with.
    """
    from safetensors import SafetensorError, safe_open

    from text2motion.denoiser import Denoiser, DenoiserConfig

    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise input_error(
            AssetError, "the motion weights cannot be read", path, "reinstall the package"
        ) from error
    found = tuple(metadata.get(key) for key in ("format", "version", "role"))
    if found != (FORMAT, VERSION, role):
        raise input_error(
            AssetError, f"not {role} weights of this version", path, "reinstall the package or train anew"
        )
    if tuple(json.loads(metadata["features"])) != feature_names:
        raise input_error(
            AssetError, "the weights were trained on another rig", path, "train them on this one"
        )
    config = DenoiserConfig.from_dict(json.loads(metadata["config"]))
    if unknown := set(config.signature) - set(SIGNATURE_NAMES):
        rule = f"the vocabulary no longer has {', '.join(sorted(unknown)[:3])}, which the weights know"
        raise input_error(AssetError, rule, path, "reinstall the package or train anew")
    network = Denoiser(config)
    state = {
        name.removeprefix("network."): value.float()
        for name, value in tensors.items()
        if name.startswith("network.")
    }
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise input_error(
            AssetError, "the motion weights are incomplete", path, "reinstall the package or train anew"
        ) from error
    normaliser = Normaliser(tensors["mean"].numpy(), tensors["scale"].numpy())
    return network.eval().requires_grad_(False), normaliser
