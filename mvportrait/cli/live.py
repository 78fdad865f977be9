"""``mvportrait live``: a camera drives head and portrait while one watches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.driving_options import DrivingOptions

Source = Annotated[str, typer.Argument(help="Number of a camera, or a video file that is played like one.")]
Reference = Annotated[
    str | None, typer.Option("--reference", "-r", help="Portrait to drive; without it the head alone.")
]
Size = Annotated[int, typer.Option("--size", help="Side of each picture in pixels.")]
Show = Annotated[str, typer.Option("--show", help="window, browser (a page on this machine) or none.")]
Port = Annotated[int, typer.Option("--port", help="Of the browser page; 0: any free one.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Record what is shown into this .mp4.")]
Seconds = Annotated[float | None, typer.Option("--seconds", "-s", help="Stop after this long.")]
Face = Annotated[int, typer.Option("--face", help="Which face, 0 the largest.")]
Regions = Annotated[str, typer.Option("--regions", help="pose, expression, lips, eyes, or all.")]
Strength = Annotated[str | None, typer.Option("--strength", help="Factors, e.g. pose=0.5,lips=1.2.")]


def live(
    source: Source = "0",
    reference: Reference = None,
    size: Size = 256,
    show: Show = "browser",
    port: Port = 0,
    out: Out = None,
    seconds: Seconds = None,
    face: Face = 0,
    regions: Regions = "all",
    strength: Strength = None,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Follow a face live: driven head and portrait preview, with measured latency. Stop with Ctrl-C."""
    from mvportrait.live import LiveOptions, run_live

    options = LiveOptions(
        source=source,
        reference=reference,
        size=size,
        show=show,
        port=port,
        out=out,
        seconds=seconds,
        face=face,
        regions=DrivingOptions(regions=regions).chosen_regions(),
        strength=strength,
    )
    report = run_live(options, reporter=ConsoleReporter(quiet=quiet or as_json)).as_json()
    if as_json:
        print_json(report)
        return
    total = report["latency"].get("total", {"median_ms": 0.0, "p95_ms": 0.0})
    print_line(
        f"{report['shown']} pictures at {report['fps']:g} fps, {report['dropped']} frames dropped; "
        f"latency {total['median_ms']:g} ms (95 % under {total['p95_ms']:g} ms)"
    )
