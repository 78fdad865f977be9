"""Scripts: timed segments of text, and the motion they ask for.

Two ways to write one. In a line::

    0-2s: turns left; 2-4s: nods twice, smiling; at 5s: blinks

or in YAML, a list of segments or a mapping with settings for all of them::

    seed: 7
    seconds: 8
    segments:
      - {start: 0, end: 2, text: turns left}
      - {start: 2, end: 4, text: "nods twice, smiling", intensity: 1.3}
      - {at: "0:05", text: blinks}
      - 6-7s: winks

Segments may come in any order, overlap and leave gaps (idle life). What a segment's text makes the face do
ends with the segment; a turn of head, gaze or body lasts while segments follow each other without a gap,
until another one takes it. ``hold: true`` lets all of it last until something else takes it, ``hold: false``
ends all of it. A segment with ``at`` takes as long as its actions need.
"""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flame.errors import ConfigError, PromptError, input_error
from flame.sequence import FlameSequence, concatenate
from flame.timing import DEFAULT_FPS
from text2motion.generation import stream_plan
from text2motion.prompting import DEFAULT_STEPS
from text2motion.script_text import Timed, has_times, timed_statements
from text2motion.timeline import Segment, Timeline, checked_segment, lay_out

if TYPE_CHECKING:
    from text2motion.models import EmotionDM, MotionDM

__all__ = ["Script", "Segment", "generate_script", "has_times", "parse_script", "stream_script"]

LONGEST_SCRIPT_SECONDS = 3600.0
MOST_SEGMENTS = 2000
MOST_CHARACTERS = 200_000
_EXAMPLE = 'write for example "0-2s: turns left; 2-4s: nods twice"'
_SETTINGS = {  # name: lowest, highest, next step
    "seconds": (0.04, LONGEST_SCRIPT_SECONDS, "give a length such as 12"),
    "fps": (1.0, 240.0, "give a rate such as 25"),
    "seed": (0, 2**62 - 1, "give a whole number such as 7"),
    "guidance": (0.0, 10.0, "give a number such as 1"),
    "intensity": (0.0, 2.0, "give a number from 0 to 2"),
}


@dataclass(frozen=True)
class Script:
    """What should happen when.

    Attributes:
        segments: in the order they were written.
        length: seconds of the whole clip; None ends it with the last segment.
        fps, seed, guidance, intensity: settings the script brings; None leaves them to the caller.
    """

    segments: tuple[Segment, ...]
    length: float | None = None
    fps: float | None = None
    seed: int | None = None
    guidance: float | None = None
    intensity: float | None = None

    @classmethod
    def from_yaml(cls, text: str) -> Script:
        """A script written in YAML (or, where the file holds one line of text, in line form).

        Raises:
            PromptError: not YAML, or not a script; the message names the segment.
        """
        _check_size(text)
        try:
            loaded = _loaded(text)
        except PromptError:
            if not has_times(text.strip()[:200].partition("\n")[0]):
                raise
            loaded = text  # "0-2s: nods; 2-4s: smiles" is no YAML, but clear all the same
        return parse_script(loaded)

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return self.timeline.seconds

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, one line each."""
        return self.timeline.warnings

    @cached_property
    def timeline(self) -> Timeline:
        """When each action of each segment happens."""
        return lay_out(self.segments, length=self.length)


def parse_script(given: str | Mapping[str, Any] | Sequence[Any]) -> Script:
    """Check and understand a script.

    Args:
        given: line form (text), a list of segments, or a mapping with ``segments`` and settings. A segment
            is a mapping (``start`` and ``end`` or ``at``, in seconds or "m:ss"; ``text``; optionally
            ``intensity`` and ``hold``) or text in line form.

    Raises:
        PromptError: it cannot be understood; the message names the segment.
    """
    if isinstance(given, str):
        _check_size(given)
        return _script([given], {})
    if isinstance(given, Mapping):
        settings = {str(key): value for key, value in given.items()}
        segments = settings.pop("segments", None)
        if segments is None:
            segments = [f"{key}: {settings.pop(key)}" for key in list(settings) if has_times(f"{key}:")]
        if not isinstance(segments, (list, tuple, str)):
            raise input_error(PromptError, "segments must be a list", segments, _EXAMPLE)
        if not segments:
            raise input_error(PromptError, "the script has no segments", sorted(settings)[:8], _EXAMPLE)
        return _script([segments] if isinstance(segments, str) else segments, settings)
    if isinstance(given, Sequence) and not isinstance(given, bytes):
        return _script(given, {})
    raise input_error(
        PromptError, "a script must be text, a list or a mapping", type(given).__name__, _EXAMPLE
    )


def generate_script(
    script: Script | str | Mapping[str, Any] | Sequence[Any],
    *,
    fps: float | None = None,
    seed: int | None = None,
    guidance: float | None = None,
    intensity: float = 1.0,
    seconds: float | None = None,
    steps: int = DEFAULT_STEPS,
    models: tuple[MotionDM, EmotionDM] | None = None,
) -> FlameSequence:
    """The relative motion (zero is rest, frame 0 is at rest) of a script; arguments as :func:`stream_script`."""
    pieces = stream_script(
        script, fps=fps, seed=seed, guidance=guidance, intensity=intensity, seconds=seconds, steps=steps,
        models=models,
    )  # fmt: skip
    return concatenate(list(pieces))


def stream_script(
    script: Script | str | Mapping[str, Any] | Sequence[Any],
    *,
    fps: float | None = None,
    seed: int | None = None,
    guidance: float | None = None,
    intensity: float = 1.0,
    seconds: float | None = None,
    steps: int = DEFAULT_STEPS,
    models: tuple[MotionDM, EmotionDM] | None = None,
) -> Iterator[FlameSequence]:
    """The motion of a script in pieces of a few seconds, as soon as they are made.

    All of it is one motion: segments pass into each other as actions of one prompt do. Memory does not
    depend on the length. What the user should know is in ``Script.warnings``; it is also warned about where
    something else than a :class:`Script` is given.

    Args:
        script: a script, or what :func:`parse_script` takes.
        fps: frames per second; None takes the script's own, else 25.
        seed: same seed, same motion; None takes the script's own, else 0.
        guidance: 1 follows the text as learnt; None takes the script's own, else 1.
        intensity: times the strength that script and segments ask for (together at most 2).
        seconds: length instead of the script's own, at most 3600.
        steps: denoising steps.
        models: MotionDM and EmotionDM to use; None for the package's own.

    Yields:
        Consecutive pieces; their concatenation is what :func:`generate_script` gives.

    Raises:
        PromptError, ConfigError: before anything is sampled.
    """
    known = script if isinstance(script, Script) else parse_script(script)
    timeline = known.timeline
    if seconds is not None:
        _check_setting("seconds", seconds)
        timeline = lay_out(known.segments, length=float(seconds))
    for warning in () if known is script else timeline.warnings:
        python_warnings.warn(warning, UserWarning, stacklevel=2)
    _check_setting("intensity", intensity)
    overall = intensity * (1.0 if known.intensity is None else known.intensity)
    return stream_plan(
        timeline.planned,
        seconds=timeline.seconds,
        fps=_first(fps, known.fps, DEFAULT_FPS),
        seed=_first(seed, known.seed, 0),
        guidance=_first(guidance, known.guidance, 1.0),
        intensity=tuple(min(overall * strength, 2.0) for strength in timeline.strengths),
        steps=steps,
        models=models,
        longest_seconds=LONGEST_SCRIPT_SECONDS,
    )


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


# ------------------------------------------------------------------------------------------------ reading


def _script(given: Sequence[Any], settings: dict[str, Any]) -> Script:
    for name, value in settings.items():
        _check_setting(name, value)
    segments: list[Segment] = []
    for number, item in enumerate(given, start=1):
        if len(segments) > MOST_SEGMENTS or number > MOST_SEGMENTS:
            raise input_error(
                PromptError, f"a script may have at most {MOST_SEGMENTS} segments", len(given), "split it"
            )
        segments += _segments_of(item, number)
    if not segments:
        raise input_error(PromptError, "the script is empty", "no segments", _EXAMPLE)
    if "seconds" in settings:
        settings["length"] = float(settings.pop("seconds"))
    return Script(tuple(segments), **settings)


def _segments_of(item: Any, number: int) -> list[Segment]:
    """One entry of a list: a mapping is one segment, text may be several."""
    if isinstance(item, Mapping) and len(item) == 1 and has_times(f"{next(iter(item))}:"):
        item = ": ".join(str(part) for part in next(iter(item.items())))  # "- 0-2s: nods"
    if isinstance(item, Mapping):
        return [checked_segment({str(key): value for key, value in item.items()}, number)]
    if not isinstance(item, str):
        raise input_error(
            PromptError, f"segment {number} must be a mapping or text", type(item).__name__, _EXAMPLE
        )
    _check_size(item)
    statements = timed_statements(item)
    if not statements and number == 1:
        raise input_error(PromptError, "the script is empty", repr(item[:20]), _EXAMPLE)
    return [checked_segment(_spelled(statement), number + i) for i, statement in enumerate(statements)]


def _spelled(statement: Timed) -> dict[str, Any]:
    """A statement as the mapping that says the same."""
    if statement.start is not None and statement.end is None:
        return {"text": statement.text, "at": statement.start}
    return {"text": statement.text, "start": statement.start, "end": statement.end}


def _check_size(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        given = f"{len(text)} characters"
        raise input_error(
            PromptError, f"a script may have at most {MOST_CHARACTERS} characters", given, "split it"
        )


def _check_setting(name: str, value: Any) -> None:
    if name not in _SETTINGS:
        known = ", ".join(["segments", *_SETTINGS])
        raise input_error(PromptError, "unknown script setting", name, f"known are {known}")
    low, high, step = _SETTINGS[name]
    kinds = (int,) if name == "seed" else (int, float)
    good = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not (good and low <= value <= high):
        raise input_error(
            ConfigError, f"script setting {name} must be between {low:g} and {high:g}", value, step
        )


def _loaded(text: str) -> Any:
    """The YAML document, read by the safe loader, without anchors (which can blow up) and duplicate keys."""
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("references (*) are not allowed")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            twice = next((key for key in keys if keys.count(key) > 1), None) if len(keys) < 100 else None
            if twice is not None:
                raise yaml.YAMLError(f"{twice} is given twice, line {node.start_mark.line + 1}")
            return super().construct_mapping(node, deep=deep)

    try:
        loaded = yaml.load(text, Loader=Loader)
    except RecursionError as error:
        raise input_error(PromptError, "the script is no YAML", "nested too deep", _EXAMPLE) from error
    except (yaml.YAMLError, ValueError, OverflowError, TypeError) as error:
        raise input_error(PromptError, "the script is no YAML", error, "check the line it names") from error
    if loaded is None:
        raise input_error(PromptError, "the script is empty", "no segments", _EXAMPLE)
    return loaded
