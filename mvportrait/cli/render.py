"""``mvportrait render``: a motion as FLAME renders, one video per view and buffer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flame.errors import ConfigError, input_error
from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.options import check_size, parse_views

MotionFile = Annotated[Path, typer.Argument(metavar="MOTION", help="Motion file (.npz).")]
Buffers = Annotated[
    str, typer.Option("--buffers", help="Comma-separated: shaded, normals, depth, regions, …")
]
OrbitDegrees = Annotated[float, typer.Option("--orbit", help="Degrees of the outermost views.")]
FrameSize = Annotated[int, typer.Option("--size", help="Side of the frames in pixels.")]


def render(
    motion: MotionFile,
    out: arguments.OutFolder,
    views: arguments.Views = "3",
    cameras: arguments.CameraFile = None,
    orbit: OrbitDegrees = 40.0,
    buffers: Buffers = "shaded",
    size: FrameSize = 512,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Render the FLAME head of a motion file: no portrait, no network."""
    from mvportrait.driving_options import check_range

    if cameras is None:
        parse_views(views)
    check_range("--orbit", orbit, 0.0, 180.0, "degrees")
    check_size(size)
    names = [name.strip().lower() for name in buffers.split(",")]
    if not all(names):
        raise input_error(ConfigError, "--buffers has an empty name", repr(buffers), "give shaded,normals")
    from mvportrait.head_renders import render_motion

    manifest = render_motion(
        motion,
        out,
        views=views,
        cameras_file=cameras,
        orbit_degrees=orbit,
        buffers=names,
        size=size,
        reporter=ConsoleReporter(quiet=quiet or as_json),
    )
    if as_json:
        print_json({"out": str(out), "files": sorted(manifest["outputs"])})
    else:
        print_line(f"{out}: {len(manifest['outputs'])} files in {manifest['timings_seconds']['total']:.1f} s")
