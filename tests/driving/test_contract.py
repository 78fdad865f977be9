"""The contract every driver keeps (see ``driving.protocol.Driver``), run over all drivers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from driving import Driver, TextDriver, TextRequest
from flame.errors import InputError
from flame.sequence import FlameSequence
from flame.timing import frame_count

_GOOD = {"text": TextRequest(text="She turns to the left, then smiles.", seconds=1.2, seed=3)}
_BAD = {
    "text": [
        TextRequest(text=""),
        TextRequest(text="smiles " * 2000),
        TextRequest(text="smiles", seconds=0.0),
        TextRequest(text="smiles", seconds=float("nan")),
        TextRequest(text="smiles", fps=-25.0),
        TextRequest(text="smiles", seed=-3),
        TextRequest(text="smiles", intensity=99.0),
    ]
}


@pytest.fixture(scope="module", params=["text"])
def case(request):
    return TextDriver(), _GOOD[request.param], _BAD[request.param]


def test_it_is_a_driver(case) -> None:
    assert isinstance(case[0], Driver)


def test_relative_motion_of_the_embedded_head(case) -> None:
    driver, request, _ = case
    sequence = driver.drive(request)
    assert isinstance(sequence, FlameSequence)
    assert sequence.basis == "open"
    assert not sequence.shape.any()
    assert sequence.frames == frame_count(request.seconds, fps=request.fps)
    assert sequence.fps == request.fps


def test_frame_zero_is_at_rest(case) -> None:
    driver, request, _ = case
    sequence = driver.drive(request)
    for name in ("neck", "rotation", "eyes", "translation", "jaw", "eyelids", "expression"):
        assert np.abs(getattr(sequence, name)[0]).max() < 5e-3, name


def test_the_same_request_gives_the_same_motion(case) -> None:
    driver, request, _ = case
    first, again = driver.drive(request), driver.drive(request)
    np.testing.assert_array_equal(first.neck, again.neck)
    np.testing.assert_array_equal(first.expression, again.expression)
    other = driver.drive(dataclasses.replace(request, seed=request.seed + 1))
    assert np.abs(first.neck - other.neck).max() > 1e-4


def test_another_rate_is_the_same_motion(case) -> None:
    driver, request, _ = case
    plain = driver.drive(request)
    double = driver.drive(dataclasses.replace(request, fps=2 * request.fps))
    shared = min(plain.frames, (double.frames + 1) // 2)
    np.testing.assert_allclose(double.neck[::2][:shared], plain.neck[:shared], atol=0.03)


def test_bad_requests_are_input_errors(case) -> None:
    driver, _, bad = case
    for request in bad:
        with pytest.raises(InputError) as caught:
            driver.drive(request)
        assert caught.value.exit_code == 2
