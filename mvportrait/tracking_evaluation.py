"""``mvportrait evaluate tracking``: real clips and synthetic ones with a known truth in, figures and sheets out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, input_error
from mvportrait.driving_options import MAX_SECONDS, MAX_SEED, check_range
from mvportrait.media.clips import Clip, open_clip
from mvportrait.outputs import check_output_folder, output_folder
from mvportrait.reporting import Reporter

if TYPE_CHECKING:
    from rich.table import Table

    from driving.video import TimedFrame, VideoDriver, VideoResult
    from flame.head import FlameHead

__all__ = ["TrackingOptions", "TrackingReport", "evaluate_tracking", "tracking_tables"]

ACTOR_FPS, ACTOR_SIZE = 25.0, 384
_MOST_ACTORS = 1000
_USUAL_ACTORS = 6
_SHEET_ROWS, _SHEET_SIDE = 8, 192


@dataclass(frozen=True, kw_only=True)
class TrackingOptions:
    """What ``evaluate tracking`` is asked for.

    Attributes:
        clips: video files. seconds: at most this much of each, and the length of synthetic clips (3 by default).
        actors: how many synthetic clips with a known motion; None: 6 where no clip is given, else none.
        kit: actor kit (``python -m mvvideo.actors pack``); without it the plain embedded head is filmed.
        seed: of the synthetic clips.
    """

    clips: tuple[Path, ...] = ()
    seconds: float | None = None
    actors: int | None = None
    kit: Path | None = None
    seed: int = 0

    def check(self) -> None:
        """Raise ConfigError unless all numbers are in range."""
        if self.seconds is not None:
            check_range("--seconds", self.seconds, 0.0, MAX_SECONDS, "seconds", open_low=True)
        if self.actors is not None and not 0 <= self.actors <= _MOST_ACTORS:
            rule = f"--actors must be between 0 and {_MOST_ACTORS}"
            raise input_error(ConfigError, rule, self.actors, "give another number")
        if not 0 <= self.seed <= MAX_SEED:
            rule = f"--seed must be between 0 and {MAX_SEED}"
            raise input_error(ConfigError, rule, self.seed, "give another seed")
        if not self.clips and self.actors == 0:
            raise input_error(ConfigError, "nothing to evaluate", "no clip, no actor", "give video files")

    @property
    def actor_count(self) -> int:
        """How many synthetic clips are tracked."""
        return self.actors if self.actors is not None else (0 if self.clips else _USUAL_ACTORS)


@dataclass(frozen=True, eq=False)
class TrackingReport:
    """Figures by clip and by actor, see ``tracking_scores``; ``summary`` of the actors; notes of the driver."""

    clips: dict[str, dict[str, float]] = field(default_factory=dict)
    actors: dict[str, dict[str, float]] = field(default_factory=dict)
    summary: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; what could not be measured is null."""

        def plain(row: dict[str, float]) -> dict[str, float | None]:
            return {name: float(value) if np.isfinite(value) else None for name, value in row.items()}

        return {
            "clips": {name: plain(row) for name, row in self.clips.items()},
            "actors": {name: plain(row) for name, row in self.actors.items()},
            "summary": plain(self.summary),
            "notes": list(self.notes),
        }


def evaluate_tracking(
    options: TrackingOptions, out: Path | None = None, *, reporter: Reporter | None = None
) -> TrackingReport:
    """Measure how well faces are followed.

    Args:
        options: what is asked for; out: folder for ``tracking.json`` and a sheet per clip.

    Raises:
        InputError: anything that was given cannot be used; NoFaceError: a clip without a face.
    """
    # 1. Check
    reporter = reporter or Reporter()
    options.check()
    if out is not None:
        check_output_folder(out)
    clips = [open_clip(path, seconds=options.seconds) for path in options.clips]
    from driving.video import VideoDriver
    from flame.head import load_head

    head = load_head()
    driver = VideoDriver(head=head)
    notes: list[str] = []
    sheets: dict[str, np.ndarray] = {}

    # 2. Real clips
    rows: dict[str, dict[str, float]] = {}
    for clip in clips:
        name = _free_name(clip.path.stem, rows)
        result = _tracked(driver, clip, reporter)
        notes += [f"{name}: {line}" for line in result.warnings]
        from mvportrait.tracking_scores import clip_figures

        rows[name] = clip_figures(result, head)
        if out is not None:
            from mvportrait.tracking_sheets import tracking_sheet

            pictures = ((frame.image, frame.seconds) for frame in _timed(clip))
            sheets[name] = tracking_sheet(pictures, result, head, rows=_SHEET_ROWS, side=_SHEET_SIDE)

    # 3. Synthetic clips
    actors, summary = _score_actors(options, driver, head, reporter)

    # 4. Report
    report = TrackingReport(rows, actors, summary, tuple(notes))
    if out is not None:
        _write(report, sheets, out)
    return report


_CLIP_COLUMNS = {
    "frames": ("frames", 0),
    "seen": ("seen %", 1),
    "reprojection": ("reprojection %", 2),
    "reprojection_p95": ("p95 %", 2),
    "mesh_reprojection": ("mesh %", 2),
    "jitter_deg": ("jitter °", 3),
    "blinks": ("blinks", 0),
    "cuts": ("cuts", 0),
    "find_ms": ("find ms", 1),
    "fit_ms": ("fit ms", 1),
}
_ACTOR_ROWS = {
    "pose_deg": "head turn, median °",
    "pose_p95_deg": "head turn, 95 % below °",
    "jaw_deg": "jaw °",
    "gaze_deg": "gaze °",
    "lids": "eyelids, of 1",
    "expression": "rig weights %",
    "face_mm": "face without turn mm",
    "lip_correlation": "lip gap, correlation",
    "reprojection": "reprojection %",
    "jitter_deg": "jitter of a still head °",
    "blink_recall": "blinks found %",
    "blink_precision": "of those found, real %",
}


def tracking_tables(report: TrackingReport) -> Iterator[Table]:
    """The clips' figures, and the actors' beside those of a face that never moves."""
    from rich.table import Table

    if report.clips:
        table = Table(title="clips")
        table.add_column("clip")
        for title, _ in _CLIP_COLUMNS.values():
            table.add_column(title, justify="right")
        for name, row in report.clips.items():
            table.add_row(name, *(_cell(row.get(key), digits) for key, (_, digits) in _CLIP_COLUMNS.items()))
        yield table
    if report.summary:
        table = Table(title=f"{len(report.actors) - 1} synthetic clip(s) with a known motion")
        for title in ("mean of", "tracked", "never moving"):
            table.add_column(title, justify="left" if title == "mean of" else "right")
        for key, title in _ACTOR_ROWS.items():
            still = report.summary.get(f"{key}_still")
            table.add_row(title, _cell(report.summary.get(key), 2), _cell(still, 2))
        yield table


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _tracked(driver: VideoDriver, clip: Clip, reporter: Reporter) -> VideoResult:
    from driving.video import VideoRequest

    with reporter.track(f"tracking {clip.path.name}") as advance:
        request = VideoRequest(frames=_timed(clip), fps=clip.fps)
        return driver.track(request, advance=advance)


def _timed(clip: Clip) -> Iterator[TimedFrame]:
    from driving.video import TimedFrame

    for image, seconds in clip.timed_frames():
        yield TimedFrame(image, seconds)


def _score_actors(
    options: TrackingOptions, driver: VideoDriver, head: FlameHead, reporter: Reporter
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Figures per actor and their means; one more sits still but for blinks."""
    if not options.actor_count:
        return {}, {}
    from driving.video import TimedFrame, VideoRequest
    from mvportrait.tracking_clips import known_clip
    from mvportrait.tracking_scores import (
        blink_score,
        blinks_of,
        mean_figures,
        still_jitter_deg,
        truth_figures,
    )

    rows: dict[str, dict[str, float]] = {}
    seconds = options.seconds or 3.0
    there = found = wrong = 0
    with reporter.track("tracking actors", options.actor_count + 1) as advance:
        for index in range(options.actor_count + 1):
            still = index == options.actor_count
            clip = known_clip(
                options.seed * 1000 + index,
                head,
                kit=options.kit,
                seconds=seconds,
                fps=ACTOR_FPS,
                size=ACTOR_SIZE,
                still=still,
            )
            frames = (TimedFrame(image, i / ACTOR_FPS) for i, image in enumerate(clip.frames()))
            result = driver.track(VideoRequest(frames=frames, fps=ACTOR_FPS))
            blinks = blink_score(blinks_of(result.sequence), clip.blinks)
            there, found, wrong = there + blinks.there, found + blinks.found, wrong + blinks.wrong
            if still:
                rows["still"] = {"jitter_deg": still_jitter_deg(result.sequence)}
            else:
                rows[f"actor {index}"] = {
                    **truth_figures(result.sequence, clip.truth, head),
                    "reprojection": 100.0 * float(np.nanmean(result.error)),
                }
            advance(1)
    summary = mean_figures(list(rows.values()))
    summary["blink_recall"] = 100.0 * found / there if there else float("nan")
    summary["blink_precision"] = 100.0 * found / (found + wrong) if found + wrong else float("nan")
    return rows, summary


def _write(report: TrackingReport, sheets: dict[str, np.ndarray], out: Path) -> None:
    from mvportrait.media.sheets import save_png

    with output_folder(out) as folder:
        text = json.dumps(report.as_json(), indent=2)
        (folder / "tracking.json").write_text(text + "\n", encoding="utf-8")
        for name, sheet in sheets.items():
            save_png(folder / f"{name}.png", sheet)


def _free_name(stem: str, taken: dict[str, dict[str, float]]) -> str:
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name
