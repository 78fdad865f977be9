"""The planner: order is kept, everything fits, what is held is let go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text2motion.corpus.vocabulary import ACTIONS
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause, plan
from text2motion.prompt import split_prompt


def _plan(prompt: str, seconds: float):
    return plan(list(split_prompt(prompt).clauses), seconds=seconds)


def test_the_smile_starts_when_the_turn_is_done() -> None:
    turn, smile = _plan("She slowly turns her head to the left, then smiles.", 3.0)
    assert turn.settle <= smile.start
    assert smile.settle < 3.0
    assert turn.release > 3.0  # the turn is held to the end


def test_a_later_turn_lets_the_earlier_go() -> None:
    left, right = _plan("turns left, then turns right", 4.0)
    assert left.release == pytest.approx(right.start)


def test_a_tilt_leaves_the_turn_alone() -> None:
    turn, _ = _plan("turns left, then tilts her head to the right", 4.0)
    assert turn.release > 4.0


def test_more_nods_take_longer_and_slow_is_longer() -> None:
    lengths = [_plan(f"nods {count}", 6.0)[0] for count in ("once", "twice", "three times")]
    assert [item.settle - item.start for item in lengths] == sorted(
        item.settle - item.start for item in lengths
    )
    slow, plain = _plan("slowly turns left", 6.0)[0], _plan("turns left", 6.0)[0]
    assert slow.settle - slow.start > 1.5 * (plain.settle - plain.start)


def test_given_spans_are_kept() -> None:
    _, nod = _plan("0-2s: turns left; 2-4s: nods", 4.0)
    assert 2.0 <= nod.start < nod.settle <= 4.0


def test_nothing_to_plan() -> None:
    assert plan([], seconds=2.0) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2), st.integers(-1, 1)), min_size=1, max_size=8
    ),
    st.floats(0.2, 30.0),
)
def test_times_are_ordered_and_fit(actions, seconds: float) -> None:
    group, clauses = 0, []
    for action, step, speed in actions:
        group += step > 0
        role = MOTION_ROLE if action.domain == "motion" else EMOTION_ROLE
        clauses.append(Clause("x", role, group, action.name, speed=speed))
    planned = plan(clauses, seconds=seconds)
    assert [item.clause for item in planned] == clauses
    for item in planned:
        assert 0.0 <= item.start < item.settle <= item.release
        assert item.settle <= seconds + 0.35
    by_group: dict[int, float] = {}
    for item in planned:
        by_group.setdefault(item.clause.group, item.start)
    starts = [by_group[key] for key in sorted(by_group)]
    assert starts == sorted(starts)
