"""A sentence of known phones and a sound that fits it, made of tones and noise: no synthesizer needed."""

from __future__ import annotations

import numpy as np

from driving.speech.phones import PHONES, PhoneSpan

SAMPLE_RATE = 16000
SENTENCE = "_ m a p a b i _ f u v e w o s t _ b ə m ɑ f i _".split()
_LENGTHS = {"_": 0.55, "a": 0.13, "ɑ": 0.15, "ə": 0.07, "u": 0.12, "o": 0.13, "e": 0.12, "i": 0.11}


def spans_of(symbols: list[str] = SENTENCE) -> list[PhoneSpan]:
    """Spans one after the other with ordinary lengths."""
    spans, place = [], 0.0
    for symbol in symbols:
        length = _LENGTHS.get(symbol, 0.08)
        spans.append(PhoneSpan(symbol, place, place + length))
        place += length
    return spans


def sound_of(spans: list[PhoneSpan], sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """(N,) float32: vowels ring, fricatives hiss, stops and pauses are silent."""
    generator = np.random.default_rng(3)
    sound = np.zeros(round(spans[-1].end * sample_rate))
    for span in spans:
        first, last = round(span.start * sample_rate), round(span.end * sample_rate)
        time = np.arange(last - first) / sample_rate
        phone = PHONES[span.symbol]
        if phone.kind == "vowel":
            pitch = 120.0 + 15.0 * np.sin(4.0 * span.start)
            ring = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)], axis=0)
            sound[first:last] = 0.25 * (0.6 + 0.4 * (1 - phone.height)) * ring
        elif phone.manner in ("nasal", "approximant"):
            sound[first:last] = 0.08 * np.sin(2 * np.pi * 130.0 * time)
        elif phone.manner == "fricative":
            sound[first:last] = 0.03 * generator.normal(0.0, 1.0, last - first)
    return np.clip(sound + 1e-4 * generator.normal(0.0, 1.0, len(sound)), -1.0, 1.0).astype(np.float32)
