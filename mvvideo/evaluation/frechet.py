"""Fréchet distance between two sets of features (Heusel et al. 2017), from running sums."""

from __future__ import annotations

import numpy as np

from flame.errors import ConfigError, input_error

__all__ = ["GaussianStatistics", "frechet_distance"]


class GaussianStatistics:
    """Mean and covariance of vectors that come a few at a time; memory is D², whatever their number."""

    def __init__(self) -> None:
        self.count = 0
        self._mean: np.ndarray | None = None
        self._scatter: np.ndarray | None = None  # (D, D) sum of outer products about the mean

    def add(self, features: np.ndarray) -> None:
        """Take ``(N, D)`` features.

        Raises:
            ConfigError: not two-dimensional, not finite, or of another D than before.
        """
        values = np.asarray(features, np.float64)
        if values.ndim != 2 or not np.isfinite(values).all():
            raise input_error(
                ConfigError, "a feature network must give finite (N, D)", values.shape, "give another network"
            )
        if self._mean is not None and values.shape[1] != len(self._mean):
            given = f"{values.shape[1]} after {len(self._mean)}"
            raise input_error(ConfigError, "features changed their number", given, "give another network")
        if not len(values):
            return
        mean = values.mean(axis=0)
        scatter = (values - mean).T @ (values - mean)
        if self._mean is None or self._scatter is None:
            self._mean, self._scatter, self.count = mean, scatter, len(values)
            return
        both = self.count + len(values)  # Chan et al. 1979: two means and scatters as one
        shift = mean - self._mean
        self._scatter += scatter + np.outer(shift, shift) * (self.count * len(values) / both)
        self._mean = self._mean + shift * (len(values) / both)
        self.count = both

    @property
    def mean(self) -> np.ndarray:
        """``(D,)``."""
        assert self._mean is not None, "no features yet"
        return self._mean

    @property
    def covariance(self) -> np.ndarray:
        """``(D, D)``, unbiased; zero for a single vector."""
        assert self._scatter is not None, "no features yet"
        return self._scatter / max(self.count - 1, 1)


def frechet_distance(a: GaussianStatistics, b: GaussianStatistics) -> float:
    """|μ_a − μ_b|² + tr(C_a + C_b − 2 (C_a C_b)^½); NaN where either has fewer than two vectors.

    The trace of the root comes from the eigenvalues of C_a^½ C_b C_a^½, which is symmetric: no complex parts.
    """
    if min(a.count, b.count) < 2:
        return float("nan")
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ b.covariance @ root)
    cross = np.sqrt(np.clip(inner, 0.0, None)).sum()
    shift = a.mean - b.mean
    return float(shift @ shift + np.trace(a.covariance) + np.trace(b.covariance) - 2.0 * cross)
