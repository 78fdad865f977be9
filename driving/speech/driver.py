"""Driving by speech."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from driving.speech.request import SpeechRequest, check_options, checked_request, checked_samples
from driving.speech.style import SpeechStyle
from flame.checks import check_between
from flame.errors import AudioError, ConfigError, InputError, input_error
from flame.timing import DEFAULT_FPS

if TYPE_CHECKING:
    from driving.speech.features import FeatureExtractor
    from driving.speech.layout import Units
    from driving.speech.network import SpeechNetwork
    from driving.speech.placing import HeardWord
    from driving.speech.streaming import SpeechStream
    from flame.sequence import FlameSequence

_BLOCK = 16000
_TRUST = 0.6


def extractor_named(name: str) -> FeatureExtractor:
    """``"mel"``, or the folder of a wav2vec2 / HuBERT model.

    Raises:
        AssetError: there is no such model.
    """
    if name == "mel":
        from driving.speech.features import MelFeatures

        return MelFeatures()
    from driving.speech.transformer_features import TransformerFeatures

    return TransformerFeatures(Path(name))


class SpeechDriver:
    """Motion of lips, face, gaze and head from a voice; the network is loaded on the first request.

    Args:
        model: network and units other than the package's own (``weight_files.load_weights(path)``).
        extractor: of features other than the default's; must be the one the network was trained on.
        guidance: 1 follows the style as learnt; up to about 2 exaggerates it, at twice the cost.
        steps: of the sampler, 1 to 50.
    """

    def __init__(
        self,
        model: tuple[SpeechNetwork, Units] | None = None,
        *,
        extractor: FeatureExtractor | None = None,
        guidance: float = 1.0,
        steps: int = 2,
    ) -> None:
        for name, value, low, high in (("guidance", guidance, 0.0, 5.0), ("steps", steps, 1, 50)):
            check_between(name, value, low, high)
        self._model, self._extractor = model, extractor
        self._guidance, self._steps = guidance, steps

    def drive(self, request: SpeechRequest) -> FlameSequence:
        """The relative motion for a recording: ``frame_count(request.seconds, fps=request.fps)`` frames.

        Silence is a resting face with closed lips that blinks and breathes. With a transcript the lips are
        sharpened by forced alignment afterwards.

        Raises:
            AudioError: the recording or its transcript cannot be used.
            MissingDependencyError: a transcript or recognition is asked for and pocketsphinx is not installed.
            ConfigError: a number out of range.
        """
        samples = checked_request(request)
        if request.transcript is not None:
            return _aligned(self._whole(samples, request)[0], samples, request)
        if not request.recognise:
            return self._whole(samples, request)[0]
        from driving.speech.hearing import Hearing

        try:
            hearing = Hearing(samples, request.sample_rate)
        except InputError:  # too short or too quiet for the recogniser
            return self._whole(samples, request)[0]
        with hearing:
            sequence, heard = self._whole(samples, request, keep_phones=True)
            return _recognised(sequence, hearing.words(), heard, samples, request)

    def _whole(
        self, samples: np.ndarray, request: SpeechRequest, *, keep_phones: bool = False
    ) -> tuple[FlameSequence, np.ndarray]:
        """The motion of a recording; and what phones the network hears (F, 59), if they are to be kept."""
        from flame.sequence import concatenate

        stream = self._stream(
            sample_rate=request.sample_rate,
            fps=request.fps,
            seed=request.seed,
            style=request.style,
            keep_phones=keep_phones,
        )
        parts = []
        for start in range(0, len(samples), _BLOCK):
            parts.append(stream.push(samples[start : start + _BLOCK]))
        parts.append(stream.finish())
        heard = np.concatenate(stream.phones) if stream.phones else np.zeros((0, 0), np.float16)
        return concatenate([part for part in parts if part is not None]), heard

    def stream(
        self,
        blocks: Iterable[np.ndarray],
        *,
        sample_rate: int,
        fps: float = DEFAULT_FPS,
        seed: int = 0,
        style: SpeechStyle | None = None,
    ) -> Iterator[FlameSequence]:
        """Motion while the sound comes in; memory does not grow with length.

        A frame comes out at most ``streaming.LATENCY_SECONDS`` after its sound went in. Joined, the sequences are
        what :meth:`drive` gives for all the blocks together, bit for bit, however long the blocks are.

        Args:
            blocks: (N,) float samples each, mono, in [-1, 1].
            sample_rate: of the blocks.
            fps: of the motion.
            seed: same seed, same motion.
            style: how it is spoken.

        Raises:
            AudioError: a block cannot be used, or there was no sound at all.
            ConfigError: a number out of range.
        """
        style = SpeechStyle() if style is None else style
        check_options(sample_rate=sample_rate, fps=fps, seed=seed, style=style)
        return self._streamed(blocks, self._stream(sample_rate=sample_rate, fps=fps, seed=seed, style=style))

    def _streamed(self, blocks: Iterable[np.ndarray], stream: SpeechStream) -> Iterator[FlameSequence]:
        heard = 0
        for block in blocks:
            samples = checked_samples(block)
            heard += len(samples)
            ready = stream.push(samples)
            if ready is not None:
                yield ready
        if not heard:
            raise input_error(
                AudioError, "a recording must have samples", "an empty stream", "feed some blocks"
            )
        rest = stream.finish()
        if rest is not None:
            yield rest

    def _stream(
        self, *, sample_rate: int, fps: float, seed: int, style: SpeechStyle, keep_phones: bool = False
    ) -> SpeechStream:
        from driving.speech.streaming import SpeechStream

        network, units = self._loaded()
        extractor = self._extractor
        if extractor is None:
            extractor = extractor_named("mel")
        if extractor.name != network.config.features or extractor.dims != network.config.feature_dims:
            raise input_error(
                ConfigError,
                f"the network was trained on the features {network.config.features}",
                extractor.name,
                "give SpeechDriver that extractor",
            )
        return SpeechStream(
            network,
            units,
            extractor,
            sample_rate=sample_rate,
            fps=fps,
            seed=seed,
            style=style,
            guidance=self._guidance,
            steps=self._steps,
            keep_phones=keep_phones,
        )

    def _loaded(self) -> tuple[SpeechNetwork, Units]:
        if self._model is None:
            from driving.speech.weight_files import load_weights

            self._model = load_weights()
        return self._model


def _aligned(sequence: FlameSequence, samples: np.ndarray, request: SpeechRequest) -> FlameSequence:
    """Lips by forced alignment of the transcript."""
    from driving.speech.alignment import align
    from driving.speech.loudness import loudness_of
    from driving.speech.sharpening import sharpen

    assert request.transcript is not None
    phones = align(samples, request.sample_rate, request.transcript)
    return sharpen(sequence, phones, trust=_TRUST, tracks=loudness_of(samples, request.sample_rate))


def _recognised(
    sequence: FlameSequence,
    words: list[HeardWord],
    heard: np.ndarray,
    samples: np.ndarray,
    request: SpeechRequest,
) -> FlameSequence:
    """Lips by the English words that were recognised, where the network hears their phones, too.

    Where it does not (another language, a song, noise) the motion stays as it is.
    """
    from driving.speech.hearing import missed, sureness
    from driving.speech.layout import MOTION_FPS
    from driving.speech.loudness import loudness_of
    from driving.speech.phones import tidy
    from driving.speech.placing import lips_as_one, placed
    from driving.speech.sharpening import sharpen

    merged = lips_as_one(heard)
    phones = tidy(placed(words, merged), request.seconds)
    sure = sureness(phones, merged)
    if not sure.any():
        return sequence
    sure = sure * (1.0 - missed(phones, merged))
    times = np.arange(len(sequence)) / sequence.fps
    sure = np.interp(times, np.arange(len(sure)) / MOTION_FPS, sure)
    tracks = loudness_of(samples, request.sample_rate)
    return sharpen(sequence, phones, trust=_TRUST, tracks=tracks, sure=sure)
