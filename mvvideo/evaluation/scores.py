"""Scores of one or more clips: row (truth, still photo, …) → metric → figure, and their means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mvvideo.evaluation.columns import METRICS

__all__ = ["Mean", "Scores"]


@dataclass
class Mean:
    """A mean of numbers that come one at a time; None and NaN are left out."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float | None, weight: int = 1) -> None:
        if value is not None and math.isfinite(value):
            self.total += value * weight
            self.count += weight

    @property
    def value(self) -> float | None:
        return self.total / self.count if self.count else None


@dataclass
class Scores:
    """What an evaluation found.

    Attributes:
        protocol: "self", "cross" or "views".
        clips: clip name → row → metric → figure (only what was measured).
        absent: metric → why it was not measured.
        notes: further facts worth a line.
    """

    protocol: str
    clips: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, clip: str, rows: Mapping[str, Mapping[str, float | None]]) -> None:
        """One clip's figures; None and NaN are dropped."""
        self.clips[clip] = {
            row: {
                name: float(value)
                for name, value in figures.items()
                if value is not None and math.isfinite(value)
            }
            for row, figures in rows.items()
        }

    @property
    def rows(self) -> list[str]:
        """Row names in the order in which they came."""
        return list(dict.fromkeys(row for clip in self.clips.values() for row in clip))

    def mean(self) -> dict[str, dict[str, float]]:
        """Row → metric → mean over the clips that have it."""
        result: dict[str, dict[str, float]] = {}
        for row in self.rows:
            columns: dict[str, Mean] = {}
            for clip in self.clips.values():
                for name, value in clip.get(row, {}).items():
                    columns.setdefault(name, Mean()).add(value)
            result[row] = {name: mean.total / mean.count for name, mean in columns.items() if mean.count}
        return result

    def metrics(self) -> list[str]:
        """Names of the metrics that some row has, in the table's order, then others by name."""
        have = {name for clip in self.clips.values() for row in clip.values() for name in row}
        known = [metric.name for metric in METRICS if metric.name in have]
        return known + sorted(have - set(known))

    def as_json(self) -> dict[str, Any]:
        """For files and ``--json``."""
        return {
            "protocol": self.protocol,
            "mean": self.mean(),
            "clips": self.clips,
            "absent": self.absent,
            "notes": self.notes,
            "metrics": {metric.name: metric.meaning for metric in METRICS if metric.name in self.metrics()},
        }
