"""Finding faces and their 478 points, behind an interface small enough to be replaced.

MediaPipe 0.10.x carries its face models inside the wheel; nothing is downloaded. Its detector shrinks the
whole picture to 128 or 192 pixels, so faces that are small in a large painting are looked for in tiles, and
faces that fill the picture are looked for with a margin around it.
"""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from typing import Protocol

import numpy as np

from flame.errors import MissingDependencyError
from flame.fitting.face_squares import FaceSquare, quiet_start, square_picture

__all__ = ["FaceBox", "FaceFinder", "MediaPipeFaceFinder", "default_face_finder"]

SMALLEST_SCORE = 0.55
"""A face must reach this in the mean of both detectors: animals please the one or the other, not both."""
LANDMARK_CROP_PIXELS = 384
REFINEMENT_SHIFTS = ((0.0, 0.0, 1.9), (0.03, 0.02, 1.75), (-0.03, 0.02, 2.05), (0.0, -0.03, 2.2))
"""Shift (in faces) and size (in faces) of the crops over which landmarks are averaged: a cheap way to less noise."""


FaceBox = FaceSquare
"""As the portrait calls it: pixels of the photo, the score of both detectors."""


class FaceFinder(Protocol):
    """What :class:`~mvvideo.portrait.portrait.Portrait` needs to know about faces."""

    def detect(self, image: np.ndarray) -> list[FaceBox]:
        """Faces in ``(H, W, 3)`` uint8 RGB, the largest first."""
        ...

    def landmarks(self, image: np.ndarray, face: FaceBox) -> np.ndarray | None:
        """``(478, 3)`` float64: x, y in photo pixels, z in the same scale; None when the face is not confirmed."""
        ...

    def matte(self, image: np.ndarray) -> np.ndarray:
        """``(H, W)`` float32 in [0, 1]: how likely each pixel of uint8 RGB ``image`` belongs to a person."""
        ...


class MediaPipeFaceFinder:
    """Detection, 478-point face mesh and selfie segmentation of MediaPipe's `solutions` (CPU)."""

    def __init__(self) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")
        with quiet_start():
            try:
                import mediapipe as mp
            except ImportError as error:
                raise MissingDependencyError(
                    "mediapipe",
                    purpose="to find faces in pictures",
                    install="pip install 'mediapipe>=0.10.14,<0.10.30'",
                ) from error
            solutions = mp.solutions
            self._near = solutions.face_detection.FaceDetection(
                model_selection=0, min_detection_confidence=0.35
            )
            self._far = solutions.face_detection.FaceDetection(
                model_selection=1, min_detection_confidence=0.35
            )
            self._mesh = solutions.face_mesh.FaceMesh(
                static_image_mode=True, refine_landmarks=True, max_num_faces=1, min_detection_confidence=0.3
            )
            self._selfie = solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
            self._mesh_has_spoken = False
            # The graphs print on their first picture, not when they are made.
            blank = np.zeros((64, 64, 3), np.uint8)
            for solution in (self._near, self._far, self._mesh, self._selfie):
                solution.process(blank)

    def detect(self, image: np.ndarray) -> list[FaceBox]:
        height, width = image.shape[:2]
        longest = max(height, width)
        candidates = self._in_square(image, width / 2, height / 2, 1.5 * longest)
        candidates += self._in_square(image, width / 2, height / 2, float(longest))
        for divisions in (2, 4):
            if self._confirmed(image, candidates) or longest / divisions < 160:
                break
            side = 1.5 * longest / divisions
            for y in np.arange(0.5, divisions) * height / divisions:
                for x in np.arange(0.5, divisions) * width / divisions:
                    candidates += self._in_square(image, x, y, side)
        return self._confirmed(image, candidates)

    def _in_square(self, image: np.ndarray, x: float, y: float, side: float) -> list[FaceBox]:
        """Raw detections of both detectors in a square of the photo."""
        pixels = int(np.clip(side, 192, 512))
        picture = square_picture(image, x, y, side, pixels)
        found = []
        for detector in (self._near, self._far):
            for detection in detector.process(picture).detections or ():
                box = detection.location_data.relative_bounding_box
                found.append(
                    FaceBox(
                        x=x + (box.xmin + box.width / 2 - 0.5) * side,
                        y=y + (box.ymin + box.height / 2 - 0.5) * side,
                        side=max(box.width, box.height) * side,
                        score=float(detection.score[0]),
                    )
                )
        return found

    def _confirmed(self, image: np.ndarray, candidates: list[FaceBox]) -> list[FaceBox]:
        """Unique candidates that both detectors see again in a crop of their own, the largest first."""
        unique: list[FaceBox] = []
        for candidate in sorted(candidates, key=lambda face: -face.score):
            if all(candidate.overlap(other) < 0.4 for other in unique):
                unique.append(candidate)
        confirmed = []
        for face in unique:
            again = []
            for scale in (2.0, 3.2):
                again += [
                    f
                    for f in self._in_square(image, face.x, face.y, scale * face.side)
                    if f.overlap(face) > 0.4
                ]
            # Two detectors, two scales: what is not seen counts as zero.
            score = sum(f.score for f in again) / 4
            if score >= SMALLEST_SCORE:
                confirmed.append(FaceBox(face.x, face.y, face.side, min(score, 1.0)))
        return sorted(confirmed, key=lambda face: -face.side)

    def landmarks(self, image: np.ndarray, face: FaceBox) -> np.ndarray | None:
        first = self._landmarks_in(image, face.x, face.y, 2.0 * face.side)
        if first is None:
            return None
        low, high = first[:, :2].min(axis=0), first[:, :2].max(axis=0)
        centre, size = (low + high) / 2, float((high - low).max())
        results = [
            self._landmarks_in(image, centre[0] + dx * size, centre[1] + dy * size, scale * size)
            for dx, dy, scale in REFINEMENT_SHIFTS
        ]
        kept = [points for points in results if points is not None] or [first]
        return np.median(kept, axis=0)

    def _landmarks_in(self, image: np.ndarray, x: float, y: float, side: float) -> np.ndarray | None:
        picture = square_picture(image, x, y, side, LANDMARK_CROP_PIXELS)
        # The mesh graph warns natively about its own default when it sees its first face.
        with contextlib.nullcontext() if self._mesh_has_spoken else quiet_start():
            faces = self._mesh.process(picture).multi_face_landmarks
        self._mesh_has_spoken = True
        if not faces:
            return None
        points = np.array([(p.x, p.y, p.z) for p in faces[0].landmark])  # (478, 3)
        points[:, :2] = (points[:, :2] - 0.5) * side + (x, y)
        points[:, 2] *= side
        return points

    def matte(self, image: np.ndarray) -> np.ndarray:
        return np.array(self._selfie.process(np.ascontiguousarray(image)).segmentation_mask, np.float32)


@lru_cache(maxsize=1)
def default_face_finder() -> MediaPipeFaceFinder:
    """The finder used when none is given; made once, its models take half a second to start."""
    return MediaPipeFaceFinder()
