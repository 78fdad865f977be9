"""Long clips as overlapping windows: pure planning, and the weights with which they are put together.

Every frame belongs to one window or lies in the overlap of two neighbours, where the later one is faded in.
Windows come in order and never look back further than one overlap, so frames can be handed on as they are
done and memory does not grow with the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Window", "fade_in", "plan_windows"]


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
