"""Synthetic clips whose motion is known: what a tracker is measured on.

Somebody turns, talks, looks around, blinks and makes faces. With an actor kit it is a rendered person with skin,
hair, clothes and light whom no training has seen (the held-out half); without, the embedded head in plain shading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.easing import smoothstep
from flame.errors import AssetError, input_error
from flame.rig import EXPRESSION_NAMES, GAZE_PITCH_RADIANS, GAZE_YAW_RADIANS
from flame.sequence import FlameSequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from flame.head import FlameHead

__all__ = ["KnownClip", "known_clip", "performance"]

BLINK_SECONDS = (0.13, 0.28)
_REST_SECONDS = 0.4
_FACES: tuple[dict[str, float], ...] = (
    {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4},
    {
        "browInnerUp": 0.8,
        "browOuterUpLeft": 0.8,
        "browOuterUpRight": 0.8,
        "eyeWideLeft": 0.5,
        "eyeWideRight": 0.5,
    },
    {"browDownLeft": 0.9, "browDownRight": 0.9, "eyeSquintLeft": 0.3, "eyeSquintRight": 0.3},
    {"mouthFrownLeft": 0.8, "mouthFrownRight": 0.8, "mouthShrugLower": 0.3},
    {"mouthPucker": 0.8},
    {"mouthFunnel": 0.7},
    {
        "mouthStretchLeft": 0.6,
        "mouthStretchRight": 0.6,
        "mouthLowerDownLeft": 0.4,
        "mouthLowerDownRight": 0.4,
    },
    {"mouthPressLeft": 0.6, "mouthPressRight": 0.6, "mouthRollLower": 0.4, "mouthRollUpper": 0.3},
    {"mouthSmileLeft": 0.7, "browOuterUpLeft": 0.5},
    {"noseSneerLeft": 0.7, "noseSneerRight": 0.7, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4},
)


@dataclass(frozen=True, eq=False)
class KnownClip:
    """A clip of T frames with its truth.

    Attributes:
        truth: absolute motion in the axes of the camera, which does not turn.
        blinks: (B,) middles of the blinks, seconds.
        frame: index → (S, S, 3) uint8.
    """

    truth: FlameSequence
    blinks: np.ndarray
    frame: Callable[[int], np.ndarray]

    def frames(self) -> Iterator[np.ndarray]:
        """Every frame in order, drawn when asked for."""
        for index in range(len(self.truth)):
            yield self.frame(index)


def performance(
    seed: int, *, seconds: float, fps: float, shape: np.ndarray, still: bool = False
) -> tuple[FlameSequence, np.ndarray]:
    """A motion that begins at rest, and the middles of its blinks in seconds.

    Args:
        shape: (S,) identity; still: the head does not move at all, only the eyes blink.
    """
    rng = np.random.default_rng([seed, 31])
    frames = int(round(seconds * fps))
    t = np.arange(frames) / fps
    awake = np.clip((t - _REST_SECONDS) / 0.3, 0.0, 1.0)
    rest = FlameSequence.neutral(frames, fps=fps, shape=shape)
    neck, jaw, eyes, translation = (np.zeros((frames, n)) for n in (3, 3, 6, 3))
    expression = np.zeros((frames, len(EXPRESSION_NAMES)))
    eyelids, blinks = _blinks(rng, t)
    if not still:
        for column, degrees in enumerate((9.0, 20.0, 7.0)):
            neck[:, column] = np.radians(degrees) * _wander(rng, t, 1.6) * awake
        translation[:] = 0.008 * np.stack([_wander(rng, t, 2.5) for _ in range(3)], axis=1) * awake[:, None]
        talking = np.clip(2.0 * _wander(rng, t, 2.5) + 0.4, 0.0, 1.0)
        syllables = 0.5 - 0.5 * np.cos(2 * np.pi * rng.uniform(2.5, 4.0) * t + rng.uniform(0, 6))
        jaw[:, 0] = 0.22 * talking * syllables * awake * rng.uniform(0.6, 1.2)
        _make_faces(rng, expression, t, awake)
        _look_around(rng, eyes, expression, t, awake)
    start = np.radians([rng.normal(0, 4.0), rng.normal(0, 8.0), rng.normal(0, 3.0)])
    moved = rest.replace(
        neck=neck + start * 0.5,
        rotation=np.tile(start * 0.5, (frames, 1)),
        jaw=jaw,
        eyes=eyes,
        translation=translation,
        eyelids=eyelids,
        expression=np.clip(expression, 0.0, 1.0),
    )
    return moved, blinks


def _wander(rng: np.random.Generator, t: np.ndarray, seconds: float) -> np.ndarray:
    """(T,) a smooth random curve in about [−1, 1] that turns every ``seconds`` or so."""
    count = int(np.ceil(t[-1] / seconds)) + 4
    knots = np.clip(rng.normal(0, 0.6, count), -1, 1)
    place = t / seconds + rng.uniform(0, 1)
    low = np.floor(place).astype(int)
    x = place - low
    ease = x * x * x * (x * (6 * x - 15) + 10)
    return knots[low] + (knots[low + 1] - knots[low]) * ease


def _bump(t: np.ndarray, start: float, rise: float, hold: float, fall: float) -> np.ndarray:
    """(T,) 0 to 1 and back, with smooth flanks."""
    end = start + rise + hold
    return np.minimum(smoothstep(t, start, start + rise), smoothstep(t, end + fall, end))


def _blinks(rng: np.random.Generator, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 2) eyelids and (B,) middles of the blinks, one every second or two."""
    lids, middles = np.zeros(len(t)), []
    at = 0.6 + rng.uniform(0, 0.5)
    while at < t[-1] - 0.3:
        length = rng.uniform(*BLINK_SECONDS)
        lids = np.maximum(lids, _bump(t, at, 0.35 * length, 0.15 * length, 0.5 * length))
        middles.append(at + 0.42 * length)
        at += rng.uniform(0.9, 2.0)
    return np.repeat(lids[:, None], 2, axis=1), np.array(middles)


def _make_faces(rng: np.random.Generator, expression: np.ndarray, t: np.ndarray, awake: np.ndarray) -> None:
    """Faces of one to two seconds one after the other, in place."""
    at = _REST_SECONDS
    while at < t[-1]:
        face = _FACES[int(rng.integers(len(_FACES)))]
        size, hold = rng.uniform(0.5, 1.1), rng.uniform(0.3, 1.0)
        course = size * _bump(t, at, rng.uniform(0.2, 0.5), hold, rng.uniform(0.3, 0.6)) * awake
        for name, weight in face.items():
            expression[:, EXPRESSION_NAMES.index(name)] += weight * course
        at += hold + rng.uniform(0.5, 1.2)


def _look_around(
    rng: np.random.Generator, eyes: np.ndarray, expression: np.ndarray, t: np.ndarray, awake: np.ndarray
) -> None:
    """Eyes that rest and jump, and the lids that follow them, in place."""
    at, pitch, yaw = _REST_SECONDS, np.zeros(len(t)), np.zeros(len(t))
    while at < t[-1]:
        later = np.clip((t - at) / 0.05, 0, 1)
        goal = np.radians([rng.normal(0, 5.0), rng.normal(0, 10.0)])
        pitch, yaw = pitch + later * (goal[0] - pitch), yaw + later * (goal[1] - yaw)
        at += rng.uniform(0.5, 1.4)
    pitch, yaw = np.clip(pitch, -0.25, 0.25) * awake, np.clip(yaw, -0.4, 0.4) * awake
    eyes[:, 0] = eyes[:, 3] = pitch
    eyes[:, 1] = eyes[:, 4] = yaw
    for side, outward in (("Left", 1.0), ("Right", -1.0)):
        for way, value in (
            ("Down", pitch / GAZE_PITCH_RADIANS),
            ("Up", -pitch / GAZE_PITCH_RADIANS),
            ("Out", outward * yaw / GAZE_YAW_RADIANS),
            ("In", -outward * yaw / GAZE_YAW_RADIANS),
        ):
            expression[:, EXPRESSION_NAMES.index(f"eyeLook{way}{side}")] = np.clip(value, 0, 1)


# ---------------------------------------------------------------------- pictures


def known_clip(
    seed: int,
    head: FlameHead,
    *,
    kit: Path | None,
    seconds: float,
    fps: float,
    size: int,
    still: bool = False,
) -> KnownClip:
    """A clip of a held-out actor (with a kit), or of the embedded head.

    Raises:
        AssetError: the kit is not there or not a kit.
    """
    if kit is not None:
        if not kit.is_file():
            raise input_error(
                AssetError, "actor kit not found", kit, "make one: python -m mvvideo.actors pack"
            )
        return _actor_clip(seed, head, kit, seconds=seconds, fps=fps, size=size, still=still)
    rng = np.random.default_rng([seed, 32])
    shape = rng.normal(0, 0.8, int(head.shape_basis.shape[2]))
    truth, blinks = performance(seed, seconds=seconds, fps=fps, shape=shape, still=still)
    from renderer import Cameras

    view = np.eye(4)
    view[2, 3] = -float(rng.uniform(0.8, 1.4))
    focal = size * -view[2, 3] / rng.uniform(0.32, 0.5)
    camera = Cameras(view[None], np.array([focal]), np.array([[size / 2, size / 2]]), size, size)
    return KnownClip(truth, blinks, partial(_head_picture, head, truth, camera, seed))


def _head_picture(head: FlameHead, truth: FlameSequence, camera: object, seed: int, index: int) -> np.ndarray:
    from renderer import render_buffers

    vertices = head.pose(truth[index])
    drawn = render_buffers(vertices, head, camera, buffers=["shaded"], supersample=2)["shaded"][0, 0]  # type: ignore[arg-type]
    return _grainy(drawn, seed, index)


def _actor_clip(
    seed: int, head: FlameHead, kit: Path, *, seconds: float, fps: float, size: int, still: bool
) -> KnownClip:
    from mvvideo.actors import load_kit
    from mvvideo.actors.clips import sample_scene

    scene = sample_scene(load_kit(kit), head, seed, split="heldout", size=size, frames=2, views=1)
    betas = scene.actor.betas
    truth, blinks = performance(seed, seconds=seconds, fps=fps, shape=betas, still=still)
    return KnownClip(truth, blinks, partial(_actor_picture, scene, truth, seed))


def _actor_picture(scene: object, truth: FlameSequence, seed: int, index: int) -> np.ndarray:
    from mvvideo.actors.clips import Scene, develop

    assert isinstance(scene, Scene)
    frame = scene.actor.pose(truth[index])[0]
    shot = scene.actor.photograph(frame, scene.photo_camera, scene.lighting)[0]
    return _grainy(develop(scene, shot), seed, index)


def _grainy(picture: np.ndarray, seed: int, index: int) -> np.ndarray:
    """(S, S, 3) uint8 of a float picture, with the grain of a camera: no two frames are alike."""
    rng = np.random.default_rng([seed, index])
    noisy = picture + rng.normal(0, 0.012, picture.shape)
    return (np.clip(noisy, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
