"""Curves of the measured signals, for looking at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ["plot_signals"]

# Panels of the plot: title, unit, signals (those that are missing are left out).
_PANELS = (
    ("head", "degrees", ("head_yaw_deg", "head_pitch_deg", "head_roll_deg")),
    ("gaze", "degrees", ("gaze_yaw_deg", "gaze_pitch_deg")),
    ("eyes", "1 open, 0 shut", ("eye_open_left", "eye_open_right")),
    ("mouth", "share", ("mouth_open", "smile", "frown", "pucker", "cheek_puff")),
    ("lip gap", "mm", ("lip_gap_mm",)),
    ("brows", "share", ("brow_raise", "brow_lower")),
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
    for axis, (name, unit, members) in zip(axes, _PANELS, strict=True):
        for member in members:
            if member in signals:
                values = signals[member]
                axis.plot(np.arange(len(values)) / fps, values, label=member)
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_ylabel(unit)
        axis.grid(alpha=0.3)
        axis.legend(loc="upper right", fontsize=8)
    axes[-1].set_xlabel("seconds")
    figure.suptitle(title)
    figure.savefig(path, format="png", dpi=110)
