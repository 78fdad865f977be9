"""How heads and eyes move: holds with a leading gaze, nods, shakes, circles, wandering looks."""

from __future__ import annotations

import numpy as np

from text2motion.corpus import curves
from text2motion.corpus.controls import CONTROL_INDEX, POSE_CONTROLS
from text2motion.corpus.events import Event, first_side, put, swapped, uneven

_GAZE = ("gaze_yaw", "gaze_pitch")
_HEAD = tuple(name for name in POSE_CONTROLS if name not in _GAZE)


def perform_hold(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Rise, overrun the goal a little, settle, stay; the gaze leads where the head turns."""
    _hold(times, controls, event, event.action.targets, generator)


def perform_either(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A one-sided movement or face whose side the words leave open."""
    targets = event.action.targets if first_side(generator) > 0 else swapped(event.action.targets)
    _hold(times, controls, event, targets, generator)


def _hold(
    times: np.ndarray,
    controls: np.ndarray,
    event: Event,
    targets: dict[str, float],
    generator: np.random.Generator,
) -> None:
    if event.action.repeats(event.count):
        _repeat(times, controls, event, targets, generator)
        return
    onset = event.onset_seconds
    fast = float(np.clip(0.9 / onset, 0.3, 1.6))  # what is done fast is overrun more
    release_seconds = float(np.clip(0.75 * onset, 0.28, 0.75))
    overshoot = generator.uniform(0.02, 0.06) * fast
    lags = {region: float(generator.normal(0.0, 0.018)) for region in ("brow", "eye", "mouth", "jaw")}
    shape = {"release_seconds": release_seconds, "release": event.release}

    def curve(lag: float, over: float, relax: float) -> np.ndarray:
        return curves.hold(
            times, start=event.start + lag, settle=event.settle + lag, overshoot=over, relax=relax, **shape
        )

    head = curve(0.0, overshoot, 0.05)
    for name, degrees in _along(targets, generator).items():
        put(controls, name, degrees * event.amplitude * head)
    for name, amount in uneven(targets, generator).items():
        if name in _HEAD:
            put(controls, name, amount * event.amplitude * head)
        elif name not in _GAZE:
            lag = lags[_region(name)] + float(generator.normal(0.0, 0.006))
            put(controls, name, amount * event.amplitude * curve(lag, 0.0, _relax(name)))
    for turn, eyes, most in (("yaw", "gaze_yaw", 12.0), ("pitch", "gaze_pitch", 8.0)):
        _lead(times, controls, event, targets.get(turn, 0.0), targets.get(eyes, 0.0), eyes, most, generator)


def _along(targets: dict[str, float], generator: np.random.Generator) -> dict[str, float]:
    """What nobody asks for and every take does differently: a turned head also tilts and dips a little, and a mood
    has its own small turn of the head."""
    size = max(abs(targets.get(name, 0.0)) for name in ("yaw", "pitch", "roll"))
    size = max(size, 6.0) if sum(name not in _GAZE for name in targets) > 3 else size
    shares = {"yaw": 0.1, "pitch": 0.07, "roll": 0.13}
    return {
        name: float(np.clip(generator.normal(0.0, share), -2.0 * share, 2.0 * share)) * size
        for name, share in shares.items()
    }


def _repeat(
    times: np.ndarray,
    controls: np.ndarray,
    event: Event,
    targets: dict[str, float],
    generator: np.random.Generator,
) -> None:
    """What is otherwise held, counted: so many rises and falls between start and settling."""
    period = event.onset_seconds / event.count
    targets = uneven(targets, generator)
    for index in range(event.count):
        start = event.start + index * period
        curve = curves.arch(times, start=start, rise=0.36 * period, stay=0.14 * period, fall=0.38 * period)
        earlier = curves.arch(
            times, start=start - 0.05, rise=0.25 * period, stay=0.22 * period, fall=0.3 * period
        )
        for name, amount in targets.items():
            put(controls, name, amount * event.amplitude * (earlier if name in _GAZE else curve))


def _lead(
    times: np.ndarray,
    controls: np.ndarray,
    event: Event,
    turn: float,
    gaze: float,
    eyes: str,
    most: float,
    generator: np.random.Generator,
) -> None:
    """The eyes jump ahead of a turning head and are carried back by it; alone they move as planned."""
    if not turn and not gaze:
        return
    turn, gaze = turn * event.amplitude, gaze * event.amplitude
    head = curves.hold(times, start=event.start, settle=event.settle, release=event.release)
    if abs(turn) < 5.0:
        controls[:, CONTROL_INDEX[eyes]] += gaze * head
        return
    lead = generator.uniform(0.06, 0.14)
    jump = min(
        0.22, 0.5 * event.onset_seconds + 0.08
    )  # seconds: a saccade blurred by a lid's and a lens's time
    ahead = curves.hold(
        times,
        start=event.start - lead,
        settle=event.start - lead + jump,
        release=event.release - lead,
        release_seconds=0.25,
    )
    reach = float(np.clip(0.6 * turn, -most, most))
    moving = np.clip(ahead - head, -1.0, 1.0)
    controls[:, CONTROL_INDEX[eyes]] += reach * moving + gaze * np.maximum(head, ahead)


def _region(name: str) -> str:
    if name.startswith("brow"):
        return "brow"
    if name.startswith(("eye", "lid", "cheekSquint")):
        return "eye"
    return "jaw" if name.startswith("jaw") else "mouth"


def _relax(name: str) -> float:
    return 0.0 if name.startswith("lid") else 0.08


def perform_nod(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Down and back ``count`` times, each a little smaller; the eyes stay on who is nodded at."""
    phase = event.phase(times) * event.count  # (T,) 0..count
    fade = 1.0 - generator.uniform(0.03, 0.15) * phase / max(event.count, 1)
    dip = 0.5 - 0.5 * np.cos(2.0 * np.pi * phase)
    prelude = curves.window(times, start=event.start - 0.12, end=event.start + 0.14, edge=0.13)
    after = curves.window(times, start=event.settle - 0.08, end=event.settle + 0.35, edge=0.16)
    size = event.action.targets["pitch"] * event.amplitude
    pitch = size * (dip * fade - 0.1 * prelude - generator.uniform(0.0, 0.06) * after)
    put(controls, "pitch", pitch)
    put(controls, "gaze_pitch", -0.6 * size * dip * fade)
    put(controls, "lean_forward", -0.08 * pitch)
    put(controls, "roll", generator.normal(0.0, 0.06) * pitch)


def perform_shake(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Side to side ``count`` times, their own left first, eyes staying on their target."""
    phase = event.phase(times)
    edge = curves.window(phase, start=0.0, end=1.0, edge=min(0.25, 0.3 / event.count))
    turn = 2.0 * np.pi * event.count * phase
    swing = np.sin(turn) * edge * (1.0 - generator.uniform(0.05, 0.2) * phase)
    if "roll" in event.action.targets:
        roll = event.action.targets["roll"] * event.amplitude * swing
        put(controls, "roll", roll)
        put(controls, "yaw", generator.normal(0.0, 0.1) * roll)
    else:
        yaw = event.action.targets["yaw"] * event.amplitude * swing
        put(controls, "yaw", yaw)
        put(controls, "gaze_yaw", -0.6 * yaw)
        put(controls, "roll", generator.normal(0.0, 0.1) * yaw)
    put(controls, "pitch", -generator.uniform(0.0, 2.0) * edge)


def perform_circle(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """The head goes round: down, side, up, side; lids droop a little as it goes back."""
    phase = event.phase(times)
    edge = curves.window(phase, start=0.0, end=1.0, edge=0.18 / event.count)
    sign = first_side(generator)
    turn = 2.0 * np.pi * event.count * phase
    size = event.amplitude * edge
    put(controls, "pitch", -event.action.targets["pitch"] * size * np.cos(turn))
    put(controls, "roll", sign * event.action.targets["roll"] * size * np.sin(turn))
    put(controls, "yaw", sign * 0.35 * event.action.targets["roll"] * size * np.sin(turn))
    put(controls, "lids", 0.35 * edge * np.maximum(-np.cos(turn), 0.0))


def perform_bob(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """As to music: the targets go to and fro at a steady beat for as long as it lasts."""
    active = curves.window(times, start=event.start, end=event.end(times), edge=0.4)
    hz = (0.9, 1.5, 2.1)[event.speed + 1] if "pitch" in event.action.targets else (0.28, 0.45, 0.8)[
        event.speed + 1
    ]  # fmt: skip
    turn = 2.0 * np.pi * hz * np.maximum(times - event.start, 0.0)
    for name, amount in event.action.targets.items():
        swing = 0.5 - 0.5 * np.cos(turn) if name == "pitch" else np.sin(turn)
        put(controls, name, amount * event.amplitude * active * swing)
    put(controls, "roll", generator.normal(0.0, 1.0) * active * np.sin(0.5 * turn))


def perform_roll_eyes(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Upper half circles of the gaze from side to side, with a slight lift and turn of the head."""
    sign = first_side(generator)
    targets, period = event.action.targets, event.onset_seconds / event.count
    for index in range(event.count):
        phase = np.clip((times - event.start) / period - index, 0.0, 1.0)
        size = event.amplitude * curves.window(phase, start=0.0, end=1.0, edge=0.25)
        put(controls, "gaze_pitch", targets["gaze_pitch"] * size * np.sin(np.pi * phase) ** 0.7)
        put(controls, "gaze_yaw", sign * targets["gaze_yaw"] * size * np.cos(np.pi * phase))
        put(controls, "pitch", targets["pitch"] * size)
        put(controls, "roll", sign * 2.0 * size)
        put(controls, "browOuterUp", 0.3 * size)
        put(controls, "lids", 0.12 * size)


def perform_look_around(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """One side, the other, and on: the head follows the eyes."""
    sign = first_side(generator, sure=0.95)
    every = (1.7, 1.15, 0.75)[event.speed + 1]
    points, at = [], event.start
    while at < min(event.end(times), float(times[-1])) - 0.4:
        points.append((at, sign * generator.uniform(0.75, 1.15)))
        sign, at = -sign, at + every * generator.uniform(0.92, 1.08)
    points.append((min(at, event.release), 0.0))
    head = curves.waypoints(times, points, move_seconds=0.65 * every) * event.amplitude
    earlier = [(start - 0.12, value) for start, value in points]
    eyes = curves.waypoints(times, earlier, move_seconds=0.3) * event.amplitude
    put(controls, "yaw", event.action.targets.get("yaw", 0.0) * head)
    put(controls, "gaze_yaw", event.action.targets["gaze_yaw"] * eyes)
    put(controls, "pitch", 1.5 * generator.normal() * head)
