"""Motion files: a faithful round trip, and one line for every broken or hostile file."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from flame import FlameSequence
from flame.errors import MotionFileError


def test_round_trip_is_exact(tmp_path, motion):
    path = tmp_path / "motion.npz"
    motion.save(path)
    again = FlameSequence.load(path)
    assert again.allclose(motion, atol=0)
    assert again.fps == motion.fps
    assert [p.name for p in tmp_path.iterdir()] == ["motion.npz"]


def test_the_same_motion_gives_the_same_bytes(tmp_path, motion):
    motion.save(tmp_path / "a.npz")
    motion.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def _entries(motion: FlameSequence, path) -> dict[str, np.ndarray]:
    motion.save(path)
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neck": np.full((12, 3), np.nan)}, "finite"),
        ({"format_version": np.array(2)}, "version 1"),
        ({"format_version": np.array("one")}, "version 1|numbers"),
        ({"format": np.array("other")}, "not a motion file"),
        ({"neck": None}, "lacks neck"),
        ({"format": None}, "not a motion file"),
        ({"jaw": np.zeros((12, 4), np.float32)}, "3 columns"),
        ({"jaw": np.zeros((3, 3), np.float32)}, "as many frames"),
        ({"jaw": np.array([["a"] * 3] * 12)}, "numbers"),
        ({"fps": np.array([25.0, 25.0])}, "one number"),
        ({"fps": np.array(0.0)}, "fps"),
        ({"basis": np.array("x" * 5000)}, "size"),
        ({"extra": np.zeros(3)}, "unknown entries"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path, motion, change, message):
    path = tmp_path / "motion.npz"
    entries = _entries(motion, path)
    entries.update({key: value for key, value in change.items() if value is not None})
    for key in [key for key, value in change.items() if value is None]:
        del entries[key]
    np.savez(path, **entries)
    with pytest.raises(MotionFileError, match=message) as caught:
        FlameSequence.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00"])
def test_files_that_are_no_archives(tmp_path, content):
    path = tmp_path / "motion.npz"
    path.write_bytes(content)
    with pytest.raises(MotionFileError):
        FlameSequence.load(path)


def test_cut_file_and_missing_file_and_folder(tmp_path, motion):
    path = tmp_path / "motion.npz"
    motion.save(path)
    path.write_bytes(path.read_bytes()[:700])
    for bad in (path, tmp_path / "none.npz", tmp_path):
        with pytest.raises(MotionFileError):
            FlameSequence.load(bad)


def test_pickles_are_never_run(tmp_path, motion):
    path = tmp_path / "motion.npz"
    entries = _entries(motion, path)
    entries["neck"] = np.array([{"run": "me"}], dtype=object)
    np.savez(path, **entries)
    with pytest.raises(MotionFileError, match="numbers"):
        FlameSequence.load(path)


def test_headers_that_promise_too_much_allocate_nothing(tmp_path, motion):
    path = tmp_path / "motion.npz"
    motion.save(path)
    header = io.BytesIO()
    promise = {"descr": "<f4", "fortran_order": False, "shape": (10**12, 3)}
    np.lib.format.write_array_header_1_0(header, promise)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents["neck.npy"] = header.getvalue() + b"\0" * 64
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    with pytest.raises(MotionFileError, match="impossible size"):
        FlameSequence.load(path)


def test_an_unwritable_place_leaves_nothing(tmp_path, motion):
    with pytest.raises(MotionFileError, match="cannot be written"):
        motion.save(tmp_path / "no" / "such" / "motion.npz")
    assert list(tmp_path.iterdir()) == []
