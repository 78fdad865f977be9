"""Painting an actor's textures: skin mix and tint, scalp under hair, stubble, make-up, hair colour, fabric."""

from __future__ import annotations

import numpy as np

from mvvideo.actors.shading import decode_u8, encode_u8, srgb_to_linear
from mvvideo.actors.spec import ActorSpec

__all__ = [
    "fabric_texture",
    "flat_texture",
    "iris_texture",
    "paint_skin",
    "tint_cards",
    "uv_mask",
]


def uv_mask(
    values: np.ndarray, uv: np.ndarray, uv_triangles: np.ndarray, triangles: np.ndarray, *, size: int
) -> np.ndarray:
    """(size,size) f32 in [0,1]: per-vertex values (V,) painted into texture space, softened over two texels."""
    import cv2

    canvas = np.zeros((size, size), np.float32)
    level = values[triangles].mean(1)  # (F,)
    corners = (uv[uv_triangles] * [size, -size] + [0, size]).astype(np.float32)  # (F, 3, 2)
    for f in np.nonzero(level > 0.01)[0]:
        cv2.fillConvexPoly(canvas, np.round(corners[f]).astype(np.int32), float(level[f]))
    canvas = np.maximum(canvas, cv2.dilate(canvas, np.ones((3, 3), np.uint8)))
    return cv2.GaussianBlur(canvas, (0, 0), 2.0)


def _noise(shape: tuple[int, ...], cells: int, rng: np.random.Generator) -> np.ndarray:
    """(H,W) f32 smooth noise in about [-1, 1]."""
    import cv2

    return cv2.resize(
        rng.standard_normal((cells, cells)).astype(np.float32),
        (shape[1], shape[0]),
        interpolation=cv2.INTER_CUBIC,
    )


def _skin_tone(
    first: np.ndarray, second: np.ndarray, spec: ActorSpec, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Two skins mixed to one person's: (H,W,3) f32 linear, and the brightness of its tone."""
    shape = height, width = first.shape[:2]
    mix = np.clip(spec.skin_mix + 0.12 * _noise(shape, 6, rng), 0, 1)[..., None]
    pair = [decode_u8(s[..., :3]) for s in (first, second)]
    face = np.s_[height // 4 : height // 2, width * 3 // 4 :]  # where the layout has it
    means = [s[face].mean((0, 1)) for s in pair]
    tone = means[0] * (1 - spec.skin_mix) + means[1] * spec.skin_mix
    # one tone for the whole person: skins differ in tone, so both are brought to it before they are mixed
    skin = pair[0] * (tone / means[0]) * (1 - mix) + pair[1] * (tone / means[1]) * mix
    skin *= np.asarray(spec.skin_tint, np.float32)
    # the dark skins are painted very red: under bright light that turns orange
    calm = 0.72 + 0.28 * min(1.0, float(tone.mean()) / 0.2)
    skin = skin * calm + (1 - calm) * (skin @ np.array([0.35, 0.45, 0.2], np.float32))[..., None]
    blotch = 1 + 0.05 * _noise(shape, 24, rng) + 0.03 * _noise(shape, 90, rng)
    skin *= np.stack([np.ones_like(blotch), blotch, blotch], -1)
    return skin, float(tone.mean())


def paint_skin(
    first: np.ndarray,
    second: np.ndarray,
    spec: ActorSpec,
    masks: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """(H,W,4) u8 skin.

    Args:
        first, second: (H,W,4) u8 skins of one layout.
        spec: mix, tint, stubble, make-up, freckles, hair and lip colours.
        masks: (h,w) f32 in [0,1] named ``scalp``, ``beard``, ``lips``, ``lids``, ``cheeks``; any may be missing.
        rng: noise of blotches, stubble and freckles.
    """
    import cv2

    height, width = first.shape[:2]
    skin, tone = _skin_tone(first, second, spec, rng)

    def mask(name: str) -> np.ndarray | None:
        if name not in masks:
            return None
        return cv2.resize(masks[name], (width, height), interpolation=cv2.INTER_LINEAR)[..., None]

    def blend(name: str, color: np.ndarray, strength: float | np.ndarray, multiply: bool = False) -> None:
        m = mask(name)
        if m is None or not m.any():
            return
        rows, columns = np.nonzero(m.any(1))[0], np.nonzero(m.any(0))[0]
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        part = skin[box]
        color, amount = (
            np.asarray(v, np.float32)[box] if np.ndim(v) == 3 else np.asarray(v, np.float32)
            for v in (color, strength)
        )
        goal = part * color if multiply else color
        part += (goal - part) * np.clip(m[box] * amount, 0, 1)

    hair = srgb_to_linear(spec.hair_color)
    grain = cv2.GaussianBlur(rng.random((height, width), dtype=np.float32), (0, 0), 0.7)[..., None]
    grain = np.clip((grain - 0.5) * 2.2 + 0.5, 0, 1)
    if spec.hair is not None:
        blend("scalp", hair * 0.6, 0.9)
    elif spec.labels[0] < 0.5:
        blend("scalp", hair * 0.5 + 0.2 * skin, 0.35 * (0.4 + 0.6 * grain) * float(rng.uniform(0, 1)))
    if spec.stubble > 0:
        blend("beard", hair * 0.5 + 0.1 * skin, spec.stubble * (0.35 + 0.5 * grain))
    if spec.makeup > 0:
        depth = 0.35 + 0.65 * min(1.0, tone / 0.35)  # the same lipstick is deeper on dark lips
        blend("lips", srgb_to_linear(spec.lip_color) * depth, 0.6 * spec.makeup)
        blend("lids", np.array([0.45, 0.4, 0.42]), 0.7 * spec.makeup, multiply=True)
        blend("cheeks", np.array([1.05, 0.72, 0.75]), 0.5 * spec.makeup, multiply=True)
    if spec.freckles > 0:
        spots = cv2.GaussianBlur(rng.random((height, width), dtype=np.float32), (0, 0), 1.3)
        spots = np.clip((spots - 0.56) * 14, 0, 1)[..., None] * spec.freckles
        blend("cheeks", np.array([0.72, 0.55, 0.45]), spots, multiply=True)
    out = np.full((height, width, 4), 255, np.uint8)
    out[..., :3] = encode_u8(skin)
    return out


def tint_cards(
    texture: np.ndarray,
    color: np.ndarray,
    rng: np.random.Generator,
    *,
    contrast: float = 1.0,
    root_dark: float = 0.0,
) -> np.ndarray:
    """(H,W,4) u8 hair, brow or lash cards in a colour: the texture gives light and dark, the colour the rest.

    Args:
        color: (3,) sRGB in [0,1]. contrast: exponent on the texture's relative brightness. root_dark: darkening
            toward the upper edge, for strands whose roots lie there.
    """
    weight = texture[..., 3].astype(np.float32) / 255.0
    light = decode_u8(texture[..., :3]) @ np.array([0.3, 0.5, 0.2], np.float32)
    mean = float((light * weight).sum() / max(weight.sum(), 1.0))
    relative = np.clip(light / max(mean, 1e-4), 0.08, 4.0) ** contrast
    strands = 1 + 0.05 * _noise(texture.shape[:2], 140, rng) + 0.05 * _noise(texture.shape[:2], 12, rng)
    relative = np.clip(relative * strands, 0.1, 3.0)
    if root_dark:
        relative *= 1 - root_dark * np.linspace(1, 0, texture.shape[0], dtype=np.float32)[:, None]
    goal = srgb_to_linear(color)[:3]
    # bright strands turn towards the light's colour, dark ones keep the hair's
    out = texture.copy()
    out[..., :3] = encode_u8(relative[..., None] * goal)
    return out


def iris_texture(texture: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """(H,W,4) u8 opaque eye texture whose saturated (iris) part is tinted, and whose white is a little warmer."""
    color = decode_u8(texture[..., :3])
    spread = color.max(-1) - color.min(-1)
    iris = np.clip(spread / 0.05 - 0.6, 0, 1)[..., None] * (color.mean(-1, keepdims=True) < 0.45)
    color = color * (1 + iris * (np.asarray(tint, np.float32) - 1)) * np.array([1.0, 0.97, 0.95], np.float32)
    out = np.full_like(texture, 255)
    out[..., :3] = encode_u8(color)
    return out


def fabric_texture(
    base: np.ndarray | None, color: np.ndarray, rng: np.random.Generator, *, size: int = 512
) -> np.ndarray:
    """(H,W,4) u8 cloth: a painted texture turned toward a colour, or, without one, stripes, checks or plain weave."""
    import cv2

    goal = np.asarray(color, np.float32)
    if base is not None:
        image = base[..., :3].astype(np.float32) / 255.0
        if rng.random() < 0.65:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 360)) % 360
            hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.1, 1.3), 0, 1)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * rng.uniform(0.5, 1.25)
            image = image * (0.65 + 0.7 * goal * rng.uniform(0.3, 1.0))
    else:
        image = np.broadcast_to(goal, (size, size, 3)).copy()
        kind = rng.integers(3)
        axis = np.arange(size) / size
        wave = (np.sin(axis * 2 * np.pi * rng.integers(12, 60)) > rng.uniform(0, 0.9)).astype(np.float32)
        second = np.clip(goal * rng.uniform(0.3, 1.8) + rng.uniform(-0.1, 0.1, 3), 0, 1)
        if kind == 0:
            image += (second - image) * wave[None, :, None]
        elif kind == 1:
            image += (second - image) * (0.5 * wave[None, :, None] + 0.5 * wave[:, None, None])
    image = image * (1 + 0.025 * rng.standard_normal(image.shape[:2]).astype(np.float32))[..., None]
    image = image * (1 + 0.10 * _noise(image.shape[:2], 10, rng))[..., None]
    out = np.full((*image.shape[:2], 4), 255, np.uint8)
    out[..., :3] = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
    return out


def flat_texture(color: np.ndarray) -> np.ndarray:
    """(8,8,4) u8 of one sRGB colour in [0,1]."""
    out = np.full((8, 8, 4), 255, np.uint8)
    out[..., :3] = np.clip(np.asarray(color) * 255 + 0.5, 0, 255).astype(np.uint8)
    return out
