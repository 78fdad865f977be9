"""Events on a time line become controls, with the life that nobody asks for: sway, breathing, blinks,
saccades."""

from __future__ import annotations

import numpy as np

from flame.rotations import from_yaw_pitch_roll
from flame.sequence import FlameSequence
from text2motion.corpus import curves
from text2motion.corpus.actions import CYCLE, HOLD
from text2motion.corpus.combination import combined, reconciled
from text2motion.corpus.controls import CONTROL_INDEX, CONTROLS, FACE_CONTROLS
from text2motion.corpus.performers import PERFORMERS, Event

JAW_OPEN_RADIANS = np.radians(24.4)  # the rig's jawOpen at weight 1
_SETTLE_IN_SECONDS = 0.5  # idle life grows from nothing, so that a clip starts at rest
_EXPRESSION_START = FACE_CONTROLS.index("lid_right") + 1 + len(CONTROLS) - len(FACE_CONTROLS)


def perform(
    events: list[Event], *, times: np.ndarray, generator: np.random.Generator, idle: float = 1.0
) -> np.ndarray:
    """Play events and idle life.

    Args:
        events: at their actual times.
        times: (T,) seconds, rising, the clip starting at 0 (a crop may start later).
        generator: draws what people vary.
        idle: strength of the idle life, 1 ordinary; 0 leaves only what the events do.

    Returns:
        (T, C) controls in the units of ``controls.CONTROLS``, within the limits of the rig.
    """
    mood = np.zeros((len(times), len(CONTROLS)))
    act = np.zeros_like(mood)
    for event in events:
        part = mood if event.action.axis == "mood" else act
        PERFORMERS[event.action.performer](times, part, event, generator)
    controls = combined(mood, act)
    if idle > 0.0:
        _add_idle(times, controls, generator, idle)
        _add_blinks(times, controls, events, generator)
    return reconciled(controls)


#: Idle sway by frequency: lowest and highest Hz, RMS in degrees. Set from the calm stretches of real tracked
#: clips (``python -m benchmarks.head_motion``), a little below them where a tracker trembles most.
_SWAY: dict[str, tuple[tuple[float, float, float], ...]] = {
    "yaw": ((0.06, 0.5, 0.66), (0.5, 2.0, 0.21), (2.0, 4.0, 0.085), (5.0, 7.0, 0.006)),
    "pitch": ((0.06, 0.5, 0.75), (0.5, 2.0, 0.32), (2.0, 4.0, 0.09), (5.0, 7.0, 0.006)),
    "roll": ((0.06, 0.5, 0.34), (0.5, 2.0, 0.14), (2.0, 4.0, 0.045), (5.0, 7.0, 0.003)),
    "lean_forward": ((0.05, 0.4, 0.25),),
    "lean_side": ((0.05, 0.4, 0.25),),
}
_EYES_HOLD = 0.6  # share of the sway that the eyes take back, to stay on what they look at


def _add_idle(
    times: np.ndarray, controls: np.ndarray, generator: np.random.Generator, strength: float
) -> None:
    """Sway of head and bust, breathing, small saccades, a face that is never quite still."""
    grow = strength * (1.0 - np.exp(-np.maximum(times, 0.0) / _SETTLE_IN_SECONDS))
    person = generator.uniform(0.7, 1.25)
    for name, bands in _SWAY.items():
        sway = grow * person * curves.banded(times, generator, bands)
        controls[:, CONTROL_INDEX[name]] += sway
        if name in ("yaw", "pitch"):
            controls[:, CONTROL_INDEX["gaze_" + name]] -= _EYES_HOLD * sway
    breath = np.sin(2.0 * np.pi * generator.uniform(0.2, 0.32) * times + generator.uniform(0.0, 6.3))
    controls[:, CONTROL_INDEX["rise"]] += grow * generator.uniform(0.4, 1.0) * breath
    controls[:, CONTROL_INDEX["pitch"]] += 0.15 * grow * breath
    for name, size in (("gaze_yaw", 1.5), ("gaze_pitch", 1.0)):
        jumps = np.clip(curves.fixations(times, generator, every_seconds=0.9), -2.0, 2.0)
        drift = curves.banded(times, generator, ((0.06, 0.4, 0.6 * size),))
        controls[:, CONTROL_INDEX[name]] += grow * (size * jumps + drift)
    smile = np.maximum(curves.wander(times, generator, lowest_hz=0.05, highest_hz=0.4), 0.0)
    press = np.maximum(curves.wander(times, generator, lowest_hz=0.08, highest_hz=0.5), 0.0)
    brow = np.maximum(curves.wander(times, generator, lowest_hz=0.05, highest_hz=0.5), 0.0)
    uneven = generator.normal(1.0, 0.15)
    for side, share in (("Left", uneven), ("Right", 2.0 - uneven)):
        controls[:, CONTROL_INDEX["mouthSmile" + side]] += grow * 0.02 * share * smile
        controls[:, CONTROL_INDEX["mouthPress" + side]] += grow * 0.03 * share * press
        controls[:, CONTROL_INDEX["browOuterUp" + side]] += grow * 0.03 * share * brow
    controls[:, CONTROL_INDEX["browInnerUp"]] += grow * 0.03 * brow


_LARGE_SHIFT_DEGREES = 14.0  # turns of head and gaze from which on people mostly blink (Evinger et al. 1994)
_QUIET_SECONDS = {CYCLE: 60.0}  # no blink of their own beside asked-for ones: they could not be counted


def _add_blinks(
    times: np.ndarray, controls: np.ndarray, events: list[Event], generator: np.random.Generator
) -> None:
    """Spontaneous blinks, and those that go with a large change of gaze; none while the lids act."""
    busy = []
    for event in events:
        if event.action.axis == "lids":
            counted = CYCLE if event.action.repeats(event.count) else event.action.kind
            margin = _QUIET_SECONDS.get(counted, 0.45)
            busy.append((event.start - margin, event.release + margin))
    starts = []
    at = times[0] + generator.uniform(0.5, 3.0)
    while at < times[-1]:
        starts.append(at)
        at += max(0.8, generator.gamma(3.0, 1.1))
    for event in events:
        targets = event.action.targets
        shift = abs(targets.get("yaw", 0.0) + targets.get("gaze_yaw", 0.0)) * event.amplitude
        shift = max(shift, abs(targets.get("pitch", 0.0) + targets.get("gaze_pitch", 0.0)) * event.amplitude)
        if event.action.kind == HOLD and shift > _LARGE_SHIFT_DEGREES:
            starts += [event.start + generator.uniform(-0.04, 0.08)] * int(generator.random() < 0.75)
            starts += [event.release + generator.uniform(0.0, 0.1)] * int(generator.random() < 0.5)
    lids = controls[:, CONTROL_INDEX["lid_left"] : CONTROL_INDEX["lid_right"] + 1]  # (T, 2), a view
    last = -9.0
    for start in sorted(starts):
        if start - last < 0.5 or start < 0.05 or any(begin < start < end for begin, end in busy):
            continue
        last, seconds = start, generator.uniform(0.22, 0.34)
        for side in (0, 1):
            closure = curves.blink(times, start=start + generator.normal(0.0, 0.004), seconds=seconds)
            np.maximum(lids[:, side], generator.uniform(0.92, 1.0) * closure, out=lids[:, side])


def controls_to_sequence(controls: np.ndarray, *, fps: float) -> FlameSequence:
    """(T, C) controls -> FlameSequence of the open head (relative motion: zero is rest)."""
    column = {name: controls[:, CONTROL_INDEX[name]] for name in CONTROLS[:_EXPRESSION_START]}
    degrees = {name: np.radians(value) for name, value in column.items()}
    neck = from_yaw_pitch_roll(degrees["yaw"], degrees["pitch"], degrees["roll"])
    zero = np.zeros(len(controls))
    eye = from_yaw_pitch_roll(degrees["gaze_yaw"], degrees["gaze_pitch"], zero)
    translation = np.stack([zero, 1e-3 * column["rise"], zero], axis=1)
    return FlameSequence(
        shape=np.zeros(100, np.float32),
        expression=controls[:, _EXPRESSION_START:],
        rotation=from_yaw_pitch_roll(zero, -degrees["lean_forward"], degrees["lean_side"]),
        neck=neck,
        jaw=np.stack([JAW_OPEN_RADIANS * column["jaw"], zero, zero], axis=1),
        eyes=np.concatenate([eye, eye], axis=1),
        eyelids=np.stack([column["lid_left"], column["lid_right"]], axis=1),
        translation=translation,
        fps=fps,
    )
