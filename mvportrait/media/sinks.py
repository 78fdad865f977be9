"""Where frames of several views go as they come: one video each, a grid, samples for the contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from mvportrait.media.sheets import GridLayout, sample_frames, save_png, time_sheet
from mvportrait.media.video import VideoWriter
from mvportrait.provenance import Provenance

__all__ = ["LARGEST_CELL", "SHEET_COLUMNS", "ViewSink"]

SHEET_COLUMNS = 6
LARGEST_CELL = 320


class ViewSink:
    """Encode frames of N views while they are made; only the few samples of the contact sheet are kept.

    Use as a context manager: on success the videos are finished and the contact sheet is written, on an
    exception every unfinished file is removed.

    Args:
        folder: where the files go.
        names: N view names; file names are made by ``file_name(index, name)``.
        frames: how many frames will come.
        fps: frames per second.
        size: side of the square frames, pixels.
        grid: also write ``grid.mp4``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        names: Sequence[str],
        file_name: Callable[[int, str], str],
        frames: int,
        fps: float,
        size: int,
        provenance: Provenance,
        grid: bool = True,
    ) -> None:
        self.folder = folder
        self.names = tuple(names)
        self.files = tuple(file_name(index, name) for index, name in enumerate(names))
        self.fps = fps
        self.provenance = provenance
        self.frames_written = 0
        self._size = size
        self._layout = GridLayout(len(self.names), size) if grid else None
        self._sampled_at = set(sample_frames(frames, SHEET_COLUMNS))
        self._samples: list[tuple[int, np.ndarray]] = []
        self._stack = ExitStack()
        self._writers: list[VideoWriter] = []
        self._grid_writer: VideoWriter | None = None

    def __enter__(self) -> ViewSink:
        with ExitStack() as stack:
            for name, file in zip(self.names, self.files, strict=True):
                self._writers.append(stack.enter_context(self._writer(file, self._size, self._size, name)))
            if self._layout is not None:
                self._grid_writer = stack.enter_context(
                    self._writer("grid.mp4", self._layout.height, self._layout.width, "grid")
                )
            self._stack = stack.pop_all()
        return self

    def _writer(self, file: str, height: int, width: int, view: str) -> VideoWriter:
        tags = self.provenance.video_tags(view=view)
        return VideoWriter(self.folder / file, fps=self.fps, height=height, width=width, tags=tags)

    def write(self, frames: np.ndarray) -> None:
        """Append frames, (n, N, S, S, 3) uint8 RGB."""
        for views in frames:
            for writer, view in zip(self._writers, views, strict=True):
                writer.write(view)
            if self._grid_writer is not None and self._layout is not None:
                self._grid_writer.write(self._layout.compose(views))
            if self.frames_written in self._sampled_at:
                self._samples.append((self.frames_written, views.copy()))
            self.frames_written += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)
        if kind is None and self._samples:
            cell = min(self._size, LARGEST_CELL)
            sheet = time_sheet(self._samples, row_labels=self.names, fps=self.fps, cell=cell)
            save_png(self.folder / "contact_sheet.png", sheet, tags=self.provenance.picture_tags())
