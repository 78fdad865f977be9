"""Any sample rate to 16 kHz, block by block, with the same numbers whatever the blocks.

A polyphase filter (Kaiser window, 75 dB) runs on a fixed grid of output blocks; each is computed from exactly
the input it needs. So a stream gives bit for bit what the whole recording gives, which no stateful resampler
promises.
"""

from __future__ import annotations

import math

import numpy as np

SAMPLE_RATE = 16000
_BLOCK = 1600  # output samples computed at once
_HALF_ZEROS = 16  # zero crossings of the filter on each side


class StreamResampler:
    """Feed blocks with :meth:`push`, take what is ready; :meth:`finish` gives the rest.

    Args:
        sample_rate: of the input, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        common = math.gcd(sample_rate, SAMPLE_RATE)
        self.up, self.down = SAMPLE_RATE // common, int(sample_rate) // common
        self._direct = self.up == self.down
        widest = max(self.up, self.down)
        self._half = _HALF_ZEROS * widest
        self._filter = self._design(widest)
        self._margin = -(-self._half // self.up) + 1  # input samples on each side
        self._held = np.zeros(self._margin, np.float32)  # starts ``margin`` samples before ``_begin``
        self._begin = 0  # input index of _held[margin]
        self._given = 0
        self._made = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Output samples that became certain with this input (N,) float32."""
        if self._direct:
            return samples
        self._given += len(samples)
        self._held = np.concatenate([self._held, samples])
        return self._advance(last=False)

    def finish(self) -> np.ndarray:
        """The rest: as many samples in all as the input's length at 16 kHz, rounded up."""
        if self._direct:
            return np.zeros(0, np.float32)
        self._held = np.concatenate(
            [self._held, np.zeros(self._margin + _BLOCK * self.down // self.up + 2, np.float32)]
        )
        return self._advance(last=True)

    def _advance(self, *, last: bool) -> np.ndarray:
        total = -(-self._given * self.up // self.down)
        parts = []
        while True:
            stop = self._made + _BLOCK
            if last and self._made >= total:
                break
            first_in = self._made * self.down // self.up
            last_in = (stop - 1) * self.down // self.up + self._margin
            if not last and last_in >= self._given:
                break
            self._drop(first_in)
            parts.append(self._block(first_in)[: (total - self._made) if last else _BLOCK])
            self._made = stop
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _drop(self, first_in: int) -> None:
        self._held = self._held[first_in - self._begin :]
        self._begin = first_in

    def _block(self, first_in: int) -> np.ndarray:
        """Output samples [made, made + BLOCK): y[m] = sum over n of x[n] h[m down − n up + half]."""
        from scipy.signal import upfirdn

        need = ((_BLOCK - 1) * self.down) // self.up + 2 * self._margin + 2
        taken = self._held[:need]
        taken = np.pad(taken, (0, need - len(taken)))
        # taken[j] is input first_in - margin + j; upfirdn's sample i (before decimation) is at i/up - half/up of it
        offset = (self._made * self.down) - (first_in - self._margin) * self.up + self._half
        lead = (-offset) % self.down  # so that the wanted phase lands on the decimation grid
        padded = np.concatenate([np.zeros(lead, np.float32), self._filter])
        out = upfirdn(padded, taken, self.up, self.down)
        begin = (offset + lead) // self.down
        return out[begin : begin + _BLOCK].astype(np.float32)

    def _design(self, widest: int) -> np.ndarray:
        from scipy.signal import firwin

        if self._direct:
            return np.ones(1, np.float32)
        taps = firwin(2 * self._half + 1, 0.94 / widest, window=("kaiser", 7.5))
        return (taps * self.up).astype(np.float32)


def resample(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """(N,) at ``sample_rate`` to (M,) at 16 kHz; what :class:`StreamResampler` gives."""
    stream = StreamResampler(sample_rate)
    return np.concatenate([stream.push(samples), stream.finish()])
