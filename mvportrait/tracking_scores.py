"""Figures of a tracked face: how well it fits what is seen, how still it is, and how near to a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flame.fitting.priors import UNSEEN
from flame.fitting.track_smoothing import Smoothing, smoothed
from flame.relative import to_relative
from flame.rig import EXPRESSION_NAMES
from flame.rotations import axis_angle_to_matrix, compose
from flame.sequence import FlameSequence

if TYPE_CHECKING:
    from driving.video import VideoResult
    from flame.head import FlameHead

__all__ = ["BlinkScore", "blink_score", "blinks_of", "clip_figures", "still_jitter_deg", "truth_figures"]

SHUT = 0.6
"""Eyelids beyond which an eye counts as shut in a blink."""
BLINK_TOLERANCE_SECONDS = 0.1
_SLOW_HZ = 3.0  # what is faster than this on a still head is jitter
_STILL_DEG_PER_SECOND = 2.0
_FEWEST_STILL = 12


@dataclass(frozen=True)
class BlinkScore:
    """Blinks that were there, that were found of them, and that were found where none was."""

    there: int
    found: int
    wrong: int


def blinks_of(sequence: FlameSequence) -> np.ndarray:
    """(B,) middles in seconds of the times both eyes are shut for less than half a second."""
    shut = sequence.eyelids.mean(axis=1) > SHUT
    edges = np.flatnonzero(np.diff(np.concatenate([[0], shut.astype(np.int8), [0]])))
    spans = edges.reshape(-1, 2)
    short = spans[(spans[:, 1] - spans[:, 0]) <= 0.5 * sequence.fps]
    return (short.mean(axis=1) - 0.5) / sequence.fps


def blink_score(found: np.ndarray, there: np.ndarray) -> BlinkScore:
    """Every blink that was there may be found once, within :data:`BLINK_TOLERANCE_SECONDS`."""
    left, hits = list(found), 0
    for time in there:
        near = [i for i, other in enumerate(left) if abs(other - time) <= BLINK_TOLERANCE_SECONDS]
        if near:
            left.pop(near[0])
            hits += 1
    return BlinkScore(len(there), hits, len(left))


def head_turns(sequence: FlameSequence) -> np.ndarray:
    """(T, 3, 3) the head's turn in the world."""
    turn, bow = (
        axis_angle_to_matrix(getattr(sequence, name).astype(np.float64)) for name in ("rotation", "neck")
    )
    return turn @ bow


def angle_deg(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(T,) degrees between rotations (T, 3, 3)."""
    trace = np.einsum("tij,tij->t", first, second)
    return np.degrees(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0)))


def still_jitter_deg(sequence: FlameSequence) -> float:
    """RMS of the head's turn about its own slow course, degrees, where the head is still; NaN where it never is."""
    if len(sequence) < _FEWEST_STILL:
        return float("nan")
    slow = smoothed(sequence, Smoothing(_SLOW_HZ, _SLOW_HZ, _SLOW_HZ, None))
    slower = smoothed(sequence, Smoothing(1.0, None, None, None))
    fast = np.degrees(
        np.linalg.norm(
            compose(-slow.rotation, sequence.rotation) + compose(-slow.neck, sequence.neck), axis=1
        )
    )
    turns = head_turns(slower)
    speed = np.concatenate([[0.0], angle_deg(turns[1:], turns[:-1])]) * sequence.fps
    still = speed < _STILL_DEG_PER_SECOND
    return float(np.sqrt(np.mean(fast[still] ** 2))) if still.sum() >= _FEWEST_STILL else float("nan")


def clip_figures(result: VideoResult, head: FlameHead) -> dict[str, float]:
    """What can be said of a clip without a truth.

    Returns:
        ``frames``; ``seen`` %; ``reprojection`` and ``reprojection_p95``: % of the eye distance between where
        landmarks are seen and where the tracked face (identity, expression and its own small offsets at rest) has
        them; ``mesh_reprojection``: the same of the bare head, without those offsets;
        ``jitter_deg`` on still parts; ``blinks``: how many; ``find_ms``, ``fit_ms``: processor time per frame;
        ``cuts``.
    """
    errors = np.concatenate([shot.track.error[shot.track.seen] for shot in result.shots])
    cpu = {name: 1e3 * value / max(result.frames, 1) for name, value in result.cpu_seconds.items()}
    return {
        "frames": result.frames,
        "seen": 100.0 * float(result.seen.mean()),
        "reprojection": 100.0 * float(errors.mean()),
        "reprojection_p95": 100.0 * float(np.quantile(errors, 0.95)),
        "mesh_reprojection": 100.0 * float(np.mean([shot.mesh_error for shot in result.shots])),
        "jitter_deg": still_jitter_deg(result.sequence),
        "blinks": len(blinks_of(result.sequence)),
        "find_ms": cpu.get("find", float("nan")),
        "fit_ms": cpu.get("fit", float("nan")),
        "cuts": len(result.cuts),
    }


def truth_figures(tracked: FlameSequence, truth: FlameSequence, head: FlameHead) -> dict[str, float]:
    """How near a relative motion is to the known one, and the same for a face that never moves (``*_still``).

    Args:
        tracked: T frames, relative; truth: T frames, absolute.

    Returns:
        ``pose_deg`` (median) and ``pose_p95_deg``, ``jaw_deg``, ``gaze_deg``, ``lids`` (mean |difference|, 0 to 1),
        ``expression`` (mean |difference| of the rig weights that landmarks can show, %), ``face_mm`` (mean distance
        of the face's vertices with the head's turn taken out), each also for a still face; ``lip_correlation``.
    """
    frames = min(len(tracked), len(truth))
    tracked, wanted = tracked[:frames], to_relative(truth)[:frames]
    wanted = wanted.replace(shape=np.zeros_like(wanted.shape))
    still = wanted.replace(
        **{name: np.zeros_like(values) for name, values in wanted.arrays().items()},
    )
    figures: dict[str, float] = {}
    for suffix, motion in (("", tracked), ("_still", still)):
        for name, value in _differences(motion, wanted, head).items():
            figures[name + suffix] = value
    gaps = [_lip_gap(motion, head) for motion in (tracked, wanted)]
    moving = min(float(np.std(gap)) for gap in gaps) > 1e-6
    figures["lip_correlation"] = float(np.corrcoef(gaps[0], gaps[1])[0, 1]) if moving else float("nan")
    return figures


def _differences(motion: FlameSequence, wanted: FlameSequence, head: FlameHead) -> dict[str, float]:
    turns = angle_deg(head_turns(motion), head_turns(wanted))
    shown = [i for i, name in enumerate(EXPRESSION_NAMES) if name not in UNSEEN]
    faces = [head.pose(_without_pose(m))[:, _face_rows(head)] for m in (motion, wanted)]
    return {
        "pose_deg": float(np.median(turns)),
        "pose_p95_deg": float(np.quantile(turns, 0.95)),
        "jaw_deg": float(np.degrees(np.abs(motion.jaw[:, 0] - wanted.jaw[:, 0]).mean())),
        "gaze_deg": float(
            np.degrees(np.abs(motion.eyes - wanted.eyes)[:, [0, 1, 3, 4]].mean()) * np.sqrt(2.0)
        ),
        "lids": float(np.abs(motion.eyelids - wanted.eyelids).mean()),
        "expression": 100.0 * float(np.abs(motion.expression - wanted.expression)[:, shown].mean()),
        "face_mm": 1e3 * float(np.linalg.norm(faces[0] - faces[1], axis=2).mean()),
    }


def _without_pose(motion: FlameSequence) -> FlameSequence:
    """Only the face: the head straight, weights as a face at rest can show them."""
    nothing = np.zeros((len(motion), 3), np.float32)
    return motion.replace(
        rotation=nothing,
        neck=nothing,
        translation=nothing,
        eyes=np.zeros((len(motion), 6), np.float32),
        expression=np.clip(motion.expression, 0.0, 1.0),
    )


def _face_rows(head: FlameHead) -> np.ndarray:
    """Vertices that some expression, the jaw or a lid moves by more than a millimetre."""
    moved = np.linalg.norm(head.expression_basis, axis=1).max(axis=1)
    lids = np.linalg.norm(head.eyelid_basis, axis=2).max(axis=0)
    return np.flatnonzero((moved > 1e-3) | (lids > 1e-3) | (head.weights[:, 2] > 0.1))


def _lip_gap(motion: FlameSequence, head: FlameHead) -> np.ndarray:
    from flame.signals import measure

    shown = motion.replace(expression=np.clip(motion.expression, 0.0, 1.0))
    return measure(shown, head)["lip_gap_mm"]


def mean_figures(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means over clips, NaN left out."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    result = {}
    for name in names:
        values = np.array([row[name] for row in rows if name in row], float)
        values = values[np.isfinite(values)]
        result[name] = float(values.mean()) if len(values) else float("nan")
    return result
