"""What moves besides the mouth when a person speaks: head, brows, blinks and gaze, tied to the voice.

One way of saying something goes with many ways of moving the head, so everything here is drawn from a seed;
what is *when* is tied to the speech:

- head nods, beats and brow raises sit on some of the stressed syllables (Hadar et al., Head Movement Correlates
  of Juncture and Stress, 1983; Graf et al., Visual Prosody, 2002);
- the slow rise and fall of the head follows that of the pitch (Yehia, Kuratate & Vatikiotis-Bateson 2002; Munhall
  et al. 2004: pitch and head correlate at about 0.4 to 0.6);
- posture changes at phrase boundaries (Hadar), the head settles in pauses;
- blinks come 10 to 25 a minute, most at phrase ends (Nakano & Kitazawa 2010), shut in 70 ms and open slower;
- gaze rests on the viewer with short looks away, mostly as a phrase begins or stalls (Kendon 1967), and the eyes
  turn against the head so that they stay where they look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driving.speech.coarticulation import vowel_stress
from driving.speech.loudness import Prosody
from driving.speech.moods import MOOD_TABLE, Mood
from driving.speech.phones import SILENCE, VOWELS, PhoneSpan
from flame.rig import EXPRESSION_NAMES, GAZE_PITCH_RADIANS, GAZE_YAW_RADIANS

_PHRASE_PAUSE = 0.22
_STABLE_GAZE = 0.75  # share of the head's turn that the eyes take back


@dataclass(frozen=True, eq=False)
class Liveliness:
    """Everything but the mouth at frames i / fps.

    Attributes:
        expression: (T, 53) float32, brows and the lids that follow the gaze.
        neck, rotation, translation: (T, 3) radians, radians, metres.
        eyes: (T, 6) radians. eyelids: (T, 2), 0 open to 1 shut.
    """

    expression: np.ndarray
    neck: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    eyes: np.ndarray
    eyelids: np.ndarray


def enliven(
    phones: list[PhoneSpan],
    *,
    frames: int,
    fps: float,
    tracks: Prosody,
    seed: int,
    head: float = 1.0,
    mood: str = "neutral",
    mood_strength: float = 1.0,
) -> Liveliness:
    """Head, brows, blinks and gaze for speech.

    Args:
        phones: spans in order, silences included.
        frames, fps: where the result is sampled.
        tracks: loudness and pitch of the recording.
        seed: another seed is another performance of the same words.
        head: liveliness of head and brows, 0 still to 2.
        mood: a name of ``MOODS``.
        mood_strength: 0 to 1 and beyond.
    """
    generator = np.random.default_rng([seed, 0x5EE])
    times = np.arange(frames) / fps
    feeling = MOOD_TABLE[mood]
    amount = head * (1.0 + (feeling.head_liveliness - 1.0) * mood_strength)
    brow_amount = (0.35 + 0.65 * head) * (1.0 + (feeling.brow_liveliness - 1.0) * mood_strength)
    starts, ends = phrase_bounds(phones)
    accents = _accents(phones, tracks, generator)
    degrees = _sway(times, generator) + _postures(times, starts, generator)
    degrees[:, 1] += _melody(times, tracks)
    brows = np.zeros((frames, 3))  # inner up, outer up, down
    _perform_accents(times, accents, degrees, brows, generator)
    _perform_ends(times, phones, ends, tracks, degrees, brows, generator)
    degrees *= amount
    degrees[:, 1] += feeling.head_pitch_deg * mood_strength
    degrees[:, 2] += feeling.head_roll_deg * mood_strength * float(generator.choice([-1.0, 1.0]))
    expression = np.zeros((frames, len(EXPRESSION_NAMES)))
    _lay_brows(expression, np.clip(brows * brow_amount, 0.0, 1.0))
    radians = np.radians(degrees)
    neck = np.stack([-radians[:, 1], radians[:, 0], -radians[:, 2]], axis=1)
    rotation = 0.12 * neck  # the shoulders go along a little
    gaze = _gaze(times, starts, generator)
    eyes = gaze + _STABLE_GAZE * np.radians(_bounded(degrees[:, 1::-1], 12.0)) * np.array([1.0, -1.0])
    eyes = np.clip(
        eyes,
        [-0.9 * GAZE_PITCH_RADIANS, -0.9 * GAZE_YAW_RADIANS],
        [0.9 * GAZE_PITCH_RADIANS, 0.9 * GAZE_YAW_RADIANS],
    )
    _lay_lids(expression, eyes)
    both = np.concatenate([eyes, np.zeros((frames, 1)), eyes, np.zeros((frames, 1))], axis=1)
    eyelids = _blinks(times, ends, feeling, mood_strength, generator)
    lowered = np.clip(feeling.lids * mood_strength, 0.0, 0.6)
    eyelids = lowered + (1.0 - lowered) * eyelids
    translation = 0.0004 * amount * _sway(times, generator)
    return Liveliness(
        expression.astype(np.float32),
        neck.astype(np.float32),
        rotation.astype(np.float32),
        translation.astype(np.float32),
        both.astype(np.float32),
        np.stack([eyelids, eyelids], axis=1).astype(np.float32),
    )


def phrase_bounds(phones: list[PhoneSpan]) -> tuple[list[float], list[float]]:
    """Starts and ends, in seconds, of the stretches of speech between pauses."""
    starts, ends = [], []
    speaking = False
    for span in phones:
        silent = span.symbol == SILENCE and span.seconds >= _PHRASE_PAUSE
        if not silent and not speaking and span.symbol != SILENCE:
            starts.append(span.start)
            speaking = True
        elif silent and speaking:
            ends.append(span.start)
            speaking = False
    if speaking:
        ends.append(phones[-1].end)
    return starts, ends


# ---------------------------------------------------------------------- head and brows


@dataclass(frozen=True)
class _Accent:
    seconds: float
    strength: float
    length: float


def _accents(phones: list[PhoneSpan], tracks: Prosody, generator: np.random.Generator) -> list[_Accent]:
    """Some of the stressed vowels, more likely the louder and higher they are; at least 0.28 s apart."""
    stress = vowel_stress(phones, tracks)
    chosen: list[_Accent] = []
    for span, given in zip(phones, stress):
        draw, size = generator.uniform(), generator.lognormal(0.0, 0.35)
        if span.symbol not in VOWELS:
            continue
        loud = float(tracks.at("loudness", np.array(span.middle)))
        high = float(tracks.at("pitch", np.array(span.middle)))
        weight = 0.55 * given + 0.40 * max(loud - 0.5, 0.0) + 0.07 * np.clip(high, -2.0, 5.0)
        if chosen and span.middle - chosen[-1].seconds < 0.28:
            continue
        if draw < np.clip(1.5 * weight - 0.15, 0.0, 0.85):
            chosen.append(_Accent(span.middle, float(np.clip(size * (0.5 + weight), 0.3, 2.0)), span.seconds))
    return chosen


def _perform_accents(
    times: np.ndarray,
    accents: list[_Accent],
    degrees: np.ndarray,
    brows: np.ndarray,
    generator: np.random.Generator,
) -> None:
    """Nods (mostly down, some up), with a little turn and tilt; on some a raise of the brows."""
    for accent in accents:
        down = generator.uniform() < 0.72
        size = accent.strength * generator.uniform(1.4, 3.6)
        rise, fall = generator.uniform(0.16, 0.26), generator.uniform(0.28, 0.50)
        shape = _beat(times, accent.seconds + generator.normal(0.0, 0.03), rise, fall)
        degrees[:, 1] += (-size if down else 0.6 * size) * shape
        degrees[:, 0] += generator.normal(0.0, 0.9) * accent.strength * shape
        degrees[:, 2] += generator.normal(0.0, 0.7) * accent.strength * shape
        if generator.uniform() < 0.40:
            brow = generator.uniform(0.12, 0.36) * accent.strength
            raised = _beat(times, accent.seconds - 0.04, 0.16, generator.uniform(0.35, 0.6))
            brows[:, 0] += brow * raised
            brows[:, 1] += generator.uniform(0.3, 1.0) * brow * raised


def _perform_ends(
    times: np.ndarray,
    phones: list[PhoneSpan],
    ends: list[float],
    tracks: Prosody,
    degrees: np.ndarray,
    brows: np.ndarray,
    generator: np.random.Generator,
) -> None:
    """Where the pitch rises to the end (a question) head and brows rise; where it falls the head sinks."""
    for end in ends:
        late = float(tracks.at("pitch", np.array(end - 0.08)) - tracks.at("pitch", np.array(end - 0.45)))
        rise = float(np.clip(late / 4.0, -1.0, 1.0))
        size = generator.uniform(1.0, 2.6)
        shape = _beat(times, end - 0.05, 0.35, 0.7)
        degrees[:, 1] += (size * rise if rise > 0 else 0.8 * size * rise) * shape
        if rise > 0.3:
            degrees[:, 2] += generator.normal(0.0, 1.8) * shape
            brows[:, 0] += generator.uniform(0.15, 0.4) * rise * shape
            brows[:, 1] += generator.uniform(0.10, 0.35) * rise * shape
    for span in phones:  # hesitating: a long sound within a phrase, brows drawn a little
        if span.symbol in "əɜʌmœ" and span.seconds > 0.30:
            brows[:, 2] += generator.uniform(0.1, 0.3) * _beat(times, span.middle, 0.25, 0.35)


def _melody(times: np.ndarray, tracks: Prosody) -> np.ndarray:
    """(T,) degrees: the nose lifts with the slow part of the pitch, and a little with loudness."""
    seconds = np.arange(len(tracks.pitch)) / 100.0
    slow_pitch = _blur(tracks.pitch, 16.0)
    slow_loudness = _blur(np.clip(tracks.loudness, 0.0, 1.2), 16.0)
    speaking = np.clip(_blur((tracks.loudness > 0.3).astype(np.float64), 12.0) * 1.5, 0.0, 1.0)
    lift = speaking * (0.55 * np.clip(slow_pitch, -5.0, 5.0) + 1.4 * (slow_loudness - 0.6))
    return np.interp(times, seconds, lift)


def _postures(times: np.ndarray, starts: list[float], generator: np.random.Generator) -> np.ndarray:
    """(T, 3) yaw, pitch, roll in degrees: a new posture at most phrase starts, reached in 0.5 to 1 s."""
    degrees = np.zeros((len(times), 3))
    last = np.zeros(3)
    for start in starts:
        target = generator.normal(0.0, 1.0, 3) * np.array([3.6, 1.4, 1.7])
        if generator.uniform() < 0.2:
            target = last
        move = generator.uniform(0.5, 1.0)
        phase = np.clip((times - (start - 0.35 * move)) / move, 0.0, 1.0)
        degrees += (target - last) * _minimum_jerk(phase)[:, None]
        last = target
    return degrees


def _sway(times: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(T, 3) degrees of slow wandering: sines of 0.08 to 0.7 Hz whose size falls with their rate."""
    degrees = np.zeros((len(times), 3))
    for rate in (0.09, 0.17, 0.31, 0.52, 0.74):
        rates = rate * generator.uniform(0.8, 1.25, 3)
        phases = generator.uniform(0.0, 2 * np.pi, 3)
        sizes = generator.uniform(0.5, 1.0, 3) * np.array([0.95, 0.55, 0.60]) * (0.09 / rate) ** 0.55
        degrees += sizes * np.sin(2 * np.pi * rates * times[:, None] + phases)
    return degrees


# ---------------------------------------------------------------------- eyes


def _blinks(
    times: np.ndarray, ends: list[float], feeling: Mood, strength: float, generator: np.random.Generator
) -> np.ndarray:
    """(T,) 0 to 1. At many phrase ends, and between by chance; about 17 a minute."""
    rate = 12.0 / 60.0 * (1.0 + (feeling.blink_rate - 1.0) * strength) * generator.uniform(0.75, 1.3)
    moments = [end + generator.uniform(-0.05, 0.25) for end in ends if generator.uniform() < 0.4]
    place = generator.exponential(1.0 / rate)
    last = times[-1] if len(times) else 0.0
    while place < last:
        moments.append(float(place))
        place += 0.9 + generator.exponential(max(1.0 / rate - 0.4, 0.8))
    lids = np.zeros(len(times))
    previous = -10.0
    for moment in sorted(moments):
        if moment - previous < 1.1:
            continue
        previous = moment
        full = 1.0 if generator.uniform() < 0.9 else generator.uniform(0.6, 0.9)
        lids = np.maximum(lids, full * _lid_curve(times - moment, generator.uniform(0.9, 1.2)))
    return lids


def _lid_curve(after: np.ndarray, slowness: float) -> np.ndarray:
    """A blink from its start: shut after 75 ms, held 35 ms, open again after 250 ms."""
    shutting = np.clip(after / (0.075 * slowness), 0.0, 1.0)
    opening = np.clip((after - 0.11 * slowness) / (0.15 * slowness), 0.0, 1.0)
    return _minimum_jerk(shutting) * (1.0 - _minimum_jerk(opening) ** 0.8)


def _gaze(times: np.ndarray, starts: list[float], generator: np.random.Generator) -> np.ndarray:
    """(T, 2) pitch (down positive) and yaw in radians: fixations near the viewer, short looks away."""
    moments: list[tuple[float, float, float]] = [(-1.0, 0.0, 0.0)]
    place = generator.exponential(0.8)
    last = times[-1] if len(times) else 0.0
    while place < last:
        near = min((abs(place - start) for start in starts), default=9.0) < 0.5
        if generator.uniform() < (0.42 if near else 0.12):  # away and back
            yaw = generator.choice([-1.0, 1.0]) * generator.uniform(6.0, 15.0)
            pitch = generator.normal(1.0, 4.5)
            moments.append((place, pitch, yaw))
            place += generator.uniform(0.35, 0.9)
        moments.append((place, generator.normal(0.0, 0.7), generator.normal(0.0, 1.3)))
        place += 0.35 + generator.exponential(0.9)
    path = np.zeros((len(times), 2))
    before = np.zeros(2)
    for start, pitch, yaw in moments:
        now = np.radians([pitch, yaw])
        length = 0.022 + 0.0022 * float(
            np.degrees(np.abs(now - before).max())
        )  # saccades: Bahill et al. 1975
        path += (now - before) * _minimum_jerk(np.clip((times - start) / length, 0.0, 1.0))[:, None]
        before = now
    return path


def _lay_brows(expression: np.ndarray, brows: np.ndarray) -> None:
    names = EXPRESSION_NAMES
    expression[:, names.index("browInnerUp")] += brows[:, 0]
    for side in ("Left", "Right"):
        expression[:, names.index(f"browOuterUp{side}")] += brows[:, 1]
        expression[:, names.index(f"browDown{side}")] += brows[:, 2]


def _lay_lids(expression: np.ndarray, eyes: np.ndarray) -> None:
    """The lids follow the eyeballs, as ARKit's eyeLook shapes do."""
    names = EXPRESSION_NAMES
    down, turn = eyes[:, 0] / GAZE_PITCH_RADIANS, eyes[:, 1] / GAZE_YAW_RADIANS
    for side, outward in (("Left", 1.0), ("Right", -1.0)):
        expression[:, names.index(f"eyeLookDown{side}")] = np.clip(down, 0.0, 1.0)
        expression[:, names.index(f"eyeLookUp{side}")] = np.clip(-down, 0.0, 1.0)
        expression[:, names.index(f"eyeLookOut{side}")] = np.clip(outward * turn, 0.0, 1.0)
        expression[:, names.index(f"eyeLookIn{side}")] = np.clip(-outward * turn, 0.0, 1.0)


# ---------------------------------------------------------------------- curves


def _beat(times: np.ndarray, peak: float, rise: float, fall: float) -> np.ndarray:
    """0 → 1 at ``peak`` → 0, smooth."""
    up = _minimum_jerk(np.clip((times - (peak - rise)) / rise, 0.0, 1.0))
    down = _minimum_jerk(np.clip((times - peak) / fall, 0.0, 1.0))
    return up * (1.0 - down)


def _minimum_jerk(phase: np.ndarray) -> np.ndarray:
    return phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)


def _bounded(values: np.ndarray, limit: float) -> np.ndarray:
    return limit * np.tanh(values / limit)


def _blur(track: np.ndarray, width: float) -> np.ndarray:
    """Gaussian with that standard deviation in samples."""
    reach = int(3 * width)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(
        np.pad(np.asarray(track, np.float64), reach, mode="edge"), kernel / kernel.sum(), "valid"
    )
