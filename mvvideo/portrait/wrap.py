"""A picture wrapped round head and body, for hair and clothes that the photo shows edge-on or not at all.

Its middle is the back of the head. Above the skull's middle the map is azimuthal and equidistant (distance from
the middle of the picture is the angle from the back), below it is a cylinder, and the two meet without a step.
What the photo shows frontally is laid into it; the rest takes smooth colours from there, sideways rather than
downwards (what lies at one height is of one material), and strands of the contrast that the photo's own
texture has: neither streaks nor mirror images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mvvideo.portrait.plate import push_pull
from mvvideo.portrait.views import sample_at
from renderer.shading import shade

if TYPE_CHECKING:
    from mvvideo.portrait.sheets import Sheet

__all__ = ["Wrap", "face_the_front", "paint_wrap"]

RADIUS_METRES = 0.09
"""Of a skull: one radian of the map."""
WIDEST_RADIANS = 2.5
"""From the back to either side; what lies farther in front takes the colour from there."""
FRONT_RADIANS = 2.2
"""From the back to where the front begins, which has the photo and needs no wrap."""
NAPE_RADIANS = 1.05
"""From the skull's middle down to where a head's hair ends and clothes or loose hair take over."""
LOWEST_RADIANS = 4.0
"""From the skull's middle down, in the map's unit."""
SIDEWAYS = 3
"""Colours spread so many times farther sideways than up and down."""
STRAND_SHARE = 0.6
"""Of the photo's own contrast that made-up strands have."""
LARGEST_CONTRAST = 0.2
"""Mean deviation, of the colour itself, that is taken for texture; beyond it lie edges, of collars and the like."""
STRAND_SCALE = 100.0
"""Pixels per radian at which strands are made, once per process."""
DARK = 0.1
"""Brightness below which a colour's tint tells less."""
USUAL_SPREAD, UNUSUAL = 2.0, 0.02
"""Median deviations from the usual colour of hair at which a colour counts half; the least that one counts."""
TRUSTED_FACING = (0.25, 0.6)
"""Cosines between which a photographed colour comes to be trusted."""


@dataclass(frozen=True, eq=False)
class Wrap:
    """The map from points to the picture.

    Attributes:
        centre: ``(3,)`` the skull's middle at the photo's pose, world metres.
        axes: ``(3, 3)`` columns: the head's own x, y, z in the world.
        scale: pixels per radian.
    """

    centre: np.ndarray
    axes: np.ndarray
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the picture, pixels."""
        height = (WIDEST_RADIANS + LOWEST_RADIANS) * self.scale
        return int(round(height)), int(round(2 * WIDEST_RADIANS * self.scale))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Where ``points (..., 3)``, world metres, lie in the picture: ``(..., 2)`` float32 pixels."""
        local = (points - self.centre) @ self.axes
        x, y, z = local[..., 0], local[..., 1], local[..., 2]
        across = np.maximum(np.hypot(x, np.maximum(y, 0)), 1e-9)
        angle = np.minimum(np.arctan2(across, -z), WIDEST_RADIANS)
        u = angle * x / across
        upper = angle * y / across
        # Shoulders spread out: the way along them counts as a way down.
        spread = np.maximum(np.hypot(x, z) - RADIUS_METRES, 0)
        lower = (y - np.clip(-y / RADIUS_METRES, 0, 1) * spread) / RADIUS_METRES
        v = np.where(y >= 0, upper, lower)
        column = (u + WIDEST_RADIANS) * self.scale
        row = np.minimum((WIDEST_RADIANS - v) * self.scale, self.shape[0] - 1)
        return np.stack([column, row], axis=-1).astype(np.float32)


def paint_wrap(
    wrap: Wrap, sheet: Sheet, *, colour: np.ndarray, known: np.ndarray, front: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Fill the picture.

    Args:
        sheet: the surface that carries the photo.
        colour: ``(W, W, 3)`` the photo; known: ``(W, W)`` 1 where it shows hair or clothes for certain.
        front: ``(W, W, 3)`` what goes below the wrapped picture, for surfaces in front of it.
        seed: of the strands.

    Returns:
        ``(h + W, max(w, W), 3)`` float32 in [0, 1]: the wrapped picture, and ``front`` below it.
    """
    shown, trust = _lay_out(wrap, sheet, colour, known)
    smooth_photo = cv2.GaussianBlur(shown * trust[..., None], (0, 0), 0.04 * wrap.scale)
    weight = cv2.GaussianBlur(trust, (0, 0), 0.04 * wrap.scale)[..., None]
    smooth_photo = smooth_photo / np.maximum(weight, 1e-4)
    sure = (trust > 0.5).astype(np.float32)
    detail = np.abs(shown - smooth_photo).mean(axis=-1) / (smooth_photo.mean(axis=-1) + 0.03)
    contrast = cv2.GaussianBlur(detail * sure, (0, 0), 0.1 * wrap.scale)
    contrast /= np.maximum(cv2.GaussianBlur(sure, (0, 0), 0.1 * wrap.scale), 1e-4)
    values = np.concatenate([shown, contrast[..., None]], axis=-1)
    # Collars must not colour the back of the head.
    rows = np.arange(len(trust), dtype=np.float32)[:, None] / wrap.scale - WIDEST_RADIANS
    upper = np.clip((NAPE_RADIANS - rows) / 0.2, 0, 1)
    smooth = _spread(values, trust, wrap.scale)
    if (trust * upper).sum() > 0.02 * trust.size:
        hair = trust * upper * _typical(shown, trust * upper)
        smooth = (1 - upper)[..., None] * smooth + upper[..., None] * _spread(values, hair, wrap.scale)
    base, contrast = smooth[..., :3], np.clip(smooth[..., 3:], 0, LARGEST_CONTRAST)
    strands = cv2.resize(_strands(seed), trust.shape[::-1], interpolation=cv2.INTER_AREA)
    strands /= max(float(strands.std()), 1e-6)
    made_up = base * np.exp(STRAND_SHARE * 1.25 * contrast * strands[..., None])
    share = cv2.GaussianBlur(trust, (0, 0), 0.02 * wrap.scale)[..., None] * trust[..., None]
    wrapped = share * shown + (1 - share) * made_up
    picture = np.zeros((len(wrapped) + len(front), max(wrapped.shape[1], front.shape[1]), 3), np.float32)
    picture[: len(wrapped), : wrapped.shape[1]] = wrapped
    picture[len(wrapped) :, : front.shape[1]] = front
    return np.clip(picture, 0, 1)


def face_the_front(wrap: Wrap, sheet: Sheet, also: np.ndarray | None = None) -> Sheet:
    """Let the triangles in front, where the wrap has no room, take their colours from the picture below it.

    Args:
        also: ``(W, W)`` 1 where others of the canvas do so, too.
    """
    local = (sheet.positions - wrap.centre) @ wrap.axes
    across = np.hypot(local[:, 0], np.maximum(local[:, 1], 0))
    ahead = (np.arctan2(across, -local[:, 2]) > FRONT_RADIANS)[sheet.triangles].any(axis=1)
    if also is not None:
        ahead |= (sample_at(also.astype(np.float32), sheet.pixels) > 0.5)[sheet.triangles].any(axis=1)
    count = len(sheet.positions)
    moved, index = np.unique(sheet.triangles[ahead], return_inverse=True)
    triangles = sheet.triangles.copy()
    triangles[ahead] = count + index.reshape(-1, 3)
    every = np.concatenate([np.arange(count), moved])
    unrolled = np.concatenate(
        [sheet.unrolled, sheet.pixels[moved] + np.array([0, wrap.shape[0]], np.float32)]
    )
    return replace(
        sheet,
        positions=sheet.positions[every],
        pixels=sheet.pixels[every],
        triangles=triangles,
        weight=sheet.weight[every],
        facing=sheet.facing[every],
        unrolled=unrolled.astype(np.float32),
    )


def _lay_out(
    wrap: Wrap, sheet: Sheet, colour: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The photo in the wrap's picture ``(h, w, 3)``, and how far it is to be trusted ``(h, w)``."""
    height, width = wrap.shape
    place = wrap(sheet.positions)
    # Triangles across the seam in front would be drawn right through the picture.
    whole = np.ptp(place[sheet.triangles, 0], axis=1) < 0.5 * wrap.scale
    clip = np.zeros((1, len(place), 4), np.float32)
    clip[0, :, 0] = 2 * place[:, 0] / width - 1
    clip[0, :, 1] = 1 - 2 * place[:, 1] / height
    clip[0, :, 3] = 1
    attributes = np.concatenate([sheet.pixels, sheet.facing[:, None]], axis=1).astype(np.float32)
    drawn = shade(clip, sheet.triangles[whole], attributes, resolution=(height, width))
    at = np.ascontiguousarray(drawn.values[0, ..., :2] - 0.5)
    shown = cv2.remap(colour, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    sure = cv2.remap(known, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    low, high = TRUSTED_FACING
    frontal = np.clip((drawn.values[0, ..., 2] - low) / (high - low), 0, 1)
    return shown, (sure * frontal * drawn.mask[0]).astype(np.float32)


def _typical(shown: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """How far each pixel has a colour that hair has here, ``(h, w)``: at a hairline skin shows through, at the outline
    the background, and neither may colour the back of the head.

    Args:
        shown: ``(h, w, 3)`` the photo; trust: ``(h, w)`` where it shows hair.
    """
    grey = shown.mean(axis=-1, keepdims=True)
    tint = (shown - grey) / (grey + DARK)  # (h, w, 3)
    sure = trust > 0.5 * trust.max()
    if not sure.any():
        return np.ones_like(grey[..., 0])
    usual, usual_tint = np.median(grey[sure]), np.median(tint[sure], axis=0)
    # Hair in shadow is dark as any.
    off = np.maximum(grey[..., 0] - usual, 0) / (usual + DARK) + np.abs(tint - usual_tint).sum(axis=-1)
    half = USUAL_SPREAD * float(np.median(off[sure])) + 0.1
    return np.maximum(1 / (1 + (off / half) ** 4), UNUSUAL).astype(np.float32)


def _spread(values: np.ndarray, trust: np.ndarray, scale: float) -> np.ndarray:
    """Smooth continuation of ``(h, w, C)`` from where it is trusted, farther sideways than up and down."""
    height, width = trust.shape
    small = (max(width // (4 * SIDEWAYS), 8), max(height // 4, 8))
    weight = cv2.resize(trust, small, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(values * trust[..., None], small, interpolation=cv2.INTER_AREA)
    filled = push_pull(mean / np.maximum(weight, 1e-4)[..., None], np.clip(4 * weight, 0, 1))
    full = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(full, (0, 0), 0.06 * scale)


@lru_cache(maxsize=2)
def _strands(seed: int) -> np.ndarray:
    """Noise drawn out along hair that falls from the crown, ``(h, w)`` float32, for every wrap alike.

    Line integral convolution (Cabral and Leedom, SIGGRAPH 1993) of two grains: strands and locks.
    """
    scale = STRAND_SCALE
    height, width = Wrap(np.zeros(3), np.eye(3), scale).shape
    generator = np.random.default_rng(seed)
    column, row = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x = column / scale - WIDEST_RADIANS
    y = WIDEST_RADIANS - row / scale
    away = np.stack([x, y - 0.9], axis=-1)  # from the crown
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    flow = away / np.maximum(distance, 0.05) + np.array([0, -1.2], np.float32) * np.minimum(distance, 1.5)
    wave = cv2.GaussianBlur(
        generator.standard_normal((height, width)).astype(np.float32), (0, 0), 0.25 * scale
    )
    flow[..., 0] += 0.5 * wave / max(float(wave.std()), 1e-6)
    flow /= np.maximum(np.linalg.norm(flow, axis=-1, keepdims=True), 1e-6)
    flow = (flow * (1, -1)).astype(np.float32)  # rows grow downwards
    total = np.zeros((height, width), np.float32)
    for grain, part in ((0.012, 0.75), (0.05, 0.65)):
        noise = generator.standard_normal((height, width)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), grain * scale)
        drawn = _along(noise, flow, steps=12, length=12 * grain * scale)
        total += part * drawn / max(float(drawn.std()), 1e-6)
    total.flags.writeable = False  # it is shared
    return total


def _along(noise: np.ndarray, flow: np.ndarray, *, steps: int, length: float) -> np.ndarray:
    """Mean of ``noise (h, w)`` over ``length`` pixels up and down the ``flow (h, w, 2)``."""
    height, width = noise.shape
    column, row = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    start = np.stack([column, row], axis=-1)
    total = noise.copy()
    for sign in (-1.0, 1.0):
        at, direction = start, flow
        for _ in range(steps):
            at = at + np.float32(sign * length / (2 * steps)) * direction
            total += cv2.remap(noise, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            direction = cv2.remap(flow, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return total / (2 * steps + 1)
