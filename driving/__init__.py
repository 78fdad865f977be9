"""Drivers: whatever can drive a portrait, behind one protocol.

Owns: the ``Driver`` protocol, requests, ``TextDriver``, ``SpeechDriver``, ``VideoDriver``, and mixing them.
Does not own: file reading and writing (drivers take text, arrays and iterators), rendering.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from driving.mixing import Mix, mix, parse_mix
from driving.protocol import Driver, ScriptRequest, TextRequest
from driving.text import TextDriver

if TYPE_CHECKING:
    from driving.speech import SpeechDriver, SpeechRequest, SpeechStyle
    from driving.video import TimedFrame, VideoDriver, VideoRequest

__all__ = [
    "Driver",
    "Mix",
    "ScriptRequest",
    "SpeechDriver",
    "SpeechRequest",
    "SpeechStyle",
    "TextDriver",
    "TextRequest",
    "TimedFrame",
    "VideoDriver",
    "VideoRequest",
    "mix",
    "parse_mix",
]

_HOME = {
    **dict.fromkeys(("SpeechDriver", "SpeechRequest", "SpeechStyle"), "driving.speech"),
    **dict.fromkeys(("TimedFrame", "VideoDriver", "VideoRequest"), "driving.video"),
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
