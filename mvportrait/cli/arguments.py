"""Options that several commands share, declared once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mvvideo.latent.config import LATENT_PRESETS
from mvvideo.pipeline import PRESETS

# typer reads these annotations at run time, on Python 3.10 too: Optional, not `| None`.
_PRESET_HELP = "; ".join(f"{preset.name}: {preset.description}" for preset in PRESETS.values())

# The parser knows it as an option that may be repeated; `spread_references` allows `--reference a.jpg b.jpg`.
References = Annotated[
    list[str],
    typer.Option(
        "--reference",
        "-r",
        metavar="FILE [FILE...]",
        help="Portrait picture, or 'demo' for the bundled one; further pictures of the same person may follow, "
        "the first one is what the frames continue.",
    ),
]
FullFrame = Annotated[
    bool,
    typer.Option(
        "--full-frame",
        help="Also write full_frame.mp4: the whole photo in its own resolution, with the front view in place.",
    ),
]
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
Size = Annotated[
    int | None,
    typer.Option("--size", help="Side of the frames in pixels [512 if the photo has it, else 256]."),
]
Preset = Annotated[str, typer.Option("--preset", "-p", help=_PRESET_HELP)]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="Folder of weights for the big presets: " + " and ".join(LATENT_PRESETS) + "."
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same files.")]
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
Mute = Annotated[bool, typer.Option("--mute", help="Leave the sound of --audio or --video out.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

_TAKES_SEVERAL = ("--reference", "-r")


def spread_references(arguments: Sequence[str]) -> list[str]:
    """``--reference a b`` → ``--reference a --reference b``, up to the next word with a dash in front."""
    spread: list[str] = []
    option = ""  # the one that takes several values, while its values last
    values = 0
    for word in arguments:
        if word.startswith("-") and word != "-":
            name, has_value, _ = word.partition("=")
            option = name if name in _TAKES_SEVERAL else ""
            values = int(bool(has_value))
        elif option:
            spread += [option] if values else []
            values += 1
        spread.append(word)
    return spread
