"""Who is in front: from a coarse person probability to a clean matte with soft hair edges."""

from __future__ import annotations

import numpy as np

__all__ = ["person_matte", "refine_matte"]

SOLVED_PIXELS = 384
"""Side at which soft edges are solved for; larger crops take them up by their own edges."""
HAIR_BAND_PIXELS, BODY_BAND_PIXELS = 13.0, 4.0
"""Half width of the band that is solved for, per 512 pixels of the crop."""
PRIOR_WEIGHT = 0.004
"""How far the cut counts in it against the picture's own windows, where colours tell the sides apart."""
UNSURE_PIXELS = 9.0
"""Half width of the band around the coarse border in which colours decide, per 512 pixels of the crop."""


def person_matte(finder: object, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Matte of the person whose face is given.

    Args:
        finder: a :class:`~mvvideo.portrait.detect.FaceFinder`.
        image: ``(S, S, 3)`` float32 crop.
        landmarks: ``(478, 2+)`` points in crop pixels.

    Returns:
        ``(S, S)`` float32 in [0, 1].

    The segmentation network sees the picture at 256 pixels; the mean over the crop, its mirror image and a
    zoomed-out copy is steadier than one look.
    """
    import cv2

    size = image.shape[0]
    picture = np.round(image * 255).astype(np.uint8)
    small = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
    margin = 48
    wide = cv2.copyMakeBorder(small, margin, 0, margin, margin, cv2.BORDER_REPLICATE)
    wide = cv2.copyMakeBorder(wide, 0, margin, 0, 0, cv2.BORDER_REPLICATE)
    looks = (
        finder.matte(small),  # type: ignore[attr-defined]
        finder.matte(small[:, ::-1])[:, ::-1],  # type: ignore[attr-defined]
        finder.matte(wide)[margin:-margin, margin:-margin],  # type: ignore[attr-defined]
    )
    coarse = cv2.resize(np.mean(looks, axis=0), (size, size), interpolation=cv2.INTER_LINEAR)
    return refine_matte(image, coarse, landmarks)


def refine_matte(image: np.ndarray, coarse: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Make a coarse matte follow the picture's edges.

    Args:
        image: ``(S, S, 3)`` float32 in [0, 1].
        coarse: ``(S, S)`` float32 in [0, 1].
        landmarks: ``(478, 2+)`` points in pixels; the face they outline belongs to the person for certain.

    Returns:
        ``(S, S)`` float32: one piece, no holes, 0 … 1.
    """
    import cv2

    size = image.shape[0]
    solid = _one_piece(coarse > 0.5, landmarks)
    unsure = UNSURE_PIXELS * size / 512
    inside = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 3)
    # What the network itself doubts (dark corners of a painting) may be taken away by the colours.
    sure_inside = (inside > unsure) & (cv2.blur(coarse, (5, 5)) > 0.85)
    sure_outside = outside > 2 * unsure
    cut = _grab_cut(image, solid, sure_inside=sure_inside, sure_outside=sure_outside)
    blended = 0.65 * cut + 0.35 * np.clip(coarse, 0, 1)
    blended[sure_inside] = 1
    blended[sure_outside] = 0
    alpha = _guided_filter(image, blended.astype(np.float32), radius=max(size // 100, 2), epsilon=4e-4)
    # The filter leaves a veil on both sides: stretch the middle of the ramp.
    alpha = np.clip((alpha - 0.15) / 0.7, 0, 1)
    piece = _one_piece(alpha > 0.5, landmarks)
    alpha = _soft_edges(image, alpha.astype(np.float32), piece, landmarks)
    near = cv2.dilate(piece, np.ones((3, 3), np.uint8), iterations=max(size // 60, 2))
    deep = cv2.erode(piece, np.ones((3, 3), np.uint8), iterations=max(size // 45, 2), borderValue=1)
    alpha = np.where(deep > 0, 1.0, alpha * near)
    return np.clip(alpha, 0, 1).astype(np.float32)


def _soft_edges(image: np.ndarray, alpha: np.ndarray, piece: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Let the picture's colours decide in a band around the outline: wide at hair, narrow at skin and clothes.

    Args:
        alpha: ``(S, S)`` matte so far; piece: ``(S, S)`` uint8, where it is the person.
    """
    import cv2

    from mvvideo.portrait.closed_form import closed_form_matte

    size = image.shape[0]
    work = min(size, SOLVED_PIXELS)
    unit = work / 512

    def shrink(picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, (work, work), interpolation=cv2.INTER_AREA)

    guide, prior = shrink(image), shrink(alpha)
    solid = (shrink(piece.astype(np.float32)) > 0.5).astype(np.uint8)
    inside = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 3)
    # Hair is above the chin; below, a band as wide would eat dark shoulders before a dark wall.
    chin = float(landmarks[:, 1].max()) * work / size
    share = np.clip((chin - np.arange(work)) / (0.1 * work) + 1, 0, 1)[:, None]
    width = (BODY_BAND_PIXELS + share * (HAIR_BAND_PIXELS - BODY_BAND_PIXELS)) * unit
    unsure = (inside < width) & (outside < width)
    # Where colours inside and outside are alike, only the prior knows.
    apart = _told_apart(guide, inside, outside, width)
    weight = PRIOR_WEIGHT * (1 + 60 * (1 - apart))
    certain = np.where(unsure, prior, solid.astype(np.float32))
    solved = closed_form_matte(guide, certain, unsure, weight)
    solved = np.clip((solved - 0.04) / 0.92, 0, 1)
    if work == size:
        return solved
    large = cv2.resize(solved, (size, size), interpolation=cv2.INTER_LINEAR)
    sharp = _guided_filter(image, large, radius=2, epsilon=2e-4)
    return np.clip(np.where((large > 0.01) & (large < 0.99), sharp, large), 0, 1)


def _told_apart(guide: np.ndarray, inside: np.ndarray, outside: np.ndarray, width: np.ndarray) -> np.ndarray:
    """How different the colours just inside and just outside are, ``(S, S)``: 0 alike, 1 clearly different."""
    import cv2

    sigma = 0.02 * guide.shape[0]

    def mean_colour(mask: np.ndarray) -> np.ndarray:
        weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
        return cv2.GaussianBlur(guide * mask[..., None], (0, 0), sigma) / np.maximum(weight, 1e-4)[..., None]

    own = mean_colour(((inside > width) & (inside < 3 * width + 2)).astype(np.float32))
    other = mean_colour(((outside > width) & (outside < 3 * width + 2)).astype(np.float32))
    return np.clip((np.abs(own - other).max(axis=-1) - 0.04) / 0.12, 0, 1)


def _one_piece(solid: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Face oval added, the component that holds it kept, holes filled: ``(S, S)`` uint8 0/1."""
    import cv2

    mask = solid.astype(np.uint8)
    hull = cv2.convexHull(np.round(landmarks[:, :2]).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1)
    size = mask.shape[0]
    # Cut thin bridges to things beside the person.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size // 64 * 2 + 1, size // 64 * 2 + 1))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_REPLICATE)
    cv2.fillConvexPoly(mask, hull, 1)
    _, labels = cv2.connectedComponents(mask)
    centre = np.clip(np.round(landmarks[:, :2].mean(axis=0)).astype(int), 0, size - 1)
    mask = (labels == labels[centre[1], centre[0]]).astype(np.uint8)
    # Holes: background that does not touch the border of the picture.
    frame = cv2.copyMakeBorder(mask, 1, 0, 1, 1, cv2.BORDER_CONSTANT, value=0)
    _, outside = cv2.connectedComponents(1 - frame)
    return (outside[1:, 1:-1] != outside[0, 0]).astype(np.uint8)


def _grab_cut(
    image: np.ndarray, solid: np.ndarray, *, sure_inside: np.ndarray, sure_outside: np.ndarray
) -> np.ndarray:
    """Colour models of both sides decide in the band between the sure regions; ``(S, S)`` float32 0/1."""
    import cv2

    size = image.shape[0]
    work = min(size, 256)
    if not sure_outside.any() or not sure_inside.any():
        return solid.astype(np.float32)
    small = cv2.resize(image, (work, work), interpolation=cv2.INTER_AREA)
    small = np.clip(small * 255, 0, 255).astype(np.uint8)

    def shrink(mask: np.ndarray) -> np.ndarray:
        return cv2.resize(mask.astype(np.uint8), (work, work), interpolation=cv2.INTER_NEAREST) > 0

    labels = np.where(shrink(solid), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[shrink(sure_inside)] = cv2.GC_FGD
    labels[shrink(sure_outside)] = cv2.GC_BGD
    cv2.setRNGSeed(0)  # its colour clusters start from OpenCV's global generator
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, None, background, foreground, 2, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    return cv2.resize(cv2.GaussianBlur(cut, (0, 0), 0.8), (size, size), interpolation=cv2.INTER_LINEAR)


def _guided_filter(guide: np.ndarray, values: np.ndarray, *, radius: int, epsilon: float) -> np.ndarray:
    """Guided filter with a colour guide (He, Sun, Tang, "Guided Image Filtering", TPAMI 2013, eq. 14-16)."""
    import cv2

    def mean(array: np.ndarray) -> np.ndarray:
        return cv2.blur(array, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    guide_mean = mean(guide)  # (S, S, 3)
    value_mean = mean(values)
    covariance = np.stack([mean(guide[..., c] * values) for c in range(3)], -1)
    covariance -= guide_mean * value_mean[..., None]
    sigma = np.empty((*values.shape, 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            entry = mean(guide[..., i] * guide[..., j]) - guide_mean[..., i] * guide_mean[..., j]
            sigma[..., i, j] = sigma[..., j, i] = entry
    sigma += epsilon * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(sigma, covariance[..., None])[..., 0]  # (S, S, 3)
    offset = value_mean - (slope * guide_mean).sum(axis=-1)
    slope_mean = np.stack([mean(np.ascontiguousarray(slope[..., c])) for c in range(3)], -1)
    return (slope_mean * guide).sum(axis=-1) + mean(offset)
