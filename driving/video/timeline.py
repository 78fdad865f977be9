"""From tracked shots to one motion at an even rate: sampling, gaps, cuts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from driving.video.blink_pull import unpulled
from driving.video.calibration import calibrated, calibrated_absolute
from driving.video.lips import sealed
from driving.video.neutral import blink_dips, neutral_of, relative_to, sharp_lids
from driving.video.result import TrackedShot
from flame.easing import smoothstep
from flame.fitting.track_smoothing import LIGHT, Smoothing, Steady, smoothed, steadied
from flame.sequence import CHANNELS, FlameSequence

__all__ = ["SHORT_GAP_SECONDS", "Timeline", "lay_out", "tidied"]

SHORT_GAP_SECONDS = 0.5
"""Gaps up to this long are interpolated; in longer ones the face goes to rest and comes back."""
EASE_SECONDS = 0.4
"""How long going to rest takes, and how long the last shot's pose takes to fade after a cut."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """A motion of T frames: ``sequence``; ``seen`` (T,); ``error`` (T,); ``long_gaps``: (from, to) in seconds."""

    sequence: FlameSequence
    seen: np.ndarray
    error: np.ndarray
    long_gaps: tuple[tuple[float, float], ...]


def lay_out(
    shots: list[tuple[float, float, TrackedShot | None]],
    *,
    frames: int,
    fps: float,
    neutral: str,
    absolute: bool,
    smoothing: Smoothing = LIGHT,
) -> Timeline:
    """Lay shots (from, to, what was tracked), seconds from the first frame on, one after the other.

    Args:
        frames, fps: of the motion; frame i stands at ``i / fps`` seconds.
        neutral: "first" or "clip"; absolute: no neutral is taken away.
    """
    times = np.arange(frames) / fps
    motion, blank = None, next(shot for _, _, shot in shots if shot is not None).track.sequence
    rest = FlameSequence.neutral(frames, fps=fps, basis=blank.basis)
    arrays = {name: np.array(values) for name, values in rest.arrays().items()}
    seen, error = np.zeros(frames, bool), np.full(frames, np.nan)
    gaps: list[tuple[float, float]] = []
    first = True
    for index, (start, end, shot) in enumerate(shots):
        last = index == len(shots) - 1
        here = np.flatnonzero((times >= start - 1e-9) & ((times < end - 1e-9) | last))
        if shot is None:
            gaps.append((start, end))
        if not len(here):
            continue
        before = {name: values[here[0] - 1].copy() for name, values in arrays.items()} if here[0] else None
        if shot is not None:
            motion, weight, shot_gaps = _shot_motion(
                shot, times[here] - start, fps=fps, neutral=neutral, absolute=absolute, smoothing=smoothing
            )
            gaps += [(start + a, start + b) for a, b in shot_gaps]
            for name, _ in CHANNELS:
                arrays[name][here] = getattr(motion, name) * (1.0 if absolute else weight[:, None])
            nearest = _nearest(shot.seconds - shot.seconds[0], times[here] - start)
            inside = times[here] - start <= shot.seconds[-1] - shot.seconds[0] + 1.5 / fps
            seen[here] = shot.track.seen[nearest] & inside
            error[here] = np.where(seen[here], shot.track.error[nearest], np.nan)
        if before is not None and not absolute:
            _fade(arrays, before, here, times[here] - times[here[0]] + 1.0 / fps)
        if first and not absolute and neutral == "first":
            _fade(arrays, {name: values[0] * 0 for name, values in arrays.items()}, here, times[here])
            first = False
    arrays["eyelids"] = np.clip(arrays["eyelids"], 0.0, 1.0)
    return Timeline(rest.replace(**arrays), seen, error, tuple(gap for gap in gaps if gap[1] > gap[0]))


def _shot_motion(
    shot: TrackedShot, times: np.ndarray, *, fps: float, neutral: str, absolute: bool, smoothing: Smoothing
) -> tuple[FlameSequence, np.ndarray, list[tuple[float, float]]]:
    """A shot's motion at ``times`` (N,) from its start on; (N,) how far it is followed; its long gaps."""
    own = shot.seconds - shot.seconds[0]
    even = tidied(shot, smoothing)
    positions = np.clip(times * even.fps, 0.0, even.frames - 1)
    grid_seen = shot.track.seen[_nearest(own, np.arange(even.frames) / even.fps)]
    if absolute:
        even = calibrated_absolute(even, even[int(np.argmax(grid_seen))])
    else:
        even = calibrated(relative_to(even, neutral_of(even, grid_seen, neutral)))
    motion = even.at(positions).replace(fps=fps, shape=np.zeros(len(even.shape), np.float32))
    if not absolute:
        motion = sealed(motion, np.interp(times, own, shot.lip_gaps))
    weight = np.ones(len(times))
    gaps = _long_gaps(own, shot.track.seen, max(float(times[-1]), float(own[-1])))
    for a, b in gaps:
        leave = 1.0 if a <= 0 else smoothstep((times - a) / EASE_SECONDS)
        back = 1.0 if b > own[-1] else smoothstep((b - times) / EASE_SECONDS)
        inside = (times >= a) & (times <= b)
        weight = np.where(inside, np.minimum(weight, 1.0 - np.minimum(leave, back)), weight)
    return motion, weight, gaps


def tidied(shot: TrackedShot, smoothing: Smoothing = LIGHT) -> FlameSequence:
    """A shot's absolute motion at an even rate: lids shut where they shut, blinks' pull and tremor taken out."""
    tracked = shot.track.sequence
    lids = sharp_lids(tracked.eyelids, shot.lid_gaps, shot.lids_shut)
    lids = np.maximum(lids, blink_dips(shot.lid_gaps, tracked.fps)[:, None])
    even = unpulled(_even(tracked.replace(eyelids=lids), shot.seconds - shot.seconds[0]))
    return steadied(smoothed(even, smoothing), Steady(), even)


def _even(sequence: FlameSequence, seconds: np.ndarray) -> FlameSequence:
    """Frames at uneven times (N,) → at the even rate of their usual distance; the fps says which."""
    if len(seconds) < 2:
        return sequence
    step = float(np.median(np.diff(seconds)))
    rate = float(np.clip(1.0 / step, 1.0, 240.0))
    count = int(np.floor(seconds[-1] * rate + 1e-6)) + 1
    positions = np.interp(np.arange(count) / rate, seconds, np.arange(len(seconds)))
    return sequence.at(positions).replace(fps=rate)


def _long_gaps(seconds: np.ndarray, seen: np.ndarray, end: float) -> list[tuple[float, float]]:
    """(from the last seen, to the next seen) of every gap that is too long to be bridged."""
    known = seconds[seen]
    edges = [(float(a), float(b)) for a, b in itertools.pairwise(known)]
    if known[0] > 0:
        edges.insert(0, (0.0, float(known[0])))
    gaps = [(a, b) for a, b in edges if b - a > SHORT_GAP_SECONDS]
    if end - known[-1] > SHORT_GAP_SECONDS:
        gaps.append((float(known[-1]), end + EASE_SECONDS))
    # frames that lie far apart because the video says so are no gap in what was seen
    return [(a, b) for a, b in gaps if _unseen_between(seconds, seen, a, b)]


def _unseen_between(seconds: np.ndarray, seen: np.ndarray, a: float, b: float) -> bool:
    inside = (seconds >= a) & (seconds <= b) & ~seen
    return bool(inside.any()) or b > seconds[-1]


def _fade(
    arrays: dict[str, np.ndarray], before: dict[str, np.ndarray], here: np.ndarray, since: np.ndarray
) -> None:
    """After a cut the last pose fades instead of jumping: what is missing to it is added, less and less."""
    left = 1.0 - smoothstep(since / EASE_SECONDS)
    for name, values in arrays.items():
        offset = before[name] - values[here[0]]
        values[here] += left[:, None] * offset


def _nearest(sorted_values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Indices of the nearest of ``sorted_values`` (N,) for every one wanted."""
    middles = (sorted_values[1:] + sorted_values[:-1]) / 2
    return np.searchsorted(middles, wanted)
