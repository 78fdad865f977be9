"""``evaluate speech``: how well the lips, head and lids of a motion fit a recording, beside two baselines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, input_error
from flame.timing import DEFAULT_FPS
from mvportrait.reporting import Reporter

if TYPE_CHECKING:
    from driving.speech import SpeechDriver
    from driving.speech.evaluation import SpeechScores
    from driving.speech.phones import PhoneSpan
    from flame.sequence import FlameSequence

__all__ = ["EvaluateSpeechOptions", "SpeechReport", "evaluate_speech", "speech_tables"]

_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("bilabial_recall", "p b m: lips closed", "%"),
    ("bilabial_precision", "closures that are p b m", "%"),
    ("labiodental_recall", "f v: lip at teeth", "%"),
    ("pause_closure", "pauses closed", "%"),
    ("envelope_correlation", "opening ~ envelope, r", ".2f"),
    ("vowel_energy_correlation", "vowels' opening ~ level, r", ".2f"),
    ("open_gap_mm", "median open gap, mm", ".1f"),
    ("lip_jitter_mm", "lip jitter in pauses, mm", ".3f"),
    ("head_jitter_deg", "head jitter, degrees", ".3f"),
    ("head_prosody", "head ~ prosody, R", ".2f"),
    ("head_prosody_chance", "  the same by chance", ".2f"),
    ("head_range_deg", "head range, degrees", ".1f"),
    ("blinks_per_minute", "blinks a minute", ".0f"),
)


@dataclass(frozen=True)
class EvaluateSpeechOptions:
    """What to evaluate.

    Attributes:
        clips: sound files, or videos with sound.
        transcripts: one per clip, in words or as text files; () looks for a text file beside each clip.
        motions: motion files, one per clip, instead of what the driver makes.
        shards: folder of clips made by ``python -m driving.speech.corpus`` whose phones are known.
        shard_clips: how many of them.
        weights: file of weights of the driver; None for the package's own.
        fps, seed: of what the driver makes.
        baselines: also the jaw by energy and the teacher on the phones.
    """

    clips: tuple[Path, ...] = ()
    transcripts: tuple[str, ...] = ()
    motions: tuple[Path, ...] = ()
    shards: Path | None = None
    shard_clips: int = 64
    weights: Path | None = None
    fps: float = DEFAULT_FPS
    seed: int = 0
    baselines: bool = True


@dataclass(frozen=True)
class SpeechReport:
    """Scores by clip and row.

    Attributes:
        clips: clip → row → scores.
        notes: what a reader has to know of a clip.
    """

    clips: dict[str, dict[str, SpeechScores]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def pooled(self) -> dict[str, SpeechScores]:
        """Row → scores over all clips."""
        from driving.speech.evaluation import pooled

        rows: dict[str, list[SpeechScores]] = {}
        for scores in self.clips.values():
            for row, one in scores.items():
                rows.setdefault(row, []).append(one)
        return {row: pooled(found) for row, found in rows.items()}

    def as_json(self) -> dict[str, Any]:
        """Everything in plain numbers."""
        clips = {clip: {row: one.as_json() for row, one in rows.items()} for clip, rows in self.clips.items()}
        pooled = {row: one.as_json() for row, one in self.pooled().items()}
        return {"clips": clips, "pooled": pooled, "notes": list(self.notes)}


@dataclass(frozen=True, eq=False)
class _Spoken:
    """A clip ready to be scored."""

    name: str
    samples: np.ndarray
    sample_rate: int
    phones: list[PhoneSpan]
    transcript: str | None
    motion: FlameSequence | None
    group: str = ""


def evaluate_speech(options: EvaluateSpeechOptions, *, reporter: Reporter) -> SpeechReport:
    """Score every clip.

    Raises:
        InputError: nothing to score, clips and transcripts or motions that do not pair up, files that cannot be
            used, a transcript that does not fit.
        MissingDependencyError: pocketsphinx is not installed.
    """
    _check(options)
    notes: list[str] = []
    spoken = list(_from_files(options, notes, reporter)) + list(_from_shards(options))
    from driving.speech.evaluation import pooled, score

    scores: dict[str, dict[str, list[SpeechScores]]] = {}
    with reporter.track("scoring", len(spoken)) as advance:
        for clip in spoken:
            group = scores.setdefault(clip.group or clip.name, {})
            for row, sequence in _rows(clip, options):
                group.setdefault(row, []).append(score(sequence, clip.samples, clip.sample_rate, clip.phones))
            advance(1)
    clips = {name: {row: pooled(found) for row, found in rows.items()} for name, rows in scores.items()}
    return SpeechReport(clips, tuple(notes))


def speech_tables(report: SpeechReport) -> Iterator[Any]:
    """Rich tables: one per clip (or group), one over all when there are several; then notes."""
    from rich.table import Table

    tables = dict(report.clips)
    if len(tables) > 1:
        tables["all clips"] = report.pooled()
    for title, rows in tables.items():
        first = next(iter(rows.values()))
        counts = f"{first.bilabials} p b m, {first.labiodentals} f v, {first.pauses} pauses over 0.4 s"
        table = Table("", *rows, title=f"{title}: {first.seconds:.1f} s, {counts}", title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, head, form in _COLUMNS:
            table.add_row(head, *(_cell(getattr(scores, name), form) for scores in rows.values()))
        yield table
    for note in report.notes:
        yield f"note: {note}"


def _cell(value: float, form: str) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{100 * value:.0f} %" if form == "%" else format(value, form)


def _check(options: EvaluateSpeechOptions) -> None:
    if not options.clips and options.shards is None:
        raise input_error(ConfigError, "nothing to evaluate", "no CLIP and no --shards", "give sound files")
    for name, given in (("--transcript", options.transcripts), ("--motion", options.motions)):
        if given and len(given) != len(options.clips):
            rule = f"{name} is given once per clip"
            raise input_error(
                ConfigError, rule, f"{len(given)} for {len(options.clips)} clips", "pair them up"
            )


def _from_files(options: EvaluateSpeechOptions, notes: list[str], reporter: Reporter) -> Iterator[_Spoken]:
    from driving.speech.alignment import align, decode_phones
    from mvportrait.media.audio import DRIVER_SAMPLE_RATE, open_audio
    from mvportrait.media.texts import read_transcript

    for index, path in enumerate(options.clips):
        samples = open_audio(path).read()
        beside = path.with_suffix(".txt")
        given = options.transcripts[index] if options.transcripts else None
        if given is None and beside.is_file():
            given = str(beside)
        words = None if given is None else read_transcript(given)
        with reporter.track(f"aligning {path.name}"):
            if words is None:
                phones = decode_phones(samples, DRIVER_SAMPLE_RATE)
                notes.append(
                    f"{path.name}: no transcript, so the phones are those recognised, some of them wrong"
                )
            else:
                phones = align(samples, DRIVER_SAMPLE_RATE, words)
        motion = _motion(options.motions[index]) if options.motions else None
        yield _Spoken(path.name, samples, DRIVER_SAMPLE_RATE, phones, words, motion)


def _from_shards(options: EvaluateSpeechOptions) -> Iterator[_Spoken]:
    if options.shards is None:
        return
    from driving.speech.shards import SAMPLE_RATE, load_shards

    for number, clip in enumerate(load_shards(options.shards, limit=options.shard_clips)):
        group = f"synthesized, {clip.language or 'nobody'}"
        yield _Spoken(f"{number}", clip.audio, SAMPLE_RATE, clip.phones, None, None, group)


def _rows(clip: _Spoken, options: EvaluateSpeechOptions) -> Iterator[tuple[str, FlameSequence]]:
    from driving.speech.evaluation import baselines

    if clip.motion is not None:
        yield "motion", clip.motion
        fps = clip.motion.fps
    else:
        fps = options.fps
        yield "driver", _drive(clip, options, None, recognise=True)
        yield "network alone", _drive(clip, options, None)
        if clip.transcript is not None:
            yield "driver, transcript", _drive(clip, options, clip.transcript)
    if options.baselines:
        made = baselines(clip.samples, clip.sample_rate, clip.phones, fps=fps, seed=options.seed)
        yield from made.items()


def _drive(
    clip: _Spoken, options: EvaluateSpeechOptions, transcript: str | None, *, recognise: bool = False
) -> FlameSequence:
    from driving.speech import SpeechRequest

    request = SpeechRequest(
        samples=clip.samples,
        sample_rate=clip.sample_rate,
        fps=options.fps,
        seed=options.seed,
        transcript=transcript,
        recognise=recognise,
    )
    return _driver(options.weights).drive(request)


@lru_cache(maxsize=1)
def _driver(weights: Path | None) -> SpeechDriver:
    """The driver, its network read once for all clips."""
    from driving.speech import SpeechDriver

    if weights is None:
        return SpeechDriver()
    from driving.speech.weight_files import load_weights

    return SpeechDriver(load_weights(weights))


def _motion(path: Path) -> FlameSequence:
    from mvportrait.drive import motion_from_file

    motion = motion_from_file(path)
    if motion.basis == "open":
        return motion
    from flame.retargeting import retarget
    from mvportrait.store import head_of_basis

    moved, _ = retarget(motion, "open", head_from=head_of_basis(motion.basis))
    return moved
