"""What the network hears: log-mel, PCEN, voicing, pitch and loudness, 100 frames a second, by librosa.

Everything is computed forwards in time from a small state, so a stream and a whole file give the same numbers,
and the level of the recording does not matter: a tracker follows the loudness of the speech, and PCEN (Wang
et al., Trainable Frontend for Robust Speech Recognition, ICASSP 2017) divides every band by its own past,
which takes out steady noise and the colour of the channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from driving.speech.resampling import SAMPLE_RATE

BANDS = 40
HOP = 160  # samples between frames
_FFT = 512
HALF_WINDOW = _FFT // 2
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 7600.0
_PITCH_HZ = (70.0, 400.0)
_FIRST_FRAMES = 48  # the level starts at the loudest of these
_FLOOR_DB = -52.0  # against full scale: what never gets louder is silence
_RELEASE_DB = 0.012  # per frame: 1.2 dB a second
_PCEN: dict[str, Any] = {"gain": 0.9, "bias": 2.0, "power": 0.3, "time_constant": 0.5}


class FeatureExtractor(Protocol):
    """Sound to rows of features.

    Attributes:
        name: kept in the weights, so that they are never used with other features.
        rate: rows per second, 100 or 50.
        dims: numbers a row.
        before, after: samples needed before the first row's time and after the last row's.
    """

    name: str
    rate: int
    dims: int
    before: int
    after: int

    def start(self) -> Any:
        """State of a new recording."""

    def quiet(self) -> np.ndarray:
        """(dims,) a row of silence, which stands before every recording."""

    def prosody(self, rows: np.ndarray) -> np.ndarray | None:
        """(R, 3) voicing from -1 to 1, pitch in octaves and loudness in dB of rows; None where they do not tell."""

    def rows(self, samples: np.ndarray, state: Any) -> np.ndarray:
        """(R, dims) of samples that reach ``before`` and ``after`` beyond the rows' times; advances state."""


@dataclass
class MelState:
    """What the rows so far leave behind: level in dB, its smoother, the last loudness, and PCEN's filter."""

    level: float | None = None
    energy: float = 0.0
    loudness: float | None = None
    filter: np.ndarray | None = None


class MelFeatures:
    """40 log-mel bands against the speech level, 40 PCEN bands, voicing, pitch, loudness and its change."""

    name = "mel-pcen-100"
    rate = SAMPLE_RATE // HOP
    dims = 2 * BANDS + 4
    before = HALF_WINDOW
    after = HALF_WINDOW

    def start(self) -> MelState:
        """State of a new recording."""
        return MelState()

    def quiet(self) -> np.ndarray:
        """(84,) a row of silence."""
        bands = np.full(BANDS, -70.0 / 20.0 + 1.2)
        return np.concatenate([bands, np.full(BANDS, -0.5), [-1.0, 0.0, -60.0 / 20.0 + 0.8, 0.0]]).astype(
            np.float32
        )

    def prosody(self, rows: np.ndarray) -> np.ndarray:
        """(R, 3) voicing, pitch in octaves about 160 Hz (0 unvoiced), loudness in dB against the speech."""
        loudness = 20.0 * (rows[:, 2 * BANDS + 2] - 0.8)
        return np.stack([rows[:, 2 * BANDS], rows[:, 2 * BANDS + 1], loudness], axis=1)

    def rows(self, samples: np.ndarray, state: MelState) -> np.ndarray:
        """(R, 84) float32, about -2 to 2 each; row r is centred on ``samples[before + 160 r]``.

        Args:
            samples: (before + 160 (R - 1) + after,) at 16 kHz.
            state: of the rows before; changed. The first call should bring 48 rows or more.
        """
        import librosa

        spectrum = librosa.stft(
            samples, n_fft=_FFT, hop_length=HOP, window=_window(), center=False, dtype=np.complex64
        )
        power = np.square(np.abs(spectrum)) / _FFT  # (257, R)
        mel = _mel_filters() @ power  # (40, R)
        level = self._level(power.sum(axis=0), state)  # (R,) dB
        bands = 10.0 * np.log10(mel + 1e-10) - level  # dB against the speech
        relative = mel / 10.0 ** (level / 10.0)
        loudness = 10.0 * np.log10(power.sum(axis=0) + 1e-10) - level
        before = float(loudness[0]) if state.loudness is None else state.loudness
        state.loudness = float(loudness[-1])
        voicing, pitch = _voicing(power, level)
        rows = [
            np.clip(bands, -70.0, 10.0) / 20.0 + 1.2,
            self._pcen(relative, state),
            voicing[None],
            pitch[None],
            np.clip(loudness, -60.0, 10.0)[None] / 20.0 + 0.8,
            np.clip(np.diff(loudness, prepend=before), -20.0, 20.0)[None] / 10.0,
        ]
        return np.concatenate(rows).T.astype(np.float32)

    def _level(self, energy: np.ndarray, state: MelState) -> np.ndarray:
        """Loudness of the speech so far in dB: rises in a tenth of a second, falls by 1.2 dB a second."""
        smooth = np.empty_like(energy)
        if state.level is None:
            state.energy = float(energy[:_FIRST_FRAMES].mean())
        value = state.energy
        for index, now in enumerate(energy):
            value += 0.1 * (float(now) - value)
            smooth[index] = value
        state.energy = value
        decibel = 10.0 * np.log10(smooth + 1e-10)
        if state.level is None:
            state.level = max(float(decibel[:_FIRST_FRAMES].max()), _FLOOR_DB + 12.0)
        level = np.empty_like(decibel)
        follow = state.level
        for index, now in enumerate(decibel):
            follow = max(float(now), follow - _RELEASE_DB, _FLOOR_DB)
            level[index] = follow
        state.level = follow
        return level

    def _pcen(self, relative: np.ndarray, state: MelState) -> np.ndarray:
        import librosa

        if state.filter is None:
            start = relative[:, :_FIRST_FRAMES].mean(axis=1, keepdims=True)
            state.filter = start * _filter_start()
        scaled, state.filter = librosa.pcen(
            relative * 1e3, sr=SAMPLE_RATE, hop_length=HOP, zi=state.filter * 1e3, return_zf=True, **_PCEN
        )
        state.filter = state.filter / 1e3
        return scaled - 0.5


@lru_cache(maxsize=1)
def _filter_start() -> float:
    """State of PCEN's smoother that has heard a constant 1: its one coefficient is 1 - b."""
    frames = _PCEN["time_constant"] * SAMPLE_RATE / HOP
    b = (np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    return float(1.0 - b)


@lru_cache(maxsize=1)
def _window() -> np.ndarray:
    """A Hann window of 25 ms in the middle of the transform."""
    short = np.hanning(401)[:-1]
    return np.pad(short, ((_FFT - 400) // 2, (_FFT - 400) // 2)).astype(np.float32)


@lru_cache(maxsize=1)
def _mel_filters() -> np.ndarray:
    import librosa

    return librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=_FFT, n_mels=BANDS, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ, norm=None
    )


def _voicing(power: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strength (R,) in about [-1, 1] and pitch (R,) in octaves about 160 Hz, by autocorrelation; unvoiced 0."""
    correlation = np.fft.irfft(power, axis=0)[: _FFT // 2]
    correlation = correlation / _window_correlation()[:, None]
    low, high = int(SAMPLE_RATE / _PITCH_HZ[1]), int(SAMPLE_RATE / _PITCH_HZ[0])
    searched = correlation[low:high]
    best = searched.argmax(axis=0)
    silence = 2.0 / _FFT * 10.0 ** (level / 10.0 - 4.5)  # 45 dB under the speech nothing has a pitch
    strength = np.take_along_axis(searched, best[None], axis=0)[0] / (correlation[0] + silence)
    strength = np.clip(strength, 0.0, 1.0)
    octaves = np.log2(SAMPLE_RATE / (best + low) / 160.0)
    return 2.0 * strength - 1.0, octaves * np.clip(4.0 * strength - 2.0, 0.0, 1.0)


@lru_cache(maxsize=1)
def _window_correlation() -> np.ndarray:
    """Autocorrelation of the window, by which the one of windowed sound is divided (Boersma 1993)."""
    own = np.fft.irfft(np.square(np.abs(np.fft.rfft(_window(), 2 * _FFT))))[: _FFT // 2]
    return np.maximum(own / own[0], 0.25)


def whole_recording(extractor: FeatureExtractor, samples: np.ndarray, *, rows: int) -> np.ndarray:
    """(rows, dims): all features of a recording at 16 kHz, with silence around it; for training."""
    hop = SAMPLE_RATE // extractor.rate
    need = extractor.before + hop * (rows - 1) + extractor.after
    padded = np.zeros(need, np.float32)
    inside = samples[: need - extractor.before]
    padded[extractor.before : extractor.before + len(inside)] = inside
    return extractor.rows(padded, extractor.start())
