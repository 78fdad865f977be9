"""Videos in segments: each complete in itself, put together without encoding again.

A segment begins with a key frame and refers to nothing outside it (x264 closes its groups of pictures), so
joining is copying packets and moving their times. Sound is laid under the joined video, which copies its
packets once more and encodes none of its frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from mvportrait.media.audio import AudioClip, lay_under
from mvportrait.media.video import VideoWriter
from mvportrait.work import WorkFolder

__all__ = ["SEGMENT_SECONDS", "SegmentedWriter", "Stream", "join_segments", "segment_frames"]

SEGMENT_SECONDS = 2.0
"""What a kill can cost at most; players seek to the borders of segments."""


def segment_frames(fps: float) -> int:
    """Frames of every segment but the last."""
    return max(1, round(SEGMENT_SECONDS * fps))


@dataclass(frozen=True)
class Stream:
    """One video of a run: its file name, its size in pixels, and the tags of its container."""

    file: str
    height: int
    width: int
    tags: Mapping[str, str]


class SegmentedWriter:
    """Encode several synchronized videos into a work folder, segment by segment.

    Begins after the segments that the folder holds already. As a context manager it leaves, after an exception,
    the finished segments alone and removes the unfinished one.

    Args:
        work: where segments go.
        streams: the videos.
        frames: how many there will be in all.
        fps: frames per second.
    """

    def __init__(self, work: WorkFolder, streams: Sequence[Stream], *, frames: int, fps: float) -> None:
        self.work, self.streams, self.frames, self.fps = work, tuple(streams), frames, fps
        self.frames_written = work.frames
        self._length = segment_frames(fps)
        self._writers: list[VideoWriter] = []
        self._others: list[str] = []
        self._stack = ExitStack()

    def write(self, pictures: Sequence[np.ndarray]) -> None:
        """Append one frame to every stream, (H, W, 3) uint8 RGB each."""
        if not self._writers:
            self._begin_segment()
        for writer, picture in zip(self._writers, pictures, strict=True):
            writer.write(picture)
        self.frames_written += 1
        if self.frames_written % self._length == 0 or self.frames_written == self.frames:
            self._finish_segment()

    def keep(self, file: str, pixels: np.ndarray) -> None:
        """Store an array with the segment of the next frame to be written."""
        if not self._writers:
            self._begin_segment()
        np.save(self.work.path / file, pixels, allow_pickle=False)
        self._others.append(file)

    def join(self, folder: Path, *, sound: AudioClip | None = None) -> None:
        """Put every stream together in ``folder``, with ``sound`` under it."""
        count = len(self.work.segments)
        for index, stream in enumerate(self.streams):
            parts = [self.work.path / _segment_name(number, index) for number in range(count)]
            lengths = [self._length] * count  # all but the last, whose length moves nothing
            path = folder / stream.file
            join_segments(parts, path, frames=lengths, fps=self.fps, tags=stream.tags)
            if sound is not None:
                silent = path.with_name(f".silent.{path.name}")
                path.replace(silent)
                lay_under(silent, sound, path, seconds=self.frames / self.fps)
                silent.unlink()

    def _begin_segment(self) -> None:
        number = len(self.work.segments)
        with ExitStack() as stack:
            for index, stream in enumerate(self.streams):
                path = self.work.path / _segment_name(number, index)
                writer = VideoWriter(path, fps=self.fps, height=stream.height, width=stream.width)
                self._writers.append(stack.enter_context(writer))
            self._stack = stack.pop_all()

    def _finish_segment(self) -> None:
        self._stack.close()
        files = [writer.path.name for writer in self._writers] + self._others
        self.work.finish_segment(files, frames=self._writers[0].frames_written)
        self._writers, self._others = [], []

    def __enter__(self) -> SegmentedWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)


def _segment_name(number: int, stream: int) -> str:
    return f"segment_{number:05d}_{stream:02d}.mp4"


def join_segments(
    segments: Sequence[Path],
    path: Path,
    *,
    frames: Sequence[int],
    fps: float,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Put segments one after the other into one mp4, index in front, without encoding again.

    Args:
        segments: files as ``VideoWriter`` makes them, all with the same size and rate.
        path: the video.
        frames: frames of each segment.
        fps: frames per second.
        tags: container metadata.
    """
    import av

    options = {"movflags": "+faststart"}
    with av.open(str(path), mode="w", format="mp4", options=options) as container:
        container.metadata.update(dict(tags or {}))
        stream: Any = None
        rate = Fraction(fps).limit_denominator(1000)
        before, decoded_first = 0, 0  # frames; ticks
        for segment, count in zip(segments, frames, strict=True):
            with av.open(str(segment)) as part:
                source: Any = part.streams.video[0]
                tick = int(1 / rate / source.time_base)  # of a frame
                packets = (packet for packet in part.demux(source) if packet.dts is not None)
                for number, packet in enumerate(packets):
                    if stream is None:
                        stream = container.add_stream_from_template(source)
                        stream.time_base = source.time_base
                        decoded_first = packet.dts
                    packet.pts += before * tick
                    # Not the segment's own: one that is too short for B-frames begins later.
                    packet.dts = decoded_first + (before + number) * tick
                    packet.stream = stream
                    container.mux(packet)
            before += count
