"""``mvportrait evaluate video``: clips, portraits and shards in; figures, a contact sheet and JSON out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, ImageError, NoFaceError, input_error
from flame.timing import frame_count
from mvportrait.driving_options import MAX_SECONDS, MAX_SEED, check_range
from mvportrait.media.clips import Clip, open_clip
from mvportrait.media.images import read_picture
from mvportrait.media.sheets import sample_frames, save_png, time_sheet
from mvportrait.options import check_size
from mvportrait.outputs import check_output_folder, output_folder
from mvportrait.reporting import Reporter
from mvvideo.pipeline import find_preset

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from mvvideo.evaluation.competitors import Competitors
    from mvvideo.evaluation.hooks import Hooks
    from mvvideo.evaluation.scores import Scores
    from mvvideo.portrait import Portrait

__all__ = ["EvaluateOptions", "evaluate_video"]

PROTOCOLS = ("self", "cross", "views")
SHEET_COLUMNS = 7
CONSISTENCY_FRAMES = 4
_FEWEST_FRAMES = 2
_FEWEST_SEEN = 0.1
"""Share of a clip's frames that must show a face."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What ``evaluate video`` is asked for.

    Attributes:
        clips: video files: the truth of ``self``, the driver of ``cross`` (or a motion file, .npz).
        reference: portrait of ``cross``.
        shards: folder of held-out clips for ``views``.
        presets: presets to score besides the baselines.
        size: side of the pictures in pixels; seconds: at most this much of a clip.
        every: score one of this many stretches of 8 frames; the motion is tracked in all of them.
        shard_clips: how many of a folder's clips ``views`` scores.
        lpips, identity, features, videos: TorchScript files, see ``mvvideo.evaluation.hooks``.
        seed: of the model's noise.
    """

    clips: tuple[Path, ...] = ()
    reference: str | None = None
    shards: Path | None = None
    presets: tuple[str, ...] = ("fast",)
    size: int = 256
    every: int = 1
    seconds: float | None = None
    shard_clips: int = 64
    lpips: Path | None = None
    identity: Path | None = None
    features: Path | None = None
    videos: Path | None = None
    seed: int = 0

    @property
    def protocol(self) -> str:
        """Which of :data:`PROTOCOLS` this is."""
        return "views" if self.shards is not None else "cross" if self.reference is not None else "self"

    def check(self) -> None:
        """Raise the first thing that is wrong.

        Raises:
            ConfigError: nothing or too much to evaluate, a number out of range, an unknown preset.
        """
        if self.shards is not None and (self.clips or self.reference):
            raise input_error(
                ConfigError, "--shards stands alone", "clips or --reference too", "leave one of them"
            )
        if self.shards is None and not self.clips:
            raise input_error(
                ConfigError, "nothing to evaluate", "no clip", "give video files, or --shards FOLDER"
            )
        check_size(self.size)
        if self.seconds is not None:
            check_range("--seconds", self.seconds, 0.0, MAX_SECONDS, "seconds", open_low=True)
        for name, value, most in (("--every", self.every, 1000), ("--clips", self.shard_clips, 100_000)):
            if not 1 <= value <= most:
                raise input_error(
                    ConfigError, f"{name} must be between 1 and {most}", value, "give 1 or more"
                )
        if not 0 <= self.seed <= MAX_SEED:
            raise input_error(
                ConfigError, f"--seed must be between 0 and {MAX_SEED}", self.seed, "give another seed"
            )
        for preset in self.presets:
            find_preset(preset)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def evaluate_video(
    options: EvaluateOptions, out: Path | None = None, *, reporter: Reporter | None = None
) -> Scores:
    """Score the video model beside its baselines.

    Args:
        options: what is asked for; out: folder for ``scores.json`` and one contact sheet per clip.
        reporter: told about progress and warnings.

    Returns:
        The scores, as written.

    Raises:
        InputError: anything that was given cannot be used.
    """
    reporter = reporter or Reporter()
    # 1. Check what was given, before anything heavy is imported.
    options.check()
    if out is not None:
        check_output_folder(out)
    clips = [_opened(path, options) for path in options.clips]

    # 2. The user's networks, and ours.
    from mvvideo.evaluation.hooks import Hooks

    hooks = Hooks.load(
        lpips=options.lpips, identity=options.identity, features=options.features, videos=options.videos
    )
    sheets: dict[str, np.ndarray] = {}
    if options.protocol == "views":
        from mvvideo.evaluation.novel_views import score_views

        assert options.shards is not None
        with reporter.track("held-out clips", options.shard_clips) as advance:
            scores, sheet = score_views(
                options.shards,
                presets=options.presets,
                clips=options.shard_clips,
                size=options.size,
                seed=options.seed,
                hooks=hooks,
                advance=advance,
            )
        sheets["views"] = sheet
    else:
        from mvvideo.evaluation.competitors import Competitors
        from mvvideo.evaluation.scores import Scores

        with reporter.track("load model"):
            competitors = Competitors(options.presets, seed=options.seed)
        scores = Scores(options.protocol, absent=dict(hooks.absent))
        protocol = _score_self if options.protocol == "self" else _score_cross
        for name, clip in zip(_names(options.clips), clips, strict=True):
            sheets[name] = protocol(name, clip, options, competitors, hooks, scores, reporter)
            reporter.note(f"{name}: {_in_short(scores.clips[name])}")

    # 3. The report.
    if out is not None:
        with output_folder(out) as folder:
            report = {"options": options.as_json(), **scores.as_json()}
            text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
            (folder / "scores.json").write_text(text + "\n", encoding="utf-8")
            for name, sheet in sheets.items():
                save_png(folder / f"{name}.png", sheet)
    return scores


# ---------------------------------------------------------------------- protocols


def _score_self(
    name: str,
    clip: Clip | FlameSequence,
    options: EvaluateOptions,
    competitors: Competitors,
    hooks: Hooks,
    scores: Scores,
    reporter: Reporter,
) -> np.ndarray:
    """First frame → portrait; the clip's own motion → every competitor; frame by frame against the clip."""
    from mvvideo.evaluation.competitors import TRUTH, stretches
    from mvvideo.evaluation.reenactment import SelfScorer
    from mvvideo.portrait.crop import crop_image
    from mvvideo.portrait.detect import default_face_finder

    assert isinstance(clip, Clip)
    portrait = _portrait(next(clip.frames()), clip.path, options.size, reporter)
    motion = _tracked(clip, portrait, name, reporter, scores)
    which = stretches(motion.frames, every=options.every)
    finder = default_face_finder()
    scorer = SelfScorer(
        portrait,
        rows=competitors.names,
        frames=sum(map(len, which)),
        fps=motion.fps,
        finder=finder,
        hooks=hooks,
    )
    sheet = _Sheet((TRUTH, *competitors.names), motion.fps, which)
    made = competitors.frames(portrait, motion, which)
    starts = {part.start for part in which}
    real = _chosen(clip, which)
    with reporter.track(f"{name}: frames", sum(map(len, which))) as advance:
        for (index, pictures), frame in zip(made, real, strict=True):
            if index in starts:
                scorer.cut()
            crop = crop_image(frame.astype(np.float32) / 255.0, portrait.crop, portrait.size)
            truth = np.clip(crop * 255.0 + 0.5, 0, 255).astype(np.uint8)
            scorer.add(truth, pictures, is_reference=index == 0)
            sheet.add(index, {TRUTH: truth, **pictures})
            advance(1)
    with reporter.track(f"{name}: views"):
        consistency = competitors.consistency(portrait, motion, frames=CONSISTENCY_FRAMES)
    rows = scorer.figures()
    for row, value in consistency.items():
        rows[row]["consistency"] = value
    scores.add(name, rows)
    return sheet.picture()


def _score_cross(
    name: str,
    clip: Clip | FlameSequence,
    options: EvaluateOptions,
    competitors: Competitors,
    hooks: Hooks,
    scores: Scores,
    reporter: Reporter,
) -> np.ndarray:
    """The portrait performs somebody else's motion, relative to its own pose."""
    from flame.relative import to_relative
    from flame.sequence import concatenate
    from mvportrait.drive import onto_portrait
    from mvvideo.evaluation.competitors import stretches
    from mvvideo.evaluation.reenactment import CrossScorer
    from mvvideo.portrait.detect import default_face_finder

    assert options.reference is not None
    picture = read_picture(options.reference)
    portrait = _portrait(picture.pixels, picture.path, options.size, reporter)
    if isinstance(clip, Clip):
        driver = _portrait(next(clip.frames()), clip.path, options.size, reporter)
        given = _tracked(clip, driver, name, reporter, scores)
    else:
        given = clip
    motion = onto_portrait(
        to_relative(given), portrait.fit, head=portrait.head, absolute=False, reporter=reporter
    )
    which = stretches(motion.frames, every=options.every)
    scored = concatenate([motion[part.start : part.stop] for part in which])
    scorer = CrossScorer(
        portrait,
        rows=competitors.names,
        motion=scored,
        frames=scored.frames,
        fps=motion.fps,
        finder=default_face_finder(),
        hooks=hooks,
    )
    sheet = _Sheet(competitors.names, motion.fps, which)
    starts = {part.start for part in which}
    with reporter.track(f"{name}: frames", scored.frames) as advance:
        for index, pictures in competitors.frames(portrait, motion, which):
            if index in starts:
                scorer.cut()
            scorer.add(pictures)
            sheet.add(index, pictures)
            advance(1)
    with reporter.track(f"{name}: views"):
        consistency = competitors.consistency(portrait, motion, frames=CONSISTENCY_FRAMES)
    rows = scorer.figures()
    for row, value in consistency.items():
        rows[row]["consistency"] = value
    scores.add(name, rows)
    return sheet.picture()


# ---------------------------------------------------------------------- pieces


class _Sheet:
    """Keeps the few pictures of the contact sheet as they pass."""

    def __init__(self, rows: Sequence[str], fps: float, which: Sequence[range]) -> None:
        self._rows, self._fps = tuple(rows), fps
        scored = [index for part in which for index in part]
        self._at = {scored[place] for place in sample_frames(len(scored), SHEET_COLUMNS)}
        self._samples: list[tuple[int, np.ndarray]] = []

    def add(self, index: int, pictures: dict[str, np.ndarray]) -> None:
        if index in self._at:
            self._samples.append((index, np.stack([pictures[row] for row in self._rows])))

    def picture(self) -> np.ndarray:
        return time_sheet(self._samples, row_labels=self._rows, fps=self._fps)


def _opened(path: Path, options: EvaluateOptions) -> Clip | FlameSequence:
    """A video, or for ``cross`` also a motion file."""
    if options.protocol == "cross" and path.suffix.lower() == ".npz":
        from mvportrait.drive import motion_from_file

        motion = motion_from_file(path)
        if options.seconds is not None:
            motion = motion[: frame_count(options.seconds, fps=motion.fps)]
        return motion
    return open_clip(path, seconds=options.seconds)


def _chosen(clip: Clip, which: Sequence[range]) -> Iterator[np.ndarray]:
    """The frames of a clip that are scored."""
    wanted = {index for part in which for index in part}
    return (frame for index, frame in enumerate(clip.frames()) if index in wanted)


def _portrait(pixels: np.ndarray, path: Path, size: int, reporter: Reporter) -> Portrait:
    """The portrait of a picture or of a clip's first frame."""
    from flame.head import load_head
    from mvvideo.portrait import Portrait

    try:
        return Portrait.from_image(pixels, head=load_head("open"), size=size, warn=reporter.note)
    except NoFaceError as error:
        raise input_error(
            NoFaceError,
            "the first frame or portrait shows no usable face",
            f"{path} ({str(error).split(':')[0]})",
            "cut the clip to begin with a clear face, or give another portrait",
        ) from error


def _tracked(clip: Clip, portrait: Portrait, name: str, reporter: Reporter, scores: Scores) -> FlameSequence:
    """The clip's motion in the camera of its first frame."""
    from mvvideo.evaluation.faces import track_clip
    from mvvideo.portrait.detect import default_face_finder

    total = clip.count()
    if total < _FEWEST_FRAMES:
        given = f"{clip.path} has {total}"
        raise input_error(
            ImageError, f"a clip must have at least {_FEWEST_FRAMES} frames", given, "give a longer clip"
        )
    with reporter.track(f"{name}: tracking", total) as advance:
        result = track_clip(
            clip.frames(), portrait, fps=clip.fps, finder=default_face_finder(), advance=advance
        )
    missing = int((~result.seen).sum())
    if result.seen.mean() < _FEWEST_SEEN:
        given = f"{clip.path}: {len(result.seen) - missing} of {len(result.seen)} frames"
        raise input_error(
            NoFaceError, "too few frames of the clip show the face", given, "give a clip of one clear face"
        )
    if missing:
        reporter.warn(f"{name}: no face in {missing} of {len(result.seen)} frames, they are bridged")
    scores.notes.append(
        f"{name}: {len(result.seen)} frames at {clip.fps:g} fps, tracked within "
        f"{100 * float(np.nanmean(result.error)):.2f} % of the eyes' distance, {missing} bridged"
    )
    return result.sequence


def _names(paths: Sequence[Path]) -> Iterator[str]:
    """Different short names for the clips."""
    used: dict[str, int] = {}
    for path in paths:
        used[path.stem] = used.get(path.stem, 0) + 1
        yield path.stem if used[path.stem] == 1 else f"{path.stem}_{used[path.stem]}"


def _in_short(rows: dict[str, dict[str, float]]) -> str:
    """One line of a clip's figures, shown as soon as they are known."""
    parts = []
    for metric in ("psnr_face", "ssim_face", "lmd", "apd", "flicker"):
        given = [f"{row} {figures[metric]:.3g}" for row, figures in rows.items() if metric in figures]
        if given:
            parts.append(f"{metric} " + ", ".join(given))
    return "; ".join(parts)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
