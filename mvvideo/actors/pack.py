"""Packing an actor kit: identity space, proxies and textures in one small ``.npz``.

The kit travels to the machine that makes the training data; it is never part of the package. Everything in it is
cut to what a head-and-shoulders picture shows and quantised (identity space int8, textures as JPEG or WebP).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flame.errors import AssetError, input_error
from mvvideo.actors.meshfiles import ObjMesh, read_binding, read_diffuse_texture, read_obj
from mvvideo.actors.targets import TargetStore, sample_identity

__all__ = ["KIT_FORMAT", "pack_kit"]

KIT_FORMAT = "mvportrait-actor-kit-1"
LOWEST_BODY_DM = 2.6
"""Body and clothes below this height (decimetres in the base mesh; the chin is at 6.2) are left out."""
METRES_PER_UNIT = 0.1
PROXY_FOLDERS = ("hair", "eyebrows", "eyelashes", "clothes", "eyes")
TEXTURE_LIMITS = {
    "skins": 1024,
    "hair": 1024,
    "clothes": 1024,
    "eyes": 512,
    "eyebrows": 256,
    "eyelashes": 256,
}
KEPT_GROUPS = (
    "helper-l-eye",
    "helper-r-eye",
    "helper-hair",
    "eyelashes",
)


@dataclass(frozen=True)
class _Texture:
    name: str
    path: Path
    limit: int


def _encode(texture: _Texture, quality: int, scale: float) -> np.ndarray:
    """Read, shrink and re-encode one texture; returns the file's bytes as (N,) u8."""
    import cv2

    image = cv2.imread(str(texture.path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise input_error(AssetError, "a texture cannot be read", texture.path, "give the assets folder")
    limit = max(64, int(texture.limit * scale))
    side = max(image.shape[:2])
    if side > limit:
        size = (image.shape[1] * limit // side, image.shape[0] * limit // side)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    alpha = image.ndim == 3 and image.shape[2] == 4
    suffix, option = (".webp", cv2.IMWRITE_WEBP_QUALITY) if alpha else (".jpg", cv2.IMWRITE_JPEG_QUALITY)
    ok, data = cv2.imencode(suffix, image, [option, quality])
    if not ok:
        raise input_error(AssetError, "a texture cannot be encoded", texture.path, "re-install opencv")
    return data.reshape(-1)


def _proxy_names(assets: Path) -> dict[str, Path]:
    """``hair/short01`` -> its .mhclo, for every proxy with a mesh."""
    found: dict[str, Path] = {}
    for folder in PROXY_FOLDERS:
        for binding in sorted((assets / "actors" / folder).rglob("*.mhclo")):
            found[f"{folder}/{binding.stem}"] = binding
    if not found:
        raise input_error(
            AssetError, "no proxies are in the assets folder", assets, "it must hold actors/hair …"
        )
    return found


def _mesh_of(binding: Path) -> ObjMesh:
    own = binding.with_suffix(".obj")
    return read_obj(own if own.exists() else next(iter(sorted(binding.parent.glob("*.obj"))), own))


def _base_groups(base: ObjMesh) -> tuple[np.ndarray, np.ndarray]:
    """(kept body triangle ids (F,), vertices of the kept helper groups (N,))."""
    body = base.group == base.group_names.index("body")
    high = base.vertices[base.triangles][:, :, 1].min(1) > LOWEST_BODY_DM
    helpers = [i for i, n in enumerate(base.group_names) if any(k in n for k in KEPT_GROUPS)]
    return np.nonzero(body & high)[0], np.unique(base.triangles[np.isin(base.group, helpers)])


def _pack_identities(
    store: TargetStore,
    base: ObjMesh,
    kept: np.ndarray,
    eyes: np.ndarray,
    *,
    samples: int,
    components: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Sample people, centre each at its eyes, and keep the leading components (head weighted x3)."""
    rng = np.random.default_rng(seed)
    people = [sample_identity(store, rng) for _ in range(samples)]
    names = sorted({name for p in people for name in p.weights})
    count = len(base.vertices)
    table = np.stack([store.displacement(n, count)[kept].reshape(-1) for n in names])  # (T, K*3)
    column = {name: i for i, name in enumerate(names)}
    mix = np.zeros((samples, len(names)), np.float32)  # (N, T)
    for row, person in enumerate(people):
        for name, value in person.weights.items():
            mix[row, column[name]] = value
    shapes = (mix @ table).reshape(samples, -1, 3) + base.vertices[kept]  # (N, K, 3)
    shapes = (shapes - shapes[:, eyes].mean(1, keepdims=True)) * METRES_PER_UNIT
    mean = shapes.mean(0)
    weight = np.where(base.vertices[kept, 1] > 5.9, 3.0, 1.0).astype(np.float32)[:, None]
    centred = ((shapes - mean) * weight).reshape(samples, -1)
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64) / samples)
    order = np.argsort(values)[::-1][:components]
    coefficients = vectors[:, order] * np.sqrt(samples)  # (N, C) unit variance
    basis = (coefficients.T.astype(np.float32) @ (shapes - mean).reshape(samples, -1)) / samples  # (C, K*3)
    scale = np.abs(basis).max(1) / 127.0
    error = (shapes - mean).reshape(samples, -1)[:64] - coefficients[:64].astype(np.float32) @ basis
    return {
        "base/mean": mean.astype(np.float32),
        "base/components": np.round(basis / scale[:, None]).astype(np.int8).reshape(len(order), -1, 3),
        "base/scale": scale.astype(np.float32),
        "base/coefficients": coefficients.astype(np.float16),
        "base/labels": np.stack([p.labels for p in people]).astype(np.float16),
        "base/residual_metres": np.float32(np.sqrt(np.mean(error**2) * 3)),
    }


def _pack_proxy(binding_path: Path, remap: np.ndarray, base: ObjMesh) -> dict[str, np.ndarray]:
    """One proxy: cut below the picture, vertices that no triangle uses dropped, references re-numbered."""
    mesh, bind = _mesh_of(binding_path), read_binding(binding_path)
    if len(bind.refs) != len(mesh.vertices):
        raise input_error(
            AssetError,
            "a binding does not match its mesh",
            binding_path,
            f"mesh {len(mesh.vertices)} vertices, binding {len(bind.refs)}",
        )
    height = (base.vertices[bind.refs] * bind.weights[..., None]).sum(1)[:, 1]
    inside = height > LOWEST_BODY_DM
    triangles = inside[mesh.triangles].all(1)
    used, corner = np.unique(mesh.triangles[triangles], return_inverse=True)
    used_uv, corner_uv = np.unique(mesh.uv_triangles[triangles], return_inverse=True)
    deleted = remap[bind.deleted[bind.deleted < len(remap)]]
    return {
        "refs": remap[bind.refs[used]].astype(np.int32),
        "weights": bind.weights[used],
        "offsets": bind.offsets[used],
        "scale_refs": remap[bind.scale_refs].astype(np.int32),
        "scale_rest": bind.scale_rest,
        "triangles": corner.reshape(-1, 3).astype(np.int32),
        "uv_triangles": corner_uv.reshape(-1, 3).astype(np.int32),
        "uv": mesh.uv[used_uv].astype(np.float32),
        "deleted": deleted[deleted >= 0].astype(np.int32),
    }


def _textures(assets: Path, proxies: dict[str, Path]) -> list[_Texture]:
    actors = assets / "actors"
    out = [
        _Texture(f"skins/{p.stem}", p, TEXTURE_LIMITS["skins"])
        for p in sorted((actors / "skins").glob("*.jpg"))
    ]
    for p in sorted((actors / "eyes" / "materials").glob("*.webp")):
        out.append(_Texture(f"eyes/{p.stem.removesuffix('_eye')}", p, TEXTURE_LIMITS["eyes"]))
    for name, binding in proxies.items():
        folder = name.split("/")[0]
        if folder == "eyes":
            continue
        material = binding.with_suffix(".mhmat")
        stem = read_diffuse_texture(material) if material.exists() else None
        path = next((p for p in sorted(binding.parent.glob("*.webp")) if p.stem == stem), None)
        if path is not None:
            out.append(_Texture(name, path, TEXTURE_LIMITS[folder]))
    return out


def pack_kit(
    assets: Path,
    targets: Path,
    out: Path,
    *,
    samples: int = 2400,
    components: int = 160,
    seed: int = 0,
    quality: int = 88,
    texture_scale: float = 1.0,
) -> Path:
    """Write the kit.

    Args:
        assets: folder with ``base/base.obj`` and ``actors/…`` (MakeHuman's CC0 bundle).
        targets: ``targets.npz`` of the ``makehuman`` package.
        out: file to write.
        samples: people drawn for the identity space (also the pool actors are drawn from).
        components: identity components kept.
        seed: seed of the people.
        quality: JPEG/WebP quality of the textures.
        texture_scale: multiplies the texture size limits (2 for a close-up portrait).

    Raises:
        AssetError: something in the folders is missing or broken.
    """
    base = read_obj(assets / "base" / "base.obj")
    store = TargetStore(targets)
    proxies = _proxy_names(assets)
    body, helpers = _base_groups(base)
    needed = [np.unique(base.triangles[body]), helpers]
    bindings = [read_binding(p) for p in proxies.values()]
    for bind in bindings:
        height = (base.vertices[bind.refs] * bind.weights[..., None]).sum(1)[:, 1]
        needed += [bind.refs[height > LOWEST_BODY_DM].reshape(-1), bind.scale_refs.reshape(-1)]
    kept = np.unique(np.concatenate(needed))
    remap = np.full(len(base.vertices), -1, np.int64)
    remap[kept] = np.arange(len(kept))
    eye_groups = [i for i, n in enumerate(base.group_names) if n in ("helper-l-eye", "helper-r-eye")]
    eyes = remap[np.unique(base.triangles[np.isin(base.group, eye_groups)])]
    arrays = {"format": np.array(KIT_FORMAT), "base/index": kept.astype(np.int32)}
    arrays |= _pack_identities(store, base, kept, eyes, samples=samples, components=components, seed=seed)
    used_uv, corner = np.unique(base.uv_triangles[body], return_inverse=True)
    arrays |= {
        "body/triangles": remap[base.triangles[body]].astype(np.int32),
        "body/uv_triangles": corner.reshape(-1, 3).astype(np.int32),
        "body/uv": base.uv[used_uv],
    }
    for name, path in proxies.items():
        for key, value in _pack_proxy(path, remap, base).items():
            arrays[f"proxy/{name}/{key}"] = value
    for texture in _textures(assets, proxies):
        arrays[f"texture/{texture.name}"] = _encode(texture, quality, texture_scale)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(out)
    return out
