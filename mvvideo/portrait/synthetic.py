"""Colours for what a photo often hides: the rest of the eyeball, teeth, tongue, the inside of the mouth.

Their brightness and saturation follow the face's own, so that a dim painting or a black-and-white print gets
dim or grey teeth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.face_points import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, LIPS
from mvvideo.portrait.skin import face_mask, polygon_mask

__all__ = ["FaceColours", "measure_colours", "synthetic_colours"]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TYPICAL_SATURATION = 0.30
"""Of skin in an ordinary colour photo: (max − min) / max."""
TYPICAL_LIP_SATURATION = 0.45
EYE_WHITE = np.array([0.86, 0.83, 0.81], np.float32)
TOOTH = np.array([0.90, 0.85, 0.77], np.float32)
TONGUE = np.array([0.72, 0.36, 0.34], np.float32)
MOUTH = np.array([0.34, 0.12, 0.11], np.float32)


@dataclass(frozen=True, eq=False)
class FaceColours:
    """What was measured in the photo.

    Attributes:
        skin: (3,) median face colour; light: how bright white would be in this light, 0 … 1.
        saturation: of skin or lips relative to an ordinary photo, 0 (grey) … 1.
        iris, eye_white: (2, 3) left then right.
        eye_outline: two ``(P, 2)`` polygons in canvas pixels, left then right.
    """

    skin: np.ndarray
    light: float
    saturation: float
    iris: np.ndarray
    eye_white: np.ndarray
    eye_outline: tuple[np.ndarray, np.ndarray]


def measure_colours(image: np.ndarray, landmarks: np.ndarray, pad: int) -> FaceColours:
    """Measure a crop.

    Args:
        image: ``(S, S, 3)`` float32; landmarks: ``(478, 2+)`` crop pixels; pad: of the canvas.
    """
    size = image.shape[0]
    known = face_mask(landmarks, size)
    sample = image[known] if known.any() else image.reshape(-1, 3)
    skin = np.median(sample, axis=0).astype(np.float32)
    bright = float(np.quantile(sample @ LUMA, 0.75))
    light = float(np.clip(bright * 1.25, 0.15, 1.0))
    lips = _median(image, polygon_mask(landmarks, LIPS, size) > 0, skin)
    saturation = max(_strength(skin) / TYPICAL_SATURATION, _strength(lips) / TYPICAL_LIP_SATURATION)
    saturation = float(np.clip(saturation, 0, 1))
    irises, whites = [], []
    for outline, iris in ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT)):
        inside = polygon_mask(landmarks, outline, size) > 0
        centre = landmarks[iris[0], :2]
        radius = np.linalg.norm(landmarks[list(iris[1:]), :2] - centre, axis=1).mean()
        y, x = np.mgrid[:size, :size]
        away = np.hypot(x + 0.5 - centre[0], y + 0.5 - centre[1]) / max(radius, 1.0)
        irises.append(_median(image, inside & (away > 0.45) & (away < 0.85), 0.35 * skin))
        white = inside & (away > 1.15)
        fallback = _tinted(EYE_WHITE, light, saturation) * 0.85
        if white.sum() >= 6:
            pixels = image[white]
            bright_ones = pixels[(pixels @ LUMA) >= np.quantile(pixels @ LUMA, 0.6)]
            fallback = 0.7 * np.median(bright_ones, axis=0) + 0.3 * fallback
        whites.append(fallback)
    eyes = tuple((landmarks[list(points), :2] + pad).astype(np.float32) for points in (EYE_LEFT, EYE_RIGHT))
    return FaceColours(
        skin,
        light,
        saturation,
        np.array(irises, np.float32),
        np.array(whites, np.float32),
        (eyes[0], eyes[1]),
    )


def _strength(colour: np.ndarray) -> float:
    """Saturation of a colour, 0 … 1."""
    return float((colour.max() - colour.min()) / max(float(colour.max()), 0.05))


def _median(image: np.ndarray, mask: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    return np.median(image[mask], axis=0) if mask.sum() >= 6 else fallback


def _tinted(colour: np.ndarray, light: float, saturation: float) -> np.ndarray:
    """A reference colour under the photo's light."""
    grey = float(colour @ LUMA)
    return (light * (grey + saturation * (colour - grey))).astype(np.float32)


def synthetic_colours(
    head: FlameHead, vertices: np.ndarray, colours: FaceColours
) -> tuple[np.ndarray, np.ndarray]:
    """Colours of eyes, teeth, tongue and mouth.

    Args:
        vertices: ``(V, 3)`` at the photo's pose.

    Returns:
        ``(V,)`` bool, which vertices have one, and ``(V, 3)`` float32 colours, zero elsewhere.
    """
    has = np.zeros(len(vertices), bool)
    result = np.zeros((len(vertices), 3), np.float32)
    centres = head.joints(np.zeros(1, np.float32))[3:5]
    for side, centre, iris, white in zip(("left", "right"), centres, colours.iris, colours.eye_white):
        for part in ("eye", "iris", "pupil"):
            chosen = head.region_vertices(f"{part}_{side}")
            if not len(chosen):
                continue
            ray = head.v_template[chosen] - centre
            angle = np.degrees(np.arccos(np.clip(ray[:, 2] / np.linalg.norm(ray, axis=1), -1, 1)))
            has[chosen] = True
            result[chosen] = _eye_colour(part, angle, iris, white)
    # Depth into the mouth: light falls off behind the lips.
    lips = head.region_vertices("lips")
    front = float(head.v_template[lips, 2].max()) if len(lips) else float(head.v_template[:, 2].max())
    depth = np.maximum(front - head.v_template[:, 2], 0)
    for region, colour, reach in (
        ("teeth", TOOTH, 0.045),
        ("tongue", TONGUE, 0.04),
        ("mouth_inside", MOUTH, 0.025),
    ):
        chosen = head.region_vertices(region)
        has[chosen] = True
        shade = np.exp(-np.maximum(depth[chosen] - 0.012, 0) / reach)[:, None]
        result[chosen] = _tinted(colour, colours.light, colours.saturation) * shade
    return has, result


def _eye_colour(part: str, angle: np.ndarray, iris: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Colour by angle from the optical axis, degrees."""
    if part == "pupil":
        return np.broadcast_to(0.18 * iris, (len(angle), 3))
    if part == "iris":
        rim = np.clip((angle - 16.0) / 4.0, 0, 1)[:, None]
        return iris * (1 - 0.45 * rim)
    shade = 1 - 0.35 * np.clip((angle - 25.0) / 45.0, 0, 1)[:, None]
    return white * shade
