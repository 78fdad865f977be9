"""How faces move beyond rising and staying: lids, brows, lips and cheeks, moods with a life of their own."""

from __future__ import annotations

import numpy as np

from text2motion.corpus import curves
from text2motion.corpus.controls import CONTROL_INDEX
from text2motion.corpus.events import Event, add, first_side, put, swapped, uneven
from text2motion.corpus.performers_head import perform_hold


def perform_lid_pulse(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Blinks: ``count`` closures spread evenly over the span, the brows following the lids a little."""
    period = event.onset_seconds / event.count
    for index in range(event.count):
        start, seconds = event.start + index * period, max(0.75 * period, 0.16)
        for name, amount in event.action.targets.items():
            lag = generator.normal(0.0, 0.004)
            put(controls, name, amount * curves.blink(times, start=start + lag, seconds=seconds))
        put(controls, "browDown", 0.06 * curves.blink(times, start=start, seconds=seconds))


def perform_wink(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """One eye, ``count`` times, with its cheek, its corner of the mouth and a dip of the head to that side;
    the other lid comes along a little, as it does in most people."""
    targets = event.action.targets
    left = "lid_left" in targets
    period = event.onset_seconds / event.count
    other = generator.uniform(0.0, 0.12)
    for index in range(event.count):
        start, seconds = event.start + index * period, max(0.95 * period, 0.2)
        pulse = curves.blink(times, start=start, seconds=seconds)
        slower = curves.blink(times, start=start - 0.04, seconds=seconds + 0.12)
        for name, amount in targets.items():
            put(controls, name, amount * (pulse if name.startswith("lid") else slower))
        put(controls, "lid_right" if left else "lid_left", other * pulse)
        put(controls, "roll", (2.5 if left else -2.5) * slower)
        put(controls, "pitch", -1.5 * slower)


def perform_either_wink(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A wink of either eye."""
    from dataclasses import replace

    side = event.action if first_side(generator) > 0 else None
    if side is None:
        side = replace(event.action, targets=swapped(event.action.targets))
    perform_wink(times, controls, replace(event, action=side), generator)


def perform_pulse(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Rise, stay a moment, fall, ``count`` times."""
    _bumps(times, controls, event, generator, rise=0.36, stay=0.22, fall=0.36)


def perform_tap(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Quick single bumps with rest between them: a flash of the brows, a sniff."""
    _bumps(times, controls, event, generator, rise=0.28, stay=0.1, fall=0.42)


def _bumps(
    times: np.ndarray,
    controls: np.ndarray,
    event: Event,
    generator: np.random.Generator,
    *,
    rise: float,
    stay: float,
    fall: float,
) -> None:
    """``count`` equal bumps side by side; their parts are shares of one bump's time."""
    period = event.onset_seconds / event.count
    targets = uneven(event.action.targets, generator)
    for index in range(event.count):
        start = event.start + index * period
        curve = curves.arch(times, start=start, rise=rise * period, stay=stay * period, fall=fall * period)
        add(controls, targets, curve, event.amplitude)


def perform_yawn(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """The mouth opens slowly and wide, stays, shuts faster; lids close, brows strain, the head goes back and
    sinks; the lips are pressed afterwards."""
    period = event.onset_seconds / event.count
    targets = uneven(event.action.targets, generator)
    size = min(event.amplitude, 1.15)
    for index in range(event.count):
        start = event.start + index * period
        jaw = curves.arch(times, start=start, rise=0.42 * period, stay=0.2 * period, fall=0.26 * period)
        lids = curves.arch(
            times, start=start + 0.22 * period, rise=0.24 * period, stay=0.2 * period, fall=0.26 * period
        )
        for name, amount in targets.items():
            put(controls, name, amount * size * (lids if name.startswith(("lid", "eye", "brow")) else jaw))
        put(controls, "pitch", 9.0 * size * jaw)
        put(controls, "gaze_pitch", -6.0 * jaw)
        put(controls, "rise", 3.0 * size * jaw)
        put(controls, "roll", generator.normal(0.0, 1.5) * jaw)
        after = curves.arch(times, start=start + 0.84 * period, rise=0.08 * period, stay=0.1, fall=0.35)
        put(controls, "mouthPress", 0.35 * after)


def perform_kiss(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Lips push forward with a nod towards the other, lids half shut, and part with a smack."""
    period = event.onset_seconds / event.count
    size = min(event.amplitude, 1.15)
    for index in range(event.count):
        start = event.start + index * period
        push = curves.arch(times, start=start, rise=0.26 * period, stay=0.4 * period, fall=0.16 * period)
        part = curves.beat(times, at=start + 0.76 * period, seconds=0.28 * period)
        add(controls, event.action.targets, push, size)
        put(controls, "lids", 0.45 * push)
        put(controls, "lipsPart", 0.5 * part)
        put(controls, "pitch", 3.0 * push - 2.0 * part)
        put(controls, "lean_forward", 2.0 * push)
        put(controls, "roll", generator.normal(0.0, 1.5) * push)


def perform_blow(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A breath in, then lips round and cheeks full, which empty while the air goes."""
    breath = min(0.35, 0.45 * event.onset_seconds)
    inhale = curves.arch(times, start=event.start, rise=breath, stay=0.0, fall=0.2)
    curve = curves.hold(
        times, start=event.start + breath, settle=event.settle + 0.1, release=event.release, relax=0.12
    )
    put(controls, "jaw", 0.14 * inhale)
    put(controls, "pitch", 2.5 * inhale - 1.5 * event.amplitude * curve)
    put(controls, "rise", 2.5 * inhale)
    put(controls, "lean_forward", 2.0 * event.amplitude * curve)
    add(controls, event.action.targets, curve, min(event.amplitude, 1.2))


def perform_sigh(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A deep breath lifts chest and head; then everything sinks, lips apart, lids low."""
    period = event.onset_seconds / event.count
    size = event.amplitude
    for index in range(event.count):
        start = event.start + index * period
        inhale = curves.arch(times, start=start, rise=0.34 * period, stay=0.04 * period, fall=0.3 * period)
        out = curves.arch(
            times, start=start + 0.38 * period, rise=0.22 * period, stay=0.14 * period, fall=0.26 * period
        )
        put(controls, "rise", size * (6.0 * inhale - 4.0 * out))
        put(controls, "pitch", size * (3.0 * inhale - 6.0 * out))
        put(controls, "lids", 0.45 * out)
        put(controls, "browInnerUp", 0.2 * inhale + 0.25 * out)
        add(controls, event.action.targets, out, size)


def perform_burst(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Coughs and sneezes: the head draws back, lids shut, and is thrown forward as the mouth bursts open."""
    period = event.onset_seconds / event.count
    drawn = 0.55 if event.action.name == "sneeze" else 0.2  # share of the period spent drawing breath
    for index in range(event.count):
        start = event.start + index * period
        back = curves.arch(
            times, start=start, rise=0.8 * drawn * period, stay=0.15 * drawn * period, fall=0.12
        )
        at = start + (drawn + 0.16) * period
        out = curves.arch(times, start=at - 0.1, rise=0.1, stay=0.06, fall=0.55 * (1.0 - drawn) * period)
        size = event.amplitude * (1.0 - 0.12 * index)
        add(controls, event.action.targets, out, size)
        put(controls, "lids", 0.9 * np.maximum(out, 0.8 * back if drawn > 0.4 else 0.0))
        put(controls, "jaw", 0.3 * drawn * back)
        put(controls, "browInnerUp", 0.7 * drawn * back)
        put(controls, "pitch", size * (12.0 * drawn * back - 7.0 * out))
        put(controls, "lean_forward", size * (4.0 * out - 3.0 * drawn * back))


def perform_lick(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """The tongue comes out a little and passes from one corner to the other."""
    period = event.onset_seconds / event.count
    sign = first_side(generator)
    for index in range(event.count):
        phase = np.clip((times - event.start) / period - index, 0.0, 1.0)
        edge = curves.window(phase, start=0.0, end=1.0, edge=0.3)
        add(controls, event.action.targets, edge, min(event.amplitude, 1.2))
        swing = sign * np.cos(np.pi * phase) * edge
        put(controls, "jawLeft", 0.3 * np.maximum(swing, 0.0))
        put(controls, "jawRight", 0.3 * np.maximum(-swing, 0.0))
        after = curves.arch(times, start=event.start + (index + 0.9) * period, rise=0.15, stay=0.1, fall=0.25)
        put(controls, "mouthPress", 0.4 * after)


def perform_tremble(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Held as ever, with a quiver of lips and chin that comes and goes."""
    perform_hold(times, controls, event, generator)
    active = curves.window(times, start=event.start, end=event.end(times), edge=0.4)
    swell = 0.6 + 0.4 * curves.wander(times, generator, lowest_hz=0.3, highest_hz=0.8)
    quiver = np.sin(2.0 * np.pi * 4.5 * np.maximum(times - event.start, 0.0))
    for name in ("mouthShrugLower", "mouthPressLeft", "mouthPressRight"):
        put(controls, name, 0.14 * active * np.clip(swell, 0.0, 1.2) * (0.5 + 0.5 * quiver))


def perform_restless(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A mood that cannot keep still: eyes dart off and back, the head after them a little, lips work."""
    perform_hold(times, controls, event, generator)
    active = curves.window(times, start=event.settle, end=event.end(times), edge=0.3)
    if active.max() <= 0.0:
        return
    size = min(event.amplitude, 1.3)
    yaw = curves.fixations(times, generator, every_seconds=0.7)
    pitch = curves.fixations(times, generator, every_seconds=1.1)
    put(controls, "gaze_yaw", 4.5 * size * active * np.clip(yaw, -2.0, 2.0))
    put(controls, "gaze_pitch", 2.0 * size * active * np.clip(pitch, -2.0, 2.0))
    put(controls, "yaw", 1.2 * size * active * curves.wander(times, generator, lowest_hz=0.3, highest_hz=1.2))
    work = np.maximum(curves.wander(times, generator, lowest_hz=0.4, highest_hz=1.2), 0.0)
    put(controls, "mouthPress", 0.12 * active * work)


def perform_drooping(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A mood that sinks: lids and head go down slowly and are caught again, with slow blinks."""
    perform_hold(times, controls, event, generator)
    active = curves.window(times, start=event.settle, end=event.end(times), edge=0.4)
    if active.max() <= 0.0:
        return
    size = min(event.amplitude, 1.3)
    every = generator.uniform(2.2, 2.8)
    cycle = np.maximum(times - event.settle, 0.0) % every / every  # (T,) sink over 0.75, catch in the rest
    sink = curves.minimum_jerk(cycle / 0.75) * (1.0 - curves.minimum_jerk((cycle - 0.8) / 0.2))
    lids = event.action.targets.get("lid_left", 0.3)
    put(controls, "lids", 0.45 * lids * size * active * sink)
    put(controls, "pitch", -2.5 * size * active * sink)
    put(controls, "gaze_pitch", -2.0 * size * active * sink)


def perform_bouncing(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A mood full of energy: small bounces of head and bust, brows that join in."""
    perform_hold(times, controls, event, generator)
    active = curves.window(times, start=event.settle, end=event.end(times), edge=0.4)
    turn = 2.0 * np.pi * 1.6 * np.maximum(times - event.settle, 0.0)
    size = min(event.amplitude, 1.3) * active
    put(controls, "pitch", 1.6 * size * np.sin(turn))
    put(controls, "rise", 1.5 * size * np.sin(turn + 0.5))
    sway = curves.wander(times, generator, lowest_hz=0.3, highest_hz=0.9)
    put(controls, "yaw", 1.5 * size * sway)
    put(controls, "roll", 1.2 * size * np.roll(sway, 3))
    controls[:, CONTROL_INDEX["browInnerUp"]] += 0.1 * size * (0.5 + 0.5 * np.sin(turn))
