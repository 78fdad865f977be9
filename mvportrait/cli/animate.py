"""``mvportrait animate``: the main job."""

from __future__ import annotations

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.options import AnimateOptions


def animate(
    reference: arguments.References,
    out: arguments.OutFolder,
    text: arguments.Text = None,
    motion: arguments.Motion = None,
    views: arguments.Views = "3",
    cameras: arguments.CameraFile = None,
    orbit: arguments.Orbit = None,
    seconds: arguments.Seconds = None,
    fps: arguments.Fps = None,
    size: arguments.Size = None,
    preset: arguments.Preset = "fast",
    weights: arguments.Weights = None,
    seed: arguments.Seed = 0,
    absolute: arguments.Absolute = False,
    full_frame: arguments.FullFrame = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Animate a portrait: a video per view, a grid, a contact sheet, the motion, the cameras, a manifest."""
    options = AnimateOptions(
        reference=reference[0],
        other_references=tuple(reference[1:]),
        text=text,
        motion=motion,
        views=views,
        cameras=cameras,
        orbit_degrees=orbit,
        seconds=seconds,
        fps=fps,
        size=size,
        preset=preset,
        weights=weights,
        seed=seed,
        absolute=absolute,
        full_frame=full_frame,
        resume=resume,
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
