"""mvvideo.portrait: a photo prepared once, so that it can be posed and seen from anywhere.

Owns: finding the face, the crop, the matte, the background plate, the fitted head with the photo on it, the
closed hull of hair and clothes, and drawing them (the "appearance").
Does not own: decoding picture files (``mvportrait``), fitting (``flame.fitting``), rasterising (``renderer``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mvvideo.portrait.appearance import Appearance, AppearanceModel
    from mvvideo.portrait.portrait import Portrait

_HOME = {"Appearance": "appearance", "AppearanceModel": "appearance", "Portrait": "portrait"}

__all__ = ["Appearance", "AppearanceModel", "Portrait"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
