"""Scene cuts: frames that do not follow the ones before."""

from __future__ import annotations

import numpy as np

__all__ = ["CutDetector"]

_GRID = (18, 24)  # rows, columns of the thumbnail that is compared
_SURE, _POSSIBLE = 0.4, 0.85
_JUMP = 0.35  # in sides of the face
_GROWTH = 1.35
_FLAT = 3.0  # grey levels: thumbnails with less contrast say nothing


class CutDetector:
    """Compares every picture with the one before.

    The thumbnails' correlation is above 0.97 between frames of ordinary video, whatever its brightness does (a flash
    is no cut). Below 0.4 it is a cut; between that and 0.85 only when the face jumped as well.
    """

    def __init__(self) -> None:
        self._last: np.ndarray | None = None
        self._aspect = 0.0

    def similarity(self, image: np.ndarray) -> float:
        """Correlation in [−1, 1] of a picture (H, W, 3) uint8 with the one before; 1 for the first."""
        import cv2

        aspect = image.shape[1] / image.shape[0]
        step = max(min(image.shape[:2]) // 90, 1)  # a coarse grid of pixels is enough to average over
        grey = image[::step, ::step].mean(axis=2, dtype=np.float32)
        small = cv2.resize(grey, _GRID[::-1], interpolation=cv2.INTER_AREA).ravel()
        last, self._last = self._last, small
        changed, self._aspect = abs(aspect - self._aspect) > 0.02 * aspect, aspect
        if last is None:
            return 1.0
        if changed:
            return -1.0
        a, b = last - last.mean(), small - small.mean()
        spread = float(np.linalg.norm(a) * np.linalg.norm(b)) / len(a)
        if spread < _FLAT**2:
            both_flat = a.std() < _FLAT and b.std() < _FLAT
            return 1.0 if both_flat else 0.6
        return float(a @ b) / len(a) / spread

    @staticmethod
    def is_sure(similarity: float) -> bool:
        """A cut, whatever the face does."""
        return similarity < _SURE

    @staticmethod
    def is_possible(similarity: float) -> bool:
        """A cut if the face jumped."""
        return similarity < _POSSIBLE

    @staticmethod
    def jumped(before: np.ndarray | None, after: np.ndarray | None) -> bool:
        """Whether a face (478, 2+) is elsewhere, of another size, gone or new."""
        if before is None or after is None:
            return (before is None) != (after is None)
        sizes = [float(np.ptp(points[:, :2], axis=0).max()) for points in (before, after)]
        moved = np.linalg.norm(before[:, :2].mean(axis=0) - after[:, :2].mean(axis=0))
        growth = max(sizes) / max(min(sizes), 1e-6)
        return bool(moved > _JUMP * max(sizes) or growth > _GROWTH)
