"""What a command prints: progress, notes and warnings on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mvportrait.reporting import Reporter

__all__ = ["ConsoleReporter", "print_json", "print_line"]


def print_json(value: Any) -> None:
    """One JSON document on stdout; NaN is refused rather than written."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def print_line(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(text + "\n")


class ConsoleReporter(Reporter):
    """Progress bars with the time left, on a terminal; notes and warnings as lines.

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
    def track(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        if self.quiet or not sys.stderr.isatty():
            yield lambda steps: None
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
            task = progress.add_task(label, total=total)
            yield lambda steps: progress.advance(task, steps)
