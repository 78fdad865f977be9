"""``mvportrait motion``: stage one only; a prompt, a script, speech, a video or a mix become a motion file."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.cli.driving import with_driving
from mvportrait.driving_options import DrivingOptions, check_range

Takes = Annotated[
    int, typer.Option("--takes", help="Write this many takes (NAME_00.npz, …), with seeds from --seed on.")
]


@with_driving
def motion(
    out: arguments.OutFile,
    driving: dict[str, Any],
    takes: Takes = 1,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Make a motion file (.npz) from text, speech, video or several; animate, render and inspect read it."""
    options = DrivingOptions(**driving)
    options.check_driving()
    check_range("--takes", takes, 1, 100, "files")
    from mvportrait.outputs import check_output_file, output_file

    check_output_file(out, suffix=".npz")
    from mvportrait.drive import motion_from_sources, open_sources

    reporter = ConsoleReporter(quiet=quiet or as_json)
    sources = open_sources(options)
    made = []
    for take in range(takes):
        file = out if takes == 1 else out.with_name(f"{out.stem}_{take:02d}.npz")
        chosen = replace(options, seed=options.seed + take)
        with output_file(file) as staged:
            sequence = motion_from_sources(chosen, sources, reporter=reporter)
            sequence.save(staged)
        made.append(str(file))
    if as_json:
        print_json(
            {
                "out": made[0] if takes == 1 else made,
                "frames": len(sequence),
                "fps": sequence.fps,
                "basis": sequence.basis,
                "drivers": options.chosen_mix.sources(options.drivers),
                "warnings": reporter.warnings,
            }
        )
    else:
        print_line(f"{', '.join(made)}: {len(sequence)} frames at {sequence.fps:g} fps")
