"""Putting an actor together: one mesh of all parts, bound to the rig, with its textures and materials."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flame.easing import smoothstep
from flame.regions import REGION_INDEX
from mvvideo.actors.covers import COVERS, make_cover
from mvvideo.actors.glasses import make_glasses
from mvvideo.actors.kit import ActorKit
from mvvideo.actors.mouth import make_mouth
from mvvideo.actors.paint import (
    fabric_texture,
    flat_texture,
    iris_texture,
    paint_skin,
    tint_cards,
    uv_mask,
)
from mvvideo.actors.rigging import EYE_LEFT, EYE_RIGHT, NECK, ROOT, BaseRig
from mvvideo.actors.shading import MATERIAL_FIELDS, srgb_to_linear
from mvvideo.actors.spec import ActorSpec
from mvvideo.actors.visibility import pack_textures

__all__ = ["PARTS", "ActorMesh", "assemble"]

PARTS = ("skin", "eyes", "teeth", "tongue", "brows", "lashes", "hair", "clothes", "hat", "glasses")
_DEFAULTS = {
    # specular, exponent, wrap, occlusion, tint x3, volume, gloss_map
    "skin": (0.035, 22.0, 0.30, 0.85, 1.0, 1.0, 1.0, 0.0, 0.4),
    "eyes": (1.3, 90.0, 0.10, 1.0, 0.72, 0.69, 0.68, 0.0, 0.0),
    "teeth": (0.10, 60.0, 0.25, 1.0, 1.0, 0.96, 0.90, 0.0, 0.0),
    "tongue": (0.06, 40.0, 0.25, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),
    "brows": (0.0, 8.0, 0.3, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0),
    "lashes": (0.0, 8.0, 0.3, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0),
    "hair": (0.030, 11.0, 0.35, 0.9, 1.0, 1.0, 1.0, 0.55, 0.9),
    "clothes": (0.004, 8.0, 0.15, 0.9, 1.0, 1.0, 1.0, 0.0, 0.0),
    "hat": (0.006, 6.0, 0.2, 0.9, 1.0, 1.0, 1.0, 0.0, 0.0),
    "glasses": (0.25, 50.0, 0.0, 0.6, 1.0, 1.0, 1.0, 0.0, 0.0),
}
_ALPHA = ("brows", "lashes", "hair")
_CULLED = ("skin", "eyes", "teeth", "tongue")


@dataclass(eq=False)
class ActorMesh:
    """All parts of an actor in one mesh, at rest.

    rest (N,3) metres, weights (N,5), refs (N,3), ref_weights (N,3) (see ``pose_vertices``); triangles, uv_triangles
    (F,3), uv (VT,2), material (F,) index into the parts present; part (N,) index into ``PARTS``; casts (F,) bool.
    Per material: names, alpha_tested, culled, image_of, table of numbers; texels and mip table of the textures.
    """

    rest: np.ndarray
    weights: np.ndarray
    refs: np.ndarray
    ref_weights: np.ndarray
    triangles: np.ndarray
    uv_triangles: np.ndarray
    uv: np.ndarray
    material: np.ndarray
    part: np.ndarray
    casts: np.ndarray
    names: tuple[str, ...]
    alpha_tested: np.ndarray
    culled: np.ndarray
    image_of: np.ndarray
    materials: np.ndarray
    texels: np.ndarray
    mips: np.ndarray


@dataclass(eq=False)
class _Builder:
    rows: dict[str, list[np.ndarray]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    images: list[np.ndarray] = field(default_factory=list)
    tables: list[tuple[float, ...]] = field(default_factory=list)
    vertices: int = 0
    texcoords: int = 0

    def add(
        self,
        name: str,
        rest: np.ndarray,
        weights: np.ndarray,
        triangles: np.ndarray,
        uv: np.ndarray,
        uv_triangles: np.ndarray,
        image: np.ndarray,
        *,
        refs: np.ndarray | None = None,
        ref_weights: np.ndarray | None = None,
        casts: bool = True,
        **material: float,
    ) -> None:
        count = len(rest)
        values = dict(zip(MATERIAL_FIELDS, _DEFAULTS[name], strict=True)) | material
        index = len(self.names)
        new = {
            "rest": rest,
            "weights": weights,
            "triangles": triangles + self.vertices,
            "uv": uv,
            "uv_triangles": uv_triangles + self.texcoords,
            "refs": np.zeros((count, 3), np.int32) if refs is None else refs,
            "ref_weights": np.zeros((count, 3), np.float32) if ref_weights is None else ref_weights,
            "material": np.full(len(triangles), index),
            "part": np.full(count, PARTS.index(name)),
            "casts": np.full(len(triangles), casts),
        }
        for key, value in new.items():
            self.rows.setdefault(key, []).append(np.asarray(value))
        self.names.append(name)
        self.images.append(image)
        self.tables.append(tuple(values[f] for f in MATERIAL_FIELDS))
        self.vertices += count
        self.texcoords += len(uv)

    def finish(self) -> ActorMesh:
        kinds = {
            "rest": np.float32,
            "weights": np.float32,
            "uv": np.float32,
            "ref_weights": np.float32,
            "casts": np.bool_,
            "part": np.int32,
        }
        merged = {
            k: np.ascontiguousarray(np.concatenate(v), kinds.get(k, np.int32)) for k, v in self.rows.items()
        }
        texels, mips = pack_textures(self.images)
        return ActorMesh(
            **merged,
            names=tuple(self.names),
            alpha_tested=np.array([n in _ALPHA for n in self.names]),
            culled=np.array([n in _CULLED for n in self.names]),
            image_of=np.arange(len(self.names)),
            materials=np.array(self.tables, np.float32),
            texels=texels,
            mips=mips,
        )


def _skin_masks(kit: ActorKit, rig: BaseRig, head, hair: np.ndarray | None) -> dict[str, np.ndarray]:
    """Per-vertex areas of the face painted into texture space. Positions are those of the mean base mesh (metres)."""
    from scipy.spatial import cKDTree

    x, y, z = kit.mean.T
    side = np.abs(x)
    out: dict[str, np.ndarray] = {}
    limit = -0.050 + 0.35 * np.maximum(0.0, side - 0.035)
    beard = smoothstep(y - limit, 0.0, -0.012) * smoothstep(y, -0.135, -0.115) * smoothstep(z, -0.045, -0.02)
    out["beard"] = beard
    out["cheeks"] = np.exp(-(((side - 0.042) / 0.018) ** 2) - ((y + 0.032) / 0.02) ** 2) * (z > 0)
    out["lids"] = np.exp(-(((side - 0.031) / 0.016) ** 2) - ((y - 0.008) / 0.007) ** 2) * (z > 0)
    lips = np.zeros(len(x))
    lips[rig.base_rows] = head.vertex_region[rig.head_rows] == REGION_INDEX["lips"]
    out["lips"] = lips
    out["beard"] = out["beard"] * (1 - lips)
    if hair is not None:
        distance, _ = cKDTree(hair).query(kit.mean, distance_upper_bound=0.05)
        distance = np.where(np.isfinite(distance), distance, 0.05)
        out["scalp"] = smoothstep(distance, 0.012, 0.005) * smoothstep(
            y + 0.6 * np.maximum(0, -z), 0.02, 0.05
        )
    else:
        out["scalp"] = smoothstep(y - 0.45 * np.minimum(z, 0.02), 0.055, 0.075) * (y > 0.0)
    return out


def _proxy_weights(proxy, rig: BaseRig, name: str, rest: np.ndarray) -> np.ndarray:
    """(V,5) skinning weights of a proxy: eyes are rigid, and hair, hat and clothes do not follow jaw or eyes."""
    weights = np.maximum(proxy.interpolate(rig.weights), 0.0)
    if name == "eyes":
        weights = np.zeros_like(weights)
        weights[np.arange(len(rest)), np.where(rest[:, 0] > 0, EYE_LEFT, EYE_RIGHT)] = 1.0
    elif name in ("hair", "hat"):
        weights = weights.copy()
        weights[:, NECK] += weights[:, 2:].sum(1)
        weights[:, 2:] = 0.0
        # strands below the chin move from the head to the shoulders with depth
        loose = smoothstep(rest[:, 1], -0.10, -0.24)
        head_share = weights[:, NECK] * (1 - loose)
        if name == "hair":
            head_share = np.maximum(head_share, smoothstep(rest[:, 1], -0.13, -0.07))
        else:
            head_share = np.ones(len(rest))
        weights[:, NECK], weights[:, ROOT] = head_share, 1 - head_share
    elif name == "clothes":
        weights = weights.copy()
        weights[:, NECK] = np.minimum(weights[:, 1:].sum(1), 0.5)
        weights[:, 2:] = 0.0
        weights[:, ROOT] = 1 - weights[:, NECK]
    return (weights / np.maximum(weights.sum(1, keepdims=True), 1e-8)).astype(np.float32)


def _without_holes(proxy, image: np.ndarray) -> np.ndarray:
    """(F,) bool: triangles of an eye proxy whose texture is opaque (its clear cornea shell is left out)."""
    centre = proxy.uv[proxy.uv_triangles].mean(1)
    height, width = image.shape[:2]
    column = np.clip((centre[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - centre[:, 1]) * height).astype(int), 0, height - 1)
    return image[row, column, 3] > 128


@dataclass(eq=False)
class _Dresser:
    """Adds the parts of one actor to a builder, in the order in which random numbers are drawn."""

    kit: ActorKit
    rig: BaseRig
    spec: ActorSpec
    base: np.ndarray
    rng: np.random.Generator
    texture_limit: int | None
    build: _Builder = field(default_factory=_Builder)

    def texture(self, name: str) -> np.ndarray:
        return self.kit.texture(name, self.texture_limit)

    def skin(self, head) -> None:
        kit, spec, base = self.kit, self.spec, self.base
        hair = kit.proxy(f"hair/{spec.hair}").bind(kit.mean) if spec.hair else None
        masks = {
            name: uv_mask(value, kit.body_uv, kit.body_uv_triangles, kit.body_triangles, size=256)
            for name, value in _skin_masks(kit, self.rig, head, hair).items()
        }
        first, second = (self.texture(f"skins/{name}") for name in spec.skins)
        hidden = np.zeros(len(base), bool)
        hidden[kit.proxy(f"clothes/{spec.clothes}").deleted] = True
        shown = ~hidden[kit.body_triangles].all(1)
        every = np.arange(len(base), dtype=np.int32)
        self.build.add(
            "skin",
            base,
            self.rig.weights,
            kit.body_triangles[shown],
            kit.body_uv,
            kit.body_uv_triangles[shown],
            paint_skin(first, second, spec, masks, self.rng),
            refs=np.stack([every, every, every], 1),
            ref_weights=np.tile(np.array([1, 0, 0], np.float32), (len(base), 1)),
            specular=0.035 * spec.skin_gloss,
        )

    def proxy(
        self,
        part: str,
        option: str,
        image: np.ndarray,
        *,
        follows: bool,
        casts: bool = True,
        keep=slice(None),
    ) -> None:
        """Add a proxy; ``follows``: it takes part in expressions; ``keep``: which of its triangles."""
        proxy = self.kit.proxy(option)
        rest = proxy.bind(self.base)
        self.build.add(
            part,
            rest,
            _proxy_weights(proxy, self.rig, part, rest),
            proxy.triangles[keep],
            proxy.uv,
            proxy.uv_triangles[keep],
            image,
            refs=proxy.refs if follows else None,
            ref_weights=proxy.weights if follows else None,
            casts=casts,
        )

    def mouth(self, head, betas: np.ndarray) -> None:
        """Teeth with gums, and tongue."""
        rng = np.random.default_rng([self.spec.seed, 78])
        for part in make_mouth(head, self.rig, self.base, betas, self.spec.teeth, rng):
            follows = len(self.base) + part.rows.astype(np.int32)
            self.build.add(
                part.name,
                part.rest,
                part.weights,
                part.triangles,
                part.uv,
                part.triangles,
                part.image,
                refs=np.stack([follows] * 3, 1),
                ref_weights=np.tile(np.array([1, 0, 0], np.float32), (len(follows), 1)),
            )

    def face(self) -> None:
        """Eyes, brows and lashes."""
        kit, spec = self.kit, self.spec
        eyes = f"eyes/{kit.options('eyes')[0]}"
        iris = self.texture(f"eyes/{spec.iris}")
        clear = _without_holes(kit.proxy(eyes), iris)
        self.proxy("eyes", eyes, iris_texture(iris, spec.iris_tint), follows=True, keep=clear)
        for part, name, shade in (
            ("brows", f"eyebrows/{spec.brows}", 0.7),
            ("lashes", f"eyelashes/{spec.lashes}", 0.35),
        ):
            cards = tint_cards(self.texture(name), np.asarray(spec.hair_color) * shade, self.rng)
            self.proxy(part, name, cards, follows=True, casts=False)

    def hair_and_clothes(self) -> None:
        kit, spec, rng = self.kit, self.spec, self.rng
        if spec.hair:
            name = f"hair/{spec.hair}"
            bare = not kit.has_texture(name)
            image = _strand_texture(rng, curly="afro" in spec.hair) if bare else self.texture(name)
            self.proxy("hair", name, tint_cards(image, spec.hair_color, rng), follows=False)
        name = f"clothes/{spec.clothes}"
        cloth = self.texture(name) if kit.has_texture(name) else None
        self.proxy("clothes", name, fabric_texture(cloth, spec.clothes_tint, rng), follows=False)

    def headwear(self) -> None:
        kit, spec, rng = self.kit, self.spec, self.rng
        if spec.hat in COVERS:
            vertices, triangles, uv, rows = make_cover(spec.hat, kit, self.base, rng)
            weights = self.rig.weights[rows].copy()
            weights[:, NECK] += weights[:, 2:].sum(1)
            weights[:, 2:] = 0.0
            felt = fabric_texture(None, spec.hat_color, rng, size=256)
            self.build.add("hat", vertices, weights, triangles, uv, triangles, felt)
        elif spec.hat:
            felt = fabric_texture(None, spec.hat_color, rng, size=256)
            self.proxy("hat", f"clothes/{spec.hat}", felt, follows=False)
        if spec.glasses:
            _add_glasses(self.build, kit, spec, self.base)


def assemble(
    kit: ActorKit,
    rig: BaseRig,
    head,
    spec: ActorSpec,
    base: np.ndarray,
    betas: np.ndarray,
    rng: np.random.Generator,
    *,
    texture_limit: int | None = None,
) -> ActorMesh:
    """Build the mesh of an actor on its rest base mesh ``base`` (K,3), whose shape in the head's space is ``betas``;
    textures at most ``texture_limit`` wide."""
    dresser = _Dresser(kit, rig, spec, base, rng, texture_limit)
    dresser.skin(head)
    dresser.face()
    dresser.mouth(head, betas)
    dresser.hair_and_clothes()
    dresser.headwear()
    return dresser.build.finish()


def _add_glasses(build: _Builder, kit: ActorKit, spec: ActorSpec, base: np.ndarray) -> None:
    eyes = kit.proxy(f"eyes/{kit.options('eyes')[0]}").bind(base)
    left, right = eyes[eyes[:, 0] > 0].mean(0), eyes[eyes[:, 0] < 0].mean(0)
    level = np.abs(base[:, 1] - left[1]) < 0.02
    ear = level & (base[:, 2] < -0.055) & (base[:, 2] > -0.10)
    ear_x = float(np.abs(base[ear, 0]).max()) if ear.any() else 0.075
    bridge = level & (np.abs(base[:, 0]) < 0.012)
    front = float(base[bridge, 2].max()) + 0.004 if bridge.any() else 0.03
    vertices, triangles = make_glasses(
        spec.glasses or "round", left, right, ear_x=min(ear_x, 0.085), front_z=front, back_z=-0.085
    )
    weights = np.zeros((len(vertices), 5), np.float32)
    weights[:, NECK] = 1.0
    build.add(
        "glasses",
        vertices,
        weights,
        triangles,
        np.zeros((1, 2), np.float32),
        np.zeros_like(triangles),
        flat_texture(spec.glasses_color),
    )


def _strand_texture(rng: np.random.Generator, *, curly: bool) -> np.ndarray:
    """(256,256,4) u8 hair for meshes that came without a texture: streaks, or frizz, with ragged transparency."""
    import cv2

    noise = rng.random((256, 256), dtype=np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.8, sigmaY=1.2 if curly else 14)
    streaks = (streaks - streaks.min()) / max(float(np.ptp(streaks)), 1e-6)
    out = np.zeros((256, 256, 4), np.uint8)
    out[..., :3] = (60 + 150 * streaks[..., None]).astype(np.uint8)
    out[..., 3] = np.clip(255 * (streaks * 2.2 - 0.15), 0, 255).astype(np.uint8)
    return out


def skin_albedo(spec: ActorSpec, mesh: ActorMesh) -> float:
    """Mean linear brightness of the painted skin's face, for exposure."""
    offset, height, width = mesh.mips[0, -1]
    texels = mesh.texels[offset : offset + height * width].reshape(height, width, 4)
    face = texels[height // 4 : height // 2, width * 3 // 4 :, :3]
    return float(srgb_to_linear(face / 255.0).mean()) if face.size else 0.3
