"""Reading video clips frame by frame: nothing but the frame at hand is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import ImageError, input_error
from flame.timing import frame_count

__all__ = ["Clip", "open_clip"]

_NEXT = "give an mp4, mov, webm or mkv video"
LARGEST_SIDE = 8192


@dataclass(frozen=True)
class Clip:
    """A video file that was seen to decode.

    Attributes:
        path: the file; fps: frames per second; seconds: only this much from the start is read (None: all).
    """

    path: Path
    fps: float
    seconds: float | None = None

    def frames(self) -> Iterator[np.ndarray]:
        """``(H, W, 3)`` uint8 RGB, upright, in order.

        Raises:
            ImageError: the file is broken from some frame on.
        """
        limit = None if self.seconds is None else frame_count(self.seconds, fps=self.fps)
        for index, frame in enumerate(_decoded(self.path)):
            if limit is not None and index >= limit:
                return
            yield _upright(frame)

    def timed_frames(self, *, start_seconds: float = 0.0) -> Iterator[tuple[np.ndarray, float]]:
        """``(H, W, 3)`` uint8 RGB, upright, with the time at which each is shown, seconds from ``start_seconds`` on.

        Variable frame rates come out as they are. Frames that the file shows before its time 0, or whose times do
        not rise, are left out.

        Raises:
            ImageError: the file is broken from some frame on, or has no frame in the stretch asked for.
        """
        first: float | None = None
        latest = -1.0
        early = 0.5 / self.fps + 1e-6  # a frame belongs to the stretch that it is nearest to
        for index, frame in enumerate(_decoded(self.path)):
            shown = index / self.fps if frame.time is None else float(frame.time)
            first = shown if first is None else first
            seconds = shown - first - start_seconds
            if self.seconds is not None and seconds >= self.seconds - early:
                break
            if seconds >= -early and seconds > latest:
                latest = seconds
                yield _upright(frame), max(seconds, 0.0)
        if latest < 0.0:
            given = f"{self.path}, --start {start_seconds:g}"
            raise input_error(ImageError, "clip has no frame there", given, "give an earlier --start")

    def stated_seconds(self) -> float | None:
        """The length that the container states; nothing but a progress bar should believe it."""
        import av

        with av.open(str(self.path)) as container:
            return None if container.duration is None else container.duration / 1e6

    def count(self) -> int:
        """How many frames :meth:`frames` gives, by decoding them once."""
        limit = None if self.seconds is None else frame_count(self.seconds, fps=self.fps)
        total = 0
        for _ in _decoded(self.path):
            total += 1
            if limit is not None and total >= limit:
                break
        return total


def open_clip(path: str | os.PathLike[str], *, seconds: float | None = None) -> Clip:
    """Look at a video file and decode its first frame.

    Raises:
        ImageError: not there, not a video, no frame that decodes, frames that are far too large.
    """
    file = Path(path)
    if not file.is_file():
        rule = "clip is a folder" if file.is_dir() else "clip not found"
        raise input_error(ImageError, rule, file, "give the path of a video file")
    frames = _decoded(file)
    first = next(frames, None)
    if first is None:
        raise input_error(ImageError, "clip has no frames", file, _NEXT)
    frames.close()
    if max(first.width, first.height) > LARGEST_SIDE:
        given = f"{file}: {first.width}x{first.height}"
        raise input_error(ImageError, f"clip is larger than {LARGEST_SIDE} pixels", given, "scale it down")
    return Clip(file, _rate(file), seconds)


def _rate(file: Path) -> float:
    import av

    with av.open(str(file)) as container:
        rate = container.streams.video[0].average_rate
    return float(rate) if rate and 0 < rate <= 1000 else 25.0


def _decoded(file: Path) -> Any:
    """A generator of PyAV frames; its errors become ours."""
    import av

    try:
        with av.open(str(file)) as container:
            if not container.streams.video:
                raise input_error(ImageError, "file has no video in it", file, _NEXT)
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield from container.decode(stream)
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        given = f"{file} ({getattr(error, 'strerror', None) or error})"
        raise input_error(ImageError, "clip cannot be read", given, _NEXT) from error


def _upright(frame: Any) -> np.ndarray:
    """RGB, turned as the file says it is to be shown."""
    pixels = frame.to_ndarray(format="rgb24")
    quarter_turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns) if quarter_turns else pixels)
