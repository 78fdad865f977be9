"""All figures of one evaluation, for several generators side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.sequence import FlameSequence
from text2motion.evaluation import metrics
from text2motion.evaluation.accuracy import Take, by_category, evaluate, share_passed
from text2motion.evaluation.checks import Signals
from text2motion.evaluation.generators import Generator
from text2motion.evaluation.suite import Instruction

if TYPE_CHECKING:
    from text2motion.evaluation.matching import Encode, Matcher

_REFERENCE_SEED = 1000  # the corpus' other performances, which motions are compared with


@dataclass(frozen=True)
class Row:
    """What one generator scored.

    Attributes:
        accuracy: share of takes all of whose checks held; of the listed and of the reserve prompts; the
            lowest and highest of a single seed. Empty where prompts have no checks.
        categories: category -> (passed, all).
        precision: R-precision top 1, 2, 3, NaN without a matching pair.
        matching_distance, frechet, diversity, multimodality: on the pair's vectors.
        spread: group of signals -> how far takes of one prompt lie apart (degrees or shares).
        smoothness: group of signals -> jitter, life, acceleration, jerk.
        cpu_seconds: of processor time, generating and measuring one seed of the suite.
    """

    accuracy: dict[str, float]
    categories: dict[str, tuple[int, int]]
    precision: tuple[float, float, float]
    matching_distance: float
    frechet: float
    diversity: float
    multimodality: float
    spread: dict[str, float]
    smoothness: dict[str, metrics.Smoothness]
    cpu_seconds: float


@dataclass(frozen=True)
class Report:
    """Rows by generator, the floor of the Fréchet distance, real motion's smoothness, listed misses."""

    rows: dict[str, Row]
    suite: dict[str, int]
    seeds: int
    frechet_floor: float
    real: dict[str, metrics.Smoothness] = field(default_factory=dict)
    misses: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes None."""
        return _plain(asdict(self))


def make_report(
    generators: Mapping[str, Generator],
    suite: Sequence[Instruction],
    *,
    seeds: int,
    matcher: Matcher | None = None,
    encode: Encode | None = None,
    references: Sequence[Sequence[FlameSequence]] = (),
    real: Sequence[tuple[Signals, float]] = (),
    track: Callable[[str, int], Any] | None = None,
) -> Report:
    """Run every generator over the suite and score it.

    Args:
        generators: by name; the first is the one whose misses are listed.
        suite: the prompts.
        seeds: takes of each prompt.
        matcher: pair of encoders with ``encode`` for its texts; None leaves out what needs features.
        references: two sets of motions: what the Fréchet distance compares with, and what its floor is
            measured with; empty leaves it out.
        real: clips of real motion as (signals, fps).
        track: (label, total) -> context manager yielding advance(steps), for progress.
    """
    prompts = [item.prompt for item in suite]
    texts = None
    others: list[np.ndarray] = []  # vectors of each of the references
    if matcher is not None and encode is not None:
        from text2motion.evaluation.matching import motion_vectors, text_vectors

        texts = text_vectors(matcher, prompts, encode)
        others = [motion_vectors(matcher, motions) for motions in references]
    rows: dict[str, Row] = {}
    misses: tuple[dict[str, Any], ...] = ()
    for name, make in generators.items():
        started = time.process_time()
        if track is None:
            takes = evaluate(make, suite, seeds=seeds)
        else:
            with track(name, len(suite) * seeds) as advance:
                takes = evaluate(make, suite, seeds=seeds, advance=advance)
        spent = (time.process_time() - started) / seeds
        vectors = None if matcher is None else motion_vectors(matcher, [take.motion for take in takes])
        rows[name] = _row(takes, seeds, vectors, texts, others, spent)
        misses = misses or _listed_misses(takes)
    return Report(
        rows,
        {"prompts": len(suite), "reserve": sum(item.reserve for item in suite)},
        seeds,
        metrics.frechet_distance(others[0], others[1]) if others else float("nan"),
        metrics.smoothness(real) if real else {},
        misses,
    )


def performed_references(
    make: Generator, suite: Sequence[Instruction], *, seeds: int
) -> tuple[list[FlameSequence], list[FlameSequence]]:
    """Two sets of other performances of a suite by ``make``, with seeds that no row has."""
    first, second = (
        [
            make(item.prompt, item.seconds, _REFERENCE_SEED + side * seeds + seed)
            for seed in range(seeds)
            for item in suite
        ]
        for side in (0, 1)
    )
    return first, second


def _row(
    takes: Sequence[Take],
    seeds: int,
    vectors: np.ndarray | None,
    texts: np.ndarray | None,
    others: Sequence[np.ndarray],
    spent: float,
) -> Row:
    nan = float("nan")
    count = len(takes) // seeds
    per_seed = [share_passed(takes[seed * count : (seed + 1) * count]) for seed in range(seeds)]
    checked = any(take.instruction.checks for take in takes)
    accuracy = {
        "all": share_passed(takes),
        "listed": share_passed([t for t in takes if not t.instruction.reserve]),
        "reserve": share_passed([t for t in takes if t.instruction.reserve]),
        "lowest_seed": min(per_seed),
        "highest_seed": max(per_seed),
    }
    of_prompt = [[takes[seed * count + index].signals for seed in range(seeds)] for index in range(count)]
    spreads = [metrics.take_spread(group) for group in of_prompt] if seeds > 1 else []
    known = vectors is not None and texts is not None
    own = np.tile(texts, (seeds, 1)) if texts is not None else np.zeros((0, 0))
    tops = (
        [
            metrics.r_precision(texts, vectors[s * count : (s + 1) * count], seed=s)  # type: ignore[index,arg-type]
            for s in range(seeds)
        ]
        if known
        else [(nan, nan, nan)]
    )
    return Row(
        accuracy=accuracy if checked else {},
        categories=by_category(takes) if checked else {},
        precision=tuple(float(value) for value in np.mean(tops, axis=0)),  # type: ignore[arg-type]
        matching_distance=metrics.matching_distance(own, vectors) if known else nan,  # type: ignore[arg-type]
        frechet=metrics.frechet_distance(vectors, others[0]) if known and others else nan,  # type: ignore[arg-type]
        diversity=metrics.diversity(vectors[:count]) if vectors is not None else nan,
        multimodality=(
            metrics.multimodality(vectors.reshape(seeds, count, -1)) if vectors is not None else nan
        ),
        spread={group: float(np.mean([s[group] for s in spreads])) for group in spreads[0]}
        if spreads
        else {},
        smoothness=metrics.smoothness([(take.signals, take.motion.fps) for take in takes]),
        cpu_seconds=spent,
    )


def _listed_misses(takes: Sequence[Take]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "category": take.instruction.category,
            "prompt": take.instruction.prompt,
            "seed": take.seed,
            "missed": [
                check.text for check, held in zip(take.instruction.checks, take.held, strict=True) if not held
            ],
        }
        for take in takes
        if not take.passed and not take.instruction.reserve
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value
