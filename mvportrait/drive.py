"""From what the user gave (text, script, audio, video, motion file, or several) to one `FlameSequence`.

Two steps. :func:`open_sources` looks at every file before anything heavy is done, so that what is wrong is said at
once. :func:`motion_from_sources` lets every driver make its motion and mixes them (``driving.mixing``).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flame.errors import MotionFileError, input_error
from flame.timing import DEFAULT_FPS, frame_count
from mvportrait.driving_options import MAX_SECONDS, DrivingOptions, parse_strength
from mvportrait.media.audio import DRIVER_SAMPLE_RATE, AudioClip, has_audio, open_audio
from mvportrait.media.clips import Clip, open_clip
from mvportrait.media.texts import read_script, read_transcript
from mvportrait.store import head_of_basis

if TYPE_CHECKING:
    from driving.speech import SpeechStyle
    from driving.video import TimedFrame
    from flame.head import FlameHead
    from flame.sequence import FlameSequence
    from mvportrait.reporting import Reporter
    from text2motion.script import Script

__all__ = [
    "DEFAULT_SECONDS",
    "MAX_FRAMES",
    "Sources",
    "motion_from_file",
    "motion_from_sources",
    "onto_portrait",
    "open_sources",
]

DEFAULT_SECONDS = 3.0
MAX_FRAMES = 60_000
_SPARE_SECONDS = 1.0
"""By which a video may be longer than allowed: containers round."""
_HIGHEST_VIDEO_FPS = 60.0


@dataclass(frozen=True)
class Sources:
    """The files of the drivers, opened and looked at.

    Attributes:
        motion, script, audio, video: what was given.
        transcript: the words said in ``audio``.
        sound: what is laid under the output: that of ``audio``, else of ``video`` where it has any.
    """

    motion: FlameSequence | None = None
    script: Script | None = None
    audio: AudioClip | None = None
    video: Clip | None = None
    transcript: str | None = None
    sound: AudioClip | None = None

    def fps(self, options: DrivingOptions) -> float:
        """Frames per second: as asked for, else those of the video, the motion file or the script, else 25."""
        if options.fps is not None:
            return options.fps
        if self.video is not None:
            return min(self.video.fps, _HIGHEST_VIDEO_FPS)
        if self.motion is not None:
            return self.motion.fps
        if self.script is not None and self.script.fps is not None:
            return self.script.fps
        return DEFAULT_FPS


def open_sources(options: DrivingOptions) -> Sources:
    """Open every file that drives, and check it.

    Raises:
        InputError: a file that is not there, not what it should be, or does not fit the options.
    """
    alone = len(options.drivers) == 1
    motion = script = audio = video = sound = None
    if options.motion is not None:
        seconds = options.seconds if alone else None
        motion = motion_from_file(options.motion, seconds=seconds, fps=options.fps if alone else None)
    if options.script is not None:
        script = read_script(options.script)
    elif options.text is not None and alone and any(letter.isdigit() for letter in options.text):
        from text2motion.script import has_times, parse_script

        script = parse_script(options.text) if has_times(options.text) else None
    if options.audio is not None:
        audio = open_audio(options.audio, start_seconds=options.start, seconds=options.seconds)
        sound = audio
    if options.video is not None:
        video = open_clip(options.video, seconds=options.seconds)
        if sound is None and has_audio(options.video):
            sound = open_audio(
                options.video, start_seconds=options.start, seconds=options.seconds or MAX_SECONDS
            )
    transcript = None if options.transcript is None else read_transcript(options.transcript)
    return Sources(motion, script, audio, video, transcript, sound)


def motion_from_sources(options: DrivingOptions, sources: Sources, *, reporter: Reporter) -> FlameSequence:
    """Stage one: the motion that all drivers together make.

    Args:
        options: checked.
        sources: of the same options.
        reporter: told about progress and about what was not understood.

    Returns:
        T frames of the embedded head, relative (zero is rest), identity zero; a lone motion file comes in its own
        basis, and absolute if the options say so, as does a lone video.

    Raises:
        InputError: something cannot be used after all: no face in the video, words that cannot be aligned.
    """
    from driving.mixing import mix

    fps = sources.fps(options)
    made: dict[str, FlameSequence] = {}
    if sources.audio is not None:
        made["audio"] = _from_audio(options, sources, fps, reporter)
    if sources.video is not None:
        made["video"] = _from_video(options, sources.video, fps, reporter)
    if sources.motion is not None:
        made["motion"] = _from_motion(
            sources.motion, fps, alone=len(options.drivers) == 1, absolute=options.absolute
        )
    if sources.script is not None:
        name = "text" if options.script is None else "script"
        made[name] = _from_script(options, sources.script, fps, reporter)
    seconds = _length(options, made)
    if options.text is not None and "text" not in made:
        made["text"] = _from_text(options, seconds, fps, reporter)
    if len(made) == 1:
        motion = next(iter(made.values()))
        return motion if options.seconds is None else motion[: frame_count(options.seconds, fps=motion.fps)]
    frames = frame_count(seconds, fps=fps)
    longest = max(motion.frames for motion in made.values())
    if longest < frames:
        given = f"{seconds:g} s of {longest / fps:g} s"
        rule = "all drivers together are shorter than --seconds"
        raise input_error(MotionFileError, rule, given, "leave --seconds out")
    cut = {name: motion[:frames] for name, motion in made.items()}
    for name, motion in cut.items():
        if motion.frames < frames:
            reporter.warn(
                f"--{name} ends after {motion.duration_seconds:.2f} s of {seconds:.2f} s, then rests"
            )
    return mix(cut, options.chosen_mix)


def _length(options: DrivingOptions, made: dict[str, FlameSequence]) -> float:
    """As asked for, else that of the first driver which has a length of its own."""
    if options.seconds is not None:
        return options.seconds
    for name in ("audio", "video", "script", "motion", "text"):
        if name in made:
            return made[name].frames / made[name].fps
    return DEFAULT_SECONDS


def _from_text(options: DrivingOptions, seconds: float, fps: float, reporter: Reporter) -> FlameSequence:
    from driving import TextDriver, TextRequest
    from text2motion import split_prompt
    from text2motion.generation import prompt_warnings

    assert options.text is not None
    for warning in prompt_warnings(split_prompt(options.text), seconds=seconds):
        reporter.warn(warning)
    request = TextRequest(
        text=options.text,
        seconds=seconds,
        fps=fps,
        seed=options.seed,
        guidance=options.guidance,
        intensity=options.intensity,
    )
    with reporter.track("text to motion"):
        return TextDriver().drive(request)


def _from_script(options: DrivingOptions, script: Script, fps: float, reporter: Reporter) -> FlameSequence:
    from driving import ScriptRequest, TextDriver

    for warning in script.warnings:
        reporter.warn(warning)
    request = ScriptRequest(
        script=script,
        seconds=options.seconds,
        fps=fps,
        seed=options.seed or None,  # a script may have a seed and a guidance of its own
        guidance=None if options.guidance == 1.0 else options.guidance,
        intensity=options.intensity,
    )
    with reporter.track("text to motion"):
        return TextDriver().drive(request)


def _from_audio(options: DrivingOptions, sources: Sources, fps: float, reporter: Reporter) -> FlameSequence:
    from driving.speech import SpeechDriver, SpeechRequest

    assert sources.audio is not None
    samples = sources.audio.read(DRIVER_SAMPLE_RATE)
    if sources.audio.is_silent():
        reporter.warn(f"{options.audio} is silent: the lips stay closed")
    request = SpeechRequest(
        samples=samples,
        sample_rate=DRIVER_SAMPLE_RATE,
        fps=fps,
        seed=options.seed,
        style=_style(options),
        transcript=sources.transcript,
        recognise=_recognise(options),
    )
    with reporter.track("speech to motion"):
        return SpeechDriver().drive(request)


def _recognise(options: DrivingOptions) -> bool:
    """Whether words are to be recognised: unasked where the recogniser is installed."""
    if options.recognise is not None:
        return options.recognise
    return importlib.util.find_spec("pocketsphinx") is not None


def _style(options: DrivingOptions) -> SpeechStyle:
    from driving.speech import SpeechStyle

    style = SpeechStyle.parse(options.style)
    return replace(style, mouth=style.mouth * options.mouth, head=style.head * options.head_motion)


def _from_video(options: DrivingOptions, clip: Clip, fps: float, reporter: Reporter) -> FlameSequence:
    from driving.video import VideoDriver, VideoRequest

    stated = clip.stated_seconds()
    if clip.seconds is None and stated is not None:
        _check_video_length(clip, stated - options.start)
    with reporter.track("following the face", _expected_frames(clip)) as advance:
        request = VideoRequest(
            frames=_timed(clip, options.start, advance),
            fps=fps,
            face=options.face,
            regions=options.chosen_regions(),
            strength=parse_strength(options.strength),
            neutral=options.neutral,
            absolute=options.absolute,
        )
        result = VideoDriver().track(request)
    for warning in result.warnings:
        reporter.warn(warning)
    return result.sequence


def _timed(clip: Clip, start: float, advance: Callable[[int], None]) -> Iterator[TimedFrame]:
    from driving.video import TimedFrame

    for image, seconds in clip.timed_frames(start_seconds=start):
        _check_video_length(clip, seconds)
        yield TimedFrame(image, seconds)
        advance(1)


def _check_video_length(clip: Clip, seconds: float) -> None:
    """Refuse what is too long, before hours of following where the container says so; it may say a little more."""
    if seconds > MAX_SECONDS + _SPARE_SECONDS:
        given = f"{clip.path}: {seconds:.0f} s or more"
        rule = f"video is longer than {MAX_SECONDS:g} seconds"
        raise input_error(MotionFileError, rule, given, "take a part of it with --start and --seconds")


def _expected_frames(clip: Clip) -> int | None:
    """What the container says, for the progress bar alone."""
    seconds = clip.stated_seconds()
    known = [value for value in (seconds, clip.seconds) if value is not None]
    return max(1, round(min(known) * clip.fps)) if known else None


def _from_motion(motion: FlameSequence, fps: float, *, alone: bool, absolute: bool) -> FlameSequence:
    """A motion file, as it is if it drives alone; else relative and on the embedded head."""
    from flame.relative import to_relative

    if alone:
        return motion if absolute else to_relative(motion)
    if motion.basis != "open":
        from flame.head import load_head
        from flame.retargeting import retarget

        motion, _ = retarget(motion, load_head(), head_from=head_of_basis(motion.basis))
    return to_relative(motion if motion.fps == fps else motion.resample(fps))


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
    shut_lips: bool = False,
) -> FlameSequence:
    """What the portrait's head does: the motion added to the photo's own pose, or taken as it is.

    Args:
        motion: T frames, relative (zero is rest) unless ``absolute``; converted where its basis is another.
        portrait_pose: 1 frame, how the person in the photo is.
        head: the portrait's head.
        absolute: keep the motion's pose and expression; only the identity is the portrait's.
        shut_lips: the motion is of speech, whose closed lips mean closed lips, also where the photo's are parted.

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
    if shut_lips and motion.basis == "open":
        from driving.mixing import without_parting

        motion = without_parting(motion, portrait_pose)
    return apply_relative(motion, portrait_pose)
