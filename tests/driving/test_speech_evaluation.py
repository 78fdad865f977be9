"""Figures of speech driving: the teacher does well, the wrong words and the baseline do not."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import numpy as np
import pytest

from driving.speech.alignment import align, words_of
from driving.speech.evaluation import baselines, pooled, score
from driving.speech.loudness import prosody
from driving.speech.speaking import speak
from flame.errors import ConfigError, InputError, MissingDependencyError
from flame.sequence import FlameSequence
from mvportrait.cli import run
from mvportrait.reporting import Reporter
from mvportrait.speech_evaluation import EvaluateSpeechOptions, evaluate_speech
from tests.driving.speech_phones import SAMPLE_RATE, sound_of, spans_of


@pytest.fixture(scope="module")
def rows():
    spans = spans_of()
    sound = sound_of(spans)
    return {
        name: score(sequence, sound, SAMPLE_RATE, spans)
        for name, sequence in baselines(sound, SAMPLE_RATE, spans, fps=25.0).items()
    }


def test_the_teacher_reaches_what_a_driver_should(rows) -> None:
    best = rows["phones"]
    assert (best.bilabials, best.labiodentals, best.pauses) == (5, 3, 4)
    assert best.bilabial_recall == best.labiodental_recall == best.pause_closure == 1.0
    assert best.bilabial_precision > 0.9
    assert best.envelope_correlation > 0.6
    assert best.head_jitter_deg < 0.15


def test_a_jaw_by_energy_touches_no_teeth_and_has_no_head(rows) -> None:
    plain = rows["energy jaw"]
    assert plain.labiodental_recall == 0.0
    assert plain.head_range_deg == 0.0 and np.isnan(plain.head_prosody)
    assert plain.envelope_correlation > 0.6  # which is why correlation alone says little


def test_the_right_words_at_the_wrong_time_are_noticed(rows) -> None:
    spans = spans_of()
    sound = sound_of(spans)
    late = speak(spans, sound, SAMPLE_RATE).at(np.clip(np.arange(90) - 9, 0, None))
    wrong = score(late, sound, SAMPLE_RATE, spans)
    assert wrong.bilabial_recall < 0.7 or wrong.labiodental_recall < 0.7
    assert wrong.envelope_correlation < rows["phones"].envelope_correlation - 0.2


def test_a_still_face_scores_nothing_that_it_should_not() -> None:
    spans = spans_of()
    still = score(FlameSequence.neutral(60), sound_of(spans), SAMPLE_RATE, spans)
    assert np.isnan(still.open_gap_mm) and np.isnan(still.envelope_correlation)
    assert still.blinks_per_minute == 0.0
    assert json.loads(json.dumps(still.as_json()))["open_gap_mm"] is None


def test_pooling_weighs_by_counts(rows) -> None:
    both = pooled([rows["phones"], rows["energy jaw"]])
    assert both.bilabials == 10
    assert both.labiodental_recall == pytest.approx(0.5)
    assert both.blinks_per_minute >= 0


def test_words_of_a_transcript() -> None:
    assert (
        words_of("“Well, it’s [laughs] 21 o'clock!” – (aside) Bob.")
        == "well it's twenty one o'clock bob".split()
    )
    assert words_of(" … ") == []


def test_alignment_says_what_is_wrong() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    sound = sound_of(spans_of())
    with pytest.raises(InputError, match="needs words"):
        align(sound, SAMPLE_RATE, "?!")
    with pytest.raises(InputError, match="nothing to hear"):
        align(np.zeros(16000, np.float32), SAMPLE_RATE, "hello")
    with pytest.raises(InputError, match=r"0\.2 s to 10 minutes"):
        align(sound[:100], SAMPLE_RATE, "hello")
    with pytest.raises(InputError, match="does not fit"):
        align(sound, SAMPLE_RATE, "seventeen enormous elephants " * 30)


def test_alignment_finds_a_synthesizers_phones() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    from driving.speech.festival import VOICES, installed_voices, speak_all

    if VOICES[0] not in installed_voices():
        pytest.skip("festival's English voice is not installed")
    text = "My puppet has a very big family."
    ((samples, rate, truth),) = speak_all(VOICES[0], [text], stretches=[1.1])
    found = align(samples, rate, text)
    for symbol in "pbmfv":
        there = [span.middle for span in truth if span.symbol == symbol]
        here = [span.middle for span in found if span.symbol == symbol]
        np.testing.assert_allclose(here, there, atol=0.06)


@pytest.mark.parametrize("voice", ["rms", "awb", "slt"])
def test_alignment_follows_clear_speech_to_its_last_word(voice: str) -> None:
    """A search through the lattice of words used to lose last words, or to refuse such sentences altogether."""
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    from driving.speech.flite import flite

    for text in ("some people prefer coffee before breakfast", "my brother has a very big boat"):
        try:
            samples, rate, truth = flite().say(text, voice=voice)
        except MissingDependencyError:
            pytest.skip("flite's library is not installed")
        lips = [span for span in truth if span.symbol in "pbmfv"]
        found = [span for span in align(samples, rate, text) if span.symbol in "pbmfv"]
        assert [span.symbol for span in found] == [span.symbol for span in lips]
        apart = np.abs([a.start - b.start for a, b in zip(found, lips)])
        assert np.median(apart) < 0.03 and apart.max() < 0.08


def test_a_voice_of_two_far_tones_has_a_prosody() -> None:
    """The median of two tones is neither of them: nothing was left to bridge between."""
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    sound = np.concatenate([np.sin(2 * np.pi * hertz * time) for hertz in (80.0, 400.0)]).astype(np.float32)
    for length in range(len(sound) - 400, len(sound), 40):
        tracks = prosody(sound[:length], SAMPLE_RATE)
        assert np.isfinite(tracks.pitch).all()


def test_without_pocketsphinx_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name, *rest, **named):
        if name == "pocketsphinx":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingDependencyError, match="pip install pocketsphinx"):
        align(sound_of(spans_of()), SAMPLE_RATE, "hello")


def test_the_command_refuses_what_does_not_pair_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "speech"]) == 2
    assert "nothing to evaluate" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="--transcript is given once per clip"):
        evaluate_speech(
            EvaluateSpeechOptions(clips=(Path("a.wav"), Path("b.wav")), transcripts=("hello",)),
            reporter=Reporter(),
        )


def test_the_command_scores_a_motion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import scipy.io.wavfile

    spans = spans_of()
    # tones are no English: what a recogniser would hear in them is given
    monkeypatch.setattr("driving.speech.alignment.decode_phones", lambda samples, rate: spans)
    sound = sound_of(spans)
    scipy.io.wavfile.write(tmp_path / "a.wav", SAMPLE_RATE, (sound * 32767).astype(np.int16))
    speak(spans, sound, SAMPLE_RATE).save(tmp_path / "a.npz")
    arguments = ["evaluate", "speech", str(tmp_path / "a.wav"), "-m", str(tmp_path / "a.npz"), "--json"]
    assert run(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["clips"]["a.wav"]) == {"motion", "energy jaw", "phones"}
    assert "no transcript" in report["notes"][0]
    assert (
        run(["evaluate", "speech", str(tmp_path / "a.wav"), "-m", str(tmp_path / "a.npz"), "--no-baselines"])
        == 0
    )
    assert "lips closed" in capsys.readouterr().out
