from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.errors import ConfigError, InputError
from renderer.cameras import fit_camera
from renderer.rasterize import antialias, interpolate, rasterize, texture, to_image_order
from renderer.rigs import arc


def agreement(rast: np.ndarray, truth: np.ndarray) -> float:
    """Share of the pixels drawn by either whose ids are equal."""
    drawn = (rast[..., 3] > 0) | (truth[..., 3] > 0)
    return float((rast[..., 3] == truth[..., 3])[drawn].mean()) if drawn.any() else 1.0


def close_where_ids_agree(rast: np.ndarray, truth: np.ndarray) -> None:
    same = (rast[..., 3] == truth[..., 3]) & (truth[..., 3] > 0)
    assert np.allclose(rast[same][:, :3], truth[same][:, :3], atol=2e-4)


def random_soup(seed: int, triangles: int, views: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of all sizes in clip space, some beyond the image and the clip planes, with varying w."""
    random = np.random.default_rng(seed)
    middle = random.uniform(-1.1, 1.1, (views, triangles, 1, 3))
    size = random.exponential(0.15, (views, triangles, 1, 1))
    corners = middle + size * random.normal(size=(views, triangles, 3, 3))
    w = random.uniform(0.5, 3.0, (views, triangles, 3, 1))
    clip = np.concatenate([corners * w, w], axis=-1).reshape(views, -1, 4).astype(np.float32)
    return clip, np.arange(3 * triangles, dtype=np.int32).reshape(-1, 3)


@pytest.mark.parametrize("seed", range(4))
def test_ids_of_random_meshes_agree_with_the_reference(seed):
    clip, triangles = random_soup(seed, 60)
    rast = rasterize(clip, triangles, (70, 90), backend="numba")
    truth = rasterize(clip, triangles, (70, 90), backend="reference")
    assert truth[..., 3].max() > 0
    assert agreement(rast, truth) >= 0.999
    close_where_ids_agree(rast, truth)


@pytest.mark.parametrize("seed", range(4))
def test_triangles_that_reach_behind_the_camera_agree_with_the_reference(seed):
    random = np.random.default_rng(seed)
    points = random.normal(size=(45, 3)) * [1.0, 1.0, 2.0] - [0, 0, 1.0]
    camera = fit_camera(np.zeros((1, 3)) + [0, 0, -2.0], height=64, width=64, vertical_fov_radians=1.2)
    matrix = np.array(camera.world_to_camera)
    matrix[0, 2, 3] = 0.0
    camera = replace(camera, world_to_camera=matrix, near=0.1, far=50.0)
    clip = camera.to_clip(points)
    assert (clip[..., 3] < 0).any()
    triangles = np.arange(45, dtype=np.int32).reshape(-1, 3)
    rast = rasterize(clip, triangles, (64, 64))
    truth = rasterize(clip, triangles, (64, 64), backend="reference")
    assert (truth[..., 3] > 0).mean() > 0.2
    assert agreement(rast, truth) >= 0.999
    same = (rast[..., 3] == truth[..., 3]) & (truth[..., 3] > 0)
    assert np.allclose(rast[same], truth[same], atol=5e-3)


def test_a_floor_running_under_the_camera_is_cut_at_the_near_plane():
    floor = np.array([[-50, -1, 50], [50, -1, 50], [0, -1, -5000]], np.float32)  # two corners behind
    camera = fit_camera(np.zeros((1, 3)), height=64, width=64, vertical_fov_radians=1.0)
    clip = camera.to_clip(floor)
    rast = rasterize(clip, np.array([[0, 1, 2]], np.int32), (64, 64))
    covered = rast[0, :, :, 3] > 0
    truth = rasterize(clip, np.array([[0, 1, 2]], np.int32), (64, 64), backend="reference")[0, :, :, 3] > 0
    assert np.array_equal(covered, truth)
    assert not covered[32:].any()  # nothing above the horizon


def fan(seed: int, spokes: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """A disc cut into triangles about a random middle; coordinates on pixel centres and edges on purpose."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, spokes))
    angle = np.concatenate([angle, [0.1, 1.7, 3.3, 4.9]])
    angle.sort()
    rim = np.round(scale * np.stack([np.cos(angle), np.sin(angle)], -1) * 32) / 32
    points = np.concatenate([[random.integers(-8, 8, 2) / 32], rim])
    clip = np.concatenate([points, np.zeros((len(points), 1)), np.ones((len(points), 1))], -1)
    count = len(rim)
    triangles = np.stack([np.zeros(count), 1 + np.arange(count), 1 + (np.arange(count) + 1) % count], -1)
    return clip[None].astype(np.float32), triangles.astype(np.int32)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), spokes=st.integers(2, 20), scale=st.floats(0.5, 0.9))
def test_shared_edges_give_every_pixel_to_exactly_one_triangle(seed, spokes, scale):
    clip, triangles = fan(seed, spokes, scale)
    alone = [
        rasterize(clip, triangles[i : i + 1], (64, 64), threads=1)[0, :, :, 3] > 0
        for i in range(len(triangles))
    ]
    times = np.sum(alone, axis=0)
    assert times.max() <= 1  # never twice
    together = rasterize(clip, triangles, (64, 64), threads=1)[0, :, :, 3] > 0
    assert np.array_equal(times > 0, together)
    x, y = np.meshgrid(*[(np.arange(64) + 0.5) / 32 - 1] * 2)
    start, end = clip[0, triangles[:, 1], :2], clip[0, triangles[:, 2], :2]
    crossings = np.zeros((64, 64), int)
    on_rim = np.zeros((64, 64), bool)
    for (ax, ay), (bx, by) in zip(start.astype(float), end.astype(float)):
        beside = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        on_rim |= np.abs(beside) < 1e-9
        crossings += ((ay > y) != (by > y)) & ((beside > 0) == (by > ay))
    assert np.array_equal(together[~on_rim], (crossings % 2 == 1)[~on_rim])  # and never missed


def test_a_quad_on_pixel_borders_covers_exactly_its_pixels():
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    clip = np.concatenate([corners, np.zeros((4, 1)), np.ones((4, 1))], -1)[None].astype(np.float32)
    for triangles in ([[0, 1, 2], [0, 2, 3]], [[0, 1, 3], [1, 2, 3]], [[2, 1, 0], [3, 2, 0]]):
        covered = rasterize(clip, np.array(triangles, np.int32), (16, 16))[0, :, :, 3] > 0
        expected = np.zeros((16, 16), bool)
        expected[4:12, 4:12] = True
        assert np.array_equal(covered, expected)


def test_pixel_centres_on_edges_go_left_and_up():
    shift = 1.0 / 16  # half a pixel: the quad's borders run through pixel centres
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) + shift
    clip = np.concatenate([corners, np.zeros((4, 1)), np.ones((4, 1))], -1)[None].astype(np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    for backend in ("numba", "reference"):
        covered = rasterize(clip, triangles, (16, 16), backend=backend)[0, :, :, 3] > 0
        expected = np.zeros((16, 16), bool)
        expected[5:13, 4:12] = True  # row 0 is the bottom: the top border is owned, the bottom one is not
        assert np.array_equal(covered, expected)


def test_row_zero_is_the_bottom_and_vertex_zero_is_u():
    clip = np.array([[[-1, -1, 0, 1], [1, -1, 0, 1], [-1, 1, 0, 1]]], np.float32)
    rast = rasterize(clip, np.array([[0, 1, 2]], np.int32), (32, 32))
    assert rast[0, 0, 0, 0] > 0.95  # near vertex 0: u = 1
    assert rast[0, 0, 30, 1] > 0.9  # near vertex 1: v = 1
    assert rast[0, 31, 31, 3] == 0
    assert to_image_order(rast)[0, 31, 0, 0] > 0.95


def test_the_nearer_triangle_wins_and_the_first_at_equal_depth():
    near = [[-1, -1, -0.5, 1], [1, -1, -0.5, 1], [0, 1, -0.5, 1]]
    far = [[-1, -1, 0.5, 1], [1, -1, 0.5, 1], [0, 1, 0.5, 1]]
    clip = np.array([far + near], np.float32)
    for order in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        rast = rasterize(clip, np.array(order, np.int32), (16, 16))
        shown = order.index([3, 4, 5]) + 1
        assert set(np.unique(rast[..., 3])) == {0, shown}
    twice = rasterize(clip, np.array([[0, 1, 2], [0, 1, 2], [2, 1, 0]], np.int32), (16, 16))
    assert set(np.unique(twice[..., 3])) == {0, 1}


def test_beyond_the_near_and_far_planes_nothing_is_drawn():
    for z in (-1.01, 1.01):
        clip = np.array([[[-1, -1, z, 1], [1, -1, z, 1], [0, 1, z, 1]]], np.float32)
        assert not rasterize(clip, np.array([[0, 1, 2]], np.int32), (16, 16)).any()


def test_interpolation_is_perspective_correct(front):
    """A slanted plane's attribute is its own position: at each pixel it must project back to that pixel."""
    plane = np.array([[-0.3, -0.3, 0.3], [0.3, -0.3, -0.9], [0.3, 0.3, -0.9], [-0.3, 0.3, 0.3]]) * 0.3
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    size = (front.height, front.width)
    rast = rasterize(front.to_clip(plane), triangles, size)
    position = to_image_order(interpolate(plane.astype(np.float32), rast, triangles))
    drawn = to_image_order(rast)[0, :, :, 3] > 0
    assert drawn.mean() > 0.1
    pixels, depth = front.project(position[0][drawn])
    rows, columns = np.nonzero(drawn)
    assert np.abs(pixels[0] - np.stack([columns + 0.5, rows + 0.5], -1)).max() < 2e-3
    assert np.ptp(depth) > 0.1


def test_views_threads_and_order_do_not_change_the_result(sphere, front):
    vertices, triangles = sphere
    clip = arc(front, 3, pivot=np.zeros(3)).to_clip(vertices)
    together = rasterize(clip, triangles, (96, 80))
    assert np.array_equal(together, rasterize(clip, triangles, (96, 80), threads=1))
    for view in range(3):
        assert np.array_equal(together[view], rasterize(clip[view], triangles, (96, 80), threads=2)[0])


def test_the_head_agrees_with_the_reference(open_head):
    vertices = open_head.v_template
    front = fit_camera(vertices, height=144, width=144)
    cameras = arc(front, 3, orbit_radians=0.9, pivot=vertices.mean(0))[[0, 1]]
    clip = cameras.to_clip(vertices)
    rast = rasterize(clip, open_head.faces, (144, 144))
    truth = rasterize(clip, open_head.faces, (144, 144), backend="reference")
    assert agreement(rast, truth) >= 0.999
    close_where_ids_agree(rast, truth)


@pytest.mark.parametrize("boundary", ["wrap", "clamp"])
def test_texture_and_interpolate_agree_with_the_reference(boundary):
    random = np.random.default_rng(5)
    image = random.random((2, 7, 5, 3), np.float32)
    uv = random.uniform(-1.5, 2.5, (2, 9, 11, 2)).astype(np.float32)
    fast = texture(image, uv, boundary=boundary)
    assert np.allclose(fast, texture(image, uv, boundary=boundary, backend="reference"), atol=1e-5)
    assert np.allclose(fast, texture(image, uv, boundary=boundary, threads=1))
    clip, triangles = random_soup(1, 20)
    rast = rasterize(clip, triangles, (40, 40))
    values = random.random((1, clip.shape[1], 4), np.float32)
    slow = interpolate(values, rast, triangles, backend="reference")
    assert np.allclose(interpolate(values, rast, triangles), slow, atol=1e-6)


def test_texture_hits_texel_centres():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    uv = np.stack(np.meshgrid((np.arange(4) + 0.5) / 4, (np.arange(3) + 0.5) / 3), -1)[None].astype(
        np.float32
    )
    assert np.allclose(texture(image, uv), image, atol=1e-5)


def test_antialias_agrees_with_the_reference_and_with_true_coverage():
    clip, triangles = random_soup(3, 12, views=2)
    rast = rasterize(clip, triangles, (40, 48))
    color = np.random.default_rng(0).random((2, 40, 48, 3), np.float32)
    slow = antialias(color, rast, clip, triangles, backend="reference")
    assert np.allclose(antialias(color, rast, clip, triangles), slow, atol=1e-5)
    # A convex shape's antialiased area comes close to its true area; the aliased one does not as well.
    shape = np.array([[[-0.71, -0.63, 0, 1], [0.83, -0.37, 0, 1], [0.12, 0.77, 0, 1]]], np.float32)
    one = np.array([[0, 1, 2]], np.int32)
    rast = rasterize(shape, one, (24, 24))
    smooth = antialias((rast[..., 3:] > 0).astype(np.float32), rast, shape, one)
    a, b, c = shape[0, :, :2].astype(np.float64)
    (x1, y1), (x2, y2) = b - a, c - a
    area = 0.5 * abs(x1 * y2 - y1 * x2) / 4  # the image is 2 x 2
    assert abs(smooth.mean() - area) < 0.002
    assert ((smooth > 0.01) & (smooth < 0.99)).sum() > 20


def test_torch_tensors_come_back_as_torch_tensors():
    torch = pytest.importorskip("torch")
    clip, triangles = random_soup(2, 5)
    rast = rasterize(torch.from_numpy(clip), torch.from_numpy(triangles), (16, 16))
    assert isinstance(rast, torch.Tensor)
    assert np.array_equal(rast.numpy(), rasterize(clip, triangles, (16, 16)))


def test_bad_input_is_named():
    clip, triangles = random_soup(0, 4)
    broken = clip.copy()
    broken[0, 0, 0] = np.nan
    for error, call in (
        (InputError, lambda: rasterize(broken, triangles, (8, 8))),
        (InputError, lambda: rasterize(clip[..., :3], triangles, (8, 8))),
        (InputError, lambda: rasterize(clip, triangles + 1, (8, 8))),
        (InputError, lambda: rasterize(clip, triangles - 1, (8, 8))),
        (InputError, lambda: rasterize(clip, triangles.astype(np.float32), (8, 8))),
        (InputError, lambda: rasterize(clip, triangles, (0, 8))),
        (InputError, lambda: rasterize(clip, triangles, (8, 10**6))),
        (InputError, lambda: rasterize(clip, triangles, 8)),
        (ConfigError, lambda: rasterize(clip, triangles, (8, 8), backend="opengl")),
        (ConfigError, lambda: rasterize(clip, triangles, (8, 8), threads=0)),
        (InputError, lambda: interpolate(np.ones((3, 2)), np.ones((1, 4, 4, 4)), triangles[1:2])),
        (InputError, lambda: interpolate(np.ones((12, 2)), np.full((1, 4, 4, 4), 9.0), triangles)),
        (ConfigError, lambda: texture(np.ones((1, 2, 2, 1)), np.ones((1, 2, 2, 2)), boundary="mirror")),
        (InputError, lambda: texture(np.ones((3, 2, 2, 1)), np.ones((1, 2, 2, 2)))),
        (InputError, lambda: antialias(np.ones((1, 4, 4, 3)), np.zeros((1, 8, 8, 4)), clip[:1], triangles)),
    ):
        with pytest.raises(error, match=r".+: .+; .+"):
            call()


def test_nothing_to_draw_draws_nothing():
    rast = rasterize(np.zeros((1, 3, 4)), np.zeros((0, 3), np.int32), (8, 8))
    assert rast.shape == (1, 8, 8, 4)
    assert not rast.any()
    assert not rasterize(np.zeros((1, 3, 4)), np.array([[0, 1, 2]]), (8, 8)).any()  # w = 0
