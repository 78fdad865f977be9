"""Where the photo shows bare skin, judged by the colours of the face itself."""

from __future__ import annotations

import numpy as np

from mvvideo.portrait.face_points import BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, FACE_OVAL, LIPS

__all__ = ["face_mask", "polygon_mask", "skin_likeness"]


def polygon_mask(landmarks: np.ndarray, points: tuple[int, ...], size: int) -> np.ndarray:
    """``(S, S)`` uint8 0/1 inside the polygon of these landmarks."""
    import cv2

    mask = np.zeros((size, size), np.uint8)
    corners = np.round(landmarks[list(points), :2] * 16).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1, shift=4)
    return mask


def face_mask(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Skin of the face for certain: the oval without eyes, brows and lips; ``(S, S)`` bool."""
    import cv2

    oval = polygon_mask(landmarks, FACE_OVAL, size)
    reach = max(int(0.03 * np.ptp(landmarks[:, 0])), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    mask = cv2.erode(oval, kernel, iterations=2)
    for feature in (EYE_LEFT, EYE_RIGHT, BROW_LEFT, BROW_RIGHT, LIPS):
        mask[cv2.dilate(polygon_mask(landmarks, feature, size), kernel) > 0] = 0
    return mask > 0


def _skin_axes(image: np.ndarray) -> np.ndarray:
    """Log brightness and two chromaticities, ``(..., 3)``: shading moves only the first."""
    total = image.sum(axis=-1) + 0.06
    return np.stack([np.log(total), image[..., 0] / total, image[..., 2] / total], axis=-1)


def skin_likeness(image: np.ndarray, matte: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """How much each pixel looks like the face's skin rather than like its hair or hat.

    Args:
        image: ``(S, S, 3)`` float32; matte: ``(S, S)``; landmarks: ``(478, 2+)`` pixels.

    Returns:
        ``(S, S)`` float32 in [0, 1].
    """
    import cv2

    size = image.shape[0]
    axes = _skin_axes(cv2.GaussianBlur(image, (0, 0), size / 250))
    known = face_mask(landmarks, size)
    if known.sum() < 20:
        return np.ones((size, size), np.float32)
    # Skin goes darker in shadow far more than it goes brighter; chroma of dark pixels is noise.
    to_skin = _distance(axes, axes[known], darker=0.75)
    likeness = np.clip(1.0 - (to_skin - 2.2) / 1.5, 0, 1)
    above = _above_face(matte, landmarks)
    if above.sum() >= 40:
        to_hair = _distance(axes, axes[above], darker=1.0)
        # A bald crown is skin too: where both models agree on the hair samples there is nothing to tell apart.
        apart = float(np.clip((np.median(to_skin[above]) - 0.6) / 0.5, 0, 1))
        nearer = np.clip(0.5 + 1.0 * (to_hair - to_skin), 0, 1)
        likeness = likeness * (apart * nearer + 1 - apart)
    return cv2.GaussianBlur(likeness.astype(np.float32), (0, 0), size / 170)


def _above_face(matte: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Pixels of the person above the brows and outside the face oval: hair, hat or bald crown."""
    import cv2

    size = matte.shape[0]
    face = np.ptp(landmarks[:, 1])
    reach = max(int(0.07 * face), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    oval = cv2.dilate(polygon_mask(landmarks, FACE_OVAL, size), kernel) > 0
    brow_line = landmarks[list(BROW_LEFT + BROW_RIGHT), 1].mean()
    rows = np.arange(size)[:, None]
    return (matte > 0.95) & ~oval & (rows < brow_line) & (rows > brow_line - 0.9 * face)


def _distance(axes: np.ndarray, sample: np.ndarray, *, darker: float) -> np.ndarray:
    """Robust distance of each pixel from the sample's colours; ``darker`` scales falling brightness."""
    middle = np.median(sample, axis=0)
    spread = 1.4826 * np.median(np.abs(sample - middle), axis=0)
    off = (axes - middle) / np.maximum(1.6 * spread, (0.30, 0.014, 0.014))
    off[..., 0] *= np.where(off[..., 0] < 0, darker, 1.2)
    return np.sqrt((off**2).sum(axis=-1))
