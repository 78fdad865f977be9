"""``mvportrait animate``: the main job."""

from __future__ import annotations

from typing import Any

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.cli.driving import with_driving
from mvportrait.options import AnimateOptions


@with_driving
def animate(
    reference: arguments.References,
    driving: dict[str, Any],
    out: arguments.OutFolder,
    views: arguments.Views = "3",
    cameras: arguments.CameraFile = None,
    orbit: arguments.Orbit = None,
    size: arguments.Size = None,
    preset: arguments.Preset = "fast",
    weights: arguments.Weights = None,
    full_frame: arguments.FullFrame = False,
    mute: arguments.Mute = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Animate a portrait: a video per view, a grid, a contact sheet, the motion, the cameras, a manifest."""
    options = AnimateOptions(
        reference=reference[0],
        other_references=tuple(reference[1:]),
        views=views,
        cameras=cameras,
        orbit_degrees=orbit,
        size=size,
        preset=preset,
        weights=weights,
        full_frame=full_frame,
        resume=resume,
        mute=mute,
        **driving,
    )
    options.check()
    from mvportrait.pipeline import animate as run_animate

    result = run_animate(options, out, reporter=ConsoleReporter(quiet=quiet or as_json))
    if as_json:
        print_json(result.as_json())
    else:
        seconds_taken = result.manifest["timings_seconds"]["total"]
        views_made = f"{len(result.views)} view{'s' if len(result.views) != 1 else ''}"
        print_line(
            f"{out}: {views_made} of {result.frames} frames at {result.fps:g} fps in {seconds_taken:.1f} s"
        )
