"""Finding faces in video frames and following one face's 478 points, behind an interface small enough to be replaced.

MediaPipe 0.10.x carries its models inside the wheel. Its tracking mode looks for the face where it was in the
frame before, which is faster than finding it anew and far steadier.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from flame.errors import MissingDependencyError
from flame.fitting.face_squares import FaceSquare, quiet_start, square_picture

__all__ = ["FaceSquare", "FaceWatcher", "MediaPipeWatcher", "window_picture"]

WINDOW_PIXELS = 384
"""Side of the picture in which a face is followed; the network itself looks at 192 pixels of the face."""
_DETECTION_SCORE = 0.5
_CONFIRMING, _CONFIRMED_SCORE = (2.0, 3.2), 0.5
"""Sides of the crops, in faces, and the mean score (0 where not seen) that a face must reach in them: people in real
clips and paintings have 0.68 to 0.95, a dog that one detector takes for a face 0.34."""
_SAME_FACE = 0.4  # overlap from which two detections are one face


class FaceWatcher(Protocol):
    """What following a face needs: any detector with 478 points in MediaPipe's order can take its place."""

    def detect(self, image: np.ndarray, *, least: int = 1) -> list[FaceSquare]:
        """Faces in (H, W, 3) uint8 RGB, the largest first; a closer look where fewer than ``least`` are seen."""
        ...

    def follow(self, window: np.ndarray) -> np.ndarray | None:
        """(478, 3) x, y, depth in sides of the square window (P, P, 3) uint8, or None.

        Called with one window after the other of the same place, until :meth:`restart`.
        """
        ...

    def restart(self) -> None:
        """The next window does not follow the last one."""
        ...


class MediaPipeWatcher:
    """Face detection and attention mesh (with irises) of MediaPipe's ``solutions`` on the CPU.

    Raises:
        MissingDependencyError: mediapipe is not installed.
    """

    def __init__(self) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")
        with quiet_start():
            try:
                import mediapipe as mp
            except ImportError as error:
                raise MissingDependencyError(
                    "mediapipe",
                    purpose="to find faces in videos",
                    install="pip install 'mediapipe>=0.10.14,<0.10.30'",
                ) from error
            solutions: Any = mp.solutions
            self._detectors = [
                solutions.face_detection.FaceDetection(
                    model_selection=selection, min_detection_confidence=_DETECTION_SCORE
                )
                for selection in (0, 1)
            ]
            self._mesh = solutions.face_mesh.FaceMesh(
                static_image_mode=False,
                refine_landmarks=True,
                max_num_faces=1,
                min_detection_confidence=0.4,
                min_tracking_confidence=0.5,
            )
            # The graphs print on their first picture, not when they are made.
            blank = np.zeros((64, 64, 3), np.uint8)
            for solution in (*self._detectors, self._mesh):
                solution.process(blank)
        self._spoken = False

    def detect(self, image: np.ndarray, *, least: int = 1) -> list[FaceSquare]:
        height, width = image.shape[:2]
        longest = float(max(height, width))
        found = self._in_square(image, FaceSquare(width / 2, height / 2, 1.3 * longest))
        faces = self._confirmed(image, _unique(found))
        # faces that are small in the picture are looked for in overlapping tiles
        if len(faces) < least and longest >= 320:
            side = 0.75 * longest
            for y in (0.25, 0.75):
                for x in (0.25, 0.75):
                    found += self._in_square(image, FaceSquare(x * width, y * height, side))
            faces = self._confirmed(image, _unique(found))
        return sorted(faces, key=lambda face: -face.side)

    def _confirmed(self, image: np.ndarray, faces: list[FaceSquare]) -> list[FaceSquare]:
        """Those that both detectors see again in crops of two sizes: animals please the one or the other."""
        kept = []
        for face in faces:
            total = 0.0
            for scale in _CONFIRMING:
                crop = FaceSquare(face.x, face.y, scale * face.side)
                for detector in self._detectors:
                    again = self._in_square(image, crop, (detector,))
                    total += max((f.score for f in again if f.overlap(face) > _SAME_FACE), default=0.0)
            score = total / (len(_CONFIRMING) * len(self._detectors))
            if score >= _CONFIRMED_SCORE:
                kept.append(FaceSquare(face.x, face.y, face.side, score))
        return kept

    def _in_square(
        self, image: np.ndarray, square: FaceSquare, detectors: Sequence[Any] | None = None
    ) -> list[FaceSquare]:
        picture = window_picture(image, square, int(np.clip(square.side, 192, 512)))
        found = []
        for detector in self._detectors if detectors is None else detectors:
            for detection in detector.process(picture).detections or ():
                box = detection.location_data.relative_bounding_box
                found.append(
                    FaceSquare(
                        square.x + (box.xmin + box.width / 2 - 0.5) * square.side,
                        square.y + (box.ymin + box.height / 2 - 0.5) * square.side,
                        max(box.width, box.height) * square.side,
                        float(detection.score[0]),
                    )
                )
        return found

    def follow(self, window: np.ndarray) -> np.ndarray | None:
        # The mesh graph warns natively about its own default when it sees its first face.
        with contextlib.nullcontext() if self._spoken else quiet_start():
            faces = self._mesh.process(window).multi_face_landmarks
        if not faces:
            return None
        self._spoken = True
        return np.array([(point.x, point.y, point.z) for point in faces[0].landmark])

    def restart(self) -> None:
        with quiet_start():
            self._mesh.reset()
        self._spoken = False


def _unique(found: list[FaceSquare]) -> list[FaceSquare]:
    """Every face once, as its surest detection has it."""
    unique: list[FaceSquare] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(face.overlap(other) < _SAME_FACE for other in unique):
            unique.append(face)
    return unique


def window_picture(image: np.ndarray, square: FaceSquare, pixels: int = WINDOW_PIXELS) -> np.ndarray:
    """(P, P, 3) the square of a picture (H, W, 3); outside the picture its border is repeated."""
    return square_picture(image, square.x, square.y, square.side, pixels)
