"""Frames in real time: from a camera, or from a file that is played at its own speed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import ImageError, input_error
from mvportrait.media.clips import Clip, open_clip

__all__ = ["LiveFrame", "LiveSource", "open_source"]

_WAIT_FOR_CAMERA_SECONDS = 5.0


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """A picture as it was taken.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright.
        seconds: when it was taken, from the first one on.
        taken_at: the same on the clock of ``time.perf_counter``.
    """

    image: np.ndarray
    seconds: float
    taken_at: float


@dataclass
class Clock:
    """When a played file was begun; ``held`` asks for a new beginning at the next frame."""

    began: float = 0.0
    held: bool = True


class LiveSource:
    """Iterate to get the newest frame; those that came while the consumer was busy are dropped.

    Args:
        frames: as they are taken.
        fps: of the source, as it says.
        clock: of a file that is played; None for a camera.

    Attributes:
        dropped: frames that nobody had time for.
    """

    def __init__(self, frames: Iterator[LiveFrame], *, fps: float, clock: Clock | None = None) -> None:
        self.fps = fps
        self.dropped = 0
        self._frames, self._clock = frames, clock

    def hold(self) -> None:
        """What was done since the last frame was preparation: a file goes on from where it is."""
        if self._clock is not None:
            self._clock.held = True

    def __iter__(self) -> Iterator[LiveFrame]:
        for frame in self._frames:
            # A frame is stale when the next one has been taken meanwhile.
            if time.perf_counter() - frame.taken_at > 1.0 / self.fps:
                self.dropped += 1
                continue
            yield frame


def open_source(given: str, *, seconds: float | None = None) -> LiveSource:
    """A camera by its number ("0"), or a video file.

    Raises:
        ImageError: no such camera or file, or one that gives no frames.
    """
    if given.isdigit():
        return _camera(int(given), seconds)
    clip = open_clip(Path(given), seconds=seconds)
    clock = Clock()
    return LiveSource(_played(clip, clock), fps=clip.fps, clock=clock)


def _played(clip: Clip, clock: Clock) -> Iterator[LiveFrame]:
    """The frames of a file, each at its time; decoding that is late makes stale frames."""
    for image, seconds in clip.timed_frames():
        if clock.held:
            clock.began, clock.held = time.perf_counter() - seconds, False
        due = clock.began + seconds
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        yield LiveFrame(image, seconds, due)


def _camera(number: int, seconds: float | None) -> LiveSource:
    import cv2

    capture: Any = cv2.VideoCapture(number)
    if not capture.isOpened():
        rule = "there is no such camera, or it is in use"
        raise input_error(ImageError, rule, number, "give another number, or a video file")
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return LiveSource(_captured(capture, number, seconds), fps=fps if 1.0 <= fps <= 240.0 else 30.0)


def _captured(capture: Any, number: int, seconds: float | None) -> Iterator[LiveFrame]:
    begin: float | None = None
    last = time.perf_counter()
    try:
        while True:
            there, picture = capture.read()
            now = time.perf_counter()
            if not there:
                if now - last > _WAIT_FOR_CAMERA_SECONDS:
                    rule = "the camera gives no pictures"
                    raise input_error(ImageError, rule, number, "plug it in again or give another number")
                continue
            last = now
            begin = now if begin is None else begin
            if seconds is not None and now - begin >= seconds:
                return
            yield LiveFrame(np.ascontiguousarray(picture[:, :, ::-1]), now - begin, now)
    finally:
        capture.release()
