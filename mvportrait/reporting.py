"""How long work tells its listener what it is doing. The command line shows it, a program may ignore it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Reporter", "Stopwatch"]


class Reporter:
    """Collects warnings and shows nothing; the command line's reporter draws progress bars.

    Attributes:
        warnings: every warning given so far, one line each.
    """

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Something the user should know: the result may not be what they expect."""
        self.warnings.append(text)

    def note(self, text: str) -> None:
        """Something worth a line, such as a choice that was made for the user."""

    @contextmanager
    def track(
        self, label: str, total: int | None = None, *, done: int = 0
    ) -> Iterator[Callable[[int], None]]:
        """A stage of ``total`` steps (None: unknown), ``done`` of them earlier; yields ``advance(steps)``."""
        yield lambda steps: None


class Stopwatch:
    """Seconds per named stage, for the manifest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to ``name``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def finish(self) -> dict[str, float]:
        """All stages, and ``total`` since the watch was made."""
        return {**self.seconds, "total": time.perf_counter() - self._started}
