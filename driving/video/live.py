"""Following a face as it is filmed: one frame in, its pose out, without looking ahead."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driving.video.blink_pull import BlinkPull
from driving.video.calibration import calibrated
from driving.video.follower import FaceFollower
from driving.video.lips import lip_gap, sealed
from driving.video.neutral import relative_to, sharp_lids, shut_ratio
from driving.video.one_euro import OneEuro
from driving.video.regions import scaled
from driving.video.request import REGIONS, TimedFrame, VideoRequest, checked_frames
from flame.fitting.mediapipe_points import lid_gaps
from flame.fitting.track import FaceTracker
from flame.fitting.track_start import TrackStart, resized, settle
from flame.sequence import CHANNELS, FlameSequence

if TYPE_CHECKING:
    from driving.video.finder import FaceWatcher
    from flame.head import FlameHead

__all__ = ["LiveFollower", "LivePose"]

REFINE_SECONDS = 2.0
"""When the identity, first fitted to one frame, is fitted anew to the frames since then."""
HOLD_SECONDS, EASE_SECONDS = 0.3, 0.3
"""How long a lost face's pose is held, and then the time constant of its way to rest and back."""
_REFINE_FRAMES = 24
_LOOK_BACK = 10  # frames between two looks at the blinks so far
_OPEN_FRAMES = 240  # over which it is found how open the eyes usually are
_STILL_HZ = {"rotation": 1.0, "neck": 1.5, "translation": 1.0, "jaw": 4.0, "eyes": 3.0, "eyelids": 12.0}
_PER_SPEED = {"rotation": 8.0, "neck": 8.0, "translation": 20.0, "jaw": 8.0, "eyes": 4.0, "eyelids": 4.0}
_EXPRESSION_HZ, _EXPRESSION_PER_SPEED = 3.0, 2.0


@dataclass(frozen=True, eq=False)
class LivePose:
    """What a frame shows.

    Attributes:
        sequence: 1 frame, relative, of basis "open".
        seen: whether the face was seen; if not, the pose goes to rest.
        stages: "find", "fit" and, in the frame where the identity is settled, "settle": seconds they took.
    """

    sequence: FlameSequence
    seen: bool
    stages: dict[str, float]


class LiveFollower:
    """A face that drives while it is filmed; the first seen frame is rest.

    Args:
        fps_hint: about how many frames a second will come; their own times count.
        face, regions, strength: see :class:`driving.video.VideoRequest`.
        watcher: another face detector than MediaPipe's. head: the embedded one by default.

    Raises:
        ConfigError: a number or name out of range. MissingDependencyError: no mediapipe.
    """

    def __init__(
        self,
        *,
        fps_hint: float = 30.0,
        face: int = 0,
        regions: tuple[str, ...] = REGIONS,
        strength: Mapping[str, float] | None = None,
        watcher: FaceWatcher | None = None,
        head: FlameHead | None = None,
    ) -> None:
        VideoRequest(frames=(), fps=fps_hint, face=face, regions=regions, strength=strength or {}).check()
        if watcher is None:
            from driving.video.finder import MediaPipeWatcher

            watcher = MediaPipeWatcher()
        if head is None:
            from flame.head import load_head

            head = load_head()
        self._fps, self._head, self._face, self._watcher = float(fps_hint), head, face, watcher
        self._regions, self._strength = regions, dict(strength or {})
        self._follower = FaceFollower(watcher, face=face)
        self._last_seconds, self._seen_seconds, self._start_seconds = -np.inf, -np.inf, 0.0
        self._follow = 0.0  # 0 rest, 1 the face
        self._filters = {
            name: OneEuro(still_hz=_STILL_HZ[name], per_speed=_PER_SPEED[name]) for name in _STILL_HZ
        }
        self._filters["expression"] = OneEuro(still_hz=_EXPRESSION_HZ, per_speed=_EXPRESSION_PER_SPEED)
        self._frames = 0
        self._shut = shut_ratio(np.zeros((0, 2)), self._fps)
        self._lids: deque[np.ndarray] = deque(maxlen=_OPEN_FRAMES)
        self._pose = FlameSequence.neutral(1, fps=self._fps, basis=head.name)
        self._restart()

    def _restart(self) -> None:
        """Another person, or another shot."""
        self._size: tuple[int, int] | None = None
        self._start: TrackStart | None = None
        self._tracker: FaceTracker | None = None
        self._rest: FlameSequence | None = None
        self._rest_points: np.ndarray | None = None
        self._kept: list[np.ndarray] = []
        self._refined = False
        self._pull = BlinkPull()
        for one in self._filters.values():
            one.reset()

    def recalibrate(self) -> None:
        """Take the face of the next frame as rest."""
        self._rest = self._rest_points = None

    def push(self, frame: TimedFrame) -> LivePose:
        """The pose of the next frame.

        Raises:
            InputError: a time that is not a number or does not rise. ImageError: a picture of a wrong form.
        """
        _check_follows(frame, self._last_seconds)
        now = float(frame.seconds)
        step = min(now - self._last_seconds, 1.0) if np.isfinite(self._last_seconds) else 1.0 / self._fps
        self._last_seconds = now
        stages: dict[str, float] = {}
        began = time.perf_counter()
        points = self._follower.find(frame.image, now)
        stages["find"] = time.perf_counter() - began
        if self._follower.is_cut:
            self._restart()
        height, width = frame.image.shape[:2]
        seen = points is not None and self._fit(points, (height, width), now, step, stages)
        return LivePose(self._shown(seen, now, step), seen, stages)

    # ------------------------------------------------------------------ pieces

    def _fit(
        self, points: np.ndarray, size: tuple[int, int], now: float, step: float, stages: dict[str, float]
    ) -> bool:
        """Fit the frame; the pose is kept. False where the fit did not follow."""
        self._size = self._size or size
        points = resized(
            points, height=size[0], width=size[1], to_height=self._size[0], to_width=self._size[1]
        )
        began = time.perf_counter()
        if self._tracker is None:
            self._start_seconds = now
            self._settle(points[None])
            stages["settle"] = time.perf_counter() - began
        elif not self._refined:
            self._kept.append(points)
            if now - self._start_seconds >= REFINE_SECONDS:
                chosen = np.linspace(0, len(self._kept) - 1, min(_REFINE_FRAMES, len(self._kept))).astype(int)
                self._settle(np.stack([self._kept[i] for i in chosen]))
                self._refined, self._kept = True, []
                stages["settle"] = time.perf_counter() - began
        began = time.perf_counter()
        tracker, start = self._tracker, self._start
        assert tracker is not None and start is not None
        error = tracker.add(points, steps=step * self._fps)
        tracker.forget()
        stages["fit"] = time.perf_counter() - began
        if not np.isfinite(error):
            return False
        self._lids.append(lid_gaps(points[None])[0])
        absolute = self._with_lids(tracker.latest(), start)
        if self._rest is None:
            self._rest, self._rest_points = absolute, points
        change = calibrated(self._pull(relative_to(absolute, self._rest), step))
        change = sealed(change, np.array([lip_gap(points)]))
        self._pose = change.replace(shape=np.zeros(len(change.shape), np.float32), fps=self._fps)
        return True

    def _settle(self, seen: np.ndarray) -> None:
        """Solve the identity over frames (K, 478, 3); the rest is found anew in it."""
        assert self._size is not None
        self._start = settle(seen, height=self._size[0], width=self._size[1], head=self._head)
        self._tracker = FaceTracker.from_start(self._start, head=self._head, fps=self._fps, smoothing=None)
        if self._rest_points is not None:
            for _ in range(3):  # from the calm frame to this one
                self._tracker.add(self._rest_points)
            self._rest = self._with_lids(self._tracker.latest(), self._start)
            self._tracker.cut()

    def _with_lids(self, pose: FlameSequence, start: TrackStart) -> FlameSequence:
        """The last frame's pose with eyelids in parts of this face's way to shut."""
        gaps = np.array(self._lids) if self._lids else np.full((1, 2), np.nan)
        if self._frames % _LOOK_BACK == 0:
            self._shut = shut_ratio(gaps, self._fps)
        self._frames += 1
        lids = sharp_lids(np.repeat(pose.eyelids, len(gaps), axis=0), gaps, start.lids_shut, self._shut)[-1:]
        return pose.replace(eyelids=lids)

    def _shown(self, seen: bool, now: float, step: float) -> FlameSequence:
        """The pose smoothed, on its way to rest where the face is lost, with the chosen regions."""
        if seen:
            self._seen_seconds = now
        wanted = 1.0 if now - self._seen_seconds <= HOLD_SECONDS else 0.0
        self._follow += (1.0 - float(np.exp(-step / EASE_SECONDS))) * (wanted - self._follow)
        if seen and self._rest is not None and not self._pose.neck.any():
            self._follow = 1.0  # at rest anyway
        arrays = {}
        for name, _ in CHANNELS:
            value = self._filters[name](getattr(self._pose, name)[0], step)
            arrays[name] = (value * self._follow)[None]
        arrays["eyelids"] = np.clip(arrays["eyelids"], 0.0, 1.0)
        return scaled(self._pose.replace(**arrays), regions=self._regions, strength=self._strength)


def _check_follows(frame: TimedFrame, last: float) -> None:
    """The checks of a whole video, for its next frame."""
    for _ in checked_frames((frame,), after=last):
        pass
