"""From renders to video: the reference portrait, guidance, the multi-view video denoiser and its training.

Owns: ``Portrait`` (the prepared reference), ``Guidance`` (the one channel table), the networks, sampling,
long-video windows, synthetic actors, training and metrics of the video model. Does not own: motion
generation, files of the user, command line.

Importing this package imports neither torch nor diffusers; that happens on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mvvideo.guidance import GUIDANCE_CHANNELS, Guidance
    from mvvideo.pipeline import PRESETS, VideoModel
    from mvvideo.portrait import Portrait

__all__ = ["GUIDANCE_CHANNELS", "PRESETS", "Guidance", "Portrait", "VideoModel"]

_HOME = {
    "GUIDANCE_CHANNELS": "mvvideo.guidance",
    "Guidance": "mvvideo.guidance",
    "PRESETS": "mvvideo.pipeline",
    "Portrait": "mvvideo.portrait",
    "VideoModel": "mvvideo.pipeline",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
