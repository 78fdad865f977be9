"""The animated crop put back into the whole photo, at the photo's own resolution.

The crop's picture replaces the photo only where the person is or was: elsewhere it shows the background of the
photo again, and the photo itself is the sharper of the two. Where the person is cut by the crop's border, the
photo is faded in towards it.
"""

from __future__ import annotations

import numpy as np

from flame.easing import smoothstep

__all__ = ["LARGEST_SIDE", "PasteBack"]

LARGEST_SIDE = 4096
"""Longer sides are scaled down: H.264 decoders in browsers and phones stop there."""
_BORDER = 0.07
"""Width of the fade at the crop's border, in sides of the crop."""
_SAME = 3.0
"""Difference to the background plate, of 255, that is nothing: rounding and resampling."""


class PasteBack:
    """Puts square pictures where the crop was cut.

    Args:
        photo: (H, W, 3) uint8 RGB.
        box: the crop ``(x0, y0, x1, y1)`` in photo pixels; it may leave the photo.
        plate: (P, P, 3) float32 in [0, 1], the crop's background without the person.
        plate_known: (P, P) float32, 1 where the plate is the photo itself.

    Attributes:
        height, width: of the result, even; the photo's own unless that is odd or larger than ``LARGEST_SIDE``.
    """

    def __init__(
        self,
        photo: np.ndarray,
        box: tuple[int, int, int, int],
        *,
        plate: np.ndarray,
        plate_known: np.ndarray,
    ) -> None:
        scale = min(1.0, LARGEST_SIDE / max(photo.shape[:2]))
        self.height, self.width = (int(side * scale) // 2 * 2 for side in photo.shape[:2])
        if scale < 1:
            photo = _resized(photo, int(photo.shape[0] * scale), int(photo.shape[1] * scale))
        self._photo = np.ascontiguousarray(photo[: self.height, : self.width])
        x0, y0, x1 = (round(value * scale) for value in box[:3])
        self._side = x1 - x0
        left, top = max(x0, 0), max(y0, 0)
        right, bottom = min(x0 + self._side, self.width), min(y0 + self._side, self.height)
        self._inside = (slice(top, bottom), slice(left, right))  # of the photo
        self._shown = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))  # of the crop
        self._fade = self._border_fade(x0, y0)
        self._plate = plate
        self._unknown = 1 - plate_known

    def _border_fade(self, x0: int, y0: int) -> np.ndarray:
        """(side, side) float32: 0 at borders inside the photo, rising to 1; nothing to fade at the photo's own."""
        at = np.arange(self._side) + 0.5
        reach = max(_BORDER * self._side, 1.0)

        def along(start: int, limit: int) -> np.ndarray:
            near = at / reach if start > 0 else np.ones(self._side)
            far = (self._side - at) / reach if start + self._side < limit else np.ones(self._side)
            return smoothstep(np.minimum(near, far))

        return (along(y0, self.height)[:, None] * along(x0, self.width)[None]).astype(np.float32)

    def paste(self, picture: np.ndarray) -> np.ndarray:
        """One frame of the crop (S, S, 3) uint8 → the whole photo (height, width, 3) uint8."""
        share = _resized(self._changed(picture), self._side, self._side) * self._fade
        patch = _resized(picture, self._side, self._side)[self._shown]
        share = share[self._shown][..., None]
        result = self._photo.copy()
        under = result[self._inside].astype(np.float32)
        result[self._inside] = (under + share * (patch - under) + 0.5).clip(0, 255).astype(np.uint8)
        return result

    def _changed(self, picture: np.ndarray) -> np.ndarray:
        """(S, S) float32: 1 where the person is or was, soft towards the untouched background."""
        import cv2

        size = picture.shape[0]
        plate = _resized(self._plate, size, size) * 255
        differs = np.abs(picture - plate).max(axis=2) > _SAME
        hidden = _resized(self._unknown, size, size) > 0.01
        reach = max(size // 128, 1)
        # Closed: where the person happens to have the colour of the background there is no hole.
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = cv2.morphologyEx((differs | hidden).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
        mask = cv2.dilate(mask, kernel).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), reach), np.float32)


def _resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Area means when smaller, cubic when larger; uint8 stays uint8, float stays inside its range."""
    import cv2

    if picture.shape[:2] == (height, width):
        return picture
    smaller = height < picture.shape[0]
    resized = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    )
    return resized if picture.dtype == np.uint8 else np.clip(resized, 0, 1)
