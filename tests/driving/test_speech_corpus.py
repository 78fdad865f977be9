"""Training speech: texts, spoiled audio, shards, and (where a synthesizer is installed) whole clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driving.speech.augmentation import (
    SAMPLE_RATE,
    augment,
    change_voice,
    encode_decode,
    make_breathy,
    resample,
    shift_formants,
    vary_tempo,
)
from driving.speech.corpus import CLIPS_PER_SHARD, HELDOUT_VOICES, Options, generate, make_clips
from driving.speech.festival import installed_voices, read_labels
from driving.speech.phones import PHONES
from driving.speech.sentences import LANGUAGES, nonsense, numbers, phrase
from driving.speech.shards import FRAME_RATE, Clip, load_shards, write_index, write_shard
from driving.speech.speaking import Manner, perform
from flame.errors import ConfigError, InputError, MissingDependencyError
from tests.driving.speech_phones import sound_of, spans_of


def _espeak_is_here() -> bool:
    from driving.speech.espeak import espeak

    try:
        espeak()
    except MissingDependencyError:
        return False
    return True


needs_espeak = pytest.mark.skipif(not _espeak_is_here(), reason="espeak-ng is not installed")
needs_festival = pytest.mark.skipif(
    not installed_voices(), reason="festival and its voices are not installed"
)


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A clip made without a synthesizer."""
    spans = spans_of()
    samples = sound_of(spans)
    style = Manner(mouth=1.1, head=0.7, mood="sad", mood_strength=0.6)
    done = perform(spans, samples, SAMPLE_RATE, fps=FRAME_RATE, seed=1, style=style)
    return Clip(
        audio=augment(samples, np.random.default_rng(0)),
        audio_clean=samples,
        fps=FRAME_RATE,
        motion=done.sequence.arrays(),
        bilabial=done.articulation.bilabial,
        contact=done.articulation.contact,
        closure=done.articulation.seal,
        speech=done.articulation.speech,
        phones=spans,
        style=style,
        language="xx",
        voice="tones",
        heldout=False,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_much_to_say_in_every_language(language: str) -> None:
    generator = np.random.default_rng(0)
    said = {phrase(language, generator) for _ in range(40)}
    assert len(said) > 20 and all(text.strip() for text in said)


def test_nonsense_covers_the_lips() -> None:
    generator = np.random.default_rng(0)
    text = "".join(nonsense("en", generator) for _ in range(60))
    assert all(pair in text for pair in ("pa", "bo", "mi", "fu", "ve", "wa"))
    assert numbers(generator).replace(", ", "").isdigit()


def test_a_language_without_sentences_still_speaks() -> None:
    assert phrase("is", np.random.default_rng(1))


def test_augmenting_is_seeded_and_keeps_time(clip: Clip) -> None:
    loud = 0.5 * clip.audio_clean / np.abs(clip.audio_clean).max()
    envelope = np.convolve(loud**2, np.ones(800), "same")
    for seed in range(12):
        heard = augment(loud, np.random.default_rng(seed), others=(loud[::-1].copy(),))
        again = augment(loud, np.random.default_rng(seed), others=(loud[::-1].copy(),))
        np.testing.assert_array_equal(heard, again)
        assert heard.shape == loud.shape and heard.dtype == np.float32
        assert np.isfinite(heard).all() and np.abs(heard).max() <= 1.0
        lags = [
            np.corrcoef(np.roll(np.convolve(heard**2, np.ones(800), "same"), -lag), envelope)[0, 1]
            for lag in (-1600, 0, 1600)
        ]
        assert int(np.argmax(lags)) == 1, seed  # not a tenth of a second early or late; rooms smear


def test_silence_survives_augmenting() -> None:
    for seed in range(6):
        assert np.isfinite(augment(np.zeros(8000, np.float32), np.random.default_rng(seed))).all()


def test_a_changed_voice_is_shorter_and_higher() -> None:
    tone = np.sin(2 * np.pi * 200 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    high = change_voice(tone, ratio=1.25)
    assert len(high) == pytest.approx(SAMPLE_RATE / 1.25, abs=2)
    assert np.argmax(np.abs(np.fft.rfft(high))) * SAMPLE_RATE / len(high) == pytest.approx(250, abs=3)


def test_formants_move_and_pitch_stays() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    voice = np.sum(
        [np.exp(-(((120 * k - 800) / 300) ** 2)) * np.sin(2 * np.pi * 120 * k * time) for k in range(1, 40)],
        axis=0,
    )
    moved = shift_formants(voice.astype(np.float32), ratio=1.2)

    def centre(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        return float((power * np.arange(len(power))).sum() / power.sum())

    assert len(moved) == len(voice)
    assert centre(moved) > centre(voice) + 50
    spectrum = np.abs(np.fft.rfft(moved))
    assert spectrum[840] > 10 * spectrum[900]  # still harmonics of 120 Hz


def test_codecs_are_heard_and_unknown_ones_left_out() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8000) / SAMPLE_RATE).astype(np.float32)
    heard = encode_decode(tone, "pcm_mulaw", 64000)
    assert heard is not None and len(heard) >= 7900
    assert resample(tone, SAMPLE_RATE) is not None


def test_shards_come_back_as_they_were(clip: Clip, tmp_path: Path) -> None:
    write_shard(tmp_path / "shard_0000.npz", [clip, clip])
    write_index(tmp_path, seed=7, clips=2, shards=1)
    first, second = load_shards(tmp_path)
    assert len(load_shards(tmp_path, limit=1)) == 1
    assert (first.voice, second.language, first.fps) == ("tones", "xx", FRAME_RATE)
    assert [s.symbol for s in second.phones] == [s.symbol for s in clip.phones]
    np.testing.assert_allclose(second.audio, clip.audio, atol=1e-4)
    np.testing.assert_allclose(second.motion["expression"], clip.motion["expression"], atol=1e-3)
    assert first.style.mood == "sad" and first.style.mouth == pytest.approx(1.1)
    assert first.sequence().frames == clip.frames == len(first.contact)


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder of speech"):
        load_shards(tmp_path)
    (tmp_path / "index.json").write_text('{"format": "mvportrait-speech-corpus", "version": 99}')
    with pytest.raises(InputError, match="another version"):
        load_shards(tmp_path)


def test_label_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.segs").write_text("#\n0.2 100 pau\n0.3 100 m\n0.5 100 ay\n0.6 100 ch\n")
    spans = read_labels(tmp_path / "a.segs", "arpabet", 0.8)
    assert "".join(span.symbol for span in spans) == "_maɪtʃ_"
    assert spans[1].start == pytest.approx(0.2) and spans[-1].end == pytest.approx(0.8)


def test_no_voice_for_a_language_is_said() -> None:
    with pytest.raises(ConfigError, match="no voice"):
        make_clips([0], Options(clips=1, languages=("tlh",)))


@needs_espeak
def test_espeak_says_phones_when_they_sound() -> None:
    from driving.speech.espeak import espeak

    samples, spans = espeak().say("my puppet, five", voice="en-us")
    symbols = "".join(span.symbol for span in spans)
    assert symbols.startswith("ma") and symbols.count("p") == 2 and "f" in symbols and "v" in symbols
    assert spans[-1].end == pytest.approx(len(samples) / espeak().sample_rate, abs=0.002)
    energy = {
        kind: np.mean(
            [
                np.abs(samples[int(s.start * 22050) : int(s.end * 22050)]).mean()
                for s in spans
                if PHONES[s.symbol].kind == kind
            ]
        )
        for kind in ("vowel", "silence")
    }
    assert energy["vowel"] > 20 * energy["silence"]
    with pytest.raises(ConfigError, match="no such voice"):
        espeak().say("a", voice="nowhere")


@needs_espeak
def test_the_same_seed_makes_the_same_clips() -> None:
    options = Options(clips=2, seed=3, languages=("es",), shares={"espeak": 1.0, "festival": 0.0})
    first, again = make_clips([0, 1], options), make_clips([0, 1], options)
    assert [clip.voice for clip in first] == [clip.voice for clip in again]
    assert [clip.style for clip in first] == [clip.style for clip in again]
    for one, other in zip(first, again):  # espeak-ng itself carries some samples of state along
        assert [span.symbol for span in one.phones] == [span.symbol for span in other.phones]
        assert len(one.audio) == pytest.approx(len(other.audio), abs=200)
    assert first[0].frames == pytest.approx(len(first[0].audio) / SAMPLE_RATE * FRAME_RATE, abs=1)
    assert any(span.symbol in "pbm" for clip in first for span in clip.phones)


@needs_espeak
def test_heldout_voices_are_kept_apart(tmp_path: Path) -> None:
    options = Options(clips=2, seed=3, heldout=True, shares={"espeak": 1.0, "festival": 0.0})
    assert generate(options, tmp_path) == 2 <= CLIPS_PER_SHARD
    clips = load_shards(tmp_path)
    assert all(clip.heldout and clip.voice.split("+")[1] in HELDOUT_VOICES for clip in clips)


@needs_festival
def test_festival_voices_speak_with_phones() -> None:
    from driving.speech.festival import speak_all

    voice = installed_voices()[0]
    ((samples, rate, spans),) = [
        said
        for said in speak_all(voice, [phrase(voice.language, np.random.default_rng(0))], stretches=[1.0])
        if said
    ]
    assert len(samples) / rate == pytest.approx(spans[-1].end)
    assert sum(PHONES[span.symbol].kind == "vowel" for span in spans) >= 2


def _flite_is_here() -> bool:
    from driving.speech.flite import flite

    try:
        flite()
    except MissingDependencyError:
        return False
    return True


@pytest.mark.skipif(not _flite_is_here(), reason="flite's library is not installed")
def test_flite_says_when_each_phone_sounds() -> None:
    from driving.speech.flite import flite

    slow, rate, spans = flite().say("my boat", voice="rms", stretch=1.3)
    quick, _, _ = flite().say("my boat", voice="rms", stretch=0.8)
    assert [span.symbol for span in spans] == ["_", "m", "a", "ɪ", "b", "o", "ʊ", "t", "_"]
    assert spans[-1].end == pytest.approx(len(slow) / rate) and len(slow) > 1.4 * len(quick)
    vowel, pause = spans[2], spans[0]
    loud, still = (slow[int(s.start * rate) : int(s.end * rate)].std() for s in (vowel, pause))
    assert loud > 20 * still
    with pytest.raises(ConfigError, match="no such voice"):
        flite().say("hello", voice="nobody")


def test_a_varied_tempo_tells_where_everything_went() -> None:
    clicks = np.zeros(2 * SAMPLE_RATE, np.float32)
    places = np.arange(4000, len(clicks), 5000)
    clicks[places] = 1.0
    changed, heard_at = vary_tempo(clicks, np.random.default_rng(3))
    moved = np.abs(heard_at[places] - places / SAMPLE_RATE)
    assert moved.max() > 0.01
    for place in places:
        now = int(round(heard_at[place] * SAMPLE_RATE))
        near = np.abs(changed[max(now - 80, 0) : now + 80])
        assert abs(int(near.argmax()) - min(now, 80)) <= 4 and near.max() > 0.2


def test_a_breathy_voice_keeps_its_timing_and_level() -> None:
    spans = spans_of()
    sound = sound_of(spans)
    husky = make_breathy(sound, np.random.default_rng(1))
    assert husky.shape == sound.shape and not np.allclose(husky, sound, atol=1e-3)
    blocks = [x[: len(x) // 1600 * 1600].reshape(-1, 1600).std(axis=1) for x in (sound, husky)]
    assert np.corrcoef(*blocks)[0, 1] > 0.95
