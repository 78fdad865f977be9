"""Latent multi-view video models built from public weights: the same ideas at full size.

Two presets. ``sd15``: a reference U-Net and a denoising U-Net, both from a Stable Diffusion 1.5 folder,
AnimateDiff's motion modules and a view module after each. ``svd``: Stable Video Diffusion with a view module
after each of its spatio-temporal transformers.

Owns: configuration, reading of folders in diffusers' layout, the two networks, the noise processes, sampling,
three-phase training and the estimate of memory. Does not own: guidance (:mod:`mvvideo.guidance`), portraits,
training clips (:mod:`mvvideo.training`). Nothing here ever downloads: weights come from folders that are named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mvvideo.latent.config import LATENT_PRESETS, LatentConfig, load_latent_config
    from mvvideo.latent.pipeline import LatentVideoModel

__all__ = ["LATENT_PRESETS", "LatentConfig", "LatentVideoModel", "load_latent_config"]

_HOME = {
    "LATENT_PRESETS": "mvvideo.latent.config",
    "LatentConfig": "mvvideo.latent.config",
    "LatentVideoModel": "mvvideo.latent.pipeline",
    "load_latent_config": "mvvideo.latent.config",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
