"""Colours for what a photo often hides: the rest of the eyeball, teeth, tongue, the inside of the mouth.

Their brightness, tint and saturation follow the photo's own, so that a dim painting, a yellow varnish or a
black-and-white print gets teeth to match. The rest of an eye continues what the lids leave open of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.head import FlameHead
from mvvideo.portrait.face_points import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS,
)
from mvvideo.portrait.skin import face_mask, polygon_mask

__all__ = ["FaceColours", "measure_colours", "synthetic_colours", "tooth_coordinates"]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TYPICAL_SATURATION = 0.30
"""Of skin in an ordinary colour photo: (max − min) / max."""
TYPICAL_LIP_SATURATION = 0.45
TYPICAL_SKIN = np.array([1.0, 0.78, 0.66], np.float32)
"""Skin's colour in ordinary light, red = 1: what a photo's skin differs from this by is partly its light's."""
EYE_WHITE = np.array([0.86, 0.83, 0.81], np.float32)
TOOTH = np.array([0.98, 0.88, 0.78], np.float32)
"""Warmer than enamel is: its light comes by way of lips and tongue."""
GUM = np.array([0.60, 0.30, 0.28], np.float32)
TONGUE = np.array([0.65, 0.33, 0.31], np.float32)
MOUTH = np.array([0.42, 0.12, 0.10], np.float32)
DARKEST = 0.2
"""Share of a colour that is left in the depth of the mouth: it scatters light and is never black."""
FRONT_TEETH_METRES, FADE_METRES = 0.004, 0.012
"""Depth behind the foremost tooth over which full light falls, and that over which it then fades to a third."""
SHADE_WARMTH = np.array([-0.12, 0.08, 0.16], np.float32)
"""How much sooner each channel darkens towards the back of the mouth, as a change of the exponent."""
IRIS_RINGS = np.linspace(0.0, 2.4, 25)
"""Distances from the pupil's middle, iris radii, at which the eye's colours are measured."""


@dataclass(frozen=True, eq=False)
class FaceColours:
    """What was measured in the photo.

    Attributes:
        skin: (3,) median face colour; light: how bright white would be in this light, 0 … 1; cast: (3,) the
            light's colour, 1 = neutral.
        saturation: of skin or lips relative to an ordinary photo, 0 (grey) … 1.
        lash: (3,) colour of lashes, like the brows' dark parts.
        iris: (2, 3) left then right.
        eye_rings: (2, K, 3) colour of each eye by distance from the pupil, at ``IRIS_RINGS``.
        eye_outline: two ``(P, 2)`` polygons in canvas pixels, left then right.
    """

    skin: np.ndarray
    light: float
    cast: np.ndarray
    saturation: float
    lash: np.ndarray
    iris: np.ndarray
    eye_rings: np.ndarray
    eye_outline: tuple[np.ndarray, np.ndarray]

    def tinted(self, colour: np.ndarray) -> np.ndarray:
        """A reference colour (3,) in this photo's light: dim, grey or yellow as the photo is."""
        grey = float(colour @ LUMA)
        return (self.light * self.cast * (grey + self.saturation * (colour - grey))).astype(np.float32)


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
    cast = _cast(skin, saturation)
    irises, whites, rings = [], [], []
    for outline, iris in ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT)):
        inside = polygon_mask(landmarks, outline, size)
        centre = landmarks[iris[0], :2]
        radius = max(float(np.linalg.norm(landmarks[list(iris[1:]), :2] - centre, axis=1).mean()), 1.0)
        y, x = np.mgrid[:size, :size]
        away = np.hypot(x + 0.5 - centre[0], y + 0.5 - centre[1]) / radius
        irises.append(_median(image, (inside > 0) & (away > 0.45) & (away < 0.85), 0.35 * skin))
        white = (inside > 0) & (away > 1.15)
        fallback = 0.85 * light * cast * EYE_WHITE
        if white.sum() >= 6:
            pixels = image[white]
            bright_ones = pixels[(pixels @ LUMA) >= np.quantile(pixels @ LUMA, 0.65)]
            fallback = 0.9 * np.median(bright_ones, axis=0) + 0.1 * fallback
        whites.append(fallback)
        shadow = y + 0.5 < centre[1] - 0.35 * radius  # of the upper lid and its lashes
        rings.append(_eye_rings(image, inside, away, shadow, irises[-1], whites[-1]))
    # Dark skin must not make dark teeth: the whites of the eyes tell the light as well.
    light = float(np.clip(max(light, 0.95 * np.mean(np.array(whites) @ LUMA) / (EYE_WHITE @ LUMA)), 0, 1))
    brows = (polygon_mask(landmarks, BROW_LEFT, size) | polygon_mask(landmarks, BROW_RIGHT, size)) > 0
    dark = image[brows] if brows.sum() >= 6 else 0.4 * skin[None]
    dark = dark[(dark @ LUMA) <= np.quantile(dark @ LUMA, 0.4)]
    eyes = tuple((landmarks[list(points), :2] + pad).astype(np.float32) for points in (EYE_LEFT, EYE_RIGHT))
    return FaceColours(
        skin=skin,
        light=light,
        cast=cast,
        saturation=saturation,
        lash=np.minimum(0.6 * dark.mean(axis=0), 0.35 * skin).astype(np.float32),
        iris=np.array(irises, np.float32),
        eye_rings=np.array(rings, np.float32),
        eye_outline=(eyes[0], eyes[1]),
    )


def _cast(skin: np.ndarray, saturation: float) -> np.ndarray:
    """The light's (or the varnish's) colour, (3,): half of what skin differs from ordinary skin by."""
    ratio = np.clip(skin / max(float(skin.max()), 0.05), 0.05, 1) / TYPICAL_SKIN
    ratio = np.clip(ratio / ratio[0], 0.3, 1.1) ** 0.6
    cast = 1 + saturation * (ratio - 1)
    return np.clip(cast / cast.max(), 0.4, 1.0).astype(np.float32)


def _eye_rings(
    image: np.ndarray,
    inside: np.ndarray,
    away: np.ndarray,
    shadow: np.ndarray,
    iris: np.ndarray,
    white: np.ndarray,
) -> np.ndarray:
    """Colours of an eye at ``IRIS_RINGS`` from the pupil, ``(K, 3)``, averaged around what the lids leave open.

    Args:
        inside: ``(S, S)`` 0/1 of the opening; away: ``(S, S)`` distance from the pupil, iris radii; shadow:
            ``(S, S)`` bool, not used where anything else is; iris, white: colours where nothing is seen.
    """
    import cv2

    room = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    open_part = room > min(1.5, 0.3 * float(room.max()))
    typical = _eye_colour(IRIS_RINGS, iris, white)
    step = float(IRIS_RINGS[1] - IRIS_RINGS[0])
    colours = typical.copy()
    for k, ring in enumerate(IRIS_RINGS):
        near = open_part & (np.abs(away - ring) < max(step, 0.12))
        chosen = near & ~shadow
        if chosen.sum() < 5:
            chosen = near
        if chosen.sum() < 5:
            continue
        if ring < 1.05:  # lashes and corners make the white look darker than it is: it stays as measured
            colours[k] = 0.8 * np.median(image[chosen], axis=0) + 0.2 * typical[k]
    # The iris ends in a dark ring; a photo blurs it into the white.
    colours[(IRIS_RINGS > 0.8) & (IRIS_RINGS < 1.05)] = 0.8 * colours[IRIS_RINGS <= 0.8][-2:].mean(axis=0)
    return cv2.GaussianBlur(
        colours.astype(np.float32), (1, 3), 0, sigmaY=0.6, borderType=cv2.BORDER_REPLICATE
    )


def _strength(colour: np.ndarray) -> float:
    """Saturation of a colour, 0 … 1."""
    return float((colour.max() - colour.min()) / max(float(colour.max()), 0.05))


def _median(image: np.ndarray, mask: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    return np.median(image[mask], axis=0) if mask.sum() >= 6 else fallback


def synthetic_colours(
    head: FlameHead, vertices: np.ndarray, colours: FaceColours
) -> tuple[np.ndarray, np.ndarray]:
    """Colours of eyes, teeth, gums, tongue and mouth.

    Args:
        vertices: ``(V, 3)`` at the photo's pose.

    Returns:
        ``(V,)`` bool, which vertices have one, and ``(V, 3)`` float32 colours, zero elsewhere.
    """
    has = np.zeros(len(vertices), bool)
    result = np.zeros((len(vertices), 3), np.float32)
    centres = head.joints(np.zeros(1, np.float32))[3:5]
    for side, centre, rings in zip(("left", "right"), centres, colours.eye_rings):
        chosen = head.region_vertices(f"eye_{side}", f"iris_{side}", f"pupil_{side}")
        iris = head.region_vertices(f"iris_{side}")
        if not len(chosen) or not len(iris):
            continue
        away = _off_axis(head.v_template, centre)
        ring = away[chosen] / max(float(away[iris].max()), 1e-6)
        has[chosen] = True
        # Towards the back of the ball, where lids shade it, darker.
        shade = 1 - 0.25 * np.clip((ring - 1.6) / 1.5, 0, 1)[:, None]
        result[chosen] = shade * np.stack([np.interp(ring, IRIS_RINGS, rings[:, c]) for c in range(3)], -1)
    depth = _mouth_depth(head)
    for region, colour, start, reach in (
        ("gums", GUM, 0.006, 0.016),
        ("tongue", TONGUE, 0.012, 0.032),
        ("mouth_inside", MOUTH, 0.010, 0.014),
    ):
        chosen = head.region_vertices(region)
        has[chosen] = True
        shade = np.exp(-np.maximum(depth[chosen] - start, 0) / reach)[:, None]
        result[chosen] = colours.tinted(colour) * (DARKEST + (1 - DARKEST) * shade)
    teeth = head.region_vertices("teeth")
    has[teeth] = True
    result[teeth] = _tooth_colours(head, teeth, depth, colours)
    return has, result


def _off_axis(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Sine of the angle between the optical axis (+z) and the ray from the eye's centre; 1 + behind it."""
    ray = points - centre
    ray = ray / np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-9)
    sine = np.hypot(ray[:, 0], ray[:, 1])
    return np.where(ray[:, 2] > 0, sine, 2 - sine)


def _mouth_depth(head: FlameHead) -> np.ndarray:
    """Metres behind the foremost tooth, ``(V,)``, at least 0."""
    teeth = head.region_vertices("teeth")
    if not len(teeth):
        teeth = head.region_vertices("lips")
    front = float(head.v_template[teeth, 2].max()) if len(teeth) else float(head.v_template[:, 2].max())
    return np.maximum(front - head.v_template[:, 2], 0)


def tooth_coordinates(head: FlameHead) -> tuple[np.ndarray, np.ndarray]:
    """Where on its tooth every vertex lies, at rest.

    Returns:
        ``(V,)`` from 0 in the middle of a tooth to 1 at the gap beside it, and ``(V,)`` from 0 at the biting edge to
        1 at the gum. Gums have (0, 1), whatever is neither tooth nor gum (0, 0).
    """
    across, root = (np.zeros(len(head.v_template), np.float32) for _ in range(2))
    root[head.region_vertices("gums")] = 1
    teeth = head.region_vertices("teeth")
    of_tooth = _pieces(head, "teeth")[teeth]
    for tooth in np.unique(of_tooth):
        own = teeth[of_tooth == tooth]
        points = head.v_template[own]
        middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
        # Along the row of teeth: at right angles to the direction from the middle of the jaw.
        outward = middle[[0, 2]] - (0.0, -0.012)
        along = np.array([outward[1], -outward[0]]) / max(float(np.linalg.norm(outward)), 1e-6)
        side = np.abs((points[:, [0, 2]] - middle[[0, 2]]) @ along)
        across[own] = side / max(float(side.max()), 1e-6)
        height = (points[:, 1] - points[:, 1].min()) / max(float(np.ptp(points[:, 1])), 1e-6)
        upper = float(head.weights[own, 2].mean()) < 0.5
        root[own] = height if upper else 1 - height
    return across, root


def _tooth_colours(head: FlameHead, teeth: np.ndarray, depth: np.ndarray, colours: FaceColours) -> np.ndarray:
    """Colours of the teeth's vertices, ``(P, 3)``: darker at the gaps, at the gums and towards the corners."""
    enamel, gum = colours.tinted(TOOTH), colours.tinted(GUM)
    across, root = (values[teeth] for values in tooth_coordinates(head))
    gap = 1 - 0.2 * np.clip((across - 0.55) / 0.4, 0, 1) ** 1.5
    light = np.exp(-np.maximum(depth[teeth] - FRONT_TEETH_METRES, 0) / FADE_METRES)
    light = light * np.where(head.weights[teeth, 2] < 0.5, 1.0, 0.75) * (1 - 0.2 * root)
    light = (gap * (0.08 + 0.92 * light))[:, None]
    share = np.clip((root - 0.72) / 0.2, 0, 1)[:, None]
    # What light comes by way of lips and tongue is red.
    result: np.ndarray = ((1 - share) * enamel + share * gum) * light ** (
        1 + colours.saturation * SHADE_WARMTH
    )
    return result.astype(np.float32)


def _pieces(head: FlameHead, region: str) -> np.ndarray:
    """``(V,)`` number of the connected piece of the region's triangles that each vertex belongs to."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    faces = head.faces[head.region_faces(region)]
    ends = np.roll(faces, 1, axis=1)
    count = len(head.v_template)
    graph = coo_matrix((np.ones(faces.size), (faces.ravel(), ends.ravel())), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def _eye_colour(ring: np.ndarray, iris: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Colours ``(K, 3)`` at distances from the pupil's middle, iris radii, of an eye nothing is known about."""
    pupil = np.clip((0.45 - ring) / 0.12, 0, 1)[:, None]
    rim = np.clip((ring - 0.8) / 0.15, 0, 1)[:, None]
    ball = np.clip((ring - 0.96) / 0.12, 0, 1)[:, None]
    inner = (1 - pupil) * iris * (1 - 0.4 * rim) + pupil * 0.18 * iris
    return ((1 - ball) * inner + ball * white).astype(np.float32)
