"""The user's assets: indexed, checked, and never half-added."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flame.errors import AssetError, InputError
from mvportrait.cli import run
from mvportrait.store import Asset, add_flame, bundled_assets, home, list_assets, verify_assets


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MVPORTRAIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _index(folder: Path, assets: list[dict[str, object]]) -> None:
    folder.mkdir(parents=True)
    (folder / "assets.json").write_text(json.dumps({"assets": assets}))


def test_home_follows_the_environment(own_home: Path) -> None:
    assert home() == own_home
    assert not own_home.exists()


def test_the_embedded_head_is_listed_and_good() -> None:
    assert any(asset.kind == "head" and asset.name == "open_head" for asset in bundled_assets())
    assert all(problem == "" for _, problem in verify_assets())


def test_changed_and_missing_files_are_found(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import hashlib

    good, changed = own_home / "good.pkl", own_home / "changed.pkl"
    entries = [
        {"name": name, "kind": "flame", "path": str(own_home / f"{name}.pkl"), "bundled": False,
         "sha256": hashlib.sha256(b"as it was").hexdigest()}
        for name in ("good", "changed", "gone")
    ]  # fmt: skip
    _index(own_home, entries)
    good.write_bytes(b"as it was")
    changed.write_bytes(b"as it is")
    problems = {asset.name: problem for asset, problem in verify_assets() if not asset.bundled}
    assert problems == {"good": "", "changed": "changed since it was added", "gone": "missing"}
    assert run(["assets", "verify"]) == 1
    assert "BAD" in capsys.readouterr().out


def test_a_broken_index_is_said(own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "assets.json").write_text("{")
    with pytest.raises(AssetError, match="index is broken"):
        list_assets()


def test_a_file_that_is_no_flame_head_is_refused(tmp_path: Path, own_home: Path) -> None:
    import pickle

    pytest.importorskip("flame.licensed")
    source = tmp_path / "not_flame.pkl"
    source.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(InputError):
        add_flame(source)
    assert not own_home.exists()


def test_a_harmful_pickle_is_refused_and_not_run(tmp_path: Path, own_home: Path) -> None:
    pytest.importorskip("flame.licensed")
    source, proof = tmp_path / "flame2023.pkl", tmp_path / "was_here"
    source.write_bytes(f"cos\nsystem\n(S'touch {proof}'\ntR.".encode())
    with pytest.raises(InputError):
        add_flame(source)
    assert not proof.exists()
    assert not own_home.exists()


def test_assets_are_plain_json() -> None:
    asset = Asset(name="a", kind="flame", path="p", sha256="s", bundled=False)
    assert json.loads(json.dumps(asset.__dict__))["name"] == "a"
