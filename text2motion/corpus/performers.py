"""Actions that do more than rise and stay: nods, blinks, laughter, speech …

A performer writes into ``controls`` (T, C); it is given an event (times in seconds, amplitude, repetitions)
and draws what people vary from ``generator``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from text2motion.corpus import curves
from text2motion.corpus.actions import Action
from text2motion.corpus.controls import CONTROL_INDEX


@dataclass(frozen=True)
class Event:
    """An action at its actual times."""

    action: Action
    start: float
    settle: float
    release: float
    amplitude: float = 1.0
    count: int = 1


Performer = Callable[[np.ndarray, np.ndarray, Event, np.random.Generator], None]


def add(controls: np.ndarray, targets: dict[str, float], curve: np.ndarray, scale: float = 1.0) -> None:
    """Add ``curve`` (T,) times every target amount to its control."""
    for name, amount in targets.items():
        controls[:, CONTROL_INDEX[name]] += amount * scale * curve


def swapped(targets: dict[str, float]) -> dict[str, float]:
    """The same face in the mirror: left and right exchanged, yaw and roll reversed."""
    result = {}
    for name, amount in targets.items():
        if "Left" in name or "Right" in name:
            name = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
        elif name in ("lid_left", "lid_right"):
            name = "lid_right" if name == "lid_left" else "lid_left"
        elif name in ("yaw", "roll", "gaze_yaw", "lean_side"):
            amount = -amount
        result[name] = amount
    return result


def perform_hold(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Rise, settle a little, stay; the gaze leads where the head turns."""
    curve = curves.hold(times, start=event.start, settle=event.settle, release=event.release)
    targets = {
        name: amount * (generator.normal(1.0, 0.06) if "Left" in name or "Right" in name else 1.0)
        for name, amount in event.action.targets.items()
    }
    add(controls, targets, curve, event.amplitude)
    for head, eyes, most in (("yaw", "gaze_yaw", 12.0), ("pitch", "gaze_pitch", 8.0)):
        turn = targets.get(head, 0.0) * event.amplitude
        if abs(turn) < 8.0:
            continue
        lead = generator.uniform(0.08, 0.18)
        ahead = curves.hold(
            times, start=event.start - lead, settle=event.settle - lead, release=event.release - lead
        )
        reach = np.clip(turn * 1.1, -most, most)
        controls[:, CONTROL_INDEX[eyes]] += reach * (ahead - curve) * generator.uniform(0.7, 1.3)


def perform_either_side(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A movement whose side the words leave open."""
    sign = _first_side(generator)
    curve = curves.hold(times, start=event.start, settle=event.settle, release=event.release)
    for name, amount in event.action.targets.items():
        controls[:, CONTROL_INDEX[name]] += (
            amount * event.amplitude * curve * (sign if "yaw" in name else 1.0)
        )


def perform_either_mirror(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A one-sided face whose side the words leave open."""
    curve = curves.hold(times, start=event.start, settle=event.settle, release=event.release)
    targets = event.action.targets if _first_side(generator) > 0 else swapped(event.action.targets)
    add(controls, targets, curve, event.amplitude)


def _first_side(generator: np.random.Generator, *, sure: float = 0.8) -> float:
    """+1 to begin at their own left, which most people here do: an even choice would average to no movement
    in a model's first, coarsest step."""
    return 1.0 if generator.random() < sure else -1.0


def _phase(times: np.ndarray, event: Event) -> np.ndarray:
    return np.clip((times - event.start) / max(event.settle - event.start, 0.08), 0.0, 1.0)


def perform_nod(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Down and back ``count`` times, each a little smaller."""
    phase = _phase(times, event) * event.count  # (T,) 0..count
    fade = 1.0 - generator.uniform(0.05, 0.25) * phase / max(event.count, 1)
    dip = 0.5 - 0.5 * np.cos(2.0 * np.pi * phase)
    prelude = curves.window(times, start=event.start - 0.15, end=event.start + 0.15, edge=0.15)
    curve = dip * fade - 0.12 * prelude
    controls[:, CONTROL_INDEX["pitch"]] += event.action.targets["pitch"] * event.amplitude * curve
    controls[:, CONTROL_INDEX["gaze_pitch"]] -= (
        0.6 * event.action.targets["pitch"] * event.amplitude * dip * fade
    )


def perform_shake(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Side to side ``count`` times, either side first, eyes staying on their target."""
    phase = _phase(times, event)
    edge = curves.window(phase, start=0.0, end=1.0, edge=min(0.25, 0.5 / event.count))
    sign = _first_side(generator, sure=0.95)
    swing = sign * np.sin(2.0 * np.pi * event.count * phase) * edge * (1.0 - 0.2 * phase)
    yaw = event.action.targets["yaw"] * event.amplitude * swing
    controls[:, CONTROL_INDEX["yaw"]] += yaw
    controls[:, CONTROL_INDEX["gaze_yaw"]] -= 0.6 * yaw
    controls[:, CONTROL_INDEX["roll"]] += generator.normal(0.0, 0.12) * yaw


def perform_circle(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """The head goes round: down, side, up, side."""
    phase = _phase(times, event)
    edge = curves.window(phase, start=0.0, end=1.0, edge=0.2)
    sign = _first_side(generator)
    turn = 2.0 * np.pi * event.count * phase
    size = event.amplitude * edge
    controls[:, CONTROL_INDEX["pitch"]] -= event.action.targets["pitch"] * size * np.cos(turn)
    controls[:, CONTROL_INDEX["roll"]] += sign * event.action.targets["roll"] * size * np.sin(turn)


def perform_roll_eyes(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """An upper half circle of the gaze from side to side, with a slight lift of the head."""
    phase = _phase(times, event)
    sign = _first_side(generator)
    size = event.amplitude * curves.window(phase, start=0.0, end=1.0, edge=0.25)
    targets = event.action.targets
    controls[:, CONTROL_INDEX["gaze_pitch"]] += targets["gaze_pitch"] * size * np.sin(np.pi * phase)
    controls[:, CONTROL_INDEX["gaze_yaw"]] += sign * targets["gaze_yaw"] * size * np.cos(np.pi * phase)
    controls[:, CONTROL_INDEX["pitch"]] += targets["pitch"] * size


def perform_lid_pulse(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Blinks and winks: ``count`` closures spread over the span."""
    period = (event.settle - event.start) / event.count
    share = (
        0.95
        if "cheekSquintLeft" in event.action.targets or "cheekSquintRight" in event.action.targets
        else 0.75
    )
    for index in range(event.count):
        pulse = curves.blink(times, start=event.start + index * period, seconds=max(period * share, 0.16))
        add(controls, event.action.targets, pulse)


def perform_either_wink(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A wink of either eye."""
    targets = event.action.targets if _first_side(generator) > 0 else swapped(event.action.targets)
    pulse = curves.blink(times, start=event.start, seconds=max(event.settle - event.start, 0.2))
    add(controls, targets, pulse)


def perform_pulse(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Rise, stay a moment, fall (a yawn, a kiss), ``count`` times."""
    period = (event.settle - event.start) / event.count
    for index in range(event.count):
        start = event.start + index * period
        curve = curves.window(times, start=start, end=start + period, edge=0.4 * period)
        add(controls, event.action.targets, curve, event.amplitude)
    if event.action.name == "yawn":
        controls[:, CONTROL_INDEX["pitch"]] += (
            7.0
            * event.amplitude
            * curves.window(times, start=event.start, end=event.settle, edge=0.4 * period)
        )


def perform_laugh(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A broad smile, the jaw and the head bouncing four to five times a second in bursts."""
    curve = curves.hold(times, start=event.start, settle=event.start + 0.4, release=event.release)
    rate = generator.uniform(4.0, 5.2)
    burst = 0.6 + 0.4 * np.sin(
        2.0 * np.pi * generator.uniform(0.4, 0.8) * (times - event.start) + generator.uniform(0, 6.3)
    )
    bounce = 0.5 - 0.5 * np.cos(2.0 * np.pi * rate * np.maximum(times - event.start, 0.0))
    jaw = event.action.targets["jaw"] * (0.5 + 0.5 * burst * (0.4 + 0.6 * bounce))
    add(
        controls,
        {k: v for k, v in event.action.targets.items() if k != "jaw"},
        curve,
        min(event.amplitude, 1.1),
    )
    controls[:, CONTROL_INDEX["jaw"]] += jaw * curve * event.amplitude
    controls[:, CONTROL_INDEX["pitch"]] += curve * event.amplitude * (2.0 + 1.6 * burst * bounce)
    controls[:, CONTROL_INDEX["lean_forward"]] -= 1.2 * curve * burst


def perform_talk(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Syllables at four a second with pauses; lips round, spread and close at random; the head marks the
    beat."""
    active = curves.window(times, start=event.start, end=min(event.release, times[-1] + 1.0), edge=0.15)
    at = event.start + 0.05
    while at < min(event.release, times[-1]):
        if generator.random() < 0.12:
            at += generator.uniform(0.15, 0.4)
        length = generator.uniform(0.16, 0.32)
        pulse = curves.blink(times, start=at, seconds=length * 1.25) * active
        shape = ("mouthFunnel", "mouthPucker", "mouthStretch", "mouthLowerDown")[generator.integers(4)]
        sides = ("",) if shape in ("mouthFunnel", "mouthPucker") else ("Left", "Right")
        size = generator.uniform(0.15, 0.45)
        for side in sides:
            controls[:, CONTROL_INDEX[shape + side]] += size * pulse
        controls[:, CONTROL_INDEX["jaw"]] += (
            event.action.targets["jaw"] * generator.uniform(0.4, 1.3) * pulse * event.amplitude
        )
        at += length
    controls[:, CONTROL_INDEX["pitch"]] += (
        active * 1.6 * curves.wander(times, generator, lowest_hz=0.5, highest_hz=2.0)
    )
    controls[:, CONTROL_INDEX["yaw"]] += (
        active * 1.6 * curves.wander(times, generator, lowest_hz=0.3, highest_hz=1.2)
    )
    controls[:, CONTROL_INDEX["browInnerUp"]] += (
        active * 0.12 * np.maximum(curves.wander(times, generator, lowest_hz=0.3, highest_hz=1.0), 0.0)
    )


def perform_chew(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """The jaw goes round one and a half times a second, lips closed."""
    active = curves.window(times, start=event.start, end=min(event.release, times[-1] + 1.0), edge=0.25)
    turn = 2.0 * np.pi * generator.uniform(1.2, 1.7) * np.maximum(times - event.start, 0.0)
    controls[:, CONTROL_INDEX["jaw"]] += event.action.targets["jaw"] * active * (0.5 - 0.5 * np.cos(turn))
    controls[:, CONTROL_INDEX["mouthClose"]] += (
        event.action.targets["mouthClose"] * active * (0.5 - 0.5 * np.cos(turn))
    )
    sideways = 0.3 * active * np.sin(turn)
    controls[:, CONTROL_INDEX["jawLeft"]] += np.maximum(sideways, 0.0)
    controls[:, CONTROL_INDEX["jawRight"]] += np.maximum(-sideways, 0.0)
    for side in ("Left", "Right"):
        controls[:, CONTROL_INDEX["mouthPress" + side]] += 0.3 * active


def perform_look_around(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """One side, the other, and on: the head follows the eyes."""
    sign = _first_side(generator)
    points, at = [], event.start
    while at < min(event.release, event.settle, times[-1]) - 0.4:
        points.append((at, sign * generator.uniform(0.7, 1.15)))
        sign, at = -sign, at + generator.uniform(0.9, 1.4)
    points.append((min(at, event.release), 0.0))
    head = curves.waypoints(times, points, move_seconds=0.7) * event.amplitude
    eyes = (
        curves.waypoints(times, [(start - 0.12, value) for start, value in points], move_seconds=0.35)
        * event.amplitude
    )
    controls[:, CONTROL_INDEX["yaw"]] += event.action.targets["yaw"] * head
    controls[:, CONTROL_INDEX["gaze_yaw"]] += event.action.targets["gaze_yaw"] * eyes


PERFORMERS: dict[str, Performer] = {
    "": perform_hold,
    "either_side": perform_either_side,
    "either_mirror": perform_either_mirror,
    "nod": perform_nod,
    "shake": perform_shake,
    "circle": perform_circle,
    "roll_eyes": perform_roll_eyes,
    "lid_pulse": perform_lid_pulse,
    "either_wink": perform_either_wink,
    "pulse": perform_pulse,
    "laugh": perform_laugh,
    "talk": perform_talk,
    "chew": perform_chew,
    "look_around": perform_look_around,
}
