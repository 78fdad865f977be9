"""Text in, motion out: split, plan, sample both models on one plan, put the channels together."""

from __future__ import annotations

import functools
import warnings as python_warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, input_error
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence, concatenate
from flame.timing import DEFAULT_FPS, frame_count
from text2motion.finishing import limited
from text2motion.liveliness import with_blinks
from text2motion.planning import PlannedClause, crowding, plan
from text2motion.prompt import SplitPrompt, split_prompt
from text2motion.prompting import DEFAULT_STEPS

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
    steps: int = DEFAULT_STEPS,
    models: tuple[MotionDM, EmotionDM] | None = None,
) -> FlameSequence:
    """The relative motion (zero is rest, frame 0 is at rest) that a prompt asks for.

    Args:
        text: the prompt, at most 1,000 characters.
        seconds: length of the clip, at most 600.
        fps: frames per second of the result; any rate shows the same motion.
        seed: same seed, same motion; another seed, another take.
        guidance: 1 follows the text as learnt, up to about 3 exaggerates it.
        intensity: strength of all actions: 0 idle life alone, 1 ordinary, at most 2.
        steps: denoising steps.
        models: MotionDM and EmotionDM to use; None for the package's own.

    Raises:
        PromptError: the text cannot be used.
        ConfigError: a number out of range.
    """
    split = split_prompt(text)
    frame_count(seconds, fps=fps)
    clauses = list(split.clauses)
    for warning in prompt_warnings(split, seconds=seconds):
        python_warnings.warn(warning, UserWarning, stacklevel=2)
    return concatenate(
        list(
            stream_plan(
                plan(clauses, seconds=seconds), seconds=seconds, fps=fps, seed=seed, guidance=guidance,
                intensity=intensity, steps=steps, models=models,
            )
        )
    )  # fmt: skip


def prompt_warnings(split: SplitPrompt, *, seconds: float) -> list[str]:
    """What the user should know about a prompt that gets ``seconds``, one line each."""
    clauses = list(split.clauses)
    hurried = crowding(clauses, seconds=seconds) if any(clause.action for clause in clauses) else None
    return [*split.warnings, *([hurried] if hurried else [])]


def stream_plan(
    planned: Sequence[PlannedClause],
    *,
    seconds: float,
    fps: float = DEFAULT_FPS,
    seed: int = 0,
    guidance: float = 1.0,
    intensity: float | Sequence[float] = 1.0,
    steps: int = DEFAULT_STEPS,
    models: tuple[MotionDM, EmotionDM] | None = None,
    blinks: bool = True,
    longest_seconds: float = LONGEST_SECONDS,
) -> Iterator[FlameSequence]:
    """The motion of a plan, in pieces of a few seconds as soon as they are sampled.

    Memory does not depend on the length. Arguments as :func:`generate`; ``intensity`` may be one number for
    each clause; ``blinks`` adds those that nobody asks for.

    Yields:
        Consecutive pieces; together ``frame_count(seconds, fps=fps)`` frames.

    Raises:
        ConfigError: a number out of range (before anything is sampled).
    """
    frame_count(seconds, fps=fps)
    if seconds > longest_seconds:
        raise input_error(
            ConfigError, f"a clip may last at most {longest_seconds:g} seconds", seconds, "make several"
        )
    check_seed(seed)
    motion_model, emotion_model = default_models() if models is None else models
    options: dict[str, Any] = {
        "seconds": seconds, "fps": fps, "seed": seed, "guidance": guidance, "steps": steps,
    }  # fmt: skip
    motion = motion_model.stream(planned, intensity=intensity, **options)
    lively = with_blinks(planned, seconds=seconds, seed=seed) if blinks else list(planned)
    asked = [intensity] * len(planned) if isinstance(intensity, (int, float)) else list(intensity)
    strengths = (*asked, *(1.0 for _ in lively[len(planned) :]))
    emotion = emotion_model.stream(lively, intensity=strengths, **options)
    return _pieces(motion_model, emotion_model, in_step(motion, emotion), fps)


def _pieces(
    motion_model: MotionDM,
    emotion_model: EmotionDM,
    pairs: Iterator[tuple[np.ndarray, np.ndarray]],
    fps: float,
) -> Iterator[FlameSequence]:
    for motion, emotion in pairs:
        yield assembled({**motion_model.channels(motion), **emotion_model.channels(emotion)}, fps=fps)


def assembled(channels: dict[str, np.ndarray], *, fps: float) -> FlameSequence:
    """A sequence of all channels: within plausible limits, lids riding with the gaze."""
    within_limits = limited(channels)
    within_limits["expression"] = with_lid_follow(within_limits["expression"], within_limits["eyes"])
    return FlameSequence.neutral(len(within_limits["neck"]), fps=fps).replace(**within_limits)


def in_step(
    first: Iterator[np.ndarray], second: Iterator[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Two streams of frames, cut anywhere, as pairs of equal length."""
    a: np.ndarray | None = None
    b: np.ndarray | None = None
    while True:
        a = next(first, None) if a is None or not len(a) else a
        b = next(second, None) if b is None or not len(b) else b
        if a is None or b is None:
            return
        count = min(len(a), len(b))
        if count:
            yield a[:count], b[:count]
        a, b = a[count:], b[count:]


def check_seed(seed: object) -> int:
    """The seed, or ConfigError."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**62:
        raise input_error(ConfigError, "seed must be a whole number from 0", seed, "give one such as 7")
    return seed


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
