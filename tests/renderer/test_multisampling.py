"""Samples at pixel edges agree with the same visibility drawn with shifted cameras."""

from __future__ import annotations

import numpy as np
import pytest

from renderer import Cameras, arc, fit_camera, numba_backend
from renderer.multisampling import SAMPLE_OFFSETS, SAMPLE_POINTS, find_edges

SIZE = 48


def blobs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two intersecting open surfaces of small triangles."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 16), np.linspace(-1, 1, 16)), -1).reshape(-1, 2)
    sheets = []
    for _ in range(2):
        height = 0.4 * np.sin(3 * grid @ rng.normal(size=2)) + 0.1 * rng.normal(size=len(grid))
        sheets.append(np.concatenate([grid, height[:, None]], 1) @ np.linalg.qr(rng.normal(size=(3, 3)))[0])
    first = (np.arange(15)[:, None] * 16 + np.arange(15)).reshape(-1)
    triangles = np.concatenate(
        [np.stack([first, first + 1, first + 16], 1), np.stack([first + 1, first + 17, first + 16], 1)]
    )
    points = 0.1 * np.concatenate(sheets)
    return points.astype(np.float32), np.concatenate([triangles, triangles + 256]).astype(np.int32)


def seen(threads: int, seed: int = 0):
    points, triangles = blobs(seed)
    cameras = arc(fit_camera(points, height=SIZE, width=SIZE), 3, pivot=points.mean(axis=0))
    clip = cameras.to_clip(points)
    grid = numba_backend.Snapped.empty(*clip.shape[:2])
    ids, nearest = numba_backend.visibility(clip, triangles, SIZE, SIZE, threads=threads, snapped=grid)
    groups = (np.arange(len(triangles)) >= len(triangles) // 2).astype(np.uint8)
    edges = find_edges(
        ids,
        nearest,
        groups,
        camera_from_clip_depth=cameras.camera_from_clip_depth,
        focal_px=cameras.focal_px,
        threads=threads,
    )
    samples = numba_backend.sample_visibility(
        clip, triangles, grid, edges.slots, SAMPLE_OFFSETS, edges.count, threads=threads
    )
    return cameras, clip, triangles, ids, nearest, groups, edges, samples


@pytest.mark.parametrize("threads", [1, 2])
def test_samples_are_visibility_at_shifted_pixels(threads: int) -> None:
    _, clip, triangles, _, _, _, edges, samples = seen(threads)
    assert 100 < edges.count < edges.slots.size / 2
    chosen = edges.slots >= 0
    for number, shift in enumerate(SAMPLE_POINTS):
        moved = clip.astype(np.float64)
        moved[..., :2] -= 2 / SIZE * shift * moved[..., 3:]
        expected, _ = numba_backend.visibility(moved.astype(np.float32), triangles, SIZE, SIZE)
        # Shifting rounds vertices anew, by up to one step of the grid.
        assert (expected[chosen] != samples[edges.slots[chosen], number]).mean() < 2e-3


def test_every_pixel_beside_a_jump_is_marked_and_no_other() -> None:
    cameras, _, _, ids, nearest, groups, edges, _ = seen(1)
    a, b = cameras.camera_from_clip_depth
    distance = b / (nearest.astype(np.float64) - a)
    group = np.where(ids >= 0, groups[ids], 255)
    marked = np.zeros(ids.shape, bool)
    for axis in (1, 2):
        first = [slice(None)] * 3
        second = list(first)
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        one, other = tuple(first), tuple(second)
        gap = np.abs(distance[one] - distance[other]) * cameras.focal_px[:, None, None]
        steep = gap > 3 * np.minimum(distance[one], distance[other])
        steep &= (ids[one] >= 0) & (ids[other] >= 0) & (ids[one] != ids[other])
        jump = (group[one] != group[other]) | steep
        marked[one] |= jump
        marked[other] |= jump
    assert np.array_equal(marked, edges.slots >= 0)
    assert np.array_equal(np.sort(edges.slots[marked]), np.arange(edges.count))


def test_threads_do_not_change_the_result() -> None:
    one, two = seen(1, seed=3), seen(2, seed=3)
    assert np.array_equal(one[6].slots, two[6].slots)
    assert np.array_equal(one[7], two[7])


def test_triangles_that_cross_the_near_plane_are_clipped_for_samples_too() -> None:
    camera = Cameras(
        world_to_camera=np.eye(4)[None],
        focal_px=np.array([20.0]),
        principal_px=np.array([[8.0, 8.0]]),
        height=16,
        width=16,
    )
    floor = np.array([[-1, -0.1, 1], [1, -0.1, 1], [0, -0.1, -8]], np.float32)  # from behind the camera
    clip = camera.to_clip(floor)
    triangles = np.array([[0, 1, 2]], np.int32)
    grid = numba_backend.Snapped.empty(1, 3)
    ids, _ = numba_backend.visibility(clip, triangles, 16, 16, snapped=grid)
    slots = np.arange(256, dtype=np.int32).reshape(1, 16, 16)
    centre = np.zeros((1, 2), np.int64)
    samples = numba_backend.sample_visibility(clip, triangles, grid, slots, centre, 256)
    assert (ids >= 0).sum() > 20
    assert np.array_equal(samples[:, 0].reshape(ids.shape), ids)
