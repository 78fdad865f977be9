"""Driving by speech: a diffusion model from sound to lips, face, lids, gaze and head.

Owns: ``SpeechDriver``, its requests and styles; the features of sound, the network and its weights, streaming;
the corpus of synthesised speech that it learns from (phones, co-articulation, prosody, augmentation), training,
forced alignment and evaluation. Does not own: reading sound files (drivers take arrays), rendering.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driving.speech.driver import SpeechDriver
    from driving.speech.request import SpeechRequest
    from driving.speech.style import SpeechStyle, style_from_motion

_HOME = {
    "SpeechDriver": "driver",
    "SpeechRequest": "request",
    "SpeechStyle": "style",
    "style_from_motion": "style",
}
__all__ = ["SpeechDriver", "SpeechRequest", "SpeechStyle", "style_from_motion"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
