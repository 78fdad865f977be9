"""What a view shows of a three-quarter face that the photo hid: its own light, clean skin, soft edges."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from flame.head import load_head
from flame.sequence import FlameSequence
from mvvideo.portrait.canvas import make_canvas
from mvvideo.portrait.collar import collar_clearance, tucked_in
from mvvideo.portrait.contours import FAR_FACING, beside_contours, over_far_cheek, skin_rim
from mvvideo.portrait.hull import Hull, Sheet
from mvvideo.portrait.kernels import adjacency
from mvvideo.portrait.portrait import Portrait
from mvvideo.portrait.relight import continued_share, fine_detail, measured_shading
from mvvideo.portrait.scalp import cap_paint, hair_cap, hair_share
from mvvideo.portrait.skinside import INSIDE_METRES, OUTSIDE_METRES, apart_from_skin
from mvvideo.portrait.surface import Source
from mvvideo.portrait.throat import behind_jaw
from mvvideo.portrait.views import drawn_triangles, face_front, view_head
from renderer.rigs import orbit
from renderer.shading import shade
from tests.mvvideo.portrait_fixtures import front_camera

SIZE = 160
SKIN = np.array([0.8, 0.62, 0.52], np.float32)
HAIR = np.array([0.12, 0.09, 0.07], np.float32)
BACKGROUND = np.array([0.3, 0.42, 0.55], np.float32)
THREE_QUARTERS = -38.0
"""Turned to their own right: the right cheek lies behind the nose, and views to the right show it."""


@pytest.fixture(scope="module")
def head():
    return load_head()


def posed(head, yaw_degrees: float) -> FlameSequence:
    zero = FlameSequence.neutral(
        1, shape=np.zeros(head.shape_dims, np.float32), expression_dims=head.expression_dims
    )
    return zero.replace(rotation=np.array([[0, np.radians(yaw_degrees), 0]], np.float32))


def painted(head, fit, light: np.ndarray | None) -> np.ndarray:
    """Colours ``(V, 3)``: skin lit from ``light (3,)``, hair on the scalp."""
    normals = head.vertex_normals(head.pose(fit)[0])
    bright = 1.0 if light is None else 0.62 + 0.38 * np.clip(normals @ light, -1, 1)[:, None]
    colours = SKIN * bright * np.ones((len(normals), 1))
    colours[hair_share(head) > 0.5] = HAIR
    return colours.astype(np.float32)


def drawn(head, fit, cameras, colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    vertices = head.pose(fit)[0]
    every = np.ascontiguousarray(np.broadcast_to(colours, (len(cameras), *vertices.shape)))
    view = shade(cameras.to_clip(vertices), head.faces, every, resolution=(SIZE, SIZE))
    alpha = (view.triangle_ids >= 0).astype(np.float32)
    return np.where(alpha[..., None] > 0, view.values, BACKGROUND).astype(np.float32), alpha


def photographed(head, yaw_degrees: float, light=None, hairy=False, retouch=None) -> Portrait:
    fit, view = posed(head, yaw_degrees), front_camera(SIZE)
    picture, alpha = drawn(head, fit, view, painted(head, fit, light))
    pixels, _ = view.project(head.landmarks(head.pose(fit), "478")[0])
    photo = picture[0] if retouch is None else retouch(picture[0])
    if hairy:  # locks over the ears
        ears = np.zeros_like(head.v_template, dtype=np.float32)
        ears[head.region_vertices("ear_left", "ear_right")] = 1
        lock = cv2.dilate(drawn(head, fit, view, ears)[0][0, ..., 0], np.ones((17, 17))) > 0.9
        photo, alpha = np.where(lock[..., None], HAIR, photo), np.maximum(alpha, lock.astype(np.float32))
    return Portrait.build(photo, pixels[0], alpha[0], head=head, fit=fit, camera=view)


def nose_outline(head, fit) -> np.ndarray:
    """Pixels ``(S, S)`` at which a three-quarter nose ends before the far cheek, bool."""
    vertices = head.pose(fit)[0]
    view = view_head(head, vertices, front_camera(SIZE), drawn_triangles(head))
    depth = np.where(view.face > 0.5, np.nan_to_num(view.front, nan=-1), -1).astype(np.float32)
    behind = cv2.dilate(depth, np.ones((3, 3), np.uint8)) - depth
    tip = head.region_vertices("nose")
    rows = front_camera(SIZE).project(vertices[tip])[0][0, :, 1]
    inside = np.zeros((SIZE, SIZE), bool)
    inside[int(rows.min()) : int(rows.max())] = True
    return (behind > 0.012) & (depth > -0.9) & inside


def beside_the_nose(head, fit, cameras) -> np.ndarray:
    """Pixels ``(N, S, S)`` of the right side of the nose and of the cheek next to it, bool."""
    template = head.v_template
    near = np.zeros(len(template), bool)
    near[head.region_vertices("nose", "skin")] = True
    near &= (template[:, 0] < -0.004) & (template[:, 0] > -0.035) & (template[:, 2] > 0)
    near &= (template[:, 1] < -0.012) & (template[:, 1] > -0.042)
    mask, _ = drawn(head, fit, cameras, np.repeat(near[:, None].astype(np.float32), 3, axis=1))
    return mask[..., 0] > 0.99


def test_a_dark_line_along_the_nose_stays_off_the_cheek_behind_it(head):
    """Painters draw it, lenses blur it: seen from the other side it would be a scar across the face."""
    fit = posed(head, THREE_QUARTERS)
    line = cv2.dilate(nose_outline(head, fit).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert line.sum() > 30

    def with_line(picture: np.ndarray) -> np.ndarray:
        return np.where(line[..., None], 0.25 * picture, picture).astype(np.float32)

    side = orbit(front_camera(SIZE), yaw_radians=np.radians([-45.0]), pivot=(0, 0, 0))
    truth, _ = drawn(head, fit, side, painted(head, fit, None))
    portrait = photographed(head, THREE_QUARTERS, retouch=with_line)
    picture = portrait.appearance.render(head.pose(fit), side).composite()[0]
    chosen = beside_the_nose(head, fit, side)
    assert chosen.sum() > 80
    dark = picture[chosen].mean(axis=1) < 0.7 * truth[chosen].mean(axis=1)
    assert dark.mean() < 0.06
    # In the photo's own view it is still there.
    own = portrait.appearance.render(head.pose(fit), front_camera(SIZE)).composite()[0, 0]
    assert own[line].mean() < 0.6 * SKIN.mean()


def test_doubt_lies_beside_the_far_side_of_a_turned_nose_only(head):
    doubts = []
    for yaw in (THREE_QUARTERS, 0.0):
        fit = posed(head, yaw)
        vertices = head.pose(fit)[0]
        picture, alpha = drawn(head, fit, front_camera(SIZE), painted(head, fit, None))
        canvas = make_canvas(picture[0], alpha[0], front_camera(SIZE))
        view = view_head(head, vertices, canvas.camera, drawn_triangles(head))
        pixels = canvas.camera.project(vertices)[0][0]
        doubts.append(beside_contours(head, vertices, canvas, view, pixels))
    turned, frontal = doubts
    assert (turned > 0.5).sum() > 20
    assert turned.min() >= 0
    assert turned.max() <= 1
    assert head.v_template[turned > 0.5, 0].max() < 0.006  # their right side
    assert not turned[head.region_vertices("lips", "neck", "brow_left", "brow_right")].any()
    assert (frontal > 0.5).sum() < 0.2 * (turned > 0.5).sum()


def test_hair_behind_a_jaw_is_no_skin_but_a_beard_stays(head):
    """Dark at the rim alone is what hangs behind it; dark inwards, too, is the jaw's own."""
    links = adjacency(head.faces, len(head.v_template))
    facing = head.vertex_normals(head.v_template)[:, 2]
    everywhere = np.ones(len(facing), bool)
    dark_rim = np.where(facing < 0.3, 0.0, 1.0)
    below = head.v_template[:, 1] < -0.03
    bearded = np.where(below, 0.0, 1.0)
    by_hair, by_beard = (skin_rim(head, links, skin, facing, everywhere) for skin in (dark_rim, bearded))
    front = np.zeros(len(facing), bool)
    front[head.region_vertices("skin")] = True
    front &= head.v_template[:, 2] > -0.02
    jaw = front & below & (head.v_template[:, 1] > -0.07) & (facing > 0.05) & (facing < 0.3)
    assert jaw.sum() > 5
    assert by_hair[jaw].mean() > 0.9
    assert by_beard[jaw].mean() < 0.1
    assert not by_hair[facing > 0.36].any()


def test_hair_over_a_far_cheek_s_rim_is_doubted_but_no_fringe_and_no_beard(head):
    links = adjacency(head.faces, len(head.v_template))
    left = head.v_template[:, 0] / 0.07
    facing = np.where(left > 0, 0.75 - 0.8 * left, 0.75 + 0.2 * np.abs(left)).astype(np.float32)
    direct = facing > 0.05
    front = face_front(head)
    rim = front & direct & (facing < 0.3) & (left > 0)

    def doubt(hair):
        photo = np.where(hair[:, None], HAIR, SKIN).astype(np.float32)
        return over_far_cheek(head, links, photo, np.where(hair, 0.0, 1.0).astype(np.float32), facing, direct)

    strand = doubt(rim)
    assert strand[rim].mean() > 0.9
    assert not strand[facing >= FAR_FACING].any()
    assert not doubt(front & direct & (left > 0)).any()  # a fringe that goes on to the middle
    assert not doubt(rim | rim[head.mirror_index]).any()  # on both sides
    assert not doubt(np.zeros_like(rim)).any()


def test_behind_a_jaw_lies_what_shows_below_it(head):
    """Under a jaw whose neck hair covers there is no second jaw."""
    vertices, camera = head.pose(posed(head, 0.0))[0], front_camera(SIZE)
    drawn_parts = np.setdiff1d(drawn_triangles(head), head.region_faces("neck"))
    inside = view_head(head, vertices, camera, drawn_parts).mask[..., None]
    canvas = make_canvas(
        np.where(inside, SKIN, HAIR).astype(np.float32), np.ones((SIZE, SIZE), np.float32), camera
    )
    view = view_head(head, vertices, canvas.camera, drawn_parts)
    chin_row = float(np.flatnonzero(view.mask.any(axis=1))[-1])
    metres = float((camera.center[0, 2] - vertices[:, 2].mean()) / camera.focal_px[0])
    anatomy = SimpleNamespace(chin_row=chin_row, metres_per_pixel=metres)
    plain = np.full((canvas.width, canvas.width, 3), 0.9, np.float32)
    picture = behind_jaw(head, canvas, view, plain, anatomy)
    column = int(np.flatnonzero(view.mask[int(chin_row)]).mean())
    rows = [int(chin_row - up / metres) for up in (0.0, 0.01, 0.02)]
    assert np.abs(picture[rows, column] - HAIR).max() < 0.05
    assert np.allclose(picture[int(chin_row - 0.07 / metres), column], 0.9)


def test_crumbs_of_mirrored_skin_are_filled(head):
    """Three triangles of an earring amid made-up skin would be a speck."""
    surface = photographed(head, THREE_QUARTERS).appearance.surface
    mirrored = surface.source == Source.MIRRORED
    assert mirrored.sum() > 50
    corners = surface.vertex[surface.triangles[mirrored]]
    ends = np.roll(corners, 1, axis=1)
    graph = coo_matrix(
        (np.ones(corners.size), (corners.ravel(), ends.ravel())), shape=2 * (len(head.v_template),)
    )
    piece = connected_components(graph, directed=False)[1][corners[:, 0]]
    assert np.unique(piece, return_counts=True)[1].min() >= 12


def test_the_hidden_side_is_lit_as_the_light_falls(head):
    """Skin of the side in shadow, mirrored, is made as bright as the lit side that it stands for."""
    light = np.array([-0.9, 0.3, 0.35])
    light /= np.linalg.norm(light)
    fit = posed(head, THREE_QUARTERS)
    side = orbit(front_camera(SIZE), yaw_radians=np.radians([-45.0]), pivot=(0, 0, 0))
    truth, alpha = drawn(head, fit, side, painted(head, fit, light))
    portrait = photographed(head, THREE_QUARTERS, light)
    picture = portrait.appearance.render(head.pose(fit), side).composite()[0]
    chosen = beside_the_nose(head, fit, side) & (alpha > 0)
    shadow = drawn(head, fit, side, painted(head, fit, light * (-1, 1, 1)))[0]
    assert np.abs(shadow - truth)[chosen].mean() > 0.08  # what mirroring alone would be off by, about
    assert np.abs(picture - truth)[chosen].mean() < 0.06


def test_shading_is_measured_from_skin_and_not_beyond_what_was_seen(head):
    normals = head.vertex_normals(head.v_template)
    light = np.array([0.6, 0.4, 0.69])
    bright = np.exp(0.4 * normals @ light)[:, None]
    skin = np.zeros(len(normals), bool)
    skin[head.region_vertices("skin", "nose")] = True
    skin &= normals[:, 2] > 0.2
    photo = SKIN * bright
    rng = np.random.default_rng(0)
    stubble = skin & (rng.uniform(size=len(skin)) < 0.08)
    photo[stubble] *= 0.3
    shading = measured_shading(normals, photo, skin)
    ratio = (shading / bright)[skin, 0]
    assert np.ptp(np.log(ratio)) < 0.2
    assert shading.min() >= 0.9 * shading[skin].min()
    assert shading.max() <= 1.1 * shading[skin].max()
    few = np.zeros(len(skin), bool)
    few[:10] = True
    assert (measured_shading(normals, photo, few) == 1).all()


def test_tone_is_continued_near_skin_but_features_and_beards_are_mirrored(head):
    anchor = head.v_template[:, 0] > 0
    share = continued_share(head, head.v_template, anchor, np.ones(len(anchor)))[:, 0]
    near = np.zeros(len(anchor), bool)
    near[head.region_vertices("nose", "skin")] = True
    x = head.v_template[:, 0]
    centres = head.joints(np.zeros(1, np.float32))[3:5]
    off_eyes = np.linalg.norm(head.v_template[:, None] - centres[None], axis=2).min(axis=1) > 0.021
    distance = np.linalg.norm(head.v_template[:, None] - head.v_template[anchor][None, ::2], axis=2).min(
        axis=1
    )
    assert (share[near & off_eyes & (distance < 0.008)] > 0.99).all()
    assert not share[x < -0.03].any()
    assert not share[head.region_vertices("lips", "brow_right")].any()
    beard = continued_share(head, head.v_template, anchor, np.full(len(anchor), 0.2))
    assert not beard.any()
    assert not continued_share(head, head.v_template, np.zeros(len(anchor), bool), np.ones(len(anchor))).any()


def test_detail_is_a_grain_and_not_a_shadow_s_edge(head):
    x = head.v_template[:, 0]
    skin = np.zeros(len(x), bool)
    skin[head.region_vertices("skin")] = True
    photo = np.where(x[:, None] > 0, SKIN, 0.2 * SKIN).astype(np.float32)
    photo[skin] *= 1 + 0.02 * np.random.default_rng(1).standard_normal((int(skin.sum()), 1))
    detail = fine_detail(head.v_template, photo, skin)
    assert detail.shape == (len(x), 1)
    assert np.abs(detail).max() <= 0.081
    assert not detail[~skin].any()
    assert 0.005 < np.abs(detail[skin & (np.abs(x) > 0.03)]).mean() < 0.04
    assert not fine_detail(head.v_template, photo, np.zeros(len(x), bool)).any()


def neck_view(head):
    vertices = head.v_template.astype(np.float32)
    view = view_head(head, vertices, front_camera(SIZE), drawn_triangles(head))
    row = front_camera(SIZE).project(np.array([[0.0, -0.14, -0.04]]))[0][0, 0, 1]
    bare = (view.mask & (np.arange(SIZE)[:, None] < row)).astype(np.float32)
    return vertices, view, bare, collar_clearance(head, vertices, view, bare, front_camera(SIZE))


def test_a_neck_steps_back_just_inside_the_collar(head):
    """Clothes that touch it would show through it in flecks."""
    vertices, _, _, clearance = neck_view(head)
    moved = vertices + tucked_in(head, vertices, clearance)
    neck = head.region_vertices("neck")
    middle = vertices[neck].mean(axis=0)[[0, 2]]
    radius = np.linalg.norm(moved[:, [0, 2]] - middle, axis=1)
    direction = np.arctan2(*(vertices[:, [0, 2]] - middle).T)
    sides = neck[np.abs(np.abs(direction[neck]) - np.pi / 2) < 0.5]
    at_edge = sides[np.abs(clearance[sides]) < 0.004]
    below = sides[(clearance[sides] < -0.005) & (clearance[sides] > -0.012)]
    assert len(at_edge) > 2
    assert len(below) > 2
    assert radius[below].mean() < radius[at_edge].mean() - 0.0095


def test_hull_and_skin_beside_each_other_are_moved_apart(head):
    """Into the head under bare skin, out of it where clothes cover it; hair farther off, or beside it, stays."""
    vertices = head.v_template.astype(np.float32)
    faces = head.faces[drawn_triangles(head)]
    normals = head.vertex_normals(vertices)
    neck = head.region_vertices("neck")
    bare = neck[vertices[neck, 1] > -0.12]
    covered = neck[vertices[neck, 1] < -0.15]
    kind = np.zeros(len(vertices), np.float32)
    kind[bare], kind[covered] = 1, -1
    chosen = np.concatenate([bare, covered])

    def sheet(off: float) -> Sheet:
        positions = (vertices[chosen] + off * normals[chosen]).astype(np.float32)
        none = np.zeros(len(chosen), np.float32)
        pixels = np.full((len(chosen), 2), SIZE / 2, np.float32)
        return Sheet(positions, pixels, np.zeros((0, 3), np.int32), none, none, pixels)

    def height(moved: Sheet) -> np.ndarray:
        return ((moved.positions - vertices[chosen]) * normals[chosen]).sum(axis=1)

    near, far = sheet(0.0008), sheet(0.02)
    deep = np.full((SIZE, SIZE), 9.0, np.float32)
    hull = Hull(near, far, near, np.zeros((SIZE, SIZE), np.float32), np.zeros(len(chosen), np.float32))
    moved = apart_from_skin(hull, head, vertices, faces, kind, deep)
    inner, outer = height(moved.front)[: len(bare)], height(moved.front)[len(bare) :]
    assert np.median(inner) < -0.9 * INSIDE_METRES
    assert np.median(outer) > 0.9 * OUTSIDE_METRES
    assert np.array_equal(moved.back.positions, far.positions)
    beside = apart_from_skin(hull, head, vertices, faces, np.maximum(kind, 0), -deep)
    assert np.array_equal(beside.front.positions, near.positions)
    assert apart_from_skin(hull, head, vertices, faces, np.zeros_like(kind), deep) is hull


def test_no_triangle_of_a_cheek_is_left_out_where_the_matte_has_a_corner(head):
    """A hole in a cheek shows the inside of the hull."""
    fit, view = posed(head, 0.0), front_camera(SIZE)
    picture, alpha = drawn(head, fit, view, painted(head, fit, None))
    vertices = head.pose(fit)[0]
    pixels, _ = view.project(head.landmarks(head.pose(fit), "478")[0])
    skin = head.region_vertices("skin")
    jaw = skin[(head.v_template[skin, 1] < -0.06) & (head.v_template[skin, 0] > 0.05)]
    at = view.project(vertices[jaw])[0][0]
    corner = at[at[:, 0].argmax()]
    matte = alpha[0].copy()
    rows, columns = np.mgrid[:SIZE, :SIZE]
    matte[(columns > corner[0] - 3) & (np.abs(rows - corner[1]) < 4)] = 0
    assert matte.sum() < alpha.sum() - 10
    surface = Portrait.build(picture[0], pixels[0], matte, head=head, fit=fit, camera=view).appearance.surface
    shown = {tuple(sorted(corners)) for corners in surface.vertex[surface.triangles].tolist()}
    cheek = head.faces[np.intersect1d(drawn_triangles(head), head.region_faces("skin"))]
    assert all(tuple(sorted(corners)) in shown for corners in cheek.tolist())


def test_ears_under_hair_are_not_drawn_and_bare_ones_are(head):
    ears = head.region_vertices("ear_left", "ear_right")
    shown = [
        np.isin(photographed(head, 0.0, hairy=hairy).appearance.surface.vertex, ears).sum()
        for hairy in (True, False)
    ]
    assert shown[0] < 0.3 * shown[1]


def test_the_edge_of_hair_lets_skin_through_in_turned_views_only(head):
    portrait = photographed(head, 0.0)
    soft = portrait.appearance
    hard = replace(soft, bare_skin=np.zeros_like(soft.bare_skin))
    vertices = head.pose(portrait.fit)
    own = [model.render(vertices, portrait.camera) for model in (soft, hard)]
    assert np.array_equal(own[0].rgb, own[1].rgb)
    side = orbit(portrait.camera, yaw_radians=np.radians([40.0]), pivot=portrait.pivot)
    turned = [model.render(vertices, side) for model in (soft, hard)]
    assert np.array_equal(turned[0].alpha, turned[1].alpha)
    changed = np.abs(turned[0].rgb - turned[1].rgb)[0, 0].max(axis=-1) > 0.01
    assert 0 < changed.mean() < 0.1
    steps = [np.abs(np.diff(view.rgb[0, 0].mean(axis=-1), axis=1))[changed[:, 1:]].mean() for view in turned]
    assert steps[0] < steps[1]


def test_the_cap_of_hair_ends_in_what_is_painted_under_it(head):
    portrait = photographed(head, 0.0)
    surface, share = portrait.appearance.surface, hair_share(head)
    canvas = make_canvas(portrait.image, portrait.matte, portrait.camera)
    vertices = portrait.appearance.reference + portrait.appearance.offsets
    cap, used = hair_cap(head, vertices, canvas, drawn_triangles(head), share, lambda p: p[:, :2])
    paint = cap_paint(used, share, surface)
    assert paint.shape == (len(cap.positions), 4)
    assert (paint[share[used] == 1, 0] == 1).all()
    thin = share[used] < 0.65
    assert thin.any()
    filled = surface.gain[:, 0] == 0
    under = dict(zip(surface.vertex[filled].tolist(), surface.colour[filled]))
    for vertex, row in zip(used[thin].tolist(), paint[thin]):
        if vertex in under:
            assert row[0] < 0.15
            assert np.abs(row[1:] - (1 - row[0]) * under[vertex]).max() < 1e-6


def test_turning_slowly_changes_the_picture_slowly(head):
    """What fades with the turn of the view does so without a jump."""
    portrait = photographed(head, THREE_QUARTERS, np.array([-0.8, 0.2, 0.56]))
    yaws = np.radians(np.linspace(-4, -34, 16))
    pictures = portrait.appearance.render(
        head.pose(portrait.fit), orbit(portrait.camera, yaw_radians=yaws, pivot=portrait.pivot)
    ).composite()[0]
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    assert change.max() < 1.6 * np.median(change)
