"""Co-articulation: phones with times become the movement of the mouth, by dominance functions.

Every phone pulls each task variable towards its target with a strength that is full during its own time and
decays before and after it (Löfqvist 1990; Cohen & Massaro 1993)::

    x(t) = Σ_p D_p(t) T_p / Σ_p D_p(t),     D_p(t) = α_p exp(−(τ / w)^1.5)

τ is the distance in time from the core of the phone, w the reach: longer before it (anticipation) than after it
(carry-over), longer for rounding, and shorter in fast speech. Vowels open less when short (Lindblom, Spectrographic
Study of Vowel Reduction, 1963) and more when stressed or loud (Schulman, Articulatory Dynamics of Loud and Normal
Speech, 1989). On top lie the demands that are met in full: seals of p, b, m, contacts of f, v, closed lips in
pauses; and breath is taken through parted lips before a phrase that follows a long pause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driving.speech.loudness import Loudness
from driving.speech.phones import BILABIAL_SEALS, LABIODENTALS, SILENCE, VOWELS, PhoneSpan
from driving.speech.visemes import ANTICIPATION_SECONDS, CARRY_OVER_SECONDS, TASK, TASKS, viseme
from flame.easing import smoothstep

_STEP = 0.005  # seconds between internal samples
_SMOOTH_SECONDS = 0.013  # articulators are no square waves
_SHORT_PAUSE, _PAUSE = (
    0.08,
    0.25,
)  # silence below the first is a gap between words; from the second lips close
_USUAL_PHONE_SECONDS = 0.085
_SEAL_WIDTH, _SEAL_RAMP = 0.055, 0.055
_CONTACT_WIDTH, _CONTACT_RAMP = 0.060, 0.050
_PAUSE_CLOSING, _PAUSE_OPENING = 0.14, 0.12
_BREATH_PAUSE = 0.6
_BREATH_MM = 2.2


@dataclass(frozen=True, eq=False)
class Articulation:
    """The mouth over time at frames i / fps.

    Attributes:
        tasks: (T, 7) in the order of ``visemes.TASKS``.
        seal: (T,) demand for closed lips, 0 to 1 (bilabials and pauses).
        bilabial: (T,) its part that comes from p, b, m.
        contact: (T,) demand for lower lip at the upper teeth.
        speech: (T,) 1 where some phone sounds.
        breath: (T,) 0 to 1, breathing in before a phrase.
    """

    tasks: np.ndarray
    seal: np.ndarray
    bilabial: np.ndarray
    contact: np.ndarray
    speech: np.ndarray
    breath: np.ndarray


def articulate(
    phones: list[PhoneSpan],
    *,
    seconds: float,
    frames: int,
    fps: float,
    tracks: Loudness | None = None,
    opening: float = 1.0,
) -> Articulation:
    """The mouth for phones.

    Args:
        phones: spans in order without overlap, silences included (see ``phones.tidy``).
        seconds: length of the recording.
        frames, fps: where the result is sampled: ``i / fps``.
        tracks: loudness of the recording; without it every vowel is as loud as the next.
        opening: size of the mouth's movements (style), 1 ordinary.
    """
    times = np.arange(0.0, max(seconds, frames / fps) + _STEP, _STEP)
    strengths = _vowel_strengths(phones, tracks)
    tasks = _blend(times, phones, strengths)
    if tracks is not None:  # within a vowel too the mouth follows the voice a little
        swell = 0.48 + 0.60 * np.clip(_smooth(tracks.at("loudness", times), 0.035), 0.0, 1.2)
        tasks[:, TASK["aperture"]] *= swell
        tasks[:, TASK["jaw"]] *= swell
    tasks = np.stack([_smooth(column, _SMOOTH_SECONDS) for column in tasks.T], axis=1)
    bilabial = _demand(times, phones, BILABIAL_SEALS, _SEAL_WIDTH, _SEAL_RAMP)
    contact = _demand(times, phones, LABIODENTALS, _CONTACT_WIDTH, _CONTACT_RAMP)
    pauses = _pauses(times, phones)
    breath = _breaths(times, phones)
    seal = np.maximum(bilabial, pauses * (1.0 - breath))
    tasks = _styled(tasks, opening)
    tasks[:, TASK["aperture"]] = np.maximum(tasks[:, TASK["aperture"]], _BREATH_MM * breath)
    tasks[:, TASK["jaw"]] = np.maximum(tasks[:, TASK["jaw"]], 0.035 * breath)
    speech = np.zeros(len(times))
    for span in phones:
        if span.symbol != SILENCE or span.seconds < _SHORT_PAUSE:
            speech[(times >= span.start) & (times < span.end)] = 1.0
    where = np.arange(frames) / fps

    def at(track: np.ndarray) -> np.ndarray:
        return np.interp(where, times, track)

    sampled = np.stack([at(column) for column in tasks.T], axis=1)
    return Articulation(sampled, at(seal), at(bilabial), at(contact), np.round(at(speech)), at(breath))


def vowel_stress(phones: list[PhoneSpan], tracks: Loudness | None) -> np.ndarray:
    """(P,) stress of every phone, 0 to 1: as given, or guessed from loudness and length where none is given."""
    given = np.array([span.stress for span in phones])
    vowels = np.array([span.symbol in VOWELS for span in phones])
    if tracks is None or given.any() or not vowels.any():
        return given
    loud = np.array([_mean_loudness(span, tracks) for span in phones])
    length = np.array([span.seconds for span in phones])
    score = np.zeros(len(phones))
    for values, weight in ((loud, 0.6), (np.log(np.maximum(length, 0.02)), 0.4)):
        centre, width = values[vowels].mean(), max(values[vowels].std(), 1e-3)
        score += weight * (values - centre) / width
    return np.where(vowels, np.clip(0.35 + 0.45 * score, 0.0, 1.0), 0.0)


def _vowel_strengths(phones: list[PhoneSpan], tracks: Loudness | None) -> np.ndarray:
    """(P,) factor on aperture and jaw of every phone: stress, loudness, length."""
    stress = vowel_stress(phones, tracks)
    factors = np.ones(len(phones))
    for index, span in enumerate(phones):
        if span.symbol not in VOWELS:
            continue
        loudness = 0.85 if tracks is None else _mean_loudness(span, tracks)
        reduction = 1.0 - 0.35 * np.exp(-span.seconds / 0.055)
        factors[index] = (0.80 + 0.32 * stress[index]) * np.clip(0.50 + 0.58 * loudness, 0.5, 1.2) * reduction
    return factors


def _mean_loudness(span: PhoneSpan, tracks: Loudness) -> float:
    inside = np.linspace(span.start, span.end, 5)
    return float(np.mean(tracks.at("loudness", inside)))


def _blend(times: np.ndarray, phones: list[PhoneSpan], strengths: np.ndarray) -> np.ndarray:
    """(N, 7) dominance-weighted targets at internal times."""
    total = np.full((len(times), len(TASKS)), 1e-6)
    pulled = np.zeros_like(total)
    reach = _reach(phones)
    for index, span in enumerate(phones):
        known = viseme(span.symbol)
        target, dominance = known.target.copy(), known.dominance
        target[:2] *= strengths[index]  # aperture and jaw
        if span.symbol == SILENCE:
            dominance = dominance * _pause_strength(span)
        if not dominance.any():
            continue
        core = min(0.25 * span.seconds, 0.03)
        low, high = span.start + core, span.end - core
        first, last = np.searchsorted(times, [low - 0.6, high + 0.4])
        around = times[first:last]
        before = np.maximum(low - around, 0.0)[:, None] / (ANTICIPATION_SECONDS * reach[index])
        after = np.maximum(around - high, 0.0)[:, None] / (CARRY_OVER_SECONDS * reach[index])
        pull = dominance * np.exp(-((before + after) ** 1.5))
        total[first:last] += pull
        pulled[first:last] += pull * target
    return pulled / total


def _reach(phones: list[PhoneSpan]) -> np.ndarray:
    """(P,) factor on reach by the local rate: phones twice as short reach about 0.6 times as far."""
    lengths = np.array([min(span.seconds, 0.2) if span.symbol != SILENCE else np.nan for span in phones])
    factors = np.ones(len(phones))
    for index in range(len(phones)):
        near = lengths[max(0, index - 4) : index + 5]
        if np.isfinite(near).any():
            factors[index] = np.clip((np.nanmean(near) / _USUAL_PHONE_SECONDS) ** 0.75, 0.5, 1.6)
    return factors


def _pause_strength(span: PhoneSpan) -> float:
    return float(np.clip((span.seconds - _SHORT_PAUSE) / (_PAUSE - _SHORT_PAUSE), 0.0, 1.0))


def _demand(
    times: np.ndarray, phones: list[PhoneSpan], symbols: frozenset[str], width: float, ramp: float
) -> np.ndarray:
    """(N,) 1 while such a phone is held (at least ``width``), smooth ramps before and after."""
    curve = np.zeros(len(times))
    for span in phones:
        if span.symbol not in symbols:
            continue
        released = 0.25 * span.seconds if span.phone.manner == "stop" else 0.1 * span.seconds
        start, end = span.start, span.end - min(released, 0.03)  # a stop's end is its burst: lips are open
        spare = max(0.0, width - (end - start)) / 2
        curve = np.maximum(curve, _plateau(times, start - spare, end + spare, ramp, ramp))
    return curve


def _pauses(times: np.ndarray, phones: list[PhoneSpan]) -> np.ndarray:
    """(N,) 1 in pauses of at least a quarter of a second, lips closing after the last phone."""
    curve = np.zeros(len(times))
    for index, span in enumerate(phones):
        if span.symbol != SILENCE or span.seconds < _PAUSE:
            continue
        room = span.seconds / (_PAUSE_CLOSING + _PAUSE_OPENING + 0.08)
        squeeze = min(1.0, room)
        closing = 0.0 if index == 0 else _PAUSE_CLOSING * squeeze
        opening = 0.0 if index == len(phones) - 1 else _PAUSE_OPENING * squeeze
        start = span.start - 1.0 if index == 0 else span.start + closing
        end = span.end + 1.0 if index == len(phones) - 1 else span.end - opening
        curve = np.maximum(curve, _plateau(times, start, end, max(closing, 0.02), max(opening, 0.02)))
    return curve


def _breaths(times: np.ndarray, phones: list[PhoneSpan]) -> np.ndarray:
    """(N,) 1 where air is taken in: the last part of a long pause, ending as the phrase begins."""
    curve = np.zeros(len(times))
    for index, span in enumerate(phones[:-1]):
        if span.symbol != SILENCE or span.seconds < _BREATH_PAUSE or index == 0:
            continue
        length = min(0.22, 0.3 * span.seconds)
        end = span.end - 0.04
        curve = np.maximum(curve, _plateau(times, end - 0.5 * length, end, 0.5 * length, 0.06))
    return curve


def _plateau(times: np.ndarray, start: float, end: float, rise: float, fall: float) -> np.ndarray:
    """1 from ``start`` to ``end``, smoothstep from 0 in the ``rise`` before and to 0 in the ``fall`` after."""
    return np.minimum(smoothstep(times, start - rise, start), smoothstep(times, end + fall, end))


def _styled(tasks: np.ndarray, opening: float) -> np.ndarray:
    """Size of movement: opening in full, lips' shape half as much."""
    styled = tasks.copy()
    styled[:, [TASK["aperture"], TASK["jaw"]]] *= opening
    shape = 0.5 + 0.5 * opening
    for name in ("rounding", "funnel", "spread"):
        styled[:, TASK[name]] = np.clip(styled[:, TASK[name]] * shape, 0.0, 1.0)
    return styled


def _smooth(track: np.ndarray, seconds: float) -> np.ndarray:
    """Gaussian of that standard deviation; the ends are held."""
    reach = int(np.ceil(3 * seconds / _STEP))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * _STEP / seconds) ** 2)
    return np.convolve(np.pad(track, reach, mode="edge"), kernel / kernel.sum(), "valid")
