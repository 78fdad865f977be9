"""The splitter: what happens, in which order, by which model, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.errors import PromptError
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE
from text2motion.prompt import LONGEST_PROMPT, check_prompt, split_prompt


def _read(prompt: str) -> list[tuple[str | None, int]]:
    return [(clause.action, clause.group) for clause in split_prompt(prompt).clauses]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("She slowly turns her head to the left, then smiles.", [("turn_left", 0), ("smile", 1)]),
        ("smiles and nods", [("smile", 0), ("nod", 0)]),
        (
            "He looks surprised, raises his eyebrows and opens his mouth",
            [("surprised", 0), ("raise_brows", 0), ("open_mouth", 0)],
        ),
        ("shakes his head angrily", [("shake", 0), ("angry", 0)]),
        ("winks with the left eye", [("wink_left", 0)]),
        ("closes her eyes and tilts her head to the right", [("close_eyes", 0), ("tilt_right", 0)]),
        ("laughs while looking up", [("laugh", 0), ("look_up", 0)]),
        ("turns left then right", [("turn_left", 0), ("turn_right", 1)]),
        ("looks up and down", [("look_up", 0), ("look_down", 1)]),
        ("Before smiling, she blinks", [("blink", 0), ("smile", 1)]),
        ("She nods before opening her mouth", [("nod", 0), ("open_mouth", 1)]),
        ("He smiles after turning right", [("turn_right", 0), ("smile", 1)]),
        ("turns her head to the left and back", [("turn_left", 0), ("face_forward", 1)]),
        ("moves his head up and down", [("nod", 0)]),
        ("nods with a smile", [("nod", 0), ("smile", 0)]),
        ("changes from sad to happy", [("sad", 0), ("happy", 1)]),
        ("smiles without nodding", [("smile", 0)]),
        ("closes his eyes and then opens them", [("close_eyes", 0), ("open_eyes", 1)]),
        ("looks from left to right", [("look_left", 0), ("look_right", 1)]),
        ("a young woman in a red hat smiles", [("smile", 0)]),
    ],
)
def test_actions_and_their_order(prompt: str, expected: list[tuple[str, int]]) -> None:
    assert _read(prompt) == expected


def test_parts_go_to_their_model() -> None:
    split = split_prompt("She turns left and smiles")
    assert [clause.role for clause in split.clauses] == [MOTION_ROLE, EMOTION_ROLE]
    assert "left" in split.motion_text
    assert "smile" in split.emotion_text
    assert "smile" not in split.motion_text


def test_counts_speed_and_length() -> None:
    nod, shake = split_prompt("nods twice quickly, then slowly shakes her head three times").clauses
    assert (nod.count, nod.speed) == (2, 1)
    assert (shake.count, shake.speed) == (3, -1)
    assert split_prompt("closes her eyes for 2 seconds").clauses[0].hold_seconds == 2.0
    assert split_prompt("gives a single nod").clauses[0].count == 1


def test_given_times() -> None:
    turn, nod, smile = split_prompt("0-2s: turns left; 2-3.5s: nods twice, smiling").clauses
    assert turn.span == (0.0, 2.0)
    assert nod.span == smile.span == (2.0, 3.5)
    with pytest.raises(PromptError, match="end after it starts"):
        split_prompt("3-1s: nods")


def test_unknown_words_warn_and_give_idle_life() -> None:
    split = split_prompt("elle sourit doucement")
    assert len(split.warnings) == 1
    assert "no known facial action" in split.warnings[0]
    assert {clause.role for clause in split.clauses} == {MOTION_ROLE, EMOTION_ROLE}
    assert split_prompt("она улыбается").warnings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   \n\t ", "empty"),
        ("...!?", "empty"),
        ("a" * (LONGEST_PROMPT + 1), "at most 1000"),
        ("smile " * 2000, "at most 1000"),
        ("smiles\x00", "control"),
        ("smiles\x1b[31m", "control"),
        (None, "must be text"),
        (b"smiles", "must be text"),
    ],
)
def test_refused(text: object, says: str) -> None:
    with pytest.raises(PromptError, match=says) as caught:
        check_prompt(text)
    assert ": " in str(caught.value)
    assert "; " in str(caught.value)


_WORDS = st.sampled_from(
    "she he turns nods left right head her smiles then and before after while , . ; with without twice eyes "
    "closes 0-2s: up down slowly the mouth opens not 5 (é ☺".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_WORDS, min_size=1, max_size=18).map(" ".join))
def test_any_words_split_without_a_crash(text: str) -> None:
    try:
        split = split_prompt(text)
    except PromptError:
        return
    groups = [clause.group for clause in split.clauses]
    assert all(clause.text.strip() for clause in split.clauses)
    assert groups == sorted(groups)
