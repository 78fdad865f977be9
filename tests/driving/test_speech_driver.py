"""The speech driver's mechanics on a tiny network: streaming, lengths, seeds, bad input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from driving.speech import SpeechDriver, SpeechRequest, SpeechStyle
from driving.speech.finishing import sealed
from driving.speech.lips import lip_meter
from driving.speech.streaming import LATENCY_SECONDS
from flame.errors import AudioError, ConfigError, InputError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence, concatenate
from flame.timing import frame_count
from tests.driving.speech_fixtures import babble, tiny_model


@pytest.fixture(scope="module")
def driver() -> SpeechDriver:
    return SpeechDriver(tiny_model())


def _blocks(samples: np.ndarray, seed: int):
    """Cut at random, empty blocks too."""
    generator, place = np.random.default_rng(seed), 0
    while place < len(samples):
        size = int(generator.integers(0, 5000))
        yield samples[place : place + size]
        place += size


def _same(a: FlameSequence, b: FlameSequence) -> bool:
    return a.fps == b.fps and all(
        np.array_equal(value, getattr(b, name)) for name, value in a.arrays().items()
    )


@pytest.mark.parametrize(
    ("sample_rate", "fps"), [(16000, 25.0), (44100, 30.0), (8000, 50.0), (48000, 23.976), (22050, 10.0)]
)
def test_a_stream_gives_what_one_shot_gives_bit_for_bit(driver, sample_rate: int, fps: float) -> None:
    samples = babble(2.3, sample_rate)
    whole = driver.drive(SpeechRequest(samples=samples, sample_rate=sample_rate, fps=fps, seed=4))
    parts = list(driver.stream(_blocks(samples, 1), sample_rate=sample_rate, fps=fps, seed=4))
    assert len(parts) > 2
    assert _same(concatenate(parts), whole)
    assert whole.frames == frame_count(len(samples) / sample_rate, fps=fps)


def test_frames_come_out_within_the_latency(driver) -> None:
    samples, fed, out = babble(3.0), 0.0, 0
    stream = driver._stream(sample_rate=16000, fps=25.0, seed=0, style=SpeechStyle())
    for start in range(0, len(samples), 320):
        ready = stream.push(samples[start : start + 320])
        fed += 0.02
        out += 0 if ready is None else ready.frames
        assert out / 25.0 >= fed - LATENCY_SECONDS - 0.04, (out, fed)


def test_what_is_kept_between_blocks_does_not_grow(driver) -> None:
    stream = driver._stream(sample_rate=22050, fps=25.0, seed=0, style=SpeechStyle())
    sizes = []
    for index in range(12):
        stream.push(babble(1.0, 22050, seed=index))
        kept = [stream._sound, stream._rows, stream._motion, stream._contacts, stream._resampler._held]
        sizes.append(sum(array.nbytes for array in kept))
    assert max(sizes[6:]) <= 1.2 * max(sizes[:6])


@pytest.mark.parametrize("count", [640, 700, 1601, 8000, 16000])
def test_every_length_has_its_frames(driver, count: int) -> None:
    request = SpeechRequest(samples=babble(1.0)[:count], sample_rate=16000)
    assert driver.drive(request).frames == frame_count(request.seconds)


def test_the_seed_moves_the_head_and_nothing_else_changes(driver) -> None:
    request = SpeechRequest(samples=babble(1.5), sample_rate=16000, seed=1)
    first = driver.drive(request)
    assert _same(first, driver.drive(request))
    other = driver.drive(dataclasses.replace(request, seed=2))
    assert np.abs(first.neck - other.neck).max() > 1e-4


def test_the_sound_and_the_style_matter(driver) -> None:
    request = SpeechRequest(samples=babble(1.5), sample_rate=16000)
    plain = driver.drive(request)
    silent = driver.drive(dataclasses.replace(request, samples=np.zeros_like(request.samples)))
    sad = driver.drive(dataclasses.replace(request, style=SpeechStyle(mood="sad")))
    assert np.abs(plain.jaw - silent.jaw).max() > 1e-4
    assert np.abs(plain.expression - sad.expression).max() > 1e-4


def test_loudness_matters_little(driver) -> None:
    request = SpeechRequest(samples=babble(1.5), sample_rate=16000)
    plain = driver.drive(request)
    quiet = driver.drive(dataclasses.replace(request, samples=0.25 * request.samples))
    silent = driver.drive(dataclasses.replace(request, samples=0.0 * request.samples))
    assert np.abs(plain.jaw - quiet.jaw).mean() < 0.3 * np.abs(plain.jaw - silent.jaw).mean()


def test_a_head_of_size_zero_is_still(driver) -> None:
    request = SpeechRequest(samples=babble(1.0), sample_rate=16000, style=SpeechStyle(head=0.0))
    sequence = driver.drive(request)
    assert not sequence.neck.any() and not sequence.rotation.any()


def test_guidance_exaggerates_the_style() -> None:
    request = SpeechRequest(samples=babble(1.0), sample_rate=16000, style=SpeechStyle(mood="angry"))
    plain = SpeechDriver(tiny_model()).drive(request)
    guided = SpeechDriver(tiny_model(), guidance=2.0).drive(request)
    assert np.abs(plain.expression - guided.expression).max() > 1e-4


def test_sealing_closes_lips_where_a_seal_is_heard() -> None:
    expression = np.zeros((5, len(EXPRESSION_NAMES)), np.float32)
    expression[:, EXPRESSION_NAMES.index("mouthLowerDownLeft")] = 0.4
    jaw = np.full(5, 0.15)
    contacts = np.zeros((5, 4))
    contacts[2, 3], contacts[4, 1] = 0.9, 0.9
    before = lip_meter().gap_mm(expression, jaw)
    after = lip_meter().gap_mm(sealed(expression, jaw, contacts), jaw)
    assert after[2] < 0.05
    assert 0.5 < after[4] < 2.0
    np.testing.assert_allclose(after[[0, 1, 3]], before[[0, 1, 3]], atol=1e-5)


_SOUND = babble(0.5)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"samples": np.zeros(0, np.float32)}, AudioError, "at least"),
        ({"samples": _SOUND[:100]}, AudioError, "at least"),
        ({"samples": np.where(np.arange(8000) == 5, np.nan, _SOUND)}, AudioError, "finite"),
        ({"samples": np.full(8000, np.inf, np.float32)}, AudioError, "finite"),
        ({"samples": np.zeros((8000, 2), np.float32)}, AudioError, "mono"),
        ({"samples": (_SOUND * 32767).astype(np.int16)}, AudioError, "floating"),
        ({"samples": _SOUND * 32767}, AudioError, r"\[-1, 1\]"),
        (
            {"samples": np.broadcast_to(np.float32(0.0), 3601 * 8000), "sample_rate": 8000},
            AudioError,
            "at most",
        ),
        ({"sample_rate": 4000}, AudioError, "sample rate"),
        ({"sample_rate": 16000.5}, AudioError, "sample rate"),
        ({"fps": 0.0}, ConfigError, "fps"),
        ({"seed": -1}, ConfigError, "seed"),
        ({"style": SpeechStyle(mood="grumpy")}, ConfigError, "mood"),
        ({"style": SpeechStyle(mouth=9.0)}, ConfigError, "mouth"),
        ({"style": SpeechStyle(head=float("nan"))}, ConfigError, "head"),
        ({"transcript": "  "}, AudioError, "transcript"),
    ],
)
def test_bad_requests_say_what_is_wrong(driver, changes, error, words: str) -> None:
    request = dataclasses.replace(SpeechRequest(samples=_SOUND, sample_rate=16000), **changes)
    with pytest.raises(error, match=words) as caught:
        driver.drive(request)
    assert "\n" not in str(caught.value) and ";" in str(caught.value)


def test_bad_streams_say_what_is_wrong(driver) -> None:
    with pytest.raises(AudioError, match="samples"):
        list(driver.stream([], sample_rate=16000))
    with pytest.raises(AudioError, match="finite"):
        list(driver.stream([np.array([np.nan], np.float32)], sample_rate=16000))
    with pytest.raises(InputError, match="sample rate"):
        driver.stream([_SOUND], sample_rate=100)


def test_another_extractor_than_the_networks_is_refused() -> None:
    driver = SpeechDriver(tiny_model(features="hubert-16x1"))
    with pytest.raises(ConfigError, match="hubert-16x1"):
        driver.drive(SpeechRequest(samples=_SOUND, sample_rate=16000))
