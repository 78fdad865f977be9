"""Mouth, teeth, lids and gaze of a synthetic face: nothing pokes through, nothing is a plain block."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from flame.head import load_head
from flame.sequence import FlameSequence
from mvvideo.actors.glasses import make_glasses
from mvvideo.portrait.hull import Anatomy, Hull, Sheet
from mvvideo.portrait.inside import inner_offsets
from mvvideo.portrait.lids import _lash_line, lid_share
from mvvideo.portrait.portrait import Portrait
from mvvideo.portrait.posing import measure_motion, rigid_parts
from mvvideo.portrait.synthetic import LUMA, measure_colours, synthetic_colours
from mvvideo.portrait.throat import clear_jaw
from renderer.shading import shade
from tests.mvvideo.portrait_fixtures import front_camera

SIZE = 256


@pytest.fixture(scope="module")
def head():
    return load_head()


def face(
    head, *, grey: bool = False, tint: tuple[float, float, float] = (1, 1, 1)
) -> tuple[np.ndarray, np.ndarray]:
    """A drawn face ``(S, S, 3)`` and its points ``(478, 2)``."""
    colours = np.full((len(head.v_template), 3), (0.78, 0.6, 0.5), np.float32)
    for part, colour in (
        ("eye", (0.85, 0.85, 0.85)), ("iris", (0.25, 0.35, 0.5)), ("pupil", (0.03, 0.03, 0.03)),
        ("brow", (0.3, 0.2, 0.15)),
    ):  # fmt: skip
        colours[head.region_vertices(f"{part}_left", f"{part}_right")] = colour
    colours[head.region_vertices("lips")] = (0.7, 0.4, 0.38)
    drawn = shade(front_camera(SIZE).to_clip(head.v_template), head.faces, colours, resolution=(SIZE, SIZE))
    picture = np.where(drawn.triangle_ids[0][..., None] >= 0, drawn.values[0], 0.4) * np.array(tint)
    if grey:
        picture = np.repeat((picture @ LUMA)[..., None], 3, axis=-1)
    pixels, _ = front_camera(SIZE).project(head.landmarks(head.v_template[None], "478")[0])
    return np.clip(picture, 0, 1).astype(np.float32), pixels[0]


@pytest.mark.parametrize("degrees", [20, 30])
def test_nothing_of_the_mouth_pokes_through_the_cheeks(head, degrees):
    motion = FlameSequence.neutral(1).replace(jaw=np.array([[np.radians(degrees), 0, 0]], np.float32))
    vertices = head.pose(motion)[0]
    lining = np.zeros(len(head.faces), bool)
    lining[head.region_faces("mouth_inside")] = True
    pixels = front_camera(SIZE).project(vertices)[0][0]
    lips = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillConvexPoly(lips, cv2.convexHull(pixels[head.region_vertices("lips")].astype(np.int32)), 1)
    outside = []
    for offsets in (0, inner_offsets(head, head.v_template)):
        shown = shade(
            front_camera(SIZE).to_clip(vertices + offsets), head.faces, None, resolution=(SIZE, SIZE)
        ).triangle_ids[0]
        outside.append(int(((shown >= 0) & lining[shown] & (lips == 0)).sum()))
    assert outside[1] <= 0.05 * outside[0]


def test_lips_and_teeth_stay_where_they_are(head):
    offsets = inner_offsets(head, head.v_template)
    assert not offsets[head.region_vertices("lips", "teeth")].any()
    assert np.linalg.norm(offsets, axis=1).max() < 0.04


@pytest.mark.parametrize("turned", [-25, 0, 25])
def test_the_lining_hides_no_teeth(head, turned):
    motion = FlameSequence.neutral(1).replace(
        jaw=np.array([[np.radians(25), 0, 0]], np.float32),
        rotation=np.array([[0, np.radians(turned), 0]], np.float32),
    )
    vertices = head.pose(motion)[0]
    turn = cv2.Rodrigues(np.array([0, np.radians(turned), 0]))[0].astype(np.float32)
    offsets = inner_offsets(head, head.v_template) @ turn.T

    def teeth_seen(points, faces):
        shown = shade(front_camera(SIZE).to_clip(points), faces, None, resolution=(SIZE, SIZE)).triangle_ids[
            0
        ]
        teeth = np.isin(faces, head.region_vertices("teeth")).all(axis=1)
        return int(((shown >= 0) & teeth[shown]).sum())

    lining = np.isin(np.arange(len(head.faces)), head.region_faces("mouth_inside"))
    without = teeth_seen(vertices, head.faces[~lining])
    assert without > 50
    assert teeth_seen(vertices + offsets, head.faces) > 0.93 * without


def test_gums_are_flesh_not_skin(head):
    colours = measure_colours(*face(head), 0)
    has, values = synthetic_colours(head, head.v_template, colours)
    gums = head.region_vertices("gums")
    assert has[gums].all()
    assert (values[gums, 0] > 1.3 * values[gums, 1]).all()


def test_teeth_are_told_apart_and_darken_backwards(head):
    colours = measure_colours(*face(head), 0)
    _, result = synthetic_colours(head, head.v_template, colours)
    teeth = head.region_vertices("teeth")
    bright, depth = result[teeth] @ LUMA, -head.v_template[teeth, 2]
    front, back = depth < np.quantile(depth, 0.2), depth > np.quantile(depth, 0.8)
    assert bright[front].mean() > 2 * bright[back].mean()
    assert bright[front].max() > 1.5 * bright[front].min()
    assert bright.max() < 0.95


def test_a_grey_photo_gets_grey_teeth_and_a_yellow_one_yellow(head):
    teeth = head.region_vertices("teeth")

    def strength(**look):
        _, result = synthetic_colours(head, head.v_template, measure_colours(*face(head, **look), 0))
        return result[teeth].mean(axis=0)

    grey, plain, yellow = strength(grey=True), strength(), strength(tint=(1.0, 0.85, 0.45))
    assert np.ptp(grey) < 0.02
    assert yellow[2] / yellow[0] < 0.85 * plain[2] / plain[0]


def test_the_hidden_part_of_an_eye_has_the_seen_part_s_colours(head):
    _, result = synthetic_colours(head, head.v_template, measure_colours(*face(head), 0))
    iris = result[head.region_vertices("iris_left")].mean(axis=0)
    white = result[head.region_vertices("eye_left")]
    assert np.abs(iris - (0.25, 0.35, 0.5)).max() < 0.15
    assert white.max() > 0.7
    assert result[head.region_vertices("pupil_left")].mean() < 0.2


def test_lids_cover_what_the_photo_shows_of_the_eye(head):
    picture, points = face(head)
    colours = measure_colours(picture, points, 0)
    pixels = front_camera(SIZE).project(head.v_template)[0][0]
    share = lid_share(head, pixels, colours)
    assert share.min() >= 0
    assert share.max() <= 1
    for side, outline in enumerate(colours.eye_outline):
        inside = [cv2.pointPolygonTest(outline[:, None], tuple(map(float, p)), False) > 0 for p in pixels]
        skin = np.isin(np.arange(len(pixels)), head.region_vertices("skin")) & np.array(inside)
        front = head.v_template[:, 2] > 0
        assert (share[skin & front, side] > 0.9).all()


def test_parted_lips_count_as_an_opening_mouth(head):
    names = list(head.expression_names)
    parted = np.zeros((1, len(names)), np.float32)
    parted[0, names.index("lipsPart")] = 1
    still, moved = (
        head.pose(FlameSequence.neutral(1))[0],
        head.pose(FlameSequence.neutral(1).replace(expression=parted))[0],
    )
    parts = rigid_parts(head)
    assert measure_motion(head, still, still, parts).jaw < 1e-3
    assert measure_motion(head, still, moved, parts).jaw > 0.03


def test_glasses_in_the_photo_stay_in_the_picture(head):
    """Rims are drawn as they were, and a closing lid leaves them alone."""
    picture, points = face(head)
    eyes = head.joints(np.zeros(1, np.float32))[3:5]
    rims, triangles = make_glasses("round", eyes[0], eyes[1], ear_x=0.075, front_z=0.032, back_z=-0.09)
    drawn = (
        shade(front_camera(SIZE).to_clip(rims), triangles, None, resolution=(SIZE, SIZE)).triangle_ids[0] >= 0
    )
    picture[drawn] = 0.05
    head_alone = shade(
        front_camera(SIZE).to_clip(head.v_template), head.faces, None, resolution=(SIZE, SIZE)
    ).triangle_ids[0]
    matte = ((head_alone >= 0) | drawn).astype(np.float32)
    fit = FlameSequence.neutral(1)
    portrait = Portrait.build(picture, points, matte, head=head, fit=fit, camera=front_camera(SIZE))
    open_eyes, shut = (
        portrait.appearance.render(head.pose(motion), front_camera(SIZE)).composite()[0, 0]
        for motion in (fit, fit.replace(eyelids=np.ones((1, 2), np.float32)))
    )
    on_face = drawn & (cv2.erode(matte, np.ones((9, 9))) > 0)
    assert np.abs(open_eyes - picture)[on_face].mean() < 0.03
    assert shut[on_face].mean() < 0.25


def test_lashes_run_along_the_shut_lid_and_lower_lids_keep_the_photo(head):
    """A dark line where the lids meet, from corner to corner; beneath it what the photo shows of the lower lid."""
    line = _lash_line(head)
    lashes = np.flatnonzero(line > 0.5)
    shut = head.v_template + head.eyelid_basis.sum(axis=0)
    for side in ("left", "right"):
        ball = head.region_vertices(f"eye_{side}")
        iris = head.v_template[head.region_vertices(f"iris_{side}")]
        own = lashes[np.abs(shut[lashes, 0] - iris[:, 0].mean()) < 0.03]
        assert np.ptp(shut[own, 0]) > 0.7 * np.ptp(iris[:, 0])
        assert (shut[own, 1] < head.v_template[ball, 1].max()).all()  # not up on the lid
    _, points = face(head)
    colours = measure_colours(face(head)[0], points, 0)
    pixels, _ = front_camera(SIZE).project(head.v_template)
    share = lid_share(head, pixels[0], colours)
    outline = colours.eye_outline[0]
    height, middle = np.ptp(outline[:, 1]), outline.mean(axis=0)
    under = pixels[0][:, 1] - outline[:, 1].max()
    lower = (np.abs(pixels[0][:, 0] - middle[0]) < 0.2 * np.ptp(outline[:, 0])) & (
        np.abs(under / height - 0.6) < 0.2
    )
    lower &= (head.v_template[:, 2] > 0) & (head.eyelid_basis[0, :, 1] > -1e-4)
    assert lower.any()
    assert share[lower, 0].max() < 0.1


def test_an_opening_jaw_has_room_in_front_of_the_throat(head):
    """A wall before the chin stands back where the chin comes down, along the rays, and nowhere else."""
    view, fit = front_camera(SIZE), FlameSequence.neutral(1)
    jaw = head.v_template[head.weights[:, 2] > 0.5]
    chin = float(view.project(jaw[jaw[:, 1].argmin()][None])[0][0, 0, 1])
    steps = np.arange(2.0, SIZE, 4, dtype=np.float32)
    pixels = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    z = float(head.v_template[:, 2].max()) + 0.01
    far = np.full((1, len(pixels)), view.center[0, 2] - z)

    def sheet(distance: np.ndarray) -> Sheet:
        points, rest = view.unproject(pixels[None], distance)[0].astype(np.float32), np.zeros(len(pixels))
        return Sheet(points, pixels, np.zeros((0, 3), np.int32), rest, rest, pixels)

    front, back = sheet(far), sheet(far + 0.1)
    hull = Hull(front, back, front, np.zeros((SIZE, SIZE)), np.zeros(len(pixels)))
    canvas = SimpleNamespace(camera=view, width=SIZE, matte=np.ones((SIZE, SIZE), np.float32))
    anatomy = Anatomy(skull_z=-0.05, body_z=-0.08, chin_row=chin, neck_row=chin + 40, metres_per_pixel=0.0013)
    cleared = clear_jaw(hull, head, fit, np.zeros_like(head.v_template), canvas, anatomy)
    assert np.abs(view.project(cleared.front.positions)[0][0] - pixels).max() < 0.05
    opened = head.pose(fit.replace(jaw=np.array([[0.26, 0, 0]], np.float32)))[0]
    lowered = opened[np.intersect1d(head.region_vertices("skin"), np.flatnonzero(head.weights[:, 2] > 0.9))]
    at = view.project(lowered)[0][0]
    lowered, at = lowered[at[:, 1] > chin + 2], at[at[:, 1] > chin + 2]
    nearest = np.linalg.norm(at[:, None] - pixels[None], axis=2).argmin(axis=1)
    assert len(at) > 10
    in_front = lowered[:, 2] > np.median(lowered[:, 2])
    assert (cleared.front.positions[nearest, 2] < lowered[:, 2])[in_front].mean() > 0.9
    assert (cleared.back.positions[:, 2] < cleared.front.positions[:, 2]).all()
    above = pixels[:, 1] < chin - 0.02 / anatomy.metres_per_pixel
    assert np.allclose(cleared.front.positions[above], front.positions[above], atol=1e-5)
