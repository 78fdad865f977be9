"""The person's own colours at soft edges: what is mixed with the background in the photo, unmixed."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

__all__ = ["estimate_foreground"]

SMOOTH, GRADIENT_WEIGHT = 5e-6, 1.0
"""Pull of neighbours on each other: everywhere, and where the matte changes."""
SWEEPS_SMALL, SWEEPS_LARGE = 10, 2
"""Passes on levels up to 32 pixels and on larger ones."""


@njit(cache=True)
def _relax(image, alpha, front, back, sweeps, smooth, gradient_weight):
    height, width = alpha.shape
    for _ in range(sweeps):
        for y in range(height):
            for x in range(width):
                a0 = alpha[y, x]
                a1 = 1.0 - a0
                a00, a01, a11 = a0 * a0, a0 * a1, a1 * a1
                b0, b1 = np.zeros(3), np.zeros(3)
                for c in range(3):
                    b0[c] = a0 * image[y, x, c]
                    b1[c] = a1 * image[y, x, c]
                for d in range(4):
                    ny = min(max(y + (d == 0) - (d == 1), 0), height - 1)
                    nx = min(max(x + (d == 2) - (d == 3), 0), width - 1)
                    pull = smooth + gradient_weight * abs(a0 - alpha[ny, nx])
                    a00 += pull
                    a11 += pull
                    for c in range(3):
                        b0[c] += pull * front[ny, nx, c]
                        b1[c] += pull * back[ny, nx, c]
                determinant = 1.0 / (a00 * a11 - a01 * a01)
                for c in range(3):
                    f = determinant * (a11 * b0[c] - a01 * b1[c])
                    g = determinant * (a00 * b1[c] - a01 * b0[c])
                    front[y, x, c] = min(max(f, 0.0), 1.0)
                    back[y, x, c] = min(max(g, 0.0), 1.0)


def estimate_foreground(image: np.ndarray, matte: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Foreground and background colours of every pixel.

    Args:
        image: ``(S, S, 3)`` float32 in [0, 1]; matte: ``(S, S)`` float32.

    Returns:
        ``(S, S, 3)`` float32 each: image = matte · foreground + (1 − matte) · background, both smooth where the
        matte changes. Solved coarse to fine (Germer et al., "Fast Multi-Level Foreground Estimation", ICPR 2020).
    """
    size = image.shape[0]
    sides = [1]
    while sides[-1] < size:
        sides.append(min(2 * sides[-1], size))
    front = back = np.zeros((1, 1, 3), np.float64)
    for side in sides:
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).reshape(side, side, 3)
        alpha = cv2.resize(matte, (side, side), interpolation=cv2.INTER_AREA).reshape(side, side)
        if side == 1:
            solid, gone = matte > 0.9, matte < 0.1
            front = (image[solid].mean(axis=0) if solid.any() else image.mean(axis=(0, 1))).reshape(1, 1, 3)
            back = (image[gone].mean(axis=0) if gone.any() else image.mean(axis=(0, 1))).reshape(1, 1, 3)
        front, back = (
            cv2.resize(array, (side, side), interpolation=cv2.INTER_NEAREST)
            .reshape(side, side, 3)
            .astype(np.float64)
            for array in (front, back)
        )
        sweeps = SWEEPS_SMALL if side <= 32 else SWEEPS_LARGE
        _relax(
            small.astype(np.float64), alpha.astype(np.float64), front, back, sweeps, SMOOTH, GRADIENT_WEIGHT
        )
    return front.astype(np.float32), back.astype(np.float32)
