"""Speech and what else goes with breath: talking, whispering, singing, shouting, laughing, sobbing, chewing.

All of it has a clock of its own that starts with the event, at a rate that words of speed change and chance
does not: what varies is the size of each beat, so that a model that knows the start knows the phase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from text2motion.corpus import curves
from text2motion.corpus.events import Event, put, uneven

#: Beats per second of slow, ordinary and fast performances; syllables of English come at 3 to 5 a second.
TALK_HZ = (3.125, 4.0, 5.0)
SING_HZ = (1.0, 1.5, 2.0)
LAUGH_HZ = (4.0, 4.5, 5.0)
SOB_HZ = (2.0, 2.5, 3.0)
CHEW_HZ = (1.1, 1.5, 2.0)
_FIRST_BEAT = 0.12  # seconds after the start


@dataclass(frozen=True)
class _Voice:
    """``hz`` of syllables; ``base`` share of the jaw that stays open between them; ``lips`` strength of lip shapes;
    ``head`` degrees of a stressed beat; ``pause`` chance of one after each phrase."""

    hz: tuple[float, float, float] = TALK_HZ
    base: float = 0.12
    lips: float = 1.0
    head: float = 2.2
    pause: float = 0.8
    closures: float = 0.3


_VOICES = {
    "talk": _Voice(),
    "whisper": _Voice(lips=0.7, head=1.0, base=0.2),
    "mumble": _Voice(lips=0.5, head=0.6, base=0.1, closures=0.5),
    "sing": _Voice(hz=SING_HZ, base=0.15, lips=0.8, head=3.0, pause=0.4, closures=0.1),
    "shout": _Voice(hz=(2.2, 2.8, 3.4), base=0.2, lips=0.9, head=4.0, closures=0.05),
}
_LIP_SHAPES: tuple[dict[str, float], ...] = (
    {"mouthFunnel": 0.38, "mouthPucker": 0.25},
    {"mouthPucker": 0.5, "mouthFunnel": 0.1},
    {"mouthStretch": 0.35, "mouthSmile": 0.15},
    {"mouthLowerDown": 0.35, "mouthUpperUp": 0.15},
    {"mouthUpperUp": 0.2, "mouthStretch": 0.15},
)


def perform_talk(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """Syllables on a steady clock, stressed and unstressed, in phrases with pauses; lips round, spread and
    close; head and brows mark the stress, eyes leave and come back."""
    voice = _VOICES.get(event.action.name, _VOICES["talk"])
    step = 1.0 / voice.hz[event.speed + 1]
    end = event.end(times)
    active = curves.window(times, start=event.start, end=end, edge=0.15)
    jaw_size = event.action.targets["jaw"] * event.amplitude
    speaking = np.zeros(len(times))
    left, stressed, last_shape = int(generator.integers(5, 9)), 0, -1
    for k in range(int(max(end - event.start - 0.2, 0.0) / step) + 1):
        at = event.start + _FIRST_BEAT + k * step
        if left <= 0:
            left = int(generator.integers(5, 9))
            if generator.random() < voice.pause:
                continue
        left -= 1
        stressed = 0 if stressed > 1 or (stressed == 1 and generator.random() < 0.5) else stressed + 1
        strong = stressed == 0 or k == 0
        size = generator.uniform(0.95, 1.35) if strong else generator.uniform(0.5, 0.85)
        pulse = curves.beat(times, at=at, seconds=(1.25 if strong else 1.05) * step) * active
        speaking = np.maximum(speaking, curves.beat(times, at=at, seconds=2.4 * step))
        put(controls, "jaw", jaw_size * size * pulse)
        shape = int(generator.integers(len(_LIP_SHAPES)))
        shape = (shape + 1) % len(_LIP_SHAPES) if shape == last_shape else shape
        last_shape = shape
        for name, amount in _LIP_SHAPES[shape].items():
            size_of = amount * voice.lips * generator.uniform(0.6, 1.3) * min(event.amplitude, 1.2)
            put(controls, name, size_of * curves.beat(times, at=at + 0.02, seconds=1.5 * step) * active)
        if generator.random() < voice.closures:
            shut = curves.beat(times, at=at - 0.5 * step, seconds=0.8 * step) * active
            put(controls, "mouthPress", 0.4 * shut)
            put(controls, "mouthRollLower", 0.3 * shut)
        if strong:
            mark = curves.beat(times, at=at + 0.03, seconds=1.7 * step) * active
            put(controls, "pitch", -voice.head * generator.uniform(0.3, 1.2) * mark)
            if generator.random() < 0.3:
                put(controls, "browInnerUp", 0.25 * mark)
                put(controls, "browOuterUp", 0.3 * mark)
    put(controls, "jaw", voice.base * jaw_size * speaking * active)
    extra = {name: amount for name, amount in event.action.targets.items() if name != "jaw"}
    for name, amount in uneven(extra, generator).items():
        put(controls, name, amount * event.amplitude * active)
    _talking_head(times, controls, active, voice.head / 2.2, generator)


def _talking_head(
    times: np.ndarray, controls: np.ndarray, active: np.ndarray, size: float, generator: np.random.Generator
) -> None:
    """Slow turns and tilts of somebody who speaks; the eyes stay on the listener, but for glances off."""
    yaw = 1.7 * curves.wander(times, generator, lowest_hz=0.3, highest_hz=1.1)
    put(controls, "yaw", size * active * yaw)
    put(controls, "gaze_yaw", -0.7 * size * active * yaw)
    put(
        controls,
        "roll",
        1.2 * size * active * curves.wander(times, generator, lowest_hz=0.25, highest_hz=0.9),
    )
    put(
        controls,
        "pitch",
        1.0 * size * active * curves.wander(times, generator, lowest_hz=0.4, highest_hz=1.2),
    )


def perform_laugh(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A broad smile; bursts of four or five ha-ha with a breath between them; the head goes back with each burst and
    jaw, head and shoulders bounce with every ha."""
    size = min(event.amplitude, 1.25)
    end = event.end(times)
    smile = curves.hold(times, start=event.start, settle=event.start + 0.35, release=event.release)
    hz = LAUGH_HZ[event.speed + 1]
    bounce, thrown = np.zeros(len(times)), np.zeros(len(times))
    burst = event.start + _FIRST_BEAT
    while burst < end - 0.2:
        beats = int(generator.integers(4, 6))
        for k in range(beats):
            at = burst + (k + 0.5) / hz
            fade = 1.0 - 0.1 * k
            bounce += fade * curves.beat(times, at=at, seconds=1.0 / hz) * (at < end)
        thrown += curves.arch(times, start=burst - 0.1, rise=0.35, stay=(beats - 2) / hz, fall=0.5)
        burst += (beats + 1) / hz
    bounce *= smile
    for name, amount in uneven(event.action.targets, generator).items():
        if name != "jaw":
            put(controls, name, amount * min(size, 1.1) * smile * (0.85 + 0.15 * np.minimum(thrown, 1.0)))
    jaw = event.action.targets["jaw"] * size
    put(controls, "jaw", smile * jaw * (0.4 + 0.15 * np.minimum(thrown, 1.0)) + 0.6 * jaw * bounce)
    back = generator.uniform(3.5, 6.0) if event.action.name == "laugh" else generator.uniform(-2.5, 0.5)
    put(controls, "pitch", size * smile * back * np.minimum(thrown, 1.0) + 1.6 * size * bounce)
    put(controls, "rise", 1.8 * size * bounce)
    put(controls, "lean_forward", -1.6 * size * smile * np.minimum(thrown, 1.0))
    put(controls, "roll", generator.normal(0.0, 2.0) * smile)


def perform_sob(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """A crying face, the head down, breath that catches in runs of three."""
    size = min(event.amplitude, 1.25)
    held = curves.hold(times, start=event.start, settle=event.start + 0.6, release=event.release)
    hz = SOB_HZ[event.speed + 1]
    catch, at, k = np.zeros(len(times)), event.start + 0.4, 0
    while at < event.end(times):
        catch += curves.beat(times, at=at, seconds=0.9 / hz) * held
        k += 1
        at += (1.0 if k % 3 else 2.2) / hz
    for name, amount in uneven(event.action.targets, generator).items():
        put(controls, name, amount * size * held)
    put(controls, "jaw", 0.14 * size * catch)
    put(controls, "lids", 0.15 * catch)
    put(controls, "rise", 2.5 * size * catch)
    put(controls, "pitch", -2.0 * size * catch)


def perform_chew(
    times: np.ndarray, controls: np.ndarray, event: Event, generator: np.random.Generator
) -> None:
    """The jaw goes down, aside and up at a steady beat, lips closed, cheeks and temples working."""
    active = curves.window(times, start=event.start, end=event.end(times), edge=0.25)
    turn = 2.0 * np.pi * CHEW_HZ[event.speed + 1] * np.maximum(times - event.start, 0.0)
    size = event.amplitude * active
    down = size * (0.5 - 0.5 * np.cos(turn))
    put(controls, "jaw", event.action.targets["jaw"] * down)
    put(controls, "mouthClose", event.action.targets["mouthClose"] * down)
    side = generator.uniform(0.4, 0.6) * size * np.sin(turn)
    put(controls, "jawLeft", np.maximum(side, 0.0))
    put(controls, "jawRight", np.maximum(-side, 0.0))
    put(controls, "mouthPress", 0.3 * active + 0.25 * (size - down))
    put(controls, "cheekPuff", 0.2 * down)
    put(controls, "mouthLeft", 0.35 * np.maximum(side, 0.0))
    put(controls, "mouthRight", 0.35 * np.maximum(-side, 0.0))
    put(controls, "pitch", -0.5 * down)
