"""The square of the photo that the frames will show: head and shoulders, inside the photo where possible."""

from __future__ import annotations

import numpy as np

__all__ = ["crop_image", "crop_points", "square_crop_box"]

SIDE_PER_FACE = 2.5
"""Side of the square per face height (chin to top of forehead): room for hair, a hat and the shoulders."""
SMALLEST_SIDE_PER_FACE = 1.6
"""Down to this the square shrinks rather than leaving the photo; invented margins look worse than a close-up."""
FACE_CENTRE_HEIGHT = 0.46
"""Where the middle of the face lies in the square, from its top."""


def square_crop_box(landmarks: np.ndarray, *, height: int, width: int) -> tuple[int, int, int, int]:
    """The square to show, ``(x0, y0, x1, y1)`` in whole photo pixels; it may leave the photo.

    Args:
        landmarks: ``(478, 2+)`` face points in photo pixels.
        height, width: size of the photo.

    The square shrinks and moves to stay inside the photo as long as the face keeps a margin around it.
    """
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    centre = (low + high) / 2
    face = float(max(high[1] - low[1], 1.15 * (high[0] - low[0]), 1.0))
    largest = max(min(height, width), SMALLEST_SIDE_PER_FACE * face)
    side = int(round(min(SIDE_PER_FACE * face, largest)))
    start = centre - np.array([0.5, FACE_CENTRE_HEIGHT]) * side
    limits = np.array([width, height]) - side
    inside = np.clip(start, np.minimum(limits, 0), np.maximum(limits, 0))
    # Moving must leave at least a tenth of the side around the face; beyond that the square leaves the photo.
    margin = 0.1 * side
    lowest, highest = high + margin - side, low - margin
    start = np.where(lowest <= highest, np.clip(inside, lowest, np.maximum(highest, lowest)), start)
    x0, y0 = (int(v) for v in np.round(start))
    return x0, y0, x0 + side, y0 + side


def crop_points(points: np.ndarray, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    """Photo pixels → pixels of the crop of ``size``; a third coordinate (depth) is scaled alike."""
    scale = size / (box[2] - box[0])
    moved = points.astype(np.float64) * scale
    moved[..., :2] -= np.array(box[:2], np.float64) * scale
    return moved


def crop_image(image: np.ndarray, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    """Cut the square ``box`` and resample it to ``(size, size, 3)`` float32.

    Args:
        image: ``(H, W, 3)`` float32 in [0, 1].

    Where the square leaves the photo, the border is mirrored near by and dissolves into its own blur farther
    out, so that no second face or hard stripe appears.
    """
    import cv2

    height, width = image.shape[:2]
    x0, y0, x1, y1 = box
    inner = (max(x0, 0), max(y0, 0), min(x1, width), min(y1, height))
    piece = image[inner[1] : inner[3], inner[0] : inner[2]]
    pads = (inner[1] - y0, y1 - inner[3], inner[0] - x0, x1 - inner[2])  # top, bottom, left, right
    side = x1 - x0
    if any(pads):
        piece = _pad(piece, pads)
    if size < side:
        return np.clip(cv2.resize(piece, (size, size), interpolation=cv2.INTER_AREA), 0, 1)
    if size > side:
        return np.clip(cv2.resize(piece, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)
    return np.ascontiguousarray(piece)


def _pad(piece: np.ndarray, pads: tuple[int, int, int, int]) -> np.ndarray:
    """Add ``pads`` (top, bottom, left, right) pixels around ``piece``."""
    import cv2

    padded = cv2.copyMakeBorder(piece, *pads, cv2.BORDER_REPLICATE)
    mirrored = (
        cv2.copyMakeBorder(piece, *pads, cv2.BORDER_REFLECT_101) if min(piece.shape[:2]) > 1 else padded
    )
    side = padded.shape[0]
    known = np.zeros(padded.shape[:2], np.uint8)
    known[pads[0] : side - pads[1], pads[2] : side - pads[3]] = 1
    distance = cv2.distanceTransform(1 - known, cv2.DIST_L2, 3)[..., None] / side
    blurred = cv2.GaussianBlur(padded, (0, 0), 0.03 * side)
    near = np.clip(1 - distance / 0.06, 0, 1)
    outside = near * (0.5 * mirrored + 0.5 * padded) + (1 - near) * blurred
    return np.where(known[..., None] > 0, padded, outside).astype(np.float32)
