"""From a coarse matte to a fine one: soft hair stays soft, a dark shoulder before a dark wall stays whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mvvideo.portrait.closed_form import closed_form_matte
from mvvideo.portrait.matte import refine_matte

SIZE = 192


def landmarks(centre: tuple[float, float] = (96, 88)) -> np.ndarray:
    """478 points that fill a face's oval."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 478), np.sqrt(rng.uniform(0, 1, 478))
    return np.stack(
        [centre[0] + 26 * radius * np.cos(angle), centre[1] + 36 * radius * np.sin(angle)], axis=1
    )


def person(*, strands: int, seed: int = 0) -> np.ndarray:
    """True matte: a head, shoulders, and thin hair around the head."""
    rng = np.random.default_rng(seed)
    scale = 4
    matte = np.zeros((SIZE * scale, SIZE * scale), np.float32)
    cv2.ellipse(matte, (96 * scale, 82 * scale), (40 * scale, 52 * scale), 0, 0, 360, 1.0, -1)
    cv2.rectangle(matte, (30 * scale, 148 * scale), (162 * scale, SIZE * scale), 1.0, -1)
    cv2.rectangle(matte, (78 * scale, 120 * scale), (114 * scale, 150 * scale), 1.0, -1)
    for _ in range(strands):
        angle = rng.uniform(np.pi, 2 * np.pi)
        start = np.array([96 + 38 * np.cos(angle), 82 + 50 * np.sin(angle)])
        end = start + 6 * np.array([np.cos(angle + rng.normal(0, 0.6)), np.sin(angle + rng.normal(0, 0.6))])
        cv2.line(matte, *(tuple((p * scale).astype(int).tolist()) for p in (start, end)), 1.0, 2)
    return cv2.resize(matte, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def photographed(matte: np.ndarray, front: float, back: float, noise: float = 0.01) -> np.ndarray:
    alpha = matte[..., None]
    image = alpha * np.array([front, 0.8 * front, 0.6 * front]) + (1 - alpha) * np.array(
        [back, back, 1.1 * back]
    )
    image = image + np.random.default_rng(1).normal(0, noise, image.shape)
    return np.clip(image, 0, 1).astype(np.float32)


def coarse_matte(matte: np.ndarray) -> np.ndarray:
    """What a segmentation network at low resolution would say."""
    solid = cv2.morphologyEx((matte > 0.5).astype(np.float32), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    return cv2.GaussianBlur(solid, (0, 0), 3.0)


def test_hair_comes_out_of_a_coarse_matte():
    truth = person(strands=160)
    coarse = coarse_matte(truth)
    fine = refine_matte(photographed(truth, 0.25, 0.8), coarse, landmarks())
    assert fine.dtype == np.float32
    assert fine.min() >= 0
    assert fine.max() <= 1
    band = (cv2.dilate(truth, np.ones((15, 15))) > 0.05) & (cv2.erode(truth, np.ones((9, 9))) < 0.95)
    hair = band & (np.arange(SIZE)[:, None] < 75)
    assert np.abs(fine - truth)[hair].mean() < 0.7 * np.abs(coarse - truth)[hair].mean()
    assert np.abs(fine - truth).mean() < 0.02


@pytest.mark.parametrize("back", [0.10, 0.13])
def test_a_dark_shoulder_before_a_dark_wall_is_not_eaten(back):
    truth = person(strands=0)
    image = photographed(truth, 0.12, back, noise=0.02)
    head = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(head, (96, 88), (30, 40), 0, 0, 360, 1, -1)
    image[head > 0] = (0.7, 0.55, 0.45)
    fine = refine_matte(image, coarse_matte(truth), landmarks())
    shoulders = (truth > 0.5) & (np.arange(SIZE)[:, None] > 152)
    assert (fine[shoulders] > 0.5).mean() > 0.93
    assert fine[truth < 0.01].mean() < 0.03


def test_things_beside_the_person_are_dropped_and_holes_filled():
    truth = person(strands=0)
    coarse = coarse_matte(truth)
    coarse[10:30, 5:25] = 1
    coarse[100:104, 94:98] = 0
    fine = refine_matte(photographed(truth, 0.3, 0.8), coarse, landmarks())
    assert fine[10:30, 5:25].max() < 0.05
    assert fine[95:110, 88:104].min() > 0.95


def test_closed_form_is_exact_where_colour_is_linear_in_the_matte():
    """A ramp between two plain colours is solved for from its ends alone."""
    ramp = np.clip((np.arange(64, dtype=np.float32) - 26) / 12, 0, 1)
    truth = np.broadcast_to(ramp, (64, 64)).copy()
    image = truth[..., None] * np.array([0.9, 0.3, 0.2]) + (1 - truth[..., None]) * np.array([0.1, 0.4, 0.8])
    unsure = (truth > 0) & (truth < 1)
    start = np.where(unsure, 0.5, truth).astype(np.float32)
    solved = closed_form_matte(image.astype(np.float32), start, unsure, 1e-6)
    assert np.abs(solved - truth).max() < 0.1
    assert np.array_equal(solved[~unsure], truth[~unsure])


def test_nothing_unsure_nothing_changed():
    prior = person(strands=0)
    image = photographed(prior, 0.3, 0.8)
    assert np.array_equal(closed_form_matte(image, prior, np.zeros_like(prior, bool), 0.1), prior)
