"""``mvportrait evaluate motion``: does the motion show what the prompt says, and how natural is it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import ConsoleReporter, print_json, print_tables

Suite = Annotated[
    Path | None, typer.Option("--suite", help="YAML file of prompts and checks [the package's own].")
]
Seeds = Annotated[int, typer.Option("--seeds", help="Takes of each prompt.")]
Weights = Annotated[
    Path | None, typer.Option("--weights", help="Folder with motion.safetensors and emotion.safetensors.")
]
Real = Annotated[
    list[Path] | None,
    typer.Option("--real", help="Real clips (videos, motion files, folders) as the yardstick of jitter."),
]
Only = Annotated[str | None, typer.Option("--only", help="Categories with this in their name.")]
Baselines = Annotated[
    bool, typer.Option("--baselines/--no-baselines", help="Also the corpus and the nearest caption.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of captions.jsonl and motion files; its held-out captions prompt."),
]
Matching = Annotated[
    Path | None, typer.Option("--matching", help="A matching pair of your own (for --data) [the package's].")
]


def evaluate_motion(
    suite: Suite = None,
    seeds: Seeds = 1,
    weights: Weights = None,
    real: Real = None,
    only: Only = None,
    baselines: Baselines = True,
    data: Data = None,
    matching: Matching = None,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Score text to motion over a suite of prompts, beside the corpus' own performance and the nearest caption.

    The prompts' checks are on what ``inspect`` measures. docs/evaluation.md says how to write a suite.
    """
    from mvportrait.motion_evaluation import EvaluateMotionOptions
    from mvportrait.motion_evaluation import evaluate_motion as run

    options = EvaluateMotionOptions(suite, seeds, weights, tuple(real or ()), only, baselines, data, matching)
    report = run(options, reporter=ConsoleReporter(quiet=quiet or as_json))
    if as_json:
        print_json(report.as_json())
        return
    from mvportrait.motion_evaluation import motion_tables

    print_tables(motion_tables(report))
