"""Portrait from a photo: found, cropped, matted, fitted, and drawn again as it was."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from flame.errors import ImageError, NoFaceError
from flame.head import load_head
from mvvideo.guidance import CHANNEL_COUNT, Guidance, channel_slice
from mvvideo.portrait import Portrait
from mvvideo.portrait.crop import crop_image, crop_points, square_crop_box
from renderer.rigs import orbit

pytest.importorskip("mediapipe")

SIZE = 256


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def astronaut_photo():
    return pytest.importorskip("skimage.data").astronaut()


@pytest.fixture(scope="module")
def portrait(head, astronaut_photo):
    return Portrait.from_image(astronaut_photo, head=head, size=SIZE, warn=lambda message: None)


@pytest.fixture(scope="module")
def front(portrait, head):
    return portrait.appearance.render(head.pose(portrait.fit), portrait.camera)


def psnr(a, b, mask=None):
    error = (a - b) ** 2
    return -10 * np.log10(error.mean() if mask is None else error[mask].mean())


def test_shapes_and_ranges(portrait):
    assert portrait.image.shape == portrait.plate.shape == (SIZE, SIZE, 3)
    assert portrait.matte.shape == portrait.plate_known.shape == (SIZE, SIZE)
    for array in (portrait.image, portrait.plate, portrait.matte):
        assert array.min() >= 0
        assert array.max() <= 1
    x0, y0, x1, y1 = portrait.crop
    assert x1 - x0 == y1 - y0 > 0
    assert len(portrait.fit) == 1


def test_the_front_view_is_the_photo(portrait, front):
    picture = front.composite()[0, 0]
    points = portrait.landmarks[:, :2]
    low, high = points.min(axis=0).astype(int), points.max(axis=0).astype(int)
    face = np.zeros((SIZE, SIZE), bool)
    face[low[1] : high[1], low[0] : high[0]] = True
    assert psnr(picture, portrait.image, face) >= 30
    assert psnr(picture, portrait.image) >= 27


def test_alpha_agrees_with_the_matte(portrait, front):
    alpha = front.alpha[0, 0, ..., 0]
    assert np.abs(alpha - portrait.matte).mean() < 0.02
    assert alpha[portrait.matte > 0.95].min() > 0.5


def test_side_views_are_whole(portrait, head):
    """A closed hull: no hole where the head was, and about as much of a person as in front."""
    cameras = orbit(portrait.camera, yaw_radians=np.radians([40, -40]), pivot=portrait.pivot)
    views = portrait.appearance.render(head.pose(portrait.fit), cameras)
    skull, _ = cameras.project(portrait.pivot[None])
    for index in range(2):
        x, y = (int(round(v)) for v in skull[index, 0])
        assert views.alpha[0, index, y - 15 : y + 15, x - 15 : x + 15].min() > 0.99
        assert 0.6 < views.alpha[0, index].mean() / portrait.matte.mean() < 1.5


def test_confidence_falls_where_the_photo_did_not_look(portrait, front, head):
    camera = orbit(portrait.camera, yaw_radians=np.radians(60), pivot=portrait.pivot)
    side = portrait.appearance.render(head.pose(portrait.fit), camera)
    solid, solid_side = front.alpha[0, 0, ..., 0] > 0.9, side.alpha[0, 0, ..., 0] > 0.9
    for channel in (0, 2):  # seen, detail
        before = front.confidence[0, 0, ..., channel][solid].mean()
        assert before > 0.9
        assert side.confidence[0, 0, ..., channel][solid_side].mean() < before - 0.1


def test_same_photo_same_portrait(portrait, head):
    again = Portrait.build(portrait.image, portrait.landmarks, portrait.matte, head=head)
    vertices = head.pose(portrait.fit)
    first = portrait.appearance.render(vertices, portrait.camera)
    second = again.appearance.render(vertices, portrait.camera)
    assert np.array_equal(first.rgb, second.rgb)


def test_guidance_of_a_motion(portrait, head):
    cameras = orbit(portrait.camera, yaw_radians=np.radians([0, 30]), pivot=portrait.pivot)
    guidance = Guidance.compute(portrait, portrait.fit, cameras, 64)
    assert guidance.shape == (1, 2, CHANNEL_COUNT, 64, 64)
    assert np.isfinite(guidance).all()
    length = np.linalg.norm(guidance[0, 0, channel_slice("normals")], axis=0)
    assert np.abs(length[length > 0] - 1).max() < 0.2
    assert guidance[0, 0, channel_slice("region_iris")].max() > 0.3


def test_a_closing_lid_covers_the_eye(portrait, head, front):
    shut = portrait.fit.replace(eyelids=np.ones((1, 2), np.float32))
    picture = portrait.appearance.render(head.pose(shut), portrait.camera)
    for iris in (468, 473):
        x, y = portrait.landmarks[iris, :2].astype(int)
        patch = (0, 0, slice(y - 1, y + 2), slice(x - 1, x + 2))
        assert picture.rgb[patch].mean() > front.rgb[patch].mean() + 0.05


def test_two_faces_take_the_larger_and_say_so(head, astronaut_photo):
    import cv2

    small = cv2.resize(astronaut_photo, (300, 300), interpolation=cv2.INTER_AREA)
    both = np.full((512, 860, 3), 128, np.uint8)
    both[:, :512] = astronaut_photo
    both[100:400, 550:850] = small
    messages = []
    portrait = Portrait.from_image(both, head=head, size=128, warn=messages.append)
    assert portrait.crop[0] < 300
    assert any("largest" in message for message in messages)


@pytest.mark.parametrize(
    ("photo", "error"),
    [
        (np.zeros((20, 20, 3), np.uint8), ImageError),
        (np.zeros((200, 200), np.uint8), ImageError),
        (np.zeros((200, 200, 3), np.int64), ImageError),
        (np.full((200, 200, 3), np.nan, np.float32), ImageError),
        (np.full((200, 200, 3), 7.0, np.float32), ImageError),
        (np.full((200, 200, 3), 128, np.uint8), NoFaceError),
    ],
)
def test_unusable_photos_are_refused_in_one_line(photo, error, head):
    with pytest.raises(error) as caught:
        Portrait.from_image(photo, head=head)
    assert "\n" not in str(caught.value)


def test_real_portraits(head):
    folder = os.environ.get("MVPORTRAIT_REAL_INPUTS")
    if not folder:
        pytest.skip("MVPORTRAIT_REAL_INPUTS is not set")
    import cv2

    for path in sorted((Path(folder) / "portraits").glob("*.jpg")):
        photo = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
        if path.stem.startswith("not_human"):
            with pytest.raises(NoFaceError):
                Portrait.from_image(photo, head=head, size=SIZE)
            continue
        portrait = Portrait.from_image(photo, head=head, size=SIZE, warn=lambda message: None)
        picture = portrait.appearance.render(head.pose(portrait.fit), portrait.camera).composite()[0, 0]
        assert psnr(picture, portrait.image, portrait.matte > 0.95) >= 30, path.stem


@pytest.mark.parametrize("shift", [(0, 0), (-150, 0), (150, 120), (0, -120)])
def test_crop_box_stays_inside_when_it_can(shift):
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(-50, 50, (478, 2)) + (320, 240) + np.array(shift)
    x0, y0, x1, y1 = square_crop_box(landmarks, height=480, width=640)
    assert x1 - x0 == y1 - y0
    assert (x0, y0) >= (0, 0)
    assert x1 <= 640
    assert y1 <= 480
    inside = crop_points(landmarks, (x0, y0, x1, y1), 256)
    assert inside.min() > 0
    assert inside.max() < 256


def test_crop_outside_the_photo_keeps_the_photo(head):
    rng = np.random.default_rng(1)
    photo = rng.random((100, 80, 3)).astype(np.float32)
    picture = crop_image(photo, (-20, -10, 110, 120), 130)
    assert picture.shape == (130, 130, 3)
    assert np.allclose(picture[10:110, 20:100], photo)
    assert np.isfinite(picture).all()
