"""Long clips as windows: pure planning, and the weights with which overlapping ones are put together.

In one step (``plan_windows``) every frame belongs to one window or lies in the overlap of two neighbours,
where the later one is faded in. Windows come in order and never look back further than one overlap, so
frames can be handed on as they are done and memory does not grow with the clip. For several steps see
``CyclicPlan``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["CyclicPlan", "Window", "fade_in", "plan_windows"]


@dataclass(frozen=True)
class Window:
    """Frames ``start … stop − 1``; the first ``overlap`` of them are shared with the window before."""

    start: int
    stop: int
    overlap: int

    def __len__(self) -> int:
        return self.stop - self.start


def plan_windows(frames: int, *, length: int, overlap: int) -> list[Window]:
    """Windows that cover a clip.

    Args:
        frames: of the clip, at least 1.
        length: of a window; the last one may be shorter (but longer than the overlap).
        overlap: frames shared by neighbours, 0 ≤ overlap < length.

    Returns:
        at least one window, in order; only the first has no overlap (unless ``overlap`` is 0).
    """
    if frames < 1 or not 0 <= overlap < length:
        raise ValueError(
            f"need frames ≥ 1 and 0 ≤ overlap < length: {frames} frames, length {length}, overlap {overlap}; "
            "use a longer window"
        )
    windows = [Window(0, min(length, frames), 0)]
    while windows[-1].stop < frames:
        start = windows[-1].stop - overlap
        windows.append(Window(start, min(start + length, frames), overlap))
    return windows


def fade_in(overlap: int) -> np.ndarray:
    """Weight of the later window on each shared frame, ``(overlap,)`` float32, rising inside 0 … 1."""
    return (np.arange(1, overlap + 1, dtype=np.float32)) / (overlap + 1)


@dataclass(frozen=True)
class CyclicPlan:
    """Windows for sampling in several steps: they lie side by side and move by one frame with every step.

    What one step cuts apart the next one joins, so no frame is denoised twice and none stays at a border. The
    clip is taken as a ring: a window that moves out at one end comes in at the other (the cyclic overlap of
    VividPortraits). Windows move towards the start, so that window n of a step needs only the windows n − 1
    and n of the step before, and a clip of any length can be sampled from front to back with a few windows
    in memory.

    A clip that fits into one window is not turned.

    Attributes:
        frames: of the clip, at least 1.
        length: no window is longer; their lengths differ by one frame at most.
    """

    frames: int
    length: int

    def __post_init__(self) -> None:
        if self.frames < 1 or self.length < 1:
            raise ValueError(
                f"need frames ≥ 1 and length ≥ 1: {self.frames} frames, length {self.length}; give more"
            )

    @property
    def count(self) -> int:
        """Windows in every step."""
        return -(-self.frames // self.length)

    def span(self, number: int, step: int) -> range:
        """Frames of window ``number`` in ``step`` (from 0) in order; negative ones count from the clip's end."""
        if not 0 <= number < self.count or step < 0:
            raise ValueError(f"no window {number} of {self.count} in step {step}; count both from 0")
        shift = step if self.count > 1 else 0
        start, stop = (self.frames * edge // self.count for edge in (number, number + 1))
        # Brought to one ring's length, so that no frame is further than one clip away.
        turns = (stop - 1 - shift) // self.frames
        return range(start - shift - turns * self.frames, stop - shift - turns * self.frames)

    def window(self, number: int, step: int) -> tuple[int, ...]:
        """The frames of :meth:`span`, each in 0 … frames − 1."""
        return tuple(frame % self.frames for frame in self.span(number, step))

    def sources(self, number: int) -> tuple[int, ...]:
        """Windows of the step before that hold the frames of window ``number``, in order."""
        return ((number - 1) % self.count, number) if self.count > 1 else (number,)
