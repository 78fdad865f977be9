"""``evaluate tracking``: figures that mean what they say, and the command on a tiny case."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from flame import FlameSequence, load_head
from flame.errors import ConfigError
from mvportrait.cli.app import app
from mvportrait.tracking_clips import performance
from mvportrait.tracking_evaluation import TrackingOptions
from mvportrait.tracking_scores import blink_score, blinks_of, mean_figures, still_jitter_deg, truth_figures


@pytest.fixture(scope="module")
def head():
    return load_head()


def test_a_perfect_track_has_no_error(head):
    from flame.relative import to_relative

    truth, blinks = performance(3, seconds=2.0, fps=25.0, shape=np.zeros(100))
    figures = truth_figures(to_relative(truth), truth, head)
    for name in ("pose_deg", "jaw_deg", "gaze_deg", "lids", "expression", "face_mm"):
        assert figures[name] < 0.05, name
        assert figures[f"{name}_still"] > 10 * max(figures[name], 1e-4), name
    assert figures["lip_correlation"] > 0.999
    score = blink_score(blinks_of(truth), blinks)
    assert (score.found, score.wrong) == (score.there, 0) and score.there >= 1


def test_performances_follow_from_their_seed():
    first, _ = performance(7, seconds=1.0, fps=25.0, shape=np.zeros(10))
    again, _ = performance(7, seconds=1.0, fps=25.0, shape=np.zeros(10))
    other, _ = performance(8, seconds=1.0, fps=25.0, shape=np.zeros(10))
    assert first.allclose(again) and not first.allclose(other)
    still, blinks = performance(7, seconds=2.0, fps=25.0, shape=np.zeros(10), still=True)
    assert not np.ptp(still.neck, axis=0).any() and not still.jaw.any() and len(blinks)


def test_blinks_are_counted_once():
    score = blink_score(np.array([1.0, 1.05, 3.0]), np.array([1.02, 2.0]))
    assert (score.there, score.found, score.wrong) == (2, 1, 2)
    lids = np.zeros((50, 2))
    lids[10:14], lids[20:45] = 1.0, 1.0
    assert blinks_of(FlameSequence.neutral(50).replace(eyelids=lids)) == pytest.approx([0.46])


def test_jitter_is_measured_where_the_head_is_still():
    rng = np.random.default_rng(0)
    neck = np.zeros((60, 3))
    neck[:, 1] = rng.normal(0, np.radians(0.2), 60)
    trembling = FlameSequence.neutral(60).replace(neck=neck)
    assert 0.1 < still_jitter_deg(trembling) < 0.25
    neck[:, 1] = np.radians(40.0) * np.arange(60) / 25.0
    assert np.isnan(still_jitter_deg(FlameSequence.neutral(60).replace(neck=neck)))
    assert mean_figures([{"a": 1.0, "b": float("nan")}, {"a": 3.0}])["a"] == 2.0


def test_bad_options():
    for wrong in ({"actors": -1}, {"actors": 0}, {"seconds": 0.0}, {"seed": -2}):
        with pytest.raises(ConfigError):
            TrackingOptions(**wrong).check()


def test_the_command(tmp_path):
    pytest.importorskip("mediapipe")
    out = tmp_path / "report"
    given = [
        "evaluate",
        "tracking",
        "--actors",
        "1",
        "--seconds",
        "0.9",
        "--out",
        str(out),
        "--json",
        "--quiet",
    ]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    report = json.loads((out / "tracking.json").read_text(encoding="utf-8"))
    assert set(report["actors"]) == {"actor 0", "still"}
    assert report["summary"]["pose_deg"] < 6.0 and report["summary"]["reprojection"] < 4.0
    missing = CliRunner().invoke(app, ["evaluate", "tracking", str(tmp_path / "none.mp4")])
    assert missing.exit_code != 0
