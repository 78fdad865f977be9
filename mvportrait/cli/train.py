"""``mvportrait train``: the packages' own trainers, under one roof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train a model: motion, emotion, speech or video.")
_CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="YAML file; the one in configs/ by default.")
]


@app.command("motion", context_settings=_CONTEXT)
def train_motion(context: typer.Context, config: Config = None) -> None:
    """Train MotionDM (head, gaze). Further arguments: key=value, or the trainer's own options."""
    _train_text("motion", config, context.args)


@app.command("emotion", context_settings=_CONTEXT)
def train_emotion(context: typer.Context, config: Config = None) -> None:
    """Train EmotionDM (expression, jaw, lids). Further arguments as for motion."""
    _train_text("emotion", config, context.args)


@app.command("speech", context_settings=_CONTEXT)
def train_speech(context: typer.Context, config: Config = None) -> None:
    """Train the speech model. Further arguments: --corpus FOLDER, --out FOLDER, key=value."""
    from mvportrait.training import train_speech as run

    raise typer.Exit(run(config, context.args))


@app.command("video", context_settings=_CONTEXT)
def train_video(context: typer.Context, config: Config = None) -> None:
    """Train the multi-view video model. Further arguments: key=value, or the trainer's own options."""
    from mvportrait.training import train_video as run

    raise typer.Exit(run(config, context.args))


def _train_text(kind: str, config: Path | None, rest: list[str]) -> None:
    from mvportrait.training import train_text

    raise typer.Exit(train_text(kind, config, rest))
