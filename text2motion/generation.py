"""Text in, motion out: split, plan, sample both models on one plan, put the channels together."""

from __future__ import annotations

import functools
import warnings as python_warnings
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import ConfigError, input_error
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS, frame_count
from text2motion.planning import plan
from text2motion.prompt import split_prompt

if TYPE_CHECKING:
    from text2motion.models import EmotionDM, MotionDM

LONGEST_SECONDS = 600.0
_LID_FULL_RADIANS = np.radians(30.0)  # gaze at which the lids have followed all the way


@functools.lru_cache(maxsize=1)
def default_models() -> tuple[MotionDM, EmotionDM]:
    """The package's own models, loaded once."""
    from text2motion.models import EmotionDM, MotionDM

    return MotionDM.load(), EmotionDM.load()


def generate(
    text: str,
    *,
    seconds: float,
    fps: float = DEFAULT_FPS,
    seed: int = 0,
    guidance: float = 1.0,
    intensity: float = 1.0,
    steps: int = 10,
    models: tuple[MotionDM, EmotionDM] | None = None,
) -> FlameSequence:
    """The relative motion (zero is rest, frame 0 is at rest) that a prompt asks for.

    Args:
        text: the prompt, at most 1,000 characters.
        seconds: length of the clip, at most 600.
        fps: frames per second of the result.
        seed: same seed, same motion; another seed, another take.
        guidance: 1 follows the text as learnt, up to about 3 exaggerates it.
        intensity: strength of all actions, 1 ordinary.
        steps: denoising steps.
        models: MotionDM and EmotionDM to use; None for the package's own.

    Raises:
        PromptError: the text cannot be used.
        ConfigError: a number out of range.
    """
    split = split_prompt(text)
    frames = frame_count(seconds, fps=fps)
    if seconds > LONGEST_SECONDS:
        raise input_error(
            ConfigError, f"a clip may last at most {LONGEST_SECONDS:g} seconds", seconds, "make several"
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**62:
        raise input_error(ConfigError, "seed must be a whole number from 0", seed, "give one such as 7")
    for warning in split.warnings:
        python_warnings.warn(warning, UserWarning, stacklevel=2)
    motion_model, emotion_model = default_models() if models is None else models
    planned = plan(list(split.clauses), seconds=seconds)
    options = {
        "seconds": seconds, "fps": fps, "seed": seed, "guidance": guidance, "intensity": intensity,
            "steps": steps,
    }  # fmt: skip
    motion = motion_model.generate(planned, **options)
    emotion = emotion_model.generate(planned, **options)
    neutral = FlameSequence.neutral(frames, fps=fps)
    return neutral.replace(
        **motion, **{**emotion, "expression": with_lid_follow(emotion["expression"], motion["eyes"])}
    )


def with_lid_follow(expression: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """Set the eyeLook shapes from the gaze: lids ride with the eyeballs, they are not a choice.

    Args:
        expression: (T, E) rig weights.
        eyes: (T, 6) axis-angle radians, left then right.

    Returns:
        (T, E), a copy.
    """
    followed = np.array(expression, dtype=np.float32)
    for side, first, outward in (("Left", 0, 1.0), ("Right", 3, -1.0)):
        up = -eyes[:, first] / _LID_FULL_RADIANS  # (T,) > 0 looks up
        out = outward * eyes[:, first + 1] / _LID_FULL_RADIANS
        for name, amount in (("Up", up), ("Down", -up), ("Out", out), ("In", -out)):
            followed[:, EXPRESSION_NAMES.index(f"eyeLook{name}{side}")] = np.clip(amount, 0.0, 1.0)
    return followed
