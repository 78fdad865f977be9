"""Driving by a filmed face."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from driving.video.follower import FaceFollower
from driving.video.request import VideoRequest, checked_frames
from driving.video.result import TrackedShot, VideoResult
from driving.video.shots import ShotTracker
from flame.errors import InputError, NoFaceError, input_error
from flame.timing import frame_count

if TYPE_CHECKING:
    from driving.video.finder import FaceWatcher
    from flame.head import FlameHead
    from flame.sequence import FlameSequence

__all__ = ["VideoDriver"]

_USUAL_STEP = 1 / 25.0
_POOR_ERROR = 0.05  # mean landmark distance over eye distance from which a fit is worth a warning


class VideoDriver:
    """Motion from a video's frames.

    Args:
        watcher: another face detector than MediaPipe's.
        head: the head to fit; the embedded one by default.
    """

    def __init__(self, watcher: FaceWatcher | None = None, *, head: FlameHead | None = None) -> None:
        self._watcher, self._head = watcher, head

    def drive(self, request: VideoRequest) -> FlameSequence:
        """The motion of the filmed face; see :meth:`track` for more than that."""
        return self.track(request).sequence

    def track(
        self, request: VideoRequest, *, advance: Callable[[int], None] = lambda frames: None
    ) -> VideoResult:
        """The motion of the filmed face, and how it came about.

        Args:
            request: its frames are read once.
            advance: told about every frame that was read.

        Raises:
            NoFaceError: no face in the whole video, or fewer faces than asked for.
            ConfigError: a number or name out of range. InputError: times that do not rise.
            ImageError: frames of a wrong form. MissingDependencyError: no mediapipe.
        """
        # 1. Check
        request.check()
        # 2. Follow the face, shot by shot
        reading = _Reading(self._ready_watcher(), self._ready_head(), request)
        reading.read(advance)
        # 3. Lay the shots out at the wanted rate
        from driving.video.regions import scaled
        from driving.video.timeline import lay_out

        seconds = request.seconds if request.seconds is not None else reading.duration
        line = lay_out(
            reading.shots,
            frames=frame_count(seconds, fps=request.fps),
            fps=request.fps,
            neutral=request.neutral,
            absolute=request.absolute,
        )
        # 4. Regions, strengths, report
        return VideoResult(
            sequence=scaled(line.sequence, regions=request.regions, strength=request.strength),
            seen=line.seen,
            error=line.error,
            cuts=tuple(start for start, _, _ in reading.shots[1:]),
            shots=tuple(shot for _, _, shot in reading.shots if shot is not None),
            frames=reading.frames,
            cpu_seconds={"find": reading.find_cpu_seconds, "fit": reading.fit_cpu_seconds},
            warnings=tuple(reading.warnings(line.long_gaps, seconds)),
        )

    def _ready_watcher(self) -> FaceWatcher:
        if self._watcher is None:
            from driving.video.finder import MediaPipeWatcher

            self._watcher = MediaPipeWatcher()
        else:
            self._watcher.restart()
        return self._watcher

    def _ready_head(self) -> FlameHead:
        if self._head is None:
            from flame.head import load_head

            self._head = load_head()
        return self._head


class _Reading:
    """One pass over the frames."""

    def __init__(self, watcher: FaceWatcher, head: FlameHead, request: VideoRequest) -> None:
        self._head, self._request = head, request
        self._follower = FaceFollower(watcher, face=request.face)
        self.shots: list[tuple[float, float, TrackedShot | None]] = []
        self.frames = self.seen_frames = 0
        self.duration = 0.0
        self.find_cpu_seconds = self.fit_cpu_seconds = 0.0

    def read(self, advance: Callable[[int], None]) -> None:
        """Take every frame; NoFaceError where none shows the face."""
        shot, start, first, last = ShotTracker(self._head), 0.0, None, 0.0
        steps: list[float] = []
        for frame in checked_frames(self._request.frames):
            first = float(frame.seconds) if first is None else first
            now = float(frame.seconds) - first
            if self._request.seconds is not None and now >= self._request.seconds:
                break
            if self.frames:
                steps.append(now - last)
            began = time.process_time()
            points = self._follower.find(frame.image, now)
            self.find_cpu_seconds += time.process_time() - began
            if self._follower.is_cut and self.frames:
                self._close(shot, start, now)
                shot, start = ShotTracker(self._head), now
            height, width = frame.image.shape[:2]
            shot.add(points, now, height=height, width=width)
            self.frames += 1
            self.seen_frames += points is not None
            last = now
            advance(1)
        if not self.frames:
            raise input_error(InputError, "the video has no frames", "nothing", "give a longer clip")
        self.duration = last + (float(np.median(steps)) if steps else _USUAL_STEP)
        self._close(shot, start, self.duration)
        if all(tracked is None for _, _, tracked in self.shots):
            self._raise_no_face()

    def _close(self, shot: ShotTracker, start: float, end: float) -> None:
        self.shots.append((start, end, shot.finish()))
        self.fit_cpu_seconds += shot.fit_cpu_seconds

    def _raise_no_face(self) -> None:
        if self._follower.most_faces:
            given = f"face {self._request.face}, but at most {self._follower.most_faces} seen at once"
            raise input_error(
                NoFaceError, "there are not so many faces in the video", given, "0 is the largest"
            )
        given = f"{self.frames} frame{'s' * (self.frames != 1)}"
        raise input_error(
            NoFaceError, "no face was found in the video", given, "give a clip with a clear face"
        )

    def warnings(self, gaps: tuple[tuple[float, float], ...], seconds: float) -> list[str]:
        """What the user should know, one line each."""
        found = []
        if self.seen_frames < self.frames:
            share = 100.0 * (self.frames - self.seen_frames) / self.frames
            found.append(f"no face in {share:.0f} % of the video's frames")
        shown = [f"{a:.1f}-{min(b, seconds):.1f} s" for a, b in gaps if a < seconds]
        if shown:
            found.append(f"the face is gone and the motion goes to rest: {_listed(shown)}")
        if len(self.shots) > 1:
            cuts = _listed([f"{start:.2f} s" for start, _, _ in self.shots[1:]])
            found.append(f"the video is cut, motion starts anew from each shot's beginning: {cuts}")
        errors = [
            t.track.error[t.track.seen] for _, _, t in self.shots if t is not None and t.track.seen.any()
        ]
        poor = float(np.mean(np.concatenate(errors) > _POOR_ERROR)) if errors else 0.0
        if poor > 0.2:
            found.append(f"the face is hard to follow in {100 * poor:.0f} % of the frames where it is seen")
        if self._request.face == 0 and self._follower.most_faces > 1:
            found.append(f"{self._follower.most_faces} faces are seen, the largest drives")
        if seconds > self.duration + 0.5:
            found.append(f"the video ends after {self.duration:.1f} s, the rest of {seconds:.1f} s is still")
        return found


def _listed(items: list[str], most: int = 5) -> str:
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")
