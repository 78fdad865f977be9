"""Several drivers at once: which of them moves what, and how their motions become one.

The face is divided into groups of channels (:data:`CHANNELS`). Every group takes its motion from one driver:
the one that the caller names, else the first in :data:`PRECEDENCE` that is there. What divides the groups is what
people mean when they combine drivers: speech knows the lips, words know head and mood, a script knows where to
look, a video knows the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from flame.errors import ConfigError, input_error
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

__all__ = ["CHANNELS", "PRECEDENCE", "Mix", "mix", "parse_mix", "without_parting"]

_MOOD = ("mouthSmile", "mouthFrown", "mouthDimple", "cheekSquint", "noseSneer", "nostrilFlare", "neckTense")
_LIDS = ("eyeSquint", "eyeWide")
_EASE_SECONDS = 0.4
_SHUT_SECONDS = 0.25
_PARTING = ("lipsPart", "mouthLowerDown", "mouthUpperUp", "mouthClose")


def _group_of(name: str) -> str:
    """The channel group that a rig shape belongs to."""
    if name.startswith("eyeLook"):
        return "gaze"
    if name.startswith(_LIDS):
        return "lids"
    if name.startswith("brow"):
        return "brows"
    return "mood" if name.startswith(_MOOD) else "lips"


#: Group → names of FlameSequence arrays; its rig shapes are those of ``_group_of``.
CHANNELS: dict[str, tuple[str, ...]] = {
    "pose": ("neck", "rotation", "translation"),
    "gaze": ("eyes",),
    "lids": ("eyelids",),
    "brows": (),
    "lips": ("jaw",),
    "mood": (),
}

#: Group → drivers, first come, first served.
PRECEDENCE: dict[str, tuple[str, ...]] = {
    "pose": ("text", "script", "video", "motion", "audio"),
    "gaze": ("script", "video", "motion", "text", "audio"),
    "lids": ("video", "motion", "text", "script", "audio"),
    "brows": ("text", "script", "video", "motion", "audio"),
    "lips": ("audio", "video", "motion", "text", "script"),
    "mood": ("text", "script", "video", "motion", "audio"),
}

_COLUMNS = {
    group: np.array([i for i, name in enumerate(EXPRESSION_NAMES) if _group_of(name) == group], int)
    for group in CHANNELS
}


@dataclass(frozen=True)
class Mix:
    """Which driver moves each group.

    Attributes:
        choices: group → driver name, for the groups whose driver the caller chose; the others follow
            :data:`PRECEDENCE`.
    """

    choices: Mapping[str, str] = field(default_factory=dict)

    def sources(self, given: tuple[str, ...]) -> dict[str, str]:
        """Group → driver for the drivers that are there.

        Raises:
            ConfigError: a chosen driver that is not given, or a given one that would move nothing.
        """
        for group, source in self.choices.items():
            if source not in given:
                rule = f"--mix takes {group} from {source}, which is not given"
                raise input_error(ConfigError, rule, ", ".join(given), f"add --{source} or choose another")
        chosen = {
            group: self.choices.get(group) or next(name for name in order if name in given)
            for group, order in PRECEDENCE.items()
        }
        idle = next((name for name in given if name not in chosen.values()), None)
        if idle is not None:
            others = ", ".join(f"{group}={source}" for group, source in chosen.items())
            rule = f"--{idle} would move nothing beside the other drivers"
            raise input_error(ConfigError, rule, others, f"say what it moves, for example --mix pose={idle}")
        return chosen


def parse_mix(text: str) -> Mix:
    """``"lips=audio,gaze=script"`` → Mix; ``"*=video"`` is for every group that is not named.

    Raises:
        ConfigError: not of this form, an unknown group or driver, a group named twice.
    """
    choices: dict[str, str] = {}
    drivers = PRECEDENCE["pose"]
    for part in text.split(","):
        group, equals, source = (piece.strip().lower() for piece in part.partition("="))
        if not equals or (group != "*" and group not in CHANNELS) or source not in drivers:
            rule = "--mix is GROUP=DRIVER,… with groups " + ", ".join(CHANNELS) + " (or *) and drivers "
            raise input_error(
                ConfigError, rule + ", ".join(drivers), part, "write for example lips=audio,pose=text"
            )
        if group in choices:
            raise input_error(ConfigError, "--mix names a group twice", group, "name each group once")
        choices[group] = source
    rest = choices.pop("*", None)
    return Mix(choices if rest is None else {group: choices.get(group, rest) for group in CHANNELS})


def mix(motions: Mapping[str, FlameSequence], how: Mix | None = None) -> FlameSequence:
    """One motion out of several.

    Motions are brought to the length of the longest; one that ends earlier eases to rest within 0.4 s. All must be
    relative, in basis "open", at one frame rate.

    Args:
        motions: driver name ("text", "script", "audio", "video", "motion") → its motion.
        how: which driver moves what; None: by precedence.

    Returns:
        T frames, relative; the identity is zero.

    Raises:
        ConfigError: see :meth:`Mix.sources`.
        ValueError: other bases or differing rates.
    """
    sources = (how or Mix()).sources(tuple(motions))
    rates = {motion.fps for motion in motions.values()}
    if len(rates) != 1 or any(motion.basis != "open" for motion in motions.values()):
        raise ValueError(f"motions to be mixed share basis 'open' and one rate: {sorted(rates)}")
    frames = max(motion.frames for motion in motions.values())
    whole = {name: eased_to(motion, frames) for name, motion in motions.items()}
    expression = np.zeros((frames, len(EXPRESSION_NAMES)), np.float32)
    arrays: dict[str, np.ndarray] = {}
    for group, source in sources.items():
        expression[:, _COLUMNS[group]] = whole[source].expression[:, _COLUMNS[group]]
        arrays.update({name: getattr(whole[source], name) for name in CHANNELS[group]})
    return FlameSequence.neutral(frames, fps=rates.pop()).replace(expression=expression, **arrays)


def eased_to(motion: FlameSequence, frames: int) -> FlameSequence:
    """The motion with ``frames`` frames: cut, or continued from its last pose to rest in 0.4 s.

    Args:
        motion: T ≥ 1 frames, relative.
        frames: wanted, ≥ 1.
    """
    if frames <= motion.frames:
        return motion[:frames]
    missing = frames - motion.frames
    seconds = np.arange(1, missing + 1) / motion.fps
    left = 0.5 + 0.5 * np.cos(np.pi * np.clip(seconds / _EASE_SECONDS, 0.0, 1.0))  # (missing,) 1 -> 0
    arrays = {}
    for name, values in motion.arrays().items():
        if name != "shape":
            tail = values[-1:] * left[:, None]
            arrays[name] = np.concatenate([values, tail]).astype(values.dtype)
    return FlameSequence(shape=motion.shape, fps=motion.fps, basis=motion.basis, **arrays)


def without_parting(motion: FlameSequence, reference: FlameSequence) -> FlameSequence:
    """A relative motion that takes back how far the lips of a photo are parted, within its first 0.25 s.

    Added to a photo with parted lips, speech would never close them: its p, b and m would show teeth. What holds
    the reference's lips apart (jaw, ``lipsPart``, raised and lowered lips) is subtracted, so that the motion's own
    closed lips are closed; the shape of the mouth and its mood stay the photo's.

    Args:
        motion: T frames, relative; reference: 1 frame, absolute; both of basis "open".
    """
    seconds = np.arange(motion.frames) / motion.fps
    taken = (0.5 - 0.5 * np.cos(np.pi * np.clip(seconds / _SHUT_SECONDS, 0.0, 1.0)))[:, None]  # 0 -> 1
    columns = np.array([i for i, name in enumerate(EXPRESSION_NAMES) if name.startswith(_PARTING)])
    expression = np.array(motion.expression)
    expression[:, columns] -= taken * np.maximum(reference.expression[:, columns], 0.0)
    opened = np.maximum(reference.jaw[:, :1], 0.0)  # about x, the way a jaw opens
    jaw = np.array(motion.jaw)
    jaw[:, :1] -= taken * opened
    return motion.replace(expression=expression.astype(np.float32), jaw=jaw.astype(np.float32))
