"""From crop, matte, points and fit to an :class:`~mvvideo.portrait.appearance.AppearanceModel`."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from flame.head import FlameHead
from flame.sequence import FlameSequence
from mvvideo.portrait.appearance import AppearanceModel
from mvvideo.portrait.canvas import OPAQUE, Canvas, make_canvas
from mvvideo.portrait.collar import Collar, collar_clearance, covered_neck, find_collar, tucked_in
from mvvideo.portrait.face_points import FACE_OVAL
from mvvideo.portrait.hull import Anatomy, Hull, build_hull
from mvvideo.portrait.inside import clear_mouth, inner_offsets
from mvvideo.portrait.kernels import adjacency
from mvvideo.portrait.plate import push_pull
from mvvideo.portrait.posing import rigid_between, rigid_parts
from mvvideo.portrait.scalp import cap_paint, hair_beside, hair_cap, hair_share, joined
from mvvideo.portrait.skin import polygon_mask, skin_likeness
from mvvideo.portrait.skinside import apart_from_skin, bare_vertices
from mvvideo.portrait.snapping import outline_offsets
from mvvideo.portrait.surface import build_surface
from mvvideo.portrait.synthetic import measure_colours
from mvvideo.portrait.throat import bare_throat, behind_jaw, clear_jaw
from mvvideo.portrait.views import (
    HeadView,
    drawn_triangles,
    sample_at,
    signed_distance,
    view_head,
    visible_triangles,
)
from mvvideo.portrait.wrap import RADIUS_METRES, Wrap, face_the_front, paint_wrap
from renderer.cameras import Cameras
from renderer.shading import shade

__all__ = ["build_appearance"]

OVERHANGING_NECK = 0.12
"""Share of the neck outside the matte from which on the mesh's neck is not used."""
WIDEST_NECK_METRES = 0.008
"""How far a neck is brought in at a time."""
BALD = 0.85
"""Mean likeness of the crown to skin from which on it is bald."""
SKIN_BEHIND = 0.03
"""Weight of a neck's colour against hair's and clothes' where none is known."""
EAR_ROOM_METRES = 0.025
"""Around the fitted ear, where nothing is taken for hair."""
BARE_EDGE_PIXELS = 6.0
"""How finely the edge of bare skin is known, per 512 pixels of the crop."""
SEEN_EAR, COVERED_EAR = 0.002, 0.2
"""Share of the head's picture from which on an ear is on the photo's side; share of its skin that shows, below which
it lies under hair."""
BODY_BEHIND_NECK_METRES = 0.03
"""How far the middle of a clothed torso lies behind the joint of the neck."""
THROAT_METRES = 0.01
"""Below the chin, over which the hull's own picture gives way to the photo's throat."""
COLLAR_EDGE_METRES = 0.004
"""Depth below a collar from which on skin does not show through the edge of what lies before it."""
_LINKS: dict[int, tuple[FlameHead, tuple[np.ndarray, np.ndarray]]] = {}


def _links(head: FlameHead) -> tuple[np.ndarray, np.ndarray]:
    """The head's vertex neighbours, made once per head."""
    if id(head) not in _LINKS:
        _LINKS[id(head)] = (head, adjacency(head.faces, len(head.v_template)))
    return _LINKS[id(head)][1]


def build_appearance(
    image: np.ndarray,
    landmarks: np.ndarray,
    matte: np.ndarray,
    plate: np.ndarray,
    plate_known: np.ndarray,
    *,
    head: FlameHead,
    fit: FlameSequence,
    camera: Cameras,
) -> AppearanceModel:
    """Make the appearance model.

    Args:
        image, plate: ``(S, S, 3)`` float32; matte, plate_known: ``(S, S)``; landmarks: ``(478, 2+)`` crop pixels.
        fit: one frame, the photo's own pose; camera: the photo's own.
    """
    # 1. The crop on its canvas, and the head in it
    canvas = make_canvas(image, matte, camera)
    reference = head.pose(fit)[0]  # (V, 3)
    drawn = drawn_triangles(head)
    links = _links(head)
    likeness = canvas.extend(skin_likeness(image, matte, landmarks))
    oval = np.pad(polygon_mask(landmarks, FACE_OVAL, canvas.size), canvas.pad)

    # 2. The head's outline to the matte's
    mask = visible_triangles(head, reference, canvas.camera, drawn) >= 0
    offsets = outline_offsets(head, reference, canvas, mask, likeness, links, _shrunk(oval, landmarks))
    offsets = offsets + inner_offsets(head, reference)
    vertices = reference + offsets
    drawn = _without_wide_neck(head, vertices, canvas, drawn)
    view = view_head(head, vertices, canvas.camera, drawn)
    bare = _bare_skin(view, likeness, oval, canvas)
    clearance = collar_clearance(head, vertices, view, bare, canvas.camera)
    offsets = offsets + tucked_in(head, vertices, clearance)
    vertices = reference + offsets
    offsets = offsets + _held_inside(head, vertices, canvas, drawn)
    vertices = reference + offsets
    view = view_head(head, vertices, canvas.camera, _without_overhang(head, vertices, canvas, drawn))
    bare = _bare_skin(view, likeness, oval, canvas)
    collar = find_collar(head, vertices, view, clearance, canvas.camera)
    covered = covered_neck(head, view, clearance)
    if covered.any():
        view = view_head(head, vertices, canvas.camera, view.drawn[~covered])
        bare = bare * view.mask

    # 3. The body around it, and hair over the far side of the head
    anatomy = _anatomy(head, fit, vertices, canvas)
    wrap = _wrap(head, reference, anatomy)
    hull = build_hull(canvas, view, bare, anatomy, wrap, collar)
    hull = clear_mouth(hull, head, vertices, canvas.camera)
    hull = clear_jaw(hull, head, fit, offsets, canvas, anatomy)
    hairy = hair_share(head) * np.float32(0.0 if _is_bald(view, likeness, canvas) else 1.0)
    kind = bare_vertices(head, view, vertices, bare, canvas, clearance, hairy, anatomy.metres_per_pixel)
    hull = apart_from_skin(hull, head, vertices, view.faces, kind, signed_distance(bare > 0.5))
    front, plain, known, seen = _hull_textures(canvas, bare, view.mask, anatomy)
    ear = np.isin(np.append(view.drawn, -1)[view.triangle], head.region_faces("ear_left", "ear_right"))
    known = _hair_and_clothes(known, bare, ear, view, likeness, canvas, anatomy, collar)
    filled = paint_wrap(
        wrap,
        hull.front,
        colour=canvas.colour,
        known=known,
        front=behind_jaw(head, canvas, view, plain, anatomy),
    )
    cap, under_cap = hair_cap(head, vertices, canvas, view.drawn, hairy, wrap)
    grown = hairy
    hairy = np.maximum(hairy, hair_beside(head, vertices, hull, view, anatomy))
    hull = replace(
        hull,
        front=face_the_front(wrap, hull.front, bare_throat(bare, canvas, anatomy)),
        back=joined(hull.back, cap),
    )

    # 4. The photo on the head
    hidden = _covered_ears(head, view, bare, hull, canvas)
    if hidden.any():
        view = view_head(head, vertices, canvas.camera, view.drawn[~hidden])
    colours = measure_colours(image, landmarks, canvas.pad)
    hair = cv2.GaussianBlur(filled, (0, 0), 0.03 * wrap.scale)
    surface = build_surface(
        head, vertices, canvas, view, links, colours, likeness, (hairy, sample_at(hair, wrap(vertices)))
    )
    plain_back = np.repeat(
        np.array([[1, 0, 0, 0]], np.float32), len(hull.back.positions) - len(under_cap), axis=0
    )
    hull = replace(hull, back_paint=np.concatenate([plain_back, cap_paint(under_cap, grown, surface)]))
    return AppearanceModel(
        head=head,
        reference=reference,
        offsets=offsets,
        pivot=_neck_joint(head, fit),
        surface=surface,
        hull=hull,
        textures=(canvas.colour, front),
        filled=filled,
        fringe=np.concatenate([canvas.colour, hull.fringe_alpha[..., None]], axis=-1).astype(np.float32),
        size=canvas.size,
        camera_center=camera.center[0],
        front_seen=seen,
        plate=plate.astype(np.float32),
        plate_known=plate_known.astype(np.float32),
        bare_skin=(1 - grown) * np.clip(1 + clearance / COLLAR_EDGE_METRES, 0, 1),
    )


def _overhang(
    head: FlameHead, vertices: np.ndarray, canvas: Canvas, drawn: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every drawn triangle: pixels that the photo's camera sees, and those of them where the photo has
    background, ``(F',)`` each; and which one every pixel shows, ``(W, W)``."""
    triangle = visible_triangles(head, vertices, canvas.camera, drawn)
    looked_at = (triangle >= 0) & canvas.photographed
    shown = triangle[looked_at]
    outside = canvas.matte[looked_at] < 0.3
    count = len(drawn)
    return np.bincount(shown, minlength=count), np.bincount(shown[outside], minlength=count), triangle


def _without_wide_neck(
    head: FlameHead, vertices: np.ndarray, canvas: Canvas, drawn: np.ndarray
) -> np.ndarray:
    """The drawn triangles, without the neck if too much of it would show beside a collar or under a turned chin:
    it is left to the hull, then."""
    left = drawn
    for _ in range(3):
        total, over, _ = _overhang(head, vertices, canvas, left)
        neck = np.isin(left, head.region_faces("neck"))
        if over[neck].sum() > OVERHANGING_NECK * max(total[neck].sum(), 1):
            return np.setdiff1d(drawn, head.region_faces("neck"))
        wrong = over > 0.5 * np.maximum(total, 1)
        if not wrong.any():
            break
        left = left[~wrong]
    return drawn


def _held_inside(head: FlameHead, vertices: np.ndarray, canvas: Canvas, drawn: np.ndarray) -> np.ndarray:
    """What brings triangles that bridge a corner of the matte inside it, ``(V, 3)`` metres: from neck to shoulder,
    from jaw to hair."""
    move = np.zeros_like(vertices)
    room = signed_distance(canvas.matte > OPAQUE)  # (W, W) pixels
    smooth = cv2.GaussianBlur(room, (0, 0), 4 * canvas.size / 512)
    slope = np.stack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)], axis=-1)
    slope /= np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-6)
    neck, other = (np.isin(drawn, head.region_faces(*names)) for names in (("neck",), ("skin", "scalp")))
    metres = (canvas.camera.project(vertices)[1][0] / canvas.camera.focal_px[0]).astype(
        np.float32
    )  # per pixel
    for _ in range(3):
        # Elsewhere only what would be left out altogether, and leave a hole in a cheek.
        total, outside, triangle = _overhang(head, vertices + move, canvas, drawn)
        held = np.append(neck | (other & (outside > 0.5 * np.maximum(total, 1))), False)
        over = held[triangle] & canvas.photographed & (room < 0)
        if not over.any():
            break
        corners = head.faces[drawn[triangle[over]]]  # (P, 3)
        farthest = np.zeros(len(vertices), np.float32)
        np.maximum.at(farthest, corners, np.repeat(1.0 - room[over][:, None], 3, axis=1))
        way = np.zeros((len(vertices), 2), np.float32)
        np.add.at(way, corners, np.repeat(slope[over][:, None], 3, axis=1))
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        reach = np.minimum(farthest * metres, WIDEST_NECK_METRES)
        move[:, :2] += reach[:, None] * way * np.array((1, -1), np.float32)
    return move


def _without_overhang(head: FlameHead, vertices: np.ndarray, canvas: Canvas, drawn: np.ndarray) -> np.ndarray:
    """Those of the drawn triangles that do not show where the photo has background."""
    for _ in range(3):
        total, over, _ = _overhang(head, vertices, canvas, drawn)
        wrong = over > 0.5 * np.maximum(total, 1)
        if not wrong.any():
            break
        drawn = drawn[~wrong]
    return drawn


def _covered_ears(
    head: FlameHead, view: HeadView, bare: np.ndarray, hull: Hull, canvas: Canvas
) -> np.ndarray:
    """Drawn triangles of ears that lie under hair or a hat, ``(F',)`` bool: their tips would pierce it in turned
    views.

    Args:
        bare: ``(W, W)`` 1 where the photo shows the head's own skin; hull: with the hair, which is to show instead.
    """
    clip = canvas.camera.to_clip(hull.front.positions)
    body = shade(clip, hull.front.triangles, None, resolution=2 * (canvas.width,)).mask[0]
    missing = (canvas.matte > OPAQUE) & ~body
    covered = np.zeros(len(view.drawn), bool)
    for side in ("left", "right"):
        ear = np.isin(view.drawn, head.region_faces(f"ear_{side}"))
        shown = np.append(ear, False)[view.triangle]
        on_photo = shown.sum() > SEEN_EAR * view.mask.sum()
        if on_photo and bare[shown].mean() < COVERED_EAR and not missing[shown].any():
            covered |= ear
    return covered


def _shrunk(oval: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The middle of the face oval, ``(W, W)`` bool."""
    reach = max(int(0.12 * np.ptp(landmarks[:, 0])), 1)
    return cv2.distanceTransform(oval, cv2.DIST_L2, 3) > reach


def _bare_skin(view: HeadView, likeness: np.ndarray, oval: np.ndarray, canvas: Canvas) -> np.ndarray:
    """Where the head's own surface is what the photo shows, ``(W, W)`` float32 0/1."""
    face = np.maximum(oval.astype(np.float32), view.face)
    # A crown is bald as a whole or not at all: fair hair has skin's colour here and there. Necks and ears lie in
    # shadow or glow.
    bald = _is_bald(view, likeness, canvas)
    expected = np.where(likeness > 0.05, 0.3 * view.often_bare, 0) - (0.0 if bald else 1.0) * view.scalp
    skin = np.maximum(face * (1 - view.scalp), np.clip(likeness + expected, 0, 1)) * view.mask
    unit = canvas.size / 512
    mask = (cv2.GaussianBlur(skin, (0, 0), 2.5 * unit) > 0.5).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(8 * unit) + 1,) * 2)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
    # One piece with the face: a patch of cloth in a skin's colour is not the neck.
    _, labels = cv2.connectedComponents(mask * view.mask.astype(np.uint8))
    own = np.bincount(labels[(oval > 0) & (labels > 0)], minlength=2)
    own_piece = (labels == int(own.argmax())).astype(np.float32)
    # A hairline in scallops would stand out in turned views, where its edge is geometry.
    return ((cv2.GaussianBlur(own_piece, (0, 0), BARE_EDGE_PIXELS * unit) > 0.5) & view.mask).astype(
        np.float32
    )


def _is_bald(view: HeadView, likeness: np.ndarray, canvas: Canvas) -> bool:
    crown = (view.scalp > 0.5) & canvas.photographed
    return bool(crown.any()) and float(likeness[crown].mean()) > BALD


def _hull_textures(
    canvas: Canvas, bare: np.ndarray, head_mask: np.ndarray, anatomy: Anatomy
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The hull's front, and the same without skin and uncertain edges ``(W, W, 3)``; where the latter is the
    photo, and where the former is, ``(W, W)``."""
    unit = canvas.size / 512
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(3 * unit) + 1,) * 2)
    skin = cv2.dilate(bare, kernel)
    solid = cv2.erode((canvas.matte > 0.95).astype(np.uint8), kernel)
    known = ((skin < 0.5) & (solid > 0)).astype(np.float32)
    filled = push_pull(canvas.colour, known)
    # Where the head does not cover it, the hull shows the photo right up to the face; and on the throat, where a
    # gap between neck and collar must not show cloth.
    uncovered = 1 - cv2.erode(head_mask.astype(np.float32), np.ones((3, 3), np.uint8))
    rows = np.arange(canvas.width, dtype=np.float32)[:, None]
    throat = np.clip((rows - anatomy.chin_row) * anatomy.metres_per_pixel / THROAT_METRES, 0, 1)
    uncovered = np.maximum(uncovered, throat * canvas.photographed)
    skin = skin * (1 - uncovered)
    soft = np.maximum(cv2.GaussianBlur(1 - skin, (0, 0), 1.5 * unit), uncovered)[..., None]
    front = soft * canvas.colour + (1 - soft) * filled
    seen = (1 - skin) * canvas.photographed * (canvas.matte > 0.5)
    return front.astype(np.float32), filled.astype(np.float32), known, seen.astype(np.float32)


def _hair_and_clothes(
    known: np.ndarray,
    bare: np.ndarray,
    ear: np.ndarray,
    view: HeadView,
    likeness: np.ndarray,
    canvas: Canvas,
    anatomy: Anatomy,
    collar: Collar,
) -> np.ndarray:
    """How far the photo's colours may go on round the back, ``(W, W)``: where ``known`` is neither skin nor ear;
    and below the chin a little skin, for the neck of whom no hair falls on it."""
    reach = 2 * int(6 * canvas.size / 512) + 1
    neck = cv2.dilate((view.often_bare > 0.5).astype(np.uint8), np.ones((reach, reach), np.uint8))
    # Ears of flesh and blood, and of drawings, are larger than the fitted ones.
    far = int(EAR_ROOM_METRES / anatomy.metres_per_pixel)
    ears = cv2.distanceTransform(1 - ear.astype(np.uint8), cv2.DIST_L2, 3) < far
    hair = known * (likeness < 0.5) * (neck == 0) * ~ears
    enough = hair.sum() > 0.2 * known.sum()
    # What an open collar shows in front lies lower than any skin behind.
    above = np.flatnonzero((collar.above_behind > 0).any(axis=1))
    rows = np.arange(canvas.width)[:, None]
    below = (rows > anatomy.chin_row) & (rows <= (above[-1] if len(above) else canvas.width))
    skin = SKIN_BEHIND * (bare > 0.5) * (canvas.matte > 0.95) * canvas.photographed * below
    return np.maximum(hair if enough else known, skin).astype(np.float32)


def _neck_joint(head: FlameHead, fit: FlameSequence) -> np.ndarray:
    """The neck joint at the photo's pose, ``(3,)`` world metres."""
    from flame.rotations import axis_angle_to_matrix

    joints = head.joints(fit.shape).astype(np.float64)
    turn = np.asarray(axis_angle_to_matrix(fit.rotation[0]))
    return turn @ (joints[1] - joints[0]) + joints[0] + fit.translation[0]


def _wrap(head: FlameHead, reference: np.ndarray, anatomy: Anatomy) -> Wrap:
    """The map round this head as it is posed in the photo."""
    skull = rigid_parts(head)[0]
    turn = rigid_between(head.v_template[skull].astype(np.float64), reference[skull].astype(np.float64))
    low, high = reference[skull].min(axis=0), reference[skull].max(axis=0)
    scale = float(np.clip(RADIUS_METRES / anatomy.metres_per_pixel, 16, 320))
    return Wrap(0.5 * (low + high).astype(np.float64), turn.rotation, scale)


def _anatomy(head: FlameHead, fit: FlameSequence, vertices: np.ndarray, canvas: Canvas) -> Anatomy:
    joint = _neck_joint(head, fit)
    root = head.joints(fit.shape)[0] + fit.translation[0]
    skull = vertices[head.weights[:, 1] > 0.98]
    skull_z = float(0.5 * (skull[:, 2].min() + skull[:, 2].max()) - 0.005)
    chin = vertices[head.region_vertices("lips")].mean(axis=0)
    jaw = vertices[head.weights[:, 2] > 0.5]
    chin = jaw[np.argmin(jaw[:, 1])] if len(jaw) else chin
    rows, _ = canvas.camera.project(np.stack([chin, root]))
    chin_row, neck_row = float(rows[0, 0, 1]), float(rows[0, 1, 1])
    metres = float((canvas.camera.center[0, 2] - skull_z) / canvas.camera.focal_px[0])
    return Anatomy(
        skull_z=skull_z,
        body_z=float(joint[2]) - BODY_BEHIND_NECK_METRES,
        chin_row=chin_row,
        neck_row=max(neck_row, chin_row + 0.05 / metres),
        metres_per_pixel=metres,
    )
