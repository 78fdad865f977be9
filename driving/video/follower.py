"""One face's landmarks through a video: chosen by size, kept by place, looked for again where it was lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.video.cuts import CutDetector
from driving.video.finder import FaceSquare, FaceWatcher, window_picture

__all__ = ["FaceFollower"]

_WINDOW = 2.3  # side of the window over the side of the face
_DRIFT, _SHRUNK, _GROWN = 0.3, 0.7, 1.35  # from when on the window is set anew
_LOOKS = 4
"""How often a face is looked at in a new window: the mesh starts from a detector's rough box and needs three looks to
settle. Its first one is off by 1 % of the distance of the eyes, five times its tremor, and would turn a still head."""
_RETRY_SECONDS = 0.2  # looking through the whole picture costs several times as much as following
_NEAR, _NEAR_SECONDS = 1.5, 1.0  # a lost face comes back within this many sides; later it may be anywhere
_SMALLEST_FACE = 16.0  # pixels; smaller ones have no expression to speak of
_DARK, _LIT = 55.0, 110.0  # mean grey of a face too dark to be followed, and what it is lifted to


class FaceFollower:
    """Follows the ``face``-th largest face of every shot.

    Args:
        watcher: the detector.
        face: 0 the largest when a shot begins, 1 the next largest, …
    """

    def __init__(self, watcher: FaceWatcher, *, face: int = 0) -> None:
        self._watcher, self._face = watcher, face
        self._cuts = CutDetector()
        self._window: FaceSquare | None = None
        self._last: FaceSquare | None = None  # where the face was last
        self._points: np.ndarray | None = None  # of the frame before
        self._lost_at, self._looked_at = -np.inf, -np.inf
        self._gain = 1.0
        self.is_cut = False
        """Whether the last frame began another shot."""
        self.most_faces = 0
        """The most faces that were seen in a picture that was searched."""

    def find(self, image: np.ndarray, seconds: float) -> np.ndarray | None:
        """(478, 3) float64 pixels of (H, W, 3) uint8, depth in the same unit; None where the face is not seen."""
        similarity = self._cuts.similarity(image)
        before, known = self._points, self._last
        self.is_cut = self._cuts.is_sure(similarity)
        if self.is_cut:
            self._forget()
        points = self._followed(image)
        if points is None:
            points = self._searched(image, seconds)
        if not self.is_cut and self._cuts.is_possible(similarity) and known is not None:
            if self._cuts.jumped(before, points):
                self.is_cut = True
                self._forget()
                points = self._searched(image, seconds)
        self._points = points
        if points is not None:
            self._last, self._lost_at = _square(points), seconds
        return points

    def _forget(self) -> None:
        """The next frame belongs to another shot."""
        self._window = self._last = self._points = None
        self._looked_at = -np.inf

    def _followed(self, image: np.ndarray) -> np.ndarray | None:
        """The face where it was."""
        if self._window is None:
            return None
        points = self._in_window(image, self._window)
        if points is None:
            self._window = None
            return None
        face, side = _square(points), self._window.side / _WINDOW
        drift = max(abs(face.x - self._window.x), abs(face.y - self._window.y))
        if drift > _DRIFT * side or not _SHRUNK * side < face.side < _GROWN * side:
            self._set_window(face)
            settled = self._in_window(image, self._window, looks=_LOOKS)
            points = points if settled is None else settled
        return points

    def _searched(self, image: np.ndarray, seconds: float) -> np.ndarray | None:
        """The face anywhere in the picture."""
        if seconds - self._looked_at < _RETRY_SECONDS:
            return None
        self._looked_at = seconds
        faces = [
            face for face in self._watcher.detect(image, least=self._face + 1) if face.side >= _SMALLEST_FACE
        ]
        if not faces:  # too dark, perhaps
            lit = _lit(image, _gain(image))
            faces = self._watcher.detect(lit, least=self._face + 1) if lit is not image else []
        self.most_faces = max(self.most_faces, len(faces))
        for face in self._candidates(faces, seconds):
            square = replace(face, side=1.25 * face.side)  # the detector's box is smaller than the mesh
            self._set_window(square)
            self._gain = 1.0
            points = self._in_window(image, self._window)
            if points is not None:
                self._set_window(_square(points))
                again = self._in_window(image, self._window, looks=_LOOKS)
                points = points if again is None else again
                self._looked_at = -np.inf
                return points
        self._window = None
        return None

    def _candidates(self, faces: list[FaceSquare], seconds: float) -> list[FaceSquare]:
        """The faces that could be the one wanted, best first."""
        last = self._last
        if last is None:
            return faces[self._face : self._face + 1]
        by_place = sorted(faces, key=lambda face: _distance(face, last))
        if seconds - self._lost_at <= _NEAR_SECONDS:
            return [face for face in by_place if _distance(face, last) < _NEAR][:1]
        return by_place[:1]

    def _set_window(self, face: FaceSquare) -> None:
        self._window = replace(face, side=_WINDOW * face.side)
        self._watcher.restart()

    def _in_window(
        self, image: np.ndarray, window: FaceSquare | None, *, looks: int = 1
    ) -> np.ndarray | None:
        """What the last of several looks at the window shows."""
        assert window is not None
        picture = window_picture(image, window)
        self._gain += 0.2 * (_gain(picture) - self._gain) if self._points is not None else 0.0
        if self._points is None:
            self._gain = _gain(picture)
        lit = _lit(picture, self._gain)
        for _ in range(looks):
            points = self._watcher.follow(lit)
        if points is None or not np.isfinite(points).all():
            return None
        points = points * window.side
        points[:, 0] += window.x - window.side / 2
        points[:, 1] += window.y - window.side / 2
        return points


def _square(points: np.ndarray) -> FaceSquare:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    x, y = (low + high) / 2
    return FaceSquare(float(x), float(y), float((high - low).max()))


def _distance(face: FaceSquare, last: FaceSquare) -> float:
    """How far a face is from where it was, in its sides; another size counts as well."""
    side = max(last.side, 1e-6)
    moved = float(np.hypot(face.x - last.x, face.y - last.y)) / side
    return moved + abs(float(np.log(max(1.25 * face.side, 1e-6) / side)))


def _gain(picture: np.ndarray) -> float:
    """What a picture's grey levels are raised by (as an exponent below 1) so that a detector sees something."""
    height, width = picture.shape[:2]
    middle = picture[height // 4 : 3 * height // 4 : 4, width // 4 : 3 * width // 4 : 4]
    mean = float(np.clip(middle.mean(), 2.0, 250.0))
    if mean >= _DARK:
        return 1.0
    return float(np.log(_LIT / 255.0) / np.log(mean / 255.0))


def _lit(picture: np.ndarray, exponent: float) -> np.ndarray:
    """A dark picture made lighter."""
    if exponent > 0.98:
        return picture
    table = (255.0 * (np.arange(256) / 255.0) ** exponent + 0.5).astype(np.uint8)
    return table[picture]
