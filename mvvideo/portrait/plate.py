"""The background plate: the photo's background with the person taken out."""

from __future__ import annotations

import numpy as np

__all__ = ["background_plate", "push_pull"]

MARGIN_PIXELS = 9.0
"""How far from the matte's edge the background is trusted, per 512 pixels: hair and shadows reach beyond it."""
PLAIN = (0.0105, 0.016)
"""Texture around the person below which a background is plain, a wall or a gradient, where patches show seams."""
NEAR = 0.15
"""How far around the person that is asked, share of the side."""
SHADE = (0.06, 0.14)
"""Difference of low frequencies up to which the smooth fill's count, and from which the patches' do."""
MEETING, MEETING_FADES = 0.03, 0.08
"""Width of the strips whose colours are made to meet at the hole's edge; distance over which that wears off."""
LOW_FREQUENCY = 0.045
"""Blur, share of the side, that parts low frequencies from structure."""


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
    plate = _met(image, known > 0.99, _fill(image, known > 0.99, seed=seed))
    blend = known[..., None]
    return np.clip(blend * image + (1 - blend) * plate, 0, 1).astype(np.float32), known


def _fill(image: np.ndarray, known: np.ndarray, *, seed: int) -> np.ndarray:
    """Brightness and tint from push-pull, structure and texture from elsewhere in the picture; ``(S, S, 3)``.

    Patches alone leave a silhouette of the person where the surroundings differ left and right; their own low
    frequencies are therefore replaced by the smooth fill's.
    """
    import cv2

    from mvvideo.portrait.resynthesis import resynthesise

    size = image.shape[0]
    pulled = push_pull(image, _ordinary(image, known))
    smooth = np.where(known[..., None], image, cv2.GaussianBlur(pulled, (0, 0), size / 170))
    grainy = smooth + _grain(image, known.astype(np.float32), seed=seed)
    sigma = LOW_FREQUENCY * size
    near = known & (cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 3) < NEAR * size)
    rough = np.abs(image - _low(smooth, sigma)).max(axis=-1)[near if near.any() else known]
    share = float(np.clip((np.quantile(rough, 0.6) - PLAIN[0]) / (PLAIN[1] - PLAIN[0]), 0, 1))
    made = resynthesise(image, known, smooth, seed=seed) if share > 0 else None
    if made is None:
        return grainy
    change = _low(smooth, sigma) - _low(made, sigma)
    # A large difference is structure that the smooth fill smears; a small one is shade that patches get wrong.
    amount = np.abs(change).max(axis=-1, keepdims=True)
    change *= np.clip((SHADE[1] - amount) / (SHADE[1] - SHADE[0]), 0, 1)
    return (1 - share) * grainy + share * (made + change)


def _met(image: np.ndarray, known: np.ndarray, plate: np.ndarray) -> np.ndarray:
    """The plate shifted in colour so that it meets the photo where that begins: no silhouette shows; ``(S, S, 3)``.

    The shift fades with the distance, so that a lamp beside the person does not glow far into the fill.
    """
    import cv2

    size = image.shape[0]
    far = cv2.distanceTransform(1 - known.astype(np.uint8), cv2.DIST_L2, 3)
    inside = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 3)
    ring = (known & (inside < MEETING * size)).astype(np.float32)
    sigma = 0.5 * MEETING * size
    weight = cv2.GaussianBlur(ring, (0, 0), sigma)[..., None]
    target = cv2.GaussianBlur(image * ring[..., None], (0, 0), sigma) / np.maximum(weight, 1e-4)
    # What the fill would go on with just outside the hole.
    within = ((~known) & (far < MEETING * size)).astype(np.float32)
    own = cv2.GaussianBlur(plate * within[..., None], (0, 0), sigma)
    own /= np.maximum(cv2.GaussianBlur(within, (0, 0), sigma)[..., None], 1e-4)
    border = ((far < 0.5 * MEETING * size) & ~known).astype(np.float32)
    shift = push_pull((target - own).astype(np.float32), border)
    shift = _low(shift, MEETING * size)
    return plate + np.exp(-far / (MEETING_FADES * size))[..., None] * shift


def _ordinary(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """How far each known pixel is like the background around it, ``(S, S)`` float32.

    A window or a lamp beside the person must not glow into the place behind them.
    """
    sigma = 0.12 * image.shape[0]
    weight = known.astype(np.float32)
    for _ in range(2):
        total = _low(weight, sigma)[..., None]
        mean = _low(image * weight[..., None], sigma) / np.maximum(total, 1e-3)
        off = np.abs(image - mean).max(axis=-1)
        typical = 1.5 * float(np.median(off[known])) + 0.01 if known.any() else 1.0
        weight = known / (1 + (off / typical) ** 2)
    return (weight / max(float(weight.max()), 1e-6)).astype(np.float32)


def _low(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, computed small."""
    import cv2

    size = picture.shape[0]
    side = max(min(size, int(round(4 * size / sigma))), 8)
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma * side / size, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)


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
