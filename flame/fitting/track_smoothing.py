"""What is done to a tracked motion once all of it is known: gaps are bridged, tremor is taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.rotations import compose
from flame.sequence import CHANNELS, FlameSequence

__all__ = ["LIGHT", "Smoothing", "bridged", "smoothed"]


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
