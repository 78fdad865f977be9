"""mvvideo.actors: synthetic people, and the training clips made of them.

Owns: the actor kit (packed from MakeHuman's CC0 assets, never shipped), who an actor is, its textures, light and
pictures, the random motions it makes, the clips the video model is trained on, and the bundled demo portrait.
Does not own: the head model, cameras, the portrait and guidance code that runs on the pictures, the clip format.

Command line: ``python -m mvvideo.actors pack|sheet|generate|demo --help``.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Actor": "actor",
    "ActorKit": "kit",
    "ActorSpec": "spec",
    "load_kit": "kit",
    "pack_kit": "pack",
    "sample_spec": "spec",
}

__all__ = ["Actor", "ActorKit", "ActorSpec", "load_kit", "pack_kit", "sample_spec"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
