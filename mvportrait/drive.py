"""From what the user gave (text or a motion file) to one `FlameSequence`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flame.errors import MotionFileError, input_error
from flame.timing import DEFAULT_FPS, frame_count
from mvportrait.store import head_of_basis

if TYPE_CHECKING:
    from flame.head import FlameHead
    from flame.sequence import FlameSequence
    from mvportrait.reporting import Reporter

__all__ = ["DEFAULT_SECONDS", "MAX_FRAMES", "motion_from_file", "motion_from_text", "onto_portrait"]

DEFAULT_SECONDS = 3.0
MAX_FRAMES = 60_000


def motion_from_text(
    text: str,
    *,
    seconds: float | None = None,
    fps: float | None = None,
    seed: int = 0,
    warn: Callable[[str], None] = lambda text: None,
) -> FlameSequence:
    """Stage one: a relative motion (zero is rest) of the embedded head.

    Args:
        text: the prompt.
        seconds: length; None: 3.
        fps: frames per second; None: 25.
        seed: of the samplers.
        warn: told what of the prompt was not understood.

    Raises:
        PromptError: the text cannot be understood.
    """
    from driving import TextDriver, TextRequest
    from text2motion import split_prompt

    for warning in split_prompt(text).warnings:
        warn(warning)
    request = TextRequest(
        text=text,
        seconds=DEFAULT_SECONDS if seconds is None else seconds,
        fps=DEFAULT_FPS if fps is None else fps,
        seed=seed,
    )
    return TextDriver().drive(request)


def motion_from_file(path: Path, *, seconds: float | None = None, fps: float | None = None) -> FlameSequence:
    """Read a motion file, resample it to ``fps`` and cut it to ``seconds``.

    A motion shorter than ``seconds`` is not stretched: that is an error.

    Raises:
        MotionFileError: the file cannot be used, or is shorter than asked for, or far too long.
    """
    from flame.sequence import FlameSequence

    sequence = FlameSequence.load(path)
    if fps is not None and fps != sequence.fps:
        sequence = sequence.resample(fps)
    if seconds is not None:
        wanted = frame_count(seconds, fps=sequence.fps)
        if wanted > sequence.frames:
            given = f"{seconds:g} s of {sequence.duration_seconds:g} s"
            raise input_error(
                MotionFileError, "motion is shorter than --seconds", given, "leave --seconds out"
            )
        sequence = sequence[:wanted]
    if sequence.frames > MAX_FRAMES:
        given = f"{path} has {sequence.frames} frames"
        rule = f"motion has more than {MAX_FRAMES} frames"
        raise input_error(MotionFileError, rule, given, "cut it with --seconds")
    return sequence


def onto_portrait(
    motion: FlameSequence,
    portrait_pose: FlameSequence,
    *,
    head: FlameHead,
    absolute: bool,
    reporter: Reporter,
) -> FlameSequence:
    """What the portrait's head does: the motion added to the photo's own pose, or taken as it is.

    Args:
        motion: T frames, relative (zero is rest) unless ``absolute``; converted where its basis is another.
        portrait_pose: 1 frame, how the person in the photo is.
        head: the portrait's head.
        absolute: keep the motion's pose and expression; only the identity is the portrait's.

    Returns:
        T frames, absolute, with the portrait's shape, in the basis of ``head``.
    """
    from flame.relative import apply_relative

    if motion.basis != head.name:
        from flame.retargeting import retarget

        was = motion.basis
        motion, report = retarget(motion, head, head_from=head_of_basis(was))
        reporter.note(f"motion converted from basis {was} to {head.name}: {report}")
    if absolute:
        return motion.replace(shape=portrait_pose.shape)
    return apply_relative(motion, portrait_pose)
