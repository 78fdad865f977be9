"""Styles of speaking: words, numbers, and measured from a motion."""

from __future__ import annotations

import numpy as np
import pytest

from driving.speech import SpeechStyle, style_from_motion
from driving.speech.moods import MOOD_TABLE, MOODS, sided
from driving.speech.style import PRESETS, STYLE_DIMS, check_style
from flame.errors import ConfigError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", SpeechStyle()),
        ("cheerful", SpeechStyle(mood="cheerful")),
        ("Slightly sad, small mouth", SpeechStyle(mood="sad", mood_strength=0.5, mouth=0.7)),
        ("angry and lively head", SpeechStyle(mood="angry", head=1.6)),
        ("happy + mouth=1.2; head = 0.5", SpeechStyle(mood="cheerful", mouth=1.2, head=0.5)),
        ("calm", SpeechStyle(mouth=0.9, head=0.5)),
    ],
)
def test_words_become_a_style(words: str, expected: SpeechStyle) -> None:
    assert SpeechStyle.parse(words) == expected


@pytest.mark.parametrize("words", ["grumpy-ish", "mouth=wide", "nose=2", "mouth=7", "mood=grumpy"])
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(ConfigError):
        SpeechStyle.parse(words)


def test_every_preset_is_a_good_style_and_parses() -> None:
    for name, style in PRESETS.items():
        check_style(style)
        assert SpeechStyle.parse(name) == style


def test_the_vector_tells_styles_apart() -> None:
    vectors = np.stack([style.vector() for style in PRESETS.values()])
    assert vectors.shape[1] == STYLE_DIMS
    assert len(np.unique(vectors[: len(MOODS)], axis=0)) == len(MOODS)


def _talking(mood: str, *, opening: float, nodding: float) -> FlameSequence:
    frames = 100
    t = np.arange(frames) / 25.0
    expression = np.zeros((frames, len(EXPRESSION_NAMES)), np.float32)
    for name, weight in sided(MOOD_TABLE[mood].shapes).items():
        expression[:, EXPRESSION_NAMES.index(name)] = weight
    jaw, neck = np.zeros((frames, 3)), np.zeros((frames, 3))
    jaw[:, 0] = opening * np.clip(np.sin(2 * np.pi * 3 * t), 0, 1)
    neck[:, 0] = nodding * np.sin(2 * np.pi * t)
    return FlameSequence.neutral(frames).replace(expression=expression, jaw=jaw, neck=neck)


@pytest.mark.parametrize("mood", ["neutral", "cheerful", "sad", "angry", "surprised"])
def test_a_mood_is_found_in_a_motion(mood: str) -> None:
    style = style_from_motion(_talking(mood, opening=0.15, nodding=0.02))
    assert style.mood == mood
    assert mood == "neutral" or style.mood_strength == pytest.approx(1.0, abs=0.1)


def test_sizes_are_measured() -> None:
    small = style_from_motion(_talking("neutral", opening=0.06, nodding=0.005))
    large = style_from_motion(_talking("neutral", opening=0.22, nodding=0.06))
    assert small.mouth < large.mouth and small.head < large.head
    check_style(small)
    check_style(large)


def test_a_still_motion_has_a_style_too() -> None:
    check_style(style_from_motion(FlameSequence.neutral(1)))


def test_another_basis_is_refused() -> None:
    with pytest.raises(ConfigError, match="basis"):
        style_from_motion(FlameSequence.neutral(3, basis="flame2023"))
