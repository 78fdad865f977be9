"""What a video driver is asked, and the checks of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from flame.errors import ConfigError, ImageError, InputError, input_error
from flame.timing import DEFAULT_FPS, check_fps, frame_count

__all__ = ["NEUTRALS", "REGIONS", "TimedFrame", "VideoRequest", "checked_frames"]

REGIONS: tuple[str, ...] = ("pose", "expression", "lips", "eyes")
"""What can be driven: ``pose`` (head and bust), ``expression`` (brows, cheeks, nose), ``lips`` (jaw, mouth, tongue),
``eyes`` (gaze, eyelids)."""
NEUTRALS: tuple[str, ...] = ("first", "clip")
"""What a motion is measured from: the first seen frame, or how the face mostly is at rest in the clip."""
STRONGEST = 3.0
_SMALLEST_SIDE = 16
_LARGEST_SIDE = 8192


@dataclass(frozen=True, eq=False)
class TimedFrame:
    """One picture of a video.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright.
        seconds: when it is shown; rises from frame to frame.
    """

    image: np.ndarray
    seconds: float


@dataclass(frozen=True, kw_only=True, eq=False)
class VideoRequest:
    """Motion from a filmed face.

    Attributes:
        frames: read once, one at a time; any frame rate, also an uneven one.
        fps: frames per second of the motion.
        seconds: its length; None: that of the video. Past the video's end the head goes back to rest.
        face: which face where there are several: 0 the largest when the shot begins, 1 the next, …
        regions: what is driven, of :data:`REGIONS`; the rest stays at rest.
        strength: region → factor 0 to 3, 1 where not named.
        absolute: the head as it is filmed (turn, gaze and expression against the camera) instead of the change
            from rest; the head then does not begin at rest.
        neutral: of :data:`NEUTRALS`. ``"first"`` begins at rest by definition, so a clip should begin with a
            calm face; ``"clip"`` estimates the face's rest from the whole clip, and may begin away from rest.
    """

    frames: Iterable[TimedFrame]
    fps: float = DEFAULT_FPS
    seconds: float | None = None
    face: int = 0
    regions: tuple[str, ...] = REGIONS
    strength: Mapping[str, float] = field(default_factory=dict)
    absolute: bool = False
    neutral: str = "first"

    def check(self) -> None:
        """Raise ConfigError unless every number and name is usable."""
        check_fps(self.fps)
        if self.seconds is not None:
            frame_count(self.seconds, fps=self.fps)
        if isinstance(self.face, bool) or not isinstance(self.face, int) or not 0 <= self.face <= 15:
            raise input_error(
                ConfigError, "face must be a number from 0 to 15", self.face, "0 is the largest"
            )
        if not self.regions:
            raise input_error(ConfigError, "no region to drive", "an empty list", f"name any of {_names()}")
        for name in (*self.regions, *self.strength):
            if name not in REGIONS:
                raise input_error(ConfigError, "there is no such region", name, f"name any of {_names()}")
        for name, value in self.strength.items():
            if not (isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= STRONGEST):
                rule = f"strength must be a number from 0 to {STRONGEST:g}"
                raise input_error(ConfigError, rule, f"{name}={value}", "1 is as filmed")
        if self.neutral not in NEUTRALS:
            raise input_error(ConfigError, "there is no such neutral", self.neutral, "use first or clip")


def checked_frames(frames: Iterable[TimedFrame], *, after: float = -math.inf) -> Iterator[TimedFrame]:
    """The same frames, each looked at before it is passed on.

    Args:
        after: seconds, before the first one.

    Raises:
        InputError: a time that is not a number or does not rise. ImageError: a picture of a wrong form.
    """
    last = after
    for index, frame in enumerate(frames):
        seconds = frame.seconds
        if not isinstance(seconds, (int, float, np.floating)) or not math.isfinite(seconds):
            rule = "a frame's time must be a finite number of seconds"
            raise input_error(InputError, rule, f"frame {index}: {seconds}", "give every frame its time")
        if seconds <= last:
            given = f"frame {index} at {float(seconds):g} s after {last:g} s"
            raise input_error(InputError, "the frames' times must rise", given, "sort them, drop doubles")
        last = float(seconds)
        _check_image(frame.image, index)
        yield frame


def _check_image(image: np.ndarray, index: int) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        given = (
            f"frame {index}: {getattr(image, 'shape', type(image).__name__)} {getattr(image, 'dtype', '')}"
        )
        raise input_error(ImageError, "a frame must be (H, W, 3) uint8 RGB", given, "convert it")
    height, width = image.shape[:2]
    if not (_SMALLEST_SIDE <= min(height, width) and max(height, width) <= _LARGEST_SIDE):
        rule = f"a frame's sides must be {_SMALLEST_SIDE} to {_LARGEST_SIDE} pixels"
        raise input_error(ImageError, rule, f"frame {index}: {width}x{height}", "scale the video")


def _names() -> str:
    return ", ".join(REGIONS)
