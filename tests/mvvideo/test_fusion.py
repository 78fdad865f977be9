"""Several photos on one head: what one hides comes from the other, in the first one's light."""

from __future__ import annotations

import numpy as np
import pytest

from flame.errors import ImageError, NoFaceError
from flame.head import load_head
from flame.sequence import FlameSequence
from mvvideo.portrait.detect import FaceBox
from mvvideo.portrait.fusion import LARGEST_DIFFERENCE_METRES, fuse_appearances, shape_difference
from mvvideo.portrait.portrait import Portrait
from mvvideo.portrait.surface import Source
from renderer.rigs import orbit
from renderer.shading import shade
from tests.mvvideo.portrait_fixtures import front_camera

SIZE = 128
BACKGROUND = np.array([0.25, 0.4, 0.6], np.float32)
LIGHT_OF_THE_SECOND = np.array([0.9, 1.0, 1.1], np.float32)


@pytest.fixture(scope="module")
def head():
    return load_head()


def skin_colours(head) -> np.ndarray:
    """A face whose sides differ: green on the subject's left, red on the right, so that mirroring is wrong."""
    x, _, z = head.v_template.T
    base = np.array([0.75, 0.58, 0.48])
    side = np.clip(np.abs(x) / 0.06, 0, 1)[:, None] * np.where(
        x[:, None] > 0, [-0.25, 0.15, 0.0], [0.1, -0.2, -0.1]
    )
    stripes = 0.05 * np.sin(z[:, None] * 300)
    return np.clip(base + side + stripes, 0.05, 0.95).astype(np.float32)


def posed(head, yaw_degrees: float) -> FlameSequence:
    zero = FlameSequence.neutral(
        1, shape=np.zeros(head.shape_dims, np.float32), expression_dims=head.expression_dims
    )
    return zero.replace(rotation=np.array([[0, np.radians(yaw_degrees), 0]], np.float32))


def photograph(head, fit, cameras, light=1.0):
    """Colour ``(N, S, S, 3)`` and alpha ``(N, S, S)`` of the painted head in even light."""
    vertices = head.pose(fit)[0]
    colours = np.broadcast_to(skin_colours(head), (len(cameras), *vertices.shape))
    drawn = shade(
        cameras.to_clip(vertices), head.faces, np.ascontiguousarray(colours), resolution=(SIZE, SIZE)
    )
    alpha = (drawn.triangle_ids >= 0).astype(np.float32)
    picture = np.where(alpha[..., None] > 0, drawn.values * light, BACKGROUND)
    return np.clip(picture, 0, 1).astype(np.float32), alpha


def portrait(head, yaw_degrees: float, light=1.0) -> Portrait:
    fit, view = posed(head, yaw_degrees), front_camera(SIZE)
    picture, alpha = photograph(head, fit, view, light)
    pixels, _ = view.project(head.landmarks(head.pose(fit), "478")[0])
    return Portrait.build(picture[0], pixels[0], alpha[0], head=head, fit=fit, camera=view)


@pytest.fixture(scope="module")
def main(head):
    return portrait(head, -25)


@pytest.fixture(scope="module")
def second(head):
    return portrait(head, 40, LIGHT_OF_THE_SECOND)


def test_the_hidden_cheek_comes_from_the_second_photo(head, main, second):
    fused = fuse_appearances(main.appearance, [second.appearance])
    side = orbit(main.camera, yaw_radians=np.radians([-60.0]), pivot=main.pivot)
    truth, alpha = photograph(head, main.fit, side)
    alone, together = (model.render(head.pose(main.fit), side) for model in (main.appearance, fused))
    hidden = (alpha[0] > 0) & (alone.confidence[0, 0, ..., 0] < 0.6) & (alone.confidence[0, 0, ..., 3] > 0.95)
    assert hidden.sum() > 100
    error = [np.sqrt(((one.rgb[0, 0] - truth[0])[hidden] ** 2).mean()) for one in (alone, together)]
    assert error[1] < 0.6 * error[0]
    # And it says so.
    seen = [one.confidence[0, 0, ..., 0][hidden].mean() for one in (alone, together)]
    assert seen[1] > seen[0] + 0.2


def test_the_photo_itself_still_comes_back(head, main, second):
    fused = fuse_appearances(main.appearance, [second.appearance])
    before, after = (
        model.render(head.pose(main.fit), main.camera).composite()[0, 0] for model in (main.appearance, fused)
    )
    assert np.abs(before - after).mean() < 0.004
    assert np.abs(after - main.image).mean() < 0.02


def test_fusing_keeps_the_surface_whole(main, second):
    surface = fuse_appearances(main.appearance, [second.appearance, second.appearance]).surface
    assert len(surface.triangles) == len(main.appearance.surface.triangles)
    assert np.array_equal(
        np.sort(surface.vertex[surface.triangles], axis=1),
        np.sort(main.appearance.surface.vertex[main.appearance.surface.triangles], axis=1),
    )
    own = (main.appearance.surface.source == Source.DIRECT).sum()
    assert (surface.source == Source.DIRECT).sum() > own
    for values in (surface.pixels, surface.colour, surface.seen, surface.facing):
        assert np.isfinite(values).all()


def test_one_photo_is_left_alone(main):
    assert fuse_appearances(main.appearance, []) is main.appearance


def test_shape_difference_is_zero_for_one_person_and_large_for_two(head):
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, head.shape_dims).astype(np.float32)
    assert shape_difference(head, first, first) == 0
    assert shape_difference(head, 1.5 * first, -1.5 * first) > LARGEST_DIFFERENCE_METRES


class _Finder:
    """Knows the face of pictures with a bright first pixel, and nothing of others."""

    def __init__(self, points: np.ndarray, alpha: np.ndarray) -> None:
        self._points, self._alpha = points, alpha

    def detect(self, image: np.ndarray) -> list[FaceBox]:
        return [FaceBox(SIZE / 2, SIZE / 2, SIZE / 2, 1.0)] if image[0, 0, 0] > 10 else []

    def landmarks(self, image: np.ndarray, face: FaceBox) -> np.ndarray:
        return self._points

    def matte(self, image: np.ndarray) -> np.ndarray:
        import cv2

        return cv2.resize(self._alpha, image.shape[1::-1], interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def finder(head):
    fit, view = posed(head, 0), front_camera(SIZE)
    pixels, depth = view.project(head.landmarks(head.pose(fit), "478")[0])
    points = np.concatenate([pixels[0], (depth[0] - depth[0].mean())[:, None] * 3.2 * SIZE / 1.1], axis=1)
    return _Finder(points, photograph(head, fit, view)[1][0])


def test_several_pictures_make_one_portrait(head, finder):
    picture = photograph(head, posed(head, 0), front_camera(SIZE))[0][0]
    messages: list[str] = []
    both = Portrait.from_images([picture, picture], head=head, size=SIZE, warn=messages.append, finder=finder)
    assert both.image.shape == (SIZE, SIZE, 3)
    assert len(both.appearance.textures[0]) > both.appearance.textures[0].shape[1]
    assert not any("another person" in message for message in messages)
    drawn = both.appearance.render(head.pose(both.fit), both.camera).composite()[0, 0]
    assert np.abs(drawn - both.image).mean() < 0.03


def test_the_picture_without_a_face_is_named(head, finder):
    picture = photograph(head, posed(head, 0), front_camera(SIZE))[0][0]
    with pytest.raises(NoFaceError, match="picture 2 of 2") as caught:
        Portrait.from_images([picture, np.zeros_like(picture)], head=head, size=SIZE, finder=finder)
    assert "\n" not in str(caught.value)
    with pytest.raises(ImageError, match="picture 3 of 3"):
        Portrait.from_images([picture, picture, np.zeros((4, 4, 3))], head=head, size=SIZE, finder=finder)


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_or_too_many_pictures_are_refused(head, finder, count):
    with pytest.raises(ImageError, match="1 to 8"):
        Portrait.from_images(count * [np.ones((SIZE, SIZE, 3))], head=head, size=SIZE, finder=finder)
