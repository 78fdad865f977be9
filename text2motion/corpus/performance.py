"""Events on a time line become controls, with the life that nobody asks for: sway, breathing, blinks,
saccades."""

from __future__ import annotations

import numpy as np

from flame.rotations import from_yaw_pitch_roll
from flame.sequence import FlameSequence
from text2motion.corpus import curves
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
        idle: strength of the idle life, 1 ordinary.

    Returns:
        (T, C) controls in the units of ``controls.CONTROLS``; weights clipped to [0, 1].
    """
    controls = np.zeros((len(times), len(CONTROLS)))
    for event in events:
        PERFORMERS[event.action.performer](times, controls, event, generator)
    _add_idle(times, controls, generator, idle)
    _add_blinks(times, controls, events, generator)
    weights = controls[:, CONTROL_INDEX["jaw"] :]
    np.clip(weights, 0.0, 1.0, out=weights)
    return controls


def _add_idle(
    times: np.ndarray, controls: np.ndarray, generator: np.random.Generator, strength: float
) -> None:
    """Micro sway of head and bust, breathing, small saccades, a face that is never quite still."""
    grow = strength * (1.0 - np.exp(-np.maximum(times, 0.0) / _SETTLE_IN_SECONDS))
    for name, size, low, high in (
        ("yaw", 0.7, 0.08, 0.9),
        ("pitch", 0.55, 0.08, 0.9),
        ("roll", 0.4, 0.08, 0.7),
        ("lean_forward", 0.25, 0.05, 0.4),
        ("lean_side", 0.25, 0.05, 0.4),
    ):
        amount = size * generator.uniform(0.5, 1.4)
        curve = curves.wander(times, generator, lowest_hz=low, highest_hz=high)
        controls[:, CONTROL_INDEX[name]] += grow * amount * curve
    breath = np.sin(2.0 * np.pi * generator.uniform(0.2, 0.32) * times + generator.uniform(0.0, 6.3))
    controls[:, CONTROL_INDEX["rise"]] += grow * generator.uniform(0.4, 1.0) * breath
    for name, size in (("gaze_yaw", 1.1), ("gaze_pitch", 0.8)):
        controls[:, CONTROL_INDEX[name]] += (
            grow * size * curves.fixations(times, generator, every_seconds=0.9)
        )
    smile = np.maximum(curves.wander(times, generator, lowest_hz=0.05, highest_hz=0.4), 0.0)
    brow = np.maximum(curves.wander(times, generator, lowest_hz=0.05, highest_hz=0.5), 0.0)
    for side in ("Left", "Right"):
        controls[:, CONTROL_INDEX["mouthSmile" + side]] += grow * 0.02 * smile
        controls[:, CONTROL_INDEX["mouthPress" + side]] += grow * 0.02 * brow[::-1]
    controls[:, CONTROL_INDEX["browInnerUp"]] += grow * 0.03 * brow


def _add_blinks(
    times: np.ndarray, controls: np.ndarray, events: list[Event], generator: np.random.Generator
) -> None:
    """Spontaneous blinks, and those that go with a fast change of gaze; none while the lids act."""
    busy = [(e.start - 0.3, e.release + 0.4) for e in events if e.action.axis == "lids"]
    starts = []
    at = times[0] + generator.uniform(0.5, 3.0)
    while at < times[-1]:
        starts.append(at)
        at += max(0.6, generator.gamma(3.0, 1.1))
    for event in events:
        turns = abs(event.action.targets.get("yaw", 0.0)) + abs(event.action.targets.get("gaze_yaw", 0.0))
        if turns > 15.0 and generator.random() < 0.5:
            starts.append(event.start + generator.uniform(-0.05, 0.1))
    lids = controls[:, CONTROL_INDEX["lid_left"] : CONTROL_INDEX["lid_right"] + 1]  # (T, 2), a view
    for start in starts:
        if any(begin < start < end for begin, end in busy):
            continue
        closure = generator.uniform(0.9, 1.0) * curves.blink(
            times, start=start, seconds=generator.uniform(0.22, 0.34)
        )
        np.maximum(lids, closure[:, None], out=lids)


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
