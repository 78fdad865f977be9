"""Several views in one picture: the grid of a video frame, and the contact sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

__all__ = ["GridLayout", "contact_sheet", "resized", "sample_frames", "save_png", "time_sheet"]

MAX_GRID_SIDE = 4096  # H.264 decoders in browsers and phones stop there
_LABEL_HEIGHT = 26
_GAP = 4
_INK, _PAPER = (235, 235, 235), (24, 24, 24)


class GridLayout:
    """Rows and columns for N square views, and how large a cell may be.

    Args:
        views: number of views (≥ 1).
        size: side of a view in pixels.
    """

    def __init__(self, views: int, size: int) -> None:
        self.columns = views if views <= 4 else math.ceil(math.sqrt(views))
        self.rows = math.ceil(views / self.columns)
        fits = MAX_GRID_SIDE // max(self.columns, self.rows)
        self.cell = min(size, fits - fits % 2)
        self.height = self.rows * self.cell
        self.width = self.columns * self.cell

    def compose(self, views: np.ndarray) -> np.ndarray:
        """(N, S, S, 3) uint8 → (height, width, 3) uint8; free cells stay black."""
        grid = np.zeros((self.height, self.width, 3), dtype=np.uint8)
        for index, view in enumerate(views):
            top = index // self.columns * self.cell
            left = index % self.columns * self.cell
            grid[top : top + self.cell, left : left + self.cell] = resized(view, self.cell)
        return grid


def sample_frames(frames: int, count: int) -> list[int]:
    """At most ``count`` frame indices, evenly spread, first and last included."""
    if frames <= count:
        return list(range(frames))
    return sorted({round(index * (frames - 1) / (count - 1)) for index in range(count)})


def contact_sheet(
    samples: Sequence[np.ndarray], *, row_labels: Sequence[str], column_labels: Sequence[str], cell: int = 256
) -> np.ndarray:
    """Frames over time (columns) of every view (rows), labelled.

    Args:
        samples: per column, (N, S, S, 3) uint8.
        row_labels: N view names.
        column_labels: one per sample, such as "1.2 s".
        cell: side of a picture on the sheet, pixels.

    Returns:
        (H, W, 3) uint8.
    """
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = len(row_labels), len(column_labels)
    font = ImageFont.load_default(size=15)
    margin = max(12 + round(font.getlength(label)) for label in row_labels)
    step = cell + _GAP
    sheet = Image.new("RGB", (margin + columns * step, _LABEL_HEIGHT + rows * step), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, (label, views) in enumerate(zip(column_labels, samples, strict=True)):
        draw.text((margin + column * step + 4, 4), label, fill=_INK, font=font)
        for row in range(rows):
            picture = Image.fromarray(resized(views[row], cell))
            sheet.paste(picture, (margin + column * step, _LABEL_HEIGHT + row * step))
    for row, label in enumerate(row_labels):
        draw.text((6, _LABEL_HEIGHT + row * step + cell // 2 - 8), label, fill=_INK, font=font)
    return np.asarray(sheet)


def time_sheet(
    samples: Sequence[tuple[int, np.ndarray]], *, row_labels: Sequence[str], fps: float, cell: int = 256
) -> np.ndarray:
    """A contact sheet whose columns are labelled with the times of their frames.

    Args:
        samples: per column the frame's number and its (N, S, S, 3) uint8 pictures.
        row_labels: N view names.
        fps: frames per second.
        cell: side of a picture on the sheet, pixels.

    Returns:
        (H, W, 3) uint8.
    """
    return contact_sheet(
        [pictures for _, pictures in samples],
        row_labels=row_labels,
        column_labels=[f"{index / fps:.2f} s" for index, _ in samples],
        cell=cell,
    )


def save_png(path: Path, pixels: np.ndarray, *, tags: dict[str, str] | None = None) -> None:
    """Write (H, W, 3) uint8 as PNG with text chunks."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in (tags or {}).items():
        info.add_text(key, value)
    Image.fromarray(pixels).save(path, format="PNG", pnginfo=info, optimize=False)


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """A square uint8 picture at another size."""
    if picture.shape[0] == side and picture.shape[1] == side:
        return picture
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
