"""``mvportrait evaluate``: how good is it, in figures, beside baselines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_line
from mvportrait.cli.evaluate_motion import evaluate_motion
from mvportrait.cli.evaluate_speech import evaluate_speech
from mvportrait.cli.evaluate_tracking import evaluate_tracking

app = typer.Typer(help="Measure a model: video.")

Clips = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[CLIP]...", help="Videos; with --reference also motion files (.npz)."),
]
Reference = Annotated[
    str | None, typer.Option("--reference", "-r", help="Portrait that the clips drive (cross-reenactment).")
]
Shards = Annotated[
    Path | None, typer.Option("--shards", help="Folder of held-out synthetic clips (novel views).")
]
Presets = Annotated[
    list[str] | None, typer.Option("--preset", "-p", help="Preset to score; repeatable [fast].")
]
Size = Annotated[int, typer.Option("--size", help="Side of the pictures in pixels.")]
Every = Annotated[
    int, typer.Option("--every", help="Score one of this many stretches of 8 frames; all are tracked.")
]
Seconds = Annotated[float | None, typer.Option("--seconds", "-s", help="At most this much of each clip.")]
ShardClips = Annotated[int, typer.Option("--clips", help="How many of the --shards clips to score.")]
Lpips = Annotated[Path | None, typer.Option("--lpips", help="TorchScript file: LPIPS.")]
Identity = Annotated[Path | None, typer.Option("--identity", help="TorchScript file: face embeddings.")]
Fid = Annotated[Path | None, typer.Option("--fid", help="TorchScript file: picture features (FID).")]
Fvd = Annotated[Path | None, typer.Option("--fvd", help="TorchScript file: features of 16 frames (FVD).")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for scores.json and contact sheets.")]


@app.callback()
def _group() -> None:
    """Measure a model: video."""


app.command("motion")(evaluate_motion)
app.command("tracking")(evaluate_tracking)
app.command("speech")(evaluate_speech)


@app.command("video")
def evaluate_video(
    clips: Clips = None,
    reference: Reference = None,
    shards: Shards = None,
    preset: Presets = None,
    size: Size = 256,
    every: Every = 1,
    seconds: Seconds = None,
    shard_clips: ShardClips = 64,
    lpips: Lpips = None,
    identity: Identity = None,
    fid: Fid = None,
    fvd: Fvd = None,
    seed: arguments.Seed = 0,
    out: Out = None,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Score the video model beside the still photo and the photo moved by geometry alone.

    Clips alone: each clip's first frame is driven by the clip itself and compared with it (self-reenactment).
    With --reference: the clips drive that portrait (cross-reenactment). With --shards: held-out actors.
    """
    from mvportrait.evaluation import EvaluateOptions
    from mvportrait.evaluation import evaluate_video as run

    options = EvaluateOptions(
        clips=tuple(clips or ()),
        reference=reference,
        shards=shards,
        presets=tuple(preset or ("fast",)),
        size=size,
        every=every,
        seconds=seconds,
        shard_clips=shard_clips,
        lpips=lpips,
        identity=identity,
        features=fid,
        videos=fvd,
        seed=seed,
    )
    scores = run(options, out, reporter=ConsoleReporter(quiet=quiet or as_json))
    if as_json:
        print_json({**scores.as_json(), "out": None if out is None else str(out)})
        return
    from mvportrait.score_tables import score_tables

    for line in score_tables(scores, width=_terminal_width()):
        print_line(line)
    if out is not None:
        print_line(f"{out}: scores.json and {len(scores.clips)} contact sheet(s)")


def _terminal_width() -> int:
    """Columns of the terminal; wide where there is none."""
    import shutil

    return shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else 160
