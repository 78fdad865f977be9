"""``mvportrait evaluate speech``: do the lips close and open where the sound says so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flame.timing import DEFAULT_FPS
from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_tables

Clips = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[CLIP]...", help="Recordings of speech (or videos with sound)."),
]
Transcript = Annotated[
    list[str] | None,
    typer.Option("--transcript", help="What is said, in words or a text file; once per clip [CLIP.txt]."),
]
Motion = Annotated[
    list[Path] | None,
    typer.Option("--motion", "-m", help="Motion file to score instead of the driver's; once per clip."),
]
Shards = Annotated[
    Path | None, typer.Option("--shards", help="Folder of synthesized clips (driving.speech.corpus).")
]
ShardClips = Annotated[int, typer.Option("--clips", help="How many of the --shards clips to score.", min=1)]
Weights = Annotated[Path | None, typer.Option("--weights", help="Weights of the driver [its own].")]
Fps = Annotated[float, typer.Option("--fps", help="Frames per second of the driver's motion.")]
Baselines = Annotated[
    bool, typer.Option("--baselines/--no-baselines", help="Also the jaw by energy and the phones' teacher.")
]


def evaluate_speech(
    clips: Clips = None,
    transcript: Transcript = None,
    motion: Motion = None,
    shards: Shards = None,
    shard_clips: ShardClips = 64,
    weights: Weights = None,
    fps: Fps = DEFAULT_FPS,
    seed: arguments.Seed = 0,
    baselines: Baselines = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Score speech driving against forced alignment: closed lips at p b m, contact at f v, pauses, loudness, head.

    English needs no more than a transcript; without one the phones are recognised. docs/speech.md explains the
    figures.
    """
    from mvportrait.speech_evaluation import EvaluateSpeechOptions, speech_tables
    from mvportrait.speech_evaluation import evaluate_speech as run

    options = EvaluateSpeechOptions(
        clips=tuple(clips or ()),
        transcripts=tuple(transcript or ()),
        motions=tuple(motion or ()),
        shards=shards,
        shard_clips=shard_clips,
        weights=weights,
        fps=fps,
        seed=seed,
        baselines=baselines,
    )
    report = run(options, reporter=ConsoleReporter(quiet=quiet or as_json))
    if as_json:
        print_json(report.as_json())
        return
    print_tables(speech_tables(report))
