"""`train` hands its arguments to the packages' own trainers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvportrait.cli import run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text("{}\n")
    return path


@pytest.mark.parametrize(
    ("words", "module", "expected"),
    [
        (["motion"], "text2motion", ["motion"]),
        (["emotion", "--out", "x", "steps=3"], "text2motion", ["emotion", "--out", "x", "steps=3"]),
        (["video", "--data", "d", "--out", "o", "a.b=1"], "mvvideo", ["--data", "d", "--out", "o", "a.b=1"]),
    ],
)
def test_arguments_arrive(
    monkeypatch: pytest.MonkeyPatch, words: list[str], module: str, expected: list[str]
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(f"{module}.training.__main__.main", lambda arguments: seen.append(arguments) or 0)
    assert run(["train", *words]) == 0
    assert seen == [expected]


def test_the_config_is_handed_over(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr("text2motion.training.__main__.main", lambda arguments: seen.append(arguments) or 0)
    assert run(["train", "motion", "--config", str(config), "steps=2"]) == 0
    assert seen == [["motion", "--config", str(config), "steps=2"]]


def test_the_trainers_exit_code_is_ours() -> None:
    assert run(["train", "video", "--nonsense"]) == 2
