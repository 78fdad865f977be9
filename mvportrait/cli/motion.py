"""``mvportrait motion``: stage one only; a prompt, a script, speech, a video or a mix become a motion file."""

from __future__ import annotations

from typing import Any

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.cli.driving import with_driving
from mvportrait.driving_options import DrivingOptions


@with_driving
def motion(
    out: arguments.OutFile,
    driving: dict[str, Any],
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Make a motion file (.npz) from text, speech, video or several; animate, render and inspect read it."""
    options = DrivingOptions(**driving)
    options.check_driving()
    from mvportrait.outputs import check_output_file, output_file

    check_output_file(out, suffix=".npz")
    from mvportrait.drive import motion_from_sources, open_sources

    reporter = ConsoleReporter(quiet=quiet or as_json)
    sources = open_sources(options)
    with output_file(out) as staged:
        sequence = motion_from_sources(options, sources, reporter=reporter)
        sequence.save(staged)
    if as_json:
        print_json(
            {
                "out": str(out),
                "frames": len(sequence),
                "fps": sequence.fps,
                "basis": sequence.basis,
                "drivers": options.chosen_mix.sources(options.drivers),
                "warnings": reporter.warnings,
            }
        )
    else:
        print_line(f"{out}: {len(sequence)} frames at {sequence.fps:g} fps")
