"""Calibration of tracked faces: rest stays rest, held-out renders come nearer, lips stay where they are seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driving.video.calibration import (
    PITCH_GAIN,
    calibrated,
    calibrated_absolute,
    features,
    load_calibration,
)
from flame import FlameSequence, load_head
from flame.errors import HeadFileError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import CHANNELS


def weights(**shapes: float) -> np.ndarray:
    expression = np.zeros((1, len(EXPRESSION_NAMES)))
    for name, value in shapes.items():
        expression[0, EXPRESSION_NAMES.index(name)] = value
    return expression


def test_rest_stays_rest_and_what_is_not_calibrated_stays() -> None:
    rest = FlameSequence.neutral(3)
    for name, values in calibrated(rest).arrays().items():
        np.testing.assert_array_equal(values, getattr(rest, name), err_msg=name)
    moved = rest.replace(
        eyes=np.full((3, 6), 0.1), eyelids=np.full((3, 2), 0.7), translation=np.full((3, 3), 0.01)
    )
    again = calibrated(moved)
    for name in ("eyes", "eyelids", "translation", "rotation"):
        np.testing.assert_array_equal(getattr(again, name), getattr(moved, name), err_msg=name)
    nod = rest.replace(neck=np.tile([0.2, 0.1, 0.05], (3, 1)))
    np.testing.assert_allclose(calibrated(nod).neck[0], [0.2 * PITCH_GAIN, 0.1, 0.05], atol=1e-6)


def test_a_smeared_smile_becomes_a_smile() -> None:
    """What a fit makes of a smile: half of it, and a little of everything that looks like it."""
    smeared = weights(
        mouthSmileLeft=0.35,
        mouthSmileRight=0.35,
        mouthStretchLeft=0.1,
        mouthDimpleLeft=0.08,
        mouthDimpleRight=0.05,
        lipsPart=0.08,
        mouthRollUpper=0.06,
    )
    made = calibrated(FlameSequence.neutral(1).replace(expression=smeared)).expression[0]
    smile = [EXPRESSION_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    assert made[smile].min() > 0.35
    others = np.delete(made, smile)
    assert np.abs(others).sum() < 0.6 * (smeared.sum() - 0.7)
    assert made.min() >= -1.0 and made.max() <= 1.0


@pytest.mark.parametrize(
    ("jaw", "shapes"),
    [
        (0.0, {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5, "lipsPart": 0.1}),
        (0.25, {"mouthLowerDownLeft": 0.1, "mouthLowerDownRight": 0.1}),
        (0.0, {"browInnerUp": 0.3, "browOuterUpLeft": 0.4, "browOuterUpRight": 0.4}),
        (0.05, {"mouthPucker": 0.7, "mouthFunnel": 0.2}),
    ],
)
def test_landmarks_stay_near_where_they_were_seen(jaw: float, shapes: dict[str, float]) -> None:
    """The shapes change; the landmarks keep most of what they did."""
    head, rest = load_head(), FlameSequence.neutral(1)
    given = rest.replace(expression=weights(**shapes), jaw=np.array([[jaw, 0.0, 0.0]]))
    points = [
        head.landmarks(head.pose(motion).astype(np.float64), "478")[0, :, :2]
        for motion in (rest, given, calibrated(given))
    ]
    moved = np.linalg.norm(points[1] - points[0], axis=1)
    away = np.linalg.norm(points[2] - points[1], axis=1)
    assert away.mean() < 0.3e-3
    assert away[moved > 0.5 * moved.max()].mean() < 0.45 * moved.max()


def test_far_poses_do_not_run_away() -> None:
    """A pose beyond those of training counts as the farthest of them: a profile makes no face."""
    far = FlameSequence.neutral(1).replace(neck=np.array([[0.3, 1.5, 0.2]]), translation=np.full((1, 3), 0.4))
    further = far.replace(neck=np.array([[0.3, 3.0, 0.2]]))
    np.testing.assert_array_equal(calibrated(far).expression, calibrated(further).expression)
    assert np.abs(calibrated(far).expression).max() < 0.6
    assert np.isfinite(features(far)).all()


def test_absolute_keeps_its_neutral() -> None:
    names = [name for name, _ in CHANNELS]
    neutral = FlameSequence.neutral(1).replace(
        expression=weights(mouthSmileLeft=0.3, mouthSmileRight=0.3), neck=np.array([[0.1, 0.2, 0.0]])
    )

    motion = neutral
    again = calibrated_absolute(motion, neutral)
    for name in names:
        np.testing.assert_allclose(getattr(again, name), getattr(motion, name), atol=1e-6, err_msg=name)


def test_another_file_is_no_calibration(tmp_path: Path) -> None:
    bad = tmp_path / "bad.npz"
    np.savez(bad, matrix=np.zeros((2, 2)))
    with pytest.raises(HeadFileError, match="no calibration of tracked faces"):
        load_calibration(bad)
