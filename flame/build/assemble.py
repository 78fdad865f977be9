"""Runs all steps and writes the head's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flame.build import identity, regions, shapes, skin
from flame.build.cut import CutMesh, cut_head, eye_carriers
from flame.build.landmarks import embed_landmarks
from flame.build.macro import MEAN_ADULT, expression_unit, shape_of
from flame.build.parts import fit_sphere
from flame.build.sculpt import Sculptor
from flame.build.source import BaseMesh, Targets, read_base
from flame.build.template import neutral_correction
from flame.rig import EXPRESSION_NAMES

FORMAT = "mvportrait-head"
VERSION = 1
SHAPE_COMPONENTS = 100


def mean_head(base: BaseMesh, targets: Targets) -> np.ndarray:
    """(19158, 3) the mean adult's base vertices, origin at the midpoint of the eyeballs' centres."""
    vertices = base.vertices + shape_of(targets, MEAN_ADULT)
    centre, _ = fit_sphere(vertices[eye_carriers(base)[0]])
    return vertices - centre * [0, 1, 1]


def identity_basis(targets: Targets, mesh: CutMesh, *, people: int, seed: int) -> np.ndarray:
    """(V, 3, 100) identity components, every sample centred on its own eye midpoint."""
    fields = identity.identity_fields(targets, mesh, identity.sample_people(targets, count=people, seed=seed))
    eyes = np.char.startswith(mesh.part, "eye_")
    fields = fields - fields[:, eyes].mean(1, keepdims=True)
    return identity.principal_shapes(fields, components=SHAPE_COMPONENTS)[0]


def build(
    targets_path: str | Path,
    base_path: str | Path,
    out: str | Path,
    *,
    people: int = 2000,
    seed: int = 0,
    landmarks: bool = True,
    say=print,
) -> None:
    """Build the embedded head from targets.npz and the base mesh, and write it to ``out`` (.npz)."""
    base, targets = read_base(base_path), Targets(targets_path)
    mean = mean_head(base, targets)
    mean = mean + neutral_correction(cut_head(base, mean), targets)
    mesh = cut_head(base, mean)
    say(f"mesh: {len(mesh.mean)} vertices, {len(mesh.faces)} triangles")
    teeth = mesh.part == "teeth_lower"
    raw_opening = mesh.carry @ expression_unit(targets, "mouth-open")
    angle, pivot = skin.fit_jaw(mesh.mean[teeth], (mesh.mean + raw_opening)[teeth])
    say(f"jaw: {np.degrees(angle):.1f} degrees about {np.round(pivot, 4).tolist()}")
    weights = skin.skin_weights(mesh, skin.jaw_weights(mesh, raw_opening, angle, pivot))
    residual = skin.jaw_residual(mesh, raw_opening, weights, angle, pivot)
    sculptor = Sculptor(mesh, targets, weights[:, skin.JAW])
    blended = np.eye(3) + weights[:, skin.JAW, None, None] * (skin.rotation_x(angle) - np.eye(3))
    opened = ((mesh.mean + residual * np.sin(angle) - pivot) * 1.0)[:, None, :] @ blended.transpose(0, 2, 1)
    opened = opened[:, 0] + pivot - mesh.mean

    def unskin_jaw(field: np.ndarray) -> np.ndarray:
        return np.linalg.solve(blended, field[..., None])[..., 0]

    posedirs = np.zeros((len(mesh.mean), 3, 36))
    posedirs[:, :, skin.JAW_SINE_FEATURE] = residual
    arrays: dict[str, np.ndarray] = {
        "v_template": mesh.mean.astype(np.float32),
        "shape_basis": quantised(identity_basis(targets, mesh, people=people, seed=seed)),
        "expression_basis": quantised(shapes.expression_basis(sculptor, opened, unskin_jaw)),
        "eyelid_basis": shapes.eyelid_basis(sculptor).astype(np.float32),
        "jaw_sine_direction": residual.astype(np.float32),
        "weights": weights.astype(np.float32),
        "J_regressor": skin.joint_regressor(mesh, pivot).astype(np.float32),
        "parents": skin.PARENTS.astype(np.int64),
        "faces": mesh.faces.astype(np.int32),
        "uv": mesh.uv.astype(np.float32),
        "uv_faces": mesh.uv_faces.astype(np.int32),
        "base_index": mesh.base_index.astype(np.int32),
        "mirror_index": mesh.mirror.astype(np.int32),
        "jaw_open_radians": np.array(angle, np.float32),
        "expression_names": np.array(EXPRESSION_NAMES),
        "format": np.array(FORMAT),
        "version": np.array(VERSION, np.int64),
    }
    arrays.update(regions.label(mesh, sculptor))
    if landmarks:
        arrays.update(embed_landmarks(mesh, arrays))
    write_deterministic(Path(out), arrays)
    say(f"wrote {out}: {Path(out).stat().st_size / 1e6:.1f} MB")


def quantised(basis: np.ndarray) -> np.ndarray:
    """float16: at most 1 um of rounding on a displacement of 2 mm."""
    return basis.astype(np.float16)


def write_deterministic(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An .npz whose bytes depend on the arrays only (numpy's own writer stamps the time)."""
    import io
    import zipfile

    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(arrays[name], order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue())
