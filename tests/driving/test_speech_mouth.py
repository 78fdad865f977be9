"""Lips in millimetres, co-articulation and the liveliness around it."""

from __future__ import annotations

import numpy as np
import pytest

from driving.speech.coarticulation import articulate
from driving.speech.lips import lip_meter
from driving.speech.liveliness import phrase_bounds
from driving.speech.loudness import prosody
from driving.speech.moods import MOODS
from driving.speech.mouth import CONTACT_GAP_MM, LIP_COLUMNS, set_lip_gap
from driving.speech.phones import PhoneSpan
from driving.speech.sharpening import sharpen
from driving.speech.speaking import Manner, perform, speak
from driving.speech.teeth import CONTACT_MM, lip_teeth_mm
from driving.speech.visemes import TASK
from flame.errors import ConfigError, MotionFileError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence
from flame.signals import measure
from tests.driving.speech_phones import SAMPLE_RATE, sound_of, spans_of


@pytest.fixture(scope="module")
def spoken() -> FlameSequence:
    spans = spans_of()
    return speak(spans, sound_of(spans), SAMPLE_RATE, fps=50, seed=4)


def _mouths(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Random weights of the shapes that speech moves, and jaws."""
    generator = np.random.default_rng(0)
    expression = np.zeros((frames, len(EXPRESSION_NAMES)))
    expression[:, LIP_COLUMNS] = generator.uniform(0, 0.3, (frames, len(LIP_COLUMNS)))
    return expression, generator.uniform(0.0, 0.3, frames)


def test_the_meter_measures_what_the_posed_mesh_shows() -> None:
    expression, jaw = _mouths(12)
    sequence = FlameSequence.neutral(12).replace(
        expression=expression, jaw=np.stack([jaw, 0 * jaw, 0 * jaw], axis=1)
    )
    shown = measure(sequence)["lip_gap_mm"]
    np.testing.assert_allclose(
        np.maximum(lip_meter().gap_mm(expression, jaw), 0.0), shown, rtol=0.015, atol=0.1
    )


@pytest.mark.parametrize("wanted", [0.0, 1.5, 6.0])
def test_lips_are_set_to_the_millimetre(wanted: float) -> None:
    expression, jaw = _mouths(20)
    expression[:, EXPRESSION_NAMES.index("mouthFunnel")] = 0.0  # would hold the lips apart by itself
    changed = set_lip_gap(0.3 * expression, jaw, np.full(20, wanted))
    assert changed.min() >= 0.0 and changed.max() <= 1.0
    np.testing.assert_allclose(lip_meter().gap_mm(changed, jaw), wanted, atol=0.08)


@pytest.mark.parametrize("mood", MOODS)
def test_every_bilabial_closes_and_every_labiodental_touches_in_every_mood(mood: str) -> None:
    spans = spans_of()
    done = perform(spans, sound_of(spans), SAMPLE_RATE, fps=100, seed=1, style=Manner(mouth=1.4, mood=mood))
    sequence, said = done.sequence, done.articulation
    gap = measure(sequence)["lip_gap_mm"]
    teeth = lip_teeth_mm(sequence.expression, sequence.jaw[:, 0])
    times = np.arange(len(sequence)) / 100
    for span in spans:
        inside = (times >= span.start) & (times < span.end)
        if span.symbol in "pbm":
            assert gap[inside].min() < 0.05, span
        if span.symbol in "fv":
            assert teeth[inside].min() < CONTACT_MM, span
            assert gap[inside].min() < CONTACT_GAP_MM + 0.3
    assert np.median(gap[(said.seal < 0.1) & (said.speech > 0)]) > 2.5


def test_pauses_close_the_lips_and_vowels_open_them(spoken: FlameSequence) -> None:
    gap = np.maximum(lip_meter().gap_mm(spoken.expression, spoken.jaw[:, 0]), 0.0)
    times = np.arange(len(spoken)) / 50
    for span in spans_of():
        middle = (times >= span.start + 0.2) & (times <= span.end - 0.2)
        if span.symbol == "_":
            assert gap[middle].max() < 0.1
    a = next(span for span in spans_of() if span.symbol == "a")
    u = next(span for span in spans_of() if span.symbol == "u")
    assert gap[round(a.middle * 50)] > 1.5 * gap[round(u.middle * 50)] > 0.0


def test_rounding_runs_ahead_of_its_vowel() -> None:
    def rounding(vowel: str) -> float:
        spans = spans_of(["_", "s", "t", vowel, "_"])
        said = articulate(spans, seconds=spans[-1].end, frames=200, fps=100)
        return float(said.tasks[round(spans[1].middle * 100), TASK["rounding"]])

    assert rounding("u") > rounding("i") + 0.1  # already in the s, 120 ms before


def test_fast_speech_moves_less_than_slow() -> None:
    def widest(stretch: float) -> float:
        spans = [PhoneSpan(s.symbol, s.start * stretch, s.end * stretch) for s in spans_of(list("_tatata_"))]
        said = articulate(spans, seconds=spans[-1].end, frames=int(spans[-1].end * 100), fps=100)
        return float(said.tasks[:, TASK["aperture"]].max())

    assert widest(0.5) < 0.9 * widest(1.5)


def test_a_driver_starts_at_rest(spoken: FlameSequence) -> None:
    for name, array in spoken.arrays().items():
        assert not array[0].any(), name


def test_same_seed_same_motion_other_seed_same_lips(spoken: FlameSequence) -> None:
    spans = spans_of()
    sound = sound_of(spans)
    assert speak(spans, sound, SAMPLE_RATE, fps=50, seed=4).allclose(spoken)
    other = speak(spans, sound, SAMPLE_RATE, fps=50, seed=5)
    np.testing.assert_array_equal(other.jaw, spoken.jaw)
    assert np.abs(other.neck - spoken.neck).max() > np.radians(1.0)


def test_style_sizes_the_motion() -> None:
    spans = spans_of()
    sound = sound_of(spans)
    still = speak(spans, sound, SAMPLE_RATE, style=Manner(head=0.0, mouth=0.6))
    lively = speak(spans, sound, SAMPLE_RATE, style=Manner(head=2.0, mouth=1.4))
    assert np.ptp(still.neck, axis=0).max() < 0.1 * np.ptp(lively.neck, axis=0).max()
    assert still.jaw.max() < 0.6 * lively.jaw.max()


def test_an_unknown_mood_is_refused() -> None:
    with pytest.raises(ConfigError, match="no such mood"):
        speak(spans_of(), sound_of(spans_of()), SAMPLE_RATE, style=Manner(mood="bored"))


def test_eyes_stay_within_the_rig_and_lids_blink() -> None:
    spans = [PhoneSpan("a" if i % 4 else "_", 0.3 * i, 0.3 * (i + 1)) for i in range(100)]
    sequence = perform(spans, sound_of(spans), SAMPLE_RATE, fps=25, seed=2).sequence
    assert np.abs(sequence.eyes[:, 1]).max() < 0.5 and np.abs(sequence.eyes[:, 0]).max() < 0.37
    shut = (sequence.eyelids[:, 0] > 0.6).astype(int)
    assert 3 <= (np.diff(shut) == 1).sum() <= 15  # in 30 s


def test_phrases_end_at_pauses() -> None:
    starts, ends = phrase_bounds(spans_of())
    assert len(starts) == len(ends) == 3
    assert starts[0] == pytest.approx(0.55) and all(a < b for a, b in zip(starts, ends))


def test_prosody_hears_pitch_and_silence() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.2 * np.sign(np.sin(2 * np.pi * np.where(time < 1, 110.0, 165.0) * time))
    tracks = prosody(tone, SAMPLE_RATE)
    assert np.median(tracks.pitch[120:180]) - np.median(tracks.pitch[20:80]) == pytest.approx(7.02, abs=0.4)
    quiet = prosody(np.zeros(8000), SAMPLE_RATE)
    assert not quiet.loudness.any() and not quiet.pitch.any()


def test_sharpening_puts_closures_where_the_phones_are() -> None:
    spans = spans_of()
    frames = round(spans[-1].end * 25)
    hanging = FlameSequence.neutral(frames).replace(jaw=np.full((frames, 3), [0.12, 0.0, 0.0]))
    sharp = sharpen(hanging, spans)
    gap = np.maximum(lip_meter().gap_mm(sharp.expression, sharp.jaw[:, 0]), 0.0)
    times = np.arange(frames) / 25
    for span in spans:
        near = (times >= span.start - 0.03) & (times <= span.end + 0.03)
        if span.symbol in "pbm":
            assert gap[near].min() < 0.1
        if span.symbol in "aɑ":
            assert gap[near].max() > 3.0
    np.testing.assert_array_equal(sharp.neck, hanging.neck)
    np.testing.assert_allclose(sharp.jaw[0], hanging.jaw[0])
    np.testing.assert_allclose(sharp.expression[0], hanging.expression[0])


def test_sharpening_wants_the_open_basis() -> None:
    licensed = FlameSequence.neutral(5, basis="flame2023", expression_dims=50)
    with pytest.raises(MotionFileError, match="open"):
        sharpen(licensed, spans_of())
