"""The user's assets: indexed, checked, and never half-added."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from flame.errors import AssetError, InputError
from mvportrait.cli import run
from mvportrait.store import Asset, add_flame, bundled_assets, head_of_basis, home, list_assets, verify_assets


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


def _flame_like(path: Path, vertices: int = 240) -> None:
    """A pickle with FLAME's arrays and none of its data: points of the embedded head."""
    import pickle

    from flame.head import load_head

    head = load_head("open")
    chosen = np.linspace(0, len(head.v_template) - 1, vertices).astype(int)
    regressor = np.zeros((5, vertices))
    regressor[np.arange(5), [0, 60, 120, 180, 239]] = 1.0
    arrays = {
        "v_template": head.v_template[chosen].astype(np.float64),
        "shapedirs": np.zeros((vertices, 3, 400)),
        "posedirs": np.zeros((vertices, 3, 36)),
        "J_regressor": regressor,
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]]),
        "weights": np.asarray(head.weights[chosen], np.float64),
        "f": np.stack([np.arange(vertices - 2) + offset for offset in range(3)], axis=1),
    }
    path.write_bytes(pickle.dumps(arrays, protocol=2))


def test_a_flame_file_is_added_listed_and_rendered(
    tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flame.sequence import FlameSequence

    _flame_like(tmp_path / "FLAME2020.pkl")
    assert run(["assets", "add", "flame", str(tmp_path / "FLAME2020.pkl")]) == 0
    assert run(["assets", "verify"]) == 0
    assert run(["assets", "list"]) == 0
    assert "flame2020" in capsys.readouterr().out
    assert head_of_basis("flame2020").v_template.shape == (240, 3)
    FlameSequence.neutral(2, basis="flame2020", expression_dims=50).save(tmp_path / "m.npz")
    words = [
        "render",
        str(tmp_path / "m.npz"),
        "--views",
        "1",
        "--size",
        "64",
        "--out",
        str(tmp_path / "out"),
    ]
    assert run([*words, "--buffers", "depth"]) == 0


def test_a_motion_of_an_unknown_head_names_the_known_ones() -> None:
    with pytest.raises(AssetError, match="no head for the motion's basis: flame2031; known: open"):
        head_of_basis("flame2031")


def test_assets_are_plain_json() -> None:
    asset = Asset(name="a", kind="flame", path="p", sha256="s", bundled=False)
    assert json.loads(json.dumps(asset.__dict__))["name"] == "a"
