"""Reading MakeHuman's mesh (.obj), binding (.mhclo) and material (.mhmat) text files.

Sources: https://static.makehumancommunity.org (file formats), assets released as CC0 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flame.errors import AssetError, input_error

__all__ = ["Binding", "ObjMesh", "read_binding", "read_diffuse_texture", "read_obj"]


@dataclass(frozen=True, eq=False)
class ObjMesh:
    """A polygon mesh, triangulated as fans.

    vertices (V,3) f32 in the file's unit (decimetres); uv (VT,2) f32, v up; triangles (F,3) i32 into
    vertices; uv_triangles (F,3) i32 into uv; group (F,) i32 index into ``group_names``.
    """

    vertices: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    uv_triangles: np.ndarray
    group: np.ndarray
    group_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Binding:
    """How a proxy hangs on the base mesh: ``vertex = sum_k weight_k * base[ref_k] + offset * scale``.

    refs (V,3) i32, weights (V,3) f32, offsets (V,3) f32, scale_refs (3,2) i32 with scale_rest (3,) f32 for
    x, y, z (scale of an axis = |base[a] - base[b]| / rest along that axis), deleted (D,) i32: base vertices
    hidden below the proxy.
    """

    refs: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scale_refs: np.ndarray
    scale_rest: np.ndarray
    deleted: np.ndarray


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise input_error(
            AssetError, "an asset file cannot be read", path, "give the assets folder"
        ) from error


def read_obj(path: Path) -> ObjMesh:
    """Read a Wavefront file; polygons become triangle fans, a missing uv becomes uv 0.

    Raises:
        AssetError: the file cannot be read or holds no faces.
    """
    vertices: list[tuple[float, ...]] = []
    uv: list[tuple[float, ...]] = []
    triangles: list[tuple[int, int, int]] = []
    uv_triangles: list[tuple[int, int, int]] = []
    groups: dict[str, int] = {}
    group_of: list[int] = []
    current = 0
    for line in _lines(path):
        key, _, rest = line.partition(" ")
        if key == "v":
            vertices.append(tuple(float(x) for x in rest.split()[:3]))
        elif key == "vt":
            uv.append(tuple(float(x) for x in rest.split()[:2]))
        elif key == "g":
            current = groups.setdefault(rest.strip(), len(groups))
        elif key == "f":
            corners = [(token.split("/") + [""])[:2] for token in rest.split()]
            v = [int(c[0]) - 1 for c in corners]
            t = [int(c[1]) - 1 if c[1] else 0 for c in corners]
            for i in range(1, len(v) - 1):
                triangles.append((v[0], v[i], v[i + 1]))
                uv_triangles.append((t[0], t[i], t[i + 1]))
                group_of.append(current)
    if not triangles:
        raise input_error(AssetError, "a mesh file holds no faces", path, "give MakeHuman's .obj files")
    return ObjMesh(
        vertices=np.asarray(vertices, np.float32),
        uv=np.asarray(uv or [(0.0, 0.0)], np.float32),
        triangles=np.asarray(triangles, np.int32),
        uv_triangles=np.asarray(uv_triangles, np.int32),
        group=np.asarray(group_of, np.int32),
        group_names=tuple(groups) or ("",),
    )


def _ranges(tokens: list[str]) -> list[int]:
    """Expand ``["3", "5", "-", "7"]`` to ``[3, 5, 6, 7]``."""
    out: list[int] = []
    i = 0
    while i < len(tokens):
        if tokens[i] == "-" and out and i + 1 < len(tokens):
            out.extend(range(out[-1] + 1, int(tokens[i + 1]) + 1))
            i += 2
        else:
            out.append(int(tokens[i]))
            i += 1
    return out


def read_binding(path: Path) -> Binding:
    """Read a ``.mhclo``: header lines may follow ``verts 0``; a binding line has 9 numbers, or 1 (exact vertex).

    Raises:
        AssetError: the file cannot be read or has no binding lines.
    """
    scale_refs = np.zeros((3, 2), np.int32)
    scale_rest = np.ones(3, np.float32)
    rows: list[list[float]] = []
    deleted: list[str] = []
    section = ""
    for line in _lines(path):
        tokens = line.split()
        if not tokens or tokens[0].startswith("#"):
            continue
        if tokens[0] in ("x_scale", "y_scale", "z_scale"):
            axis = "xyz".index(tokens[0][0])
            scale_refs[axis] = [int(tokens[1]), int(tokens[2])]
            scale_rest[axis] = float(tokens[3])
        elif tokens[0] in ("verts", "delete_verts"):
            section = tokens[0]
        elif tokens[0].lstrip("-").isdigit() or tokens[0] == "-":
            if section == "delete_verts":
                deleted += tokens
            elif section == "verts" and len(tokens) >= 9:
                rows.append([float(x) for x in tokens[:9]])
            elif section == "verts":
                rows.append([float(tokens[0])] * 3 + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    if not rows:
        raise input_error(
            AssetError, "a binding file holds no vertices", path, "give MakeHuman's .mhclo files"
        )
    table = np.asarray(rows, np.float64)
    return Binding(
        refs=table[:, :3].astype(np.int32),
        weights=table[:, 3:6].astype(np.float32),
        offsets=table[:, 6:9].astype(np.float32),
        scale_refs=scale_refs,
        scale_rest=scale_rest,
        deleted=np.asarray(_ranges(deleted), np.int32),
    )


def read_diffuse_texture(path: Path) -> str | None:
    """The stem of the ``diffuseTexture`` a material names, None when it names none."""
    for line in _lines(path):
        tokens = line.split()
        if tokens[:1] == ["diffuseTexture"] and len(tokens) > 1:
            return Path(tokens[1]).stem
    return None
