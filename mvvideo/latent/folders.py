"""Reading model folders in diffusers' layout: strictly, from disk alone, safetensors only.

A model is first built without memory (on torch's meta device) from its ``config.json``; names and shapes in
the headers of the weight files are compared with it before a byte of weights is read. Nothing here knows how
to download.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from flame.errors import AssetError, input_error

__all__ = ["ModelFolder", "opened", "read_json"]

_DIFFUSERS = (
    "AutoencoderKL",
    "AutoencoderKLTemporalDecoder",
    "MotionAdapter",
    "UNet2DConditionModel",
    "UNetSpatioTemporalConditionModel",
)
_STEMS = ("diffusion_pytorch_model", "diffusion_pytorch_model.fp16", "model", "model.fp16")
_UNSAFE = ("*.bin", "*.ckpt", "*.pt", "*.pth")
# Autoencoders saved before diffusers 0.15 name their attention so; diffusers itself still reads them.
_OLD_NAMES = {
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.0.",
}
_CLIP_OPTIONS = (
    "hidden_size",
    "intermediate_size",
    "projection_dim",
    "num_hidden_layers",
    "num_attention_heads",
    "num_channels",
    "image_size",
    "patch_size",
    "hidden_act",
    "layer_norm_eps",
)
# What a CLIP file may hold beside the part that looks at pictures.
_OTHER_PARTS = ("text_model.", "text_projection.", "logit_scale", "vision_model.embeddings.position_ids")


def read_json(path: Path) -> dict[str, Any]:
    """The mapping in a JSON file.

    Raises:
        AssetError: no such file, or no mapping in it.
    """
    if not path.is_file():
        rule = f"the model folder lacks {path.name}"
        raise input_error(AssetError, rule, path.parent, "give a folder in diffusers' layout")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise input_error(AssetError, f"{path.name} is not JSON", path, "fetch the file again") from error
    if not isinstance(values, dict):
        raise input_error(AssetError, f"{path.name} must hold a mapping", path, "fetch the file again")
    return values


@dataclass(frozen=True)
class ModelFolder:
    """One model on disk.

    Attributes:
        path: the folder with ``config.json`` and the weights.
        kind: the class it must be, for example ``UNet2DConditionModel``.
    """

    path: Path
    kind: str

    @property
    def config(self) -> dict[str, Any]:
        """``config.json``; fails when it describes another class of model."""
        values = read_json(self.path / "config.json")
        named = values.get("_class_name") or " ".join(values.get("architectures") or ())
        if self.kind in _DIFFUSERS and named != self.kind:
            rule = f"the folder must hold a {self.kind}"
            raise input_error(AssetError, rule, f"{named or 'no class named'} in {self.path}", "name another")
        if self.kind not in _DIFFUSERS and "clip" not in str(values.get("model_type", "")):
            rule = f"the folder must hold a {self.kind}"
            given = f"model_type {values.get('model_type')} in {self.path}"
            raise input_error(AssetError, rule, given, "name a CLIP image encoder")
        return values

    def skeleton(self) -> nn.Module:
        """The model with weights that take no memory; buffers are real."""
        from accelerate import init_empty_weights

        config = self.config
        try:
            with init_empty_weights():
                return _build(self.kind, config)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            rule = f"{self.kind} cannot be built from its config.json"
            given = f"{self.path} ({error})"
            raise input_error(AssetError, rule, given, "fetch the folder again") from error

    def files(self) -> list[Path]:
        """The weight files: one, or those an index names.

        Raises:
            AssetError: none, some missing, or only pickles.
        """
        for stem in _STEMS:
            index = self.path / f"{stem}.safetensors.index.json"
            if index.is_file():
                names = sorted(set(read_json(index).get("weight_map", {}).values()))
                found = [self.path / name for name in names]
                missing = [file.name for file in found if not file.is_file()]
                if missing or not found:
                    rule = f"files named by {index.name} are missing"
                    raise input_error(
                        AssetError, rule, ", ".join(missing) or self.path, "fetch the folder again"
                    )
                return found
            if (self.path / f"{stem}.safetensors").is_file():
                return [self.path / f"{stem}.safetensors"]
        pickles = sorted(file.name for pattern in _UNSAFE for file in self.path.glob(pattern))
        if pickles:
            rule = "weights must be safetensors: pickles can run code and are not read"
            raise input_error(
                AssetError, rule, self.path / pickles[0], "fetch the .safetensors file of the same model"
            )
        raise input_error(AssetError, "no safetensors file in the model folder", self.path, "fetch it")

    def check(self, module: nn.Module) -> None:
        """Compare names and shapes in the files' headers with ``module`` (a skeleton).

        Raises:
            AssetError: the first difference, by name.
        """
        wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
        shapes = self._shapes()
        missing = [name for name in wanted if name not in shapes]
        unknown = [name for name in shapes if name not in wanted]
        wrong = [name for name, shape in shapes.items() if name in wanted and wanted[name] != shape]
        if not missing and not unknown and not wrong:
            return
        if wrong:
            fault = f"{wrong[0]} is {shapes[wrong[0]]}, not {wanted[wrong[0]]}"
        else:
            fault = f"{missing[0]} is missing" if missing else f"{unknown[0]} is unknown"
        others = len(missing) + len(unknown) + len(wrong) - 1
        more = f" and {others} more" if others else ""
        rule = f"the weights do not fit their config.json: {fault}{more}"
        raise input_error(AssetError, rule, self.path, "fetch weights and config.json of one model")

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        found = {}
        for file, names in self._names().items():
            with opened(file) as tensors:
                for stored, name in names.items():
                    found[name] = tuple(tensors.get_slice(stored).get_shape())
        return found

    def _names(self) -> dict[Path, dict[str, str]]:
        """File → name in it → name in the model."""
        files = {}
        for file in self.files():
            with opened(file) as tensors:
                stored = [name for name in tensors.keys() if not name.startswith(_OTHER_PARTS)]
            files[file] = {name: _today(name) for name in stored}
        return files

    def load(self, dtype: torch.dtype) -> nn.Module:
        """The model with its weights, in evaluation mode, on the CPU.

        Args:
            dtype: of the parameters.
        """
        module = self.skeleton()
        self.check(module)
        state: dict[str, torch.Tensor] = {}
        for file, names in self._names().items():
            with opened(file) as tensors:
                # A copy: what the file maps into memory must not be trained upon.
                state |= {
                    name: tensors.get_tensor(stored).to(dtype, copy=True) for stored, name in names.items()
                }
        module.load_state_dict(state, strict=True, assign=True)
        return module.eval()


def _today(name: str) -> str:
    """A name as diffusers has it now."""
    for old, new in _OLD_NAMES.items():
        if ".attentions." in name and "transformer_blocks" not in name:
            name = name.replace(old, new)
    return name


def opened(file: Path) -> Any:
    """A safetensors file, as a context manager; fails with one line when it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(file, "pt")
    except (SafetensorError, OSError) as error:
        rule = "not a readable safetensors file"
        raise input_error(AssetError, rule, f"{file} ({error})", "fetch the file again") from error


def _build(kind: str, config: Mapping[str, Any]) -> nn.Module:
    if kind not in _DIFFUSERS:
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

        # A whole CLIP's configuration nests that of its eye, with much that is about text and training.
        nested = config.get("vision_config") or config
        vision = {name: nested[name] for name in _CLIP_OPTIONS if name in nested}
        if "projection_dim" in config:
            vision["projection_dim"] = config["projection_dim"]
        return CLIPVisionModelWithProjection(CLIPVisionConfig(**vision))
    import diffusers

    return getattr(diffusers, kind).from_config(dict(config))
