"""From phones to a whole face that speaks: mouth, head, brows, blinks and gaze in one ``FlameSequence``.

This is the teacher: what training data is made of, and the ceiling that speech driving is measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from driving.speech.coarticulation import Articulation, articulate
from driving.speech.liveliness import enliven
from driving.speech.loudness import prosody
from driving.speech.moods import MOOD_TABLE, MOODS
from driving.speech.mouth import mouth_weights
from driving.speech.phones import PhoneSpan, tidy
from flame.easing import smoothstep
from flame.errors import ConfigError, input_error
from flame.timing import DEFAULT_FPS, frame_count

if TYPE_CHECKING:
    from flame.sequence import FlameSequence


@dataclass(frozen=True)
class Manner:
    """How something is said; any object with these attributes will do in its place.

    Attributes:
        mouth: size of the mouth's movements, 1 ordinary (0.6 to 1.4).
        head: liveliness of head and brows, 0 still to 2.
        mood: a name of ``driving.speech.moods.MOODS``.
        mood_strength: 0 none to 1 full.
    """

    mouth: float = 1.0
    head: float = 1.0
    mood: str = "neutral"
    mood_strength: float = 1.0


@dataclass(frozen=True, eq=False)
class Performance:
    """A motion and what was demanded of it."""

    sequence: FlameSequence
    articulation: Articulation


def perform(
    phones: list[PhoneSpan],
    samples: np.ndarray,
    sample_rate: int,
    *,
    fps: float = DEFAULT_FPS,
    seed: int = 0,
    style: Any = None,
    from_rest: bool = False,
) -> Performance:
    """The face that speaks these phones.

    Args:
        phones: spans; gaps are filled with silence.
        samples: (N,) mono, [-1, 1]; its length is the motion's.
        sample_rate: Hz.
        fps: frames per second.
        seed: of head, brows, blinks and gaze.
        style: a :class:`Manner` or anything with its attributes.
        from_rest: whether frame 0 is at rest (a driver's contract); the rest of the first third of a second
            blends in.

    Raises:
        ConfigError: an unknown mood.
    """
    from flame.sequence import FlameSequence

    manner = Manner() if style is None else style
    if manner.mood not in MOODS:
        raise input_error(ConfigError, "there is no such mood", manner.mood, f"use any of {', '.join(MOODS)}")
    seconds = len(samples) / sample_rate
    frames = frame_count(seconds, fps=fps)
    spans = tidy(phones, seconds)
    tracks = prosody(samples, sample_rate)
    opening = manner.mouth * (1.0 + (MOOD_TABLE[manner.mood].opening - 1.0) * manner.mood_strength)
    said = articulate(spans, seconds=seconds, frames=frames, fps=fps, tracks=tracks, opening=opening)
    expression, jaw = mouth_weights(
        said.tasks, said.seal, said.contact, mood=manner.mood, mood_strength=manner.mood_strength
    )
    life = enliven(
        spans,
        frames=frames,
        fps=fps,
        tracks=tracks,
        seed=seed,
        head=manner.head,
        mood=manner.mood,
        mood_strength=manner.mood_strength,
    )
    sequence = FlameSequence.neutral(frames, fps=fps).replace(
        expression=np.clip(expression + life.expression, 0.0, 1.0),
        jaw=np.stack([jaw, 0 * jaw, 0 * jaw], axis=1),
        neck=life.neck,
        rotation=life.rotation,
        translation=life.translation,
        eyes=life.eyes,
        eyelids=life.eyelids,
    )
    return Performance(_eased_in(sequence) if from_rest else sequence, said)


def speak(
    phones: list[PhoneSpan],
    samples: np.ndarray,
    sample_rate: int,
    fps: float = DEFAULT_FPS,
    seed: int = 0,
    style: Any = None,
) -> FlameSequence:
    """The motion of :func:`perform`, starting at rest."""
    return perform(phones, samples, sample_rate, fps=fps, seed=seed, style=style, from_rest=True).sequence


def _eased_in(sequence: FlameSequence) -> FlameSequence:
    """Frame 0 at rest: the mouth comes in within 80 ms, everything else within 0.4 s."""
    from driving.speech.mouth import LIP_COLUMNS

    times = np.arange(len(sequence)) / sequence.fps

    def ramp(seconds: float) -> np.ndarray:
        return smoothstep(times, 0.0, seconds).astype(np.float32)[:, None]

    fast, slow = ramp(0.08), ramp(0.4)
    expression = sequence.expression * slow
    expression[:, LIP_COLUMNS] = sequence.expression[:, LIP_COLUMNS] * fast
    changed = {
        name: getattr(sequence, name) * slow
        for name in ("neck", "rotation", "translation", "eyes", "eyelids")
    }
    return sequence.replace(expression=expression, jaw=sequence.jaw * fast, **changed)
