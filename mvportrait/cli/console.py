"""What a command prints: progress, notes and warnings on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mvportrait.reporting import Reporter

__all__ = ["ConsoleReporter", "print_json", "print_line", "print_tables"]


def print_json(value: Any) -> None:
    """One JSON document on stdout; NaN is refused rather than written."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def print_line(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(text + "\n")


def print_tables(tables: Iterable[Any]) -> None:
    """Rich tables on stdout; 110 columns wide where that is no terminal."""
    from rich.console import Console

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 110)
    for table in tables:
        console.print(table)


_SECONDS_BETWEEN_LINES = 30.0


def _lines(label: str, total: int | None, done: int) -> Callable[[int], None]:
    """Progress for a log file: a line every half minute, none for what is done sooner."""
    began = told = time.monotonic()
    already = done

    def advance(steps: int) -> None:
        nonlocal done, told
        done += steps
        now = time.monotonic()
        if total is None or now - told < _SECONDS_BETWEEN_LINES or done >= total:
            return
        told = now
        left = (total - done) * (now - began) / (done - already)
        sys.stderr.write(f"{label}: {done} of {total}, about {_spoken(left)} left\n")

    return advance


def _spoken(seconds: float) -> str:
    """90 → "2 min"; what a person would say."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class ConsoleReporter(Reporter):
    """Progress with the time left, as bars on a terminal and else as lines; notes and warnings as lines.

    Args:
        quiet: no progress, no notes; warnings remain.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__()
        self.quiet = quiet

    def warn(self, text: str) -> None:
        super().warn(text)
        sys.stderr.write(f"warning: {' '.join(text.split())}\n")

    def note(self, text: str) -> None:
        if not self.quiet:
            sys.stderr.write(f"note: {' '.join(text.split())}\n")

    @contextmanager
    def track(
        self, label: str, total: int | None = None, *, done: int = 0
    ) -> Iterator[Callable[[int], None]]:
        if self.quiet:
            yield lambda steps: None
            return
        if not sys.stderr.isatty():
            yield _lines(label, total, done)
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
        columns += [TextColumn("{task.completed}/{task.total}")] if total else []
        columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
        with Progress(*columns, console=Console(file=sys.stderr)) as progress:
            task = progress.add_task(label, total=total, completed=done)
            yield lambda steps: progress.advance(task, steps)
