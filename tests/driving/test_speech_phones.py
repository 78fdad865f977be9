"""Phones, their names in other notations, and spans in time."""

from __future__ import annotations

import numpy as np
import pytest

from driving.speech.phones import INDEX, PHONES, SYMBOLS, PhoneSpan, from_arpabet, from_ipa, spread, tidy
from driving.speech.spelling import numbers_in_words, pronounce
from driving.speech.visemes import TASK, TASKS, viseme


def test_every_phone_has_a_viseme_within_reason() -> None:
    for symbol in SYMBOLS:
        known = viseme(symbol)
        assert known.target.shape == known.dominance.shape == (len(TASKS),)
        assert (known.target >= 0).all() and (known.dominance >= 0).all()
        assert known.target[TASK["aperture"]] < 18.0 and known.target[TASK["jaw"]] < 0.5
    assert SYMBOLS[0] == "_" and INDEX["_"] == 0 and len(SYMBOLS) < 256


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("aɪ", ("a", "ɪ")),
        ("tʃʰ", ("t", "ʃ")),
        ("ˈɑː", ("ɑ",)),
        ("œ̃", ("œ",)),
        ("ɡ", ("g",)),
        ("ʁ", ("ɣ",)),
        ("12", ()),
    ],
)
def test_ipa_becomes_the_inventory(text: str, symbols: tuple[str, ...]) -> None:
    assert from_ipa(text) == symbols
    assert all(symbol in PHONES for symbol in symbols)


def test_arpabet_with_and_without_stress() -> None:
    assert from_arpabet("AY1") == from_arpabet("ay") == ("a", "ɪ")
    assert from_arpabet("SIL") == ("_",)
    assert from_arpabet("XX") == ()


def test_vowels_open_by_height_and_round_by_rounding() -> None:
    aperture = {s: viseme(s).target[TASK["aperture"]] for s in "iɪɛaɑu"}
    assert aperture["u"] < aperture["i"] < aperture["ɪ"] < aperture["ɛ"] < aperture["a"]
    assert viseme("u").target[TASK["rounding"]] > 0.7 > 0.1 > viseme("i").target[TASK["rounding"]]
    assert viseme("s").target[TASK["jaw"]] < viseme("k").target[TASK["jaw"]]


def test_a_diphthong_is_spread_over_its_time() -> None:
    first, second = spread(("a", "ɪ"), 1.0, 1.2, 1.0)
    assert (first.start, second.end) == (1.0, pytest.approx(1.2))
    assert first.end == second.start == pytest.approx(1.12)
    assert first.stress == 1.0


def test_tidy_fills_gaps_and_removes_overlap() -> None:
    spans = tidy([PhoneSpan("b", 0.5, 0.6), PhoneSpan("a", 0.55, 0.7), PhoneSpan("_", 0.9, 1.0)], 1.5)
    assert [span.symbol for span in spans] == ["_", "b", "a", "_"]
    edges = np.array([[span.start, span.end] for span in spans])
    assert edges[0, 0] == 0.0 and edges[-1, 1] == 1.5
    np.testing.assert_allclose(edges[1:, 0], edges[:-1, 1])


def test_tidy_of_nothing_is_silence() -> None:
    assert tidy([], 2.0) == [PhoneSpan("_", 0.0, 2.0)]


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("7", "seven"),
        ("347", "three hundred forty seven"),
        ("1985", "nineteen eighty five"),
        ("2,000,001", "two million one"),
        ("007", "zero zero seven"),
    ],
)
def test_numbers_are_spelt_out(digits: str, words: str) -> None:
    assert numbers_in_words(digits).split() == words.split()


def test_words_outside_the_dictionary_are_pronounced_by_rule() -> None:
    assert pronounce("blimp") == "B L IH M P"
    assert pronounce("phobe").startswith("F ")
    assert pronounce("vape") == "V EY P"
    assert pronounce("'") == "AH"
