"""``evaluate motion``: the text models over a suite of prompts, beside the corpus and the nearest caption."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, InputError, input_error
from mvportrait.reporting import Reporter

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from text2motion.evaluation.generators import Generator
    from text2motion.evaluation.report import Report
    from text2motion.evaluation.suite import Instruction

    # prompts, what else generates motion by name, motions for the Fréchet distance
    _Task = tuple[Sequence[Instruction], dict[str, Generator], Sequence[Sequence[FlameSequence]]]

__all__ = ["EvaluateMotionOptions", "evaluate_motion", "motion_tables"]

_REAL_INPUTS = "MVPORTRAIT_REAL_INPUTS"
_VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
_MOST_SEEDS = 100


@dataclass(frozen=True)
class EvaluateMotionOptions:
    """What to evaluate.

    Attributes:
        suite: YAML file of prompts and checks; None for the package's own.
        seeds: takes of each prompt.
        weights: folder with motion.safetensors and emotion.safetensors; None for the package's own.
        real: clips (videos or motion files, or folders of them) whose smoothness is the yardstick; empty
            takes the folder ``driving`` of $MVPORTRAIT_REAL_INPUTS where that is set.
        only: categories whose name contains this.
        baselines: also the corpus' performers and the nearest caption.
        data: folder of captions and motion files (as training takes them); its held-out captions become
            the prompts and its motions the yardstick, without checks.
        matching: a matching pair of one's own; None for the package's.
    """

    suite: Path | None = None
    seeds: int = 1
    weights: Path | None = None
    real: tuple[Path, ...] = ()
    only: str | None = None
    baselines: bool = True
    data: Path | None = None
    matching: Path | None = None


def evaluate_motion(options: EvaluateMotionOptions, *, reporter: Reporter) -> Report:
    """All figures.

    Raises:
        InputError: a bad suite, folder of weights, clip or number of seeds.
    """
    if not 1 <= options.seeds <= _MOST_SEEDS:
        raise input_error(ConfigError, f"--seeds is from 1 to {_MOST_SEEDS}", options.seeds, "give 3")
    if options.data is not None and (options.suite is not None or options.only is not None):
        raise input_error(
            ConfigError, "--data brings its own prompts", "--suite or --only beside it", "leave those out"
        )
    real_files = _real_files(options.real)
    from text2motion.encoder import default_encoder
    from text2motion.evaluation import by_models
    from text2motion.evaluation.matching import WEIGHTS, load_matcher
    from text2motion.evaluation.report import make_report

    matcher = load_matcher(options.matching or WEIGHTS)
    generators: dict[str, Generator] = {"model": by_models(_models(options.weights))}
    if options.data is None:
        suite, others, references = _prompts(options, reporter)
    else:
        suite, others, references = _captions(options.data)
    real = [_measured(path, reporter) for path in real_files]
    return make_report(
        generators | others,
        suite,
        seeds=options.seeds,
        matcher=matcher,
        encode=default_encoder().encode,
        references=references,
        real=real,
        track=reporter.track,
    )


def _prompts(options: EvaluateMotionOptions, reporter: Reporter) -> _Task:
    """A suite, the baselines, and other performances by the corpus."""
    from text2motion.evaluation import by_corpus, default_suite, load_suite
    from text2motion.evaluation.report import performed_references
    from text2motion.evaluation.retrieval import by_retrieval

    suite = default_suite() if options.suite is None else load_suite(options.suite)
    if options.only is not None:
        chosen = tuple(item for item in suite if options.only.lower() in item.category.lower())
        if not chosen:
            names = ", ".join(dict.fromkeys(item.category for item in suite))
            raise input_error(ConfigError, "no category has this in its name", options.only, f"use {names}")
        suite = chosen
    others: dict[str, Generator] = {}
    if options.baselines:
        with reporter.track("embedding the captions of the nearest-caption baseline"):
            others = {"corpus": by_corpus(), "nearest caption": by_retrieval()}
    return suite, others, performed_references(by_corpus(), suite, seeds=options.seeds)


def _captions(folder: Path) -> _Task:
    """The held-out captions of a folder, its own motions as a row, and halves of them for the floor."""
    from text2motion.evaluation.captioned import by_recordings, captioned_motions, suite_of

    recorded = captioned_motions(folder, held_out=True)
    motions = [motion for _, motion in recorded]
    return suite_of(recorded), {"recorded": by_recordings(recorded)}, (motions[::2], motions[1::2])


def _models(folder: Path | None) -> Any:
    from text2motion.models import EmotionDM, MotionDM

    if folder is None:
        return MotionDM.load(), EmotionDM.load()
    return MotionDM.load(folder / "motion.safetensors"), EmotionDM.load(folder / "emotion.safetensors")


def _real_files(given: Sequence[Path]) -> list[Path]:
    """Videos and motion files; folders are looked into, one level."""
    if not given and os.environ.get(_REAL_INPUTS):
        folder = Path(os.environ[_REAL_INPUTS]) / "driving"
        given = (folder,) if folder.is_dir() else ()
    files: list[Path] = []
    for path in given:
        if not path.exists():
            raise input_error(InputError, "there is no such clip", path, "give videos or motion files")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files += [p for p in inside if p.suffix.lower() in (*_VIDEOS, ".npz")]
    if given and not files:
        raise input_error(
            InputError, "no videos or motion files here", given[0], "give .mp4 or .npz files or their folder"
        )
    return files


def _measured(path: Path, reporter: Reporter) -> tuple[dict[str, np.ndarray], float]:
    """Signals and frame rate of a real clip; a video's face is followed first."""
    from flame.sequence import FlameSequence
    from flame.signals import measure

    sequence = FlameSequence.load(path) if path.suffix.lower() == ".npz" else _tracked(path, reporter)
    return {name: np.asarray(v, np.float64) for name, v in measure(sequence).items()}, sequence.fps


def _tracked(path: Path, reporter: Reporter) -> Any:
    from driving.video import TimedFrame, VideoDriver, VideoRequest
    from mvportrait.media.clips import open_clip

    clip = open_clip(path)

    def frames(advance: Any) -> Iterator[TimedFrame]:
        for image, seconds in clip.timed_frames():
            yield TimedFrame(image, seconds)
            advance(1)

    with reporter.track(f"following the face in {path.name}") as advance:
        request = VideoRequest(frames=frames(advance), fps=min(clip.fps, 60.0))
        return VideoDriver().track(request).sequence


# ------------------------------------------------------------------------------------------------ showing


def motion_tables(report: Report) -> Iterator[Any]:
    """Rich tables: accuracy by category, figures of all motions, smoothness."""
    if next(iter(report.rows.values())).accuracy:
        yield _accuracy(report)
    yield _figures(report)
    yield _smoothness(report)


def _accuracy(report: Report) -> Any:
    from rich.table import Table

    head = f"instruction accuracy, {report.suite['prompts']} prompts x {report.seeds} seed(s)"
    table = Table("category", "prompts", *report.rows, title=head, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for category in next(iter(report.rows.values())).categories:
        counts = [row.categories[category] for row in report.rows.values()]
        shares = [f"{passed / total:.0%}" for passed, total in counts]
        table.add_row(category, str(counts[0][1] // report.seeds), *shares)
    table.add_section()
    for key in ("all", "listed", "reserve", "lowest_seed", "highest_seed"):
        cells = [_share(row.accuracy[key]) for row in report.rows.values()]
        table.add_row(key.replace("_", " "), "", *cells)
    return table


def _figures(report: Report) -> Any:
    from rich.table import Table

    table = Table("figure", *report.rows, title="motions and texts (matching pair)", title_justify="left")
    lines = {
        "R-precision top 1": lambda row: _share(row.precision[0]),
        "R-precision top 2": lambda row: _share(row.precision[1]),
        "R-precision top 3": lambda row: _share(row.precision[2]),
        "matching distance": lambda row: _number(row.matching_distance),
        f"Fréchet distance (floor {_number(report.frechet_floor, 4)})": lambda row: _number(row.frechet, 4),
        "diversity": lambda row: _number(row.diversity),
        "multimodality": lambda row: _number(row.multimodality),
        "takes apart: head, degrees": lambda row: _number(row.spread.get("head")),
        "takes apart: mouth, share": lambda row: _number(row.spread.get("mouth")),
        "CPU seconds a seed": lambda row: _number(row.cpu_seconds, 0),
    }
    for label, show in lines.items():
        table.add_row(label, *(show(row) for row in report.rows.values()))
    return table


def _smoothness(report: Report) -> Any:
    from rich.table import Table

    rows = {name: row.smoothness for name, row in report.rows.items()}
    if report.real:
        rows["real, tracked"] = report.real
    table = Table("smoothness", *rows, title="root mean squares over frames", title_justify="left")
    kinds = {
        "jitter 5-12 Hz": "jitter",
        "life 0.1-2 Hz": "life",
        "acceleration / s²": "acceleration",
        "jerk / s³": "jerk",
    }
    for group in next(iter(rows.values())):
        for label, kind in kinds.items():
            table.add_row(f"{group}: {label}", *(f"{getattr(r[group], kind):.3g}" for r in rows.values()))
    return table


def _share(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.1%}"


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.{digits}f}"
