"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvvideo.pipeline import PRESETS

# typer reads these annotations at run time, on Python 3.10 too: Optional, not `| None`.
_PRESET_HELP = "; ".join(f"{preset.name}: {preset.description}" for preset in PRESETS.values())

Reference = Annotated[
    str, typer.Option("--reference", "-r", help="Portrait picture, or 'demo' for the bundled one.")
]
Text = Annotated[str | None, typer.Option("--text", "-t", help="What the person does.")]
Motion = Annotated[Path | None, typer.Option("--motion", "-m", help="Motion file (.npz) instead of a text.")]
Views = Annotated[str, typer.Option("--views", help="Number of views, or names: front,left,right,…")]
CameraFile = Annotated[
    Path | None, typer.Option("--cameras", help="Camera file (.json, .npz) instead of --views.")
]
Orbit = Annotated[
    float | None,
    typer.Option(
        "--orbit", help="Degrees of the outermost views [40, or less where the face would turn away]."
    ),
]
Seconds = Annotated[
    float | None, typer.Option("--seconds", "-s", help="Length [3; of a motion file: its own].")
]
Fps = Annotated[
    float | None, typer.Option("--fps", help="Frames per second [25; of a motion file: its own].")
]
Size = Annotated[
    int | None,
    typer.Option("--size", help="Side of the frames in pixels [512 if the photo has it, else 256]."),
]
Preset = Annotated[str, typer.Option("--preset", "-p", help=_PRESET_HELP)]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same files.")]
Absolute = Annotated[
    bool, typer.Option("--absolute", help="Take the motion as it is, not relative to the photo's own pose.")
]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Output folder.")]
OutFile = Annotated[Path, typer.Option("--out", "-o", help="Output file.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume/--no-resume",
        help="Go on with what an interrupted run of the same command left; --no-resume starts afresh and, if "
        "interrupted, leaves nothing.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
