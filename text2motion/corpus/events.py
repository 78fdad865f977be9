"""What performers share: events, and small helpers to write them into controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from text2motion.corpus.actions import Action
from text2motion.corpus.controls import CONTROL_INDEX


@dataclass(frozen=True)
class Event:
    """An action at its actual times, seconds.

    ``amplitude`` is 1 ordinary, ``count`` the repetitions of a CYCLE between start and settle, ``speed`` what
    the words say (-1 slow, 0, 1 fast) for what goes at a rate of its own (speech, chewing).
    """

    action: Action
    start: float
    settle: float
    release: float
    amplitude: float = 1.0
    count: int = 1
    speed: int = 0

    @property
    def onset_seconds(self) -> float:
        """How long the active part takes."""
        return max(self.settle - self.start, 0.08)

    def phase(self, times: np.ndarray) -> np.ndarray:
        """(T,) 0 before the start, 1 from settling on. Cyclic movement hangs on this alone, so that it can be
        foretold from the plan."""
        return np.clip((times - self.start) / self.onset_seconds, 0.0, 1.0)

    def end(self, times: np.ndarray) -> float:
        """Release, or the end of the clip where nothing releases."""
        return min(self.release, float(times[-1]) + 1.0)


Performer = Callable[[np.ndarray, np.ndarray, Event, np.random.Generator], None]


def put(controls: np.ndarray, name: str, curve: np.ndarray) -> None:
    """Add ``curve`` (T,) to one control; a rig name without its side stands for both."""
    if name in CONTROL_INDEX:
        controls[:, CONTROL_INDEX[name]] += curve
        return
    for side in ("Left", "Right") if name != "lids" else ():
        controls[:, CONTROL_INDEX[name + side]] += curve
    for side in ("left", "right") if name == "lids" else ():
        controls[:, CONTROL_INDEX["lid_" + side]] += curve


def add(controls: np.ndarray, targets: dict[str, float], curve: np.ndarray, scale: float = 1.0) -> None:
    """Add ``curve`` (T,) times every target amount to its control."""
    for name, amount in targets.items():
        controls[:, CONTROL_INDEX[name]] += amount * scale * curve


def swapped(targets: dict[str, float]) -> dict[str, float]:
    """The same face in the mirror: left and right exchanged, yaw and roll reversed."""
    result = {}
    for name, amount in targets.items():
        if "Left" in name or "Right" in name:
            name = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        elif name in ("lid_left", "lid_right"):
            name = "lid_right" if name == "lid_left" else "lid_left"
        elif name in ("yaw", "roll", "gaze_yaw", "lean_side"):
            amount = -amount
        result[name] = amount
    return result


def first_side(generator: np.random.Generator, *, sure: float = 0.85) -> float:
    """+1 to begin at their own left, which most people here do: an even choice would average to no movement
    in a model's first, coarsest step."""
    return 1.0 if generator.random() < sure else -1.0


def uneven(targets: dict[str, float], generator: np.random.Generator) -> dict[str, float]:
    """No face is quite symmetrical: sides differ by some percent."""
    return {
        name: amount * float(np.clip(generator.normal(1.0, 0.06), 0.85, 1.15))
        if "Left" in name or "Right" in name
        else amount
        for name, amount in targets.items()
    }
