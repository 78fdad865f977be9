from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from flame.errors import CameraError
from renderer.camera_files import load_cameras, save_cameras
from renderer.rigs import arc, turntable


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_what_is_saved_is_loaded(front, tmp_path, suffix):
    cameras = arc(front, 5, pivot=(0.0, 0.0, -0.1))
    path = tmp_path / f"cameras.{suffix}"
    save_cameras(cameras, path)
    loaded = load_cameras(path)
    assert loaded.names == cameras.names
    for name in ("world_to_camera", "focal_px", "principal_px", "height", "width", "near", "far"):
        assert np.array_equal(getattr(loaded, name), getattr(cameras, name))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_long_path_of_cameras(front, tmp_path):
    path = tmp_path / "path.npz"
    save_cameras(turntable(front, arc_radians=1.0, frames=500, pivot=np.zeros(3)), path)
    assert len(load_cameras(path)) == 500


@pytest.fixture
def content(front, tmp_path) -> dict:
    save_cameras(front, tmp_path / "good.json")
    return json.loads((tmp_path / "good.json").read_text())


def _refused(path):
    with pytest.raises(CameraError) as caught:
        load_cameras(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "spoil",
    [lambda c: c.update(format="other"), lambda c: c.update(version=2), lambda c: c.pop("near"),
     lambda c: c.update(extra=1), lambda c: c.update(views=[]), lambda c: c.update(views={"a": 1}),
     lambda c: c.update(height="512"), lambda c: c.update(height=True), lambda c: c.update(width=10**9),
     lambda c: c.update(near=None), lambda c: c["views"][0].pop("name"),
     lambda c: c["views"][0].update(name="../../etc/passwd"), lambda c: c["views"][0].update(name=7),
     lambda c: c["views"][0].update(focal_px=-1), lambda c: c["views"][0].update(focal_px="x"),
     lambda c: c["views"][0].update(focal_px=[[1], 2]), lambda c: c["views"][0].update(focal_px={}),
     lambda c: c["views"][0].update(world_to_camera=[[1, 2], [3, 4]]),
     lambda c: c["views"][0].update(world_to_camera=[[1, 0, 0, 0]] * 4),
     lambda c: c["views"].append(c["views"][0])],
)  # fmt: skip
def test_spoilt_json_is_refused(content, tmp_path, spoil):
    spoil(content)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content))
    _refused(path)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "3", "[" * 100_000, '{"format": NaN}', "{}"])
def test_what_is_no_camera_json_is_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    _refused(path)


def test_nan_in_json_is_refused(content, tmp_path):
    content["views"][0]["focal_px"] = float("nan")
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content))
    _refused(path)


def test_binary_json_missing_file_folder_and_wrong_suffix_are_refused(tmp_path):
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "bad.npz").write_bytes(b"PK not a zip")
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("bad.json", "missing.json", "folder.json", "bad.npz", "empty.npz", "cameras.pkl"):
        _refused(tmp_path / name)


def _npz(front, tmp_path, **changes):
    save_cameras(front, tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as archive:
        content = {**archive, **changes}
    path = tmp_path / "bad.npz"
    np.savez(path, **{k: v for k, v in content.items() if v is not None})
    return path


def test_spoilt_npz_is_refused(front, tmp_path):
    pickled = np.array([{"a": 1}], dtype=object)
    for changes in ({"version": 3}, {"near": None}, {"extra": 1}, {"names": pickled}, {"focal_px": pickled},
                    {"focal_px": np.array([np.nan])}, {"height": np.ones(3)}, {"height": 2.5},
                    {"names": np.array([1])}, {"world_to_camera": np.ones((1, 3, 4))}):  # fmt: skip
        _refused(_npz(front, tmp_path, **changes))


def test_a_zip_bomb_is_refused_unopened(front, tmp_path):
    path = _npz(front, tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("focal_px2.npy", bytes(40 << 20))
    assert path.stat().st_size < 1 << 20
    _refused(path)


def test_unwritable_folder_and_wrong_suffix(front, tmp_path):
    for path in (tmp_path / "missing" / "cameras.json", tmp_path / "cameras.txt"):
        with pytest.raises(CameraError):
            save_cameras(front, path)
    assert not list(tmp_path.iterdir())
