"""Several photos of one person on one head: what the main photo does not show comes from those that do.

Each further photo is fitted with the same head shape, so its pixels belong to the same triangles. A triangle that
the main photo sees badly or not at all takes its picture from the photo that sees it best, shifted in colour by what
both photos show differently where both look (smooth over the surface: other light, other white balance). The
pictures lie below the main photo's canvas as one tall texture, so drawing knows nothing of it.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from flame.head import FlameHead
from flame.regions import INSIDE_MOUTH
from mvvideo.portrait.appearance import AppearanceModel
from mvvideo.portrait.kernels import adjacency, relax_mesh
from mvvideo.portrait.plate import push_pull
from mvvideo.portrait.posing import rigid_between, rigid_parts
from mvvideo.portrait.surface import HeadSurface, Source
from mvvideo.portrait.views import sample_at
from mvvideo.portrait.wrap import LOWEST_RADIANS, WIDEST_RADIANS

__all__ = ["LARGEST_DIFFERENCE_METRES", "fuse_appearances", "shape_difference"]

LARGEST_DIFFERENCE_METRES = 0.004
"""Mean distance between the fitted faces of two photos above which they may show two people."""
CLEARLY_SEEN = 0.35
"""Facing cosine from which on a further photo may lend its picture."""
BETTER_BY = 0.25
"""How much better (facing cosine) it must see what the main photo sees itself."""
MIRRORED_WORTH = 0.15
"""What a mirrored picture of the other side counts as, in facing cosine."""
LARGEST_SHIFT = 0.35
WRAP_FACING = (0.15, 0.45)
"""Cosines between which a photo comes to count for the hair and clothes that face it."""
WRAP_RATIO = (0.65, 1.5)
"""Least and most that hair and clothes of a further photo are made darker or lighter."""
SEPARATOR_ROWS = 16
SEEN = 0.9
"""Confidence of fused colours where they are seen squarely: another moment, another light."""
_OWN_TURNING = ("eye_left", "eye_right", "iris_left", "iris_right", "pupil_left", "pupil_right", "eye_socket")


def shape_difference(head: FlameHead, first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance, metres, between two identities' faces: ``(S,)`` shape coefficients each."""
    face = head.region_vertices("skin", "nose", "lips", "brow_left", "brow_right")
    count = min(len(first), len(second), head.shape_dims)
    moved = head.shape_basis[face, :, :count] @ (first[:count] - second[:count])  # (P, 3)
    return float(np.linalg.norm(moved - moved.mean(axis=0), axis=1).mean())


def fuse_appearances(main: AppearanceModel, others: list[AppearanceModel]) -> AppearanceModel:
    """Give the main photo's model what further photos of the same person show.

    Args:
        main: the model of the main photo; others: those of the further photos, fitted with the same head shape.

    Returns:
        The main model with more of the head in pictures: its pose, camera, hull and plate stay.
    """
    if not others:
        return main
    head, surface = main.head, main.surface
    links = adjacency(head.faces, len(head.v_template))
    looks = [_Look(other) for other in others]
    own = _Look(main)
    worth = np.stack([_face_worth(head, look, surface) for look in looks])  # (K, F)
    best = worth.argmax(axis=0)
    chosen = _chosen(head, links, surface, own, worth.max(axis=0))
    pictures, tops = _stacked(main.textures[0], [other.textures[0] for other in others])
    for index, look in enumerate(looks):
        offset = _colour_offset(links, own, look)
        look.shift(offset, tops[index])
    return replace(
        main,
        surface=_fused_surface(head, surface, looks, np.where(chosen, best, -1)),
        textures=(pictures, main.textures[1]),
        filled=_fused_wrap(main, others),
    )


class _Look:
    """One photo's view of the head, per head vertex: where its picture is, how squarely and whether it is seen."""

    def __init__(self, model: AppearanceModel) -> None:
        surface, count = model.surface, len(model.head.v_template)
        direct = surface.source == Source.DIRECT
        wedges = np.unique(surface.triangles[direct])
        vertex = surface.vertex[wedges]
        self.pixels = np.zeros((count, 2), np.float32)
        self.facing = np.zeros(count, np.float32)
        self.seen = np.zeros(count, bool)
        self.pixels[vertex] = surface.pixels[wedges]
        self.facing[vertex] = surface.facing[wedges]
        self.seen[vertex] = True
        self.colour = sample_at(model.textures[0], self.pixels)  # (V, 3)
        self.triangles = surface.vertex[surface.triangles[direct]]  # (F', 3) head vertices
        self.offset = np.zeros((count, 3), np.float32)

    def shift(self, offset: np.ndarray, top: int) -> None:
        """Colours become those of the main photo's light; pixels those of the stacked picture."""
        self.offset = offset
        self.pixels = self.pixels + np.array([0, top], np.float32)

    @property
    def trusted(self) -> np.ndarray:
        """``(V,)`` bool: seen squarely enough to lend its colour."""
        return self.seen & (self.facing > CLEARLY_SEEN)


def _key(head: FlameHead, triangles: np.ndarray) -> np.ndarray:
    ordered = np.sort(triangles.astype(np.int64), axis=1)
    base = np.int64(len(head.v_template))
    return (ordered[:, 0] * base + ordered[:, 1]) * base + ordered[:, 2]


def _face_worth(head: FlameHead, look: _Look, surface: HeadSurface) -> np.ndarray:
    """How squarely a further photo sees each of the main surface's triangles, ``(F,)``; 0 where it must not lend."""
    corners = surface.vertex[surface.triangles]  # (F, 3)
    there = np.isin(_key(head, corners), _key(head, look.triangles))
    worth = np.where(look.trusted[corners].all(axis=1), look.facing[corners].min(axis=1), 0)
    # The mouth's inside faces anywhere: that it is seen is enough.
    mouth = np.zeros(len(head.v_template), bool)
    mouth[head.region_vertices(*INSIDE_MOUTH)] = True
    worth = np.where(mouth[corners].all(axis=1) & look.seen[corners].all(axis=1), 0.5, worth)
    eyes = np.zeros(len(head.v_template), bool)
    eyes[head.region_vertices(*_OWN_TURNING)] = True
    return np.where(there & ~eyes[corners].any(axis=1), worth, 0)


def _chosen(
    head: FlameHead,
    links: tuple[np.ndarray, np.ndarray],
    surface: HeadSurface,
    own: _Look,
    worth: np.ndarray,
) -> np.ndarray:
    """Triangles that a further photo shows better than the main one, ``(F,)`` bool, in patches without specks."""
    corners = surface.vertex[surface.triangles]
    mine = np.select(
        [surface.source == Source.DIRECT, surface.source == Source.MIRRORED],
        [own.facing[corners].min(axis=1) + BETTER_BY, MIRRORED_WORTH],
        0.0,
    )
    # A vote of each vertex' triangles, smoothed, and back to triangles.
    gain = np.zeros(len(head.v_template))
    count = np.zeros(len(head.v_template))
    for corner in range(3):
        np.add.at(gain, corners[:, corner], worth - mine)
        np.add.at(count, corners[:, corner], 1)
    gain /= np.maximum(count, 1)
    starts, neighbours = links
    lengths = np.diff(starts)
    for _ in range(2):
        total = np.add.reduceat(gain[neighbours], np.minimum(starts[:-1], len(neighbours) - 1))
        gain = np.where(lengths > 0, 0.5 * gain + 0.5 * total / np.maximum(lengths, 1), gain)
    wanted = gain[corners].mean(axis=1) > 0
    hidden = (surface.source != Source.DIRECT) & (worth > MIRRORED_WORTH)
    return (worth > 0) & (wanted | hidden)


def _colour_offset(links: tuple[np.ndarray, np.ndarray], own: _Look, look: _Look) -> np.ndarray:
    """What to add to a further photo's colours, ``(V, 3)``: smooth, from where both photos look."""
    both = own.trusted & look.trusted
    if not both.any():
        return np.zeros_like(own.colour)
    difference = np.where(both[:, None], own.colour - look.colour, 0)
    typical = np.median(difference[both], axis=0)
    # Misplaced features make large differences of their own; light does not.
    odd = both & (np.abs(difference - typical).max(axis=1) > 0.2)
    both &= ~odd
    spread, reached = relax_mesh(links, np.where(both[:, None], difference, 0), fixed=both, sweeps=40)
    offset = np.where(reached[:, None], spread, typical)
    starts, neighbours = links
    lengths = np.maximum(np.diff(starts), 1)[:, None]
    for _ in range(6):
        total = np.add.reduceat(offset[neighbours], np.minimum(starts[:-1], len(neighbours) - 1), axis=0)
        offset = np.where(np.diff(starts)[:, None] > 0, 0.5 * offset + 0.5 * total / lengths, offset)
    return np.clip(offset, -LARGEST_SHIFT, LARGEST_SHIFT).astype(np.float32)


def _stacked(main: np.ndarray, others: list[np.ndarray]) -> tuple[np.ndarray, list[int]]:
    """All canvases below each other ``(H, W, 3)``, and the row where each further one starts."""
    pieces, tops = [main], []
    height = len(main)
    for other in others:
        pieces += [np.repeat(pieces[-1][-1:], SEPARATOR_ROWS // 2, axis=0)]
        pieces += [np.repeat(other[:1], SEPARATOR_ROWS // 2, axis=0), other]
        tops.append(height + SEPARATOR_ROWS)
        height += SEPARATOR_ROWS + len(other)
    return np.ascontiguousarray(np.concatenate(pieces), np.float32), tops


def _fused_surface(
    head: FlameHead, surface: HeadSurface, looks: list[_Look], lender: np.ndarray
) -> HeadSurface:
    """Triangles with a lender ``(F,)`` (−1: none) get wedges of their own that show that photo."""
    colour, other_colour = surface.colour.copy(), surface.other_colour.copy()
    fused_colour, weight = _lent_colours(surface, looks, lender)
    # Filled wedges around begin with the fused colours, so that no step shows.
    plain = (surface.gain[:, 0] == 0) & weight[surface.vertex]
    colour[plain] = fused_colour[surface.vertex[plain]]
    fading = (surface.other_gain[:, 0] < 1) & weight[surface.vertex]
    made = 1 - surface.other_gain[fading]
    other_colour[fading] = made * fused_colour[surface.vertex[fading]]

    keys = surface.triangles.astype(np.int64) * (len(looks) + 1) + (lender[:, None] + 1)
    wedges, triangles = np.unique(keys, return_inverse=True)
    old, who = wedges // (len(looks) + 1), wedges % (len(looks) + 1) - 1
    vertex = surface.vertex[old]
    lent = who >= 0

    def pick(kept: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
        result = kept[old].copy()
        for index, value in enumerate(values):
            mine = who == index
            result[mine] = value[vertex[mine]]
        return result.astype(kept.dtype)

    mouth = np.zeros(len(head.v_template), bool)
    mouth[head.region_vertices(*INSIDE_MOUTH)] = True
    turning = surface.turning[old].copy()
    turning[lent & mouth[vertex]] = 0
    one = np.ones((len(head.v_template), 1), np.float32)
    pixels = pick(surface.pixels, [look.pixels for look in looks])
    return HeadSurface(
        vertex=vertex,
        triangles=triangles.reshape(-1, 3).astype(np.int32),
        source=np.where(lender >= 0, int(Source.DIRECT), surface.source),
        pixels=pixels,
        gain=pick(surface.gain, len(looks) * [one]),
        colour=pick(colour, [look.offset for look in looks]),
        seen=pick(surface.seen, [SEEN * np.clip(look.facing / 0.6, 0.4, 1) for look in looks]),
        facing=pick(surface.facing, [look.facing for look in looks]),
        other_pixels=np.where(lent[:, None], pixels, surface.other_pixels[old]),
        other_gain=pick(surface.other_gain, len(looks) * [one]),
        other_colour=pick(other_colour, [look.offset for look in looks]),
        doubt=np.where(lent, 0, surface.doubt[old]).astype(np.float32),
        turning=turning,
        turned_colour=surface.turned_colour[old],
    )


def _lent_colours(
    surface: HeadSurface, looks: list[_Look], lender: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Colours ``(V, 3)`` at the vertices of lent triangles, and which those are ``(V,)``."""
    corners = surface.vertex[surface.triangles]
    colours = np.zeros_like(looks[0].colour)
    known = np.zeros(len(colours), bool)
    for index, look in enumerate(looks):
        vertices = np.unique(corners[lender == index])
        colours[vertices] = np.clip(look.colour[vertices] + look.offset[vertices], 0, 1)
        known[vertices] = True
    return colours, known


def _fused_wrap(main: AppearanceModel, others: list[AppearanceModel]) -> np.ndarray:
    """The main model's ``filled`` picture with hair and clothes from the photos that were taken from their side."""
    picture = main.filled.copy()
    own = _wrapped(main)
    shape = (own.shape[0], own.shape[1])
    sight = _squarely(main, shape)
    total = np.maximum(sight, 1e-3)[..., None]
    blended = own * total
    for other in others:
        theirs = cv2.resize(_wrapped(other), shape[::-1], interpolation=cv2.INTER_LINEAR)
        look = _squarely(other, shape)
        # Where the main photo looks squarely, its own hair stays.
        share = (look * (1 - sight))[..., None]
        blended += share * np.clip(theirs * _light_ratio(own, theirs, sight * look), 0, 1)
        total = total + share
    picture[: own.shape[0], : own.shape[1]] = blended / total
    return picture.astype(np.float32)


def _light_ratio(own: np.ndarray, theirs: np.ndarray, both: np.ndarray) -> np.ndarray:
    """What to multiply ``theirs (h, w, 3)`` by: smooth, from where both photos count (``both (h, w)``, 0 to 1).

    Hair is dark: a factor, unlike a shift, keeps its shades.
    """
    height, width = both.shape
    small = (max(width // 8, 4), max(height // 8, 4))
    weight = cv2.resize(both.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    first, second = (
        cv2.GaussianBlur(cv2.resize(one, small, interpolation=cv2.INTER_AREA), (0, 0), 1.5) + 0.03
        for one in (own, theirs)
    )
    ratio = np.clip(np.log(first / second), *np.log(WRAP_RATIO)).astype(np.float32)
    spread = push_pull(ratio, np.clip(2 * weight, 0, 1))
    return np.exp(cv2.resize(cv2.GaussianBlur(spread, (0, 0), 1.5), (width, height)))


def _wrapped(model: AppearanceModel) -> np.ndarray:
    """The part of a model's ``filled`` picture that is wrapped round the head, ``(h, w, 3)``."""
    height = len(model.filled) - model.textures[1].shape[0]
    scale = height / (WIDEST_RADIANS + LOWEST_RADIANS)
    return model.filled[:height, : int(round(2 * WIDEST_RADIANS * scale))]


def _squarely(model: AppearanceModel, shape: tuple[int, int]) -> np.ndarray:
    """How squarely the photo was taken of what every pixel of the wrapped picture shows, ``(h, w)``: 0 to 1."""
    height, width = shape
    u = np.linspace(-WIDEST_RADIANS, WIDEST_RADIANS, width)[None]
    v = np.linspace(WIDEST_RADIANS, -LOWEST_RADIANS, height)[:, None]
    up = np.maximum(v, 0)  # below the skull's middle the picture is a cylinder's
    angle = np.maximum(np.hypot(u, up), 1e-6)
    outward = np.stack(
        np.broadcast_arrays(np.sin(angle) * u / angle, np.sin(angle) * up / angle, -np.cos(angle)), axis=-1
    )
    skull = rigid_parts(model.head)[0]
    template, placed = (
        points[skull].astype(np.float64) for points in (model.head.v_template, model.reference)
    )
    to_camera = (model.camera_center - placed.mean(axis=0)) @ rigid_between(template, placed).rotation
    cosine = outward @ (to_camera / np.linalg.norm(to_camera))
    return np.clip((cosine - WRAP_FACING[0]) / (WRAP_FACING[1] - WRAP_FACING[0]), 0, 1)
