"""Timing curves: how a value rises, falls, repeats and idles. All take times (T,) in seconds."""

from __future__ import annotations

import numpy as np

RELEASE_SECONDS = 0.5


def minimum_jerk(phase: np.ndarray) -> np.ndarray:
    """Smooth 0 to 1 over phase 0..1, flat outside (Flash & Hogan 1985: 10p^3 - 15p^4 + 6p^5)."""
    p = np.clip(phase, 0.0, 1.0)
    return p * p * p * (10.0 - 15.0 * p + 6.0 * p * p)


def hold(
    times: np.ndarray,
    *,
    start: float,
    settle: float,
    release: float,
    release_seconds: float = RELEASE_SECONDS,
    overshoot: float = 0.0,
    relax: float = 0.0,
) -> np.ndarray:
    """Rise in [start, settle], stay, and fall from release on.

    Args:
        overshoot: share by which the goal is overrun about settling; it is back a third of a second later.
        relax: share that is given up, in about a second and a half, while holding.
    """
    onset = max(settle - start, 0.04)
    rise = minimum_jerk((times - start) / onset)
    if overshoot:
        before = minimum_jerk((times - settle + 0.4 * onset) / (0.4 * onset + 0.04))
        rise = rise + overshoot * before * (1.0 - minimum_jerk((times - settle - 0.04) / 0.35))
    if relax:
        rise = rise * (1.0 - relax * (1.0 - np.exp(-np.maximum(times - settle, 0.0) / 1.5)))
    return rise * (1.0 - minimum_jerk((times - release) / release_seconds))


def window(times: np.ndarray, *, start: float, end: float, edge: float) -> np.ndarray:
    """1 inside [start, end] with smooth edges of ``edge`` seconds inside it."""
    edge = max(min(edge, 0.5 * (end - start)), 1e-3)
    return minimum_jerk((times - start) / edge) * (1.0 - minimum_jerk((times - end + edge) / edge))


def arch(times: np.ndarray, *, start: float, rise: float, stay: float, fall: float) -> np.ndarray:
    """Rise, stay at 1, fall, each of its own length in seconds."""
    up = minimum_jerk((times - start) / max(rise, 1e-3))
    return up * (1.0 - minimum_jerk((times - start - rise - stay) / max(fall, 1e-3)))


def blink(times: np.ndarray, *, start: float, seconds: float) -> np.ndarray:
    """One lid closure: a third of the time to close, then a slower opening."""
    phase = (times - start) / seconds
    return minimum_jerk(phase / 0.35) * (1.0 - minimum_jerk((phase - 0.48) / 0.52))


def beat(times: np.ndarray, *, at: float, seconds: float) -> np.ndarray:
    """A raised cosine of total length ``seconds`` with its top at ``at``: a syllable, a bounce."""
    phase = np.clip((times - at) / seconds, -0.5, 0.5)
    return 0.5 + 0.5 * np.cos(2.0 * np.pi * phase)


def banded(
    times: np.ndarray, generator: np.random.Generator, bands: tuple[tuple[float, float, float], ...]
) -> np.ndarray:
    """A random curve of given strength per frequency band: (lowest Hz, highest Hz, RMS) each, four sines a
    band. The RMS of one draw varies about what is asked for, as people do."""
    curve = np.zeros(len(times))
    for low, high, rms in bands:
        hz = np.exp(generator.uniform(np.log(low), np.log(high), 4))
        size = generator.uniform(0.4, 1.0, 4)
        size *= rms * generator.uniform(0.7, 1.3) / np.sqrt((size**2).sum() / 2.0)
        phase = generator.uniform(0.0, 2.0 * np.pi, 4)
        curve += (size * np.sin(2.0 * np.pi * hz * times[:, None] + phase)).sum(axis=1)
    return curve


def wander(
    times: np.ndarray, generator: np.random.Generator, *, lowest_hz: float, highest_hz: float
) -> np.ndarray:
    """A smooth random curve of unit size: five sines with amplitudes falling as 1/frequency."""
    frequencies = np.exp(generator.uniform(np.log(lowest_hz), np.log(highest_hz), 5))  # (5,)
    amplitudes = lowest_hz / frequencies
    amplitudes *= generator.uniform(0.5, 1.5, 5) / np.sqrt((amplitudes**2).sum() / 2.0)
    phases = generator.uniform(0.0, 2.0 * np.pi, 5)
    return (amplitudes * np.sin(2.0 * np.pi * frequencies * times[:, None] + phases)).sum(axis=1)


def fixations(times: np.ndarray, generator: np.random.Generator, *, every_seconds: float) -> np.ndarray:
    """Piecewise constant random values (unit size) with 60 ms steps between them: small saccades."""
    length = float(times[-1] - times[0]) + 1.0
    jumps = np.cumsum(generator.exponential(every_seconds, int(length / every_seconds * 2) + 4)) + times[0]
    values = generator.normal(0.0, 1.0, len(jumps) + 1)
    curve = np.full(len(times), values[0])
    for jump, before, after in zip(jumps, values[:-1], values[1:], strict=True):
        if jump > times[-1]:
            break
        curve = curve + (after - before) * minimum_jerk((times - jump) / 0.06)
    return curve


def waypoints(times: np.ndarray, points: list[tuple[float, float]], *, move_seconds: float) -> np.ndarray:
    """Go from value to value: (start of the move, value) pairs, starting from 0."""
    curve = np.zeros(len(times))
    level = 0.0
    for start, value in points:
        curve = curve + (value - level) * minimum_jerk((times - start) / move_seconds)
        level = value
    return curve
