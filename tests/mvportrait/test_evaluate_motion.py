"""``mvportrait evaluate motion``: a user's suite end to end, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mvportrait.cli import run

SUITE = """head:
  - {say: "turns her head to the left", see: "end yaw > 8", s: 2}
  - {say: "turns her head to the left", see: "end yaw < -60", s: 2}
"""


@pytest.fixture
def suite(tmp_path: Path) -> str:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return str(path)


def test_a_users_suite_is_scored(suite: str, motion_file: Path, capsys) -> None:
    words = ["evaluate", "motion", "--suite", suite, "--no-baselines", "--real", str(motion_file)]
    assert run([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["suite"] == {"prompts": 2, "reserve": 0}
    assert report["rows"]["model"]["categories"] == {"head": [1, 2]}
    assert report["misses"][0]["missed"] == ["end yaw < -60"]
    assert report["real"]["head"]["life"] is None or report["real"]["head"]["life"] >= 0.0
    assert run([*words, "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "instruction accuracy" in shown
    assert "50.0%" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "0"], "--seeds is from 1"),
        (["--suite", "missing.yaml"], "readable YAML"),
        (["--real", "missing.mp4"], "no such clip"),
        (["--only", "nothing like it"], "no category"),
        (["--data", ".", "--only", "head"], "own prompts"),
        (["--matching", "missing.safetensors"], "matching pair"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(words: list[str], said: str, capsys) -> None:
    assert run(["evaluate", "motion", *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
