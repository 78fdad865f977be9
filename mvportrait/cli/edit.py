"""``mvportrait edit``: one motion file in, another one out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_line

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from text2motion.editing import Sampling

app = typer.Typer(
    help="Change a motion: fill spans, go on, loop, redraw head or face, mirror, exaggerate, stretch."
)

Motion = Annotated[Path, typer.Argument(metavar="MOTION.npz", help="The motion to change.")]
Text = Annotated[str, typer.Option("--text", "-t", help="What the person does.")]
OnTheWay = Annotated[
    str | None, typer.Option("--text", "-t", help="What the person does there (default: nothing new).")
]
Intensity = Annotated[float, typer.Option("--intensity", help="Strength of the text, 0 to 2.")]
Guidance = Annotated[float, typer.Option("--guidance", help="How far to follow the text, 1 as learnt.")]
Spans = Annotated[
    list[str], typer.Option("--free", metavar="START-END", help="Seconds to draw anew; may be repeated.")
]
Keys = Annotated[list[float], typer.Option("--at", help="Seconds whose poses are kept; may be repeated.")]
Length = Annotated[
    float | None, typer.Option("--seconds", "-s", help="Length of the result; default: that of the motion.")
]
More = Annotated[float, typer.Option("--seconds", "-s", help="How much is added.")]
End = Annotated[float, typer.Option("--seconds", "-s", help="How much of the end is redrawn.")]
NewGaze = Annotated[bool, typer.Option("--new-gaze", help="The eyes follow the text, too.")]
Factor = Annotated[float, typer.Option("--factor", "-f", help="How many times.")]


@app.command("between")
def between(
    motion: Motion, free: Spans, out: arguments.OutFile, text: OnTheWay = None, seed: arguments.Seed = 0,
    intensity: Intensity = 1.0, guidance: Guidance = 1.0, quiet: arguments.Quiet = False,
) -> None:  # fmt: skip
    """Draw spans of a motion anew; all other frames stay exactly as they are."""
    spans = [_span(given) for given in free]

    def change(given: FlameSequence) -> FlameSequence:
        from text2motion.editing import between as draw

        return draw(given, spans, text=text, sampling=_sampling(seed, intensity, guidance))

    _write(motion, out, change, quiet=quiet)


@app.command("keyframes")
def keyframes(
    motion: Motion, at: Keys, out: arguments.OutFile, seconds: Length = None, text: OnTheWay = None,
    seed: arguments.Seed = 0, intensity: Intensity = 1.0, guidance: Guidance = 1.0,
    quiet: arguments.Quiet = False,
) -> None:  # fmt: skip
    """Keep the poses of a motion at some times alone, and move from one to the other as people do."""

    def change(given: FlameSequence) -> FlameSequence:
        import numpy as np

        from flame.errors import ConfigError, input_error
        from flame.timing import frame_index
        from text2motion.editing import from_keyframes

        times = sorted(at)
        late = next((one for one in times if not 0 <= one < given.duration_seconds), None)
        if late is not None:
            rule = "--at must lie in the motion"
            told = f"{late:g} s of {given.duration_seconds:g} s"
            raise input_error(ConfigError, rule, told, "give other times")
        frames = [frame_index(one, fps=given.fps, frames=given.frames) for one in times]
        return from_keyframes(
            given.at(np.asarray(frames)),
            times,
            seconds=given.duration_seconds if seconds is None else seconds,
            fps=given.fps,
            text=text,
            sampling=_sampling(seed, intensity, guidance),
        )

    _write(motion, out, change, quiet=quiet)


@app.command("extend")
def extend(
    motion: Motion, seconds: More, out: arguments.OutFile, text: OnTheWay = None, seed: arguments.Seed = 0,
    intensity: Intensity = 1.0, guidance: Guidance = 1.0, quiet: arguments.Quiet = False,
) -> None:  # fmt: skip
    """Go on after the end of a motion."""

    def change(given: FlameSequence) -> FlameSequence:
        from text2motion.editing import extend as go_on

        return go_on(given, seconds=seconds, text=text, sampling=_sampling(seed, intensity, guidance))

    _write(motion, out, change, quiet=quiet)


@app.command("loop")
def loop(
    motion: Motion, out: arguments.OutFile, seconds: End = 0.8, seed: arguments.Seed = 0,
    quiet: arguments.Quiet = False,
) -> None:  # fmt: skip
    """Redraw the end of a motion so that it leads into its start."""

    def change(given: FlameSequence) -> FlameSequence:
        from text2motion.editing import loop as close

        return close(given, seconds=seconds, sampling=_sampling(seed, 1.0, 1.0))

    _write(motion, out, change, quiet=quiet)


@app.command("face")
def face(
    motion: Motion, text: Text, out: arguments.OutFile, new_gaze: NewGaze = False, seed: arguments.Seed = 0,
    intensity: Intensity = 1.0, guidance: Guidance = 1.0, quiet: arguments.Quiet = False,
) -> None:  # fmt: skip
    """Keep the head's movement and draw the face anew from a text."""

    def change(given: FlameSequence) -> FlameSequence:
        from text2motion.editing import keep_head

        gaze = "new" if new_gaze else "keep"
        return keep_head(given, text, gaze=gaze, sampling=_sampling(seed, intensity, guidance))

    _write(motion, out, change, quiet=quiet)


@app.command("head")
def head(
    motion: Motion, text: Text, out: arguments.OutFile, seed: arguments.Seed = 0, intensity: Intensity = 1.0,
    guidance: Guidance = 1.0, quiet: arguments.Quiet = False,
) -> None:  # fmt: skip
    """Keep the face and draw the head's movement and the gaze anew from a text."""

    def change(given: FlameSequence) -> FlameSequence:
        from text2motion.editing import keep_face

        return keep_face(given, text, sampling=_sampling(seed, intensity, guidance))

    _write(motion, out, change, quiet=quiet)


@app.command("mirror")
def mirror(motion: Motion, out: arguments.OutFile, quiet: arguments.Quiet = False) -> None:
    """Swap left and right."""
    from text2motion.editing import mirrored

    _write(motion, out, mirrored, quiet=quiet)


@app.command("exaggerate")
def exaggerate(
    motion: Motion, factor: Factor, out: arguments.OutFile, quiet: arguments.Quiet = False
) -> None:
    """Make a relative motion larger (or, under 1, smaller)."""
    from text2motion.editing import exaggerated

    _write(motion, out, lambda given: exaggerated(given, factor), quiet=quiet)


@app.command("stretch")
def stretch(motion: Motion, factor: Factor, out: arguments.OutFile, quiet: arguments.Quiet = False) -> None:
    """Make a motion last longer (or, under 1, shorter)."""
    from text2motion.editing import stretched

    _write(motion, out, lambda given: stretched(given, factor), quiet=quiet)


def _write(path: Path, out: Path, change: Callable[[FlameSequence], FlameSequence], *, quiet: bool) -> None:
    """Read, change, write; nothing is left after an error."""
    from mvportrait.drive import motion_from_file
    from mvportrait.outputs import check_output_file, output_file

    check_output_file(out, suffix=".npz")
    given = motion_from_file(path)
    with output_file(out) as staged, ConsoleReporter(quiet=quiet).track("editing"):
        changed = change(given)
        changed.save(staged)
    print_line(f"{out}: {len(changed)} frames at {changed.fps:g} fps")


def _sampling(seed: int, intensity: float, guidance: float) -> Sampling:
    from text2motion.editing import Sampling

    return Sampling(seed=seed, intensity=intensity, guidance=guidance)


def _span(text: str) -> tuple[float, float]:
    """``"1-2.5"`` → (1.0, 2.5).

    Raises:
        ConfigError: not of that form.
    """
    from flame.errors import ConfigError, input_error

    start, _, end = text.rstrip("s ").partition("-")
    try:
        span: tuple[Any, Any] = float(start), float(end)
    except ValueError:
        span = (0.0, 0.0)
    if not span[0] < span[1]:
        rule = "--free is START-END in seconds"
        raise input_error(ConfigError, rule, text, "write for example 1-2.5")
    return span
