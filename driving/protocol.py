"""What a driver is: ``drive(request) -> FlameSequence``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from flame.timing import DEFAULT_FPS

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from text2motion.script import Script

Request = TypeVar("Request", contravariant=True)


@runtime_checkable
class Driver(Protocol[Request]):
    """Anything that turns a request into motion.

    The contract, which one test-suite checks for every driver: the result is *relative* motion of the
    embedded head (basis "open", zero is rest, identity zero); its length is ``frame_count(request.seconds,
    fps=request.fps)``; frame 0 is at rest, so that a portrait starts as its photo; the same request gives
    the same motion; bad requests raise an ``InputError`` before any work is done.
    """

    def drive(self, request: Request) -> FlameSequence:
        """The motion asked for."""
        ...


@dataclass(frozen=True, kw_only=True)
class TextRequest:
    """Motion from a prompt.

    Attributes:
        text: what should happen, at most 1,000 characters.
        seconds: length of the clip.
        fps: frames per second.
        seed: same seed, same motion; another seed, another take.
        guidance: 1 follows the text as learnt, up to about 3 exaggerates it.
        intensity: strength of all actions, 1 ordinary, 0 to 2.
    """

    text: str
    seconds: float = 3.0
    fps: float = DEFAULT_FPS
    seed: int = 0
    guidance: float = 1.0
    intensity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ScriptRequest:
    """Motion from timed segments of text.

    Attributes:
        script: of ``text2motion.script.parse_script`` or ``Script.from_yaml``; its ``warnings`` are for the
            user.
        seconds: length of the clip; None becomes the script's own length.
        fps: frames per second; None becomes the script's own rate, else 25.
        seed: same seed, same motion; None is the script's own, else 0.
        guidance: None is the script's own, else 1.
        intensity: times the strength that the script asks for.
    """

    script: Script
    seconds: float | None = None
    fps: float | None = None
    seed: int | None = None
    guidance: float | None = None
    intensity: float = 1.0

    def __post_init__(self) -> None:
        if self.seconds is None:
            object.__setattr__(self, "seconds", self.script.seconds)
        if self.fps is None:
            object.__setattr__(self, "fps", self.script.fps or DEFAULT_FPS)
