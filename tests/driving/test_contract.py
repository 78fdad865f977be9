"""The contract every driver keeps (see ``driving.protocol.Driver``), run over all drivers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from driving import (
    Driver,
    ScriptRequest,
    SpeechDriver,
    SpeechRequest,
    TextDriver,
    TextRequest,
    TimedFrame,
    VideoDriver,
    VideoRequest,
)
from flame.errors import InputError
from flame.sequence import FlameSequence
from flame.timing import frame_count
from text2motion.script import parse_script

RATE = 16_000


@dataclass(frozen=True)
class Case:
    """A driver, how to make a good request with some options, requests it must refuse, and what it promises."""

    driver: Any
    request: Callable[..., Any]
    seconds: float
    bad: tuple[Callable[[], Any], ...]
    seeded: bool = True


def _buzz(seconds: float) -> np.ndarray:
    """(N,) a voice-like buzz that swells four times a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    swell = np.clip(np.sin(2 * np.pi * 4 * time), 0, 1)
    return (0.4 * swell * np.sign(np.sin(2 * np.pi * 130 * time))).astype(np.float32)


def _filmed(frames: int) -> list[TimedFrame]:
    """A real face that moves down the picture, ten frames a second."""
    import cv2

    skimage_data = pytest.importorskip("skimage.data")
    photo = cv2.resize(skimage_data.astronaut()[:320, 60:380], (320, 320), interpolation=cv2.INTER_AREA)
    shifts = [np.float32([[1, 0, 0], [0, 1, 2 * index]]) for index in range(frames)]
    pictures = [cv2.warpAffine(photo, shift, (320, 320), borderMode=cv2.BORDER_REPLICATE) for shift in shifts]
    return [TimedFrame(picture, index / 10) for index, picture in enumerate(pictures)]


def _text() -> Case:
    def request(**options: Any) -> TextRequest:
        return TextRequest(
            **{"text": "She turns to the left, then smiles.", "seconds": 1.2, "seed": 3, **options}
        )

    wrong: tuple[dict[str, Any], ...] = (
        {"text": ""},
        {"text": "smiles " * 2000},
        {"seconds": 0.0},
        {"seconds": float("nan")},
        {"fps": -25.0},
        {"seed": -3},
        {"intensity": 99.0},
    )
    return Case(
        TextDriver(), request, 1.2, tuple(lambda change=change: request(**change) for change in wrong)
    )


def _script() -> Case:
    script = parse_script("0-0.8s: nods; 0.8-1.6s: smiles")

    def request(**options: Any) -> ScriptRequest:
        return ScriptRequest(**{"script": script, "seed": 3, "fps": 25.0, **options})

    wrong = ({"seconds": -1.0}, {"fps": 0.0}, {"intensity": float("nan")})
    return Case(
        TextDriver(), request, 1.6, tuple(lambda change=change: request(**change) for change in wrong)
    )


def _speech() -> Case:
    def request(**options: Any) -> SpeechRequest:
        return SpeechRequest(**{"samples": _buzz(1.2), "sample_rate": RATE, "seed": 3, **options})

    wrong: tuple[dict[str, Any], ...] = (
        {"samples": np.zeros(0, np.float32)},
        {"samples": np.full(RATE, np.nan, np.float32)},
        {"samples": np.zeros((10, 2), np.float32)},
        {"sample_rate": 0},
        {"fps": float("nan")},
        {"seed": -3},
    )
    return Case(
        SpeechDriver(), request, 1.2, tuple(lambda change=change: request(**change) for change in wrong)
    )


def _video() -> Case:
    def request(**options: Any) -> VideoRequest:
        return VideoRequest(**{"frames": _filmed(8), "seconds": 0.8, **options})

    wall = [TimedFrame(np.full((64, 64, 3), 90, np.uint8), index / 10) for index in range(3)]
    wrong: tuple[dict[str, Any], ...] = (
        {"frames": []},
        {"frames": wall},
        {"frames": _filmed(3)[::-1]},
        {"fps": 0.0},
        {"regions": ("ears",)},
        {"face": -1},
    )
    bad = tuple(lambda change=change: request(**change) for change in wrong)
    return Case(VideoDriver(), request, 0.8, bad, seeded=False)


@pytest.fixture(scope="module", params=[_text, _script, _speech, _video], ids=lambda make: make.__name__[1:])
def case(request) -> Case:
    return request.param()


@pytest.fixture(scope="module")
def driven(case: Case) -> FlameSequence:
    return case.driver.drive(case.request())


def test_it_is_a_driver(case: Case) -> None:
    assert isinstance(case.driver, Driver)


def test_relative_motion_of_the_embedded_head(case: Case, driven: FlameSequence) -> None:
    assert isinstance(driven, FlameSequence)
    assert driven.basis == "open"
    assert not driven.shape.any()
    assert driven.frames == frame_count(case.seconds, fps=25.0)
    assert driven.fps == 25.0


def test_frame_zero_is_at_rest(driven: FlameSequence) -> None:
    for name in ("neck", "rotation", "eyes", "translation", "jaw", "eyelids", "expression"):
        assert np.abs(getattr(driven, name)[0]).max() < 5e-3, name


def test_something_moves(driven: FlameSequence) -> None:
    assert max(float(np.ptp(array, axis=0).max()) for array in driven.arrays().values()) > 0.01


def test_the_same_request_gives_the_same_motion(case: Case, driven: FlameSequence) -> None:
    again = case.driver.drive(case.request())
    np.testing.assert_array_equal(driven.neck, again.neck)
    np.testing.assert_array_equal(driven.expression, again.expression)


def test_another_seed_is_another_take(case: Case, driven: FlameSequence) -> None:
    if not case.seeded:
        pytest.skip("nothing about this driver is random")
    other = case.driver.drive(case.request(seed=4))
    assert np.abs(driven.neck - other.neck).max() > 1e-4


def test_another_rate_is_the_same_motion(case: Case, driven: FlameSequence) -> None:
    double = case.driver.drive(case.request(fps=50.0))
    shared = min(driven.frames, (double.frames + 1) // 2)
    np.testing.assert_allclose(double.neck[::2][:shared], driven.neck[:shared], atol=0.03)


def test_bad_requests_are_input_errors(case: Case) -> None:
    for make in case.bad:
        with pytest.raises(InputError) as caught:
            case.driver.drive(make())
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
