"""Checks on measured signals: did the head turn left, how often did it nod, what came first?

A check is a function of ``Signals`` (name -> (T,) values, as ``flame.signals.measure`` gives) and the frame
rate.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

Signals = dict[str, np.ndarray]
Check = Callable[[Signals, float], bool]


def ends(name: str, low: float, high: float) -> Check:
    """The mean of the last fifth lies in [low, high]."""

    def check(signals: Signals, fps: float) -> bool:
        values = signals[name]
        tail = values[-max(len(values) // 5, 1) :]
        return bool(low <= tail.mean() <= high)

    return check


def reaches(name: str, least: float) -> Check:
    """The value gets to ``least`` or above (for a negative ``least``: to it or below)."""

    def check(signals: Signals, fps: float) -> bool:
        values = signals[name]
        return bool(values.max() >= least if least > 0 else values.min() <= least)

    return check


def falls_to(name: str, most: float) -> Check:
    """The value gets down to ``most``."""
    return lambda signals, fps: bool(signals[name].min() <= most)


def stays(name: str, low: float, high: float, *, share: float = 0.95) -> Check:
    """The value lies in [low, high] in ``share`` of the frames."""
    return lambda signals, fps: bool(np.mean((signals[name] >= low) & (signals[name] <= high)) >= share)


def dips(name: str, least: int, most: int, *, depth: float) -> Check:
    """Between ``least`` and ``most`` separate dips of at least ``depth``."""

    def check(signals: Signals, fps: float) -> bool:
        return least <= count_peaks(-signals[name], prominence=depth) <= most

    return check


def peaks(name: str, least: int, most: int, *, height: float) -> Check:
    """Between ``least`` and ``most`` separate peaks of at least ``height``."""

    def check(signals: Signals, fps: float) -> bool:
        return least <= count_peaks(signals[name], prominence=height) <= most

    return check


def swings(name: str, least: int, *, size: float) -> Check:
    """The value goes at least ``least`` times to each side of zero by ``size``."""

    def check(signals: Signals, fps: float) -> bool:
        values = signals[name] - np.median(signals[name][:3])
        both = count_peaks(values, prominence=size), count_peaks(-values, prominence=size)
        return min(both) >= least

    return check


def closed_alone(shut: str, open_eye: str) -> Check:
    """One eye shuts while the other stays open (a wink)."""

    def check(signals: Signals, fps: float) -> bool:
        return bool(np.any((signals[shut] < 0.35) & (signals[open_eye] > 0.55)))

    return check


def in_order(*moments: tuple[str, float]) -> Check:
    """Signals pass half their way to the given sizes one after the other: ``("head_yaw_deg", 15), ("smile",
    0.5)``."""

    def check(signals: Signals, fps: float) -> bool:
        times = [_half_time(signals[name], size) for name, size in moments]
        return all(time is not None for time in times) and all(
            first < second  # type: ignore[operator]
            for first, second in itertools.pairwise(times)
        )

    return check


def count_peaks(values: np.ndarray, *, prominence: float) -> int:
    """Peaks that stand out by ``prominence`` from the ground on both sides; the ends count as ground."""
    count, low, high, rising = 0, values[0], values[0], True
    for value in values:
        if rising:
            if value > high:
                high = value
            elif high - value >= prominence:
                count += 1 if high - low >= prominence else 0
                rising, low = False, value
            if value < low and high - low < prominence:
                low = high = value
        elif value < low:
            low = value
        elif value - low >= prominence:
            rising, high = True, value
    return count


def _half_time(values: np.ndarray, size: float) -> int | None:
    signed = values * np.sign(size)
    over = np.flatnonzero(signed >= 0.5 * abs(size))
    return int(over[0]) if len(over) else None
