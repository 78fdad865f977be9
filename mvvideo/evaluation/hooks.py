"""Networks that the user brings: LPIPS, face embeddings, picture and video features. All are TorchScript files.

None of these may be shipped or downloaded, so each is a file; without it the column says why it is empty.

============  ==================================================================  ==================
hook          input                                                               output
============  ==================================================================  ==================
``lpips``     two ``(N, 3, H, W)`` in [−1, 1]                                     ``N`` distances
``identity``  ``(N, 3, 112, 112)`` in [−1, 1], eyes, nose and mouth aligned       ``(N, D)``
``features``  ``(N, 3, H, W)`` in [0, 1]                                          ``(N, D)``
``videos``    ``(N, 3, 16, H, W)`` in [0, 1]                                      ``(N, D)``
============  ==================================================================  ==================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import AssetError, input_error

__all__ = ["VIDEO_FRAMES", "Hooks", "load_torchscript"]

VIDEO_FRAMES = 16
"""Frames of a clip as video-feature networks (I3D) take them."""

_OPTION = {"lpips": "--lpips", "identity": "--identity", "features": "--fid", "videos": "--fvd"}


def load_torchscript(path: Path) -> Any:
    """A TorchScript network on the CPU.

    Raises:
        AssetError: not there, or not TorchScript.
    """
    import torch

    if not path.is_file():
        raise input_error(AssetError, "network file not found", path, "give a TorchScript file (.pt)")
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError, OSError) as error:
        raise input_error(
            AssetError, "file is not a TorchScript network", path, "save one with torch.jit.save"
        ) from error


@dataclass(frozen=True)
class Hooks:
    """Loaded networks; ``absent`` says for the others why their column is empty."""

    lpips: Callable[..., Any] | None = None
    identity: Callable[..., Any] | None = None
    features: Callable[..., Any] | None = None
    videos: Callable[..., Any] | None = None
    absent: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def load(
        *,
        lpips: Path | None = None,
        identity: Path | None = None,
        features: Path | None = None,
        videos: Path | None = None,
    ) -> Hooks:
        """Load what is given; for LPIPS the ``lpips`` package is tried, if its weights are on this machine."""
        given = {"lpips": lpips, "identity": identity, "features": features, "videos": videos}
        loaded: dict[str, Any] = {name: load_torchscript(path) for name, path in given.items() if path}
        absent = {name: f"no {_OPTION[name]} FILE" for name in given if name not in loaded}
        if "lpips" not in loaded:
            network, why = _packaged_lpips()
            if network is not None:
                loaded["lpips"] = network
                absent.pop("lpips")
            else:
                absent["lpips"] += f"; {why}"
        return Hooks(**loaded, absent=absent)

    def lpips_of(self, a: np.ndarray, b: np.ndarray) -> float | None:
        """Distance of two pictures ``(H, W, 3)`` uint8."""
        if self.lpips is None:
            return None
        return float(_called(self.lpips, "lpips", 2.0 * _nchw(a) - 1.0, 2.0 * _nchw(b) - 1.0).mean())

    def embedding_of(self, face: np.ndarray) -> np.ndarray | None:
        """Unit vector ``(D,)`` of an aligned face ``(112, 112, 3)`` uint8."""
        if self.identity is None:
            return None
        vector = _called(self.identity, "identity", 2.0 * _nchw(face) - 1.0).reshape(-1)
        return vector / max(float(np.linalg.norm(vector)), 1e-9)

    def features_of(self, picture: np.ndarray) -> np.ndarray | None:
        """``(1, D)`` of a picture ``(H, W, 3)`` uint8."""
        if self.features is None:
            return None
        return _called(self.features, "fid", _nchw(picture)).reshape(1, -1)

    def video_features_of(self, pictures: np.ndarray) -> np.ndarray | None:
        """``(1, D)`` of ``(16, H, W, 3)`` uint8."""
        if self.videos is None:
            return None
        import torch

        clip = torch.from_numpy(pictures).permute(3, 0, 1, 2)[None].float() / 255.0
        return _called(self.videos, "fvd", clip).reshape(1, -1)


def _nchw(picture: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255.0


def _called(network: Callable[..., Any], name: str, *inputs: Any) -> np.ndarray:
    """The network's answer as float64; what it cannot digest is the user's file, not our failure."""
    import torch

    try:
        with torch.inference_mode():
            return np.asarray(network(*inputs), np.float64)
    except (RuntimeError, TypeError, ValueError) as error:
        shapes = ", ".join(str(tuple(value.shape)) for value in inputs)
        rule = f"the network of --{name} does not take its input"
        raise input_error(AssetError, rule, shapes, "see the table of hooks for what it is given") from error


def _packaged_lpips() -> tuple[Any, str]:
    """The ``lpips`` package's AlexNet, if both it and torchvision's weights are here; else why not."""
    import importlib.util

    if importlib.util.find_spec("lpips") is None:
        return None, "package lpips is not installed"
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    if not list(folder.glob("alexnet-*.pth")):
        return None, f"package lpips has no AlexNet weights in {folder}"
    try:
        import lpips

        return lpips.LPIPS(net="alex", verbose=False).eval(), ""
    except (ImportError, RuntimeError, OSError) as error:
        return None, f"package lpips does not start ({type(error).__name__})"
