"""The options that say what drives the head, shared by every command that needs a motion.

``@with_driving`` puts them into a command's signature, where the command has a parameter ``driving``; the command
gets their values there, as keywords for ``mvportrait.driving_options.DrivingOptions``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

__all__ = ["with_driving"]

_DRIVERS, _SPEECH, _VIDEO = "Drivers (one or several)", "Speech", "Video"


def _option(kind: Any, default: Any, *names: str, help: str, panel: str | None = None) -> tuple[Any, Any]:
    return Annotated[kind, typer.Option(*names, help=help, rich_help_panel=panel)], default


# Optional[...] is written `kind | None`: these are values, not annotations as text, and Python 3.10 has them.
_PARAMETERS: dict[str, tuple[Any, Any]] = {
    "text": _option(
        str | None, None, "--text", "-t", panel=_DRIVERS,
        help='What the person does; with times: "0-2s: nods; 2-4s: smiles".',
    ),
    "script": _option(
        Path | None, None, "--script", panel=_DRIVERS, help="Script file (.yaml): timed prompts."
    ),
    "audio": _option(
        Path | None, None, "--audio", "-a", panel=_DRIVERS, help="Speech: a sound file, or a video with sound."
    ),
    "video": _option(
        Path | None, None, "--video", "-V", panel=_DRIVERS, help="A video whose face the portrait follows."
    ),
    "motion": _option(Path | None, None, "--motion", "-m", panel=_DRIVERS, help="Motion file (.npz)."),
    "mix": _option(
        str | None, None, "--mix", panel=_DRIVERS,
        help="With several drivers: which moves what, e.g. lips=audio,pose=text,gaze=script,*=video "
        "(pose, gaze, lids, brows, lips, mood).",
    ),
    "start": _option(
        float, 0.0, "--start", panel=_DRIVERS, help="Seconds to skip at the beginning of --audio and --video."
    ),
    "seconds": _option(
        float | None, None, "--seconds", "-s", panel=_DRIVERS,
        help="Length; by default that of the audio, video, script or motion file, and 3 for a text.",
    ),
    "fps": _option(
        float | None, None, "--fps", panel=_DRIVERS,
        help="Frames per second; by default those of the video or motion file, else 25.",
    ),
    "seed": _option(
        int, 0, "--seed", panel=_DRIVERS, help="The same seed makes the same files, another one another take."
    ),
    "intensity": _option(
        float, 1.0, "--intensity", panel=_DRIVERS, help="Strength of what a text asks for, 0 to 2."
    ),
    "guidance": _option(
        float, 1.0, "--guidance", panel=_DRIVERS, help="How far to follow a text: 1 as learnt, 3 exaggerated."
    ),
    "transcript": _option(
        str | None, None, "--transcript", panel=_SPEECH,
        help="What is said (English), or a text file with it: sharper lips.",
    ),
    "recognise": _option(
        bool | None, None, "--recognise/--no-recognise", panel=_SPEECH,
        help="Without a transcript, sharpen the lips by the English words heard, where they are sure; done by "
        "default where pocketsphinx is installed.",
    ),
    "style": _option(str, "neutral", "--style", panel=_SPEECH, help="How it is said: neutral, cheerful, serious, …"),
    "mouth": _option(float, 1.0, "--mouth", panel=_SPEECH, help="Size of the mouth's movements, 1 ordinary."),
    "head_motion": _option(
        float, 1.0, "--head-motion", panel=_SPEECH, help="Liveliness of the head while speaking, 0 still."
    ),
    "face": _option(int, 0, "--face", panel=_VIDEO, help="Which face of the video, 0 the largest."),
    "regions": _option(
        str, "all", "--regions", panel=_VIDEO, help="What to take over: pose, expression, lips, eyes, or all."
    ),
    "strength": _option(
        str | None, None, "--strength", panel=_VIDEO, help="Factors of the regions, e.g. pose=0.5,lips=1.2."
    ),
    "neutral": _option(
        str, "first", "--neutral", panel=_VIDEO,
        help="What counts as rest: the first frame, or the clip as a whole (for clips that begin in action).",
    ),
    "absolute": _option(
        bool, False, "--absolute", panel=_DRIVERS,
        help="Take the motion of --video or --motion as it is, not relative to the photo's own pose.",
    ),
}  # fmt: skip


def with_driving(command: Callable[..., None]) -> Callable[..., None]:
    """A typer command whose parameter ``driving: dict[str, Any]`` is filled from the shared options."""
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "driving"
    ]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _PARAMETERS.items()
    ]
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        driving = {name: values.pop(name) for name in _PARAMETERS}
        command(**values, driving=driving)

    parameters = sorted([*own, *shared], key=lambda one: one.default is not inspect.Parameter.empty)
    signature = inspect.Signature(parameters)
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    del run.__wrapped__  # type: ignore[attr-defined]  # inspect would look through it
    return run
