"""The background without the person: nothing of them left, the rest untouched, texture where there is texture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mvvideo.portrait.foreground import estimate_foreground
from mvvideo.portrait.plate import background_plate, push_pull
from mvvideo.portrait.resynthesis import resynthesise

SIZE = 128


def person_matte(size: int = SIZE) -> np.ndarray:
    matte = np.zeros((size, size), np.float32)
    cv2.ellipse(matte, (size // 2, size // 2), (size // 5, size // 4), 0, 0, 360, 1.0, -1)
    cv2.rectangle(matte, (size // 4, 3 * size // 4), (3 * size // 4, size), 1.0, -1)
    return cv2.GaussianBlur(matte, (0, 0), 1.5)


def textured(size: int = SIZE, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((size, size, 3)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(0.5 + 0.4 * noise, 0, 1)


def gradient(size: int = SIZE) -> np.ndarray:
    x = np.linspace(0.2, 0.6, size, dtype=np.float32)
    return np.broadcast_to(x[None, :, None], (size, size, 3)).copy()


def photographed(background: np.ndarray, matte: np.ndarray) -> np.ndarray:
    return matte[..., None] * np.array([0.9, 0.1, 0.1], np.float32) + (1 - matte[..., None]) * background


@pytest.mark.parametrize("background", [textured(), gradient()])
def test_the_person_is_gone_and_the_rest_untouched(background):
    matte = person_matte()
    plate, known = background_plate(photographed(background, matte), matte)
    assert np.allclose(plate[known == 1], background[known == 1], atol=1e-6)
    inside = matte > 0.5
    redness = plate[..., 0] - plate[..., 1]
    assert redness[inside].mean() < (background[..., 0] - background[..., 1])[inside].mean() + 0.05
    assert not known[inside].any()


def test_a_gradient_goes_on_without_a_seam():
    matte = person_matte()
    plate, _ = background_plate(photographed(gradient(), matte), matte)
    assert np.abs(plate - gradient()).max() < 0.12
    assert np.abs(plate - gradient()).mean() < 0.02


def test_texture_goes_on_behind_the_person():
    matte, background = person_matte(), textured()
    plate, _ = background_plate(photographed(background, matte), matte)
    fine = plate - cv2.GaussianBlur(plate, (0, 0), 3)
    behind = cv2.erode((matte > 0.5).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert fine[behind].std() > 0.4 * fine[matte == 0].std()


def test_same_seed_same_fill_and_known_pixels_stay():
    image, known = textured(), person_matte() < 0.01
    start = push_pull(image, known.astype(np.float32))
    first, second = (resynthesise(image, known, start, seed=3) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(first[known], image[known])
    assert np.isfinite(first).all()


def test_nothing_to_take_patches_from_is_said():
    known = np.zeros((SIZE, SIZE), bool)
    known[:3, :3] = True
    assert resynthesise(textured(), known, textured(seed=1), seed=0) is None


def test_a_person_who_fills_the_picture_leaves_a_plain_plate():
    plate, known = background_plate(textured(), np.ones((SIZE, SIZE), np.float32))
    assert np.ptp(plate.reshape(-1, 3), axis=0).max() < 1e-6
    assert not known.any()


def test_foreground_is_unmixed_from_the_background():
    """A red disc with a soft edge over green: its own colour is red up to the edge."""
    matte = cv2.GaussianBlur((person_matte() > 0.5).astype(np.float32), (0, 0), 3)
    red, green = np.array([0.8, 0.2, 0.1], np.float32), np.array([0.1, 0.7, 0.2], np.float32)
    image = matte[..., None] * red + (1 - matte[..., None]) * green
    front, back = estimate_foreground(image, matte)
    edge = (matte > 0.1) & (matte < 0.9)
    assert np.abs(front[edge] - red).mean() < 0.04
    assert np.abs(back[edge] - green).mean() < 0.04


def test_a_window_beside_the_person_does_not_glow_behind_them():
    matte, wall = person_matte(), 0.5 * gradient()
    wall += np.random.default_rng(0).normal(0, 0.006, wall.shape).astype(np.float32)
    background = wall.copy()
    background[50:75, 84:115] = 0.95  # its left edge is hidden by the head
    plate, _ = background_plate(photographed(background, matte), matte)
    far = (matte > 0.5) & (np.arange(SIZE)[None] < 70)
    assert np.abs(plate - wall)[far].max() < 0.15


def test_grain_behind_the_person_is_that_of_the_photo():
    """As strong, and alike at the same distances: patches found pixel by pixel leave rows, a hatching and blur."""
    size = 512
    matte, background = person_matte(size), textured(size)
    plate, known = background_plate(photographed(background, matte), matte)
    fine = plate - cv2.GaussianBlur(plate, (0, 0), 4)
    behind = cv2.erode((matte > 0.5).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0

    def alike(where: np.ndarray, away: int, axis: int) -> float:
        return float((fine * np.roll(fine, away, axis=axis))[where].mean() / fine[where].var())

    for away in (1, 2, 4, 8):
        for axis in (0, 1):
            assert alike(behind, away, axis) == pytest.approx(alike(known == 1, away, axis), abs=0.1)
    assert fine[behind].std() == pytest.approx(fine[known == 1].std(), rel=0.15)


def test_no_silhouette_where_the_surroundings_differ():
    """Bright left, dark right, a lamp at the shoulder: the fill begins with the colour that the photo ends with."""
    matte, background = person_matte(), gradient()
    background[20:60, 100:] = 0.95
    cv2.circle(background, (30, 70), 9, (1.0, 0.9, 0.8), -1)
    background = cv2.GaussianBlur(background, (0, 0), 2)
    plate, known = background_plate(photographed(background, matte), matte)
    hole = (known < 0.01).astype(np.uint8)
    inner = (hole > 0) & (cv2.erode(hole, np.ones((9, 9), np.uint8)) == 0)
    outer = (hole == 0) & (cv2.dilate(hole, np.ones((9, 9), np.uint8)) > 0)

    def along(strip: np.ndarray) -> np.ndarray:
        weight = cv2.GaussianBlur(strip.astype(np.float32), (0, 0), 5)[..., None]
        return cv2.GaussianBlur(plate * strip[..., None], (0, 0), 5) / np.maximum(weight, 1e-3)

    border = cv2.morphologyEx(hole, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    assert np.abs(along(inner) - along(outer))[border].mean() < 0.03
