"""Writes a head as the files the ``smplx`` package loads as FLAME, so that it poses our heads unchanged.

``smplx.create(model_type="flame")`` reads ``flame/FLAME_NEUTRAL.pkl`` and ``flame/flame_static_embedding.pkl``,
and for the moving contour ``flame/flame_dynamic_embedding.npy``. smplx knows no eyelids: they stay ours.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from flame.head import FlameHead

SHAPE_SPACE = 300
EXPRESSION_SPACE = 100
"""FLAME's own layout: identity in the first 300 columns of ``shapedirs``, expression in the next 100."""
CONTOUR_ANGLES = 79
CONTOUR_POINTS = 17
_JAW_LINE = slice(0, CONTOUR_POINTS)


def smplx_arrays(head: FlameHead) -> dict[str, np.ndarray]:
    """The content of ``FLAME_NEUTRAL.pkl``: the head's arrays, bases padded with zeros to 300 + 100."""
    vertices = len(head.v_template)
    shapedirs = np.zeros((vertices, 3, SHAPE_SPACE + EXPRESSION_SPACE))
    shapes = min(head.shape_dims, SHAPE_SPACE)
    expressions = min(head.expression_dims, EXPRESSION_SPACE)
    shapedirs[:, :, :shapes] = head.shape_basis[:, :, :shapes]
    shapedirs[:, :, SHAPE_SPACE : SHAPE_SPACE + expressions] = head.expression_basis[:, :, :expressions]
    parents = head.parents.astype(np.int64).copy()
    parents[0] = 2**32 - 1  # as FLAME's files mark the root
    return {
        "v_template": head.v_template.astype(np.float64),
        "shapedirs": shapedirs,
        "posedirs": head.posedirs.astype(np.float64),
        "J_regressor": head.J_regressor.astype(np.float64),
        "kintree_table": np.stack([parents, np.arange(len(parents))]),
        "weights": head.weights.astype(np.float64),
        "f": head.faces.astype(np.uint32),
    }


def static_embedding(head: FlameHead) -> dict[str, np.ndarray]:
    """``lmk_face_idx`` (51,) and ``lmk_b_coords`` (51, 3): the 68 points without the contour."""
    embedding = _landmarks(head)
    return {
        "lmk_face_idx": embedding.face_index[CONTOUR_POINTS:].astype(np.int64),
        "lmk_b_coords": embedding.barycentric[CONTOUR_POINTS:].astype(np.float64),
    }


def dynamic_embedding(head: FlameHead) -> dict[str, np.ndarray]:
    """Contour points for head turns of 0..39 and -1..-39 degrees: the jaw line, the same at every angle."""
    embedding = _landmarks(head)
    return {
        "lmk_face_idx": np.tile(embedding.face_index[_JAW_LINE], (CONTOUR_ANGLES, 1)).astype(np.int64),
        "lmk_b_coords": np.tile(embedding.barycentric[_JAW_LINE], (CONTOUR_ANGLES, 1, 1)).astype(np.float64),
    }


def write_smplx_files(head: FlameHead, folder: str | Path) -> Path:
    """Write the three files below ``folder``/flame/, each atomically. Returns ``folder``, smplx's model path."""
    folder = Path(folder)
    target = folder / "flame"
    target.mkdir(parents=True, exist_ok=True)
    _write(target / "FLAME_NEUTRAL.pkl", lambda file: pickle.dump(smplx_arrays(head), file, protocol=4))
    _write(
        target / "flame_static_embedding.pkl",
        lambda file: pickle.dump(static_embedding(head), file, protocol=4),
    )
    _write(
        target / "flame_dynamic_embedding.npy",
        lambda file: np.save(file, np.array(dynamic_embedding(head), dtype=object), allow_pickle=True),
    )
    return folder


def create_smplx(
    head: FlameHead, folder: str | Path, *, batch_size: int = 1, face_contour: bool = False
) -> Any:
    """The head as an ``smplx.FLAME`` module, its files written below ``folder``.

    face_contour: also give the 17 contour points, after the 51 inner ones.

    Raises:
        MissingDependencyError: smplx is not installed.
    """
    try:
        import smplx
    except ImportError as error:
        from flame.errors import MissingDependencyError

        raise MissingDependencyError(
            "smplx", purpose="to pose a head through it", install="pip install smplx"
        ) from error
    return smplx.create(
        str(write_smplx_files(head, folder)),
        model_type="flame",
        num_betas=SHAPE_SPACE,
        num_expression_coeffs=EXPRESSION_SPACE,
        use_face_contour=face_contour,
        batch_size=batch_size,
    )


def _landmarks(head: FlameHead):
    if head.landmarks_68 is None:
        from flame.errors import HeadFileError, input_error

        raise input_error(
            HeadFileError,
            "smplx needs the 68 landmarks of a head",
            head.name,
            "give its landmark embedding too",
        )
    return head.landmarks_68


def _write(path: Path, dump) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            dump(file)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
