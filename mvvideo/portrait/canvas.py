"""The crop with room around it: where shoulders or hair leave the crop, they go on outside it.

A camera that orbits sees past the crop's border; without a continuation the shoulders would end in a wall.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mvvideo.portrait.foreground import estimate_foreground
from mvvideo.portrait.plate import push_pull
from renderer.cameras import Cameras

__all__ = ["Canvas", "make_canvas"]

PAD_SHARE = 0.25
"""Room on every side, as a share of the crop's side."""
OPAQUE = 0.8
"""From this matte value on a pixel counts as the solid person and keeps the photo's colour untouched."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """W = S + 2·pad pixels square; canvas pixel = crop pixel + pad.

    Attributes:
        size: S, side of the crop in pixels.
        pad: pixels added on every side.
        camera: the photo's camera, seeing the whole canvas.
        matte: ``(W, W)`` float32, the crop's matte continued outwards.
        colour: ``(W, W, 3)`` float32 foreground colour, without background, known everywhere.
        photographed: ``(W, W)`` bool, inside the crop.
    """

    size: int
    pad: int
    camera: Cameras
    matte: np.ndarray
    colour: np.ndarray
    photographed: np.ndarray

    @property
    def width(self) -> int:
        """W, pixels."""
        return self.size + 2 * self.pad

    def extend(self, picture: np.ndarray) -> np.ndarray:
        """``(S, S[, C])`` → ``(W, W[, C])`` by mirroring at the crop's border."""
        import cv2

        return cv2.copyMakeBorder(picture, *(4 * (self.pad,)), cv2.BORDER_REFLECT_101)


def make_canvas(image: np.ndarray, matte: np.ndarray, camera: Cameras) -> Canvas:
    """Put the crop on its canvas.

    Args:
        image: ``(S, S, 3)`` float32; matte: ``(S, S)``.
        camera: the photo's camera for the crop.
    """
    import cv2

    size = image.shape[0]
    pad = int(round(PAD_SHARE * size / 8)) * 8
    width = size + 2 * pad
    wide_camera = replace(camera, principal_px=camera.principal_px + pad, height=width, width=width)
    wide_matte = _continue_matte(matte, pad)
    colour = _foreground_colour(image, matte)
    wide_colour = cv2.copyMakeBorder(colour, pad, pad, pad, pad, cv2.BORDER_REFLECT_101)
    inside = np.zeros((width, width), bool)
    inside[pad : pad + size, pad : pad + size] = True
    return Canvas(size, pad, wide_camera, wide_matte, wide_colour, inside)


def _foreground_colour(image: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Colour of the person alone: the photo where solid, unmixed at soft edges, spread outwards beyond."""
    import cv2

    solid = cv2.erode((matte > 0.97).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    spread = push_pull(image, solid)
    alpha = matte[..., None]
    unmixed, _ = estimate_foreground(image, matte)
    trust = np.clip(alpha / 0.3, 0, 1)
    colour = trust * unmixed + (1 - trust) * spread
    return np.where(alpha >= OPAQUE, image, colour).astype(np.float32)


def _continue_matte(matte: np.ndarray, pad: int) -> np.ndarray:
    """Matte beyond the crop: straight down below, falling like shoulders at the sides, rounding off above."""
    import cv2

    size = matte.shape[0]
    y, x = np.mgrid[-pad : size + pad, -pad : size + pad].astype(np.float32)
    beside = np.maximum(np.maximum(-x, x - (size - 1)), 0)
    above = np.maximum(-y, 0)
    top = matte[0] > 0.5
    centre = float(np.flatnonzero(top).mean()) if top.any() else size / 2
    reach = max(0.35 * float(top.sum()), 1.0)  # height of the cap over a cut-off crown
    narrowing = np.sqrt(np.clip(1 - (above / reach) ** 2, 1e-4, 1))
    sample_x = np.clip(np.where(above > 0, centre + (x - centre) / narrowing, x), -1, size)
    sample_x = np.where(above > 0, sample_x, np.clip(sample_x, 0, size - 1))
    sample_y = np.where(above > 0, 0, np.clip(y, 0, size - 1) - 0.55 * beside)
    return cv2.remap(
        matte, sample_x.astype(np.float32), sample_y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=0,
    )  # fmt: skip
