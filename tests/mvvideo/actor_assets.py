"""A small stand-in for MakeHuman's asset bundle, in its file formats, made from the embedded head.

The base mesh has MakeHuman's vertex numbering where the head knows it and nothing elsewhere; proxies are pieces of
the head pushed outward; textures are noise. So packing, binding and rendering run on real formats without the assets.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np

EYE_HEIGHT_DM = 7.28
BASE_VERTICES = 19158
SCALE = ("x_scale", "y_scale", "z_scale")
GROUPS = {
    "body": (
        "skin",
        "lips",
        "nose",
        "ear_left",
        "ear_right",
        "neck",
        "scalp",
        "shoulders",
        "eye_socket",
        "mouth_inside",
        "brow_left",
        "brow_right",
    ),
    "helper-l-eye": ("eye_left", "iris_left", "pupil_left"),
    "helper-r-eye": ("eye_right", "iris_right", "pupil_right"),
}
PROXIES = {
    "hair": (("short01", "short02", "long01", "afro01", "bob02"), ("scalp",), 0.10),
    "clothes": (("female_suit01", "male_suit01", "male_suit02", "fedora"), ("shoulders",), 0.05),
    "eyes": (("high-poly",), ("eye_left", "eye_right", "iris_left", "iris_right"), 0.0),
    "eyebrows": (("eyebrow001", "eyebrow002"), ("brow_left", "brow_right"), 0.01),
    "eyelashes": (("eyelashes01",), ("brow_left", "brow_right"), 0.02),
}


def full_index(head) -> np.ndarray:
    """(V,) base vertex of every head vertex; those that MakeHuman does not have (eyeballs) take free places."""
    index = head.base_index.astype(np.int64).copy()
    missing = np.nonzero(index < 0)[0]
    index[missing] = index.max() + 1 + np.arange(len(missing))
    return index


def base_mesh(head) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """((19158,3) decimetres, group -> (F,3) triangles of base vertices)."""
    from flame.regions import REGION_INDEX

    vertices = np.zeros((BASE_VERTICES, 3), np.float32)
    index = full_index(head)
    vertices[index] = head.v_template * 10 + [0, EYE_HEIGHT_DM, 0]
    groups = {}
    for name, regions in GROUPS.items():
        ids = [REGION_INDEX[r] for r in regions]
        groups[name] = index[head.faces[np.isin(head.face_region, ids)]]
    return vertices, groups


def _write_obj(path: Path, vertices: np.ndarray, groups: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertices]
    uv = np.clip(0.5 + (vertices[:, :2] - [0, EYE_HEIGHT_DM]) * 0.25, 0, 1)
    lines += [f"vt {u:.5f} {v:.5f}" for u, v in uv]
    for name, triangles in groups.items():
        lines.append(f"g {name}")
        lines += [f"f {a + 1}/{a + 1} {b + 1}/{b + 1} {c + 1}/{c + 1}" for a, b, c in triangles]
    path.write_text("\n".join(lines))


def _write_proxy(
    folder: Path, name: str, vertices: np.ndarray, triangles: np.ndarray, push: float, ends: tuple[int, int]
) -> None:
    used, corner = np.unique(triangles, return_inverse=True)
    outward = vertices[used] - [0, EYE_HEIGHT_DM - 0.3, -0.7]
    offset = push * outward / np.linalg.norm(outward, axis=1, keepdims=True)
    _write_obj(folder / f"{name}.obj", vertices[used] + offset, {"g": corner.reshape(-1, 3)})
    lines = ["# clothes file", f"name {name}"]
    lines += [
        f"{axis} {ends[0]} {ends[1]} {abs(vertices[ends[0], i] - vertices[ends[1], i]):.4f}"
        for i, axis in enumerate(SCALE)
    ]
    lines += ["verts 0", f"material {name}.mhmat"]
    lines += [
        f"{v} {v} {v} 1.0 0.0 0.0 {x:.5f} {y:.5f} {z:.5f}" for v, (x, y, z) in zip(used, offset, strict=True)
    ]
    if push == 0.05:
        lines += ["delete_verts", f"{used[0]} - {used[0] + 3} {used[-1]}"]
    (folder / f"{name}.mhclo").write_text("\n".join(lines))
    (folder / f"{name}.mhmat").write_text(f"name {name}\ndiffuseTexture {name}.png\n")


def _texture(path: Path, rng: np.random.Generator, *, alpha: bool, size: int = 64) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = cv2.resize(rng.random((8, 8, 4 if alpha else 3)).astype(np.float32), (size, size))
    image = (90 + 120 * noise).astype(np.uint8)
    if alpha:
        image[..., 3] = 255
        image[: size // 8, : size // 8, 3] = 0
    cv2.imwrite(str(path), image)


def write_targets(path: Path, vertices: np.ndarray, rng: np.random.Generator) -> None:
    """A targets file with every macro target, two sliders and one asymmetry, as smooth small displacements."""
    names = [
        f"macrodetails/{r}-{s}-{a}"
        for r, s, a in itertools.product(
            ("african", "asian", "caucasian"), ("female", "male"), ("child", "young", "old")
        )
    ]
    names += [
        f"macrodetails/universal-{s}-{a}-{m}muscle-{w}weight"
        for s, a, m, w in itertools.product(
            ("female", "male"),
            ("child", "young", "old"),
            ("min", "average", "max"),
            ("min", "average", "max"),
        )
    ]
    names += [
        "nose/nose-width1-decr",
        "nose/nose-width1-incr",
        "eyes/l-eye-scale-decr",
        "eyes/l-eye-scale-incr",
        "eyes/r-eye-scale-decr",
        "eyes/r-eye-scale-incr",
        "head/head-round",
        "asym/asym-jaw-1-l",
    ]
    used = np.nonzero(np.abs(vertices).sum(1))[0]
    arrays = {"targets/targets.license": np.zeros(1)}
    for name in names:
        wave = np.sin(vertices[used] @ rng.normal(0, 1.5, (3, 3)) + rng.uniform(0, 6, 3))
        arrays[f"targets/{name}.index"] = used.astype(np.uint16)
        arrays[f"targets/{name}.vector"] = np.round(wave * 30).astype(np.int16)  # 3 mm
    np.savez(path, **arrays)


def write_assets(folder: Path, head) -> tuple[Path, Path]:
    """Write the whole stand-in; returns (assets folder, targets file)."""
    rng = np.random.default_rng(0)
    vertices, groups = base_mesh(head)
    assets = folder / "assets"
    _write_obj(assets / "base" / "base.obj", vertices, groups)
    from flame.regions import REGION_INDEX

    index = full_index(head)
    body = groups["body"]
    ends = (int(body.min()), int(body.max()))
    for kind, (names, regions, push) in PROXIES.items():
        ids = [REGION_INDEX[r] for r in regions]
        triangles = index[head.faces[np.isin(head.face_region, ids)]]
        for name in names:
            place = assets / "actors" / kind / name
            place.mkdir(parents=True)
            _write_proxy(place, name, vertices, triangles if len(triangles) else body[:40], push, ends)
            if kind != "eyes" and name != "afro01":
                _texture(place / f"{name}.webp", rng, alpha=kind in ("hair", "eyebrows", "eyelashes"))
    for skin in (
        "young_lightskinned_female",
        "old_darkskinned_male",
        "young_lightskinned_male",
        "middleage_darkskinned_female",
        "young_darkskinned_male",
    ):
        _texture(assets / "actors" / "skins" / f"{skin}_diffuse.jpg", rng, alpha=False, size=128)
    for iris in ("blue", "brown"):
        _texture(assets / "actors" / "eyes" / "materials" / f"{iris}_eye.webp", rng, alpha=True)
    targets = folder / "targets.npz"
    write_targets(targets, vertices, rng)
    return assets, targets
