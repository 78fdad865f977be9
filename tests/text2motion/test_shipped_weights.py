"""The weights in the package do what the README's prompts say, measured on the posed mesh."""

from __future__ import annotations

import numpy as np
import pytest

from text2motion import EmotionDM, MotionDM, generate
from text2motion.checks import count_peaks
from text2motion.evaluation import by_category, by_performers, evaluate
from text2motion.models import WEIGHTS_FOLDER
from text2motion.suite import SUITE

_README = (
    "She slowly turns her head to the left, then smiles.",
    "smiles and nods",
    "He looks surprised, raises his eyebrows and opens his mouth",
    "shakes his head angrily",
    "He winks with the left eye",
    "closes her eyes and tilts her head to the right",
    "laughs while looking up",
)


@pytest.fixture(scope="module")
def models() -> tuple[MotionDM, EmotionDM]:
    return MotionDM.load(), EmotionDM.load()


@pytest.mark.parametrize("prompt", _README)
def test_readme_prompts_do_what_they_say(models, prompt: str) -> None:
    chosen = tuple(item for item in SUITE if item.prompt == prompt)
    assert len(chosen) == 1
    verdicts = evaluate(
        lambda text, seconds, seed: generate(text, seconds=seconds, seed=seed, models=models),
        suite=chosen,
        seeds=2,
    )
    assert any(verdict.passed for verdict in verdicts), [verdict.held for verdict in verdicts]


def test_seeds_are_different_takes(models) -> None:
    takes = [generate("turns left and smiles", seconds=2.0, seed=seed, models=models) for seed in range(3)]
    finals = [np.degrees(take.neck[-1, 1]) for take in takes]
    assert min(finals) > 8.0
    assert np.abs(takes[0].neck - takes[1].neck).max() > np.radians(0.3)


def test_idle_life_is_neither_frozen_nor_restless(models) -> None:
    with pytest.warns(UserWarning, match="no known facial action"):
        idle = generate("waits", seconds=6.0, seed=1, models=models)
    moved = np.degrees(np.abs(idle.neck)).max()
    assert 0.1 < moved < 8.0


def test_the_files_are_small() -> None:
    assert sum(file.stat().st_size for file in WEIGHTS_FOLDER.glob("*.safetensors")) < 10e6


def test_the_performers_pass_the_suite() -> None:
    verdicts = evaluate(by_performers, suite=SUITE[::6])
    assert sum(passed for passed, _ in by_category(verdicts).values()) >= len(verdicts) - 1


def test_peaks_are_counted() -> None:
    wave = np.sin(np.linspace(0, 6 * np.pi, 200))
    assert count_peaks(wave, prominence=0.5) == 3
    assert count_peaks(wave, prominence=3.0) == 0
