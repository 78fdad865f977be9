"""What the photo does not show: hair and clothes round the back, the nape, cheeks seen from the side."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from flame.head import load_head
from mvvideo.portrait import Portrait
from mvvideo.portrait.hull import Sheet, _steady
from mvvideo.portrait.scalp import hair_beside, hair_share, joined
from mvvideo.portrait.surface import Source
from mvvideo.portrait.views import sample_at
from mvvideo.portrait.wrap import RADIUS_METRES, WIDEST_RADIANS, Wrap, _typical, face_the_front, paint_wrap
from renderer.rigs import orbit

SIZE = 192


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def wrap():
    return Wrap(np.zeros(3), np.eye(3), 24.0)


@pytest.fixture(scope="module")
def portrait(head):
    pytest.importorskip("mediapipe")
    photo = pytest.importorskip("skimage.data").astronaut()
    return Portrait.from_image(photo, head=head, size=SIZE, warn=lambda message: None)


def test_the_wrap_has_no_step_where_its_halves_meet(wrap):
    angle = np.linspace(-2.4, 2.4, 97)
    ring = np.stack([np.sin(angle), np.zeros_like(angle), -np.cos(angle)], axis=1) * 0.08
    over, under = wrap(ring + (0, 1e-6, 0)), wrap(ring - (0, 1e-6, 0))
    assert np.abs(over - under).max() < 0.01
    assert np.diff(over[:, 0]).min() > 0  # the subject's own left is on the right


def test_the_back_of_the_head_is_the_middle_of_the_wrap(wrap):
    middle = wrap(np.array([0.0, 0.0, -0.1]))
    assert np.allclose(middle, WIDEST_RADIANS * 24, atol=1e-3)
    crown = wrap(np.array([0.0, 0.1, 0.0]))
    assert crown[1] == pytest.approx(middle[1] - np.pi / 2 * 24, abs=0.01)


def test_every_point_lies_in_the_wrapped_picture(wrap):
    points = np.random.default_rng(0).uniform(-0.6, 0.6, (500, 3))
    place = wrap(points)
    height, width = wrap.shape
    assert place.min() >= 0
    assert place[:, 0].max() <= width
    assert place[:, 1].max() <= height


def half_a_ball(cells: int = 40) -> Sheet:
    """The front half of a ball of a skull's size, in a photo of 64 pixels."""
    x, y = np.meshgrid(np.linspace(-0.98, 0.98, cells), np.linspace(0.98, -0.98, cells))
    inside = x**2 + y**2 < 0.97
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    index = np.arange(cells**2).reshape(cells, cells)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1).reshape(-1, 4)
    quads = quads[inside.ravel()[quads].all(axis=1)]
    positions = (np.stack([x, y, z], axis=-1).reshape(-1, 3) * RADIUS_METRES).astype(np.float32)
    return Sheet(
        positions=positions,
        pixels=np.stack([32 + 30 * x, 32 - 30 * y], axis=-1).reshape(-1, 2).astype(np.float32),
        triangles=np.concatenate([quads[:, [0, 3, 1]], quads[:, [1, 3, 2]]]).astype(np.int32),
        weight=np.ones(cells**2, np.float32),
        facing=z.ravel().astype(np.float32),
        unrolled=np.zeros((cells**2, 2), np.float32),
    )


def test_colours_go_on_round_the_back_on_their_own_side(wrap):
    """A photo that is red on the subject's right and blue on their left: so is the back, without black holes."""
    photo = np.zeros((64, 64, 3), np.float32)
    photo[:, :32], photo[:, 32:] = (0.8, 0.2, 0.2), (0.2, 0.2, 0.8)
    known = np.ones((64, 64), np.float32)
    picture = paint_wrap(wrap, half_a_ball(), colour=photo, known=known, front=photo, seed=1)
    height, width = wrap.shape
    assert picture.shape == (height + 64, max(width, 64), 3)
    right, left = (
        picture[40:70, 10:40].mean(axis=(0, 1)),
        picture[40:70, width - 40 : width - 10].mean(axis=(0, 1)),
    )
    assert right[0] > right[2] + 0.2
    assert left[2] > left[0] + 0.2
    assert picture[:height, :width].min() > 0.05
    assert np.array_equal(picture[height:, :64], photo)
    again = paint_wrap(wrap, half_a_ball(), colour=photo, known=known, front=photo, seed=1)
    assert np.array_equal(picture, again)


def test_a_plain_photo_gives_a_plain_back(wrap):
    """Strands have the photo's own contrast: none stays none."""
    photo = np.full((64, 64, 3), 0.4, np.float32)
    picture = paint_wrap(wrap, half_a_ball(), colour=photo, known=np.ones((64, 64), np.float32), front=photo)
    assert np.abs(picture[: wrap.shape[0], : wrap.shape[1]] - 0.4).max() < 0.03


def test_a_hairline_s_skin_and_a_green_outline_are_no_hair():
    shown = np.full((40, 40, 3), (0.16, 0.11, 0.08), np.float32)
    shown[:3] = (0.7, 0.5, 0.4)  # skin that shines through
    shown[-3:] = (0.1, 0.3, 0.15)  # background
    shown[:, :10] *= 0.4  # in shadow
    shown[:] += np.random.default_rng(0).normal(0, 0.01, shown.shape)
    weight = _typical(shown, np.ones((40, 40), np.float32))
    assert np.quantile(weight[10:30], 0.05) > 0.5 and weight[10:30, :10].mean() > 0.8
    assert weight[:3, 10:].max() < 0.1 and weight[-3:].max() < 0.1
    assert np.isfinite(_typical(np.zeros_like(shown), np.ones((40, 40), np.float32))).all()
    assert (
        _typical(shown, np.zeros((40, 40), np.float32)) == 1
    ).all()  # nothing is known of hair that no one has


def test_the_front_is_cut_off_the_wrap_without_moving(wrap):
    ball = half_a_ball()
    cut = face_the_front(wrap, replace(ball, unrolled=wrap(ball.positions)))
    assert np.array_equal(cut.positions[cut.triangles], ball.positions[ball.triangles])
    below = cut.unrolled[cut.triangles][..., 1] >= wrap.shape[0]
    assert np.array_equal(below.all(axis=1), below.any(axis=1))  # no triangle lies in both pictures
    assert below.any()


def test_hair_grows_on_the_head_and_not_on_face_or_ears(head):
    share = hair_share(head)
    assert share[head.region_vertices("scalp")].min() == 1
    for region in ("ear_left", "ear_right", "nose", "lips", "shoulders"):
        assert share[head.region_vertices(region)].max() == 0
    nape = (head.v_template[:, 2] < -0.1) & (np.abs(head.v_template[:, 1] + 0.05) < 0.01)
    assert share[nape].min() > 0.9


def test_joined_sheets_keep_their_triangles():
    ball = half_a_ball(8)
    both = joined(ball, ball)
    assert len(both.triangles) == 2 * len(ball.triangles)
    assert np.array_equal(
        both.positions[both.triangles][len(ball.triangles) :], ball.positions[ball.triangles]
    )


def test_depths_have_no_steps_of_single_nodes():
    inside = np.zeros((40, 40), bool)
    inside[4:36, 4:36] = True
    slope = np.linspace(0, 0.1, 40, dtype=np.float32)[None].repeat(40, 0)
    rough = slope + 0.03 * (np.arange(40)[:, None] % 5 == 0) * inside
    steady = _steady(rough, inside)
    assert np.abs(steady - slope)[9:31, 9:31].max() < 0.004  # of 0.03
    assert np.array_equal(steady[~inside], rough.astype(np.float32)[~inside])
    assert np.array_equal(steady[4], rough.astype(np.float32)[4])


@pytest.mark.parametrize("yaw", [-90, -60, 60, 90])
def test_no_hole_from_any_side(portrait, head, yaw):
    """The silhouette of the head has no window in it, and no colour comes from nowhere."""
    import cv2

    camera = orbit(portrait.camera, yaw_radians=np.radians([yaw]), pivot=portrait.pivot)
    view = portrait.appearance.render(head.pose(portrait.fit), camera)
    solid = (view.alpha[0, 0, ..., 0] > 0.5).astype(np.uint8)
    outlines, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(solid), outlines, -1, 1, cv2.FILLED)
    assert (filled - solid).sum() < 0.003 * solid.sum()
    assert np.isfinite(view.rgb).all()


def test_the_back_of_the_head_has_the_hair_s_colour(portrait, head):
    """Not skin's: from straight behind, the head down to the nape is as dark as the hair."""
    camera = orbit(portrait.camera, yaw_radians=np.radians([180]), pivot=portrait.pivot)
    view = portrait.appearance.render(head.pose(portrait.fit), camera)
    place, _ = camera.project(portrait.pivot[None])
    x, y = place[0, 0].astype(int)
    reach = SIZE // 12
    behind = view.rgb[0, 0, y - reach : y + reach, x - reach : x + reach].mean()
    nose = portrait.landmarks[4, :2].astype(int)
    skin = portrait.image[nose[1] - 4 : nose[1] + 4, nose[0] - 4 : nose[0] + 4].mean()
    assert behind < 0.7 * skin


def test_cheeks_show_no_step_from_the_side(portrait, head):
    """Where the photo gives way to its mirror image or to spread colours, brightness goes on."""
    camera = orbit(portrait.camera, yaw_radians=np.radians([35, -35]), pivot=portrait.pivot)
    vertices = head.pose(portrait.fit)
    view = portrait.appearance.render(vertices, camera)
    cheek = head.region_vertices("skin")
    template = head.v_template[cheek]
    cheek = cheek[
        (np.abs(template[:, 0]) > 0.03) & (template[:, 2] > -0.03) & (np.abs(template[:, 1] + 0.04) < 0.02)
    ]
    pixels, _ = camera.project(vertices[0])
    for index, side in enumerate((1, -1)):
        chosen = cheek[np.sign(head.v_template[cheek, 0]) == side]
        x, y = pixels[index, chosen].round().astype(int).T
        grey = view.rgb[0, index].mean(axis=-1)
        steps = np.abs(grey[y, x] - grey[y, x + 2])
        assert np.quantile(steps, 0.9) < 0.15


def test_made_up_colours_begin_where_the_photo_leaves_off(portrait, head):
    """On skin that a turned view shows, triangles with the photo and their neighbours without agree at the corners
    that they share."""
    surface, canvas = portrait.appearance.surface, portrait.appearance.textures[0]
    kinds = surface.source[:, None].repeat(3, axis=1).ravel()
    wedges, vertex = surface.triangles.ravel(), surface.vertex[surface.triangles.ravel()]
    shown, made = {}, {}
    for wedge, place, kind in zip(wedges, vertex, kinds):
        (shown if kind == Source.DIRECT else made)[place] = wedge
    skin = set(head.region_vertices("skin").tolist())
    both = np.array(sorted(set(shown) & set(made) & skin))
    direct, other = (np.array([table[place] for place in both]) for table in (shown, made))

    def photo(pixels: np.ndarray) -> np.ndarray:
        return sample_at(canvas, pixels)

    own = surface.gain[direct] * photo(surface.pixels[direct]) + surface.colour[direct]
    alternative = (
        surface.other_gain[direct] * photo(surface.other_pixels[direct]) + surface.other_colour[direct]
    )
    doubt = surface.doubt[direct][:, None]
    turned = doubt * alternative + (1 - doubt) * own
    beside = surface.gain[other] * photo(surface.pixels[other]) + surface.colour[other]
    before, after = (np.abs(colour - beside).max(axis=1) for colour in (own, turned))
    assert len(both) > 50
    assert after.mean() < 0.7 * before.mean()
    assert (after > 0.1).mean() < 0.05


def test_hair_fades_into_the_skin_beside_it(head):
    """A lock at the left temple colours what it lies on, its surroundings less, the face and the other side never."""
    ear = head.v_template[head.region_vertices("ear_left")]
    temple = ear.mean(axis=0) + (0.0, 0.03, 0.02)
    points = (temple + np.random.default_rng(0).normal(0, 0.004, (60, 3))).astype(np.float32)

    def sheet(positions: np.ndarray) -> Sheet:
        count = len(positions)
        return Sheet(
            positions, np.ones((count, 2), np.float32), np.zeros((0, 3), np.int32), *(3 * [np.zeros(count)])
        )

    hull = SimpleNamespace(front=sheet(points), back=sheet(points))
    nowhere = np.full((8, 8), np.nan, np.float32)
    view = SimpleNamespace(mask=np.zeros((8, 8), bool), front=nowhere, back=nowhere)
    share = hair_beside(head, head.v_template, hull, view, SimpleNamespace(chin_row=6.0))
    distance = np.linalg.norm(head.v_template[:, None] - points[None], axis=2).min(axis=1)
    behind = head.v_template[:, 2] < -0.03
    assert (share[(distance < 0.004) & behind] == 1).all()
    assert ((share > 0.1) & (share < 0.9)).any()
    assert not share[distance > 0.0141].any()
    assert not share[head.region_vertices("nose", "lips")].any()
    below = SimpleNamespace(chin_row=0.0)
    assert not hair_beside(head, head.v_template, hull, view, below).any()
