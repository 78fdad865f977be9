"""Seconds to frames: the one rounding rule of the project.

Frame ``i`` of a clip at ``fps`` stands at ``i / fps`` seconds and lasts ``1 / fps``. Halves round up.
"""

from __future__ import annotations

import math

from flame.errors import ConfigError, input_error

DEFAULT_FPS = 25.0
# 0.1 s at 25 fps is 2.5000000000000004 frames and 0.3 s is 7.499999999999999: halves are meant, so
# a product this close below a half still counts as one.
_HALF_SLACK = 1e-9


def frame_count(seconds: float, *, fps: float = DEFAULT_FPS) -> int:
    """Number of frames of a clip of ``seconds``: rounded half up, at least 1.

    Args:
        seconds: length, finite and > 0.
        fps: frames per second, finite and > 0.

    Raises:
        ConfigError: for a length or rate that is not a positive finite number.
    """
    check_fps(fps)
    if not (isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds > 0):
        raise input_error(
            ConfigError, "seconds must be a positive number", seconds, "give a length such as 3.0"
        )
    return max(1, _round_half_up(float(seconds) * float(fps)))


def frame_index(seconds: float, *, fps: float = DEFAULT_FPS, frames: int | None = None) -> int:
    """Index of the frame nearest to a time (halves up), kept in ``[0, frames)`` when ``frames`` is given.

    Raises:
        ConfigError: for a negative or non-finite time, or a bad rate.
    """
    check_fps(fps)
    if not (isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds >= 0):
        raise input_error(
            ConfigError, "a time must be a number of seconds ≥ 0", seconds, "give a time such as 1.5"
        )
    index = _round_half_up(float(seconds) * float(fps))
    return index if frames is None else min(index, max(frames, 1) - 1)


def frame_seconds(index: int, *, fps: float = DEFAULT_FPS) -> float:
    """Start time of frame ``index`` in seconds."""
    check_fps(fps)
    return index / float(fps)


def check_fps(fps: float) -> None:
    """Raise ConfigError unless ``fps`` is a finite number in (0, 1000]."""
    try:
        good = math.isfinite(float(fps)) and 0 < float(fps) <= 1000
    except (TypeError, ValueError):
        good = False
    if not good:
        raise input_error(
            ConfigError, "fps must be a number above 0 and at most 1000", fps, "give a rate such as 25"
        )


def _round_half_up(value: float) -> int:
    return math.floor(value + 0.5 + _HALF_SLACK)
