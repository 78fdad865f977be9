"""The demo portrait that comes with the package: one actor, lit and framed with care.

The person is drawn from the kit like any training actor; only who, hair, clothes, light and pose are chosen here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from flame.sequence import FlameSequence
from mvvideo.actors.actor import Actor
from mvvideo.actors.kit import ActorKit, load_kit
from mvvideo.actors.light import Lighting, sky_lobes
from mvvideo.actors.motion import _parameters
from mvvideo.actors.refine import refined
from mvvideo.actors.shading import linear_to_srgb, roll_off, srgb_to_linear
from mvvideo.actors.spec import ActorSpec, sample_spec
from renderer.cameras import Cameras

__all__ = ["demo_background", "demo_light", "demo_spec", "render_demo", "write_demo"]

PERSON_SEED = 2150
SUPERSAMPLE = 4


def demo_spec(kit: ActorKit, seed: int = PERSON_SEED) -> ActorSpec:
    """Who is shown."""
    return replace(
        sample_spec(kit, seed),
        seed=2,
        hair="short02",
        hair_color=np.array([0.24, 0.165, 0.115]),
        glasses=None,
        hat=None,
        makeup=0.35,
        freckles=0.0,
        brows="eyebrow001",
        lashes="eyelashes02",
        iris="brownlight",
        iris_tint=np.array([0.5, 0.46, 0.42]),
        clothes="female_casualsuit02",
        clothes_tint=np.array([0.10, 0.17, 0.30]),
    )


def demo_light() -> Lighting:
    """A large warm key from the upper left of the picture, a soft sky, a cool rim from behind."""

    def unit(x: float, y: float, z: float) -> np.ndarray:
        v = np.array([x, y, z])
        return v / np.linalg.norm(v)

    directions = np.stack([unit(-0.75, 0.55, 0.72), unit(0.9, 0.15, 0.45), unit(0.75, 0.5, -0.7)])
    colors = np.array([[0.80, 0.72, 0.64], [0.10, 0.115, 0.14], [0.34, 0.37, 0.42]])
    lobes = np.stack([unit(-0.5, 0.5, 0.8), unit(0, 1, 0.2), unit(0.8, 0.1, 0.6), unit(0, -1, 0.3)])
    sky = np.array([[0.50, 0.46, 0.43], [0.34, 0.37, 0.41], [0.20, 0.22, 0.25], [0.12, 0.10, 0.09]])
    return Lighting(
        sky_lobes(lobes, sky), directions.astype(np.float32), colors.astype(np.float32), 0.007, 1.0
    )


def demo_background(size: int, rng: np.random.Generator) -> np.ndarray:
    """(S,S,3) linear: a dusk garden out of focus: dark greens and blues, warm lamps as discs."""
    import cv2

    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    low, high = srgb_to_linear(np.array([0.20, 0.26, 0.25])), srgb_to_linear(np.array([0.44, 0.52, 0.56]))
    image = low + (high - low) * np.clip(1.0 - 1.1 * y + 0.25 * x, 0, 1)[..., None]
    for _ in range(5):
        cells = int(rng.integers(3, 7))
        noise = cv2.resize(
            rng.standard_normal((cells, cells)).astype(np.float32),
            (size, size),
            interpolation=cv2.INTER_CUBIC,
        )
        image *= np.exp(0.16 * noise[..., None] * np.array([1.0, 0.85, 0.9], np.float32))
    lamps = np.zeros_like(image)
    for _ in range(26):
        disc = np.zeros((size, size), np.float32)
        radius = size * rng.uniform(0.014, 0.045)
        place = (int(size * rng.random()), int(size * rng.uniform(0.0, 0.75)))
        cv2.circle(disc, place, int(radius), 1.0, -1, cv2.LINE_AA)
        disc += 0.35 * (cv2.GaussianBlur(disc, (0, 0), 1.5) - cv2.GaussianBlur(disc, (0, 0), radius * 0.3))
        tone = np.array([1.0, rng.uniform(0.62, 0.85), rng.uniform(0.3, 0.6)], np.float32)
        lamps += disc[..., None] * tone * rng.uniform(0.03, 0.22)
    image = image + cv2.GaussianBlur(lamps.astype(np.float32), (0, 0), size * 0.003)
    return cv2.GaussianBlur(np.clip(image, 0, 1).astype(np.float32), (0, 0), size * 0.004)


def _pose(actor: Actor) -> FlameSequence:
    expression, jaw = _parameters(
        {
            "mouthSmileLeft": 0.66,
            "mouthSmileRight": 0.60,
            "cheekSquintLeft": 0.3,
            "cheekSquintRight": 0.3,
            "eyeSquintLeft": 0.10,
            "eyeSquintRight": 0.10,
            "browInnerUp": 0.05,
            "jawOpen": 0.0,
        }
    )
    return replace(
        actor.neutral(),
        expression=expression[None],
        jaw=np.array([[jaw, 0, 0]], np.float32),
        rotation=np.array([[0, -0.14, 0]], np.float32),
        neck=np.array([[0.0, 0.06, 0.045]], np.float32),
        eyes=np.array([[0.0, 0.07, 0.0] * 2], np.float32),
    )


def render_demo(kit: ActorKit, head, *, size: int, spec: ActorSpec | None = None) -> np.ndarray:
    """(S,S,3) u8 sRGB: the portrait."""
    import cv2

    rng = np.random.default_rng(11)
    actor = Actor(kit, head, spec or demo_spec(kit))
    view = np.eye(4)
    view[:3, 3] = [0.0, 0.045, -1.25]
    camera = Cameras(view[None], np.array([size * 3.3]), np.array([[size / 2, size / 2]]), size, size)
    finer, frame = refined(actor, actor.pose(_pose(actor))[0])
    shot = finer.photograph(frame, camera, demo_light(), supersample=SUPERSAMPLE)[0]
    exposure = 0.58 / max(actor.albedo, 0.05) ** 0.35
    picture = shot.color * exposure + demo_background(size, rng) * (1 - shot.alpha[..., None])
    glow = cv2.GaussianBlur(np.clip(picture, 0, 1).astype(np.float32), (0, 0), size * 0.012)
    picture = linear_to_srgb(roll_off(picture * 0.95 + glow * 0.06))
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    picture = picture * (1 - 0.10 * (x**2 + y**2))[..., None] + rng.normal(0, 0.004, (size, size, 1))
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)


def write_demo(kit_path: Path, out: Path, *, size: int = 768) -> Path:
    """Render the demo portrait and write it.

    Raises:
        AssetError: the kit cannot be read.
    """
    import cv2

    from flame.head import load_head

    picture = render_demo(load_kit(str(kit_path)), load_head("open"), size=size)
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), picture[..., ::-1])
    return out
