"""Words heard while the network works: where speech is looked for, what is trusted, what is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from driving.speech import SpeechDriver, SpeechRequest
from driving.speech.accents import VoiceAccents
from driving.speech.hearing import Hearing, _shared_out, missed, spoken_parts, sureness
from driving.speech.network import EncoderMemory
from driving.speech.phones import INDEX, SYMBOLS, PhoneSpan
from driving.speech.placing import HeardWord, lips_as_one, placed
from driving.speech.sharpening import sharpen
from driving.speech.vocabulary import WORDS, dictionary_text, listened_for
from flame.errors import InputError, MissingDependencyError
from tests.driving.speech_fixtures import babble, tiny_model
from tests.driving.speech_phones import sound_of, spans_of

RATE = 16000


def _bursts(*spans: tuple[float, float], seconds: float) -> np.ndarray:
    generator = np.random.default_rng(0)
    sound = generator.normal(0.0, 3.0, int(seconds * RATE))
    for start, end in spans:
        inside = slice(int(start * RATE), int(end * RATE))
        sound[inside] += generator.normal(0.0, 6000.0, inside.stop - inside.start)
    return sound.astype(np.int16)


def test_speech_is_looked_for_between_long_pauses_only() -> None:
    sound = _bursts((1.0, 2.0), (2.2, 3.0), (8.0, 9.0), seconds=12.0)
    parts = [(a / RATE, b / RATE) for a, b in spoken_parts(sound)]
    assert np.allclose(parts, [(0.85, 3.15), (7.85, 9.15)], atol=0.05)


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    sound = _bursts((0.0, 50.0), seconds=50.0)
    dip = slice(int(15.0 * RATE), int(15.1 * RATE))
    sound[dip] = sound[dip] // 8
    parts = spoken_parts(sound)
    assert parts[0][0] == 0 and parts[-1][1] == len(sound)
    assert all(b - a <= 20.5 * RATE for a, b in parts)
    assert parts[0][1] / RATE == pytest.approx(15.05, abs=0.1)


def _chances(spans: list[PhoneSpan], share: float) -> np.ndarray:
    """What an ear hears that gives these phones ``share`` and the rest to another one."""
    frames = int(spans[-1].end * 50)
    chances = np.full((frames, len(SYMBOLS)), 1e-3)
    other = INDEX["ŋ"]
    for span in spans:
        inside = slice(int(span.start * 50), int(span.end * 50) + 1)
        chances[inside, other] = 1.0 - share
        chances[inside, INDEX[span.symbol]] = share
    return chances


def test_words_are_trusted_where_the_network_hears_their_phones() -> None:
    spans = spans_of()
    assert sureness(spans, lips_as_one(_chances(spans, 0.9))).min() == 1.0
    assert sureness(spans, lips_as_one(_chances(spans, 0.2))).max() == 0.0
    voiced = [PhoneSpan({"p": "b", "f": "v"}.get(s.symbol, s.symbol), s.start, s.end) for s in spans]
    assert sureness(voiced, lips_as_one(_chances(spans, 0.9))).min() == 1.0  # the lips of p and b are one


def test_lips_that_the_network_clearly_hears_meet_stay_its_own() -> None:
    spans = spans_of()
    heard = lips_as_one(_chances(spans, 0.95))
    assert missed(spans, heard).max() == 0.0
    seal = next(span for span in spans if span.symbol in "pbm")
    without = [PhoneSpan("t", s.start, s.end) if s is seal else s for s in spans]
    found = missed(without, heard)
    middle = int(0.5 * (seal.start + seal.end) * 50)
    assert found[middle] == 1.0 and found.mean() < 0.2
    assert missed(without, lips_as_one(_chances(spans, 0.5))).max() == 0.0  # a guess is not enough


def test_sharpening_leaves_alone_what_is_not_sure() -> None:
    spans = spans_of()
    motion = SpeechDriver(tiny_model()).drive(SpeechRequest(samples=sound_of(spans), sample_rate=RATE))
    sure = np.where(np.arange(len(motion)) < len(motion) // 2, 0.0, 1.0)
    part, whole = sharpen(motion, spans, sure=sure), sharpen(motion, spans)
    half = len(motion) // 2
    assert np.array_equal(part.expression[:half], motion.expression[:half])
    assert np.array_equal(part.expression[half:], whole.expression[half:])
    assert not np.allclose(whole.expression[:half], motion.expression[:half], atol=1e-3)


def test_words_are_heard_by_other_processes() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    from driving.speech.flite import flite

    try:
        samples, rate, truth = flite().say("my brother has a very big boat", voice="rms")
    except MissingDependencyError:
        pytest.skip("flite's library is not installed")
    late = np.concatenate([np.zeros(3 * rate, np.float32), samples])
    with Hearing(late, rate) as hearing:
        words = hearing.words()
    assert [word.phones[0] for word in words] == ["M", "B", "HH", "AH", "V", "B", "B"]
    shifted = [PhoneSpan(span.symbol, span.start + 3.0, span.end + 3.0) for span in truth]
    spans = placed(words, lips_as_one(_chances([PhoneSpan("_", 0.0, 3.0), *shifted], 0.9)))
    found = [span for span in spans if span.symbol in "pbmv"]
    lips = [span for span in shifted if span.symbol in "pbmv"]
    assert [span.symbol for span in found] == [span.symbol for span in lips]
    assert max(abs(a.start - b.start) for a, b in zip(found, lips)) < 0.05


def test_phones_lie_in_a_word_where_they_are_heard() -> None:
    truth = [PhoneSpan("m", 0.5, 0.62), PhoneSpan("i", 0.62, 0.80), PhoneSpan("t", 0.80, 0.84)]
    heard = lips_as_one(_chances([PhoneSpan("_", 0.0, 0.5), *truth, PhoneSpan("_", 0.84, 1.2)], 0.7))
    spans = placed([HeardWord(("M", "IY", "T"), 0.5, 0.84)], heard)
    assert [span.symbol for span in spans] == ["m", "i", "t"]
    assert np.allclose([span.start for span in spans], [0.5, 0.62, 0.80], atol=0.021)
    other = [PhoneSpan("b" if span.symbol == "m" else span.symbol, span.start, span.end) for span in truth]
    heard = lips_as_one(_chances([PhoneSpan("_", 0.0, 0.5), *other, PhoneSpan("_", 0.84, 1.2)], 0.7))
    assert placed([HeardWord(("M", "IY", "T"), 0.5, 0.84)], heard) == spans  # the lips of m and b are one


def test_a_word_shorter_than_its_phones_is_shared_out_evenly() -> None:
    spans = placed([HeardWord(("M", "IY", "T"), 0.10, 0.13)], np.full((4, len(SYMBOLS)), 1e-3))
    assert np.allclose([span.end for span in spans], [0.11, 0.12, 0.13])
    beyond = placed([HeardWord(("M", "IY"), 1.0, 1.5)], np.full((4, len(SYMBOLS)), 1e-3))
    assert np.allclose([span.end for span in beyond], [1.25, 1.5])


def test_the_vocabulary_is_of_the_recognisers_words() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    words = listened_for()
    assert len(words) == WORDS and {"the", "of", "every", "family", "people"} <= words
    lines = dictionary_text().splitlines()
    assert {line.split()[0].split("(")[0] for line in lines} == set(words)
    assert sum(line.startswith(("the ", "the(")) for line in lines) >= 2  # all pronunciations


def test_the_parts_are_shared_out_evenly() -> None:
    assert sorted(map(sorted, _shared_out([5, 3, 4, 4]))) == [[0, 1], [2, 3]]
    assert _shared_out([7]) == [[0]] and _shared_out([]) == []


def test_the_encoder_hears_the_same_in_pieces() -> None:
    import torch

    network, _ = tiny_model()
    config = network.config
    rows = torch.randn(
        1, config.rows_before + 60 * config.rows_per_frame + config.rows_after, config.feature_dims
    )
    memory, step = EncoderMemory(), 12 * config.rows_per_frame
    first = config.rows_before + step + config.rows_after
    pieces = [network.encoder(rows[:, :first], memory)]
    for start in range(first, rows.shape[1], step):
        pieces.append(network.encoder(rows[:, start : start + step], memory))
    whole = network.encoder(rows)
    assert whole.shape[1] == 60
    assert torch.allclose(torch.cat(pieces, dim=1), whole, atol=1e-5)


def test_nothing_to_hear_is_said_and_the_driver_goes_on() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    silent = np.zeros(RATE, np.float32)
    with pytest.raises(InputError, match="nothing to hear"):
        Hearing(silent, RATE)
    driver = SpeechDriver(tiny_model())
    request = SpeechRequest(samples=silent, sample_rate=RATE, recognise=True)
    assert len(driver.drive(request)) == 25


def _voice(semitones: np.ndarray, loud: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.ones(len(semitones)), semitones / 12.0, 30.0 * (loud - 1.0)


def test_the_head_lifts_with_the_pitch_and_the_brows_with_high_accents() -> None:
    flat, loud = np.zeros(200), np.ones(200)
    high = flat.copy()
    high[100:130] = 5.0
    still, moved = (VoiceAccents(seed=1).chunk(*_voice(tone, loud)) for tone in (flat, high))
    assert np.abs(still[100:]).max() < 0.5
    lift = moved[:, 0] - still[:, 0]
    assert 1.0 < lift[100:140].max() < 4.0 and np.abs(lift[:100]).max() == 0.0
    assert moved[:, 1].max() > 0.1 and still[:, 1].max() == 0.0


def test_the_head_nods_on_a_loud_beat_and_rests_in_silence() -> None:
    loud = np.full(300, 0.6)
    loud[100:108] = 1.2
    loud[200:] = 0.0
    lift = VoiceAccents(seed=1).chunk(*_voice(np.zeros(300), loud))[:, 0]
    assert lift[100:116].min() < lift[95] - 0.7
    assert np.abs(lift[280:]).max() < 0.1


def test_accents_do_not_depend_on_the_cut_and_follow_the_seed() -> None:
    generator = np.random.default_rng(2)
    loud = np.repeat(generator.uniform(0.0, 1.2, 40), 10)
    told = _voice(np.repeat(generator.normal(0, 3, 40), 10), loud)
    whole = VoiceAccents(seed=3).chunk(*told)
    pieces = VoiceAccents(seed=3)
    cut = [pieces.chunk(*(track[a : a + 12] for track in told)) for a in range(0, 400, 12)]
    assert np.array_equal(np.concatenate(cut), whole)
    assert not np.allclose(VoiceAccents(seed=4).chunk(*told), whole, atol=0.05)


def test_a_livelier_voice_moves_the_head_more() -> None:
    from driving.speech import SpeechStyle

    driver = SpeechDriver(tiny_model())
    sound = babble(4.0)
    still = driver.drive(SpeechRequest(samples=sound, sample_rate=RATE, style=SpeechStyle(head=0.0)))
    usual = driver.drive(SpeechRequest(samples=sound, sample_rate=RATE))
    assert np.degrees(np.ptp(usual.neck[:, 0])) > np.degrees(np.ptp(still.neck[:, 0])) + 0.5
