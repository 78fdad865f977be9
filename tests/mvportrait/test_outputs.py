"""Outputs appear whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flame.errors import ConfigError
from mvportrait.outputs import check_output_file, check_output_folder, output_file, output_folder


def _everything_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_folder_appears_with_its_files(tmp_path: Path) -> None:
    with output_folder(tmp_path / "a" / "out") as staged:
        (staged / "one.txt").write_text("1")
        assert not (tmp_path / "a" / "out").exists()
    assert _everything_under(tmp_path) == ["a", "a/out", "a/out/one.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    with pytest.raises(failure), output_folder(tmp_path / "a" / "b" / "out") as staged:
        (staged / "one.txt").write_text("1")
        raise failure
    assert _everything_under(tmp_path) == []


def test_a_failure_leaves_an_existing_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    (out / "grid.mp4").write_text("old")
    with pytest.raises(ValueError, match="stop"), output_folder(out) as staged:
        (staged / "grid.mp4").write_text("new")
        raise ValueError("stop")
    assert (out / "grid.mp4").read_text() == "old"
    assert _everything_under(tmp_path) == ["out", "out/grid.mp4", "out/mine.txt"]


def test_only_our_files_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for name in ("view_00.mp4", "view_01.mp4"):
        (out / name).write_text("old")
    (out / "manifest.json").write_text(json.dumps({"outputs": {"view_00.mp4": {}, "view_01.mp4": {}}}))
    with output_folder(out) as staged:
        (staged / "view_00.mp4").write_text("new")
        (staged / "manifest.json").write_text(json.dumps({"outputs": {"view_00.mp4": {}}}))
    assert _everything_under(out) == ["manifest.json", "mine.txt", "view_00.mp4"]
    assert (out / "view_00.mp4").read_text() == "new"


@pytest.mark.parametrize("listed", [["../mine.txt"], ["/etc/hostname"], [".."], {"a": 1}, 5, None])
def test_a_foreign_manifest_removes_nothing_elsewhere(tmp_path: Path, listed: object) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text(json.dumps({"outputs": listed}))
    with output_folder(out) as staged:
        (staged / "one.txt").write_text("1")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "clip.mp4"
    with output_file(target) as staged:
        staged.write_text("x")
        assert not target.exists()
    assert _everything_under(tmp_path) == ["new", "new/clip.mp4"]
    with pytest.raises(RuntimeError), output_file(target) as staged:
        staged.write_text("half")
        raise RuntimeError
    assert target.read_text() == "x"
    assert _everything_under(tmp_path) == ["new", "new/clip.mp4"]


def test_bad_places_are_said_early(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        check_output_folder(tmp_path / "file")
    with pytest.raises(ConfigError, match="cannot be written"):
        check_output_folder(tmp_path / "file" / "out")
    with pytest.raises(ConfigError, match="is a folder"):
        (tmp_path / "folder.mp4").mkdir()
        check_output_file(tmp_path / "folder.mp4", suffix=".mp4")
    with pytest.raises(ConfigError, match="must end in .mp4"):
        check_output_file(tmp_path / "clip.avi", suffix=".mp4")
    check_output_folder(tmp_path / "deep" / "er")
    assert _everything_under(tmp_path) == ["file", "folder.mp4"]
