"""What a video driver found out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flame.fitting.track import TrackResult
from flame.sequence import FlameSequence

__all__ = ["TrackedShot", "VideoResult"]


@dataclass(frozen=True, eq=False)
class TrackedShot:
    """One shot as it was tracked, N of the video's own frames.

    Attributes:
        seconds: (N,) the frames' times.
        track: absolute motion in the shot's camera ``[I | (0, 0, −distance)]``; its shape is the identity that was
            found over the whole shot.
        focal_px, principal_px, camera_distance: of that camera, in pixels of the shot's first picture.
        height, width: of that picture.
        mesh_error: mean error of the bare head, without the face's own small offsets at rest; every fifth frame.
        lid_gaps: (N, 2) height over length of the left and right eye's opening; NaN where nothing was seen.
        lip_gaps: (N,) gap between the inner lips over the face's size, see :func:`driving.video.lips.lip_gap`.
        lids_shut: (2,) eyelid values at which this face's lids meet.
    """

    seconds: np.ndarray
    track: TrackResult
    focal_px: float
    principal_px: np.ndarray
    camera_distance: float
    height: int
    width: int
    mesh_error: float
    lid_gaps: np.ndarray
    lip_gaps: np.ndarray
    lids_shut: np.ndarray


@dataclass(frozen=True, eq=False)
class VideoResult:
    """A motion of T frames and how it came about.

    Attributes:
        sequence: what the request asked for.
        seen: (T,) False where no usable face was seen: bridged, or eased to rest.
        error: (T,) mean distance of the fitted landmarks from the seen ones over the distance of the outer eye
            corners; NaN where nothing was seen.
        cuts: seconds from the first frame on at which another shot begins.
        shots: the tracked shots, those without a face left out.
        frames: how many pictures were read.
        cpu_seconds: stage → processor time: "find" (landmarks), "fit".
        warnings: what the user should know, one line each.
    """

    sequence: FlameSequence
    seen: np.ndarray
    error: np.ndarray
    cuts: tuple[float, ...]
    shots: tuple[TrackedShot, ...]
    frames: int
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
