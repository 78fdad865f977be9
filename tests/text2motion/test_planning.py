"""The planner: order is kept, everything fits, what is held is let go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text2motion.corpus.vocabulary import ACTIONS
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause, crowding, plan
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
    assert [(item.clause.action, item.clause.group) for item in planned] == [
        (clause.action, clause.group) for clause in clauses
    ]
    for item in planned:
        assert 0.0 <= item.start < item.settle <= item.release
        assert item.settle <= seconds + 0.35
    by_group: dict[int, float] = {}
    for item in planned:
        by_group.setdefault(item.clause.group, item.start)
    starts = [by_group[key] for key in sorted(by_group)]
    assert starts == sorted(starts)


def test_a_slow_turn_is_measurably_slower_than_a_quick_one() -> None:
    for seconds in (2.0, 4.0, 10.0):
        slow, plain, quick = (
            _plan(p, seconds)[0] for p in ("slowly turns left", "turns left", "quickly turns left")
        )
        lengths = [item.settle - item.start for item in (quick, plain, slow)]
        assert lengths[0] < 0.7 * lengths[1] < 0.7 * lengths[2]
        assert lengths[2] > 2.5 * lengths[0]


def test_pauses_and_given_moments() -> None:
    nod, shake = _plan("nods, waits 2 seconds, then shakes his head", 8.0)
    assert shake.start - nod.settle >= 2.0
    assert _plan("at 3 seconds she smiles", 6.0)[0].start == pytest.approx(3.0)
    assert _plan("halfway through, she frowns", 8.0)[0].start == pytest.approx(4.0)
    first, last = _plan("nods, and in the last two seconds she smiles", 8.0)
    assert first.settle < last.start == pytest.approx(6.0)


def test_what_keeps_going_fills_the_clip() -> None:
    planned = _plan("keeps nodding", 8.0)
    assert planned[-1].settle > 7.0
    assert sum(item.clause.count for item in planned) >= 11
    assert all(item.clause.count <= 8 for item in planned)
    until = _plan("keeps nodding until she smiles", 8.0)
    assert until[-1].clause.action == "smile"
    assert until[-2].settle <= until[-1].start


def test_a_length_that_is_said_is_held_and_then_let_go() -> None:
    closed, opened = _plan("closes her eyes for 2 seconds, then opens them", 6.0)
    assert opened.start - closed.settle >= 1.9
    assert _plan("smiles for 1 second", 6.0)[0].release == pytest.approx(
        _plan("smiles for 1 second", 6.0)[0].settle + 1.0
    )


def test_too_much_for_the_time_is_said_and_squeezed() -> None:
    text = "nods three times, then turns left, then turns right, then slowly looks up and finally yawns"
    clauses = list(split_prompt(text).clauses)
    warning = crowding(clauses, seconds=2.0)
    assert warning is not None
    assert "hurried" in warning
    assert crowding(clauses, seconds=15.0) is None
    assert max(item.settle for item in plan(clauses, seconds=2.0)) <= 2.0


def test_uncounted_repetitions_become_fewer_counted_ones_faster() -> None:
    assert _plan("nods", 0.8)[0].clause.resolved_count() < _plan("nods", 4.0)[0].clause.resolved_count()
    assert _plan("nods three times", 0.8)[0].clause.count == 3


def test_counted_holds_come_and_go() -> None:
    brows = _plan("raises her eyebrows twice", 4.0)[0]
    assert brows.release == brows.settle
    assert brows.settle - brows.start > 1.2
