"""What makes a motion of a prompt, for comparison: the models, the corpus' own performers, the nearest
caption."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flame.sequence import FlameSequence

if TYPE_CHECKING:
    from text2motion.models import EmotionDM, MotionDM

#: (prompt, seconds, seed) -> relative motion
Generator = Callable[[str, float, int], FlameSequence]


def by_models(models: tuple[MotionDM, EmotionDM] | None = None) -> Generator:
    """The networks' motion; None for the package's own weights."""
    from text2motion.generation import generate

    return lambda prompt, seconds, seed: generate(prompt, seconds=seconds, seed=seed, models=models)


def by_corpus() -> Generator:
    """The prompt's plan played by the corpus' own performers: the ceiling of what can be learnt from it."""
    from text2motion.corpus.scenes import perform_plan
    from text2motion.planning import plan
    from text2motion.prompt import split_prompt

    def make(prompt: str, seconds: float, seed: int) -> FlameSequence:
        planned = plan(list(split_prompt(prompt).clauses), seconds=seconds)
        return perform_plan(planned, seconds=seconds, seed=seed)

    return make
