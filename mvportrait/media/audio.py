"""Sound: read from any file with an audio stream, checked, resampled; and laid under finished videos as AAC.

Sound is decoded piece by piece. What a driver needs is 16 kHz mono (38 MB for ten minutes); what goes into a
video keeps its channels and is never held whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import AudioError, input_error

__all__ = ["DRIVER_SAMPLE_RATE", "MAX_AUDIO_SECONDS", "AudioClip", "has_audio", "lay_under", "open_audio"]

DRIVER_SAMPLE_RATE = 16_000
MAX_AUDIO_SECONDS = 600.0
"""The longest clip the product makes."""

_NEXT = "give a wav, flac, mp3, m4a or ogg file, or a video with sound"
_AAC_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
_LOUDEST = 4.0
"""Float files may overshoot 1 a little; samples beyond this are not sound."""


@dataclass(frozen=True)
class AudioClip:
    """A stretch of a file's first audio stream that was seen to decode.

    Attributes:
        path: the file.
        start_seconds: where the stretch begins.
        seconds: its length.
        sample_rate: of the file, Hz; channels: of the file.
        loudest: largest absolute sample of the stretch, in any channel.
    """

    path: Path
    start_seconds: float
    seconds: float
    sample_rate: int
    channels: int
    loudest: float = 1.0

    def read(self, sample_rate: int = DRIVER_SAMPLE_RATE) -> np.ndarray:
        """The stretch as ``(N,)`` float32 mono in [-1, 1] (the mean of its channels).

        Raises:
            AudioError: broken from some place on, or samples that are not numbers.
        """
        pieces = [piece.mean(axis=0) for piece in self._pieces(sample_rate, layout=None)]
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        if not samples.size:
            raise input_error(AudioError, "audio has no samples", self.path, _NEXT)
        return np.clip(samples, -1.0, 1.0).astype(np.float32)

    def is_silent(self) -> bool:
        """Whether every sample is below a ten-thousandth of full scale (−80 dB)."""
        return self.loudest < 1e-4

    def _pieces(self, sample_rate: int, layout: str | None) -> Iterator[np.ndarray]:
        """Blocks ``(C, n)`` float32 of the stretch, cut to the sample."""
        first = round(self.start_seconds * sample_rate)
        last = first + max(1, round(self.seconds * sample_rate))
        at = 0
        for block in _decoded(self.path, sample_rate, layout):
            begin, end = max(first - at, 0), min(last - at, block.shape[1])
            if begin < end:
                yield block[:, begin:end]
            at += block.shape[1]
            if at >= last:
                return


def open_audio(
    path: str | os.PathLike[str], *, start_seconds: float = 0.0, seconds: float | None = None
) -> AudioClip:
    """Look at a sound file, or a video with sound, and decode it once to know its length.

    Args:
        path: the file; what it is, its content says and not its name.
        start_seconds: leave this much out at the beginning.
        seconds: use at most this much; None: all of it.

    Raises:
        AudioError: not there, no sound in it, nothing that decodes, longer than ten minutes, samples that are not
            numbers, a start after its end.
    """
    file = Path(path)
    if not file.is_file():
        rule = "audio is a folder" if file.is_dir() else "audio not found"
        raise input_error(AudioError, rule, file, "give the path of a sound file")
    rate, channels = _format(file)
    wanted = MAX_AUDIO_SECONDS + 1.0 if seconds is None else seconds
    stop_at = start_seconds + wanted
    samples, loudest = 0, 0.0
    first, last = (round(at * DRIVER_SAMPLE_RATE) for at in (start_seconds, stop_at))
    for block in _decoded(file, DRIVER_SAMPLE_RATE, None):
        inside = block[:, max(first - samples, 0) : max(last - samples, 0)]
        loudest = max(loudest, float(np.abs(inside).max(initial=0.0)))
        samples += block.shape[1]
        if samples > stop_at * DRIVER_SAMPLE_RATE:
            break
    total = samples / DRIVER_SAMPLE_RATE
    if not samples:
        raise input_error(AudioError, "audio has no samples", file, _NEXT)
    if start_seconds >= total:
        given = f"--start {start_seconds:g} of {total:.2f} s"
        raise input_error(
            AudioError, "--start is after the end of the audio", given, "give an earlier --start"
        )
    length = min(wanted, total - start_seconds)
    if length > MAX_AUDIO_SECONDS:
        given = f"{file}: more than {MAX_AUDIO_SECONDS:g} s"
        rule = f"audio is longer than {MAX_AUDIO_SECONDS:g} seconds"
        raise input_error(AudioError, rule, given, "take a part of it with --start and --seconds")
    return AudioClip(file, start_seconds, length, rate, channels, loudest)


def has_audio(path: Path) -> bool:
    """Whether a file that decodes has an audio stream; False for anything that cannot be opened."""
    import av

    try:
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, OSError, ValueError):
        return False


def lay_under(video: Path, clip: AudioClip, path: Path, *, seconds: float) -> None:
    """Copy an mp4's picture and tags into ``path`` with the clip's sound beside it, AAC, from time 0 on.

    Args:
        video: the mp4; its picture is copied, not encoded again.
        clip: the sound; what is longer than ``seconds`` is cut, what is shorter ends earlier.
        path: the file to write, another one than ``video``.
        seconds: length of the video.
    """
    import av

    options = {"movflags": "+faststart"}
    with av.open(str(video)) as source, av.open(str(path), "w", format="mp4", options=options) as target:
        target.metadata.update(source.metadata)
        seen: Any = source.streams.video[0]
        picture: Any = target.add_stream_from_template(seen)
        rate = _aac_rate(clip.sample_rate)
        layout = "mono" if clip.channels == 1 else "stereo"
        sound: Any = target.add_stream("aac", rate=rate, layout=layout)
        sound.bit_rate = 96_000 if layout == "mono" else 160_000
        packets = (packet for packet in source.demux(seen) if packet.dts is not None)
        heard = _encoded(sound, clip, rate, layout, seconds)
        waiting = next(heard, None)
        for packet in packets:
            now = float(packet.dts * packet.time_base)
            while waiting is not None and float(waiting.dts * waiting.time_base) <= now:
                target.mux(waiting)
                waiting = next(heard, None)
            packet.stream = picture
            target.mux(packet)
        while waiting is not None:
            target.mux(waiting)
            waiting = next(heard, None)


def _encoded(stream: Any, clip: AudioClip, rate: int, layout: str, seconds: float) -> Iterator[Any]:
    """AAC packets of the first ``seconds`` of a clip."""
    import av

    left = round(seconds * rate)
    at = 0
    for block in clip._pieces(rate, layout):
        piece = np.ascontiguousarray(np.clip(block[:, :left], -1.0, 1.0))
        if not piece.shape[1]:
            break
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, at
        at += piece.shape[1]
        left -= piece.shape[1]
        yield from (packet for packet in stream.encode(frame) if packet.dts is not None)
    yield from (packet for packet in stream.encode(None) if packet.dts is not None)


def _aac_rate(rate: int) -> int:
    """The rate itself where AAC has it, else the next lower one, at most 48 kHz."""
    return next((known for known in _AAC_RATES if known <= rate), _AAC_RATES[-1])


def _format(file: Path) -> tuple[int, int]:
    import av

    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise input_error(AudioError, "file has no sound in it", file, _NEXT)
            stream: Any = container.streams.audio[0]
            return int(stream.rate or DRIVER_SAMPLE_RATE), int(stream.channels or 1)
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, AudioError):
            raise
        raise _unreadable(file, error) from error


def _decoded(file: Path, sample_rate: int, layout: str | None) -> Iterator[np.ndarray]:
    """Blocks ``(C, n)`` float32; ``layout`` None keeps the file's channels."""
    import av

    try:
        with av.open(str(file)) as container:
            stream: Any = container.streams.audio[0]
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=sample_rate)
            for frame in container.decode(stream):
                frame.pts = None
                for piece in resampler.resample(frame):
                    yield _checked(piece.to_ndarray(), file)
            for piece in resampler.resample(None):
                yield _checked(piece.to_ndarray(), file)
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        if isinstance(error, AudioError):
            raise
        raise _unreadable(file, error) from error


def _checked(block: np.ndarray, file: Path) -> np.ndarray:
    """The block itself, if it is sound.

    Raises:
        AudioError: NaN, infinite or absurdly large samples.
    """
    if not np.isfinite(block).all() or np.abs(block).max(initial=0.0) > _LOUDEST:
        rule = "audio has samples that are not numbers between -1 and 1"
        raise input_error(AudioError, rule, file, "export it again as wav or flac")
    return block


def _unreadable(file: Path, error: Exception) -> AudioError:
    given = f"{file} ({getattr(error, 'strerror', None) or error})"
    return input_error(AudioError, "audio cannot be read", given, _NEXT)
