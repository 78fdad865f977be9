"""What is to be shown: appearance and guidance of any stretch of a clip, at any size.

The largest arrays of a run are made here, so here is the limit on how many pictures are held at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import CameraError, input_error

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from mvvideo.portrait import Portrait
    from mvvideo.portrait.appearance import Appearance
    from renderer.cameras import Cameras

__all__ = ["Scene", "Shots", "stretches", "to_bytes"]

#: Pixels drawn at once, over frames and views: 150 bytes each in the appearance and its composition.
PIXELS_AT_ONCE = 2 * 1024 * 1024


FINEST = 2


@dataclass(frozen=True)
class Shots:
    """Pictures wanted of every frame.

    Attributes:
        views: indices of the scene's cameras.
        size: height and width in pixels.
    """

    views: tuple[int, ...]
    size: int

    def at_once(self) -> int:
        """Frames to be drawn together."""
        return max(1, PIXELS_AT_ONCE // (len(self.views) * self.size**2))


def stretches(frames: Sequence[int]) -> Iterator[slice]:
    """Runs of consecutive frames, in order: 6, 7, 0, 1 → 6:8, 0:2."""
    start = 0
    for end in range(1, len(frames) + 1):
        if end == len(frames) or frames[end] != frames[end - 1] + 1:
            yield slice(frames[start], frames[end - 1] + 1)
            start = end


class Scene:
    """Motion, cameras and the portrait whose guidance the network sees.

    Args:
        portrait: the prepared reference.
        sequence: absolute motion, T frames.
        cameras: N views; with ``camera_per_frame`` one camera for each frame of a single view.

    Raises:
        CameraError: a travelling camera without one camera per frame.
    """

    def __init__(
        self, portrait: Portrait, sequence: FlameSequence, cameras: Cameras, *, camera_per_frame: bool
    ) -> None:
        if camera_per_frame and len(cameras) != len(sequence):
            rule = "a travelling camera needs one camera per frame"
            given = f"{len(cameras)} cameras for {len(sequence)} frames"
            raise input_error(CameraError, rule, given, "match them")
        self.portrait, self.sequence = portrait, sequence
        self._cameras = cameras
        self._camera_per_frame = camera_per_frame
        self.views = 1 if camera_per_frame else len(cameras)

    def _pieces(
        self, frames: Sequence[int], views: Sequence[int] | None = None
    ) -> Iterator[tuple[FlameSequence, Cameras]]:
        """Motion with cameras that stand still."""
        for part in stretches(frames):
            if self._camera_per_frame:
                for frame in range(part.start, part.stop):
                    yield self.sequence[frame : frame + 1], self._cameras[frame : frame + 1]
            else:
                chosen = self._cameras
                if views is not None and tuple(views) != tuple(range(self.views)):
                    chosen = chosen[list(views)]
                yield self.sequence[part], chosen

    def appearance(self, shots: Shots, frames: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colour and plate ``(T, N, H, W, 3)``, alpha ``(T, N, H, W, 1)`` of some frames."""
        parts = []
        for motion, cameras in self._pieces(frames, shots.views):
            vertices = self.portrait.head.pose(motion)
            shown = self._shown(vertices, cameras.resized(shots.size, shots.size))
            parts.append((shown.rgb, shown.alpha, np.broadcast_to(shown.background[None], shown.rgb.shape)))
        if len(parts) == 1:
            return parts[0]
        rgb, alpha, background = (np.concatenate(values) for values in zip(*parts, strict=True))
        return rgb, alpha, background

    def guidance(self, frames: Sequence[int], size: int) -> np.ndarray:
        """``(T, N, C, size, size)`` float32."""
        from mvvideo.guidance import Guidance

        parts = []
        for motion, cameras in self._pieces(frames):
            vertices, resized = self.portrait.head.pose(motion), cameras.resized(size, size)
            buffers = self.portrait.appearance.head_buffers(vertices, resized)
            parts.append(Guidance.pack(self._shown(vertices, resized), buffers))
        return np.concatenate(parts)

    def _shown(self, vertices: np.ndarray, cameras: Cameras) -> Appearance:
        """The person drawn; with several samples per pixel where the photo is very much finer than the picture.

        Up to ``FINEST`` photo pixels to a picture pixel the network knows from training; beyond them, textures
        would flicker as they move.
        """
        finer = self.portrait.size // (FINEST * cameras.height)
        render = self.portrait.appearance.render
        return render(vertices, cameras, supersample=finer) if finer > 1 else render(vertices, cameras)


def to_bytes(pictures: np.ndarray) -> np.ndarray:
    """[0, 1] float → uint8, rounded."""
    return (np.clip(pictures, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
