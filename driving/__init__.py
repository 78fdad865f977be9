"""Drivers: whatever can drive a portrait, behind one protocol.

Owns: the ``Driver`` protocol, requests, ``TextDriver``. Does not own: file reading and writing (drivers take
text, arrays and iterators), rendering.
"""

from __future__ import annotations

from driving.protocol import Driver, ScriptRequest, TextRequest
from driving.text import TextDriver

__all__ = ["Driver", "ScriptRequest", "TextDriver", "TextRequest"]
