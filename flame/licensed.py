"""Official FLAME files (2019, 2020, 2023, 2023-Open), which users bring themselves, as ``FlameHead``s.

FLAME's pickle has neither regions, UVs, landmarks nor eyelids. Regions are carried over from the embedded
head (nearest points after aligning the eyes); the 68 landmarks come from FLAME's own static and dynamic
embedding files if given. Eyelids, UVs and the 478 landmarks stay empty.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import HeadFileError, input_error
from flame.head import FORMAT, VERSION, FlameHead, LandmarkEmbedding, load_head
from flame.pickles import read_flame_pickle

SHAPE_SPACE, EXPRESSION_SPACE = 300, 100
LARGEST_FILE = 1_000_000_000
REQUIRED = ("v_template", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "f")


def read_flame(path: str | Path, *, name: str, embedding: LandmarkEmbedding | None = None) -> FlameHead:
    """A licensed FLAME pickle as a head.

    Args:
        path: FLAME's ``generic_model.pkl``, ``FLAME_NEUTRAL.pkl``, ``flame2023_Open.pkl`` …
        name: the basis name that motions for it will carry, such as "flame2023".
        embedding: its 68 landmarks, see :func:`read_embedding`.

    Raises:
        HeadFileError: the file is missing, too large, not a FLAME file, or asks for code to be run.
    """
    path = Path(path)
    if not path.is_file():
        raise input_error(HeadFileError, "no such FLAME file", path, "give the path of a .pkl file")
    if path.stat().st_size > LARGEST_FILE:
        raise input_error(HeadFileError, "too large for a FLAME file", path, "give FLAME's own .pkl file")
    return head_from_arrays(read_flame_pickle(path.read_bytes()), name=name, embedding=embedding)


def head_from_arrays(
    data: dict[str, Any], *, name: str, embedding: LandmarkEmbedding | None = None
) -> FlameHead:
    """A head from the arrays of a FLAME file, shapes checked. Raises HeadFileError if they do not fit together."""
    missing = [key for key in REQUIRED if key not in data]
    if missing:
        raise input_error(
            HeadFileError, "a FLAME file lacks arrays", ", ".join(missing), "give the head model's file"
        )
    arrays = {key: np.asarray(data[key]) for key in REQUIRED}
    _check(arrays)
    shapedirs = arrays["shapedirs"].astype(np.float32)
    template = arrays["v_template"].astype(np.float32)
    vertices = len(template)
    faces = arrays["f"].astype(np.int32)
    regions = transfer_regions(
        template.astype(np.float64), faces, arrays["J_regressor"] @ template, arrays["weights"]
    )
    parents = arrays["kintree_table"][0].astype(np.int64)
    parents[0] = -1
    return FlameHead(
        name=name,
        v_template=template,
        shape_basis=np.ascontiguousarray(shapedirs[:, :, :SHAPE_SPACE]),
        expression_basis=np.ascontiguousarray(shapedirs[:, :, SHAPE_SPACE : SHAPE_SPACE + EXPRESSION_SPACE]),
        posedirs=arrays["posedirs"].astype(np.float32),
        J_regressor=arrays["J_regressor"].astype(np.float32),
        parents=parents,
        weights=arrays["weights"].astype(np.float32),
        faces=faces,
        eyelid_basis=np.zeros((2, vertices, 3), np.float32),
        vertex_region=regions[0],
        face_region=regions[1],
        uv=np.zeros((1, 2), np.float32),
        uv_faces=np.zeros_like(faces),
        mirror_index=mirror_of(template),
        base_index=np.full(vertices, -1, np.int32),
        landmarks_68=embedding,
    )


def _check(arrays: dict[str, np.ndarray]) -> None:
    """Raise HeadFileError unless the arrays have FLAME's shapes, finite numbers and indices in range."""
    vertices = len(arrays["v_template"]) if arrays["v_template"].ndim else 0
    rules = {
        "v_template": (vertices, 3),
        "shapedirs": (vertices, 3, SHAPE_SPACE + EXPRESSION_SPACE),
        "posedirs": (vertices, 3, 36),
        "J_regressor": (5, vertices),
        "kintree_table": (2, 5),
        "weights": (vertices, 5),
    }
    for key, shape in rules.items():
        array = arrays[key]
        if array.dtype.kind not in "iuf" or array.shape != shape:
            raise input_error(
                HeadFileError,
                f"{key} of a FLAME file must be numbers of shape {shape}",
                f"{array.dtype} {array.shape}",
                "give a FLAME 2019, 2020 or 2023 model",
            )
        if not np.isfinite(array).all():
            raise input_error(
                HeadFileError, f"{key} of a FLAME file must be finite", "NaN or infinity", "download it again"
            )
    faces = arrays["f"]
    good = faces.ndim == 2 and faces.shape[1] == 3 and faces.dtype.kind in "iu" and len(faces) > 0
    if not good or int(faces.max()) >= vertices or int(faces.min()) < 0:
        raise input_error(
            HeadFileError,
            "f of a FLAME file must be triangles of its vertices",
            faces.shape,
            "download it again",
        )
    if arrays["kintree_table"][0][1:].astype(np.int64).tolist() != [0, 1, 1, 1]:
        raise input_error(
            HeadFileError,
            "the joints of a FLAME file must be root, neck, jaw and two eyes",
            arrays["kintree_table"][0].tolist(),
            "give a FLAME head, not a body model",
        )


def mirror_of(template: np.ndarray) -> np.ndarray:
    """(V,) int32 nearest vertex to each one's mirror image about x = 0."""
    from scipy.spatial import cKDTree

    return cKDTree(template).query(template * [-1, 1, 1])[1].astype(np.int32)


def transfer_regions(
    template: np.ndarray, faces: np.ndarray, joints: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Vertex (V,) and face (F,) region labels from the embedded head's nearest visible points.

    The heads are aligned by their eyes, (5, 3) joints. What is skinned (V, 5) to an eye is an eyeball.
    """
    from scipy.spatial import cKDTree

    source = load_head()
    eyes, own = joints[3:5], source.joints([])[3:5]
    scale = float(np.linalg.norm(own[0] - own[1])) / max(float(np.linalg.norm(eyes[0] - eyes[1])), 1e-6)
    aligned = (template - eyes.mean(0)) * scale
    balls = np.unique(source.faces[source.region_faces(*_BALLS)])
    skin = np.unique(source.faces[source.region_faces(*_SKIN)])
    on_ball = weights[:, 3:].sum(1) > 0.9
    labels = np.zeros(len(template), np.uint8)
    for mask, candidates in ((on_ball, balls), (~on_ball, skin)):
        if mask.any():
            nearest = cKDTree(source.v_template[candidates]).query(aligned[mask])[1]
            labels[mask] = source.vertex_region[candidates[nearest]]
    corner = labels[faces]  # (F, 3)
    face = np.where(corner[:, 1] == corner[:, 2], corner[:, 1], corner[:, 0])
    return labels, face.astype(np.uint8)


_BALLS = ("eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right")
_SKIN = (
    *("skin", "lips", "nose", "brow_left", "brow_right", "ear_left", "ear_right"),
    *("neck", "scalp", "shoulders", "mouth_inside"),
)


def read_embedding(static: str | Path, dynamic: str | Path) -> LandmarkEmbedding:
    """The 68 landmarks from FLAME's ``flame_static_embedding.pkl`` and ``flame_dynamic_embedding.npy``.

    The contour is the dynamic one at zero head turn. Both are read without running anything they contain.

    Raises:
        HeadFileError: a file is not what it should be.
    """
    inner = read_flame_pickle(Path(static).read_bytes())
    raw = Path(dynamic).read_bytes()
    header = raw.find(b"\n", 8) + 1  # .npy with one pickled mapping after the header
    if raw[:6] != b"\x93NUMPY" or header <= 0:
        raise input_error(
            HeadFileError, "not a dynamic embedding", dynamic, "give flame_dynamic_embedding.npy"
        )
    outer = read_flame_pickle(raw[header:])
    try:
        faces = np.concatenate([np.asarray(outer["lmk_face_idx"])[0], np.asarray(inner["lmk_face_idx"])])
        weights = np.concatenate([np.asarray(outer["lmk_b_coords"])[0], np.asarray(inner["lmk_b_coords"])])
    except (KeyError, IndexError, ValueError) as error:
        raise input_error(
            HeadFileError, "incomplete landmark embedding", error, "give FLAME's own files"
        ) from error
    if faces.shape != (68,) or weights.shape != (68, 3):
        raise input_error(
            HeadFileError, "an embedding has 17 + 51 points", faces.shape, "give FLAME's own files"
        )
    return LandmarkEmbedding(faces.astype(np.int64), weights.astype(np.float32))


def save_head(head: FlameHead, path: str | Path) -> Path:
    """Write any head as a head file (.npz) that ``load_head`` reads; atomically."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {
        key: getattr(head, key)
        for key in (
            *(
                "v_template",
                "shape_basis",
                "expression_basis",
                "posedirs",
                "J_regressor",
                "parents",
                "weights",
            ),
            *(
                "faces",
                "eyelid_basis",
                "vertex_region",
                "face_region",
                "uv",
                "uv_faces",
                "mirror_index",
                "base_index",
            ),
        )
    }
    for which, embedding in (("68", head.landmarks_68), ("478", head.landmarks_478)):
        if embedding is not None:
            arrays[f"landmarks_{which}_face"] = embedding.face_index
            arrays[f"landmarks_{which}_barycentric"] = embedding.barycentric
    arrays.update(
        expression_names=np.array(head.expression_names, dtype=str),
        name=np.array(head.name),
        format=np.array(FORMAT),
        version=np.int64(VERSION),
    )
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def add_flame(
    path: str | Path, assets: str | Path, *, name: str, embedding: LandmarkEmbedding | None = None
) -> Path:
    """Check a licensed FLAME pickle and keep it as ``assets/heads/<name>.npz``. Returns that path.

    Raises:
        HeadFileError: see :func:`read_flame`; or the name is not a plain word.
    """
    if not name.replace("_", "").replace("-", "").isalnum() or name == "open":
        raise input_error(
            HeadFileError, "a head's name is one word, not 'open'", name, 'give one such as "flame2023"'
        )
    return save_head(read_flame(path, name=name, embedding=embedding), Path(assets) / "heads" / f"{name}.npz")
