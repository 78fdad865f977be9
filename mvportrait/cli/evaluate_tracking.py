"""``mvportrait evaluate tracking``: how well are faces in videos followed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line, print_tables

Clips = Annotated[list[Path] | None, typer.Argument(metavar="[CLIP]...", help="Videos of a face.")]
Seconds = Annotated[
    float | None, typer.Option("--seconds", "-s", help="At most this much of each clip; synthetic ones: 3.")
]
Actors = Annotated[
    int | None,
    typer.Option("--actors", help="Synthetic clips with a known motion [6 where no clip is given]."),
]
Kit = Annotated[
    Path | None,
    typer.Option("--kit", help="Actor kit, for rendered people instead of the plain embedded head."),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for tracking.json and a sheet per clip.")
]


def evaluate_tracking(
    clips: Clips = None,
    seconds: Seconds = None,
    actors: Actors = None,
    kit: Kit = None,
    seed: arguments.Seed = 0,
    out: Out = None,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Score the tracking that --video drives with: fit, jitter, blinks and speed on clips; errors on known motion.

    Beside the errors on synthetic actors stand those of a face that never moves.
    """
    from mvportrait.tracking_evaluation import TrackingOptions
    from mvportrait.tracking_evaluation import evaluate_tracking as run

    options = TrackingOptions(clips=tuple(clips or ()), seconds=seconds, actors=actors, kit=kit, seed=seed)
    report = run(options, out, reporter=ConsoleReporter(quiet=quiet or as_json))
    if as_json:
        print_json({**report.as_json(), "out": None if out is None else str(out)})
        return
    from mvportrait.tracking_evaluation import tracking_tables

    print_tables(tracking_tables(report))
    for note in report.notes:
        print_line(f"note: {note}")
    if out is not None:
        print_line(f"{out}: tracking.json and {len(report.clips)} sheet(s)")
