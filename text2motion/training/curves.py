"""Training curves: JSON lines while training runs, a plot of them at its end."""

from __future__ import annotations

import json
from pathlib import Path


class Curve:
    """Rows of numbers by step, kept in a JSON-lines file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, **numbers: float) -> None:
        """Append one row."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(numbers) + "\n")

    def rows(self) -> list[dict[str, float]]:
        """All rows; a line cut short by an interruption is left out."""
        if not self.path.is_file():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return found

    def cut(self, *, after: int) -> None:
        """Forget rows after a step: those of an earlier run that a resumed one repeats."""
        rows = [row for row in self.rows() if row["step"] <= after]
        if self.path.is_file():
            self.path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def plot(self, path: Path, *, title: str) -> None:
        """Training and validation losses over steps, as a PNG."""
        from matplotlib.figure import Figure

        rows = self.rows()
        if not rows:
            return
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        axes = figure.subplots()
        steps = [row["step"] for row in rows]
        for name in ("training", *(key for key in rows[0] if key.startswith("validation"))):
            style = {"linewidth": 2.0} if name in ("training", "validation") else {"linestyle": "--"}
            axes.plot(steps, [row[name] for row in rows], label=name.replace("_", " "), **style)
        axes.set(title=title, xlabel="step", ylabel="loss", yscale="log")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
        figure.savefig(path, dpi=110)
