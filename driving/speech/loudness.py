"""Loudness and pitch of speech over time, on numpy alone: what stress, head and brows go by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE = 100.0
"""Values per second of every track here; value i is centred at i / RATE seconds."""
_FLOOR_DB = -90.0
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 420.0
_BLOCK = 2000  # windows looked at together


@dataclass(frozen=True, eq=False)
class Loudness:
    """Tracks of one recording, (N,) each at :data:`RATE` values a second.

    Attributes:
        level_db: energy of 25 ms in dB re full scale.
        loudness: level against the clip's own speech level: 0 at 30 dB below it, 1 at it, up to about 1.3.
    """

    level_db: np.ndarray
    loudness: np.ndarray

    def at(self, name: str, seconds: np.ndarray) -> np.ndarray:
        """A track's values at these times, linearly."""
        track = getattr(self, name)
        return np.interp(np.asarray(seconds) * RATE, np.arange(len(track)), track.astype(np.float64))


@dataclass(frozen=True, eq=False)
class Prosody(Loudness):
    """Loudness, and the melody beside it.

    Attributes:
        pitch: semitones against the clip's median, 0 where unvoiced (bridged, smoothed).
        voiced: bool.
    """

    pitch: np.ndarray
    voiced: np.ndarray


def loudness_of(samples: np.ndarray, sample_rate: int) -> Loudness:
    """Tracks of mono samples in [-1, 1]; silence gives loudness 0."""
    level = level_db(samples, sample_rate)
    reference = speech_level_db(level)
    return Loudness(level, np.clip((level - (reference - 30.0)) / 30.0, 0.0, 1.3))


def prosody(samples: np.ndarray, sample_rate: int) -> Prosody:
    """Tracks of mono samples in [-1, 1] with their pitch, which takes twenty times as long; silence gives pitch 0."""
    loud = loudness_of(samples, sample_rate)
    pitch, voiced = _pitch(samples, sample_rate, len(loud.level_db), loud.loudness)
    return Prosody(loud.level_db, loud.loudness, pitch, voiced)


def level_db(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """(N,) energy of 25 ms windows in dB re full scale, at :data:`RATE`."""
    count = max(1, int(np.floor(len(samples) / sample_rate * RATE)) + 1)
    half = 0.0125 * sample_rate
    centres = np.arange(count) * sample_rate / RATE
    low = np.clip(np.round(centres - half), 0, len(samples)).astype(np.int64)
    high = np.clip(np.round(centres + half), 0, len(samples)).astype(np.int64)
    power = np.empty(count)
    for first in range(0, count, _BLOCK):  # a long recording is not squared as a whole
        block = slice(first, min(first + _BLOCK, count))
        begin = low[first]
        part = np.asarray(samples[begin : high[block.stop - 1]], np.float64)
        total = np.concatenate([[0.0], np.cumsum(part**2)])
        length = np.maximum(high[block] - low[block], 1)
        power[block] = (total[high[block] - begin] - total[low[block] - begin]) / length
    return 10.0 * np.log10(np.maximum(power, 10 ** (_FLOOR_DB / 10)))


def speech_level_db(level: np.ndarray) -> float:
    """Level of the clip's louder speech: the 85th percentile of what is within 40 dB of its peak, at least -55."""
    loud = level[level > level.max() - 40.0]
    return float(max(np.percentile(loud, 85), -55.0))


def _pitch(
    samples: np.ndarray, sample_rate: int, count: int, loudness: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Semitones against the median and voicing, by the normalised autocorrelation of 50 ms windows."""
    step = max(1, round(sample_rate / 8000))
    signal = np.asarray(samples, np.float64)
    if step > 1:  # a plain mean is filter enough for the fundamental
        signal = signal[: len(signal) // step * step].reshape(-1, step).mean(axis=1)
    rate = sample_rate / step
    width = int(0.05 * rate)
    padded = np.pad(signal, (width // 2, width + int(rate / RATE) + 1))
    starts = np.minimum(np.round(np.arange(count) * rate / RATE).astype(np.int64), len(padded) - width)
    best, strength = np.zeros(count, np.int64), np.zeros(count)
    for first in range(0, count, _BLOCK):
        some = slice(first, first + _BLOCK)
        best[some], strength[some] = _periods(padded, starts[some], width, rate)
    voiced = (strength > 0.45) & (loudness > 0.25)
    if voiced.sum() < 5:
        return np.zeros(count), np.zeros(count, bool)
    tones = 12.0 * np.log2(rate / np.maximum(best, 1))
    tones = tones - np.median(tones[voiced])
    voiced &= np.abs(tones) < 10.0
    if not voiced.any():  # an even number of tones far apart: their median is none of them
        return np.zeros(count), np.zeros(count, bool)
    index = np.arange(count)
    bridged = np.interp(index, index[voiced], tones[voiced])
    smooth = np.convolve(
        np.pad(bridged, 4, mode="edge"), np.hanning(11)[1:-1] / np.hanning(11).sum(), "valid"
    )
    return smooth, voiced


def _periods(
    padded: np.ndarray, starts: np.ndarray, width: int, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Period in samples and its strength of the windows that start there, (F,) each."""
    frames = padded[starts[:, None] + np.arange(width)] * np.hanning(width)
    size = 1 << int(np.ceil(np.log2(2 * width)))
    spectrum = np.fft.rfft(frames, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, :width]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(width), size)) ** 2)[:width]
    correlation = correlation / np.maximum(window / window[0], 0.05)
    low, high = int(rate / _HIGHEST_HZ), min(int(rate / _LOWEST_HZ), width - 2)
    part = correlation[:, low:high] / np.maximum(correlation[:, :1], 1e-9)
    # the first peak that is nearly the best one: the octave below is as good a repetition
    good = part > 0.92 * part.max(axis=1, keepdims=True)
    best = low + np.argmax(good, axis=1)
    best = best + _climb(correlation, best)
    strength = np.take_along_axis(correlation, best[:, None], 1)[:, 0] / np.maximum(correlation[:, 0], 1e-9)
    return best, strength


def _climb(correlation: np.ndarray, place: np.ndarray, reach: int = 12) -> np.ndarray:
    """How many steps up the hill from each place the local peak lies (at most ``reach``)."""
    steps = np.zeros(len(place), np.int64)
    rows = np.arange(len(place))
    for _ in range(reach):
        here = np.minimum(place + steps, correlation.shape[1] - 2)
        steps = steps + (correlation[rows, here + 1] > correlation[rows, here])
    return steps
