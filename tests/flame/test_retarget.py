"""Carrying a motion to a head whose basis is another mixture of the same displacements."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_head import SHAPE_DIMS, tiny_head

from flame import FlameSequence, retarget
from flame.errors import HeadFileError


def _mixed(head, *, lost: int = 0):
    """The same head in another basis: rotated and scaled columns, the last ``lost`` of them emptied."""
    rng = np.random.default_rng(5)
    count = head.expression_basis.shape[2]
    turn, _ = np.linalg.qr(rng.normal(size=(count, count)))
    mix = turn * rng.uniform(0.5, 2.0, size=count)
    expression = head.expression_basis @ mix
    if lost:
        expression = expression.copy()
        expression[:, :, -lost:] = 0.0
    shape = head.shape_basis[:, :, ::-1] * 0.5
    return dataclasses.replace(head, name="mixed", shapedirs=np.concatenate([shape, expression], axis=2))


@pytest.fixture
def talk() -> FlameSequence:
    rng = np.random.default_rng(7)
    base = FlameSequence.neutral(6, basis="tiny", shape=rng.normal(size=SHAPE_DIMS), expression_dims=8)
    return base.replace(expression=rng.normal(size=(6, 8)), neck=rng.normal(size=(6, 3)) * 0.2)


def test_the_mesh_moves_the_same_in_the_other_basis(talk):
    head = tiny_head()
    other = _mixed(head)
    moved, report = retarget(talk, other, head_from=head)
    assert moved.basis == "mixed"
    assert np.array_equal(moved.neck, talk.neck)
    assert report.error_mm.mean() < 0.1 * report.moved_mm.mean()
    assert report.shape_error_mm < 0.2
    away = np.linalg.norm(other.pose(moved) - head.pose(talk), axis=-1)
    assert away.mean() < 3e-4  # metres
    back, _ = retarget(moved, head, head_from=other)
    assert np.abs(back.expression - talk.expression).mean() < 0.1


def test_what_the_other_head_cannot_do_is_reported(talk):
    head = tiny_head()
    _, whole = retarget(talk, _mixed(head), head_from=head)
    _, less = retarget(talk, _mixed(head, lost=5), head_from=head)
    assert less.error_mm.mean() > 3 * whole.error_mm.mean()
    assert "tiny to mixed" in str(less)
    assert less.worst_mm >= less.error_mm.max()


def test_the_same_head_is_left_alone(talk):
    head = tiny_head()
    same, report = retarget(talk, head, head_from=head)
    assert same is talk
    assert report.worst_mm == 0.0


def test_heads_without_common_points(talk):
    head = tiny_head()
    bare = dataclasses.replace(_mixed(head), landmarks_478=None, landmarks_68=None)
    with pytest.raises(HeadFileError, match="share no landmarks"):
        retarget(talk, bare, head_from=head)
