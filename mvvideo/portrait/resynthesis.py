"""Filling a hole with what the rest of the picture looks like: patches found again, coarse to fine.

Every patch that touches the hole is replaced by its nearest neighbour among the patches of the known part, and
overlapping neighbours are averaged; both steps repeat on a pyramid (Wexler, Shechtman, Irani, "Space-Time Completion
of Video", TPAMI 2007). Neighbours are found by propagation and random search (Barnes et al., "PatchMatch", SIGGRAPH
2009). Structure comes from small pictures, fine texture is then copied from where the neighbours lie.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

__all__ = ["resynthesise"]

REACH = 3
"""Half width of a patch: 7 x 7 pixels."""
COARSEST, FINEST = 32, 128
"""Sides of the smallest and the largest picture patches are looked for in."""
FEWEST_PATCHES = 150
ROUNDS = {32: 8, 64: 4, 128: 2}
BLOCK, CANDIDATES = 12, 16
"""Side of the blocks that texture is copied in, cells of the finest picture; patches tried for each, and others."""
SHADE_CELLS = 1.5
"""Blur that parts shades, which patches give, from texture, which blocks give."""
SAME_HEIGHT = 0.5
"""Cost of taking a patch from another height, per squared share of the picture: skies stay above meadows."""


@njit(cache=True)
def _cost(image, y, x, sy, sx, height, width, reach, upright, best):
    total = upright * (sy - y) * (sy - y)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            ty, tx = y + dy, x + dx
            if ty < 0 or tx < 0 or ty >= height or tx >= width:
                continue
            for c in range(3):
                off = image[ty, tx, c] - image[sy + dy, sx + dx, c]
                total += off * off
        if total > best:
            return total
    return total


@njit(cache=True)
def _random(state):
    state[0] = (state[0] * np.uint64(6364136223846793005)) + np.uint64(1442695040888963407)
    return np.float64(state[0] >> np.uint64(40)) / 16777216.0


@njit(cache=True)
def _search(image, touched, source, sources, field, cost, upright, sweeps, state, reach):
    """Improve ``field (H, W, 2)`` (where each touched pixel's patch is found) in place."""
    height, width = touched.shape
    for y in range(height):
        for x in range(width):
            if touched[y, x]:
                sy, sx = field[y, x, 0], field[y, x, 1]
                if sy < 0 or not source[sy, sx]:
                    pick = min(int(_random(state) * len(sources)), len(sources) - 1)
                    field[y, x, 0], field[y, x, 1] = sources[pick, 0], sources[pick, 1]
                cost[y, x] = _cost(
                    image, y, x, field[y, x, 0], field[y, x, 1], height, width, reach, upright, np.inf
                )
    for sweep in range(sweeps):
        step = 1 if sweep % 2 == 0 else -1
        for i in range(height):
            y = i if step > 0 else height - 1 - i
            for j in range(width):
                x = j if step > 0 else width - 1 - j
                if not touched[y, x]:
                    continue
                for turn in range(2):
                    ny, nx = (y - step, x) if turn == 0 else (y, x - step)
                    if ny < 0 or nx < 0 or ny >= height or nx >= width or not touched[ny, nx]:
                        continue
                    sy, sx = field[ny, nx, 0] + y - ny, field[ny, nx, 1] + x - nx
                    if sy < 0 or sx < 0 or sy >= height or sx >= width or not source[sy, sx]:
                        continue
                    now = _cost(image, y, x, sy, sx, height, width, reach, upright, cost[y, x])
                    if now < cost[y, x]:
                        cost[y, x] = now
                        field[y, x, 0], field[y, x, 1] = sy, sx
                span = max(height, width) / 2.0
                while span >= 1.0:
                    sy = field[y, x, 0] + int((2 * _random(state) - 1) * span)
                    sx = field[y, x, 1] + int((2 * _random(state) - 1) * span)
                    span *= 0.5
                    if sy < 0 or sx < 0 or sy >= height or sx >= width or not source[sy, sx]:
                        continue
                    now = _cost(image, y, x, sy, sx, height, width, reach, upright, cost[y, x])
                    if now < cost[y, x]:
                        cost[y, x] = now
                        field[y, x, 0], field[y, x, 1] = sy, sx


@njit(cache=True)
def _vote(image, hole, touched, field, cost, reach, out):
    """Mean over all patches that cover a pixel of the hole, better matches counting more."""
    height, width = hole.shape
    total = np.zeros((height, width))
    scale = 0.0
    count = 0
    for y in range(height):
        for x in range(width):
            if touched[y, x]:
                scale += cost[y, x]
                count += 1
    scale = max(scale / max(count, 1), 1e-6)
    for y in range(height):
        for x in range(width):
            if hole[y, x]:
                out[y, x] = 0.0
    for y in range(height):
        for x in range(width):
            if not touched[y, x]:
                continue
            weight = np.exp(-cost[y, x] / (0.5 * scale)) + 1e-4
            for dy in range(-reach, reach + 1):
                for dx in range(-reach, reach + 1):
                    ty, tx = y + dy, x + dx
                    if ty < 0 or tx < 0 or ty >= height or tx >= width or not hole[ty, tx]:
                        continue
                    for c in range(3):
                        out[ty, tx, c] += weight * image[field[y, x, 0] + dy, field[y, x, 1] + dx, c]
                    total[ty, tx] += weight
    for y in range(height):
        for x in range(width):
            if hole[y, x] and total[y, x] > 0:
                out[y, x] /= total[y, x]


def resynthesise(image: np.ndarray, known: np.ndarray, start: np.ndarray, *, seed: int) -> np.ndarray | None:
    """Fill the hole in a picture with patches of the rest.

    Args:
        image: ``(S, S, 3)`` float32; known: ``(S, S)`` bool; start: ``(S, S, 3)`` a smooth fill to begin with.
        seed: of the random search.

    Returns:
        ``(S, S, 3)`` float32, the image where known; None when too little is known to take patches from.
    """
    size = image.shape[0]
    levels = [side for side in (COARSEST, 2 * COARSEST, FINEST) if side <= size]
    state = np.array([seed + 12345], np.uint64)
    field: np.ndarray | None = None
    filled = start
    for side in levels:
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        hole = cv2.resize(known.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA) < 0.999
        source = _whole_patches(~hole)
        places = np.argwhere(source).astype(np.int64)
        if len(places) < FEWEST_PATCHES * side // FINEST:
            if field is None:
                continue
            return None
        guess = cv2.resize(
            filled, (side, side), interpolation=cv2.INTER_AREA if field is None else cv2.INTER_LINEAR
        )
        picture = np.where(hole[..., None], guess, small).astype(np.float64)
        box = np.ones((2 * REACH + 1,) * 2, np.uint8)
        touched = cv2.dilate(hole.astype(np.uint8), box) > 0
        field = np.full((side, side, 2), -1, np.int64) if field is None else _finer(field)
        cost = np.zeros((side, side))
        for _ in range(ROUNDS[side]):
            _search(
                picture, touched, source, places, field, cost, SAME_HEIGHT / side**2 * 49, 3, state, REACH
            )
            _vote(picture.copy(), hole, touched, field, cost, REACH, picture)
        filled = picture.astype(np.float32)
    if field is None:
        return None
    return _with_texture(image, known, filled, field, seed=seed)


def _whole_patches(known: np.ndarray) -> np.ndarray:
    """Pixels around which a whole patch is known, ``(H, W)`` bool."""
    box = np.ones((2 * REACH + 1,) * 2, np.uint8)
    return cv2.erode(known.astype(np.uint8), box, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0


def _finer(field: np.ndarray) -> np.ndarray:
    """The same neighbours on a picture twice as large, ``(2H, 2W, 2)``; those not found yet stay −1."""
    twice = np.repeat(np.repeat(2 * field, 2, axis=0), 2, axis=1)
    twice[1::2, :, 0] += 1
    twice[:, 1::2, 1] += 1
    missing = np.repeat(np.repeat(field[..., 0] < 0, 2, axis=0), 2, axis=1)
    twice[missing] = -1
    return np.ascontiguousarray(twice)


def _with_texture(
    image: np.ndarray, known: np.ndarray, filled: np.ndarray, field: np.ndarray, *, seed: int
) -> np.ndarray:
    """The fill at full size: its own shades, and finer texture in whole blocks from where its patches lie.

    Blocks overlap softly; weights whose squares sum to one keep the texture's strength.
    """
    size, side = image.shape[0], filled.shape[0]
    ratio = size / side
    coarse = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    weight = _smooth(known.astype(np.float32), SHADE_CELLS * ratio)[..., None]
    shades = _smooth(image * known[..., None], SHADE_CELLS * ratio) / np.maximum(weight, 1e-3)
    detail = (image - shades) * known[..., None]
    full = cv2.resize(filled, (size, size), interpolation=cv2.INTER_CUBIC)
    structure = _smooth(full, SHADE_CELLS * ratio)
    whole = cv2.resize(known.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA) > 0.999
    total, square = np.zeros_like(image), np.zeros((size, size, 1), np.float32)
    for (down, right), corners in _matched_blocks(filled, coarse, whole, field, seed=seed).items():
        # Blocks from one place are one piece: their weights add up before they count.
        pasted = np.zeros((size, size, 1), np.float32)
        for row, column in corners:
            top, left = int(round(row * ratio)), int(round(column * ratio))
            bell = _bell(int(BLOCK * ratio))
            part = pasted[top : top + len(bell), left : left + len(bell)]
            part += np.outer(bell[: part.shape[0]], bell[: part.shape[1]])[..., None]
        y, x = np.nonzero(pasted[..., 0])
        from_y = np.clip(y + int(round(down * ratio)), 0, size - 1)
        from_x = np.clip(x + int(round(right * ratio)), 0, size - 1)
        total[y, x] += pasted[y, x] * detail[from_y, from_x]
        square[y, x] += pasted[y, x] ** 2
    textured = structure + total / np.sqrt(np.maximum(square, 1e-3))
    return np.where(known[..., None], image, textured).astype(np.float32)


def _matched_blocks(
    filled: np.ndarray, picture: np.ndarray, known: np.ndarray, field: np.ndarray, *, seed: int
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Overlapping blocks over the hole by the way (down, right) to the known blocks most like them: corners (row,
    column), all in cells."""
    side = len(filled)
    generator = np.random.default_rng(seed)
    inside = cv2.boxFilter(known.astype(np.float32), -1, (BLOCK, BLOCK), anchor=(0, 0), normalize=True,
                           borderType=cv2.BORDER_CONSTANT) > 0.999  # fmt: skip
    inside[side - BLOCK + 1 :] = inside[:, side - BLOCK + 1 :] = False
    places = np.argwhere(inside)
    if not len(places):
        return {}
    last = side - BLOCK
    starts = np.unique(np.append(np.arange(0, last, BLOCK // 2), last))
    matches: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in starts:
        for column in starts:
            if known[row : row + BLOCK, column : column + BLOCK].all():
                continue
            wanted = filled[row : row + BLOCK, column : column + BLOCK]
            cells = generator.integers(0, BLOCK, (CANDIDATES, 2))
            found = field[row + cells[:, 0], column + cells[:, 1]]
            corners = np.concatenate([found - cells, places[generator.integers(0, len(places), CANDIDATES)]])
            corners = corners[((corners >= 0) & (corners <= last)).all(axis=1)]
            corners = corners[inside[corners[:, 0], corners[:, 1]]]
            if not len(corners):
                continue
            costs = [
                float(((picture[y : y + BLOCK, x : x + BLOCK] - wanted) ** 2).mean())
                + SAME_HEIGHT * ((y - row) / side) ** 2 / 49
                for y, x in corners
            ]
            best = corners[int(np.argmin(costs))]
            way = int(best[0] - row), int(best[1] - column)
            matches.setdefault(way, []).append((int(row), int(column)))
    return matches


def _bell(length: int) -> np.ndarray:
    """Weights of a block along a side, ``(length,)``."""
    return np.sin(np.pi * (np.arange(length, dtype=np.float32) + 0.5) / length)


def _smooth(picture: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE).reshape(picture.shape)
