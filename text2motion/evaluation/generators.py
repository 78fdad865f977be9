"""What makes a motion of a prompt, for comparison: the models, the corpus' own performers, the nearest
caption."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS

if TYPE_CHECKING:
    from text2motion.models import EmotionDM, MotionDM
    from text2motion.planning import PlannedClause

#: (prompt, seconds, seed) -> relative motion
Generator = Callable[[str, float, int], FlameSequence]


def by_models(models: tuple[MotionDM, EmotionDM] | None = None) -> Generator:
    """The networks' motion, prompts with times as scripts; None for the package's own weights."""
    from text2motion.generation import generate
    from text2motion.script import generate_script, has_times

    def make(prompt: str, seconds: float, seed: int) -> FlameSequence:
        if has_times(prompt):
            return generate_script(prompt, seconds=seconds, fps=DEFAULT_FPS, seed=seed, models=models)
        return generate(prompt, seconds=seconds, seed=seed, models=models)

    return make


def by_corpus() -> Generator:
    """The prompt's plan played by the corpus' own performers: the ceiling of what can be learnt from it."""
    from text2motion.corpus.scenes import perform_plan

    return lambda prompt, seconds, seed: perform_plan(
        plan_of(prompt, seconds), seconds=seconds, fps=DEFAULT_FPS, seed=seed
    )


def plan_of(prompt: str, seconds: float) -> list[PlannedClause]:
    """When each clause of a prompt happens, as the models are told."""
    from text2motion.planning import plan
    from text2motion.prompt import split_prompt
    from text2motion.script import has_times, parse_script
    from text2motion.timeline import lay_out

    if has_times(prompt):
        return list(lay_out(parse_script(prompt).segments, length=seconds).planned)
    return plan(list(split_prompt(prompt).clauses), seconds=seconds)
