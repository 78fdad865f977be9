"""``mvportrait turntable``: one video, the camera travels round the moving portrait and back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.cli.driving import with_driving
from mvportrait.options import TurntableOptions

Arc = Annotated[float, typer.Option("--arc", help="Whole arc in degrees; half of it to either side.")]


@with_driving
def turntable(
    reference: arguments.References,
    driving: dict[str, Any],
    out: arguments.OutFile,
    arc: Arc = 80.0,
    size: arguments.Size = None,
    preset: arguments.Preset = "fast",
    mute: arguments.Mute = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Let the camera travel round the moving portrait and back, in one video."""
    options = TurntableOptions(
        reference=reference[0],
        other_references=tuple(reference[1:]),
        arc_degrees=arc,
        size=size,
        preset=preset,
        resume=resume,
        mute=mute,
        **driving,
    )
    options.check()
    from mvportrait.turntable import turntable as run_turntable

    result = run_turntable(options, out, reporter=ConsoleReporter(quiet=quiet or as_json))
    if as_json:
        print_json(result)
    else:
        taken = result["timings_seconds"]["total"]
        print_line(f"{out}: {result['frames']} frames at {result['fps']:g} fps in {taken:.1f} s")
