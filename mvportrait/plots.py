"""Curves of the measured signals, for looking at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ["plot_signals"]

# Panels of the plot: title, unit, the range shown at least, signals (those that are missing are left out).
_PANELS = (
    ("head", "degrees", (-5.0, 5.0), ("head_yaw_deg", "head_pitch_deg", "head_roll_deg")),
    ("gaze", "degrees", (-5.0, 5.0), ("gaze_yaw_deg", "gaze_pitch_deg")),
    ("eyes", "1 open, 0 shut", (0.0, 1.1), ("eye_open_left", "eye_open_right")),
    ("mouth", "share", (0.0, 1.0), ("mouth_open", "smile", "frown", "pucker", "cheek_puff")),
    ("lip gap", "mm", (0.0, 5.0), ("lip_gap_mm",)),
    ("brows", "share", (0.0, 1.0), ("brow_raise", "brow_lower")),
)


def plot_signals(signals: Mapping[str, np.ndarray], *, fps: float, title: str, path: Path) -> None:
    """Draw every signal (T,) over time into a PNG file.

    Args:
        signals: from ``flame.measure``.
        fps: frames per second of the signals.
        title: heading.
        path: the PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 12), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(_PANELS), 1, sharex=True)
    for axis, (name, unit, least, members) in zip(axes, _PANELS, strict=True):
        for member in members:
            if member in signals:
                values = signals[member]
                axis.plot(np.arange(len(values)) / fps, values, label=member)
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, least[0]), max(high, least[1]))
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_ylabel(unit)
        axis.grid(alpha=0.3)
        axis.legend(loc="upper right", fontsize=8)
    axes[-1].set_xlabel("seconds")
    figure.suptitle(title)
    figure.savefig(path, format="png", dpi=110)
