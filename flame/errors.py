"""Every error this project raises on purpose.

::

    MVPortraitError                    anything raised on purpose: one line, exit code 1
    ├── InputError (ValueError)        what the user gave cannot be used, exit code 2
    │   ├── MotionFileError            a motion file, or the numbers of a motion
    │   ├── HeadFileError              a head model file (embedded or licensed)
    │   ├── CameraError                cameras, camera files, view names
    │   ├── ImageError                 a picture that cannot be read or used
    │   ├── AudioError                 sound that cannot be read or used
    │   ├── NoFaceError                no (usable) face in a picture or video
    │   ├── PromptError                text or script that cannot be understood
    │   ├── ConfigError                options, presets, configuration files
    │   └── AssetError                 files the user has to bring or that fail their check
    └── MissingDependencyError         an optional package is not installed

Messages have one form, made by :func:`input_error`::

    <what is wrong>: <what was given>; <what to do>
"""

from __future__ import annotations

from typing import TypeVar

__all__ = [
    "AssetError",
    "AudioError",
    "CameraError",
    "ConfigError",
    "HeadFileError",
    "ImageError",
    "InputError",
    "MVPortraitError",
    "MissingDependencyError",
    "MotionFileError",
    "NoFaceError",
    "PromptError",
    "input_error",
]

_LONGEST_GIVEN = 160


class MVPortraitError(Exception):
    """Base of all errors raised on purpose. ``exit_code`` is what the command line returns."""

    exit_code: int = 1


class InputError(MVPortraitError, ValueError):
    """What the user gave cannot be used; the message says why and what to do."""

    exit_code = 2


class MotionFileError(InputError):
    """A motion file, or the arrays of a motion, are not what they must be."""


class HeadFileError(InputError):
    """A head model file is missing, broken or of an unknown kind."""


class CameraError(InputError):
    """Cameras, a camera file or a view name cannot be used."""


class ImageError(InputError):
    """A picture or video cannot be read or used."""


class AudioError(InputError):
    """Sound cannot be read or used: no sound in a file, nothing but zeros where speech is needed, not numbers."""


class NoFaceError(InputError):
    """No usable face was found."""


class PromptError(InputError):
    """A text prompt or script cannot be used."""


class ConfigError(InputError):
    """An option, preset or configuration file cannot be used."""


class AssetError(InputError):
    """A file the user must bring is missing or fails its check."""


class MissingDependencyError(MVPortraitError):
    """An optional package is needed and is not installed.

    Args:
        package: the name as imported.
        purpose: what it is needed for ("to find faces in pictures").
        install: the command or extra that brings it.
    """

    def __init__(self, package: str, *, purpose: str, install: str) -> None:
        self.package = package
        super().__init__(f"package {package} is needed {purpose}: it is not installed; run: {install}")


_Error = TypeVar("_Error", bound=InputError)


def input_error(cls: type[_Error], rule: str, given: object, next_step: str) -> _Error:
    """Build (not raise) an input error in the project's one message form.

    Args:
        cls: the subclass of :class:`InputError`.
        rule: what is wrong ("fps must be positive").
        given: what was given; shortened and put on one line.
        next_step: what to do ("give a number such as 25").

    Returns:
        The error: ``raise input_error(ConfigError, …)``.
    """
    text = " ".join(str(given).split())
    if len(text) > _LONGEST_GIVEN:
        text = text[: _LONGEST_GIVEN - 1] + "…"
    return cls(f"{rule}: {text}; {next_step}")
