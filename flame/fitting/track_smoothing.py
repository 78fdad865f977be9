"""What is done to a tracked motion once all of it is known: gaps are bridged, tremor is taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.rotations import compose
from flame.sequence import CHANNELS, FlameSequence

__all__ = ["LIGHT", "Smoothing", "Steady", "bridged", "smoothed", "steadied"]


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


def gaussian_kernel(frequency_hz: float, fps: float) -> np.ndarray:
    """(2R+1,) weights of a Gaussian whose amplitude response is −3 dB at ``frequency_hz``."""
    sigma = np.sqrt(np.log(2.0)) / (2.0 * np.pi * frequency_hz) * fps  # frames
    reach = int(np.ceil(3.0 * sigma)) if sigma > 0.2 else 0
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    return weights / weights.sum()


def _filtered(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(T, C) convolved along T; the ends are continued by point reflection, which keeps their slope."""
    reach = min(len(kernel) // 2, len(values) - 1)
    middle = len(kernel) // 2
    kernel = kernel[middle - reach : middle + reach + 1]
    kernel = kernel / kernel.sum()
    before = 2.0 * values[:1] - values[reach:0:-1]
    after = 2.0 * values[-1:] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    result = np.zeros_like(values)
    for offset, weight in enumerate(kernel):
        result += weight * padded[offset : offset + len(values)]
    return result


def _smoothed_turns(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Axis-angle (T, 3) filtered around their own middle frame, so that large turns do not wrap."""
    middle = values[len(values) // 2]
    local = compose(-np.broadcast_to(middle, values.shape), values)
    return compose(np.broadcast_to(middle, values.shape), _filtered(local, kernel))


@dataclass(frozen=True)
class Steady:
    """A second, stronger filter without delay for what hardly moves; it lets go where there is movement.

    For a group of channels: the frequency of the strong filter in Hz, and the speeds (per second, of the group as
    one vector) below which it acts fully and above which not at all. The speed is that of the course below
    :attr:`watch_hz`, so a blink or a glance is kept with its flanks and is not blurred into them.

    Attributes:
        pose: rotation and neck, radians; bust: translation, metres; mouth: jaw (radians) and expression (rig
            weights); gaze: eyes, radians; lids: eyelids.
    """

    pose: tuple[float, float, float] = (1.0, 0.03, 0.15)
    bust: tuple[float, float, float] = (1.0, 0.006, 0.03)
    mouth: tuple[float, float, float] = (2.5, 0.25, 1.2)
    gaze: tuple[float, float, float] = (1.5, 0.08, 0.5)
    lids: tuple[float, float, float] = (2.0, 0.15, 0.8)
    watch_hz: float = 4.0


_STEADY_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pose", ("rotation", "neck")),
    ("bust", ("translation",)),
    ("mouth", ("jaw", "expression")),
    ("gaze", ("eyes",)),
    ("lids", ("eyelids",)),
)


def steadied(sequence: FlameSequence, steady: Steady) -> FlameSequence:
    """The motion with tremor taken out where it is still, and untouched where it moves (see :class:`Steady`)."""
    if len(sequence) < 3:
        return sequence
    watch = gaussian_kernel(steady.watch_hz, sequence.fps)
    changes = {}
    for group, names in _STEADY_GROUPS:
        strong_hz, low, high = getattr(steady, group)
        values = np.concatenate([getattr(sequence, name) for name in names], axis=1).astype(np.float64)
        course = _filtered(values, watch) if len(watch) > 1 else values
        speed = np.linalg.norm(np.gradient(course, axis=0), axis=1) * sequence.fps
        x = np.clip((speed - low) / (high - low), 0.0, 1.0)
        moving = (x * x * (3.0 - 2.0 * x))[:, None]
        kernel = gaussian_kernel(strong_hz, sequence.fps)
        for name in names:
            own = getattr(sequence, name).astype(np.float64)
            turns = name in ("rotation", "neck")
            strong = _smoothed_turns(own, kernel) if turns else _filtered(own, kernel)
            changes[name] = strong + moving * (own - strong)
    changes["eyelids"] = np.clip(changes["eyelids"], 0.0, 1.0)
    return sequence.replace(**changes)
