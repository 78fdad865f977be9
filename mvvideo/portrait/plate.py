"""The background plate: the photo's background with the person taken out."""

from __future__ import annotations

import numpy as np

__all__ = ["background_plate", "push_pull"]

MARGIN_PIXELS = 7.0
"""How far from the matte's edge the background is trusted, per 512 pixels: hair and shadows reach beyond it."""


def push_pull(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fill unknown pixels smoothly from known ones, on a pyramid.

    Args:
        values: ``(H, W, C)`` float32.
        weights: ``(H, W)`` float32 in [0, 1], 0 where unknown.

    Returns:
        ``(H, W, C)`` float32: the values where the weight is 1, otherwise blended with means over ever larger
        surroundings (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4).
    """
    import cv2

    levels = [(values * weights[..., None], weights)]
    while min(levels[-1][1].shape) > 2:
        colours, weight = levels[-1]
        height, width = (weight.shape[0] + 1) // 2, (weight.shape[1] + 1) // 2
        colours = cv2.resize(
            cv2.GaussianBlur(colours, (0, 0), 1.0), (width, height), interpolation=cv2.INTER_AREA
        )
        weight = cv2.resize(
            cv2.GaussianBlur(weight, (0, 0), 1.0), (width, height), interpolation=cv2.INTER_AREA
        )
        # Known pixels may saturate: a coarse cell with a quarter of its area known counts as known.
        gain = np.minimum(4.0, 1.0 / np.maximum(weight, 1e-6))
        levels.append((colours.reshape(height, width, -1) * gain[..., None], weight * gain))
    colours, weight = levels[-1]
    total = weight.sum()
    mean = colours.sum(axis=(0, 1)) / total if total > 1e-6 else np.zeros(colours.shape[-1], np.float32)
    filled = colours + (1 - weight)[..., None] * mean
    for colours, weight in reversed(levels[:-1]):
        height, width = weight.shape
        coarser = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).reshape(
            height, width, -1
        )
        filled = colours + (1 - weight)[..., None] * coarser
    return filled.astype(np.float32)


def background_plate(image: np.ndarray, matte: np.ndarray, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Fill the place where the person stood.

    Args:
        image: ``(S, S, 3)`` float32 in [0, 1].
        matte: ``(S, S)`` float32.
        seed: of the grain that is added to the fill.

    Returns:
        ``plate (S, S, 3)`` float32 and ``known (S, S)`` float32: 1 where the plate is the photo itself.
    """
    import cv2

    size = image.shape[0]
    margin = max(MARGIN_PIXELS * size / 512, 2.0)
    person = (matte > 0.02).astype(np.uint8)
    distance = cv2.distanceTransform(1 - person, cv2.DIST_L2, 3)
    if not (distance > margin).any():
        mean = image.mean(axis=(0, 1), keepdims=True)
        return np.broadcast_to(mean, image.shape).astype(np.float32), np.zeros((size, size), np.float32)
    known = np.clip(distance / margin - 1, 0, 1).astype(np.float32)
    plate = _fill(image, (known > 0.99).astype(np.float32))
    plate = plate + _grain(image, known, seed=seed)
    blend = known[..., None]
    return np.clip(blend * image + (1 - blend) * plate, 0, 1).astype(np.float32), known


def _fill(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Structure from a low-resolution inpainting, everything else from push-pull."""
    import cv2

    size = image.shape[0]
    smooth = push_pull(image, known)
    work = min(96, size)
    small = cv2.resize(smooth, (work, work), interpolation=cv2.INTER_AREA)
    hole = (cv2.resize(known, (work, work), interpolation=cv2.INTER_AREA) < 0.99).astype(np.uint8)
    painted = cv2.inpaint(np.round(small * 255).clip(0, 255).astype(np.uint8), hole, 5, cv2.INPAINT_TELEA)
    painted = cv2.resize(painted.astype(np.float32) / 255, (size, size), interpolation=cv2.INTER_CUBIC)
    painted = cv2.GaussianBlur(painted, (0, 0), size / 128)
    # Edges run a little way into the hole, then dissolve: long streaks look worse than blur.
    distance = cv2.distanceTransform((known < 0.5).astype(np.uint8), cv2.DIST_L2, 3) / size
    near = np.exp(-((distance / 0.06) ** 2))[..., None]
    smooth = cv2.GaussianBlur(smooth, (0, 0), size / 170)
    return near * painted + (1 - near) * smooth


def _grain(image: np.ndarray, known: np.ndarray, *, seed: int) -> np.ndarray:
    """Noise with the fine texture's strength in the known background, ``(S, S, 3)``."""
    import cv2

    size = image.shape[0]
    detail = image - cv2.GaussianBlur(image, (0, 0), size / 170)
    inside = known > 0.99
    if not inside.any():
        return np.zeros_like(image)
    # The median ignores edges and foliage, which no white noise resembles.
    strength = 1.4826 * np.median(np.abs(detail[inside]), axis=0)
    noise = np.random.default_rng(seed).standard_normal((size, size, 1)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.8)
    noise /= max(float(noise.std()), 1e-6)
    return noise[..., None] * np.minimum(0.7 * strength, 0.02).astype(np.float32)
