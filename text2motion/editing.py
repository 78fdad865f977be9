"""Editing motion: every function takes motion of the embedded head and gives motion of the embedded head.

- :func:`between` fills spans of a motion anew, :func:`from_keyframes` fills between single poses,
  :func:`extend` goes on after the end; what is given stays exactly as it is, and nothing jumps where it
  meets what is new.
- :func:`keep_head` gives a motion another face, :func:`keep_face` another head movement.
- :func:`loop` makes the end lead into the start; :func:`variations` makes several takes of one prompt.
- :func:`mirrored`, :func:`exaggerated`, :func:`stretched` change all of a motion.

What is new is drawn by MotionDM and EmotionDM with the known frames held (diffusion inpainting).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from flame.errors import ConfigError, input_error
from flame.sequence import CHANNELS, FlameSequence, concatenate
from flame.timing import DEFAULT_FPS, frame_count, frame_index
from text2motion.features import MOTION_FEATURES
from text2motion.finishing import interpolated, limited
from text2motion.generation import generate, with_lid_follow
from text2motion.inpainting import Sampling, checked, drawn, filled, plans

__all__ = [
    "Sampling",
    "between",
    "exaggerated",
    "extend",
    "from_keyframes",
    "keep_face",
    "keep_head",
    "loop",
    "mirrored",
    "stretched",
    "variations",
]

_CONTEXT_SECONDS = 3.0


# ------------------------------------------------------------------------------------- filling frames


def between(
    sequence: FlameSequence,
    free: Sequence[tuple[float, float]],
    *,
    text: str | None = None,
    sampling: Sampling | None = None,
) -> FlameSequence:
    """Draw spans of a motion anew; all other frames stay exactly as they are.

    Args:
        sequence: the motion, any frame rate.
        free: ``(start, end)`` seconds of the spans to fill; frames from start on, before end.
        text: what should happen in each of them; None moves on calmly from one border to the other.
        sampling: seed and strength.

    Raises:
        ConfigError: spans outside the motion, or nothing left to keep.
        MotionFileError: motion of another head (see ``flame.retarget``).
    """
    motion = checked(sequence)
    known = np.ones(motion.frames, bool)
    spans = []
    for start, end in free:
        if not 0.0 <= start < end:
            raise input_error(
                ConfigError, "a span must end after it starts", f"{start} to {end}", "correct it"
            )
        first = frame_index(float(start), fps=motion.fps)
        stop = frame_index(float(end), fps=motion.fps)
        if first >= motion.frames or stop <= first:
            given = f"{start:g} to {end:g} s of {motion.duration_seconds:g} s"
            raise input_error(ConfigError, "a span must lie inside the motion", given, "correct it")
        known[first:stop] = False
        spans.append((first / motion.fps, min(stop, motion.frames) / motion.fps))
    if not known.any():
        raise input_error(
            ConfigError, "no frame is left to keep", f"{motion.frames} frames", "use generate instead"
        )
    return filled(motion, known, plans(text, spans, then_known=True), sampling or Sampling())


def from_keyframes(
    keyframes: FlameSequence,
    at_seconds: Sequence[float],
    *,
    seconds: float,
    fps: float = DEFAULT_FPS,
    text: str | None = None,
    sampling: Sampling | None = None,
) -> FlameSequence:
    """A motion through given poses at given times, alive in between.

    Args:
        keyframes: K poses.
        at_seconds: their K times, rising, no two in the same frame; before the first and after the last
            one its pose is held, alive.
        seconds: length of the result.
        fps: its frame rate.
        text: what should happen on the way; None goes straight from pose to pose.
        sampling: seed and strength.

    Raises:
        ConfigError: times that do not fit.
    """
    poses = checked(keyframes)
    frames = frame_count(seconds, fps=fps)
    if len(at_seconds) != poses.frames:
        given = f"{len(at_seconds)} times for {poses.frames} keyframes"
        raise input_error(ConfigError, "every keyframe needs a time", given, "give as many times")
    index = [frame_index(float(time), fps=fps) for time in at_seconds]
    if any(b <= a for a, b in itertools.pairwise(index)) or index[-1] >= frames:
        raise input_error(
            ConfigError,
            "times of keyframes must rise and lie inside the clip",
            list(at_seconds),
            "correct them",
        )
    known = np.zeros(frames, bool)
    known[index] = True
    nearest = np.clip(np.searchsorted(index, np.arange(frames), side="right") - 1, 0, poses.frames - 1)
    held = poses.at(nearest.astype(np.float64)).replace(fps=fps)
    return filled(
        held,
        known,
        plans(text, [(0.0, frames / fps)]),
        sampling or Sampling(),
        glide=True,
    )


def extend(
    sequence: FlameSequence, *, seconds: float, text: str | None = None, sampling: Sampling | None = None
) -> FlameSequence:
    """The motion, and ``seconds`` more of it in which ``text`` happens (None: calm idle life)."""
    motion = checked(sequence)
    more = frame_count(seconds, fps=motion.fps)
    context = min(motion.frames, frame_count(_CONTEXT_SECONDS, fps=motion.fps))
    tail = motion[motion.frames - context :]
    longer = tail.at(np.minimum(np.arange(context + more), context - 1))
    known = np.arange(context + more) < context
    spans = [(context / motion.fps, (context + more) / motion.fps)]
    longer = filled(longer, known, plans(text, spans), sampling or Sampling())
    return concatenate([motion, longer[context:]])


def loop(sequence: FlameSequence, *, seconds: float = 0.8, sampling: Sampling | None = None) -> FlameSequence:
    """The motion with its end redrawn so that it leads into its start, in position and in speed.

    Args:
        sequence: the motion; its length stays.
        seconds: how much of the end is redrawn, at most half of the motion.
        sampling: seed and strength.
    """
    motion = checked(sequence)
    redrawn = frame_count(seconds, fps=motion.fps)
    if 2 * redrawn > motion.frames:
        given = f"{seconds:g} s of {motion.duration_seconds:g} s"
        raise input_error(ConfigError, "at most half of a motion can be redrawn", given, "give fewer seconds")
    context = min(motion.frames - redrawn, frame_count(_CONTEXT_SECONDS, fps=motion.fps))
    first = motion.frames - redrawn - context
    around = concatenate([motion[first:], motion[:context]])
    known = np.ones(around.frames, bool)
    known[context : context + redrawn] = False
    around = filled(around, known, [], sampling or Sampling())
    new_end = around[: context + redrawn]
    return concatenate([motion[:first], new_end]) if first else new_end


# --------------------------------------------------------------------------------- head and face apart


def keep_head(
    sequence: FlameSequence, text: str, *, gaze: str = "keep", sampling: Sampling | None = None
) -> FlameSequence:
    """The head's movement stays exactly; face, lids and jaw do what ``text`` says.

    Args:
        sequence: the motion to take head and bust from.
        text: the prompt for the face.
        gaze: "keep" or "new" (drawn from the text, with the head's movement known).
        sampling: seed and strength.
    """
    motion = checked(sequence)
    if gaze not in ("keep", "new"):
        raise input_error(ConfigError, "gaze must be keep or new", gaze, "choose one of them")
    chosen = sampling or Sampling()
    models, planned = chosen.both(), plans(text, [(0.0, motion.duration_seconds)])
    channels = drawn(models[1], motion, planned, chosen)
    eyes = motion.eyes
    if gaze == "new":
        columns = np.array([not name.startswith("eye_") for name in MOTION_FEATURES])
        eyes = drawn(models[0], motion, planned, chosen, columns=columns)["eyes"]
    limits = limited({**channels, "eyes": eyes} if gaze == "new" else channels)
    expression = with_lid_follow(limits["expression"], limits.get("eyes", eyes))
    return motion.replace(**{**limits, "expression": expression})


def keep_face(sequence: FlameSequence, text: str, *, sampling: Sampling | None = None) -> FlameSequence:
    """Face, lids and jaw stay exactly; head, bust and gaze do what ``text`` says.

    The lids' part in looking up, down and aside follows the new gaze.
    """
    motion = checked(sequence)
    chosen = sampling or Sampling()
    planned = plans(text, [(0.0, motion.duration_seconds)])
    head = limited(drawn(chosen.both()[0], motion, planned, chosen))
    return motion.replace(**head, expression=with_lid_follow(motion.expression, head["eyes"]))


# ------------------------------------------------------------------------------------------ all of it


def variations(
    text: str,
    count: int,
    *,
    seconds: float,
    fps: float = DEFAULT_FPS,
    sampling: Sampling | None = None,
) -> list[FlameSequence]:
    """``count`` takes of one prompt: those of the seeds ``seed, seed + 1, …``."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100:
        raise input_error(
            ConfigError, "the number of takes must be from 1 to 100", count, "give one such as 4"
        )
    chosen = sampling or Sampling()
    options = {**chosen.options(), "models": chosen.models}
    return [
        generate(text, seconds=seconds, fps=fps, **{**options, "seed": chosen.seed + take})
        for take in range(count)
    ]


def mirrored(sequence: FlameSequence) -> FlameSequence:
    """The motion as a mirror shows it: left and right swapped."""
    from flame.head import load_head

    return sequence.mirror(load_head(sequence.basis))


def exaggerated(
    sequence: FlameSequence, factor: float, *, about: FlameSequence | None = None
) -> FlameSequence:
    """A relative motion made larger or smaller, within what a person can do; blinks stay blinks.

    Args:
        sequence: the motion.
        factor: 0 to 3; 1 changes nothing.
        about: the pose that stays (1 frame); None is rest (all zeros).
    """
    motion = checked(sequence)
    if not (isinstance(factor, (int, float)) and 0.0 <= factor <= 3.0):
        raise input_error(ConfigError, "factor must be between 0 and 3", factor, "give one such as 1.5")
    still = FlameSequence.neutral(1, fps=motion.fps) if about is None else checked(about)[:1]
    channels = {
        name: getattr(still, name) + factor * (getattr(motion, name) - getattr(still, name))
        for name, _ in CHANNELS
        if name != "eyelids"
    }
    return motion.replace(**limited(channels))


def stretched(sequence: FlameSequence, factor: float) -> FlameSequence:
    """The motion ``factor`` times as long (0.25 to 4) at the same frame rate, by cubic interpolation."""
    motion = checked(sequence)
    if not (isinstance(factor, (int, float)) and 0.25 <= factor <= 4.0):
        raise input_error(ConfigError, "factor must be between 0.25 and 4", factor, "give one such as 1.5")
    frames = frame_count(motion.duration_seconds * factor, fps=motion.fps)
    at = np.minimum(np.arange(frames) / factor, motion.frames - 1.0)
    arrays = {name: interpolated(getattr(motion, name), at) for name, _ in CHANNELS}
    arrays["eyelids"] = np.clip(arrays["eyelids"], 0.0, 1.0)
    low, high = min(0.0, float(motion.expression.min())), max(1.0, float(motion.expression.max()))
    arrays["expression"] = np.clip(arrays["expression"], low, high)
    return motion.replace(**arrays)
