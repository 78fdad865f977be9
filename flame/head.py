"""`FlameHead`: a head model in FLAME's layout with regions, UVs, landmarks and a rig. Read-only numpy arrays.

Head space is FLAME's: metres, right-handed, +x to the subject's own left, +y up, +z out of the face. The
embedded head's origin is the midpoint of the eyeballs' centres of the mean head.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame import rig as arkit_rig
from flame.errors import HeadFileError, input_error
from flame.regions import REGION_INDEX, REGIONS

if TYPE_CHECKING:
    from types import ModuleType

    from flame.sequence import FlameSequence

FORMAT = "mvportrait-head"
VERSION = 1
OPEN_HEAD = "open"
_POSE_FEATURES = 36
_JAW_SINE_FEATURE = 16  # place of the jaw's R[2, 1] among the pose features


@dataclass(frozen=True)
class LandmarkEmbedding:
    """N points on the surface. face_index: (N,) triangle of each; barycentric: (N, 3), rows sum to one."""

    face_index: np.ndarray
    barycentric: np.ndarray

    def __len__(self) -> int:
        return len(self.face_index)


@dataclass(frozen=True, eq=False, repr=False)
class FlameHead:
    """A head model. All arrays are read-only; V vertices, F triangles.

    Attributes:
        name: the basis name that motions for this head carry ("open", "flame2023", …).
        v_template: (V, 3) float32, metres.
        shape_basis: (V, 3, S); the embedded head has S = 100, coefficients are about N(0, 1).
        expression_basis: (V, 3, E); of the embedded head, weights 0..1 of ``expression_names``.
        posedirs: (V, 3, 36) correctives, linear in R - I of neck, jaw, left eye, right eye.
        J_regressor: (5, V), parents: (5,), weights: (V, 5): root, neck, jaw, left eye, right eye.
        faces: (F, 3) int32, counter-clockwise seen from outside.
        eyelid_basis: (2, V, 3) full closing of the left and the right eye.
        vertex_region (V,), face_region (F,): uint8 index into ``REGIONS``.
        uv: (VT, 2) in [0, 1], v up; uv_faces: (F, 3).
        landmarks_68, landmarks_478: embeddings in the order of iBUG and of MediaPipe's refined face mesh.
        base_index: (V,) vertex of the MakeHuman base mesh, -1 where none (embedded head only).
        mirror_index: (V,) the vertex on the other side of the face.
        expression_names: E names, empty for heads whose expressions have none.
    """

    name: str
    v_template: np.ndarray
    shape_basis: np.ndarray
    expression_basis: np.ndarray
    posedirs: np.ndarray
    J_regressor: np.ndarray
    parents: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    eyelid_basis: np.ndarray
    vertex_region: np.ndarray
    face_region: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    mirror_index: np.ndarray
    base_index: np.ndarray
    landmarks_68: LandmarkEmbedding | None = None
    landmarks_478: LandmarkEmbedding | None = None
    expression_names: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __repr__(self) -> str:
        return f"FlameHead({self.name!r}, {len(self.v_template)} vertices, {len(self.faces)} triangles)"

    @cached_property
    def shapedirs(self) -> np.ndarray:
        """(V, 3, S + E): identity components, then expression components."""
        return np.concatenate([self.shape_basis, self.expression_basis], axis=2)

    @property
    def shape_dims(self) -> int:
        """Number of identity coefficients."""
        return self.shape_basis.shape[2]

    @property
    def expression_dims(self) -> int:
        """Number of expression coefficients."""
        return self.expression_basis.shape[2]

    @property
    def rig(self) -> ModuleType:
        """The ARKit-52 rig: ``rig.to_parameters(weights)``, ``rig.from_parameters(sequence)``."""
        if self.expression_names != arkit_rig.EXPRESSION_NAMES:
            raise input_error(
                HeadFileError, "only the embedded head has an ARKit rig", self.name, "use load_head('open')"
            )
        return arkit_rig

    def region_vertices(self, *names: str) -> np.ndarray:
        """Indices of the vertices in any of these regions. Raises HeadFileError for an unknown name."""
        return np.flatnonzero(np.isin(self.vertex_region, [_region(name) for name in names]))

    def region_faces(self, *names: str) -> np.ndarray:
        """Indices of the triangles in any of these regions. Raises HeadFileError for an unknown name."""
        return np.flatnonzero(np.isin(self.face_region, [_region(name) for name in names]))

    def expression_column(self, name: str) -> int:
        """Column of a named expression. Raises HeadFileError if this head has none of that name."""
        if name not in self.expression_names:
            raise input_error(
                HeadFileError,
                f"head {self.name!r} has no expression of that name",
                name,
                "see expression_names",
            )
        return self.expression_names.index(name)

    def pose(self, sequence: FlameSequence) -> np.ndarray:
        """Vertices (T, V, 3) float32 of a motion, world metres.

        Raises:
            HeadFileError: the motion's coefficients belong to another head.
        """
        if sequence.basis != self.name:
            raise input_error(
                HeadFileError,
                f"the motion must be in the basis of the head {self.name!r}",
                sequence.basis,
                "convert it with flame.retarget",
            )
        return self.pose_frames(
            sequence.shape,
            sequence.expression,
            sequence.rotation,
            sequence.neck,
            sequence.jaw,
            sequence.eyes,
            sequence.eyelids,
            sequence.translation,
        )

    def pose_frames(
        self, shape, expression, rotation=None, neck=None, jaw=None, eyes=None, eyelids=None, translation=None
    ) -> np.ndarray:
        """Vertices (T, V, 3) float32 from plain arrays; what is None is zero.

        shape: (≤S,), expression: (T, ≤E), rotation/neck/jaw/translation: (T, 3), eyes: (T, 6), eyelids: (T, 2).

        Raises:
            HeadFileError: more coefficients than the head has, or arrays of the wrong shape.
        """
        from flame.skinning import pose_fast

        shape = np.asarray(shape, np.float32)
        expression = np.asarray(expression, np.float32)
        if shape.ndim != 1 or shape.size > self.shape_dims:
            raise input_error(
                HeadFileError, f"shape has at most {self.shape_dims} numbers", shape.shape, "cut it"
            )
        if expression.ndim != 2 or expression.shape[1] > self.expression_dims:
            raise input_error(
                HeadFileError,
                f"expression is (frames, at most {self.expression_dims})",
                expression.shape,
                "cut it",
            )
        frames = len(expression)
        channels = {"rotation": 3, "neck": 3, "jaw": 3, "eyes": 6, "eyelids": 2, "translation": 3}
        given = dict(zip(channels, (rotation, neck, jaw, eyes, eyelids, translation)))
        arrays = [_frames_of(name, given[name], frames, width) for name, width in channels.items()]
        return pose_fast(self, shape, expression, *arrays)

    def joints(self, shape) -> np.ndarray:
        """Rest joints (5, 3) float32 of an identity: root, neck, jaw, left eye, right eye."""
        from flame.skinning import basis_cache

        return basis_cache(self).identity(np.asarray(shape, np.float32))[1].astype(np.float32)

    def landmarks(self, vertices: np.ndarray, which: str = "68") -> np.ndarray:
        """Landmark positions (..., N, 3) on vertices (..., V, 3); which: "68" (iBUG) or "478" (MediaPipe).

        Raises:
            HeadFileError: this head carries no such embedding.
        """
        embedding = {"68": self.landmarks_68, "478": self.landmarks_478}.get(str(which))
        if embedding is None:
            raise input_error(
                HeadFileError, f"head {self.name!r} has no such landmarks", which, 'ask for "68" or "478"'
            )
        corners = self.faces[embedding.face_index]  # (N, 3)
        weights = embedding.barycentric.astype(vertices.dtype)[..., None]  # (N, 3, 1)
        return (np.asarray(vertices)[..., corners, :] * weights).sum(-2)

    def vertex_normals(self, vertices: np.ndarray) -> np.ndarray:
        """Unit normals (..., V, 3) float32 of vertices (..., V, 3), area-weighted."""
        vertices = np.asarray(vertices, np.float32)
        corners = vertices[..., self.faces, :]  # (..., F, 3, 3)
        face = np.cross(corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :])
        flat = face.reshape(-1, len(self.faces), 3)
        incidence = self._incidence  # (V, F)
        normals = np.stack([incidence @ frame for frame in flat]).reshape(vertices.shape)
        length = np.linalg.norm(normals, axis=-1, keepdims=True)
        return (normals / np.maximum(length, 1e-12)).astype(np.float32)

    @cached_property
    def _incidence(self) -> Any:
        from scipy.sparse import csr_matrix

        rows = self.faces.ravel()
        columns = np.repeat(np.arange(len(self.faces)), 3)
        ones = np.ones(len(rows), np.float32)
        return csr_matrix((ones, (rows, columns)), shape=(len(self.v_template), len(self.faces)))


def _region(name: str) -> int:
    if name not in REGION_INDEX:
        raise input_error(HeadFileError, "no such region", name, f"choose from {', '.join(REGIONS)}")
    return REGION_INDEX[name]


def _frames_of(name: str, value: Any, frames: int, width: int) -> np.ndarray:
    if value is None:
        return np.zeros((frames, width), np.float32)
    array = np.asarray(value, np.float32)
    if array.shape != (frames, width):
        raise input_error(
            HeadFileError, f"{name} must be ({frames}, {width})", array.shape, "give one row per frame"
        )
    return array


@lru_cache(maxsize=8)
def load_head(name_or_path: str = OPEN_HEAD) -> FlameHead:
    """The embedded head ("open"), or a head file (.npz) written by this project. The result is shared: read-only.

    Raises:
        HeadFileError: no such file, or not a head file.
    """
    if name_or_path == OPEN_HEAD:
        return _read_head(Path(str(files("flame") / "data" / "open_head.npz")), OPEN_HEAD)
    path = Path(name_or_path)
    if not path.is_file():
        raise input_error(
            HeadFileError, "no such head", name_or_path, 'give "open" or the path of a head file (.npz)'
        )
    return _read_head(path, path.stem)


def _read_head(path: Path, default_name: str) -> FlameHead:
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise input_error(
            HeadFileError, "not a readable head file", path, "install the package again"
        ) from error
    if str(data.get("format", "")) != FORMAT or int(data.get("version", -1)) != VERSION:
        raise input_error(
            HeadFileError,
            f"not a head file of version {VERSION}",
            path,
            "build it with python -m flame.build",
        )
    name = str(data.get("name", default_name))
    posedirs = data.get("posedirs")
    if posedirs is None:  # the embedded head's only corrective: the jaw's, along sin(opening)
        posedirs = np.zeros((len(data["v_template"]), 3, _POSE_FEATURES), np.float32)
        posedirs[:, :, _JAW_SINE_FEATURE] = data["jaw_sine_direction"]
    return FlameHead(
        name=name,
        shape_basis=data["shape_basis"].astype(np.float32),
        expression_basis=data["expression_basis"].astype(np.float32),
        posedirs=posedirs.astype(np.float32),
        landmarks_68=_embedding(data, "68"),
        landmarks_478=_embedding(data, "478"),
        expression_names=tuple(str(n) for n in data["expression_names"]),
        **{key: data[key] for key in _PLAIN},
    )


_PLAIN = (
    "v_template",
    "J_regressor",
    "parents",
    "weights",
    "faces",
    "eyelid_basis",
    "vertex_region",
    "face_region",
    "uv",
    "uv_faces",
    "mirror_index",
    "base_index",
)


def _embedding(data: dict[str, np.ndarray], which: str) -> LandmarkEmbedding | None:
    if f"landmarks_{which}_face" not in data:
        return None
    return LandmarkEmbedding(
        data[f"landmarks_{which}_face"].astype(np.int64),
        data[f"landmarks_{which}_barycentric"].astype(np.float32),
    )
