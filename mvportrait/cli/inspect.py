"""``mvportrait inspect``: what moves when, measured on the posed mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import print_json, print_line

MotionFile = Annotated[Path, typer.Argument(metavar="MOTION", help="Motion file (.npz).")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Also draw the signals into a PNG file.")]


def inspect(motion: MotionFile, as_json: arguments.AsJson = False, plot: Plot = None) -> None:
    """Show what moves when in a motion file: angles, gaze, lids, lips, brows. Sides are the subject's own."""
    from mvportrait.outputs import check_output_file, output_file

    if plot is not None:
        check_output_file(plot, suffix=".png")
    from flame.sequence import FlameSequence
    from flame.signals import measure
    from mvportrait.store import head_of_basis

    sequence = FlameSequence.load(motion)
    signals = measure(sequence, head_of_basis(sequence.basis))
    if plot is not None:
        from mvportrait.plots import plot_signals

        with output_file(plot) as staged:
            plot_signals(signals, fps=sequence.fps, title=motion.name, path=staged)
    if as_json:
        print_json(
            {
                "fps": sequence.fps,
                "frames": sequence.frames,
                "duration_seconds": sequence.duration_seconds,
                "basis": sequence.basis,
                "signals": {name: [round(float(v), 4) for v in values] for name, values in signals.items()},
            }
        )
        return
    print_line(
        f"{motion}: {sequence.frames} frames at {sequence.fps:g} fps, "
        f"{sequence.duration_seconds:.2f} s, basis {sequence.basis}"
    )
    print_line(f"{'signal':<16}{'first':>9}{'last':>9}{'least':>9}{'at s':>7}{'most':>9}{'at s':>7}")
    for name, values in signals.items():
        low, high = int(values.argmin()), int(values.argmax())
        print_line(
            f"{name:<16}{values[0]:>9.2f}{values[-1]:>9.2f}{values[low]:>9.2f}{low / sequence.fps:>7.2f}"
            f"{values[high]:>9.2f}{high / sequence.fps:>7.2f}"
        )
