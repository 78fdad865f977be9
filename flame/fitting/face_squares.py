"""Squares around faces: as detectors give them, and the pictures cut from them that MediaPipe's models look at."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["FaceSquare", "quiet_start", "square_picture"]


@dataclass(frozen=True)
class FaceSquare:
    """A square around a face, pixels: its centre, side, and the detectors' score in [0, 1]."""

    x: float
    y: float
    side: float
    score: float = 1.0

    def overlap(self, other: FaceSquare) -> float:
        """Intersection over the smaller square."""
        half = (self.side + other.side) / 2
        smaller = min(self.side, other.side)
        width = min(half - abs(self.x - other.x), smaller)
        height = min(half - abs(self.y - other.y), smaller)
        return max(width, 0.0) * max(height, 0.0) / smaller**2


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Keep the native library's start-up chatter off stderr."""
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


def square_picture(image: np.ndarray, x: float, y: float, side: float, pixels: int) -> np.ndarray:
    """The square around (x, y) resampled to ``pixels``; outside the picture its border is repeated.

    Args:
        image: ``(H, W, 3)``; x, y: centre and side: length of the square, pixels (0 is the picture's edge).

    Returns:
        ``(pixels, pixels, 3)`` of the same type.
    """
    import cv2

    scale = pixels / side
    shift = np.array([[scale, 0, pixels / 2 - x * scale], [0, scale, pixels / 2 - y * scale]])
    shift[:, 2] += 0.5 * scale - 0.5  # pixel centres
    if scale < 0.7:  # warpAffine does not average: shrink by whole factors first
        factor = 1 << max(int(np.log2(1 / scale)), 0)
        if factor > 1:
            height, width = max(image.shape[0] // factor, 1), max(image.shape[1] // factor, 1)
            ratio = (image.shape[1] / width, image.shape[0] / height)
            small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            back = np.array(
                [[ratio[0], 0, 0.5 * ratio[0] - 0.5], [0, ratio[1], 0.5 * ratio[1] - 0.5], [0, 0, 1]]
            )
            return cv2.warpAffine(
                small, shift @ back, (pixels, pixels), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
    return cv2.warpAffine(
        image, shift, (pixels, pixels), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
