"""``mvportrait motion``: stage one only, a prompt becomes a motion file."""

from __future__ import annotations

from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.options import check_driver, check_numbers

Text = Annotated[str, typer.Option("--text", "-t", help="What the person does.")]
Seconds = Annotated[float | None, typer.Option("--seconds", "-s", help="Length [3].")]
Fps = Annotated[float | None, typer.Option("--fps", help="Frames per second [25].")]


def motion(
    text: Text,
    out: arguments.OutFile,
    seconds: Seconds = None,
    fps: Fps = None,
    seed: arguments.Seed = 0,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Make a motion file (.npz) from a text; animate, render and inspect read it."""
    check_driver(text, None)
    check_numbers(seconds, fps, seed)
    from mvportrait.outputs import check_output_file, output_file

    check_output_file(out, suffix=".npz")
    from mvportrait.drive import motion_from_text

    reporter = ConsoleReporter(quiet=quiet or as_json)
    with output_file(out) as staged:
        with reporter.track("text to motion"):
            sequence = motion_from_text(text, seconds=seconds, fps=fps, seed=seed, warn=reporter.warn)
        sequence.save(staged)
    if as_json:
        print_json({"out": str(out), "frames": len(sequence), "fps": sequence.fps, "basis": sequence.basis})
    else:
        print_line(f"{out}: {len(sequence)} frames at {sequence.fps:g} fps")
