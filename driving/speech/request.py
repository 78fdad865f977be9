"""What the speech driver is asked for, and the rules that a recording has to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from driving.speech.style import SpeechStyle, check_style
from flame.errors import AudioError, ConfigError, input_error
from flame.timing import DEFAULT_FPS, check_fps

SHORTEST_SECONDS = 0.04
LONGEST_SECONDS = 3600.0
LOWEST_RATE, HIGHEST_RATE = 8000, 192000
_LOUDEST = 4.0  # float decoders overshoot a little; whole numbers of 16 bit do not pass for samples


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeechRequest:
    """Motion from a recording.

    Attributes:
        samples: (N,) mono, float, nominally in [-1, 1]; loudness does not matter.
        sample_rate: samples a second, 8000 to 192000.
        fps: frames per second of the motion.
        seed: same seed, same motion; another seed moves head, eyes and lids otherwise, the lips hardly.
        style: how it is spoken.
        transcript: the words, where they are known: forced alignment then sharpens the lips.
        recognise: without a transcript, recognise English words in the sound, in processes of their own, and sharpen
            by those where they are sure (needs pocketsphinx; other languages are left as they are).
    """

    samples: np.ndarray
    sample_rate: int
    fps: float = DEFAULT_FPS
    seed: int = 0
    style: SpeechStyle = field(default_factory=SpeechStyle)
    transcript: str | None = None
    recognise: bool = False

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / self.sample_rate


def checked_request(request: SpeechRequest) -> np.ndarray:
    """The samples as (N,) float32, after every rule was looked at.

    Raises:
        AudioError: the recording cannot be used.
        ConfigError: a rate, seed or style out of range.
    """
    check_options(sample_rate=request.sample_rate, fps=request.fps, seed=request.seed, style=request.style)
    samples = checked_samples(request.samples)
    seconds = len(samples) / request.sample_rate
    if seconds < SHORTEST_SECONDS:
        given = f"{len(samples)} samples at {request.sample_rate} Hz"
        raise input_error(
            AudioError,
            f"a recording must last at least {SHORTEST_SECONDS:g} seconds",
            given,
            "give a longer one",
        )
    if seconds > LONGEST_SECONDS:
        raise input_error(
            AudioError,
            f"a recording may last at most {LONGEST_SECONDS:g} seconds",
            f"{seconds:.0f} seconds",
            "cut it, or feed it to SpeechDriver.stream block by block",
        )
    if request.transcript is not None and not (
        isinstance(request.transcript, str) and request.transcript.strip()
    ):
        raise input_error(
            AudioError, "a transcript must be the words spoken", repr(request.transcript), "leave it out"
        )
    return samples


def checked_samples(samples: Any) -> np.ndarray:
    """(N,) float32, finite and in range; also used on every block of a stream.

    Raises:
        AudioError: another shape or kind, NaN, or numbers that are no samples.
    """
    array = np.asarray(samples)
    if array.ndim != 1:
        raise input_error(AudioError, "samples must be one row, mono", array.shape, "average the channels")
    if array.dtype.kind != "f":
        raise input_error(
            AudioError, "samples must be floating point in [-1, 1]", array.dtype, "divide by full scale"
        )
    if array.size and not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise input_error(
            AudioError,
            "samples must be finite",
            f"{bad} of {array.size} are NaN or infinite",
            "mend the file",
        )
    if array.size and float(np.abs(array).max()) > _LOUDEST:
        largest = f"{float(np.abs(array).max()):.4g}"
        raise input_error(AudioError, "samples must lie in [-1, 1]", largest, "divide by full scale")
    return np.ascontiguousarray(array, dtype=np.float32)


def check_options(*, sample_rate: Any, fps: float, seed: Any, style: SpeechStyle) -> None:
    """Raise unless rates, seed and style are in range.

    Raises:
        AudioError: the sample rate.
        ConfigError: the rest.
    """
    whole = isinstance(sample_rate, (int, np.integer)) and not isinstance(sample_rate, bool)
    if not (whole and LOWEST_RATE <= sample_rate <= HIGHEST_RATE):
        raise input_error(
            AudioError,
            f"the sample rate must be a whole number from {LOWEST_RATE} to {HIGHEST_RATE}",
            sample_rate,
            "resample the recording, 16000 is what the network hears",
        )
    check_fps(fps)
    if not (isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and 0 <= seed < 2**62):
        raise input_error(ConfigError, "seed must be a whole number from 0", seed, "give one such as 7")
    if not math.isfinite(fps):
        raise input_error(ConfigError, "fps must be finite", fps, "give a rate such as 25")
    check_style(style)
