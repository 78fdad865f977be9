"""Parametric heads and their motion, in FLAME's layout.

Owns: the head model, :class:`FlameSequence` (the one type of motion), rotations, frame timing, the
ARKit-52 rig, landmarks, fitting landmarks to a head, signals measured on the posed mesh, converting
between heads, reading and writing motion and head files, and the project's errors.

Does not own: pixels, networks, cameras of renders, or any file that is not a motion or a head.

Importing this package is cheap: every public name is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "FlameSequence": "flame.sequence",
    "concatenate": "flame.sequence",
    "crossfade": "flame.sequence",
    "frame_count": "flame.timing",
    "frame_index": "flame.timing",
    "apply_relative": "flame.relative",
    "FlameHead": "flame.head",
    "load_head": "flame.head",
    "retarget": "flame.retargeting",
    "fit_landmarks": "flame.fitting",
    "FitResult": "flame.fitting",
    "measure": "flame.signals",
}

__all__ = [
    "FitResult",
    "FlameHead",
    "FlameSequence",
    "apply_relative",
    "concatenate",
    "crossfade",
    "fit_landmarks",
    "frame_count",
    "frame_index",
    "load_head",
    "measure",
    "retarget",
]

if TYPE_CHECKING:
    from flame.fitting import FitResult, fit_landmarks
    from flame.head import FlameHead, load_head
    from flame.relative import apply_relative
    from flame.retargeting import retarget
    from flame.sequence import FlameSequence, concatenate, crossfade
    from flame.signals import measure
    from flame.timing import frame_count, frame_index


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'flame' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
