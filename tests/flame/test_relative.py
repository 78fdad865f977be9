"""Relative motion: nothing driven changes nothing, and what is driven is added in the head's own axes."""

from __future__ import annotations

import numpy as np
import pytest

from flame import FlameSequence, apply_relative
from flame.errors import MotionFileError
from flame.relative import JAW_LIMIT_RADIANS, to_relative
from flame.rotations import axis_angle_to_matrix, from_yaw_pitch_roll


def test_no_motion_is_the_reference(motion):
    moved = apply_relative(FlameSequence.neutral(4), motion[2])
    assert all(moved[t].allclose(motion[2], atol=1e-6) for t in range(4))


def test_a_neutral_reference_is_the_motion(motion):
    assert apply_relative(motion, FlameSequence.neutral(1).replace(shape=motion.shape)).allclose(motion)


def test_a_nod_of_a_turned_head_is_about_its_own_ears():
    reference = FlameSequence.neutral(1).replace(neck=[from_yaw_pitch_roll(0.8, 0.0, 0.0)])
    nod = FlameSequence.neutral(1).replace(neck=[[0.3, 0.0, 0.0]])
    moved = axis_angle_to_matrix(apply_relative(nod, reference).neck[0])
    ears = axis_angle_to_matrix(reference.neck[0])[:, 0]
    assert np.allclose(moved[:, 0], ears, atol=1e-6)
    assert moved[1, 2] < -0.2  # the nose went down


def test_sums_stay_in_range(motion):
    wide = motion.replace(eyelids=np.ones((12, 2)), jaw=np.tile([0.42, 0, 0], (12, 1)))
    moved = apply_relative(wide, wide[0])
    assert moved.eyelids.max() <= 1.0
    assert moved.expression.max() <= 1.0
    assert np.linalg.norm(moved.jaw, axis=1).max() <= JAW_LIMIT_RADIANS + 1e-6


def test_to_relative_undoes_apply(motion):
    small = motion.replace(expression=motion.expression * 0.3, eyelids=motion.eyelids * 0.4)
    reference = small[0].replace(eyelids=[[0.1, 0.2]], jaw=[[0.05, 0, 0]])
    absolute = apply_relative(small, reference)
    assert to_relative(absolute, reference).replace(shape=small.shape).allclose(small, atol=1e-5)


def test_expressions_of_different_length_are_padded(motion):
    short = motion.replace(expression=motion.expression[:, :10])
    assert apply_relative(short, motion[0]).expression.shape == motion.expression.shape


def test_bad_pairs(motion):
    with pytest.raises(MotionFileError, match="single frame"):
        apply_relative(motion, motion)
    with pytest.raises(MotionFileError, match="basis"):
        apply_relative(motion, motion[0].replace(basis="flame2023"))
