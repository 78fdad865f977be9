"""Filling free frames between known ones without a network: the path underneath, and seams that do not show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flame.easing import smoothstep


def free_runs(known: np.ndarray) -> Iterator[tuple[int, int]]:
    """``(first, stop)`` of every run of frames that are not known; (T,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def bridged(
    values: np.ndarray, known: np.ndarray, *, ramp_frames: float, return_frames: float | None = None
) -> np.ndarray:
    """Known frames, and a calm path through the free ones that keeps value and speed at their borders.

    Args:
        values: (T, C); free frames are not looked at.
        known: (T,) bool, at least one True.
        ramp_frames: over how many frames the speed at a border runs out.
        return_frames: None goes evenly from one border to the other; a number lets what is raised at only one
            border return within so many frames (lids and expressions do not glide for seconds).

    Returns:
        (T, C) float32.
    """
    result = np.array(values, np.float32)
    for first, stop in free_runs(known):
        count = stop - first
        d = np.arange(1, count + 1, dtype=np.float32)[:, None]  # distance from the last known frame
        e = count + 1 - d  # distance to the next one
        before = values[first - 1] if first > 0 else values[min(stop, len(values) - 1)]
        after = values[stop] if stop < len(values) else before
        if return_frames is None or 2 * return_frames >= count or first == 0 or stop == len(values):
            path = before + (after - before) * _ease(d / (count + 1))
        else:
            low = np.minimum(before, after)
            path = low + (before - low) * (1.0 - _ease(d / return_frames))
            path = path + (after - low) * (1.0 - _ease(e / return_frames))
        length = min(ramp_frames, count + 1.0)
        if first > 1 and known[first - 2]:
            path = path + (before - values[first - 2]) * _ramp(d, length)
        if stop + 1 < len(values) and known[stop + 1]:
            path = path + (after - values[stop + 1]) * _ramp(e, length)
        result[first:stop] = path
    return result


def settled(made: np.ndarray, values: np.ndarray, known: np.ndarray, *, reach: float) -> np.ndarray:
    """What was made, with known frames exactly as given and no step where they meet.

    Args:
        made: (T, C) a whole motion that nearly has the known frames.
        values: (T, C) the given one.
        known: (T,) bool.
        reach: frames over which a difference at a border fades.
    """
    off = values.astype(np.float32) - made
    result = np.where(known[:, None], values, made).astype(np.float32)
    for first, stop in free_runs(known):
        count = stop - first
        d = np.arange(1, count + 1, dtype=np.float32)[:, None]
        length = min(reach, count + 1.0)
        for border, inner, distance in ((first - 1, first - 2, d), (stop, stop + 1, count + 1 - d)):
            if not 0 <= border < len(values):
                continue
            fading = off[border] * (1.0 - smoothstep(distance / length))
            if 0 <= inner < len(values) and known[inner]:
                fading = fading + (off[border] - off[inner]) * _ramp(distance, length)
            result[first:stop] += fading
    return result


def _ease(u: np.ndarray) -> np.ndarray:
    """0 to 1 with neither speed nor acceleration at the ends."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * u * (10.0 - 15.0 * u + 6.0 * u * u)


def _ramp(distance: np.ndarray, length: float) -> np.ndarray:
    """Slope 1 at distance 0, then back to nothing at ``length``."""
    return distance * np.clip(1.0 - distance / length, 0.0, 1.0) ** 2
