"""Scores as aligned text: a block of columns at a time, as many as the terminal is wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mvvideo.evaluation.columns import METRICS

if TYPE_CHECKING:
    from mvvideo.evaluation.scores import Scores

__all__ = ["score_tables"]

_ARROW = {"high": "↑", "low": "↓", "": " "}


def score_tables(scores: Scores, *, width: int = 160) -> Iterator[str]:
    """Lines of text: a table per clip, one of the means (of several clips), notes, and what is absent and why.

    A ``*`` marks the best of the rows that are not the real clip.
    """
    tables = dict(scores.clips)
    if len(tables) > 1:
        tables["mean of all clips"] = scores.mean()
    for title, rows in tables.items():
        yield title
        yield from _table(rows, scores.metrics(), width)
        yield ""
    for note in scores.notes:
        yield f"note: {note}"
    for name, why in scores.absent.items():
        yield f"not measured: {name} ({why})"


def _table(rows: dict[str, dict[str, float]], names: list[str], width: int) -> Iterator[str]:
    known = {metric.name: metric for metric in METRICS}
    columns = []
    for name in names:
        metric = known.get(name)
        header = f"{metric.header}{_ARROW[metric.better]}" if metric else name
        digits = metric.digits if metric else 2
        best = _best(rows, name, metric.better if metric else "")
        cells = [_cell(row.get(name), digits, title == best) for title, row in rows.items()]
        columns.append([header, *cells])
    margin = max((len(row) for row in rows), default=0)
    widths = [max(len(cell) for cell in column) for column in columns]
    start = 0
    while start < len(columns):
        stop, used = start, margin
        while stop < len(columns) and (stop == start or used + widths[stop] + 2 <= width):
            used += widths[stop] + 2
            stop += 1
        for line, title in enumerate(["", *rows]):
            shown = [f"{columns[c][line]:>{widths[c]}s}" for c in range(start, stop)]
            yield "  ".join([f"{title:{margin}s}", *shown]).rstrip()
        start = stop


def _best(rows: dict[str, dict[str, float]], name: str, better: str) -> str | None:
    given = {title: row[name] for title, row in rows.items() if name in row and title != "real"}
    if not better or len(given) < 2:
        return None
    pick = max if better == "high" else min
    return pick(given, key=lambda title: given[title])


def _cell(value: float | None, digits: int, best: bool) -> str:
    if value is None:
        return "- "
    return f"{value:.{digits}f}{'*' if best else ' '}"
