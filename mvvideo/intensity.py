"""How strongly a face moves: one number for the expression, one for the head (after HunyuanPortrait).

With landmarks p over T frames and the nose tip n, and s the size of the face in the first frame::

    expression = mean over landmarks of the standard deviation over time of (p − n), over s
    head       = standard deviation over time of n, over s

A standard deviation of points is that of their x and y together; s is the root mean square distance of the
landmarks from their centre. Both are brought to 0 … 1 by a square root, so that small motions, which are the
common ones, get most of the levels that a network cuts the range into.

Motion is measured where it is at hand: from posed landmarks for a ``FlameSequence``, from the canonical map of
the guidance for training clips. Both use the same twelve points of the face.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mvvideo.guidance import CANONICAL_SCALE_METRES, Guidance, channel_slice

if TYPE_CHECKING:
    from flame.head import FlameHead
    from flame.sequence import FlameSequence

__all__ = ["FULL_SCALE", "clip_intensity", "sequence_intensity", "track_intensity"]

FULL_SCALE = (0.15, 0.6)
"""Raw intensities of expression and head that count as 1: about the most that the training actors show."""

# Of the 68 landmarks: nose tip first, then chin, brows, upper and lower lids, mouth corners, lips.
_POINTS = (30, 8, 19, 24, 37, 41, 44, 46, 48, 54, 51, 57)
_REACH_METRES = 0.008
_FEWEST = 0.25  # pixels' worth of weight for a point to count as seen


def track_intensity(points: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
    """Intensities of tracked points.

    Args:
        points: ``(T, P, 2)`` in any unit; point 0 is the nose tip.
        seen: ``(P,)`` bool, points to use; ``None`` for all. Without the nose tip nothing can be measured.

    Returns:
        ``(2,)`` float32 in [0, 1], expression and head; zeros where there is nothing to measure.
    """
    seen = np.ones(points.shape[1], bool) if seen is None else seen
    if not seen[0] or seen.sum() < 3:
        return np.zeros(2, np.float32)
    points = points[:, seen].astype(np.float64)
    size = np.sqrt(np.square(points[0] - points[0].mean(0)).sum(-1).mean())
    nose, others = points[:, 0], points[:, 1:] - points[:, :1]
    expression = np.sqrt(others.var(0).sum(-1)).mean() / size
    head = np.sqrt(nose.var(0).sum()) / size
    return np.sqrt(np.clip(np.array([expression, head]) / FULL_SCALE, 0, 1)).astype(np.float32)


def sequence_intensity(sequence: FlameSequence, head: FlameHead) -> np.ndarray:
    """Intensities of a motion, as seen from the front.

    Args:
        sequence: in the basis of ``head``, T frames.

    Returns:
        ``(2,)`` float32 in [0, 1], expression and head.
    """
    landmarks = head.landmarks(head.pose(sequence), "68")[:, list(_POINTS), :2]  # (T, P, 2) metres
    return track_intensity(landmarks)


def clip_intensity(guidance: np.ndarray) -> np.ndarray:
    """Intensities of a training clip, the mean over its views.

    Args:
        guidance: ``(T, N, C, H, W)`` uint8 as stored.

    Returns:
        ``(2,)`` float32 in [0, 1], expression and head.
    """
    points, seen = _tracked(Guidance.dequantise(guidance))
    views = [track_intensity(points[:, n], seen[:, n].all(0)) for n in range(points.shape[1])]
    return np.mean([view for view in views if view.any()] or [np.zeros(2)], axis=0).astype(np.float32)


@lru_cache(maxsize=1)
def _anchors() -> np.ndarray:
    """The twelve points on the mean head, in the units of the canonical channels, ``(P, 3)``."""
    from flame.head import load_head

    head = load_head()
    points = head.landmarks(head.v_template[None].astype(np.float32), "68")[0, list(_POINTS)]
    return points / CANONICAL_SCALE_METRES


def _tracked(guidance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the points are in every picture: ``(T, N, P, 2)`` pixels, ``(T, N, P)`` whether they are seen."""
    canonical = np.moveaxis(guidance[:, :, channel_slice("canonical")], 2, -1)  # (T, N, H, W, 3)
    there = np.abs(guidance[:, :, channel_slice("normals")]).max(2) > 0
    frames, views, height, width = there.shape
    y, x = np.mgrid[:height, :width] + 0.5
    reach = _REACH_METRES / CANONICAL_SCALE_METRES
    anchors = _anchors()
    points = np.zeros((frames, views, len(anchors), 2))
    seen = np.zeros((frames, views, len(anchors)), bool)
    for p, anchor in enumerate(anchors):
        weight = np.exp(-0.5 * np.square((canonical - anchor) / reach).sum(-1)) * there  # (T, N, H, W)
        total = weight.sum((2, 3))
        seen[:, :, p] = total > _FEWEST
        points[:, :, p, 0] = (weight * x).sum((2, 3)) / np.maximum(total, 1e-6)
        points[:, :, p, 1] = (weight * y).sum((2, 3)) / np.maximum(total, 1e-6)
    return points, seen
