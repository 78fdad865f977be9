"""The photo on the fitted head, and colours for what the photo does not show well.

Every triangle has a main picture: **direct**, where the photo saw it; **mirrored**, the photo at its twin on the
other side of the face; or **filled**, from its vertices' colours. A vertex that triangles of different kinds
share is split ("wedges"). A direct triangle whose twin the photo saw much better has that as an alternative where
a view stretches its own picture too far. Mirrored pictures get a smooth colour offset so that lighting differences fade
instead of showing an edge (mean-value cloning on the mesh). Only what the photo shows frontally enough, well
inside the matte, may lend its colour to other places.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from flame.head import FlameHead
from flame.regions import INSIDE_MOUTH
from mvvideo.portrait.canvas import Canvas
from mvvideo.portrait.contours import beside_contours, over_far_cheek, skin_rim
from mvvideo.portrait.kernels import relax_mesh
from mvvideo.portrait.lids import OWN_COLOUR, lid_colours, lid_share
from mvvideo.portrait.relight import continued_share, fine_detail, measured_shading
from mvvideo.portrait.synthetic import FaceColours, synthetic_colours
from mvvideo.portrait.views import HeadView, face_front, sample_at, signed_distance

__all__ = ["HeadSurface", "Source", "build_surface"]

LARGEST_SEAM = 0.8
"""Most that a mirrored colour is shifted."""
TRUSTED_FACING = 0.35
"""Cosine from which on a photographed colour counts as the surface's own rather than its outline's …"""
DOUBTED_FACING = 0.15
"""… and below which it counts for nothing."""
FADING_FACING = 0.6
"""Cosine below which skin that a view stretches fades to its fill, wholly from the trusted one down."""
SEAM_STEPS = 4
"""Edges of the mesh over which photographed skin fades, in turned views, to the colours made up beside it."""
BEHIND_EARS_METRES = -0.09
"""Template z behind which the upper head is hairy."""
LARGEST_RELIGHT = 1.8
"""Most that a mirrored colour is made brighter or darker for the light here."""
DIFFERENT_LIGHT = 0.3
"""Shift of a mirrored colour from which on its twin lies in another light: its picture shows that light's edges."""
SMALLEST_PATCH = 12
"""Mirrored triangles by fewer than these, amid filled ones, would be specks: a piece of an earring, of a lock."""
BETTER_TWIN = 0.2
"""A mirrored picture replaces a stretched one when its facing cosine is better by this."""


class Source(IntEnum):
    """Where a triangle's picture comes from."""

    DIRECT = 0
    MIRRORED = 1
    FILLED = 2


@dataclass(frozen=True, eq=False)
class HeadSurface:
    """The head's triangles, cut into wedges. M wedges, F triangles.

    Attributes:
        vertex: ``(M,)`` head vertex of each wedge; triangles: ``(F, 3)`` wedge indices.
        source: ``(F,)`` :class:`Source`.
        pixels: ``(M, 2)`` canvas pixels where the wedge's picture is.
        gain, colour: ``(M, 1)``, ``(M, 3)``: drawn = gain · photo + colour.
        seen, facing: ``(M,)`` confidence at the photo.
        other_pixels ``(M, 2)``, other_gain ``(M, 1)``, other_colour ``(M, 3)``: the alternative.
        doubt: ``(M,)`` how far that shows instead of the photo once the view has turned away.
        turning ``(M, 5)``, turned_colour ``(M, 3)``: what the wedge turns into when, in this order, the left or
            right lid closes, the left or right eye turns, the mouth opens; and how far.
    """

    vertex: np.ndarray
    triangles: np.ndarray
    source: np.ndarray
    pixels: np.ndarray
    gain: np.ndarray
    colour: np.ndarray
    seen: np.ndarray
    facing: np.ndarray
    other_pixels: np.ndarray
    other_gain: np.ndarray
    other_colour: np.ndarray
    doubt: np.ndarray
    turning: np.ndarray
    turned_colour: np.ndarray


def build_surface(
    head: FlameHead,
    vertices: np.ndarray,
    canvas: Canvas,
    view: HeadView,
    links: tuple[np.ndarray, np.ndarray],
    colours: FaceColours,
    likeness: np.ndarray,
    hair: tuple[np.ndarray, np.ndarray],
) -> HeadSurface:
    """Texture the head.

    Args:
        vertices: ``(V, 3)`` at the photo's pose, outline snapped; view: the same, drawn.
        links: :func:`~mvvideo.portrait.kernels.adjacency` of the head; colours: of eyes, teeth, mouth, skin.
        likeness: ``(W, W)`` how much the canvas shows skin.
        hair: ``(V,)`` how far hair grows there, and ``(V, 3)`` its colour.
    """
    pixels, distance = (array[0] for array in canvas.camera.project(vertices))
    facing = _vertex_facing(head, vertices, canvas)
    source = _triangle_sources(head, canvas, view, pixels, distance, facing)
    mirror = head.mirror_index
    synthetic, own_colour = synthetic_colours(head, vertices, colours)

    direct = _touched(view.faces[source == Source.DIRECT], len(vertices))
    photo, skin = sample_at(canvas.colour, pixels), sample_at(likeness, pixels)
    contour = beside_contours(head, vertices, canvas, view, pixels)
    contour = np.maximum(contour, over_far_cheek(head, links, photo, skin, facing, direct)) * direct
    anchor = direct & ~synthetic & _trusted(head, canvas, likeness, pixels, facing) & (contour < 0.01)
    doubtful = direct & ~synthetic & ~anchor
    doubtful &= _trusted(head, canvas, likeness, pixels, facing, cosine=DOUBTED_FACING)
    belief = anchor + doubtful * np.clip((facing - DOUBTED_FACING) / (TRUSTED_FACING - DOUBTED_FACING), 0, 1)
    # What is neither skin nor outline, a lock of hair, goes on in colours made up beside it.
    bare = _bare_rim(canvas, likeness, pixels) | anchor | (contour > 0)
    bare = (bare | skin_rim(head, links, skin, facing, direct)) & ~synthetic
    belief = np.where(direct & ~synthetic & ~bare, 1, belief) * (1 - contour)
    has_twin = anchor[mirror]
    # A mirrored triangle must agree with the filled ones around it.
    source[(source == Source.MIRRORED) & ~has_twin[view.faces].all(axis=1)] = Source.FILLED
    source[_crumbs(view.faces, source == Source.MIRRORED)] = Source.FILLED
    plain = anchor & (skin > 0.4)
    under = _under_shade(head, vertices)
    shading = under * measured_shading(head.vertex_normals(vertices), photo / under, plain)
    continued = continued_share(head, vertices, anchor, skin[mirror])
    relit = np.clip(shading / shading[mirror], 1 / LARGEST_RELIGHT, LARGEST_RELIGHT)
    fill, offset = _spread_colours(
        links, photo, anchor, mirror, under, belief, relit, continued, fine_detail(vertices, photo, plain)
    )
    # Where light here and there differs much, little of the twin's own picture is left.
    less = continued * np.clip(np.abs(offset).max(axis=1, keepdims=True) / DIFFERENT_LIGHT, 0, 1)
    offset += less * relit * photo[mirror]
    relit = (1 - less) * relit
    fill = np.where(np.isnan(fill), colours.skin * under, fill)
    covered = (hair[0] * ~anchor)[:, None]
    fill = (1 - covered) * fill + covered * hair[1]
    fill[synthetic] = own_colour[synthetic]
    lids = lid_share(head, pixels, colours)
    lid_colour = lid_colours(head, links, fill, pixels, anchor & (skin > 0.3), colours)

    in_mouth = np.zeros((len(vertices), 1), np.float32)
    in_mouth[head.region_vertices(*INSIDE_MOUTH)] = 1
    unseen = _touched(view.faces[source == Source.FILLED], len(vertices))
    own_turning = np.concatenate([_outside_eye_opening(head, pixels, colours, unseen), in_mouth], axis=1)

    # Wedges: (vertex, kind) pairs. Direct triangles whose twin was seen much better get that as alternative.
    better = has_twin & ~synthetic & ((facing[mirror] > facing + BETTER_TWIN) | (contour > 0.5))
    kinds = np.where((source == Source.DIRECT) & better[view.faces].all(axis=1), 3, source)
    keys = view.faces.astype(np.int64) * 4 + kinds[:, None]
    wedges, triangles = np.unique(keys, return_inverse=True)
    vertex, kind = wedges // 4, wedges % 4
    is_twin, is_filled, has_other = (kind == k for k in (Source.MIRRORED, Source.FILLED, 3))
    # Where mirrored pictures end amid made-up colours their detail runs out.
    twinned = (kinds == Source.MIRRORED) | (kinds == 3)
    plain = ((kinds == Source.FILLED) | (facing[view.faces].min(axis=1) < FADING_FACING)) & ~twinned
    end = _seam(links, view.faces[twinned], view.faces[plain & ~synthetic[view.faces].any(axis=1)])[:, None]
    relit, offset = (1 - end) * relit, (1 - end) * offset + end * fill
    gain = relit.mean(axis=1, keepdims=True)
    offset = offset + (relit - gain) * photo[mirror]
    # Skin seen edge-on fades to its fill: its own picture is the outline's dark rim, drawn out.
    fades = bare * np.clip((FADING_FACING - facing) / (FADING_FACING - TRUSTED_FACING), 0, 1)
    seam = _seam(links, view.faces[source == Source.DIRECT], view.faces[source != Source.DIRECT])
    doubt = np.maximum(bare * (1 - belief) * seam, contour)
    fades = np.maximum(fades, doubt)[:, None]
    is_direct = ~is_twin & ~is_filled
    colour = np.select([is_filled[:, None], is_twin[:, None]], [fill[vertex], offset[vertex]], 0.0)
    main_pixels = np.where(is_twin[:, None], pixels[mirror[vertex]], pixels[vertex])
    return HeadSurface(
        vertex=vertex,
        triangles=triangles.reshape(-1, 3).astype(np.int32),
        source=source,
        pixels=main_pixels.astype(np.float32),
        gain=np.select([is_filled, is_twin], [0, gain[vertex, 0]], 1).astype(np.float32)[:, None],
        colour=colour.astype(np.float32),
        seen=np.select([is_direct, is_twin], [1.0, 0.5], 0.0).astype(np.float32),
        facing=np.select([is_direct, is_twin], [facing[vertex], facing[mirror[vertex]]], 0.0).astype(
            np.float32
        ),
        other_pixels=np.where(has_other[:, None], pixels[mirror[vertex]], main_pixels).astype(np.float32),
        other_gain=np.select(
            [is_filled[:, None], (kind == Source.DIRECT)[:, None]], [0, 1 - fades[vertex]], gain[vertex]
        ).astype(np.float32),
        other_colour=np.select(
            [has_other[:, None], (kind == Source.DIRECT)[:, None]],
            [offset[vertex], fades[vertex] * fill[vertex]],
            colour,
        ).astype(np.float32),
        doubt=np.where(is_direct, doubt[vertex], 0).astype(np.float32),
        turning=(np.concatenate([lids, own_turning], axis=1)[vertex]).astype(np.float32),
        turned_colour=np.where(synthetic[:, None], own_colour, lid_colour)[vertex].astype(np.float32),
    )


def _spread_colours(
    links: tuple[np.ndarray, np.ndarray],
    photo: np.ndarray,
    anchor: np.ndarray,
    mirror: np.ndarray,
    shading: np.ndarray,
    belief: np.ndarray,
    relit: np.ndarray,
    continued: np.ndarray,
    detail: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Colours for every vertex from the trusted ones.

    Args:
        photo: ``(V, 3)`` what the photo shows there; anchor: ``(V,)`` where that is to be trusted.
        mirror: ``(V,)`` the vertex on the other side; shading: ``(V, 1)`` taken out before spreading.
        belief: ``(V,)`` how far the photo counts in the result: 1 at anchors, falling to 0 around them, so that
            spread colours begin where the photo leaves off.
        relit: ``(V, 3)`` what brings the twin's colour into the light here; continued: ``(V, 1)`` how far it takes
            its tone from trusted colours nearby; detail: ``(V, 1)`` how much brighter it then still is, as a share.

    Returns:
        ``(V, 3)`` colours, NaN where no trusted vertex is connected, and ``(V, 3)`` offsets that mirrored, relit
        colours need to meet the trusted ones without a seam.
    """
    twin, has_twin = relit * photo[mirror], anchor[mirror]
    seam = anchor & has_twin
    offset, reached = relax_mesh(links, np.where(seam[:, None], photo - twin, 0), fixed=seam, sweeps=40)
    offset = np.where(reached[:, None], offset, 0)
    tone, reached = relax_mesh(links, np.where(anchor[:, None], photo, 0), fixed=anchor, sweeps=40)
    goal = tone * (1 + detail[mirror]) - twin
    offset += continued * reached[:, None] * (goal - offset)
    offset = belief[:, None] * (photo - twin) + (1 - belief[:, None]) * offset
    offset = np.clip(offset, -LARGEST_SEAM, LARGEST_SEAM)
    believed = np.where(anchor[:, None], photo, twin + offset)
    given = anchor | has_twin
    spread, reached = relax_mesh(
        links, np.where(given[:, None], believed / shading, 0), fixed=given, sweeps=50
    )
    spread = belief[:, None] * photo + (1 - belief[:, None]) * spread * shading
    return np.where(reached[:, None], spread, np.nan), offset


def _seam(links: tuple[np.ndarray, np.ndarray], some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """1 where ``some (F, 3)`` triangles meet ``others``, falling to 0 a few vertices away; ``(V,)``."""
    starts, neighbours = links
    count = len(starts) - 1
    near = (_touched(some, count) & _touched(others, count)).astype(np.float32)
    for _ in range(SEAM_STEPS):
        highest = np.maximum.reduceat(near[neighbours], np.minimum(starts[:-1], len(neighbours) - 1))
        spread = np.where(np.diff(starts) > 0, highest, 0) - 1 / SEAM_STEPS
        near = np.maximum(near, spread)
    return np.clip(near, 0, 1)


def _under_shade(head: FlameHead, vertices: np.ndarray) -> np.ndarray:
    """Darkening of what faces down, ``(V, 1)``: light comes from above, and chins shade necks."""
    down = -head.vertex_normals(vertices)[:, 1:2]
    return 1 - 0.4 * np.clip(down - 0.15, 0, 1)


def _bare_rim(canvas: Canvas, likeness: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Vertices on skin, or on the few pixels of outline around the person, ``(V,)`` bool."""
    room = sample_at(signed_distance(canvas.matte > 0.9), pixels)
    return (sample_at(likeness, pixels) > 0.4) | (room < 8 * canvas.size / 512)


def _trusted(
    head: FlameHead,
    canvas: Canvas,
    likeness: np.ndarray,
    pixels: np.ndarray,
    facing: np.ndarray,
    *,
    cosine: float = TRUSTED_FACING,
) -> np.ndarray:
    """Vertices whose photographed colour may stand for their surroundings, ``(V,)`` bool."""
    room = sample_at(signed_distance(canvas.matte > 0.9), pixels)
    frontal = (facing > cosine) & (room > 4 * canvas.size / 512)
    hairy = np.zeros(len(pixels), bool)
    hairy[head.region_vertices("scalp")] = True
    hairy |= (head.v_template[:, 2] < BEHIND_EARS_METRES) & (head.weights[:, 1] > 0.9)
    skin = sample_at(likeness, pixels)
    hair = frontal & hairy & (skin < 0.5)
    if hair.sum() < 10:  # bald, or a crown that is not in the picture
        hair = frontal & hairy
    lips = np.zeros(len(pixels), bool)
    lips[head.region_vertices("lips")] = True
    return np.where(hairy, hair, frontal & ((skin > 0.4) | (face_front(head) & (skin > 0.1)) | lips))


def _touched(triangles: np.ndarray, vertices: int) -> np.ndarray:
    """``(V,)`` bool: vertices of these triangles."""
    mask = np.zeros(vertices, bool)
    mask[triangles.ravel()] = True
    return mask


def _vertex_facing(head: FlameHead, vertices: np.ndarray, canvas: Canvas) -> np.ndarray:
    """Cosine between normal and the ray to the photo's camera, ``(V,)``, negative on the far side."""
    ray = canvas.camera.center[0] - vertices
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    return (head.vertex_normals(vertices) * ray).sum(axis=1).astype(np.float32)


def _triangle_sources(
    head: FlameHead,
    canvas: Canvas,
    view: HeadView,
    pixels: np.ndarray,
    distance: np.ndarray,
    facing: np.ndarray,
) -> np.ndarray:
    """:class:`Source` of every drawn triangle, ``(F,)``."""
    faces = view.faces
    corners = pixels[faces]  # (F, 3, 2)
    edge, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = 0.5 * np.abs(edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0])
    inside = view.triangle >= 0
    shown = np.bincount(view.triangle[inside & canvas.photographed], minlength=len(faces))
    # A vertex is seen where nothing lies more than 2 mm in front of it (a pixel's depth range at grazing angles).
    eye_z = float(canvas.camera.center[0, 2])
    nearest = sample_at(np.where(inside, eye_z - view.front, 1e3).astype(np.float32), pixels)
    at = pixels - canvas.pad
    in_crop = ((at >= 0) & (at < canvas.size)).all(axis=1)
    clear = (distance < nearest + 0.002) & (facing > 0.03) & in_crop
    # Few pixels of a triangle suffice: all that the photo shows must come back in its own view.
    direct = (shown > 0.1 * area) & (shown > 0) | clear[faces].all(axis=1)
    direct |= (shown > 0) & _faces_in(head, view.drawn, *INSIDE_MOUTH, "lips")
    twin = _mirror_triangles(head, faces)
    good_twin = direct & (facing[faces].min(axis=1) > 0.3)
    unsided = np.isin(head.vertex_region, np.unique(head.vertex_region[head.region_vertices(*OWN_COLOUR)]))
    mirrored = ~direct & (twin >= 0) & good_twin[twin] & ~unsided[faces].any(axis=1)
    return np.select([direct, mirrored], [Source.DIRECT, Source.MIRRORED], Source.FILLED).astype(np.int64)


def _faces_in(head: FlameHead, drawn: np.ndarray, *regions: str) -> np.ndarray:
    """Which of the ``drawn`` triangles lie in these regions, bool."""
    return np.isin(drawn, head.region_faces(*regions))


def _crumbs(faces: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which of the ``chosen (F,)`` triangles hang together with few others only, ``(F,)`` bool."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    own = faces[chosen]
    result = np.zeros(len(faces), bool)
    if not len(own):
        return result
    ends, count = np.roll(own, 1, axis=1), int(faces.max()) + 1
    graph = coo_matrix((np.ones(own.size), (own.ravel(), ends.ravel())), shape=(count, count))
    piece = connected_components(graph, directed=False)[1][own[:, 0]]
    result[chosen] = np.bincount(piece)[piece] < SMALLEST_PATCH
    return result


def _mirror_triangles(head: FlameHead, faces: np.ndarray) -> np.ndarray:
    """Index of each triangle's mirror image among ``faces``, −1 where there is none; ``(F,)``."""
    base = np.int64(len(head.v_template))

    def key(triangles: np.ndarray) -> np.ndarray:
        ordered = np.sort(triangles.astype(np.int64), axis=1)
        return (ordered[:, 0] * base + ordered[:, 1]) * base + ordered[:, 2]

    own = key(faces)
    order = np.argsort(own)
    wanted = key(head.mirror_index[faces])
    place = np.minimum(np.searchsorted(own[order], wanted), len(own) - 1)
    return np.where(own[order][place] == wanted, order[place], -1)


def _outside_eye_opening(
    head: FlameHead, pixels: np.ndarray, colours: FaceColours, unseen: np.ndarray
) -> np.ndarray:
    """Eyeball vertices that the photo shows as lid, not as eye: ``(V, 2)`` float32, left and right.

    Args:
        unseen: ``(V,)`` bool, vertices that a lid of the fitted head hides: filled colours begin there.
    """
    import cv2

    outside = np.zeros((len(pixels), 2), np.float32)
    for column, (side, outline) in enumerate(zip(("left", "right"), colours.eye_outline)):
        height = max(float(np.ptp(outline[:, 1])), 1.0)
        for vertex in head.region_vertices(f"eye_{side}", f"iris_{side}", f"pupil_{side}"):
            room = cv2.pointPolygonTest(outline[:, None], tuple(map(float, pixels[vertex])), True)
            outside[vertex, column] = max(np.clip(0.9 - room / (0.2 * height), 0, 1), unseen[vertex])
    return outside
