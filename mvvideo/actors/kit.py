"""The actor kit as it is used: identities, proxies and textures, read lazily from one ``.npz``."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from flame.errors import AssetError, input_error
from mvvideo.actors.pack import KIT_FORMAT

__all__ = ["ActorKit", "Proxy", "load_kit"]

LABELS = ("female", "old", "child", "african", "asian", "caucasian")


@dataclass(frozen=True, eq=False)
class Proxy:
    """A mesh hung on the base mesh (see :class:`mvvideo.actors.meshfiles.Binding`).

    refs (V,3) i32, weights (V,3), offsets (V,3), scale_refs (3,2), scale_rest (3,) (offsets and scale in the base
    mesh's unit, decimetres), triangles and uv_triangles (F,3) i32, uv (VT,2) v up, deleted (D,) hidden base vertices.
    """

    refs: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scale_refs: np.ndarray
    scale_rest: np.ndarray
    triangles: np.ndarray
    uv_triangles: np.ndarray
    uv: np.ndarray
    deleted: np.ndarray

    def bind(self, base: np.ndarray) -> np.ndarray:
        """(V,3) f32 proxy vertices on a **rest** base mesh (K,3) in metres (a posed one would scale the proxy)."""
        ends = base[self.scale_refs]  # (3, 2, 3)
        axes = np.arange(3)
        length = np.abs(ends[axes, 0, axes] - ends[axes, 1, axes])
        scale = length / np.maximum(self.scale_rest, 1e-6)  # metres per offset unit
        return self.interpolate(base) + self.offsets * scale.astype(np.float32)

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """(…,V,C): values (…,K,C) given on base vertices, carried to the proxy's vertices."""
        w = self.weights[..., None]
        r = self.refs
        return (
            values[..., r[:, 0], :] * w[:, 0]
            + values[..., r[:, 1], :] * w[:, 1]
            + values[..., r[:, 2], :] * w[:, 2]
        )


class ActorKit:
    """Everything actors are made of. Arrays are read when first asked for and kept.

    Attributes:
        base_index (K,) i32: which vertex of the full base mesh each kept vertex is.
        mean (K,3) f32 metres, eye midpoint at the origin; labels (N,6) f32 in the order of ``LABELS``.
        body_triangles, body_uv_triangles (F,3) i32, body_uv (VT,2) f32.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = np.load(path, allow_pickle=False)
            kind = str(self._file["format"])
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise input_error(
                AssetError,
                "an actor kit cannot be read",
                path,
                "make one with: python -m mvvideo.actors pack",
            ) from error
        if kind != KIT_FORMAT:
            raise input_error(
                AssetError,
                "an actor kit is of another version",
                kind,
                "make it again with: python -m mvvideo.actors pack",
            )
        self._cache: dict[str, object] = {}
        self.base_index = self._file["base/index"]
        self.mean = self._file["base/mean"]
        self.labels = self._file["base/labels"].astype(np.float32)
        self.body_triangles = self._file["body/triangles"]
        self.body_uv_triangles = self._file["body/uv_triangles"]
        self.body_uv = self._file["body/uv"]
        self._components = self._file["base/components"]
        self._scale = self._file["base/scale"]
        self._coefficients = self._file["base/coefficients"].astype(np.float32)
        self.names = tuple(self._file.files)

    @property
    def identities(self) -> int:
        """How many people the pool holds."""
        return len(self._coefficients)

    def options(self, folder: str, kind: str = "proxy") -> tuple[str, ...]:
        """Names in a folder (``hair``, ``clothes``, …), ``kind`` "proxy" or "texture"."""
        prefix = f"{kind}/{folder}/"
        return tuple(sorted({n[len(prefix) :].split("/")[0] for n in self.names if n.startswith(prefix)}))

    def identity(self, coefficients: np.ndarray) -> np.ndarray:
        """(K,3) f32 rest base mesh in metres for identity coefficients (C,)."""
        weight = (coefficients * self._scale).astype(np.float32)
        offset = np.tensordot(weight, self._components.astype(np.float32), axes=1)
        return self.mean + offset

    def person(self, index: int) -> np.ndarray:
        """(C,) coefficients of one person of the pool."""
        return self._coefficients[index]

    def proxy(self, name: str) -> Proxy:
        """A proxy by ``folder/name``.

        Raises:
            AssetError: the kit does not hold it.
        """
        key = f"proxy/{name}"
        if key not in self._cache:
            if f"{key}/refs" not in self.names:
                raise input_error(
                    AssetError, "the kit holds no such proxy", name, "list them with kit.options"
                )
            fields = {f: self._file[f"{key}/{f}"] for f in Proxy.__dataclass_fields__}
            self._cache[key] = Proxy(**fields)
        return self._cache[key]  # type: ignore[return-value]

    def has_texture(self, name: str) -> bool:
        """Whether a texture ``folder/name`` is there (a few CC0 proxies came without)."""
        return f"texture/{name}" in self.names

    def texture(self, name: str, limit: int | None = None) -> np.ndarray:
        """(H,W,4) u8 sRGB + alpha, row 0 on top, at most ``limit`` pixels wide; not to be written to.

        Raises:
            AssetError: the kit does not hold it.
        """
        import cv2

        key = f"texture/{name}"
        if limit is not None:
            small = f"{key}@{limit}"
            if small not in self._cache:
                image = self.texture(name)
                if image.shape[1] > limit:
                    size = (limit, image.shape[0] * limit // image.shape[1])
                    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
                self._cache[small] = image
            return self._cache[small]  # type: ignore[return-value]
        if key not in self._cache:
            if not self.has_texture(name):
                raise input_error(
                    AssetError, "the kit holds no such texture", name, "list them with kit.options"
                )
            image = cv2.imdecode(self._file[key], cv2.IMREAD_UNCHANGED)
            if image.ndim == 2:
                image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
            code = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGBA
            image = cv2.cvtColor(image, code)
            image.setflags(write=False)
            self._cache[key] = image
        return self._cache[key]  # type: ignore[return-value]


@lru_cache(maxsize=2)
def load_kit(path: str) -> ActorKit:
    """Read a kit once per process.

    Raises:
        AssetError: the file is missing or is not a kit of this version.
    """
    return ActorKit(Path(path))
