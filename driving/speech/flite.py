"""Speech from flite's voices with the time of every phone, through its library. For making training data only.

flite carries two near-natural American and Scottish voices that festival's packages lack. The library (Debian:
``libflite1``) is looked for on first use; nothing at run time needs it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import lru_cache
from typing import Any

import numpy as np

from driving.speech.phones import SILENCE, PhoneSpan, from_arpabet, spread, tidy
from flame.errors import ConfigError, MissingDependencyError, input_error

VOICES: tuple[str, ...] = ("rms", "awb", "slt", "kal16")
"""Voices of the library, all English: ``libflite_cmu_us_NAME``."""


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    ]


class Flite:
    """The synthesizer of this process (one for all; not for use from several threads)."""

    def __init__(self) -> None:
        library = _library("flite")
        pointers = ("flite_synth_text", "utt_relation", "relation_head", "item_next")
        for name in pointers:
            getattr(library, name).restype = ctypes.c_void_p
        library.utt_wave.restype = ctypes.POINTER(_Wave)
        for name in ("item_feat_string", "ffeature_string"):
            getattr(library, name).restype = ctypes.c_char_p
        library.item_feat_float.restype = ctypes.c_float
        library.flite_init()
        self._flite = library
        self._voices: dict[str, Any] = {}

    def say(
        self, text: str, *, voice: str, stretch: float = 1.0, pitch_hz: float | None = None
    ) -> tuple[np.ndarray, int, list[PhoneSpan]]:
        """Speak an English text.

        Args:
            text: what to say.
            voice: one of :data:`VOICES`.
            stretch: factor on the length of every phone.
            pitch_hz: mean pitch; the voice's own by default.

        Returns:
            samples (N,) float32 in [-1, 1], sample rate, and phones from 0 to the end.

        Raises:
            ConfigError: an unknown voice.
        """
        library = self._flite
        chosen = self._voice(voice)
        features = ctypes.c_void_p(_Voice.from_address(chosen).features)
        library.feat_set_float(features, b"duration_stretch", ctypes.c_float(stretch))
        if pitch_hz is not None:
            library.feat_set_float(features, b"int_f0_target_mean", ctypes.c_float(pitch_hz))
        utterance = ctypes.c_void_p(
            library.flite_synth_text(text.encode("ascii", "ignore"), ctypes.c_void_p(chosen))
        )
        try:
            wave = library.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float32) / 32768.0
            rate = int(wave.sample_rate)
            spans = self._spans(utterance, len(samples) / rate)
        finally:
            library.delete_utterance(utterance)
        return samples, rate, spans

    def _voice(self, name: str) -> int:
        if name not in VOICES:
            raise input_error(ConfigError, "flite has no such voice", name, f"use one of {', '.join(VOICES)}")
        if name not in self._voices:
            register = getattr(_library(f"flite_cmu_us_{name}"), f"register_cmu_us_{name}")
            register.restype = ctypes.c_void_p
            self._voices[name] = register(None)
        return self._voices[name]

    def _spans(self, utterance: ctypes.c_void_p, seconds: float) -> list[PhoneSpan]:
        library = self._flite
        segments = ctypes.c_void_p(library.utt_relation(utterance, b"Segment"))
        item = library.relation_head(segments)
        spans: list[PhoneSpan] = []
        start = 0.0
        while item:
            here = ctypes.c_void_p(item)
            name = library.item_feat_string(here, b"name").decode("ascii", "replace")
            end = float(library.item_feat_float(here, b"end"))
            stress = float(library.ffeature_string(here, b"R:SylStructure.parent.stress") == b"1")
            spans += spread(from_arpabet(name) or (SILENCE,), start, end, stress)
            start, item = end, library.item_next(here)
        return tidy(spans, seconds)


class _Voice(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("features", ctypes.c_void_p)]


@lru_cache(maxsize=1)
def flite() -> Flite:
    """The synthesizer, started on first use.

    Raises:
        MissingDependencyError: flite's library is not installed.
    """
    return Flite()


def _library(name: str) -> ctypes.CDLL:
    """A library of flite's by the name that Debian's package gives it."""
    for file in (ctypes.util.find_library(name), f"lib{name}.so.1"):
        try:
            if file:
                return ctypes.CDLL(file)
        except OSError:
            continue
    raise MissingDependencyError(
        "flite", purpose="to make speech to train on", install="apt-get install libflite1"
    )
