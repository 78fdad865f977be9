"""Flicker: what changes between frames without being motion."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FlickerMeter"]


class FlickerMeter:
    """Mean |I_t − ½(W I_{t−1} + W I_{t+1})| over the person, one frame at a time.

    W brings the neighbours to frame t along the video's own optical flow (DIS, Kroeger et al. 2016), so steady
    motion, a moving light and blur cost nothing; grain, popping and texture that swims do. It is the second
    temporal difference, halved, with the motion taken out. Pixels whose flow does not lead back (more than a
    pixel between there and back: occlusion) are left out, in every video alike.
    """

    def __init__(self) -> None:
        import cv2

        self._flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._frames: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # picture, grey, mask
        self._forward: np.ndarray | None = None  # flow of the pair before, there and back
        self._backward: np.ndarray | None = None
        self.total, self.count = 0.0, 0

    def add(self, picture: np.ndarray, mask: np.ndarray) -> None:
        """Take the next frame: ``(H, W, 3)`` uint8 and where it is judged, ``(H, W)`` bool."""
        import cv2

        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        self._frames.append((picture, grey, mask))
        if len(self._frames) < 2:
            return
        before = self._frames[-2][1]
        forward = self._flow.calc(before, grey, None)  # where the pixels of t−1 are in t
        backward = self._flow.calc(grey, before, None)
        if len(self._frames) == 3:
            assert self._forward is not None and self._backward is not None
            past, (middle, _, judged), future = self._frames[0][0], self._frames[1], self._frames[2][0]
            expected = 0.5 * (_warped(past, self._backward) + _warped(future, forward))
            sure = _returns(self._backward, self._forward) & _returns(forward, backward) & judged
            difference = np.abs(middle.astype(np.float32) - expected).mean(axis=2)
            self.total += float(difference[sure].sum()) / 255.0
            self.count += int(sure.sum())
            self._frames.pop(0)
        self._forward, self._backward = forward, backward

    def cut(self) -> None:
        """The next frame does not follow the last one."""
        self._frames.clear()
        self._forward = self._backward = None

    @property
    def percent(self) -> float:
        """Flicker in % of the range; NaN with fewer than three frames."""
        return 100.0 * self.total / self.count if self.count else float("nan")


def _grid(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    return x, y


def _warped(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """``picture`` looked up at x + flow(x), float32."""
    import cv2

    x, y = _grid(flow.shape)
    return cv2.remap(
        picture.astype(np.float32),
        x + flow[..., 0],
        y + flow[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _returns(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Pixels from which ``there`` and then ``back`` lead home within a pixel, ``(H, W)`` bool."""
    return np.linalg.norm(there + _warped(back, there), axis=2) < 1.0
