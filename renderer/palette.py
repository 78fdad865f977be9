"""Colours for region maps."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["albedo_of_regions", "paint_regions", "region_palette"]

# By what a region's name contains, first match wins: (substring, palette colour, natural colour), sRGB 0-255.
_COLORS: tuple[tuple[str, tuple[int, int, int], tuple[int, int, int]], ...] = (
    ("iris_left", (43, 131, 186), (78, 106, 120)),
    ("iris_right", (74, 166, 214), (78, 106, 120)),
    ("pupil_left", (20, 20, 30), (18, 18, 20)),
    ("pupil_right", (70, 60, 90), (18, 18, 20)),
    ("eye_left", (235, 235, 245), (236, 232, 228)),
    ("eye_right", (205, 215, 235), (236, 232, 228)),
    ("eye_socket", (190, 150, 140), (176, 104, 96)),
    ("brow_left", (121, 85, 61), (104, 78, 62)),
    ("brow_right", (160, 114, 82), (104, 78, 62)),
    ("lash", (60, 50, 60), (48, 40, 40)),
    ("lip", (214, 58, 84), (186, 108, 104)),
    ("teeth", (250, 240, 200), (238, 233, 222)),
    ("tongue", (234, 120, 150), (182, 98, 98)),
    ("gum", (190, 80, 110), (170, 92, 92)),
    ("mouth", (120, 20, 50), (110, 50, 50)),
    ("nose", (250, 176, 92), (214, 168, 146)),
    ("ear_left", (102, 194, 120), (214, 168, 146)),
    ("ear_right", (52, 148, 92), (214, 168, 146)),
    ("neck", (148, 116, 190), (214, 168, 146)),
    ("shoulder", (96, 80, 150), (214, 168, 146)),
    ("scalp", (110, 110, 120), (214, 168, 146)),
    ("hair", (80, 64, 56), (86, 66, 54)),
    ("skin", (244, 208, 176), (214, 168, 146)),
    ("face", (244, 208, 176), (214, 168, 146)),
)
_NATURAL_DEFAULT = (214, 168, 146)


def region_palette(names: Sequence[str]) -> NDArray[np.float32]:
    """A colour for each region name: (R, 3) float32 RGB in [0, 1], easy to tell apart."""
    return _lookup(names, column=1)


def albedo_of_regions(names: Sequence[str]) -> NDArray[np.float32]:
    """Plausible colours of the regions of a bare head, for previews: (R, 3) float32 RGB in [0, 1]."""
    return _lookup(names, column=2)


def paint_regions(
    regions: NDArray, names: Sequence[str], *, background: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> NDArray[np.float32]:
    """Colour a region map (..., H, W) or (..., H, W, 1), −1 for nothing: (..., H, W, 3) RGB in [0, 1]."""
    if regions.shape[-1] == 1:
        regions = regions[..., 0]
    colors = np.concatenate([region_palette(names), np.array([background], np.float32)])
    return colors[regions.astype(np.int64)]  # −1 is the last row


def _lookup(names: Sequence[str], *, column: int) -> NDArray[np.float32]:
    colors = np.zeros((len(names), 3), np.float32)
    for i, name in enumerate(names):
        found = next((entry for entry in _COLORS if entry[0] in name), None)
        if found is not None:
            colors[i] = np.array(found[column], np.float32) / 255.0
        elif column == 2:
            colors[i] = np.array(_NATURAL_DEFAULT, np.float32) / 255.0
        else:  # an unknown name: hues spread by the golden ratio
            colors[i] = colorsys.hsv_to_rgb((0.13 + 0.618034 * i) % 1.0, 0.55, 0.85)
    return colors
