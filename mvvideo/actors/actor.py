"""An actor that can be posed and photographed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from flame.sequence import FlameSequence
from mvvideo.actors.assembly import PARTS, ActorMesh, assemble, skin_albedo
from mvvideo.actors.kit import ActorKit
from mvvideo.actors.light import Lighting
from mvvideo.actors.occlusion import ambient_occlusion, axes_toward, vertex_normals
from mvvideo.actors.rigging import (
    EYE_LEFT,
    EYE_RIGHT,
    JAW,
    BaseRig,
    bind_rig,
    joint_transforms,
    pose_vertices,
)
from mvvideo.actors.shading import SRGB_TO_LINEAR, shade
from mvvideo.actors.spec import ActorSpec
from mvvideo.actors.visibility import orthographic_depth, sample_thresholds, visibility
from renderer.cameras import Cameras

__all__ = ["Actor", "ActorFrame", "Shot", "project_shape"]

SHADOW_SIZE = 384
SHADOW_HALF_EXTENT = 0.24
CORNEA_BEND = 1.55
"""Radius of the eyeball over the cornea's."""
REMODELLED = ("tongue", "mouth_inside", "lashes", "shoulders")
"""Regions in which the head's mesh was made otherwise than the kit's."""
LIP_MIDDLE_METRES, LIP_PAIRS = 0.008, 4
WIDE_LIPS_METRES, LEAST_MOUTH_LIGHT = 0.008, 0.4
"""Gap of the lips from which on teeth get all the light that they would get in an open mouth; its least share."""
SHAPE_RIDGE = 1e-6
"""Weight of |betas|^2 against summed squared metres in the projection on the head's shape space."""


@dataclass(frozen=True, eq=False)
class ActorFrame:
    """One posed frame: points and normals (N,3) f32 world metres, light in the mouth in [0,1]."""

    points: np.ndarray
    normals: np.ndarray
    mouth_light: float


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture: color (H,W,3) f32 linear light times alpha, alpha (H,W) f32, and for the middle sample of every
    pixel triangle (H,W) i32 (-1 none) and nearness (H,W) f32 (1/metres along the axis, 0 none)."""

    color: np.ndarray
    alpha: np.ndarray
    triangle: np.ndarray
    nearness: np.ndarray


@lru_cache(maxsize=4)
def _rig(kit: ActorKit, head) -> BaseRig:
    return bind_rig(kit, head)


@lru_cache(maxsize=4)
def _shape_rows(head) -> np.ndarray:
    """(V',) head vertices that are shared with the kit and tell an actor's shape.

    The head's tongue lies deeper than the kit's, its lashes and shoulders are cut otherwise: whoever fits shapes to
    them, too, moves the lips by millimetres.
    """
    shared = np.asarray(head.base_index) >= 0
    shared[head.region_vertices(*REMODELLED)] = False
    return np.nonzero(shared)[0]


@lru_cache(maxsize=4)
def _shape_solver(head) -> np.ndarray:
    """(S, V'*3) matrix taking displacements of the vertices shared with the kit to betas (ridge regression)."""
    rows = _shape_rows(head)
    basis = head.shape_basis[rows].reshape(len(rows) * 3, -1).astype(np.float64)
    gram = basis.T @ basis + SHAPE_RIDGE * np.eye(basis.shape[1])
    return np.linalg.solve(gram, basis.T).astype(np.float32)


def _offset(kit: ActorKit, head, rig: BaseRig) -> np.ndarray:
    """(3,) from the kit's origin to the head's: both are centred at the eyes, by slightly different vertices."""
    eyes = head.weights[rig.head_rows, 3:].sum(1) > 0.5
    rows = eyes if eyes.any() else slice(None)
    return head.v_template[rig.head_rows[rows]].mean(0) - kit.mean[rig.base_rows[rows]].mean(0)


def project_shape(head, rig: BaseRig, base: np.ndarray) -> np.ndarray:
    """(S,) f32 betas of the open head nearest to a rest base mesh (K,3) in metres, translation included."""
    rows = _shape_rows(head)
    lookup = dict(zip(rig.head_rows.tolist(), rig.base_rows.tolist(), strict=True))
    known = np.array([r in lookup for r in rows])
    offsets = np.zeros((len(rows), 3), np.float32)
    offsets[known] = base[[lookup[r] for r in rows[known]]] - head.v_template[rows[known]]
    return np.clip(_shape_solver(head) @ offsets.reshape(-1), -6, 6).astype(np.float32)


class Actor:
    """A person made from a kit, posed by the open head's parameters.

    Args:
        kit, head, spec: what it is made of. texture_limit: widest texture in pixels; None as the kit has them.

    Attributes:
        spec, mesh; base (K,3) the rest base mesh in metres; betas (S,) its shape in the head's space;
        joints (5,3); albedo: brightness of the face;
        occlusion (N,): the sky each vertex sees, negative inside the mouth.
    """

    def __init__(self, kit: ActorKit, head, spec: ActorSpec, *, texture_limit: int | None = None) -> None:
        self.spec, self.head = spec, head
        self._rig = _rig(kit, head)
        rng = np.random.default_rng([spec.seed, 77])
        base = kit.identity(spec.coefficients)
        self.base = (base + _offset(kit, head, self._rig)).astype(np.float32)
        self.betas = project_shape(head, self._rig, self.base)
        self.joints = np.asarray(head.joints(self.betas), np.float64)
        self.mesh: ActorMesh = assemble(
            kit, self._rig, head, spec, self.base, self.betas, rng, texture_limit=texture_limit
        )
        self.albedo = skin_albedo(spec, self.mesh)
        self.occlusion = self._bake()

    def _bake(self) -> np.ndarray:
        """(N,) f32 occlusion at rest; negative marks the mouth's inside (baked with the mouth open)."""
        mesh = self.mesh
        mouth = np.isin(mesh.part, [PARTS.index("teeth"), PARTS.index("tongue")])
        cards = np.isin(mesh.part, [PARTS.index(n) for n in ("hair", "brows", "lashes")])
        rest = self.neutral()
        frame = self.pose(rest)[0]
        value = ambient_occlusion(frame.points, frame.normals, mesh.triangles, mesh.casts, cards)
        value[cards & (mesh.part != PARTS.index("hair"))] = 0.9
        if mouth.any():
            jaw = np.array([[0.36, 0.0, 0.0]], np.float32)
            opened = self.pose(replace(rest, jaw=jaw))[0]
            inside = ambient_occlusion(
                opened.points,
                opened.normals,
                mesh.triangles,
                mesh.casts,
                cards,
                directions=24,
                bias_metres=0.003,
            )
            value[mouth] = -(np.maximum(inside[mouth], 0.02) ** 0.6)
        return value.astype(np.float32)

    def neutral(self) -> FlameSequence:
        """One frame at rest, with the actor's betas."""
        return replace(FlameSequence.neutral(1), shape=self.betas)

    def pose(self, sequence: FlameSequence) -> list[ActorFrame]:
        """Pose every frame of a sequence (its ``shape`` is ignored: the actor has its own)."""
        mesh, rig = self.mesh, self._rig
        transforms, features = joint_transforms(sequence, self.joints, self.head.parents)
        frames = []
        scratch = np.zeros((len(self.base) + len(rig.mouth_rows), 3), np.float32)
        for t in range(len(sequence)):
            expression = np.zeros(rig.expressions, np.float32)
            count = min(rig.expressions, sequence.expression.shape[1])
            expression[:count] = sequence.expression[t, :count]
            values = np.concatenate([expression, sequence.eyelids[t], features[t]]).astype(np.float32)
            points = np.empty_like(mesh.rest)
            pose_vertices(
                mesh.rest,
                mesh.weights,
                mesh.refs,
                mesh.ref_weights,
                rig.rows,
                rig.shapes,
                values,
                transforms[t],
                scratch,
                points,
            )
            normals = np.empty_like(points)
            vertex_normals(points, mesh.triangles, normals)
            self._bend_corneas(points, normals, transforms[t])
            frames.append(ActorFrame(points, normals, self._mouth_light(points)))
        return frames

    def _mouth_light(self, points: np.ndarray) -> float:
        """How much of the light before the lips gets between them: they need not be far apart to show bright teeth."""
        upper, lower = self._lip_rows
        gap = float(np.linalg.norm(points[upper] - points[lower], axis=1).mean())
        return float(np.clip(gap / WIDE_LIPS_METRES, LEAST_MOUTH_LIGHT, 1))

    @cached_property
    def _lip_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Base vertices of the upper and the lower lip's middle that touch at rest."""
        from scipy.spatial import cKDTree

        rig, head = self._rig, self.head
        lips = np.isin(rig.head_rows, head.region_vertices("lips"))
        lips &= np.abs(head.v_template[rig.head_rows, 0]) < LIP_MIDDLE_METRES
        lower = head.weights[rig.head_rows, JAW] > 0.5
        above, below = rig.base_rows[lips & ~lower], rig.base_rows[lips & lower]
        if not (len(above) and len(below)):
            return np.zeros(1, np.int64), np.zeros(1, np.int64)
        distance, near = cKDTree(self.base[below]).query(self.base[above])
        touching = np.argsort(distance)[:LIP_PAIRS]
        return above[touching], below[near[touching]]

    def _bend_corneas(self, points: np.ndarray, normals: np.ndarray, transforms: np.ndarray) -> None:
        """Give the irises the normals of a cornea (a smaller sphere), in place, so that they catch the light."""
        for joint, rows in self._eye_rows.items():
            centre = transforms[joint, :, :3] @ self.joints[joint] + transforms[joint, :, 3]
            gaze = transforms[joint, :, 2]
            outward = points[rows] - centre.astype(np.float32)
            outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
            near = np.clip((outward @ gaze - 0.80) / 0.10, 0, 1)[:, None]
            bent = gaze + CORNEA_BEND * (outward - gaze)
            bent /= np.maximum(np.linalg.norm(bent, axis=1, keepdims=True), 1e-6)
            normals[rows] = normals[rows] * (1 - near) + bent * near

    @cached_property
    def _eye_rows(self) -> dict[int, np.ndarray]:
        eyes = self.mesh.part == PARTS.index("eyes")
        return {
            joint: np.nonzero(eyes & (self.mesh.weights[:, joint] > 0.5))[0]
            for joint in (EYE_LEFT, EYE_RIGHT)
        }

    def shadow(self, frame: ActorFrame, lighting: Lighting) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Depth map (S,S) of light 0, its axes (3,3) and centre (3,); shared by all views of a frame."""
        axes = axes_toward(lighting.directions[0])
        center = self.skull_centre(frame)
        depth = np.full((SHADOW_SIZE, SHADOW_SIZE), -1e9, np.float32)
        orthographic_depth(
            frame.points, axes, center, SHADOW_HALF_EXTENT, self.mesh.triangles, self.mesh.casts, depth
        )
        return depth, axes, center

    def skull_centre(self, frame: ActorFrame) -> np.ndarray:
        """(3,) f32 middle of the head's skin in a frame: what cameras orbit and hair bulges from."""
        return frame.points[self._skull_rows].mean(0).astype(np.float32)

    @cached_property
    def _skull_rows(self) -> np.ndarray:
        rows = np.nonzero(self.mesh.weights[: len(self.base), 1] > 0.9)[0]
        return rows if len(rows) else np.arange(len(self.base))

    def photograph(
        self, frame: ActorFrame, cameras: Cameras, lighting: Lighting, *, supersample: int = 2
    ) -> list[Shot]:
        """One picture per camera, without background.

        Args:
            frame: from :meth:`pose`. cameras: any; their size is the picture's. lighting: see light.py.
            supersample: samples per pixel side.
        """
        shadow_map, axes, center = self.shadow(frame, lighting)
        skull = self.skull_centre(frame)
        return [
            self._shoot(frame, cameras[i], lighting, supersample, shadow_map, axes, center, skull)
            for i in range(len(cameras))
        ]

    def _shoot(
        self,
        frame: ActorFrame,
        camera: Cameras,
        lighting: Lighting,
        supersample: int,
        shadow_map: np.ndarray,
        axes: np.ndarray,
        center: np.ndarray,
        skull: np.ndarray,
    ) -> Shot:
        mesh = self.mesh
        height, width = camera.height * supersample, camera.width * supersample
        screen = screen_positions(frame.points, camera, supersample)
        depth = np.zeros((height, width), np.float32)
        ids = np.full((height, width), -1, np.int32)
        levels = np.zeros(len(mesh.triangles), np.uint8)
        visibility(
            screen,
            mesh.triangles,
            mesh.uv,
            mesh.uv_triangles,
            mesh.material,
            mesh.alpha_tested,
            mesh.culled,
            mesh.image_of,
            mesh.texels,
            mesh.mips,
            sample_thresholds(supersample),
            depth,
            ids,
            levels,
        )
        out = np.zeros((camera.height, camera.width, 4), np.float32)
        texels_per_metre = 0.5 * SHADOW_SIZE / SHADOW_HALF_EXTENT
        shade(
            ids,
            screen,
            mesh.triangles,
            mesh.uv,
            mesh.uv_triangles,
            levels,
            mesh.material,
            mesh.image_of,
            mesh.materials,
            mesh.texels,
            mesh.mips,
            SRGB_TO_LINEAR,
            frame.points,
            frame.normals,
            self.occlusion,
            np.float32(frame.mouth_light),
            skull,
            camera.center[0].astype(np.float32),
            lighting.sh,
            lighting.directions,
            lighting.colors,
            shadow_map,
            axes,
            center,
            np.float32(texels_per_metre),
            np.float32(lighting.softness * texels_per_metre),
            supersample,
            out,
        )
        middle = supersample // 2
        return Shot(
            out[..., :3] * np.float32(lighting.exposure),
            out[..., 3],
            ids[middle::supersample, middle::supersample].copy(),
            depth[middle::supersample, middle::supersample].copy(),
        )


def screen_positions(points: np.ndarray, camera: Cameras, supersample: int) -> np.ndarray:
    """(N,3) f32: sample x (right), y (down) and 1/distance of world points (N,3); behind the camera 1/distance is 0."""
    matrix = camera.world_to_camera[0].astype(np.float32)
    local = points @ matrix[:3, :3].T + matrix[:3, 3]
    distance = -local[:, 2]
    inverse = np.where(distance > camera.near, 1.0 / np.maximum(distance, 1e-6), 0.0)
    focal = camera.focal_px[0] * supersample
    out = np.empty((len(points), 3), np.float32)
    out[:, 0] = camera.principal_px[0, 0] * supersample + focal * local[:, 0] * inverse
    out[:, 1] = camera.principal_px[0, 1] * supersample - focal * local[:, 1] * inverse
    out[:, 2] = inverse
    return out
