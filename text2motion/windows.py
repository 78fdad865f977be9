"""Clips of any length from a network that sees a few seconds: windows sampled one after the other.

Every window overlaps the one before it. What is known of a window (the overlap, keyframes, the first frame
at rest) is *put into* the prediction of every sampling step, and what the prediction was off there fades
into the unknown frames around it, in value and in slope. A deterministic sampler then carries known frames
along at their own noise, they come out exactly, and everything else is sampled together with them. Memory
does not depend on the length, and a stream is the same as the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import correlate1d

if TYPE_CHECKING:
    import torch

WINDOW_FRAMES = 150  # longest stretch the networks were trained on
OVERLAP_FRAMES = 50
NEAR_SECONDS = 0.4  # how far a known frame is felt in the last steps of sampling ...
FAR_SECONDS = 1.0  # ... and in the first ones, when all is noise
_NOISE_BLOCK = 64
_BLOCKS_BEFORE = 16  # blocks of noise before the first frame, for smoothing

#: Parts of the noise: (standard deviation of a Gaussian in frames, share of the variance).
Octaves = tuple[tuple[float, float], ...]
WHITE: Octaves = ((0.0, 1.0),)

#: ``model(x (1, T, D), level (1,)) -> x0 (1, T, D)`` of the window that starts at a frame.
Model = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]


@dataclass(frozen=True)
class Known:
    """What is given of a clip, in network units.

    Attributes:
        values: (K, D); frames from K on are unknown.
        frames: (K,) True where the whole frame is given.
        columns: (D,) True where a column is given at all K frames; None for none.
    """

    values: np.ndarray
    frames: np.ndarray
    columns: np.ndarray | None = None

    def window(self, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Values (T, D) and mask (T, D) of the frames ``start … start + length``."""
        values = np.zeros((length, self.values.shape[1]), np.float32)
        mask = np.zeros(values.shape, bool)
        have = max(min(len(self.values) - start, length), 0)
        values[:have] = self.values[start : start + have]
        mask[:have] = self.frames[start : start + have, None]
        if self.columns is not None:
            mask[:have] |= self.columns
        return values, mask


@dataclass(frozen=True)
class Window:
    """Frames ``[start, stop)`` of a clip, of which those from ``fresh`` on are new."""

    start: int
    fresh: int
    stop: int


def plan_windows(
    frames: int, *, patch: int = 1, window: int = WINDOW_FRAMES, overlap: int = OVERLAP_FRAMES
) -> list[Window]:
    """Windows that cover ``frames`` in order; starts and stops are multiples of ``patch``.

    Args:
        frames: a multiple of ``patch``.
        patch: frames per token of the network.
        window: frames of a full window; every window is full but that of a clip shorter than one.
        overlap: frames that a window shares with those before it, at least.
    """
    window, stride = window - window % patch, (window - overlap) - (window - overlap) % patch
    if frames <= window:
        return [Window(0, 0, frames)]
    windows, fresh = [Window(0, 0, window)], window
    while fresh < frames:
        start = min(windows[-1].start + stride, frames - window)
        windows.append(Window(start, fresh, start + window))
        fresh = start + window
    return windows


def frame_noise(start: int, stop: int, *, columns: int, seed: int, octaves: Octaves = WHITE) -> np.ndarray:
    """Normal noise of variance 1 (T, D) of the frames ``[start, stop)``: the same for a frame in any window.

    Args:
        start, stop: frames of the clip.
        columns: D.
        seed: same seed, same noise.
        octaves: (standard deviation of a Gaussian in frames, share of the variance) of each part: the noise
            that the network was trained with.
    """
    total = np.zeros((stop - start, columns), np.float32)
    for number, (sigma, share) in enumerate(octaves):
        reach = int(3.0 * sigma)
        white = _white(start - reach, stop + reach, columns=columns, seed=[seed, number])
        if reach:
            kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
            kernel /= np.sqrt(np.sum(kernel**2))
            white = correlate1d(white, kernel, axis=0, mode="constant")[reach:-reach]
        total += np.float32(math.sqrt(share)) * white
    return total


def _white(start: int, stop: int, *, columns: int, seed: list[int]) -> np.ndarray:
    """Independent normal numbers of frames (which may be negative), drawn in blocks of fixed place."""
    first, last = start // _NOISE_BLOCK, (stop - 1) // _NOISE_BLOCK
    blocks = [
        np.random.default_rng([*seed, block + _BLOCKS_BEFORE]).standard_normal(
            (_NOISE_BLOCK, columns), np.float32
        )
        for block in range(first, last + 1)
    ]
    return np.concatenate(blocks)[start - first * _NOISE_BLOCK :][: stop - start]


def spreading(known: np.ndarray, *, reach: float) -> np.ndarray:
    """The matrix that carries corrections from known frames into the unknown ones between them.

    Corrections keep value and slope at the known frame and fade to nothing over ``reach`` frames by a cubic
    (Hermite) ramp; where the next known frame is nearer, the cubic between the two takes its place.

    Args:
        known: (T,) bool.
        reach: frames, at least 1.

    Returns:
        (T, T) float32 M; ``M @ r`` with r zero at unknown frames equals r at known ones.
    """
    frames = len(known)
    matrix = np.zeros((frames, frames), np.float64)
    here = np.flatnonzero(known)
    matrix[here, here] = 1.0
    rows = np.flatnonzero(~known)
    if not len(here) or not len(rows):
        return matrix.astype(np.float32)
    place = np.searchsorted(here, rows)  # first known frame after each unknown one
    before = np.where(place > 0, here[np.maximum(place - 1, 0)], -1)
    after = np.where(place < len(here), here[np.minimum(place, len(here) - 1)], -1)
    both = (before >= 0) & (after >= 0)
    span = np.where(both, np.minimum(after - before, reach), max(reach, 1.0))
    for nearest, step in ((before, 1), (after, -1)):
        use = nearest >= 0
        row, known_at, length = rows[use], nearest[use], span[use]
        u = np.minimum(np.abs(row - known_at) / length, 1.0)
        matrix[row, known_at] += 1.0 - 3.0 * u * u + 2.0 * u**3
        behind = known_at - step  # the neighbour that gives the slope
        sloped = (behind >= 0) & (behind < frames)
        sloped &= known[np.clip(behind, 0, frames - 1)]
        ramp = (u * (1.0 - u) ** 2 * length)[sloped]
        matrix[row[sloped], known_at[sloped]] += ramp
        matrix[row[sloped], behind[sloped]] -= ramp
    return matrix.astype(np.float32)


def constrained(model: Model, values: np.ndarray, mask: np.ndarray, *, fps: float) -> Model:
    """A model that always predicts what is known.

    Args:
        model: predicts x0.
        values, mask: (T, D) what is known and where.
        fps: the network's frame rate.
    """
    import torch

    if not mask.any():
        return model
    target, there = torch.from_numpy(values)[None], torch.from_numpy(mask)[None]
    whole = mask.all(axis=1)
    matrices: dict[float, torch.Tensor] = {}

    def predict(x: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        x0 = model(x, level)
        reach = round(fps * (NEAR_SECONDS + (FAR_SECONDS - NEAR_SECONDS) * float(level[0])), 2)
        if whole.any():
            if reach not in matrices:
                matrices[reach] = torch.from_numpy(spreading(whole, reach=reach))
            off = torch.where(torch.from_numpy(whole)[None, :, None], target - x0, 0.0)
            x0 = x0 + matrices[reach] @ off
        return torch.where(there, target, x0)

    return predict


def sample_windows(
    model_of: Callable[[int, int], Model],
    *,
    frames: int,
    columns: int,
    patch: int,
    fps: float,
    seed: int,
    steps: int,
    known: Known | None = None,
    octaves: Octaves = WHITE,
    window: int = WINDOW_FRAMES,
    overlap: int = OVERLAP_FRAMES,
) -> Iterator[np.ndarray]:
    """Sample a clip window by window.

    Args:
        model_of: ``(start, frames) -> model`` of that window.
        frames: length, a multiple of ``patch``.
        columns: features of a frame.
        patch: frames per token.
        fps: the network's frame rate.
        seed: of the noise.
        steps: denoising steps.
        known: what is given.
        octaves: see :func:`frame_noise`.
        window, overlap: see :func:`plan_windows`.

    Yields:
        (n, D) new frames of each window, in network units; all frames in order, once.
    """
    import torch

    from text2motion.sampling import ddim

    tail = np.zeros((0, columns), np.float32)  # the latest frames, up to a window of them
    for item in plan_windows(frames, patch=patch, window=window, overlap=overlap):
        length = item.stop - item.start
        values = np.zeros((length, columns), np.float32)
        mask = np.zeros((length, columns), bool)
        if known is not None:
            values, mask = known.window(item.start, length)
        shared = item.fresh - item.start
        if shared:
            values[:shared], mask[:shared] = tail[-shared:], True
        if mask.all():
            sampled = values
        else:
            noise = torch.from_numpy(
                frame_noise(item.start, item.stop, columns=columns, seed=seed, octaves=octaves)
            )
            with torch.inference_mode():
                model = constrained(model_of(item.start, length), values, mask, fps=fps)
                sampled = ddim(model, noise[None], steps=steps)[0].numpy()
        tail = sampled
        yield sampled[shared:]
