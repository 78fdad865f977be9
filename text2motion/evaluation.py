"""Instruction accuracy: how often a generated motion shows what its prompt says, measured on the posed mesh.

``python -m text2motion.evaluation`` prints it per category; ``--ceiling`` plays the prompts' plans by the
corpus' own performers instead of the models (what a perfect learner would reach).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flame.sequence import FlameSequence
from flame.timing import DEFAULT_FPS, frame_count
from text2motion.corpus.performance import controls_to_sequence, perform
from text2motion.corpus.scenes import event_of
from text2motion.generation import generate
from text2motion.planning import plan
from text2motion.prompt import split_prompt
from text2motion.suite import SUITE, Instruction

Generator = Callable[[str, float, int], FlameSequence]


@dataclass(frozen=True)
class Verdict:
    """Which checks of an instruction held for one seed."""

    instruction: Instruction
    seed: int
    held: tuple[bool, ...]

    @property
    def passed(self) -> bool:
        """All of them."""
        return all(self.held)


def evaluate(make: Generator, *, suite: tuple[Instruction, ...] = SUITE, seeds: int = 1) -> list[Verdict]:
    """Generate every prompt with ``seeds`` seeds and check the measured signals."""
    from flame.signals import measure

    verdicts = []
    for instruction in suite:
        for seed in range(seeds):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                sequence = make(instruction.prompt, instruction.seconds, seed)
            signals = {name: np.asarray(values, np.float64) for name, values in measure(sequence).items()}
            held = tuple(check(signals, sequence.fps) for check in instruction.checks)
            verdicts.append(Verdict(instruction, seed, held))
    return verdicts


def by_category(verdicts: list[Verdict]) -> dict[str, tuple[int, int]]:
    """category -> (passed, all), in the order of the suite."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for verdict in verdicts:
        counts[verdict.instruction.category][0] += verdict.passed
        counts[verdict.instruction.category][1] += 1
    return {category: (passed, total) for category, (passed, total) in counts.items()}


def by_models(prompt: str, seconds: float, seed: int) -> FlameSequence:
    """The motion of the package's models."""
    return generate(prompt, seconds=seconds, seed=seed)


def by_performers(prompt: str, seconds: float, seed: int) -> FlameSequence:
    """The prompt's plan played by the corpus' performers: the ceiling of what can be learnt."""
    generator = np.random.default_rng(seed)
    events = []
    for item in plan(list(split_prompt(prompt).clauses), seconds=seconds):
        if item.clause.action is not None:
            saying = (item.clause.action, item.clause.speed, size_said(item.clause.text), item.clause.count)
            events.append(event_of(item, saying, generator))
    times = np.arange(frame_count(seconds, fps=DEFAULT_FPS)) / DEFAULT_FPS
    return controls_to_sequence(perform(events, times=times, generator=generator), fps=DEFAULT_FPS)


def size_said(text: str) -> int:
    """-1, 0 or 1: the size an adverb in the clause asks for."""
    from text2motion.corpus.phrases import LARGE, SMALL

    words = f" {text} "
    if any(f" {word} " in words for word in SMALL):
        return -1
    return 1 if any(f" {word} " in words for word in LARGE) else 0


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m text2motion.evaluation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ceiling", action="store_true")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    verdicts = evaluate(by_performers if options.ceiling else by_models, seeds=options.seeds)
    for verdict in verdicts:
        if not verdict.passed:
            held = "".join("+" if ok else "-" for ok in verdict.held)
            sys.stdout.write(f"missed ({held}) seed {verdict.seed}: {verdict.instruction.prompt}\n")
    for category, (passed, total) in by_category(verdicts).items():
        sys.stdout.write(f"{category:12s} {passed:3d} / {total}\n")
    passed = sum(verdict.passed for verdict in verdicts)
    elapsed = time.perf_counter() - started
    sys.stdout.write(
        f"{'all':12s} {passed:3d} / {len(verdicts)} = {passed / len(verdicts):.1%} in {elapsed:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
