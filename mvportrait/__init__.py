"""The product: from a portrait and a prompt to files.

Owns: the end-to-end pipeline, the command line, reading pictures and writing videos, atomic outputs,
manifests and provenance, the user's assets, ``doctor``.

Does not own: algorithms. What moves is `text2motion` and `driving`, what is seen is `renderer` and `mvvideo`.

Importing this package is cheap: every public name is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "AnimateOptions": "mvportrait.options",
    "AnimateResult": "mvportrait.pipeline",
    "Picture": "mvportrait.media.images",
    "TurntableOptions": "mvportrait.options",
    "VideoWriter": "mvportrait.media.video",
    "animate": "mvportrait.pipeline",
    "read_picture": "mvportrait.media.images",
    "turntable": "mvportrait.turntable",
}

__all__ = [
    "AnimateOptions",
    "AnimateResult",
    "Picture",
    "TurntableOptions",
    "VideoWriter",
    "__version__",
    "animate",
    "read_picture",
    "turntable",
]

if TYPE_CHECKING:
    from mvportrait.media.images import Picture, read_picture
    from mvportrait.media.video import VideoWriter
    from mvportrait.options import AnimateOptions, TurntableOptions
    from mvportrait.pipeline import AnimateResult, animate
    from mvportrait.turntable import turntable


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mvportrait' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
