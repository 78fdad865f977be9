"""Reading licensed FLAME pickles: good ones of every writer, and hostile ones."""

from __future__ import annotations

import collections
import io
import os
import pickle
import pickletools
import struct

import numpy as np
import pytest

from flame import load_head
from flame.errors import HeadFileError
from flame.licensed import add_flame, read_embedding, read_flame, transfer_regions
from flame.pickles import read_flame_pickle
from flame.smplx_bridge import dynamic_embedding, smplx_arrays, static_embedding


def python2_array(array: np.ndarray) -> bytes:
    """Protocol-2 opcodes for an array as Python 2's numpy wrote them: its bytes are a str."""
    raw = np.ascontiguousarray(array).tobytes()
    code = array.dtype.str[1:].encode()
    shape = b"".join(b"J" + struct.pack("<i", n) for n in array.shape)
    return (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        b"(K\x01(" + shape + b"tcnumpy\ndtype\n(U" + bytes([len(code)]) + code + b"K\x00K\x01tR"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", len(raw))
        + raw
        + b"tb"
    )


def text(value: str) -> bytes:
    """A Python 2 str."""
    return b"U" + bytes([len(value)]) + value.encode("latin1")


def python2_chumpy(array: np.ndarray) -> bytes:
    """``chumpy.ch.Ch`` as copy_reg pickles it, with its values under ``x``."""
    start = b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR"
    return start + b"}(" + text("x") + python2_array(array) + text("_dirty_vars") + b"}ub"


def python2_csc(array: np.ndarray) -> bytes:
    """``scipy.sparse.csc_matrix`` as copy_reg pickles it."""
    from scipy.sparse import csc_matrix

    matrix = csc_matrix(array)
    start = b"ccopy_reg\n_reconstructor\n(cscipy.sparse.csc\ncsc_matrix\nc__builtin__\nobject\nNtR}("
    shape = b"(" + b"".join(b"J" + struct.pack("<i", n) for n in matrix.shape) + b"t"
    body = text("_shape") + shape + text("data") + python2_array(matrix.data)
    body += text("indices") + python2_array(matrix.indices) + text("indptr") + python2_array(matrix.indptr)
    return start + body + b"ub"


def python2_flame(arrays: dict[str, np.ndarray]) -> bytes:
    """A whole FLAME file in the official files' style."""
    writers = {"v_template": python2_chumpy, "shapedirs": python2_chumpy, "J_regressor": python2_csc}
    body = b"".join(text(k) + writers.get(k, python2_array)(v) for k, v in arrays.items())
    return b"\x80\x02}(" + body + text("bs_style") + text("lbs") + b"u."


@pytest.fixture(scope="module")
def small_flame():
    """A FLAME-layout head of 60 vertices; only the layout matters here."""
    rng = np.random.default_rng(0)
    count = 60
    weights = rng.uniform(size=(count, 5))
    regressor = rng.uniform(size=(5, count)) * (rng.uniform(size=(5, count)) < 0.3) + 1e-9
    table = np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]])
    return {
        "v_template": rng.normal(0, 0.1, (count, 3)),
        "shapedirs": rng.normal(0, 1e-3, (count, 3, 400)),
        "posedirs": rng.normal(0, 1e-3, (count, 3, 36)),
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
        "kintree_table": table,
        "weights": weights / weights.sum(1, keepdims=True),
        "f": rng.integers(0, count, (100, 3)).astype(np.uint32),
    }


def test_python2_chumpy_file_is_read(small_flame, tmp_path):
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(python2_flame(small_flame))
    head = read_flame(path, name="flame2020")
    np.testing.assert_allclose(head.v_template, small_flame["v_template"], atol=1e-7)
    np.testing.assert_allclose(head.shape_basis, small_flame["shapedirs"][:, :, :300], atol=1e-7)
    np.testing.assert_allclose(head.J_regressor, small_flame["J_regressor"], atol=1e-7)
    assert head.pose_frames(np.zeros(300), np.zeros((2, 100))).shape == (2, 60, 3)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_python3_files_are_read(small_flame, tmp_path, protocol):
    path = tmp_path / "flame2023_Open.pkl"
    path.write_bytes(pickle.dumps(small_flame, protocol=protocol))
    head = read_flame(path, name="flame2023")
    np.testing.assert_array_equal(head.faces, small_flame["f"])


def test_scipy_matrix_of_today_is_read(small_flame, tmp_path):
    from scipy.sparse import csc_matrix

    path = tmp_path / "flame.pkl"
    path.write_bytes(pickle.dumps({**small_flame, "J_regressor": csc_matrix(small_flame["J_regressor"])}))
    np.testing.assert_allclose(read_flame(path, name="x").J_regressor, small_flame["J_regressor"], atol=1e-7)


def test_added_head_is_loaded_by_path(small_flame, tmp_path):
    source = tmp_path / "flame.pkl"
    source.write_bytes(python2_flame(small_flame))
    stored = add_flame(source, tmp_path / "assets", name="flame2020")
    head = load_head(str(stored))
    assert head.name == "flame2020"
    assert head.shape_dims == 300
    assert head.expression_dims == 100
    with pytest.raises(HeadFileError, match="name"):
        add_flame(source, tmp_path, name="../evil")
    with pytest.raises(HeadFileError, match="rig"):
        _ = head.rig


def test_embedded_head_survives_the_round_trip(tmp_path):
    head = load_head()
    path = tmp_path / "FLAME_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps(smplx_arrays(head)))
    (tmp_path / "static.pkl").write_bytes(pickle.dumps(static_embedding(head)))
    np.save(tmp_path / "dynamic.npy", np.array(dynamic_embedding(head), dtype=object), allow_pickle=True)
    embedding = read_embedding(tmp_path / "static.pkl", tmp_path / "dynamic.npy")
    again = read_flame(path, name="copy", embedding=embedding)
    np.testing.assert_allclose(again.landmarks(again.v_template), head.landmarks(head.v_template), atol=1e-6)
    pose = {"jaw": [[0.3, 0, 0]], "neck": [[0.1, 0.4, 0]]}
    shape = np.linspace(-1, 1, 100)
    np.testing.assert_allclose(
        again.pose_frames(shape, np.zeros((1, 0)), **pose),
        head.pose_frames(shape, np.zeros((1, 0)), **pose),
        atol=1e-5,
    )
    skin = head.region_vertices("skin", "nose", "scalp", "neck", "shoulders")
    agree = (again.vertex_region[skin] == head.vertex_region[skin]).mean()
    assert agree > 0.95


def test_regions_are_found_on_a_moved_and_scaled_head():
    head = load_head()
    moved = head.v_template.astype(float) * 1.3 + [0, 0.4, 0.1]
    labels, faces = transfer_regions(moved, head.faces, head.J_regressor @ moved, head.weights)
    for name in ("lips", "nose", "scalp", "iris_left", "ear_right"):
        of = head.region_vertices(name)
        assert (labels[of] == head.vertex_region[of]).mean() > 0.9, name
    assert faces.shape == (len(head.faces),)


class Evil:
    """Pickles as a call of ``function(*arguments)``."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


HOSTILE = {
    "os.system": pickle.dumps({"v_template": Evil(os.system, "true")}),
    "eval": pickle.dumps({"v_template": Evil(eval, "1+1")}),
    "getattr": pickle.dumps({"v_template": Evil(getattr, 1, "real")}),
    "nested": pickle.dumps({"a": [{"b": (Evil(exec, "pass"),)}]}),
    "numpy load": pickle.dumps({"a": Evil(np.load, "/etc/hostname")}),
    "numpy fromfile": pickle.dumps({"a": Evil(np.fromfile, "/etc/hostname")}),
    "memmap": pickle.dumps({"a": Evil(np.memmap, "/etc/hostname")}),
    "ordered dict": pickle.dumps({"a": collections.OrderedDict(a=1)}),
    "bytes io": pickle.dumps({"a": io.BytesIO(b"x")}),
    "object array": pickle.dumps({"a": np.array([{}, {}], dtype=object)}),
    "object array of call": pickle.dumps(np.array([Evil(os.system, "true")], dtype=object)),
    "structured": pickle.dumps({"a": np.zeros(2, [("x", "f4")])}),
    "text array": pickle.dumps({"a": np.array(["a"])}),
    "posix by INST": b"(S'true'\niposix\nsystem\n.",
    "builtin object called": b"c__builtin__\nobject\n)R.",
    "ndarray called": b"cnumpy\nndarray\n(K\x05tR.",
    "attribute of a function": b"\x80\x02cnumpy\ndtype\nN}U\x0d__globals__XN\x86b.",
    "chumpy evaluates": b"\x80\x02cchumpy.ch\neval\n.",
    "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0ccore.os.systm\x93.",
    "persistent id": b"Pabc\n.",
    "truncated": pickle.dumps({"a": np.zeros(100)})[:-40],
    "empty": b"",
    "text": b"hello",
    "not a mapping": pickle.dumps([1, 2]),
    "short data": python2_array(np.zeros(4))
    .replace(b"J\x04\x00\x00\x00", b"J\x09\x00\x00\x00")
    .join([b"\x80\x02}U\x01a", b"s."]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused(name, monkeypatch):
    def forbidden(*arguments):
        raise AssertionError("the pickle ran code")

    monkeypatch.setattr(os, "system", forbidden)
    with pytest.raises(HeadFileError):
        read_flame_pickle(HOSTILE[name])


def test_hostile_examples_are_real():
    """At least the plain ones would run under an ordinary unpickler."""
    assert pickle.loads(HOSTILE["eval"]) == {"v_template": 2}
    pickletools.dis(HOSTILE["posix by INST"], out=io.StringIO())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shapedirs": np.zeros((60, 3, 10))}, "shapedirs"),
        ({"weights": np.full((60, 5), np.nan)}, "finite"),
        ({"f": np.full((4, 3), 60)}, "triangles"),
        ({"kintree_table": np.zeros((2, 5), int)}, "joints"),
        ({"posedirs": None}, "posedirs"),
    ],
)
def test_wrong_arrays_are_refused(small_flame, tmp_path, change, message):
    arrays = {k: v for k, v in {**small_flame, **change}.items() if v is not None}
    path = tmp_path / "wrong.pkl"
    path.write_bytes(pickle.dumps(arrays))
    with pytest.raises(HeadFileError, match=message):
        read_flame(path, name="wrong")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(HeadFileError, match="no such FLAME file"):
        read_flame(tmp_path / "none.pkl", name="x")
