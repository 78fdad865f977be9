"""Figures about many motions at once: retrieval precision, Fréchet distance, variety, and how smooth they are.

Features are the vectors of a trained pair of encoders (``matching``); smoothness is measured on signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from text2motion.evaluation.checks import Signals

JITTER_BAND_HZ = (5.0, 12.0)
LIFE_BAND_HZ = (0.1, 2.0)
#: group -> signals whose root mean square over the group is reported
SMOOTHNESS_GROUPS: dict[str, tuple[str, ...]] = {
    "head": ("head_yaw_deg", "head_pitch_deg", "head_roll_deg"),
    "gaze": ("gaze_yaw_deg", "gaze_pitch_deg"),
    "lids": ("eye_open_left", "eye_open_right"),
    "mouth": ("mouth_open", "smile", "frown", "pucker"),
    "brows": ("brow_raise", "brow_lower"),
}


def r_precision(
    texts: np.ndarray, motions: np.ndarray, *, candidates: int = 32, draws: int = 20, seed: int = 0
) -> tuple[float, float, float]:
    """How often a motion's own text is among the 1, 2, 3 nearest of ``candidates`` texts.

    Args:
        texts, motions: (N, D) vectors, row i belonging together.
        candidates: texts to choose from, its own among them (fewer where N is smaller).
        draws: random choices of the others, averaged.
        seed: of the choices.
    """
    count = len(texts)
    most = min(candidates, count)
    generator = np.random.default_rng(seed)
    distance = np.linalg.norm(motions[:, None] - texts[None], axis=-1)  # (N, N)
    own = np.diag(distance)
    hits = np.zeros(3)
    for _ in range(draws):
        keys = generator.random((count, count))
        np.fill_diagonal(keys, 2.0)
        others = np.argsort(keys, axis=1)[:, : most - 1]  # (N, most - 1), never its own
        nearer = (np.take_along_axis(distance, others, axis=1) < own[:, None]).sum(axis=1)
        hits += [np.mean(nearer < k) for k in (1, 2, 3)]
    top = hits / draws
    return float(top[0]), float(top[1]), float(top[2])


def matching_distance(texts: np.ndarray, motions: np.ndarray) -> float:
    """Mean distance between each motion's vector and its own text's."""
    return float(np.linalg.norm(texts - motions, axis=1).mean())


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Between Gaussians fitted to two sets of features (N, D), (M, D).

    |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½) (Heusel et al. 2017); the trace of the root comes from the
    eigenvalues of C₁^½ C₂ C₁^½, which are real.
    """
    means = first.mean(axis=0) - second.mean(axis=0)
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(np.atleast_2d(a))
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    crossed = np.linalg.eigvalsh(root @ np.atleast_2d(b) @ root)
    overlap = np.sqrt(np.maximum(crossed, 0.0)).sum()
    return float(means @ means + np.trace(np.atleast_2d(a)) + np.trace(np.atleast_2d(b)) - 2.0 * overlap)


def diversity(features: np.ndarray, *, pairs: int = 300, seed: int = 0) -> float:
    """Mean distance between random pairs of different motions, features (N, D)."""
    generator = np.random.default_rng(seed)
    first = generator.integers(len(features), size=pairs)
    second = (first + generator.integers(1, len(features), size=pairs)) % len(features)
    return float(np.linalg.norm(features[first] - features[second], axis=1).mean())


def multimodality(features: np.ndarray) -> float:
    """Mean distance between takes of one prompt, features (seeds, N, D); NaN for a single seed."""
    seeds = len(features)
    if seeds < 2:
        return float("nan")
    apart = [
        np.linalg.norm(features[i] - features[j], axis=-1).mean() for i in range(seeds) for j in range(i)
    ]
    return float(np.mean(apart))


@dataclass(frozen=True)
class Smoothness:
    """Of one group of signals: root mean squares over frames and clips.

    Attributes:
        jitter: of what lies in :data:`JITTER_BAND_HZ`, in the signals' unit.
        life: of what lies in :data:`LIFE_BAND_HZ`.
        acceleration: second difference, unit / s².
        jerk: third difference, unit / s³.
    """

    jitter: float
    life: float
    acceleration: float
    jerk: float


def smoothness(clips: Sequence[tuple[Signals, float]]) -> dict[str, Smoothness]:
    """group -> smoothness of clips given as (signals, frames per second)."""
    return {
        group: Smoothness(
            _pooled([band_energy(s[n], fps, JITTER_BAND_HZ) for s, fps in clips for n in names]),
            _pooled([band_energy(s[n], fps, LIFE_BAND_HZ) for s, fps in clips for n in names]),
            _pooled([np.diff(s[n], 2) ** 2 * fps**4 for s, fps in clips for n in names]),
            _pooled([np.diff(s[n], 3) ** 2 * fps**6 for s, fps in clips for n in names]),
        )
        for group, names in SMOOTHNESS_GROUPS.items()
    }


def band_energy(values: np.ndarray, fps: float, band_hz: tuple[float, float]) -> np.ndarray:
    """Squares (T,) of the part of a signal that lies in a band; empty for clips too short to tell.

    The straight line from the first to the last value is taken off, so that a turn that stays is no jump for
    the Fourier transform.
    """
    count = len(values)
    if count < 0.5 * fps:
        return np.zeros(0)
    level = values - np.linspace(values[0], values[-1], count)
    spectrum = np.fft.rfft(np.concatenate([level, -level[::-1]]))
    hertz = np.fft.rfftfreq(2 * count, 1.0 / fps)
    spectrum[(hertz < band_hz[0]) | (hertz > band_hz[1])] = 0.0
    return np.fft.irfft(spectrum, 2 * count)[:count] ** 2


def _pooled(squares: Sequence[np.ndarray]) -> float:
    joined = np.concatenate([np.asarray(part, np.float64) for part in squares]) if squares else np.zeros(0)
    return float(np.sqrt(joined.mean())) if len(joined) else float("nan")


def take_spread(takes: Sequence[Signals]) -> dict[str, float]:
    """How far takes of one prompt lie apart: group -> mean over frames of the standard deviation over
    takes."""
    frames = min(len(next(iter(take.values()))) for take in takes)
    return {
        group: float(
            np.mean([np.std([take[name][:frames] for take in takes], axis=0).mean() for name in names])
        )
        for group, names in SMOOTHNESS_GROUPS.items()
    }
