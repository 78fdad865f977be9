"""What MediaPipe and the tracker see in a video: landmarks, expression, pose, proportions, embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import NoFaceError, input_error
from flame.fitting import fit_landmarks
from flame.fitting.track import FaceTracker, TrackResult
from flame.rotations import axis_angle_to_matrix
from flame.sequence import FlameSequence
from mvvideo.portrait.detect import FaceBox, FaceFinder

if TYPE_CHECKING:
    from mvvideo.portrait import Portrait

__all__ = [
    "FaceFollower",
    "aligned_face",
    "expression_difference",
    "pose_difference_degrees",
    "portrait_tracker",
    "shape_distance",
    "track_clip",
]

_FULL_JAW_RADIANS = 0.426
#: Where eyes, nose tip and mouth corners lie in the 112x112 pictures of face networks (ArcFace's template).
_FIVE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)


class FaceFollower:
    """Landmarks of one face through a video: looked for where it was, anew where it was lost.

    Args:
        finder: a :class:`~mvvideo.portrait.detect.FaceFinder`.
        start: ``(478, 2+)`` landmarks near which the face is first, or None: wherever the largest face is.
    """

    def __init__(self, finder: FaceFinder, start: np.ndarray | None = None) -> None:
        self._finder = finder
        self._box = None if start is None else face_box(start)
        self._retry = 0

    def find(self, picture: np.ndarray) -> np.ndarray | None:
        """``(478, 3)`` pixels of ``(H, W, 3)`` uint8, or None."""
        points = self._finder.landmarks(picture, self._box) if self._box is not None else None
        if points is None and self._retry <= 0:
            faces = self._finder.detect(picture)
            points = self._finder.landmarks(picture, faces[0]) if faces else None
            self._retry = 5  # searching costs ten times as much as following: not in every empty frame
        self._retry -= 1
        if points is not None:
            self._box, self._retry = face_box(points), 0
        return points


def face_box(points: np.ndarray) -> FaceBox:
    """The square around ``(478, 2+)`` landmarks."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    x, y = (low + high) / 2
    return FaceBox(x=float(x), y=float(y), side=float((high - low).max()), score=1.0)


def portrait_tracker(portrait: Portrait, landmarks_478: np.ndarray, *, fps: float) -> FaceTracker:
    """A tracker that starts from a portrait's fit.

    Args:
        landmarks_478: ``(478, 2+)`` crop pixels of the reference.
    """
    return FaceTracker(
        head=portrait.head,
        first=portrait.fit,
        landmarks_478=landmarks_478,
        focal_px=float(portrait.camera.focal_px[0]),
        principal_px=portrait.camera.principal_px[0],
        camera_distance=-float(portrait.camera.world_to_camera[0, 2, 3]),
        fps=fps,
    )


def track_clip(
    frames: Iterable[np.ndarray],
    portrait: Portrait,
    *,
    fps: float,
    finder: FaceFinder,
    advance: Callable[[int], None] = lambda steps: None,
) -> TrackResult:
    """Track a clip whose first frame the portrait was made of.

    Args:
        frames: ``(H, W, 3)`` uint8, the first one the portrait's photo; advance: told about finished frames.

    Returns:
        The motion, as the portrait's own camera sees it.

    Raises:
        NoFaceError: no face in the first frame.
    """
    from mvvideo.portrait.crop import crop_points

    follower, tracker = FaceFollower(finder), None
    for frame in frames:
        points = follower.find(frame)
        crop = None if points is None else crop_points(points, portrait.crop, portrait.size)
        if tracker is None:
            if crop is None:
                raise input_error(
                    NoFaceError, "no face in the first frame", "the clip", "cut the clip to begin with a face"
                )
            tracker = portrait_tracker(portrait, crop, fps=fps)
        tracker.add(crop)
        advance(1)
    if tracker is None:
        raise input_error(NoFaceError, "the clip has no frames", "nothing", "give a longer clip")
    return tracker.result()


def expression_difference(a: FlameSequence, b: FlameSequence) -> np.ndarray:
    """``(T,)`` mean |difference| of rig weights, jaw opening and eyelids, % of their ranges."""
    parts = [np.abs(a.expression - b.expression), np.abs(a.eyelids - b.eyelids)]
    parts.append(np.abs(a.jaw[:, :1] - b.jaw[:, :1]) / _FULL_JAW_RADIANS)
    return 100.0 * np.concatenate(parts, axis=1).mean(axis=1)


def pose_difference_degrees(a: FlameSequence, b: FlameSequence) -> np.ndarray:
    """``(T,)`` angle between the heads' rotations in the world."""
    first, second = (
        axis_angle_to_matrix(s.rotation.astype(np.float64)) @ axis_angle_to_matrix(s.neck.astype(np.float64))
        for s in (a, b)
    )
    trace = np.einsum("tij,tij->t", first, second)
    return np.degrees(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0)))


def shape_distance(landmarks: np.ndarray, portrait: Portrait) -> float:
    """Distance of the proportions fitted to ``(T, 478, 3)`` crop pixels from the portrait's: RMS, in sigmas.

    It comes from landmarks alone: proportions of the face, neither skin nor hair, so it notices a face that is
    squeezed or swollen, and cannot tell people apart as a face network can.
    """
    size = portrait.size
    focal = float(portrait.camera.focal_px[0])
    fit = fit_landmarks(landmarks, height=size, width=size, head=portrait.head, focal_px=focal)
    count = min(len(fit.shape), len(portrait.fit.shape))
    return float(np.sqrt(np.mean((fit.shape[:count] - portrait.fit.shape[:count]) ** 2)))


def aligned_face(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """``(112, 112, 3)`` uint8 with eyes, nose and mouth at the places that face networks expect."""
    import cv2

    own = np.stack([points[468, :2], points[473, :2], points[1, :2], points[61, :2], points[291, :2]])
    matrix, _ = cv2.estimateAffinePartial2D(own.astype(np.float32), _FIVE_POINTS, method=cv2.LMEDS)
    if matrix is None:
        matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(picture, matrix, (112, 112), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
