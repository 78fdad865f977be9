"""Training clips: an actor's photo, what the product would make of it, and what a camera would really see.

The photo goes through the very code that real photos go through (fit, appearance mesh, guidance), with landmarks
and a matte as noisy as detectors give them. The target motion is expressed relative to the true reference pose and
then put on the *fitted* portrait, as in the product; so the guidance misfits the target as it does in use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np

from flame.relative import apply_relative, to_relative
from flame.rotations import axis_angle_to_matrix, yaw_pitch_roll
from flame.sequence import FlameSequence
from mvvideo.actors.actor import Actor, ActorFrame, Shot, screen_positions
from mvvideo.actors.backgrounds import sample_background
from mvvideo.actors.degrade import Look, degrade_reference, noisy_landmarks, noisy_matte, sample_look
from mvvideo.actors.kit import ActorKit
from mvvideo.actors.library import LIBRARY_SHARE, MotionLibrary
from mvvideo.actors.light import Lighting, sample_lighting
from mvvideo.actors.motion import sample_motion, sample_reference_pose
from mvvideo.actors.shading import encode_u8, roll_off
from mvvideo.actors.spec import SPLITS, sample_spec
from mvvideo.guidance import Guidance
from mvvideo.portrait.crop import square_crop_box
from mvvideo.portrait.portrait import Portrait
from mvvideo.training.shards import Clip
from renderer.cameras import Cameras
from renderer.rigs import orbit

__all__ = ["Scene", "make_clip", "sample_scene", "seen_in_reference"]

NEAR_SHARE = 0.13
"""Share of clips that stay at the photo's own pose and camera: the model must learn to leave good pixels alone."""
SEEN_TOLERANCE_METRES = 0.008


@dataclass(frozen=True, eq=False)
class Scene:
    """An actor in front of a camera: reference (1 frame) and motion (T frames) as true FLAME parameters, the photo's
    camera and the N target cameras, light, linear background (S,S,3), look."""

    actor: Actor
    reference: FlameSequence
    motion: FlameSequence
    photo_camera: Cameras
    cameras: Cameras
    orbit_radians: np.ndarray
    orbit_pitch_radians: np.ndarray
    lighting: Lighting
    background: np.ndarray
    look: Look
    near: bool


def _photo_camera(actor: Actor, reference: FlameSequence, size: int, rng: np.random.Generator) -> Cameras:
    """A camera whose picture is what the portrait's crop of some larger photo would show."""
    distance = float(np.exp(rng.uniform(np.log(0.7), np.log(1.8))))
    photo = np.array([1000.0, 1000.0 * rng.uniform(0.75, 1.6)])  # width, height of the whole photo
    focal = 1000.0 * distance / rng.uniform(0.30, 0.85)  # the photo shows 30 to 85 cm
    points = actor.head.landmarks(actor.head.pose(reference), "478")[0]
    x = (points[:, 0]) / (distance - points[:, 2]) * focal
    y = -(points[:, 1]) / (distance - points[:, 2]) * focal
    centre = photo * [rng.uniform(0.4, 0.6), rng.uniform(0.3, 0.6)]
    offset = centre - [
        x.mean(),
        y.mean(),
    ]  # where the photo's axis meets it: the subject need not be in the middle
    landmarks = np.stack([x, y], 1) + offset
    x0, y0, x1, _ = square_crop_box(landmarks, height=int(photo[1]), width=int(photo[0]))
    side = (x1 - x0) * rng.uniform(0.93, 1.08)
    scale = size / side
    principal = (offset - [x0, y0]) * scale + rng.normal(0, 0.012, 2) * size
    # most of an off-centre place is a turn of the camera: keep the axis near the middle of the crop
    view = np.eye(4)
    view[2, 3] = -distance
    shift = (principal - size / 2) * 0.75
    view[0, 3] = shift[0] / (focal * scale) * distance
    view[1, 3] = -shift[1] / (focal * scale) * distance
    return Cameras(
        view[None], np.array([focal * scale]), (principal - shift)[None], size, size, names=("photo",)
    )


def sample_scene(
    kit: ActorKit,
    head,
    seed: int,
    *,
    split: str,
    size: int,
    frames: int,
    views: int,
    motions: MotionLibrary | None = None,
) -> Scene:
    """Draw one scene; everything follows from the seed (and from the library of motions, if there is one)."""
    rng = np.random.default_rng([seed, SPLITS.index(split) if split in SPLITS else 9, 4242])
    actor = Actor(kit, head, sample_spec(kit, seed, split=split), texture_limit=2 * size)
    yaw = float(np.clip(rng.normal(0, 0.28), -0.78, 0.78))
    reference = sample_reference_pose(rng, actor.betas, yaw_radians=yaw)
    near = bool(rng.random() < NEAR_SHARE)
    motion = sample_motion(rng, reference, frames, near=near)
    own = np.random.default_rng([seed, 77])  # a stream of its own: without a library nothing else changes
    if motions is not None and not near and own.random() < LIBRARY_SHARE:
        motion = motions.sample(own, reference, frames)
    photo = _photo_camera(actor, reference, size, rng)
    skull = head.pose(reference)[0][head.weights[:, 1] > 0.98]
    pivot = 0.5 * (skull.min(0) + skull.max(0))  # as Portrait takes it
    angles, lifts = _orbits(rng, views, near), rng.normal(0, 0.01 if near else 0.05, views)
    cameras = orbit(
        photo,
        yaw_radians=angles,
        pitch_radians=lifts,
        pivot=pivot,
        names=tuple(f"view_{i}" for i in range(views)),
    )
    background = sample_background(size, rng)
    lighting = sample_lighting(rng, background.mean((0, 1)), albedo=actor.albedo)
    return Scene(
        actor=actor,
        reference=reference,
        motion=motion,
        photo_camera=photo,
        cameras=cameras,
        orbit_radians=angles,
        orbit_pitch_radians=lifts,
        lighting=lighting,
        background=background,
        look=sample_look(rng, size),
        near=near,
    )


def _orbits(rng: np.random.Generator, views: int, near: bool) -> np.ndarray:
    """(N,) radians within ±60°: a third of the time the front with even sides, as the product asks for."""
    if near:
        return rng.normal(0, 0.02, views)
    if rng.random() < 0.35 and views > 1:
        side = rng.uniform(0.3, 0.85)
        even = np.linspace(-side, side, views) if views > 2 else np.array([0.0, side * rng.choice([-1, 1])])
        return rng.permutation(even)
    return np.clip(
        rng.uniform(-1.05, 1.05, views) * rng.choice([0.35, 1.0], views, p=[0.4, 0.6]), -1.05, 1.05
    )


def develop(scene: Scene, shot: Shot) -> np.ndarray:
    """(S,S,3) f32 sRGB of a shot over the scene's background, in the scene's look."""
    picture = roll_off(shot.color + scene.background * (1 - shot.alpha[..., None]))
    return scene.look.apply(encode_u8(picture).astype(np.float32) / 255)


@numba.njit(cache=True, nogil=True)
def _seen(
    triangle,
    screen,
    triangles,
    points,
    view,
    focal,
    principal,
    reference_nearness,
    reference_alpha,
    alpha,
    tolerance,
    out,
):
    height, width = triangle.shape
    for y in range(height):
        for x in range(width):
            f = triangle[y, x]
            if f < 0:
                if alpha[y, x] < 0.5 and reference_alpha[y, x] < 0.5:
                    out[y, x] = 255
                continue
            a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            px, py = x + 0.5, y + 0.5
            wa = (
                (screen[b, 0] - px) * (screen[c, 1] - py) - (screen[b, 1] - py) * (screen[c, 0] - px)
            ) * screen[a, 2]
            wb = (
                (screen[c, 0] - px) * (screen[a, 1] - py) - (screen[c, 1] - py) * (screen[a, 0] - px)
            ) * screen[b, 2]
            wc = (
                (screen[a, 0] - px) * (screen[b, 1] - py) - (screen[a, 1] - py) * (screen[b, 0] - px)
            ) * screen[c, 2]
            total = wa + wb + wc
            if total == 0.0:
                continue
            wa, wb, wc = wa / total, wb / total, wc / total
            p0 = wa * points[a, 0] + wb * points[b, 0] + wc * points[c, 0]
            p1 = wa * points[a, 1] + wb * points[b, 1] + wc * points[c, 1]
            p2 = wa * points[a, 2] + wb * points[b, 2] + wc * points[c, 2]
            cx = view[0, 0] * p0 + view[0, 1] * p1 + view[0, 2] * p2 + view[0, 3]
            cy = view[1, 0] * p0 + view[1, 1] * p1 + view[1, 2] * p2 + view[1, 3]
            distance = -(view[2, 0] * p0 + view[2, 1] * p1 + view[2, 2] * p2 + view[2, 3])
            if distance <= 0.05:
                continue
            ix = int(np.floor(principal[0] + focal * cx / distance))
            iy = int(np.floor(principal[1] - focal * cy / distance))
            if ix < 0 or iy < 0 or ix >= width or iy >= height:
                continue
            nearness = reference_nearness[iy, ix]
            if nearness <= 0.0 or distance < 1.0 / nearness + tolerance:
                out[y, x] = 255


def seen_in_reference(
    actor: Actor,
    shot: Shot,
    frame: ActorFrame,
    camera: Cameras,
    reference_shot: Shot,
    reference_frame: ActorFrame,
    reference_camera: Cameras,
) -> np.ndarray:
    """(H,W) u8: 255 where what a pixel of ``shot`` shows is visible in the reference picture, too.

    A surface point is carried to the reference pose and compared with the reference's depth. A background pixel
    counts as seen where no person stood in front of it in the reference (the background does not move).
    """
    out = np.zeros(shot.triangle.shape, np.uint8)
    screen = screen_positions(frame.points, camera, 1)
    _seen(
        shot.triangle,
        screen,
        actor.mesh.triangles,
        reference_frame.points,
        reference_camera.world_to_camera[0],
        float(reference_camera.focal_px[0]),
        reference_camera.principal_px[0],
        reference_shot.nearness,
        reference_shot.alpha,
        shot.alpha,
        SEEN_TOLERANCE_METRES,
        out,
    )
    return out


def _on_portrait(scene: Scene, fit: FlameSequence) -> FlameSequence:
    """The true motion, relative to the true reference, put on the fitted portrait."""
    moved = apply_relative(to_relative(scene.motion, scene.reference), fit)
    lids = np.clip(fit.eyelids + scene.motion.eyelids - scene.reference.eyelids, 0, 1)
    return replace(moved, eyelids=lids)


def _aligned(scene: Scene, portrait: Portrait, on_portrait: FlameSequence, cameras: Cameras) -> list[Cameras]:
    """Per frame the target cameras, shifted and zoomed so that the true head lies where the guidance shows it.

    A photo does not tell its focal length or distance; what is left of that error after a turn would teach the model
    to move heads about at random, that is, to blur. Shape, pose and perspective errors stay, and so does the misfit
    in the photo itself: what the photo shows beside a misplaced landmark moves along with it.
    """
    head = scene.actor.head

    def points(sequence: FlameSequence) -> np.ndarray:
        return head.landmarks(head.pose(sequence), "68")  # (T, 68, 3)

    true, shown = points(replace(scene.motion, shape=scene.actor.betas)), points(on_portrait)
    misfit = (
        scene.photo_camera.project(points(scene.reference)[0])[0]
        - portrait.camera.project(points(portrait.fit)[0])[0]
    )  # (1, 68, 2) pixels
    out = []
    for t in range(len(scene.motion)):
        a, b = scene.cameras.project(true[t])[0], cameras.project(shown[t])[0] + misfit  # (N, 68, 2) pixels
        centre_a, centre_b = a.mean(1, keepdims=True), b.mean(1, keepdims=True)
        spread = ((a - centre_a) ** 2).sum((1, 2))
        zoom = np.clip(((a - centre_a) * (b - centre_b)).sum((1, 2)) / np.maximum(spread, 1e-6), 0.9, 1.1)
        principal = centre_b[:, 0] + zoom[:, None] * (scene.cameras.principal_px - centre_a[:, 0])
        out.append(replace(scene.cameras, focal_px=scene.cameras.focal_px * zoom, principal_px=principal))
    return out


def _head_yaw(sequence: FlameSequence, cameras: Cameras) -> np.ndarray:
    """(T,N) degrees of the head's turn as each camera sees it."""
    head = axis_angle_to_matrix(sequence.rotation) @ axis_angle_to_matrix(sequence.neck)  # (T, 3, 3)
    seen = cameras.world_to_camera[None, :, :3, :3] @ head[:, None]
    return np.degrees(yaw_pitch_roll(seen)[0])


def true_landmarks(scene: Scene) -> np.ndarray:
    """(478,3) pixels of the reference's landmarks, third coordinate depth in pixels, smaller is nearer."""
    head = scene.actor.head
    points = head.landmarks(head.pose(scene.reference), "478")[0]
    pixels, depth = scene.photo_camera.project(points)
    middle = depth[0].mean()
    return np.concatenate(
        [pixels[0], (depth[0] - middle)[:, None] * scene.photo_camera.focal_px[0] / middle], 1
    )


def _targets(
    scene: Scene, cameras: list[Cameras], reference_frame: ActorFrame, reference_shot: Shot, supersample: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """rgb (T,N,3,S,S), alpha and seen (T,N,1,S,S), all u8: what a camera would really see."""
    actor = scene.actor
    shape = (len(cameras), len(cameras[0]))
    size = scene.background.shape[:2]
    rgb, alpha, seen = (np.empty((*shape, count, *size), np.uint8) for count in (3, 1, 1))
    for t, frame in enumerate(actor.pose(scene.motion)):
        shots = actor.photograph(frame, cameras[t], scene.lighting, supersample=supersample)
        for n, shot in enumerate(shots):
            rgb[t, n] = np.moveaxis(to_uint8(develop(scene, shot)), -1, 0)
            alpha[t, n, 0] = to_uint8(shot.alpha)
            seen[t, n, 0] = seen_in_reference(
                actor, shot, frame, cameras[t][n], reference_shot, reference_frame, scene.photo_camera
            )
    return rgb, alpha, seen


def make_clip(
    kit: ActorKit,
    head,
    seed: int,
    *,
    split: str = "train",
    size: int = 256,
    frames: int = 3,
    views: int = 3,
    supersample: int = 2,
    motions: MotionLibrary | None = None,
) -> Clip:
    """Render one clip.

    Args:
        kit, head: what actors are made of and posed by. seed: everything follows from it.
        split: ``train`` or ``heldout`` (other people, skins, hair and clothes). size: pixels.
        frames, views: T and N of the targets. supersample: samples per pixel side.
        motions: a library that part of the clips move by; None: motions are drawn at random.

    Raises:
        NoFaceError: the fit failed (the caller takes another seed).
    """
    scene = sample_scene(kit, head, seed, split=split, size=size, frames=frames, views=views, motions=motions)
    rng = np.random.default_rng([seed, 31])
    actor = scene.actor
    reference_frame = actor.pose(scene.reference)[0]
    reference_shot = actor.photograph(
        reference_frame, scene.photo_camera, scene.lighting, supersample=supersample
    )[0]
    photo = degrade_reference(develop(scene, reference_shot), rng)
    neutral = head.landmarks(head.v_template[None], "478")[0]
    landmarks = noisy_landmarks(
        true_landmarks(scene),
        neutral,
        rng,
        yaw_radians=float(np.radians(_head_yaw(scene.reference, scene.photo_camera)[0, 0])),
    )
    matte = noisy_matte(reference_shot.alpha, rng)
    portrait = Portrait.build(photo, landmarks, matte, head=head)
    cameras = orbit(
        portrait.camera,
        yaw_radians=scene.orbit_radians,
        pitch_radians=scene.orbit_pitch_radians,
        pivot=portrait.pivot,
        names=scene.cameras.names,
    )
    on_portrait = _on_portrait(scene, portrait.fit)
    own = Guidance.quantise(Guidance.compute(portrait, portrait.fit, portrait.camera, size)[0, 0])
    guidance = np.empty((frames, views, *own.shape), np.uint8)  # (T, N, C, H, W)
    for t in range(frames):  # frame by frame, so that the floats stay small
        guidance[t] = Guidance.quantise(Guidance.compute(portrait, on_portrait[t], cameras, size))[0]
    targets = _targets(
        scene, _aligned(scene, portrait, on_portrait, cameras), reference_frame, reference_shot, supersample
    )
    yaw = _head_yaw(scene.motion, scene.cameras) - _head_yaw(scene.reference, scene.photo_camera)
    return Clip(
        reference_rgb=np.moveaxis(to_uint8(photo), -1, 0),
        reference_alpha=to_uint8(matte)[None],
        reference_guidance=own,
        target_rgb=targets[0],
        target_alpha=targets[1],
        seen=targets[2],
        guidance=guidance,
        yaw_degrees=yaw.astype(np.float32),
        actor=int(seed),
    )


def to_uint8(image: np.ndarray) -> np.ndarray:
    """[0,1] to u8, rounded."""
    return np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
