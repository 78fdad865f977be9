"""The mouth opens wider for a louder voice: a factor per frame from the sound itself.

Loud speech opens the jaw and lips further (Schulman, Articulatory Dynamics of Loud and Normal Speech, 1989). The
network hears loudness only beside everything else; this keeps the lips with the voice on recordings of any kind.
"""

from __future__ import annotations

import numpy as np

_AHEAD = 2  # frames: the level is a mean over 0.1 s
_RELEASE = 10.0 ** (-1.2 / 10.0 / 50.0)  # the speech level falls by 1.2 dB a second
_QUIETEST = 1e-7  # mean square of what counts as silence
_SMALLEST, _GROWTH = 0.60, 0.70


class VoiceSwell:
    """Factors on the opening of the mouth, 0.6 where it is quiet to 1.3 at the level of the speech."""

    def __init__(self) -> None:
        self._energy = np.zeros(_AHEAD)
        self._level = _QUIETEST

    def hear(self, energy: np.ndarray) -> None:
        """Mean squares of the sound around the next frames (50 a second)."""
        self._energy = np.concatenate([self._energy, energy])

    def chunk(self, frames: int) -> np.ndarray:
        """(frames,) float32 for the next frames; two more must have been heard."""
        smooth = np.convolve(self._energy[: frames + 2 * _AHEAD], np.array([1, 2, 3, 2, 1]) / 9.0, "valid")
        self._energy = self._energy[frames:]
        share = np.empty(frames)
        for index, now in enumerate(smooth):
            self._level = max(float(now), self._level * _RELEASE, _QUIETEST)
            share[index] = np.sqrt(now / self._level)
        return (_SMALLEST + _GROWTH * np.sqrt(share)).astype(np.float32)
