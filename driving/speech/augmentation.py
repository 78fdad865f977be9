"""Making recordings out of clean speech: rooms, noise, microphones, codecs, gain. numpy and scipy; seeded.

Changes that move phones in time (speed) or the voice (pitch, formants) are :func:`change_voice`; they apply before
targets are made. Everything in :func:`augment` leaves the timing alone: delays of codecs and rooms are taken out.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.signal

SAMPLE_RATE = 16000
_RATIO_LIMIT = 60


def change_voice(samples: np.ndarray, *, ratio: float) -> np.ndarray:
    """Resampled so that pitch and formants rise, and time shrinks, by ``ratio`` (0.8 to 1.25).

    A larger or smaller speaker, as a tape at another speed; phone times are to be divided by the ratio.
    """
    above, below = _fraction(ratio)
    return scipy.signal.resample_poly(samples, below, above).astype(np.float32)


def vary_tempo(samples: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Speech that hurries and lingers, its pitch rising and falling with it, as synthesizers hardly do.

    Returns:
        samples (M,) float32 at 16 kHz, and (N + 1,) seconds at which the old samples 0 to N are heard now.
    """
    count = len(samples)
    knots = max(3, int(count / SAMPLE_RATE / 0.3) + 2)
    bends = np.exp(np.clip(generator.normal(0.0, generator.uniform(0.04, 0.16), knots), -0.3, 0.3))
    rate = np.interp(np.linspace(0, knots - 1, count), np.arange(knots), bends)
    heard_at = np.concatenate([[0.0], np.cumsum(1.0 / rate)])  # (N + 1,) in new samples
    fine = scipy.signal.resample_poly(samples, 2, 1)
    wanted = np.arange(int(heard_at[-1]))
    old = np.interp(wanted, heard_at, np.arange(count + 1))
    warped = np.interp(2.0 * old, np.arange(len(fine)), fine)
    return warped.astype(np.float32), heard_at / SAMPLE_RATE


def make_breathy(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Noise in the place of some of the voice's buzz: husky above a few kHz, now and then a whisper."""
    width = 512
    _, _, spectrum = scipy.signal.stft(samples, SAMPLE_RATE, nperseg=width, noverlap=3 * width // 4)
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, len(spectrum))
    if generator.uniform() < 0.12:
        share = np.ones(len(hertz))
    else:
        edge = generator.uniform(800.0, 4000.0)
        share = generator.uniform(0.3, 1.0) / (1.0 + (edge / np.maximum(hertz, 1.0)) ** 3)
    turned = np.exp(2j * np.pi * generator.uniform(size=spectrum.shape))
    mixed = spectrum * (np.sqrt(1.0 - share)[:, None] + np.sqrt(share)[:, None] * turned)
    _, changed = scipy.signal.istft(mixed, SAMPLE_RATE, nperseg=width, noverlap=3 * width // 4)
    result = np.zeros(len(samples), np.float32)
    count = min(len(samples), len(changed))
    result[:count] = changed[:count]
    return result


def resample(samples: np.ndarray, sample_rate: int, to: int = SAMPLE_RATE) -> np.ndarray:
    """(N,) float32 at another rate."""
    if sample_rate == to:
        return samples.astype(np.float32)
    common = int(np.gcd(sample_rate, to))
    return scipy.signal.resample_poly(samples, to // common, sample_rate // common).astype(np.float32)


def augment(
    samples: np.ndarray,
    generator: np.random.Generator,
    *,
    others: tuple[np.ndarray, ...] = (),
) -> np.ndarray:
    """One recording of this clean speech, with every kind of trouble by chance.

    Args:
        samples: (N,) mono at 16 kHz.
        generator: source of chance.
        others: clips of other speakers, for babble.

    Returns:
        (N,) float32 in [-1, 1].
    """
    heard = samples.astype(np.float64)
    if generator.uniform() < 0.15:  # as it is, at another level
        return _levelled(heard, generator).astype(np.float32)
    if generator.uniform() < 0.45:
        heard = _equalised(heard, generator)
    if generator.uniform() < 0.40:
        heard = _in_room(heard, generator)
    if generator.uniform() < 0.75:
        heard = _with_noise(heard, generator, others)
    if generator.uniform() < 0.12:
        heard = _clipped(heard, generator)
    if generator.uniform() < 0.25:
        heard = _narrowed(heard, generator)
    if generator.uniform() < 0.10:
        heard = _coded(heard, generator)
    return _levelled(heard, generator).astype(np.float32)


# ---------------------------------------------------------------------- what happens to it


def _levelled(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    peak = max(float(np.abs(samples).max(initial=0.0)), 1e-6)
    return np.clip(samples / peak * generator.uniform(0.05, 1.0), -1.0, 1.0)


def _equalised(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A smooth random response of ±9 dB and a tilt: microphones, distance, chests."""
    bands = np.array([0.0, 120.0, 300.0, 700.0, 1500.0, 3000.0, 5000.0, 8000.0])
    gains = generator.normal(0.0, 4.0, len(bands)).clip(-9, 9)
    gains += generator.uniform(-2.0, 2.0) * np.log2(np.maximum(bands, 60.0) / 1000.0)
    taps = scipy.signal.firwin2(255, bands, 10 ** (gains / 20), fs=SAMPLE_RATE)
    return scipy.signal.fftconvolve(samples, taps, mode="same")


def _in_room(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A synthetic impulse response: the direct sound, a few early echoes, an exponential tail."""
    decay = generator.uniform(0.15, 0.8)  # seconds to -60 dB
    length = int(min(decay, 0.6) * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    tail = generator.normal(0.0, 1.0, length) * 10 ** (-3.0 * time / decay)
    tail[: int(0.004 * SAMPLE_RATE)] = 0.0
    tail = scipy.signal.lfilter([1.0], [1.0, -generator.uniform(0.1, 0.7)], tail)
    response = np.zeros(length)
    response[0] = 1.0
    direct_to_reverberant = generator.uniform(0.0, 16.0)
    response += tail / np.sqrt((tail**2).sum()) * 10 ** (-direct_to_reverberant / 20)
    for _ in range(int(generator.integers(0, 5))):
        response[int(generator.uniform(0.003, 0.03) * SAMPLE_RATE)] += generator.normal(0.0, 0.3)
    return scipy.signal.fftconvolve(samples, response)[: len(samples)]


def _with_noise(
    samples: np.ndarray, generator: np.random.Generator, others: tuple[np.ndarray, ...]
) -> np.ndarray:
    kinds: list[Callable[[int, np.random.Generator], np.ndarray]] = [_coloured, _hum, _music, _knocks]
    draw = generator.uniform()
    if others and draw < 0.22:
        noise = _babble(len(samples), generator, others)
    else:
        noise = kinds[int(generator.choice(4, p=[0.55, 0.1, 0.25, 0.1]))](len(samples), generator)
    ratio = generator.uniform(5.0, 40.0)
    power = max(float((samples**2).mean()), 1e-9)
    return samples + noise * np.sqrt(power / max(float((noise**2).mean()), 1e-12)) * 10 ** (-ratio / 20)


def _coloured(count: int, generator: np.random.Generator) -> np.ndarray:
    """Noise whose spectrum falls (or rises) with frequency: 1/f^a, a of -0.5 to 2."""
    size = 1 << int(np.ceil(np.log2(max(count, 2))))
    spectrum = np.fft.rfft(generator.normal(0.0, 1.0, size))
    spectrum *= np.maximum(np.arange(len(spectrum)), 8.0) ** (-0.5 * generator.uniform(-0.5, 2.0))
    return np.fft.irfft(spectrum)[:count] * _swell(count, generator)


def _hum(count: int, generator: np.random.Generator) -> np.ndarray:
    time = np.arange(count) / SAMPLE_RATE
    base = float(generator.choice([50.0, 60.0, 100.0]))
    parts = [generator.uniform(0.0, 1.0) / k * np.sin(2 * np.pi * base * k * time + k) for k in range(1, 9)]
    return np.sum(parts, axis=0) + 0.2 * generator.normal(0.0, 1.0, count)


def _music(count: int, generator: np.random.Generator) -> np.ndarray:
    """Chords of decaying partials, a bass and ticks: the temporal shape of music, not its beauty."""
    time = np.arange(count) / SAMPLE_RATE
    sound = np.zeros(count)
    beat = generator.uniform(0.25, 0.7)
    for start in np.arange(0.0, count / SAMPLE_RATE, beat):
        after = time - start
        on = (after >= 0) & (after < 4 * beat)
        shape = np.exp(-after[on] / generator.uniform(0.15, 0.8))
        root = 55.0 * 2 ** (generator.integers(0, 36) / 12)
        for step in (0, 4, 7):
            tone = root * 2 ** (step / 12)
            sound[on] += shape * np.sin(2 * np.pi * tone * after[on]) / 2
            sound[on] += shape * np.sin(2 * np.pi * 2 * tone * after[on]) / 4
        tick = int(start * SAMPLE_RATE)
        burst = generator.normal(0.0, 1.0, min(800, count - tick)) * np.exp(
            -np.arange(min(800, count - tick)) / 160
        )
        sound[tick : tick + len(burst)] += generator.uniform(0.0, 1.0) * burst
    return sound


def _knocks(count: int, generator: np.random.Generator) -> np.ndarray:
    """Steps, clicks, keys: short bursts at random times over a faint floor."""
    sound = 0.02 * generator.normal(0.0, 1.0, count)
    for _ in range(int(generator.integers(2, 12))):
        start, length = (
            int(generator.integers(0, max(count - 10, 1))),
            int(generator.uniform(0.004, 0.06) * SAMPLE_RATE),
        )
        length = min(length, count - start)
        sound[start : start + length] += generator.normal(0.0, 1.0, length) * np.exp(
            -np.arange(length) * 4.0 / length
        )
    return sound


def _babble(count: int, generator: np.random.Generator, others: tuple[np.ndarray, ...]) -> np.ndarray:
    """Two to five other clips at once."""
    sound = np.zeros(count)
    for _ in range(int(generator.integers(2, 6))):
        other = others[int(generator.integers(len(others)))]
        rolled = np.resize(np.roll(other, int(generator.integers(max(len(other), 1)))), count)
        sound += generator.uniform(0.3, 1.0) * rolled
    return sound


def _swell(count: int, generator: np.random.Generator) -> np.ndarray:
    """Loudness of a background over time, 0.4 to 1.6."""
    knots = generator.uniform(0.4, 1.6, max(2, count // SAMPLE_RATE + 2))
    return np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)


def _clipped(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    limit = max(float(np.percentile(np.abs(samples), generator.uniform(93.0, 99.5))), 1e-6)
    return np.clip(samples, -limit, limit)


def _narrowed(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Telephone (8 kHz) or another missing band; filtered forwards and backwards, so without delay."""
    low = generator.uniform(60.0, 320.0)
    high = float(generator.choice([3400.0, 3800.0, 5000.0, 6500.0]))
    sections = scipy.signal.butter(3, [low, high], btype="bandpass", fs=SAMPLE_RATE, output="sos")
    return scipy.signal.sosfiltfilt(sections, samples)


def _coded(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Through a lossy codec at a low rate and back, its delay taken out; as it is where there is no encoder."""
    codec, bits = [("libmp3lame", 24000), ("libmp3lame", 40000), ("aac", 24000), ("pcm_mulaw", 64000)][
        int(generator.integers(4))
    ]
    decoded = encode_decode(samples.astype(np.float32), codec, bits)
    if decoded is None:
        return samples
    return _aligned(decoded.astype(np.float64), samples)


def encode_decode(samples: np.ndarray, codec: str, bit_rate: int) -> np.ndarray | None:
    """(M,) float32 after a codec of PyAV; None where this build has no such encoder."""
    import av

    container_format = {"libmp3lame": "mp3", "aac": "adts", "pcm_mulaw": "wav"}[codec]
    rate = 8000 if codec == "pcm_mulaw" else SAMPLE_RATE
    given = resample(samples, SAMPLE_RATE, rate)
    store = io.BytesIO()
    try:
        with av.open(store, "w", format=container_format) as sink:
            stream: Any = sink.add_stream(codec, rate=rate)
            stream.bit_rate = bit_rate
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(
                (np.clip(given, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono"
            )
            frame.sample_rate = rate
            for packet in stream.encode(frame):
                sink.mux(packet)
            for packet in stream.encode(None):
                sink.mux(packet)
        store.seek(0)
        with av.open(store, "r") as source:
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
            blocks = [out.to_ndarray()[0] for f in source.decode(audio=0) for out in resampler.resample(f)]
    except (av.error.FFmpegError, ValueError):
        return None
    return np.concatenate(blocks).astype(np.float32) if blocks else None


def _aligned(late: np.ndarray, reference: np.ndarray, reach: int = 4000) -> np.ndarray:
    """``late`` moved so that it fits the reference best (up to ``reach`` samples), cut or padded to its length."""
    count = len(reference)
    late = np.pad(late, (0, max(0, count + reach - len(late))))[: count + reach]
    size = 1 << int(np.ceil(np.log2(2 * (count + reach))))
    product = np.fft.rfft(late, size) * np.conj(np.fft.rfft(reference, size))
    match = np.fft.irfft(product)[: reach + 1]
    delay = int(np.argmax(match))
    return late[delay : delay + count]


@lru_cache(maxsize=256)
def _fraction(ratio: float) -> tuple[int, int]:
    """The ratio as a fraction with small numbers."""
    from fractions import Fraction

    near = Fraction(ratio).limit_denominator(_RATIO_LIMIT)
    return near.numerator, near.denominator


def shift_formants(samples: np.ndarray, *, ratio: float) -> np.ndarray:
    """The spectral envelope stretched by ``ratio`` (0.8 to 1.25), pitch and timing kept.

    The envelope is the cepstrum's first part, window by window; harmonics are reweighted, not moved.
    """
    width = 512
    _, _, spectrum = scipy.signal.stft(samples, SAMPLE_RATE, nperseg=width, noverlap=3 * width // 4)
    log_size = np.log(np.abs(spectrum) + 1e-6)  # (257, frames)
    cepstrum = np.fft.irfft(log_size, axis=0)
    cepstrum[28:-27] = 0.0
    envelope = np.fft.rfft(cepstrum, axis=0).real
    bins = np.arange(len(envelope))
    source = np.clip(bins / ratio, 0, len(envelope) - 1)
    low = np.minimum(source.astype(np.int64), len(envelope) - 2)
    part = (source - low)[:, None]
    moved = envelope[low] * (1 - part) + envelope[low + 1] * part
    gain = np.exp(np.clip(moved - envelope, -3.0, 3.0))
    _, changed = scipy.signal.istft(spectrum * gain, SAMPLE_RATE, nperseg=width, noverlap=3 * width // 4)
    result = np.zeros(len(samples), np.float32)
    count = min(len(samples), len(changed))
    result[:count] = changed[:count]
    return result
