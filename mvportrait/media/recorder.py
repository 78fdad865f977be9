"""Frames of several views on their way into files, in segments that survive a kill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from mvportrait.media.audio import AudioClip
from mvportrait.media.segments import SegmentedWriter, Stream
from mvportrait.media.sheets import GridLayout, resized, sample_frames, save_png, time_sheet
from mvportrait.media.sinks import LARGEST_CELL, SHEET_COLUMNS
from mvportrait.provenance import Provenance
from mvportrait.work import WorkFolder

__all__ = ["ViewRecorder"]


class ViewRecorder:
    """Like ``ViewSink``: a video for each view, a grid and a contact sheet, but able to go on after a kill.

    Use as a context manager around the writing, then :meth:`finish`.

    Args:
        work: where segments are kept; what it holds already is not written again.
        names: N view names; file names are made by ``file_name(index, name)``.
        frames: how many frames there are in all; fps: frames per second.
        size: side of the square frames, pixels.
        full: file name, height and width of a further video, with frames of its own.
    """

    def __init__(
        self,
        work: WorkFolder,
        *,
        names: Sequence[str],
        file_name: Callable[[int, str], str],
        frames: int,
        fps: float,
        size: int,
        provenance: Provenance,
        full: tuple[str, int, int] | None = None,
    ) -> None:
        self.names = tuple(names)
        self.files = tuple(file_name(index, name) for index, name in enumerate(names))
        self.fps = fps
        self.provenance = provenance
        self._work, self._frames = work, frames
        self._layout = GridLayout(len(self.names), size)
        self._cell = min(size, LARGEST_CELL)
        self._sampled_at = set(sample_frames(frames, SHEET_COLUMNS))
        tags = provenance.video_tags
        streams = [
            Stream(file, size, size, tags(view=name))
            for file, name in zip(self.files, self.names, strict=True)
        ]
        streams.append(Stream("grid.mp4", self._layout.height, self._layout.width, tags(view="grid")))
        if full is not None:
            streams.append(Stream(*full, tags(view="full frame")))
        self._writer = SegmentedWriter(work, streams, frames=frames, fps=fps)

    @property
    def frames_written(self) -> int:
        """Frames done, in this run or an earlier one."""
        return self._writer.frames_written

    def write(self, frames: np.ndarray, full: Sequence[np.ndarray] | None = None) -> None:
        """Append frames, (n, N, S, S, 3) uint8 RGB; and those of the further video, n of (h, w, 3)."""
        for index, views in enumerate(frames):
            if self.frames_written in self._sampled_at:
                small = np.stack([resized(view, self._cell) for view in views])
                self._writer.keep(_sample_name(self.frames_written), small)
            pictures = [*views, self._layout.compose(views)]
            self._writer.write(pictures if full is None else [*pictures, full[index]])

    def finish(self, folder: Path, *, sound: AudioClip | None = None) -> None:
        """Put videos, with their sound, and contact sheet together in ``folder``."""
        self._writer.join(folder, sound=sound)
        samples = [
            (index, np.load(self._work.path / _sample_name(index), allow_pickle=False))
            for index in sorted(self._sampled_at)
        ]
        sheet = time_sheet(samples, row_labels=self.names, fps=self.fps, cell=self._cell)
        save_png(folder / "contact_sheet.png", sheet, tags=self.provenance.picture_tags())

    def __enter__(self) -> ViewRecorder:
        self._writer.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, traceback)


def _sample_name(frame: int) -> str:
    return f"sample_{frame:06d}.npy"
