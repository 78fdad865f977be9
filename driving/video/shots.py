"""One shot: landmarks in, frame by frame; the tracked face out.

The landmarks of the first :data:`SETTLE_SECONDS` are kept until the identity has been solved over them; from then on
a frame is fitted when it comes and forgotten. So memory does not grow with the clip but for the fitted numbers
(some 85 per frame).
"""

from __future__ import annotations

import time

import numpy as np

from driving.video.lips import lip_gap
from driving.video.result import TrackedShot
from flame.fitting.mediapipe_points import lid_gaps
from flame.fitting.track import FaceTracker
from flame.fitting.track_start import TrackStart, resized, settle
from flame.head import FlameHead

__all__ = ["SETTLE_SECONDS", "ShotTracker"]

SETTLE_SECONDS = 20.0
_USUAL_STEP = 1 / 25.0
_MESH_EVERY = 5  # frames, between two looks at the bare head's error


class ShotTracker:
    """Collects a shot.

    Args:
        head: whose parameters are wanted.
    """

    def __init__(self, head: FlameHead) -> None:
        self._head = head
        self._kept: list[np.ndarray | None] = []
        self._size: tuple[int, int] | None = None  # height, width of the first picture with the face
        self._start: TrackStart | None = None
        self._tracker: FaceTracker | None = None
        self._rate = 1.0 / _USUAL_STEP
        self._mesh_errors: list[float] = []
        self._lid_gaps: list[np.ndarray] = []
        self._lip_gaps: list[float] = []
        self.seconds: list[float] = []
        self.fit_cpu_seconds = 0.0

    def add(self, points: np.ndarray | None, seconds: float, *, height: int, width: int) -> None:
        """The next frame's landmarks (478, 3) in its pixels, or None."""
        if points is not None:
            self._size = self._size or (height, width)
            points = resized(
                points, height=height, width=width, to_height=self._size[0], to_width=self._size[1]
            )
        self.seconds.append(seconds)
        self._lid_gaps.append(np.full(2, np.nan) if points is None else lid_gaps(points[None])[0])
        self._lip_gaps.append(np.nan if points is None else lip_gap(points))
        if self._tracker is None:
            self._kept.append(None if points is None else points.astype(np.float32))
            if seconds - self.seconds[0] >= SETTLE_SECONDS:
                self._settle()
        else:
            self._track(points, seconds - self.seconds[-2])

    def finish(self) -> TrackedShot | None:
        """The tracked shot; None where no face was seen in it."""
        if self._tracker is None:
            self._settle()
        if self._tracker is None or self._start is None or self._size is None:
            return None
        return TrackedShot(
            seconds=np.array(self.seconds),
            track=self._tracker.result(),
            focal_px=self._start.focal_px,
            principal_px=self._start.principal_px,
            camera_distance=self._start.camera_distance,
            mesh_error=float(np.mean(self._mesh_errors)) if self._mesh_errors else float("nan"),
            lid_gaps=np.stack(self._lid_gaps),
            lip_gaps=np.array(self._lip_gaps),
            lids_shut=self._start.lids_shut,
            height=self._size[0],
            width=self._size[1],
        )

    def _settle(self) -> None:
        """Solve the identity over what was kept, and track it."""
        seen = [points for points in self._kept if points is not None]
        if not seen or self._size is None:
            return
        began = time.process_time()
        steps = np.diff(self.seconds) if len(self.seconds) > 1 else np.array([_USUAL_STEP])
        self._rate = float(np.clip(1.0 / np.median(steps), 1.0, 240.0))
        self._start = settle(np.stack(seen), height=self._size[0], width=self._size[1], head=self._head)
        self._tracker = FaceTracker.from_start(self._start, head=self._head, fps=self._rate, smoothing=None)
        self.fit_cpu_seconds += time.process_time() - began
        kept, self._kept = self._kept, []
        for index, points in enumerate(kept):
            self._track(points, self.seconds[index] - self.seconds[index - 1] if index else _USUAL_STEP)

    def _track(self, points: np.ndarray | None, step_seconds: float) -> None:
        began = time.process_time()
        assert self._tracker is not None
        error = self._tracker.add(points, steps=step_seconds * self._rate)
        if points is not None and np.isfinite(error) and len(self._tracker) % _MESH_EVERY == 1:
            self._mesh_errors.append(self._tracker.mesh_error(points))
        self.fit_cpu_seconds += time.process_time() - began
