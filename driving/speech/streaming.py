"""Sound in, motion out, chunk by chunk on one fixed grid: what a stream gives is what one shot gives.

::

    samples ──► 16 kHz ──► rows of features ──► encoder ──► chunk k: 12 frames at 50 fps ──► frames at fps
                (blocks of 0.1 s)  (12 frames a time)      32 frames carried over

Chunk k is made when the sound up to 0.2 s after its end is there. Whatever the sizes of the blocks pushed, every
stage works on the same pieces, so the numbers are the same to the last bit. What is kept between chunks does not
grow with time. Latency: 0.24 s of chunk, 0.2 s of hearing ahead, 0.05 s of windows and smoothing: 0.5 s at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from driving.speech.accents import AHEAD_FRAMES, VoiceAccents
from driving.speech.eyes import LivingEyes
from driving.speech.finishing import (
    FUTURE_FRAMES,
    PAST_FRAMES,
    at_times,
    finished,
    peaked,
    rest_context,
    steadied,
)
from driving.speech.layout import CONTACTS, MOTION_FPS, from_columns, with_eyes
from driving.speech.resampling import SAMPLE_RATE, StreamResampler
from driving.speech.swell import VoiceSwell
from flame.timing import frame_count

if TYPE_CHECKING:
    import torch

    from driving.speech.features import FeatureExtractor
    from driving.speech.layout import Units
    from driving.speech.network import SpeechNetwork
    from driving.speech.style import SpeechStyle
    from flame.sequence import FlameSequence

LATENCY_SECONDS = 0.5
"""At most this long after a sound its frame can be given out."""
STEPS = 2
"""Of the sampler. The draft says nearly all: 4 steps measured the same at half the speed, 1 leaves the head still."""
_SPEECH = CONTACTS.index("speech")


class SpeechStream:
    """One recording on its way through the network.

    Args:
        network, units: of :func:`driving.speech.weight_files.load_weights`.
        extractor: of the features that the network was trained on.
        sample_rate: of what is pushed.
        fps: of what comes out.
        seed: of head, eyes and lids.
        style: how it is spoken.
        guidance: 1 follows the style as learnt, more exaggerates it (at twice the cost).
        steps: of the sampler.
        keep_phones: collect :attr:`phones` for a look at what was heard; they grow with time.

    Attributes:
        phones: probabilities of phones, (12, 59) float16 a chunk, 50 frames a second from 0 on.
    """

    def __init__(
        self,
        network: SpeechNetwork,
        units: Units,
        extractor: FeatureExtractor,
        *,
        sample_rate: int,
        fps: float,
        seed: int,
        style: SpeechStyle,
        guidance: float = 1.0,
        steps: int = STEPS,
        keep_phones: bool = False,
    ) -> None:
        self.phones: list[np.ndarray] = []
        self._keep_phones = keep_phones
        self._network, self._units, self._extractor = network, units, extractor
        self._fps, self._seed, self._style = fps, int(seed), style
        self._rate = sample_rate
        self._guidance, self._steps = guidance, steps
        self._resampler = StreamResampler(sample_rate)
        self._given = 0  # samples pushed
        self._sound = np.zeros(
            extractor.before, np.float32
        )  # from ``before`` samples ahead of the next row on
        self._state = extractor.start()
        self._sampler = _Sampler(network, units, seed=int(seed), style=style, guidance=guidance, steps=steps)
        self._rows = self._quiet_rows()
        self._motion = rest_context(PAST_FRAMES)  # (F, D), its first row is inner frame ``_first``
        self._contacts = np.zeros((PAST_FRAMES, len(CONTACTS)), np.float32)
        self._voice = VoiceSwell()
        self._swell = np.ones((PAST_FRAMES, 1), np.float32)
        self._nods = VoiceAccents(seed=int(seed))
        self._accents = np.zeros((PAST_FRAMES, 2), np.float32)
        self._first = -PAST_FRAMES
        self._emitted = 0

    def push(self, samples: np.ndarray) -> FlameSequence | None:
        """Take a block (N,) float32 in; give out the frames that became certain, None if there are none."""
        self._given += len(samples)
        self._sound = np.concatenate([self._sound, self._resampler.push(samples)])
        while self._advance():
            pass
        return self._emit(None)

    def finish(self) -> FlameSequence | None:
        """The rest, so that all frames together are ``frame_count(seconds, fps)``; None if all are out."""
        self._sound = np.concatenate([self._sound, self._resampler.finish()])
        total = frame_count(self._given / self._rate, fps=self._fps)
        last = math.ceil((total - 1) / self._fps * MOTION_FPS)
        need = max(0, last + FUTURE_FRAMES + 1 - (self._first + len(self._motion)))
        chunks = -(-need // self._network.config.chunk)
        hop = SAMPLE_RATE // self._extractor.rate
        rows = self._network.config.chunk * self._network.config.rows_per_frame
        reach = hop * (rows * chunks + self._network.config.rows_after) + self._extractor.after
        self._sound = np.concatenate([self._sound, np.zeros(reach, np.float32)])
        for _ in range(chunks):
            self._advance()
        return self._emit(total)

    # ------------------------------------------------------------------ stages

    def _quiet_rows(self) -> np.ndarray:
        config = self._network.config
        before = config.rows_before + config.rows_per_frame * config.context
        return np.repeat(self._extractor.quiet()[None], before, axis=0)

    def _advance(self) -> bool:
        """Make the next chunk if its sound is there."""
        config, extractor = self._network.config, self._extractor
        wanted = config.rows_before + config.rows_per_frame * self._pending_frames() + config.rows_after
        missing = wanted - len(self._rows)
        hop = SAMPLE_RATE // extractor.rate
        need = extractor.before + hop * (missing - 1) + extractor.after
        if len(self._sound) < need:
            return False
        fresh = extractor.rows(self._sound[:need], self._state)
        self._voice.hear(self._energies(missing // config.rows_per_frame))
        self._sound = self._sound[hop * missing :]
        self._rows = np.concatenate([self._rows, fresh])
        accents = self._accented()
        columns, contacts = self._sampler.chunk(self._rows if self._sampler.made == 0 else fresh)
        if self._keep_phones:
            self.phones.append(self._sampler.phones())
        keep = config.rows_before + config.rows_after
        self._rows = self._rows[-keep:]
        self._motion = np.concatenate([self._motion, columns])
        self._contacts = np.concatenate([self._contacts, contacts])
        self._swell = np.concatenate([self._swell, self._voice.chunk(config.chunk)[:, None]])
        self._accents = np.concatenate([self._accents, accents])
        return True

    def _accented(self) -> np.ndarray:
        """(chunk, 2) lift of the head and brows by the voice, for the chunk that is about to be made."""
        config = self._network.config
        step = config.rows_per_frame
        end = len(self._rows) - config.rows_after + step * AHEAD_FRAMES
        ahead = AHEAD_FRAMES if self._sampler.made == 0 else 0  # the first frames are heard beforehand
        told = self._extractor.prosody(self._rows[end - step * (config.chunk + ahead) : end : step])
        if told is None:
            return np.zeros((config.chunk, 2), np.float32)
        return self._nods.chunk(told[:, 0], told[:, 1], told[:, 2])[ahead:]

    def _energies(self, frames: int) -> np.ndarray:
        """(frames,) mean square of the sound within 0.01 s of each frame, from the next row's time on."""
        hop = SAMPLE_RATE // MOTION_FPS
        start = self._extractor.before - hop // 2
        around = self._sound[start : start + hop * frames].reshape(frames, hop)
        return np.mean(np.square(around, dtype=np.float64), axis=1)

    def _pending_frames(self) -> int:
        """Frames that the encoder makes in the next chunk; the first one brings the carry-over's too."""
        config = self._network.config
        return config.chunk + (config.context if self._sampler.made == 0 else 0)

    def _emit(self, total: int | None) -> FlameSequence | None:
        """Finish the frames whose inner frames are all there; ``total`` once the length is known."""
        certain = self._first + len(self._motion) - 1 - FUTURE_FRAMES  # the last inner frame that is
        frames = 0 if certain < 0 else math.floor(certain / MOTION_FPS * self._fps + 1e-9) + 1
        stop = min(frames, total) if total is not None else frames
        if (
            total is None
        ):  # how many frames there will be is known at the end alone: hold back what may be too many
            stop = min(stop, math.floor(self._given / self._rate * self._fps + 0.5 - 1e-6))
        if stop <= self._emitted:
            return None
        times = np.arange(self._emitted, stop) / self._fps
        steady = steadied(self._motion)
        inside = at_times(steady, self._first + PAST_FRAMES, times, fps=self._fps, strongest=False)
        contacts = at_times(peaked(self._contacts), self._first, times, fps=self._fps, strongest=True)
        swell = at_times(self._swell, self._first, times, fps=self._fps, strongest=False)[:, 0]
        accents = at_times(self._accents, self._first, times, fps=self._fps, strongest=False)
        self._emitted = stop
        self._forget()
        return finished(
            inside, contacts, times, swell=swell, accents=accents, fps=self._fps, style=self._style
        )

    def _forget(self) -> None:
        """Drop inner frames that no later frame looks at."""
        keep_from = math.floor(self._emitted / self._fps * MOTION_FPS) - PAST_FRAMES - 1
        drop = min(max(0, keep_from - self._first), len(self._motion) - 1)
        self._motion, self._contacts = self._motion[drop:], self._contacts[drop:]
        self._swell, self._accents = self._swell[drop:], self._accents[drop:]
        self._first += drop


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch on one thread: a second one does nothing for a dozen frames but waits busily, and words need its core."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Sampler:
    """Chunks of motion from rows of features, with the carry-over between them."""

    def __init__(
        self,
        network: SpeechNetwork,
        units: Units,
        *,
        seed: int,
        style: SpeechStyle,
        guidance: float,
        steps: int,
    ) -> None:
        import torch

        from driving.speech.network import EncoderMemory

        config = network.config
        self._network, self._units = network, units
        self._seed, self._guidance, self._steps = seed, guidance, steps
        self._style = torch.from_numpy(np.append(style.vector(), np.float32(1.0)))[None]
        self._context = torch.from_numpy(units.forward(rest_context(config.context)))[None]
        self._eyes = LivingEyes(seed=seed, style=style)
        self._memory = EncoderMemory()
        self._modulations: dict[tuple[int, float], list[torch.Tensor]] = {}  # by style and noise level
        self._heard: torch.Tensor | None = None  # sound of the carry-over's frames (1, C, W)
        self.made = 0

    def chunk(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The next frames (chunk, D) in columns, and their contacts (chunk, 4).

        Args:
            rows: of features: those before the recording and up to the end of the first chunk's reach in the first
                call, in later ones the rows since.
        """
        import torch

        config = self._network.config
        with torch.inference_mode(), _one_thread():
            fresh = self._network.encoder(torch.from_numpy(rows)[None], self._memory)
            sound = fresh if self._heard is None else torch.cat([self._heard, fresh], dim=1)
            contacts = torch.sigmoid(self._network.encoder.contact(sound[:, config.context :]))[0].numpy()
            window = self._denoised(sound)
            columns = self._units.backward(window[0, config.context :].numpy())
            neck = from_columns(columns)["neck"]
            columns = with_eyes(columns, *self._eyes.chunk(contacts[:, _SPEECH], neck))
            made = torch.from_numpy(self._units.forward(columns))[None]
            self._context = torch.cat([self._context, made], dim=1)[:, -config.context :]
            self._heard = sound[:, -config.context :]
        self.made += 1
        return columns, contacts

    def phones(self) -> np.ndarray:
        """(chunk, 59) float16 probabilities of the phones in the chunk made last."""
        import torch

        assert self._heard is not None
        with torch.inference_mode(), _one_thread():
            chances = self._network.encoder.phone(self._heard[:, -self._network.config.chunk :]).softmax(
                dim=-1
            )
        return np.asarray(chances[0].numpy(), np.float16)

    def _denoised(self, sound: torch.Tensor) -> torch.Tensor:
        """(1, context + chunk, D) of what they sound like (1, context + chunk, W)."""
        import torch

        from driving.speech.network import window_noise
        from text2motion.sampling import ddim

        network, config = self._network, self._network.config
        known = torch.zeros(1, config.context + config.chunk)
        known[:, : config.context] = 1.0
        generator = torch.Generator().manual_seed((self._seed * 1_000_003 + self.made) % (2**63))
        noise = window_noise((1, config.chunk, config.columns), generator)
        given = [(self._style, 1.0)]
        if self._guidance != 1.0:
            given = [(self._style, self._guidance), (torch.zeros_like(self._style), 1.0 - self._guidance)]
        prepared = []
        for number, (style, share) in enumerate(given):
            draft = network.encoder.drafted(sound, style)
            prepared.append((number, style, share, draft, network.listen(sound, draft)))

        def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            window = torch.cat([self._context, x], dim=1)
            total = torch.zeros_like(x)
            for number, style, share, draft, heard in prepared:
                key = (number, float(t[0]))
                if key not in self._modulations:
                    self._modulations[key] = network.modulations(t, style)
                clean = network.denoise(window, self._modulations[key], known=known, heard=heard, draft=draft)
                total = total + share * clean[:, config.context :]
            return total

        made = ddim(model, noise, steps=self._steps)
        return torch.cat([self._context, made], dim=1)
