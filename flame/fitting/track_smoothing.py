"""What is done to a tracked motion once all of it is known: gaps are bridged, tremor is taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.easing import smoothstep
from flame.rotations import compose
from flame.sequence import CHANNELS, FlameSequence

__all__ = ["LIGHT", "Smoothing", "Steady", "bridged", "low_passed", "smoothed", "steadied"]


@dataclass(frozen=True)
class Smoothing:
    """Low-pass filters without delay: Gaussians whose response falls to −3 dB at these frequencies, Hz.

    None leaves a group as tracked. A blink lasts 0.1 to 0.3 s and speech moves lips at up to about 8 Hz, so
    eyelids are not smoothed at all and the mouth only above that.

    Attributes:
        pose_hz: rotation, neck, translation; expression_hz: expression, jaw; gaze_hz: eyes.
    """

    pose_hz: float | None = 5.0
    expression_hz: float | None = 8.0
    gaze_hz: float | None = 8.0
    eyelids_hz: float | None = None


LIGHT = Smoothing()
"""What a tracker does unless told otherwise."""

_GROUPS = {
    "rotation": "pose_hz",
    "neck": "pose_hz",
    "translation": "pose_hz",
    "expression": "expression_hz",
    "jaw": "expression_hz",
    "eyes": "gaze_hz",
    "eyelids": "eyelids_hz",
}


def bridged(sequence: FlameSequence, seen: np.ndarray) -> FlameSequence:
    """Frames that were not seen ((T,) False) interpolated between their seen neighbours; held at the ends."""
    if seen.all():
        return sequence
    known = np.flatnonzero(seen)
    positions = np.interp(np.arange(len(seen)), known, np.arange(len(known)))
    return (
        sequence[known[0]]
        .replace(**{name: getattr(sequence, name)[known] for name, _ in CHANNELS})
        .at(positions)
    )


def smoothed(sequence: FlameSequence, smoothing: Smoothing) -> FlameSequence:
    """Every channel filtered by its group's Gaussian; ends are mirrored about their value."""
    changes = {}
    for name, _ in CHANNELS:
        frequency = getattr(smoothing, _GROUPS[name])
        values = getattr(sequence, name).astype(np.float64)
        if frequency is None or len(values) < 3 or not values.shape[1]:
            continue
        kernel = gaussian_kernel(frequency, sequence.fps)
        if len(kernel) == 1:
            continue
        if name in ("rotation", "neck"):
            changes[name] = _smoothed_turns(values, kernel)
        else:
            changes[name] = _filtered(values, kernel)
    return sequence.replace(**changes)


def low_passed(values: np.ndarray, frequency_hz: float, fps: float) -> np.ndarray:
    """(T, C) filtered without delay by the Gaussian of :func:`gaussian_kernel`."""
    kernel = gaussian_kernel(frequency_hz, fps)
    return _filtered(values, kernel) if len(kernel) > 1 and len(values) > 2 else values


def gaussian_kernel(frequency_hz: float, fps: float) -> np.ndarray:
    """(2R+1,) weights of a Gaussian whose amplitude response is −3 dB at ``frequency_hz``."""
    sigma = np.sqrt(np.log(2.0)) / (2.0 * np.pi * frequency_hz) * fps  # frames
    reach = int(np.ceil(3.0 * sigma)) if sigma > 0.2 else 0
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    return weights / weights.sum()


def _filtered(values: np.ndarray, kernel: np.ndarray, *, level: bool = False) -> np.ndarray:
    """(T, C) convolved along T; the ends are continued by point reflection, which keeps their slope, or level."""
    reach = min(len(kernel) // 2, len(values) - 1)
    middle = len(kernel) // 2
    kernel = kernel[middle - reach : middle + reach + 1]
    kernel = kernel / kernel.sum()
    before, after = values[reach:0:-1], values[-2 : -reach - 2 : -1]
    if not level:
        before, after = 2.0 * values[:1] - before, 2.0 * values[-1:] - after
    padded = np.concatenate([before, values, after])
    result = np.zeros_like(values)
    for offset, weight in enumerate(kernel):
        result += weight * padded[offset : offset + len(values)]
    return result


def _smoothed_turns(values: np.ndarray, kernel: np.ndarray, *, level: bool = False) -> np.ndarray:
    """Axis-angle (T, 3) filtered around their own middle frame, so that large turns do not wrap."""
    middle = values[len(values) // 2]
    local = compose(-np.broadcast_to(middle, values.shape), values)
    return compose(np.broadcast_to(middle, values.shape), _filtered(local, kernel, level=level))


@dataclass(frozen=True)
class Steady:
    """A second, stronger filter without delay for what hardly moves; it lets go where there is movement.

    For a group of channels: the frequency of the strong filter in Hz, and the speeds (per second, of the group as
    one vector) below which it acts fully and above which not at all. The speed is that of the course below
    :attr:`watch_hz`, so a blink or a glance is kept with its flanks and is not blurred into them. Tremor has a speed
    as well: for pose and bust, what the clip's own tremor would make of it (a robust measure of what is above
    :attr:`tremor_hz`) is taken away first, so that a noisy detector's still head is as still as a good one's.

    Attributes:
        pose: rotation and neck, radians; bust: translation, metres; mouth: jaw (radians) and expression (rig
            weights); gaze: eyes, radians; lids: eyelids.
        turning_hz: below which the square of that speed is taken, so that a shaken head is not taken for still where
            it turns round.
        most_tremor: times the lower speed; louder tremor than this is taken for movement.
    """

    pose: tuple[float, float, float] = (1.0, 0.03, 0.15)
    bust: tuple[float, float, float] = (1.0, 0.006, 0.03)
    mouth: tuple[float, float, float] = (2.5, 0.25, 1.2)
    gaze: tuple[float, float, float] = (1.5, 0.08, 0.5)
    lids: tuple[float, float, float] = (2.0, 0.15, 0.8)
    watch_hz: float = 4.0
    tremor_hz: float = 6.0
    turning_hz: float = 2.0
    most_tremor: float = 4.0


_STEADY_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pose", ("rotation", "neck")),
    ("bust", ("translation",)),
    ("mouth", ("jaw", "expression")),
    ("gaze", ("eyes",)),
    ("lids", ("eyelids",)),
)
_TREMBLING = ("pose", "bust")
_LOUDEST = 1.2  # how far above its usual speed tremor comes
_NORMAL = 1.4826  # standard deviation over median distance


def steadied(sequence: FlameSequence, steady: Steady, tremor: FlameSequence | None = None) -> FlameSequence:
    """The motion with tremor taken out where it is still, and untouched where it moves (see :class:`Steady`).

    Args:
        tremor: the motion before it was smoothed, to measure its tremor in; the motion itself by default.
    """
    if len(sequence) < 3:
        return sequence
    watch = gaussian_kernel(steady.watch_hz, sequence.fps)
    changes = {}
    for group, names in _STEADY_GROUPS:
        strong_hz, low, high = getattr(steady, group)
        values = np.concatenate([getattr(sequence, name) for name in names], axis=1).astype(np.float64)
        course = _filtered(values, watch) if len(watch) > 1 else values
        speed = np.linalg.norm(np.gradient(course, axis=0), axis=1) * sequence.fps
        if group in _TREMBLING:
            raw = sequence if tremor is None else tremor
            loud = _tremor_speed(
                np.concatenate([getattr(raw, name) for name in names], axis=1), steady, raw.fps
            )
            around = low_passed(speed[:, None] ** 2, steady.turning_hz, sequence.fps)[:, 0]
            speed = np.sqrt(np.maximum(around - min(loud, steady.most_tremor * low) ** 2, 0.0))
        moving = smoothstep(speed, low, high)[:, None]
        kernel = gaussian_kernel(strong_hz, sequence.fps)
        for name in names:
            own = getattr(sequence, name).astype(np.float64)
            turns = name in ("rotation", "neck")
            strong = _smoothed_turns(own, kernel, level=True) if turns else _filtered(own, kernel, level=True)
            changes[name] = strong + moving * (own - strong)
    changes["eyelids"] = np.clip(changes["eyelids"], 0.0, 1.0)
    return sequence.replace(**changes)


def _tremor_speed(values: np.ndarray, steady: Steady, fps: float) -> float:
    """What tremor adds to the speed that is watched, per second: as if it were white, measured above a frequency."""
    kernel, watch = gaussian_kernel(steady.tremor_hz, fps), gaussian_kernel(steady.watch_hz, fps)
    if len(kernel) == 1 or len(watch) == 1 or len(values) < len(kernel):
        return 0.0
    quick = values - _filtered(values.astype(np.float64), kernel)
    middle = len(kernel) // 2
    passed = 1.0 - 2.0 * kernel[middle] + float((kernel**2).sum())  # of white noise's variance
    sigma = _NORMAL * np.median(np.abs(quick - np.median(quick, axis=0)), axis=0) / np.sqrt(passed)
    slope = np.gradient(np.pad(watch, 2))
    return float(_LOUDEST * np.linalg.norm(sigma) * np.sqrt((slope**2).sum()) * fps)
