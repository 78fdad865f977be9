"""``python -m text2motion.evaluation``: instruction accuracy by category; ``mvportrait evaluate motion`` has
more."""

from __future__ import annotations

import argparse
import sys
import time

from text2motion.evaluation import by_category, by_corpus, by_models, default_suite, evaluate, share_passed
from text2motion.evaluation.generators import plan_of


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m text2motion.evaluation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ceiling", action="store_true", help="the corpus' own performers, no network")
    parser.add_argument("--only", help="categories whose name contains this")
    parser.add_argument("--plans", action="store_true", help="show what the splitter made of a miss")
    options = parser.parse_args(arguments)
    suite = [item for item in default_suite() if not options.only or options.only in item.category]
    started = time.process_time()
    takes = evaluate(by_corpus() if options.ceiling else by_models(), suite, seeds=options.seeds)
    for take in takes:
        item = take.instruction
        if take.passed or item.reserve:
            continue
        missed = [check.text for check, held in zip(item.checks, take.held, strict=True) if not held]
        values = "" if options.seeds > 1 else _values(take)
        sys.stdout.write(f"{item.category}, seed {take.seed}: {item.prompt}\n    missed {missed} {values}\n")
        if options.plans:
            sys.stdout.write(f"    {_plan(item.prompt, item.seconds)}\n")
    for category, (passed, total) in by_category(takes).items():
        sys.stdout.write(f"{category:20s} {passed:3d} / {total:3d}  {passed / total:6.1%}\n")
    reserve = [take for take in takes if take.instruction.reserve]
    listed = [take for take in takes if not take.instruction.reserve]
    sys.stdout.write(
        f"{'all':20s} {sum(t.passed for t in takes):3d} / {len(takes):3d}  {share_passed(takes):6.1%}"
        f"  (listed {share_passed(listed):.1%}, reserve {share_passed(reserve):.1%})"
        f" in {time.process_time() - started:.0f} s of CPU time\n"
    )
    return 0


def _values(take) -> str:  # type: ignore[no-untyped-def]
    missed = [c for c, held in zip(take.instruction.checks, take.held, strict=True) if not held and c.signal]
    measured = [c for c in missed if c.verb not in ("wink", "stays", "holds")]
    return " ".join(f"{c.value(take.signals, take.motion.fps):.2f}" for c in measured)


def _plan(prompt: str, seconds: float) -> str:
    """What the splitter and the planner made of a prompt, on one line."""
    return " | ".join(
        f"{p.clause.action} speed {p.clause.speed:+d} size {p.clause.size:+d} count {p.clause.count}"
        f" {p.start:.1f}-{p.settle:.1f}-{p.release:.1f} [{p.clause.text}]"
        for p in plan_of(prompt, seconds)
    )


if __name__ == "__main__":
    sys.exit(main())
