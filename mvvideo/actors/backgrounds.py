"""Backgrounds drawn from noise and shapes: studio gradients, clouds, bokeh, rooms, foliage, streets, canvas.

None is a photograph; together they have the statistics that matter to a model that must keep a background
unharmed: smooth areas, hard edges, fine texture, defocus, colour casts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mvvideo.actors.shading import srgb_to_linear

__all__ = ["KINDS", "sample_background"]

Painter = Callable[[int, np.random.Generator], np.ndarray]


def _color(
    rng: np.random.Generator, low: float = 0.05, high: float = 0.95, saturation: float = 2.0
) -> np.ndarray:
    import colorsys

    return np.array(
        colorsys.hsv_to_rgb(rng.random(), rng.beta(1, saturation), rng.uniform(low, high)), np.float32
    )


def _octaves(
    size: int, rng: np.random.Generator, *, first: int = 3, decay: float = 0.6, count: int = 6
) -> np.ndarray:
    """(size,size) f32 fractal noise, zero mean and unit spread."""
    import cv2

    total = np.zeros((size, size), np.float32)
    for k in range(count):
        cells = min(first * 2**k, size)
        layer = rng.standard_normal((cells, cells)).astype(np.float32)
        total += decay**k * cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC)
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) if sigma > 0.3 else image


def _gradient(size: int, rng: np.random.Generator) -> np.ndarray:
    a, b = _color(rng), _color(rng)
    if rng.random() < 0.6:
        b = np.clip(a * rng.uniform(0.4, 1.5) + rng.normal(0, 0.04, 3), 0, 1).astype(np.float32)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    if rng.random() < 0.5:
        t = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.1, 0.7)) * rng.uniform(0.8, 1.8)
    else:
        angle = rng.uniform(0, 2 * np.pi)
        t = 0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    t = np.clip(t, 0, 1)[..., None]
    return a * (1 - t) + b * t


def _clouds(size: int, rng: np.random.Generator) -> np.ndarray:
    image = np.stack([_octaves(size, rng, first=int(rng.integers(2, 6))) for _ in range(2)], -1)
    a, b = _color(rng), _color(rng)
    t = 1 / (1 + np.exp(-1.3 * image[..., :1]))
    return np.clip((a * (1 - t) + b * t) * (1 + 0.12 * image[..., 1:]), 0, 1)


def _bokeh(size: int, rng: np.random.Generator) -> np.ndarray:
    import cv2

    image = _blur(_shapes(size, rng), size * 0.05) * rng.uniform(0.2, 0.7)
    for _ in range(int(rng.integers(8, 45))):
        disc = np.zeros((size, size), np.float32)
        center = (int(rng.integers(0, size)), int(rng.integers(0, size)))
        cv2.circle(disc, center, int(size * rng.uniform(0.01, 0.07)), 1.0, -1, cv2.LINE_AA)
        image = image + disc[..., None] * _color(rng, 0.5, 1.0) * rng.uniform(0.15, 0.7)
    return np.clip(_blur(image, size * rng.uniform(0.002, 0.012)), 0, 1)


def _shapes(size: int, rng: np.random.Generator) -> np.ndarray:
    import cv2

    image = _gradient(size, rng).astype(np.float32).copy()
    for _ in range(int(rng.integers(4, 22))):
        color = _color(rng).tolist()
        center = rng.integers(-size // 8, size + size // 8, 2)
        extent = (rng.uniform(0.03, 0.4, 2) * size).astype(int) + 1
        if rng.random() < 0.5:
            cv2.ellipse(
                image,
                tuple(map(int, center)),
                tuple(map(int, extent)),
                float(rng.uniform(0, 180)),
                0,
                360,
                color,
                -1,
                cv2.LINE_AA,
            )
        else:
            box = cv2.boxPoints(
                (tuple(map(float, center)), tuple(map(float, extent * 2)), float(rng.uniform(-20, 20)))
            )
            cv2.fillPoly(image, [box.astype(np.int32)], color, cv2.LINE_AA)
    return _blur(image, size * rng.choice([0.0, 0.004, 0.02, 0.05]))


def _room(size: int, rng: np.random.Generator) -> np.ndarray:
    """A wall with light fall-off, and some of window, shelf, frame, door, curtain."""
    import cv2

    wall = _color(rng, 0.35, 0.9, 4.0)
    image = _gradient(size, rng) * 0.25 + wall * 0.75
    image = image.astype(np.float32)

    def box(x: float, y: float, w: float, h: float, color: np.ndarray) -> None:
        cv2.rectangle(
            image,
            (int(x * size), int(y * size)),
            (int((x + w) * size), int((y + h) * size)),
            color.tolist(),
            -1,
        )

    for _ in range(int(rng.integers(1, 4))):
        x, y, kind = rng.uniform(-0.15, 0.85), rng.uniform(-0.1, 0.6), rng.integers(4)
        w, h = rng.uniform(0.15, 0.45, 2)
        frame = _color(rng, 0.1, 0.9, 4.0)
        if kind == 0:  # window
            box(x, y, w, h, frame)
            light = np.clip(_color(rng, 0.8, 1.0, 5.0) * 1.1, 0, 1)
            for i in range(2):
                for j in range(2):
                    box(x + 0.015 + i * w / 2, y + 0.015 + j * h / 2, w / 2 - 0.025, h / 2 - 0.025, light)
        elif kind == 1:  # shelf of books
            box(x, y, w, h, frame * 0.5)
            for row in range(int(rng.integers(2, 5))):
                place = x + 0.01
                while place < x + w - 0.02:
                    thick, tall = rng.uniform(0.01, 0.035), rng.uniform(0.05, 0.09)
                    box(place, y + 0.1 * row + 0.1 - tall, thick, tall, _color(rng, 0.1, 0.8))
                    place += thick + 0.003
        elif kind == 2:  # framed picture
            box(x, y, w, h, frame)
            box(x + 0.02, y + 0.02, w - 0.04, h - 0.04, _color(rng))
        else:  # curtain
            fold = 0.75 + 0.25 * np.sin(np.arange(size) / size * rng.uniform(40, 120))
            left, right = int(max(0, x) * size), int(min(1, x + w) * size)
            image[:, left:right] = frame * fold[left:right, None]
    image = image * (1 + 0.02 * _octaves(size, rng, first=16, count=3))[..., None]
    return _blur(np.clip(image, 0, 1).astype(np.float32), size * rng.choice([0.0, 0.003, 0.012, 0.025]))


def _foliage(size: int, rng: np.random.Generator) -> np.ndarray:
    leaf, dark = np.array([0.25, 0.45, 0.15], np.float32), np.array([0.03, 0.07, 0.03], np.float32)
    leaf = leaf * rng.uniform(0.6, 1.5) * np.exp(rng.normal(0, 0.25, 3)).astype(np.float32)
    layer = _octaves(size, rng, first=8, decay=0.8)
    light = _octaves(size, rng, first=3, decay=0.5)
    t = np.clip(0.5 + 0.5 * layer, 0, 1)[..., None]
    image = dark * (1 - t) + leaf * t * (1 + 0.4 * light[..., None])
    gaps = (layer + 0.5 * light > rng.uniform(1.0, 1.9)).astype(np.float32)[..., None]
    image = image * (1 - gaps) + np.array([0.8, 0.9, 1.0], np.float32) * gaps
    return _blur(np.clip(image, 0, 1).astype(np.float32), size * rng.choice([0.0, 0.004, 0.015, 0.03]))


def _street(size: int, rng: np.random.Generator) -> np.ndarray:
    """Sky, a ragged line of buildings with windows, ground."""
    image = (_color(rng, 0.6, 1.0, 3.0) * np.linspace(1.0, 0.85, size)[:, None, None]).repeat(size, 1)
    x = 0
    while x < size:
        width = int(size * rng.uniform(0.08, 0.3))
        top, color = int(size * rng.uniform(0.05, 0.55)), _color(rng, 0.15, 0.75, 4.0)
        image[top:, x : x + width] = color
        step = max(4, int(size * rng.uniform(0.03, 0.07)))
        for wy in range(top + step // 2, size, step):
            for wx in range(x + step // 3, min(x + width, size) - step // 2, step):
                image[wy : wy + step // 2, wx : wx + step // 2] = color * rng.uniform(0.4, 1.6)
        x += width
    image[int(size * rng.uniform(0.75, 0.95)) :] = _color(rng, 0.2, 0.6, 4.0)
    return _blur(np.clip(image, 0, 1).astype(np.float32), size * rng.choice([0.002, 0.008, 0.02, 0.04]))


def _canvas(size: int, rng: np.random.Generator) -> np.ndarray:
    """Brush strokes in close colours, as behind painted portraits."""
    import cv2

    base = _color(rng, 0.08, 0.6, 2.0)
    image = np.broadcast_to(base, (size, size, 3)).copy()
    for _ in range(int(rng.integers(150, 500))):
        start = rng.integers(0, size, 2)
        end = start + rng.normal(0, size * 0.05, 2)
        tone = np.clip(base * rng.uniform(0.6, 1.5) + rng.normal(0, 0.02, 3), 0, 1)
        cv2.line(
            image,
            tuple(map(int, start)),
            tuple(map(int, end)),
            tone.tolist(),
            max(1, int(size * rng.uniform(0.004, 0.03))),
            cv2.LINE_AA,
        )
    return _blur(image, size * rng.choice([0.001, 0.004]))


KINDS: dict[str, tuple[float, Painter]] = {
    "gradient": (2.0, _gradient),
    "clouds": (1.5, _clouds),
    "bokeh": (1.5, _bokeh),
    "shapes": (1.0, _shapes),
    "room": (2.5, _room),
    "foliage": (1.5, _foliage),
    "street": (1.2, _street),
    "canvas": (1.0, _canvas),
}
"""Name -> (relative frequency, painter)."""


def sample_background(size: int, rng: np.random.Generator, kind: str | None = None) -> np.ndarray:
    """(size,size,3) f32 **linear** light.

    Args:
        size: side in pixels. rng: randomness. kind: a name of ``KINDS``, or None for any.
    """
    names = list(KINDS)
    weights = np.array([KINDS[n][0] for n in names])
    name = kind or str(rng.choice(names, p=weights / weights.sum()))
    image = KINDS[name][1](size, rng)
    image = np.clip(image * rng.uniform(0.55, 1.1), 0, 1)
    if rng.random() < 0.5:
        image = np.clip(image + rng.normal(0, 0.012, image.shape[:2])[..., None], 0, 1)
    return srgb_to_linear(image).astype(np.float32)
