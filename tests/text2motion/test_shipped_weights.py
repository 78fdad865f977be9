"""The weights in the package do what the README's prompts say, measured on the posed mesh."""

from __future__ import annotations

import numpy as np
import pytest

from flame.sequence import FlameSequence, concatenate
from text2motion import EmotionDM, MotionDM, generate
from text2motion.corpus.scenes import perform_plan
from text2motion.evaluation import by_corpus, by_models, default_suite, evaluate, share_passed
from text2motion.evaluation.checks import count_peaks
from text2motion.generation import stream_plan
from text2motion.models import WEIGHTS_FOLDER
from text2motion.planning import plan
from text2motion.prompt import split_prompt

README = tuple(item for item in default_suite() if item.category == "readme")


@pytest.fixture(scope="module")
def models() -> tuple[MotionDM, EmotionDM]:
    return MotionDM.load(), EmotionDM.load()


@pytest.mark.parametrize("instruction", README, ids=lambda item: item.prompt[:24])
def test_readme_prompts_do_what_they_say(models, instruction) -> None:
    takes = evaluate(by_models(models), [instruction], seeds=2)
    assert any(take.passed for take in takes), [take.held for take in takes]


def test_seeds_are_different_takes(models) -> None:
    takes = [generate("turns left and smiles", seconds=2.0, seed=seed, models=models) for seed in range(3)]
    finals = [np.degrees(take.neck[-1, 1]) for take in takes]
    assert min(finals) > 8.0
    assert np.abs(takes[0].neck - takes[1].neck).max() > np.radians(0.3)


def test_idle_life_is_neither_frozen_nor_restless(models) -> None:
    idle = generate("waits", seconds=6.0, seed=1, models=models)
    moved = np.degrees(np.abs(idle.neck)).max()
    assert 0.1 < moved < 8.0


@pytest.mark.parametrize(
    ("prompt", "column", "sign", "times"),
    [
        ("nods twice", 0, 1.0, 2),
        ("nods four times", 0, 1.0, 4),
        ("shakes her head three times", 1, 1.0, 3),
    ],
)
def test_repetitions_are_counted(models, prompt: str, column: int, sign: float, times: int) -> None:
    made = [generate(prompt, seconds=4.0, seed=seed, models=models) for seed in range(3)]
    counts = [count_peaks(sign * np.degrees(take.neck[:, column]), prominence=4.0) for take in made]
    assert sorted(counts)[1] == times, counts


@pytest.mark.parametrize("prompt", ["shakes her head three times", "turns left", "talks"])
def test_movements_have_the_size_of_the_corpus(models, prompt: str) -> None:
    planned = plan(list(split_prompt(prompt).clauses), seconds=4.0)
    part = "jaw" if prompt == "talks" else "neck"

    def size(take: FlameSequence) -> float:
        return float(np.quantile(np.linalg.norm(getattr(take, part), axis=1), 0.95))

    made = np.mean([size(generate(prompt, seconds=4.0, seed=seed, models=models)) for seed in range(3)])
    performed = np.mean([size(perform_plan(planned, seconds=4.0, seed=seed)) for seed in range(6)])
    assert 0.65 < made / performed < 1.4


def test_a_resting_head_does_not_tremble(models) -> None:
    def trembling(take: FlameSequence) -> float:
        return float(np.square(np.diff(take.neck, 3, axis=0)).mean())

    made = [concatenate(list(stream_plan([], seconds=4.0, seed=seed, models=models))) for seed in range(3)]
    performed = [perform_plan([], seconds=4.0, seed=seed) for seed in range(6)]
    assert np.mean([trembling(take) for take in made]) < 3.0 * np.mean([trembling(t) for t in performed])


def test_an_empty_plan_is_rest(models) -> None:
    turned = [np.degrees(models[0].generate([], seconds=5.0, seed=seed)["neck"]) for seed in range(8)]
    assert max(np.abs(neck).max() for neck in turned) < 4.0
    assert min(np.abs(neck).max() for neck in turned) > 0.2


def test_the_files_are_small() -> None:
    assert sum(file.stat().st_size for file in WEIGHTS_FOLDER.glob("*.safetensors")) < 10e6


def test_the_performers_pass_the_readme() -> None:
    takes = evaluate(by_corpus(), README)
    assert share_passed(takes) > 0.8, [take.instruction.prompt for take in takes if not take.passed]
