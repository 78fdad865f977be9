"""The live loop: take a frame, follow the face, draw head and portrait, show them, and measure how late it is.

While a picture is drawn, the face in the next frame is followed already, on another core."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, NoFaceError, input_error
from mvportrait.driving_options import REGIONS, check_range, parse_strength
from mvportrait.live.displays import Display, FileRecording, open_display
from mvportrait.live.overlap import fewer_threads, may_overlap
from mvportrait.live.sources import LiveFrame, open_source
from mvportrait.options import check_size
from mvportrait.outputs import check_output_file, output_file
from mvportrait.provenance import Provenance
from mvportrait.reporting import Reporter

if TYPE_CHECKING:
    from driving.video import LivePose
    from flame.sequence import FlameSequence
    from mvvideo.portrait import Portrait

__all__ = ["LiveOptions", "LiveReport", "run_live"]

_TEXT_RGB = (235, 235, 235)


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """What ``live`` is asked for.

    Attributes:
        source: number of a camera, or a video file that is played like one.
        reference: portrait to be driven, or None: the head alone.
        size: side of each picture, pixels.
        show: "window", "browser" or "none".
        port: of the browser page; 0: any free one.
        out: record what is shown into this mp4.
        seconds: stop after this long.
        face, regions, strength: see ``DrivingOptions``.
    """

    source: str = "0"
    reference: str | None = None
    size: int = 256
    show: str = "browser"
    port: int = 0
    out: Path | None = None
    seconds: float | None = None
    face: int = 0
    regions: tuple[str, ...] = REGIONS
    strength: str | None = None

    def check(self) -> None:
        """Raise the first thing that is wrong.

        Raises:
            ConfigError: a number out of range, an unknown display.
        """
        check_size(self.size)
        if self.show not in ("window", "browser", "none"):
            raise input_error(ConfigError, "--show is window, browser or none", self.show, "give one of them")
        if not 0 <= self.port <= 65_535:
            raise input_error(ConfigError, "--port must be between 0 and 65535", self.port, "give another")
        if self.seconds is not None:
            check_range("--seconds", self.seconds, 0.0, 86_400.0, "seconds", open_low=True)
        if self.out is not None:
            check_output_file(self.out, suffix=".mp4")
        parse_strength(self.strength)


@dataclass
class LiveReport:
    """What a session measured.

    Attributes:
        shown: pictures shown; dropped: frames that came too fast; unseen: shown without a face.
        seconds: how long it ran; preparation: how long the first picture took, which is not among the others.
        latencies: stage → seconds of every shown picture; "total" is from the taking of the frame to the finished
            picture.
    """

    shown: int = 0
    dropped: int = 0
    unseen: int = 0
    seconds: float = 0.0
    preparation: float = 0.0
    latencies: dict[str, list[float]] = field(default_factory=dict)

    def add(self, stages: dict[str, float]) -> None:
        """Count one picture."""
        self.shown += 1
        for name, value in stages.items():
            self.latencies.setdefault(name, []).append(value)

    def as_json(self) -> dict[str, Any]:
        """Rates, and milliseconds by stage: median and 95th percentile."""
        stages = {
            name: {
                "median_ms": round(1000 * float(np.median(values)), 2),
                "p95_ms": round(1000 * float(np.percentile(values, 95)), 2),
            }
            for name, values in self.latencies.items()
        }
        fps = self.shown / self.seconds if self.seconds else 0.0
        return {
            "shown": self.shown,
            "dropped": self.dropped,
            "without_face": self.unseen,
            "fps": round(fps, 2),
            "preparation_ms": round(1000 * self.preparation, 1),
            "latency": stages,
        }


def run_live(options: LiveOptions, *, reporter: Reporter | None = None) -> LiveReport:
    """Follow a face live until the source ends, the viewer stops, or Ctrl-C.

    Args:
        options: what is asked for.
        reporter: told the address of the browser page.

    Returns:
        How fast it was.

    Raises:
        InputError: options, camera, file or portrait that cannot be used; no face in the whole of it.
    """
    from driving.video import LiveFollower, TimedFrame

    reporter = reporter or Reporter()
    options.check()
    source = open_source(options.source, seconds=options.seconds)
    painter = _Painter(options, reporter)
    follower = LiveFollower(
        face=options.face, regions=options.regions, strength=parse_strength(options.strength)
    )
    report = LiveReport()
    provenance = Provenance("live", "preview", 0)
    with ExitStack() as stack:
        displays: list[Display] = [open_display(options.show, port=options.port, announce=reporter.note)]
        if options.out is not None:
            staged = stack.enter_context(output_file(options.out))
            displays.append(FileRecording(staged, fps=source.fps, provenance=provenance))
        for display in displays:
            stack.callback(display.close)
        worker = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        frames = iter(source)

        def follow() -> tuple[LiveFrame, LivePose, float] | None:
            frame = next(frames, None)
            if frame is None:
                return None
            return frame, follower.push(TimedFrame(frame.image, frame.seconds)), time.perf_counter()

        began = time.perf_counter()
        try:
            taken, ahead = follow(), None
            with fewer_threads():
                while taken is not None:
                    frame, pose, followed = taken
                    prepared = bool(report.shown or report.preparation)
                    if prepared and may_overlap():
                        ahead = worker.submit(follow)
                    picture, stages = painter.paint(frame, pose.sequence)
                    late = time.perf_counter() - frame.taken_at
                    picture = _labelled(picture, f"{1000 * late:.0f} ms" if pose.seen else "no face")
                    wanted = [display.show(picture) for display in displays]
                    report.unseen += int(not pose.seen)
                    if prepared:
                        report.add({"follow": followed - frame.taken_at, **stages, "total": late})
                    else:  # finding out whose face it is, and loading, happens once
                        report.preparation = late
                        source.hold()
                    if not all(wanted):
                        break
                    taken, ahead = follow() if ahead is None else ahead.result(), None
        except KeyboardInterrupt:
            reporter.note("stopped")
        report.seconds = time.perf_counter() - began - report.preparation
        report.dropped = source.dropped
        if report.unseen and report.unseen > report.shown:
            given = options.source
            raise input_error(NoFaceError, "no face was seen", given, "come into the light, face the camera")
    return report


class _Painter:
    """Camera picture, driven head and, with a portrait, the portrait's preview, side by side."""

    def __init__(self, options: LiveOptions, reporter: Reporter) -> None:
        from flame.head import load_head

        self._size = options.size
        self._head: Any = load_head()
        self._portrait = self._prepared(options, reporter)
        self._cameras = _head_camera(options.size, np.asarray(self._head.v_template))

    def _prepared(self, options: LiveOptions, reporter: Reporter) -> Portrait | None:
        if options.reference is None:
            return None
        from mvportrait.media.images import read_picture
        from mvportrait.portraits import prepare_portrait

        with reporter.track("portrait"):
            picture = read_picture(options.reference)
            return prepare_portrait([picture], size=options.size, reporter=reporter).portrait

    def paint(self, frame: LiveFrame, motion: FlameSequence) -> tuple[np.ndarray, dict[str, float]]:
        """(size, 2·size or 3·size, 3) uint8, and seconds by stage."""
        started = time.perf_counter()
        parts = [_square(frame.image, self._size), self._drawn_head(motion)]
        head_done = time.perf_counter()
        stages = {"head": head_done - started}
        if self._portrait is not None:
            parts.append(self._drawn_portrait(self._portrait, motion))
            stages["portrait"] = time.perf_counter() - head_done
        return np.concatenate(parts, axis=1), stages

    def _drawn_head(self, motion: FlameSequence) -> np.ndarray:
        from mvvideo.scene import to_bytes
        from renderer import render_buffers

        vertices = self._head.pose(motion)
        return to_bytes(
            render_buffers(vertices, self._head, self._cameras, buffers=["shaded"])["shaded"][0, 0]
        )

    def _drawn_portrait(self, portrait: Portrait, motion: FlameSequence) -> np.ndarray:
        from flame.relative import apply_relative
        from mvvideo.scene import Scene, Shots, to_bytes

        moved = apply_relative(motion, portrait.fit)
        cameras = portrait.camera.resized(self._size, self._size)
        scene = Scene(portrait, moved, cameras, camera_per_frame=False)
        rgb, alpha, plate = scene.appearance(Shots((0,), self._size), [0])
        return to_bytes((alpha * rgb + (1.0 - alpha) * plate)[0, 0])


def _head_camera(size: int, vertices: np.ndarray) -> Any:
    """In front of the resting head, with room for it to turn and nod."""
    from renderer import fit_camera

    low, high = vertices.min(axis=0), vertices.max(axis=0)
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T  # (8, 3)
    return fit_camera(corners, height=size, width=size)


def _square(image: np.ndarray, size: int) -> np.ndarray:
    """The middle square of a frame, ``size`` wide."""
    import cv2

    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return cv2.resize(image[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA)


def _labelled(picture: np.ndarray, text: str) -> np.ndarray:
    """The latency, small, in the corner of what is generated."""
    import cv2

    where: Sequence[int] = (picture.shape[1] - 8 * len(text) - 12, picture.shape[0] - 8)
    marked = np.ascontiguousarray(picture)
    return cv2.putText(marked, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _TEXT_RGB, 1, cv2.LINE_AA)
