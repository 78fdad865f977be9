"""The weights in the package: they read, and they speak."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from driving.speech import SpeechDriver, SpeechRequest, SpeechStyle
from driving.speech.lips import lip_meter
from driving.speech.weight_files import WEIGHTS_FOLDER
from flame.sequence import FlameSequence

# Synthesized for this test: "Abba. A mummy, a puppy.", by a voice that training does not have.
_CLIP = Path(__file__).parent / "data" / "aba.npz"


@pytest.fixture(scope="module")
def driver() -> SpeechDriver:
    return SpeechDriver()


@pytest.fixture(scope="module")
def clip() -> tuple[np.ndarray, np.ndarray]:
    """Samples at 16 kHz and the middles of b, m, m, p, p in seconds."""
    with np.load(_CLIP) as stored:
        return stored["samples"].astype(np.float32) / 32768.0, stored["seals"]


def _gap(sequence: FlameSequence) -> np.ndarray:
    return lip_meter().gap_mm(sequence.expression, sequence.jaw[:, 0])


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS_FOLDER.iterdir()) < 12e6


def test_lips_close_at_p_b_m_and_open_between(driver, clip) -> None:
    samples, seals = clip
    gap = _gap(driver.drive(SpeechRequest(samples=samples, sample_rate=16000)))
    times = np.arange(len(gap)) / 25.0
    open_gap = np.median(gap[gap > 0.5])
    assert open_gap > 1.5
    closed = [gap[np.abs(times - seal) <= 0.08].min() < 0.15 * open_gap for seal in seals]
    assert sum(closed) >= 4
    assert np.mean(gap > 0.3 * open_gap) > 0.2


def test_silence_is_a_resting_face_that_lives(driver) -> None:
    sequence = driver.drive(SpeechRequest(samples=np.zeros(16000 * 12, np.float32), sample_rate=16000))
    assert np.abs(_gap(sequence)).max() < 0.6
    assert sequence.jaw[:, 0].max() < 0.05
    assert sequence.eyelids.max() > 0.9
    assert 0.002 < np.ptp(sequence.neck[:, 1]) < 0.35


def test_moods_show_and_sizes_scale(driver, clip) -> None:
    from flame.rig import EXPRESSION_NAMES

    samples, _ = clip
    smile = EXPRESSION_NAMES.index("mouthSmileLeft")

    def spoken(**style) -> FlameSequence:
        return driver.drive(SpeechRequest(samples=samples, sample_rate=16000, style=SpeechStyle(**style)))

    plain, cheerful = spoken(), spoken(mood="cheerful")
    assert cheerful.expression[20:, smile].mean() > plain.expression[20:, smile].mean() + 0.15
    small, large = spoken(mouth=0.6), spoken(mouth=1.4)
    assert np.percentile(_gap(large), 80) > 1.2 * np.percentile(_gap(small), 80)


def test_a_language_that_is_not_recognised_is_left_as_it_is(driver, clip) -> None:
    pytest.importorskip("pocketsphinx")
    samples, _ = clip
    backwards = np.ascontiguousarray(samples[::-1])
    request = SpeechRequest(samples=backwards, sample_rate=16000)
    plain = driver.drive(request)
    tried = driver.drive(dataclasses.replace(request, recognise=True))
    np.testing.assert_array_equal(plain.expression, tried.expression)
