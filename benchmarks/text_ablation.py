"""What the choices of the text-to-motion models are worth: every row trained alike and scored alike.

    python -m benchmarks.text_ablation --out DIR [--steps 1200] [--prompts 120] [--rows "joint model" …]

Rows stand in ``configs/text_ablation.yaml``. All train from scratch on the same synthetic scenes, for the same number
of optimiser steps and the same batches' size, and are scored by instruction accuracy over the same prompts of the
suite with the same seeds. The joint model gets one network for both parts; the others get two. Rows that differ
only in how they sample share their weights. What is in ``DIR`` already is not run again, so the table can be made in
several goes. ``DIR/table.md`` is the table, ``DIR/table.json`` its numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from flame.errors import ConfigError, MVPortraitError, input_error

ROWS = Path(__file__).resolve().parents[1] / "configs" / "text_ablation.yaml"
_COLUMNS = {
    "accuracy": "accuracy %",
    "together": "together %",
    "ordered": "ordered %",
    "variety": "variety °",
    "jitter": "jitter °/s²",
    "cpu_seconds": "CPU s a clip",
    "parameters": "parameters",
}
_TOGETHER, _ORDERED = ("simultaneous",), ("order", "timed", "return")


@dataclass(frozen=True)
class AblationRow:
    """A row: ``training`` settings that differ from the common ones, and how it is sampled."""

    name: str
    joint: bool = False
    steps: int = 10
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> str:
        """Folder of the weights; rows that only sample otherwise share it."""
        words = [f"{key}-{value}" for key, value in sorted(self.training.items())]
        return "_".join(["joint" if self.joint else "apart", *words])


def read_rows(path: Path) -> tuple[dict[str, Any], list[AblationRow]]:
    """The common settings and the rows of a table.

    Raises:
        ConfigError: not such a file.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        rows = [AblationRow(name=name, **(row or {})) for name, row in loaded["rows"].items()]
        return dict(loaded["common"]), rows
    except (OSError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise input_error(
            ConfigError, f"the rows cannot be read ({why})", path, "see the shipped file"
        ) from error


def train_row(row: AblationRow, common: dict[str, Any], out: Path, *, steps: int) -> list[Path]:
    """Weight files of a row (one, or two), trained where they are not there yet."""
    from text2motion.training.config import load_config
    from text2motion.training.sources import corpus_data
    from text2motion.training.trainer import Trainer

    made = []
    for role in ("joint",) if row.joint else ("motion", "emotion"):
        path = out / row.weights / f"{role}.safetensors"
        made.append(path)
        if (path.parent / f"{role}.done").is_file():
            continue
        words = [f"{key}={value}" for key, value in {**common, **row.training, "steps": steps}.items()]
        config = load_config(None, words, role=role)
        _say(f"{row.name}: {role}")
        data = corpus_data(config, out / "scenes", bank_path=None, note=_say)
        Trainer(config, data=data, out=path.parent, note=_say).run()
        (path.parent / f"{role}.done").touch()
    return made


def score_row(row: AblationRow, weights: list[Path], *, prompts: int, seeds: int) -> dict[str, float]:
    """Instruction accuracy and what else the table shows."""
    import torch

    from text2motion.evaluation import default_suite, evaluate
    from text2motion.generation import generate
    from text2motion.joint import JointDM
    from text2motion.models import EmotionDM, MotionDM

    if row.joint:
        models = JointDM.load(weights[0]).parts()
    else:
        models = (MotionDM.load(weights[0]), EmotionDM.load(weights[1]))
    if row.training.get("words_only", 0.0) > 0.9:
        for model in models:  # a network that never saw signatures must not be told any
            torch.nn.init.zeros_(model._network.clauses.known.weight)
            model._network.clauses.free_words = True
    suite = default_suite()
    chosen = [suite[int(index)] for index in np.linspace(0, len(suite) - 1, min(prompts, len(suite)))]
    spent, clips = 0.0, 0

    def make(prompt: str, seconds: float, seed: int) -> Any:
        nonlocal spent, clips
        started = time.process_time()
        sequence = generate(prompt, seconds=seconds, seed=seed, steps=row.steps, models=models)
        spent, clips = spent + time.process_time() - started, clips + 1
        return sequence

    make("nods", 1.0, 0)  # loads the sentence encoder
    spent, clips = 0.0, 0
    takes = evaluate(make, chosen, seeds=seeds)
    still = [np.degrees(make("waits", 4.0, seed).neck) for seed in range(4)]
    turned = np.array([np.degrees(make("turns left", 3.0, seed).neck[:, 1]) for seed in range(6)])

    def share(words: tuple[str, ...]) -> float:
        passed = [take.passed for take in takes if any(word in take.instruction.category for word in words)]
        return 100.0 * float(np.mean(passed)) if passed else float("nan")

    return {
        "accuracy": 100.0 * float(np.mean([take.passed for take in takes])),
        "together": share(_TOGETHER),
        "ordered": share(_ORDERED),
        "variety": float(turned.std(axis=0).mean()),
        "jitter": float(
            np.sqrt(np.mean([np.square(np.diff(neck, 2, axis=0) * 625.0).mean() for neck in still]))
        ),
        "cpu_seconds": spent / max(clips, 1),
        "parameters": float(_parameters(weights)),
    }


def _parameters(weights: list[Path]) -> int:
    from safetensors import safe_open

    total = 0
    for path in weights:
        with safe_open(str(path), framework="np") as file:
            sizes = [int(np.prod(file.get_slice(name).get_shape())) for name in file.keys()]
        total += sum(sizes)
    return total


def table(scores: dict[str, dict[str, float]]) -> str:
    """Markdown."""
    lines = ["| | " + " | ".join(_COLUMNS.values()) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    for name, row in scores.items():
        cells = [f"{row[key]:,.0f}" if key == "parameters" else _cell(row[key]) for key in _COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: float) -> str:
    return "–" if value != value else f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_ablation", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder for scenes, weights and the table")
    parser.add_argument("--config", type=Path, default=ROWS)
    parser.add_argument("--rows", nargs="*", help="only these")
    parser.add_argument("--steps", type=int, default=1200, help="optimiser steps of every network")
    parser.add_argument("--prompts", type=int, default=120, help="prompts of the suite, evenly taken")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args(arguments)
    try:
        common, rows = read_rows(options.config)
        if unknown := set(options.rows or ()) - {row.name for row in rows}:
            raise input_error(
                ConfigError, "no such row", sorted(unknown)[0], f"one of {[r.name for r in rows]}"
            )
        options.out.mkdir(parents=True, exist_ok=True)
        kept = options.out / "table.json"
        scores = json.loads(kept.read_text()) if kept.is_file() else {}
        for row in rows:
            if row.name in scores or (options.rows and row.name not in options.rows):
                continue
            weights = train_row(row, common, options.out, steps=options.steps)
            scores[row.name] = score_row(row, weights, prompts=options.prompts, seeds=options.seeds)
            kept.write_text(json.dumps(scores, indent=1))
            (options.out / "table.md").write_text(table(scores), encoding="utf-8")
            _say(f"{row.name}: {scores[row.name]['accuracy']:.1f} %")
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write(table(scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
