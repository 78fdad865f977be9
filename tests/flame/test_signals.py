"""Signals of the embedded head: full shapes are 1, rest is 0, and signs are the subject's own."""

from __future__ import annotations

import numpy as np
import pytest

from flame import FlameSequence, load_head, measure
from flame.rig import EXPRESSION_NAMES, JAW_OPEN_RADIANS
from flame.rotations import from_yaw_pitch_roll
from flame.signals import SIGNALS


@pytest.fixture(scope="module")
def head():
    return load_head()


def shapes(**weights: float) -> FlameSequence:
    """One frame with named rig weights."""
    expression = np.zeros((1, len(EXPRESSION_NAMES)))
    for name, weight in weights.items():
        expression[0, EXPRESSION_NAMES.index(name)] = weight
    return FlameSequence.neutral(1).replace(expression=expression)


def test_rest_is_zero_and_open_eyes_are_one(head):
    signals = measure(FlameSequence.neutral(3), head)
    assert tuple(signals) == SIGNALS
    for name, values in signals.items():
        assert values.shape == (3,)
        assert np.allclose(values, 1.0 if name.startswith("eye_open") else 0.0, atol=1e-3), name


@pytest.mark.parametrize("person", [1, 2])
def test_rest_is_rest_for_every_identity(head, person):
    shape = np.random.default_rng(person).normal(size=100)
    signals = measure(FlameSequence.neutral(1, shape=shape), head)
    for name, values in signals.items():
        assert np.allclose(values, 1.0 if name.startswith("eye_open") else 0.0, atol=1e-3), name


@pytest.mark.parametrize(
    ("weights", "signal"),
    [
        ({"mouthSmileLeft": 1, "mouthSmileRight": 1}, "smile"),
        ({"mouthFrownLeft": 1, "mouthFrownRight": 1}, "frown"),
        ({"browInnerUp": 1, "browOuterUpLeft": 1, "browOuterUpRight": 1}, "brow_raise"),
        ({"browDownLeft": 1, "browDownRight": 1}, "brow_lower"),
        ({"mouthPucker": 1}, "pucker"),
        ({"cheekPuff": 1}, "cheek_puff"),
    ],
)
def test_full_shapes_are_one_and_nothing_else_answers(head, weights, signal):
    signals = measure(shapes(**weights), head)
    assert signals[signal][0] == pytest.approx(1.0, abs=0.05)
    others = {"smile", "frown", "brow_raise", "brow_lower", "pucker", "cheek_puff"} - {signal}
    assert max(signals[name][0] for name in others) < 0.15
    half = measure(shapes(**{name: 0.5 * w for name, w in weights.items()}), head)
    assert half[signal][0] == pytest.approx(0.5, abs=0.05)


def test_angles_of_head_and_gaze(head):
    base = FlameSequence.neutral(4)
    neck, rotation, eyes = (np.zeros((4, n)) for n in (3, 3, 6))
    neck[0] = from_yaw_pitch_roll(0.5, 0.2, -0.1)
    rotation[1] = from_yaw_pitch_roll(-0.4, 0.0, 0.0)
    eyes[2] = [0.1, 0.3, 0.0, 0.1, 0.3, 0.0]
    neck[3], eyes[3] = [0, 0.4, 0], [0, -0.4, 0, 0, -0.4, 0]
    signals = measure(base.replace(neck=neck, rotation=rotation, eyes=eyes), head)
    assert np.allclose(signals["head_yaw_deg"], np.degrees([0.5, -0.4, 0, 0.4]), atol=0.1)
    assert np.allclose(signals["head_pitch_deg"], np.degrees([0.2, 0, 0, 0]), atol=0.1)
    assert np.allclose(signals["head_roll_deg"], np.degrees([-0.1, 0, 0, 0]), atol=0.1)
    assert np.allclose(signals["gaze_yaw_deg"], np.degrees([0, 0, 0.3, -0.4]), atol=0.3)
    assert signals["gaze_pitch_deg"][2] == pytest.approx(-np.degrees(0.1), abs=0.3)


def test_lids_and_mouth(head):
    base = FlameSequence.neutral(3)
    jaw = np.array([[JAW_OPEN_RADIANS, 0, 0], [0.1, 0, 0], [0, 0, 0]])
    signals = measure(base.replace(jaw=jaw, eyelids=[[1, 0], [0.5, 0.5], [0, 1]]), head)
    assert np.allclose(signals["eye_open_left"], [0, 0.5, 1], atol=0.1)
    assert np.allclose(signals["eye_open_right"], [1, 0.5, 0], atol=0.1)
    assert signals["lip_gap_mm"][0] > 20 > signals["lip_gap_mm"][1] > 4 > signals["lip_gap_mm"][2]
    assert signals["mouth_open"][0] > 0.5
    assert signals["smile"].max() < 0.05  # opening the mouth is neither a smile nor a frown
    assert signals["frown"].max() < 0.1


def test_a_smile_counts_the_same_while_the_head_turns_and_the_mouth_opens(head):
    smile = shapes(mouthSmileLeft=0.8, mouthSmileRight=0.8)
    turned = smile.replace(neck=[[0.1, 0.6, 0.2]], jaw=[[0.15, 0, 0]], translation=[[0.1, 0.2, 0.3]])
    still, moving = (measure(s, head)["smile"][0] for s in (smile, turned))
    assert moving == pytest.approx(still, abs=0.1)


def test_long_motions_are_measured_in_stretches(head):
    neck = np.zeros((130, 3))
    neck[:, 1] = np.linspace(-0.5, 0.5, 130)
    yaw = measure(FlameSequence.neutral(130).replace(neck=neck), head)["head_yaw_deg"]
    assert np.allclose(yaw, np.degrees(neck[:, 1]), atol=0.05)


def test_mirroring_the_embedded_head_mirrors_its_mesh(head):
    rng = np.random.default_rng(0)
    expression = rng.uniform(0, 0.5, size=(1, len(EXPRESSION_NAMES)))
    given = FlameSequence.neutral(1, shape=rng.normal(size=100)).replace(
        expression=expression, neck=[[0.1, 0.3, 0.1]], jaw=[[0.1, 0.02, 0]], eyelids=[[0.3, 0.7]]
    )
    mirrored = head.pose(given.mirror(head))[0]
    wanted = head.pose(given)[0][head.mirror_index] * [-1, 1, 1]
    assert (
        np.linalg.norm(mirrored - wanted, axis=1).mean() < 5e-4
    )  # the identity space is not quite symmetric
