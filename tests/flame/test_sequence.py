"""FlameSequence: what it accepts, refuses, and how it is cut, joined and resampled."""

from __future__ import annotations

import numpy as np
import pytest

from flame import FlameSequence, concatenate, crossfade, frame_count, frame_index
from flame.errors import ConfigError, InputError, MotionFileError
from flame.rotations import axis_angle_to_matrix


def test_neutral_is_at_rest():
    rest = FlameSequence.neutral(5)
    assert len(rest) == rest.frames == 5
    assert rest.duration_seconds == pytest.approx(0.2)
    assert all(not array.any() for array in rest.arrays().values())


def test_arrays_are_copies_and_read_only():
    source = np.zeros((3, 3))
    sequence = FlameSequence.neutral(3).replace(neck=source)
    source[:] = 9
    assert not sequence.neck.any()
    with pytest.raises(ValueError, match="read-only"):
        sequence.neck[0] = 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neck": np.zeros((4, 3))}, "as many frames"),
        ({"neck": np.zeros((3, 4))}, "3 columns"),
        ({"neck": np.zeros(3)}, "form"),
        ({"jaw": np.full((3, 3), np.nan)}, "finite"),
        ({"eyes": np.full((3, 6), np.inf)}, "finite"),
        ({"eyelids": np.full((3, 2), 1.5)}, r"\[0, 1\]"),
        ({"eyelids": np.full((3, 2), -0.1)}, r"\[0, 1\]"),
        ({"expression": np.zeros((3, 101))}, "at most 100"),
        ({"shape": np.zeros(301)}, "at most 300"),
        ({"shape": np.zeros((1, 10))}, "form"),
        ({"rotation": "turn left"}, "numbers"),
        ({"basis": ""}, "basis"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(change, message):
    with pytest.raises(MotionFileError, match=message) as caught:
        FlameSequence.neutral(3).replace(**change)
    assert "\n" not in str(caught.value)
    assert ": " in str(caught.value)
    assert "; " in str(caught.value)


@pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf"), 5000, "fast"])
def test_bad_rates_are_refused(fps):
    with pytest.raises(ConfigError, match="fps"):
        FlameSequence.neutral(3, fps=fps)


@pytest.mark.parametrize("frames", [0, -1, 1.5])
def test_a_motion_needs_frames(frames):
    with pytest.raises(MotionFileError, match="at least one frame"):
        FlameSequence.neutral(frames)


def test_rounding_noise_on_eyelids_is_clipped():
    sequence = FlameSequence.neutral(1).replace(eyelids=[[1.00005, -0.00005]])
    assert sequence.eyelids.tolist() == [[1.0, 0.0]]


def test_slicing_keeps_what_it_should(motion):
    part = motion[3:7]
    assert len(part) == 4
    assert np.array_equal(part.neck, motion.neck[3:7])
    assert np.array_equal(motion[-1].jaw, motion.jaw[-1:])
    with pytest.raises(MotionFileError):
        motion[5:5]
    with pytest.raises(IndexError):
        motion[12]


def test_concatenate_gives_the_parts_back(motion):
    assert concatenate([motion[:5], motion[5:]]).allclose(motion)
    with pytest.raises(MotionFileError, match="bases"):
        concatenate([motion, motion.replace(basis="flame2023")])
    with pytest.raises(MotionFileError, match="fps"):
        concatenate([motion, motion.replace(fps=30)])
    with pytest.raises(MotionFileError, match="people"):
        concatenate([motion, motion.replace(shape=motion.shape + 1)])
    with pytest.raises(MotionFileError, match="nothing"):
        concatenate([])


def test_crossfade_starts_and_ends_as_given(motion):
    other = motion.replace(neck=motion.neck + 0.1)
    faded = crossfade(motion, other, frames=4)
    assert len(faded) == 20
    assert faded[:8].allclose(motion[:8])
    assert faded[12:].allclose(other[4:])
    assert crossfade(motion, other, frames=0).frames == 24
    with pytest.raises(MotionFileError, match="cross-fade"):
        crossfade(motion, other, frames=13)


@pytest.mark.parametrize("fps", [5, 24, 25, 29.97, 60])
def test_resampling_keeps_the_duration_and_passes_through_the_frames(motion, fps):
    again = motion.resample(fps)
    assert again.fps == fps
    assert len(again) == frame_count(motion.duration_seconds, fps=fps)
    assert np.allclose(again.jaw[0], motion.jaw[0], atol=1e-6)


def test_doubling_the_rate_keeps_every_old_frame(motion):
    again = motion.resample(50)
    assert again[::2].replace(fps=25).allclose(motion, atol=2e-6)


def test_frame_rule_rounds_halves_up():
    assert [frame_count(s, fps=25) for s in (0.001, 0.02, 0.1, 3.0)] == [1, 1, 3, 75]
    assert frame_count(0.3, fps=25) == 8  # 7.5 frames, although 0.3 * 25 is a hair below it
    assert frame_index(0.98, fps=25) == 25
    assert frame_index(9.0, fps=25, frames=75) == 74
    for bad in (0, -1, float("nan"), "long"):
        with pytest.raises(ConfigError):
            frame_count(bad)


def test_mirroring_twice_is_nothing_and_swaps_the_sides():
    from tiny_head import tiny_head

    head = tiny_head()
    rng = np.random.default_rng(0)
    sequence = FlameSequence.neutral(2, basis="tiny", shape=rng.normal(size=6), expression_dims=8).replace(
        neck=[[0.1, 0.2, 0.3]] * 2, eyes=[[0.1, 0.2, 0, -0.1, 0.3, 0]] * 2, eyelids=[[1, 0]] * 2
    )
    mirrored = sequence.mirror(head)
    assert mirrored.eyelids.tolist() == [[0, 1]] * 2
    assert np.allclose(mirrored.eyes[0], [-0.1, -0.3, 0, 0.1, -0.2, 0])
    assert np.allclose(mirrored.mirror(head).neck, sequence.neck)
    flip = np.diag([-1.0, 1.0, 1.0])
    turned = flip @ axis_angle_to_matrix(sequence.neck[0]) @ flip
    assert np.allclose(axis_angle_to_matrix(mirrored.neck[0]), turned, atol=1e-6)


def test_errors_are_input_errors():
    assert issubclass(MotionFileError, InputError)
    assert issubclass(InputError, ValueError)
    assert MotionFileError("x").exit_code == 2
