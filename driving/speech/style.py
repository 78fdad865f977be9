"""How speech is spoken: size of the mouth's and head's motion, and a mood.

``SpeechStyle.parse`` reads words ("cheerful, lively head"), ``style_from_motion`` measures a motion clip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from driving.speech.moods import MOOD_TABLE, MOODS, sided
from flame.checks import check_between
from flame.errors import ConfigError, input_error

if TYPE_CHECKING:
    from flame.sequence import FlameSequence

#: Numbers that the network is told: mouth, head, and one place for every mood.
STYLE_DIMS = 2 + len(MOODS)
SIZE_RANGE = (0.0, 2.0)
#: Beyond what training covers the network is told the end of the range; the rest is scaled afterwards.
TRAINED_MOUTH = (0.6, 1.4)
TRAINED_HEAD = (0.2, 1.7)
STRENGTH_RANGE = (0.0, 1.5)


@dataclass(frozen=True, kw_only=True)
class SpeechStyle:
    """A way of speaking.

    Attributes:
        mouth: size of the lips' opening, 1 ordinary, 0.6 mumbled, 1.4 large (0 to 2); closed lips stay closed.
        head: liveliness of head and brows, 1 ordinary, 0 still, 2 very lively.
        mood: one of ``driving.speech.moods.MOODS``.
        mood_strength: 0 none of the mood, 1 as a person would show it, at most 1.5.
    """

    mouth: float = 1.0
    head: float = 1.0
    mood: str = "neutral"
    mood_strength: float = 1.0

    @classmethod
    def parse(cls, text: str) -> SpeechStyle:
        """A style from words: a mood and sizes, in any order, with commas, "and" or "+" between them.

        ``"cheerful"``, ``"slightly sad, small mouth"``, ``"angry and lively head"``, ``"mouth=1.2"``.

        Raises:
            ConfigError: a word that is no style.
        """
        style = cls()
        for part in re.split(r"[,;+]|\band\b", text.lower()):
            words = " ".join(part.split())
            if words:
                style = _with_words(style, words)
        check_style(style)
        return style

    def vector(self) -> np.ndarray:
        """(STYLE_DIMS,) float32 as the network is told; sizes inside the range of training."""
        values = np.zeros(STYLE_DIMS, np.float32)
        values[0] = np.clip(self.mouth, *TRAINED_MOUTH) - 1.0
        values[1] = np.clip(self.head, *TRAINED_HEAD) - 1.0
        values[2 + MOODS.index(self.mood)] = self.mood_strength
        return values


PRESETS: dict[str, SpeechStyle] = {
    **{name: SpeechStyle(mood=name) for name in MOODS},
    "calm": SpeechStyle(head=0.5, mouth=0.9, mood="neutral"),
    "happy": SpeechStyle(mood="cheerful"),
    "friendly": SpeechStyle(mood="cheerful", mood_strength=0.6),
    "lively": SpeechStyle(head=1.6),
    "still": SpeechStyle(head=0.2),
    "small mouth": SpeechStyle(mouth=0.7),
    "large mouth": SpeechStyle(mouth=1.35),
    "lively head": SpeechStyle(head=1.6),
    "still head": SpeechStyle(head=0.2),
}
"""Named styles; several may be joined, see :meth:`SpeechStyle.parse`."""

_OTHER_WORDS = {
    "joyful": "happy", "cheerfully": "cheerful", "happily": "happy", "seriously": "serious", "sadly": "sad",
    "angrily": "angry", "furious": "angry", "calmly": "calm", "afraid": "fearful", "scared": "fearful",
    "fearfully": "fearful", "tenderly": "tender", "gentle": "tender", "excitedly": "excited",
    "enthusiastic": "excited", "sleepy": "tired", "tiredly": "tired", "animated": "lively", "quiet head": "still",
    "mumbling": "small mouth", "big mouth": "large mouth", "wide mouth": "large mouth",
}  # fmt: skip
_STRENGTHS = {"slightly": 0.5, "a little": 0.5, "somewhat": 0.7, "very": 1.4, "extremely": 1.5}


def _with_words(style: SpeechStyle, words: str) -> SpeechStyle:
    name, equals, value = (piece.strip() for piece in words.partition("="))
    if equals:
        if name not in ("mouth", "head", "mood_strength", "mood"):
            raise input_error(
                ConfigError, "unknown style setting", words, "use mouth, head, mood or mood_strength"
            )
        if name == "mood":
            return replace(style, mood=value)
        try:
            changes: dict[str, Any] = {name: float(value)}
            return replace(style, **changes)
        except ValueError as error:
            raise input_error(
                ConfigError, f"{name} must be a number", value, "write for example mouth=1.2"
            ) from error
    strength = 1.0
    for adverb, factor in _STRENGTHS.items():
        if words.startswith(adverb + " "):
            strength, words = factor, words[len(adverb) + 1 :]
    preset = PRESETS.get(_OTHER_WORDS.get(words, words))
    if preset is None:
        known = ", ".join(PRESETS)
        raise input_error(ConfigError, "unknown style of speaking", words, f"use {known}")
    if preset.mood != "neutral":
        style = replace(style, mood=preset.mood, mood_strength=min(preset.mood_strength * strength, 1.5))
    scaled: dict[str, Any] = {
        size: float(np.clip(round(1.0 + (getattr(preset, size) - 1.0) * strength, 6), *SIZE_RANGE))
        for size in ("mouth", "head")
        if getattr(preset, size) != 1.0
    }
    return replace(style, **scaled)


def check_style(style: SpeechStyle) -> None:
    """Raise unless every field is in range.

    Raises:
        ConfigError: with the field's name.
    """
    if not isinstance(style, SpeechStyle):
        raise input_error(ConfigError, "style must be a SpeechStyle", style, "make one by SpeechStyle.parse")
    if style.mood not in MOODS:
        raise input_error(ConfigError, "unknown mood", style.mood, f"use {', '.join(MOODS)}")
    for name, (low, high) in (("mouth", SIZE_RANGE), ("head", SIZE_RANGE), ("mood_strength", STRENGTH_RANGE)):
        check_between(name, getattr(style, name), low, high)


#: What a motion of style 1 shows: 80th percentile of the open lips' gap in mm, and the root mean square of the
#: head's turning speed in degrees a second (both over the corpus' neutral clips).
ORDINARY_GAP_MM = 6.0
ORDINARY_HEAD_SPEED = 9.0


def style_from_motion(sequence: FlameSequence) -> SpeechStyle:
    """The style that a clip of somebody talking shows: sizes of mouth and head motion, mood and its strength.

    Args:
        sequence: a motion in the basis "open"; absolute or relative (a mood is read from the mean face).

    Raises:
        ConfigError: a motion in another basis (retarget it first).
    """
    from driving.speech.lips import lip_meter

    if sequence.basis != "open":
        raise input_error(
            ConfigError,
            'a style is read from a motion in the basis "open"',
            sequence.basis,
            "use flame.retarget",
        )
    gap = np.maximum(lip_meter().gap_mm(sequence.expression, sequence.jaw[:, 0]), 0.0)
    spoken = gap[gap > 0.5]
    size = float(np.percentile(spoken, 80)) if len(spoken) >= 5 else ORDINARY_GAP_MM
    speed = np.degrees(np.linalg.norm(np.diff(sequence.neck, axis=0), axis=1)) * sequence.fps
    lively = float(np.sqrt(np.mean(np.square(speed)))) if len(speed) else ORDINARY_HEAD_SPEED
    mood, strength = _mood_of(sequence.expression)
    return SpeechStyle(
        mouth=float(np.clip(size / ORDINARY_GAP_MM, *TRAINED_MOUTH)),
        head=float(np.clip(lively / ORDINARY_HEAD_SPEED, *SIZE_RANGE)),
        mood=mood,
        mood_strength=float(np.clip(strength, *STRENGTH_RANGE)),
    )


def _mood_of(expression: np.ndarray) -> tuple[str, float]:
    """The mood whose shapes explain the typical face best, and how much of it there is."""
    from flame.rig import EXPRESSION_NAMES

    table = np.zeros((len(MOODS), len(EXPRESSION_NAMES)))
    for row, name in enumerate(MOODS):
        for shape, weight in sided(MOOD_TABLE[name].shapes).items():
            table[row, EXPRESSION_NAMES.index(shape)] = weight
    used = np.flatnonzero(table.any(axis=0))
    typical = np.median(expression[:, used], axis=0)
    best, left_best = ("neutral", 1.0), float(np.sum(typical**2)) - 0.01
    for name, shapes in zip(MOODS, table[:, used], strict=True):
        if not shapes.any():
            continue
        strength = float(np.clip(typical @ shapes / (shapes @ shapes), 0.0, 1.5))
        left = float(np.sum((typical - strength * shapes) ** 2))
        if left < left_best:
            best, left_best = (name, strength), left
    return best
