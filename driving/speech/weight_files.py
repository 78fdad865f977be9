"""Speech weights as files: half precision, everything needed to use them inside, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driving.speech.layout import COLUMNS, Units
from flame.checksums import check_listed_sum
from flame.errors import AssetError, input_error

if TYPE_CHECKING:
    from driving.speech.network import SpeechConfig, SpeechNetwork

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
_NAME = "speech.safetensors"
_FORMAT = "mvportrait-speech"
_VERSION = "1"


def save_weights(
    path: Path, state: dict[str, Any], *, config: SpeechConfig, units: Units, steps: int
) -> None:
    """Write weights with sizes, units and the names of the columns."""
    import torch
    from safetensors.torch import save_file

    tensors = {
        f"network.{name}": value.detach().to("cpu", torch.float16).contiguous()
        for name, value in state.items()
    }
    tensors["mean"], tensors["scale"] = torch.from_numpy(units.mean), torch.from_numpy(units.scale)
    metadata = {
        "format": _FORMAT,
        "version": _VERSION,
        "steps": str(steps),
        "config": json.dumps(config.as_dict()),
        "columns": json.dumps(COLUMNS),
    }
    save_file(tensors, str(path), metadata=metadata)


def load_weights(path: Path | None = None) -> tuple[SpeechNetwork, Units]:
    """Network (ready to use) and units: the package's own, whose SHA-256 is checked, or those of a file.

    Raises:
        AssetError: missing, altered or foreign file.
    """
    from safetensors import SafetensorError, safe_open

    from driving.speech.network import SpeechConfig, SpeechNetwork

    if path is None:
        path = WEIGHTS_FOLDER / _NAME
        check_listed_sum(path)
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise input_error(AssetError, "the speech weights cannot be read", path, "check the file") from error
    if (metadata.get("format"), metadata.get("version")) != (_FORMAT, _VERSION):
        raise input_error(AssetError, "not speech weights of this version", path, "train anew, or reinstall")
    if tuple(json.loads(metadata["columns"])) != COLUMNS:
        raise input_error(
            AssetError, "the weights were trained on another rig", path, "train them on this one"
        )
    network = SpeechNetwork(SpeechConfig(**json.loads(metadata["config"])))
    state = {
        name.removeprefix("network."): value.float()
        for name, value in tensors.items()
        if name.startswith("network.")
    }
    network.load_state_dict(state, strict=True)
    units = Units(tensors["mean"].numpy(), tensors["scale"].numpy())
    return network.eval().requires_grad_(False), units
