"""Instruction accuracy: how often a generated motion shows what its prompt says, measured on the posed mesh."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from flame.sequence import FlameSequence
from text2motion.evaluation.checks import Check
from text2motion.evaluation.generators import Generator
from text2motion.evaluation.suite import Instruction


@dataclass(frozen=True)
class Take:
    """One motion of one instruction: what was made, what was measured, which checks held."""

    instruction: Instruction
    seed: int
    motion: FlameSequence
    signals: dict[str, np.ndarray]
    held: tuple[bool, ...] = ()

    @property
    def passed(self) -> bool:
        """All checks held."""
        return all(self.held)


def evaluate(
    make: Generator,
    suite: Sequence[Instruction],
    *,
    seeds: int = 1,
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Take]:
    """Generate every prompt once with each of ``seeds`` seeds, measure once, check.

    ``advance`` is told of every take.
    """
    from flame.signals import measure

    takes: list[Take] = []
    for seed in range(seeds):
        made: list[Take] = []
        for instruction in suite:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                motion = make(instruction.prompt, instruction.seconds, seed)
            signals = {name: np.asarray(values, np.float64) for name, values in measure(motion).items()}
            made.append(Take(instruction, seed, motion, signals))
            advance(1)
        takes += judged(made)
    return takes


def judged(takes: Sequence[Take]) -> list[Take]:
    """The takes of one seed with their checks answered; bounds that name an item look it up among them."""
    named = {take.instruction.name: take for take in takes if take.instruction.name}

    def lookup(name: str, check: Check) -> float:
        if name not in named:
            return float("nan")
        return check.value(named[name].signals, named[name].motion.fps)

    return [
        Take(
            take.instruction,
            take.seed,
            take.motion,
            take.signals,
            tuple(check.holds(take.signals, take.motion.fps, lookup) for check in take.instruction.checks),
        )
        for take in takes
    ]


def by_category(takes: Sequence[Take]) -> dict[str, tuple[int, int]]:
    """category -> (passed, all), in the order of the suite."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for take in takes:
        counts[take.instruction.category][0] += take.passed
        counts[take.instruction.category][1] += 1
    return {category: (passed, total) for category, (passed, total) in counts.items()}


def share_passed(takes: Sequence[Take]) -> float:
    """Passed takes / all takes; NaN for none."""
    return float(np.mean([take.passed for take in takes])) if takes else float("nan")
