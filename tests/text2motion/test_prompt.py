"""The splitter: what happens, in which order, by which model, and what is refused."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.errors import PromptError
from text2motion.corpus.vocabulary import ACTION_BY_NAME
from text2motion.language import semantics
from text2motion.language.spelling import corrected, distance
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause
from text2motion.prompt import LONGEST_PROMPT, check_prompt, split_prompt

_CASES = [
    tuple(line.split(" => "))
    for line in (Path(__file__).parent / "readings.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]


def _shown(clause: Clause) -> str:
    """A clause in the notation of readings.txt: action, manner, times."""
    said = [clause.action or "?"]
    said += {-1: ["slow"], 0: [], 1: ["fast"]}[clause.speed] + {-1: ["small"], 0: [], 1: ["large"]}[
        clause.size
    ]
    said += [f"x{clause.count}"] if clause.count else []
    said += [f"{clause.hold_seconds:g}s"] if clause.hold_seconds else []
    said += [f"after {clause.delay:g}s"] if clause.delay else []
    said += [f"at {clause.at:g}s"] if clause.at is not None else []
    said += [f"at {clause.where:.0%}"] if clause.where is not None else []
    said += ["keeps"] if clause.fills else []
    said += [f"{clause.span[0]:g}-{clause.span[1]:g}s"] if clause.span else []
    return " ".join(said)


def _read(prompt: str, *, by_meaning: bool = False) -> str:
    """Groups of clauses: "a, b | c" is a with b, then c."""
    clauses = split_prompt(prompt, by_meaning=by_meaning).clauses
    groups = itertools.groupby(clauses, key=lambda clause: clause.group)
    return " | ".join(", ".join(_shown(clause) for clause in group) for _, group in groups)


@pytest.mark.parametrize(("prompt", "reading"), _CASES, ids=[case[0][:60] for case in _CASES])
def test_prompts_are_read_as_people_mean_them(prompt: str, reading: str) -> None:
    assert _read(prompt) == reading


def test_there_are_cases_of_every_kind() -> None:
    assert len(_CASES) >= 300
    named = {word for _, reading in _CASES for word in re.findall(r"[a-z_]+", reading)}
    assert len(named & set(ACTION_BY_NAME)) >= 75


@pytest.mark.parametrize(
    "scenery",
    [
        "a woman in a red hat with blue eyes in a park {}",
        "A young man with a thick beard, wearing a shirt with an open collar, {}",
        "Close-up, soft light: an old lady next to a closed window {}",
        "standing on a raised platform with her left hand in her pocket, the singer {}",
        "{} in a crowded street at night",
    ],
)
@pytest.mark.parametrize(
    "action",
    ["slowly turns her head to the right", "nods three times", "smiles and closes her eyes", "looks sad"],
)
def test_scenery_does_not_disturb(scenery: str, action: str) -> None:
    assert _read(scenery.format(action)) == _read(action)


@pytest.mark.parametrize(
    "style", ["{}", "She {}.", "please {}", "(the man {})", "A person {}!", "the woman then {}"]
)
def test_styles_say_the_same(style: str) -> None:
    for action in ("nods twice", "turns left, then smiles", "winks with the right eye"):
        assert _read(style.format(action)) == _read(action)


def test_the_words_that_are_left_out_are_named() -> None:
    split = split_prompt("smiles, juggles three balls and nods", by_meaning=False)
    assert [clause.action for clause in split.clauses] == ["smile", "nod"]
    assert len(split.warnings) == 1
    assert "juggles" in split.warnings[0]


def test_what_only_the_meaning_suggests_is_said() -> None:
    split = split_prompt("beckons with her eyebrows")
    assert [clause.action for clause in split.clauses] == ["wiggle_brows"]
    assert "taken to mean wiggle brows" in split.warnings[0]
    assert not _read("claps her hands", by_meaning=True).startswith("press")


def test_the_stored_captions_are_those_of_the_vocabulary() -> None:
    with np.load(Path(semantics.__file__).parent / "captions.npz") as stored:
        assert str(stored["digest"]) == semantics.bank_digest()
        assert len(stored["vectors"]) == len(semantics.bank_captions()[0])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("haed", "head"), ("smlies", "smiles"), ("slowlyy", "slowly"), ("rigth", "right"), ("sloooowly", "slowly"),
     ("eyebrwos", "eyebrows"), ("juggles", "juggles"), ("tomorrow", "tomorrow"), ("maria", "maria"), ("nods", "nods")],
)  # fmt: skip
def test_only_misspelt_words_are_put_right(wrong: str, right: str) -> None:
    assert corrected(wrong) == right


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="abcdefgh", max_size=7), st.text(alphabet="abcdefgh", max_size=7))
def test_edits_are_symmetric_and_zero_only_for_the_same(first: str, second: str) -> None:
    away = distance(first, second, most=20)
    assert away == distance(second, first, most=20)
    assert (away == 0) == (first == second)
    assert abs(len(first) - len(second)) <= away <= max(len(first), len(second))


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
