from __future__ import annotations

import numpy as np
import pytest

from flame.errors import InputError
from renderer.layers import over, over_by_depth
from renderer.rasterize import interpolate, rasterize, to_image_order
from renderer.rigs import arc
from renderer.shading import Texturing, shade, shade_layers
from renderer.supersampling import box_downsample, coverage_downsample

SIZE = (96, 80)


def test_the_fused_shader_equals_rasterize_and_interpolate(sphere, front):
    vertices, triangles = sphere
    clip = arc(front, 3, pivot=np.zeros(3)).to_clip(vertices)
    values = np.random.default_rng(0).random((3, len(vertices), 5), np.float32)
    seen = shade(clip, triangles, values, resolution=SIZE)
    rast = to_image_order(rasterize(clip, triangles, SIZE))
    assert np.array_equal(seen.triangle_ids, rast[..., 3].astype(int) - 1)
    expected = to_image_order(interpolate(values, to_image_order(rast), triangles))
    assert np.allclose(seen.values, expected, atol=1e-5)
    assert np.allclose(seen.clip_depth[seen.mask], rast[..., 2][seen.mask], atol=1e-4)
    assert not seen.values[~seen.mask].any()
    for threads in (1, 2):
        again = shade(clip, triangles, values, resolution=SIZE, threads=threads)
        assert np.array_equal(again.values, seen.values)


def test_distance_is_metres_along_the_viewing_axis(sphere, front):
    vertices, triangles = sphere
    cameras = arc(front, 2, pivot=np.zeros(3))
    seen = shade(cameras.to_clip(vertices), triangles, vertices.astype(np.float32), resolution=SIZE)
    for view in range(2):
        depth = cameras[view].project(seen.values[view][seen.mask[view]])[1][0]
        assert np.allclose(seen.distance[view][seen.mask[view]], depth, atol=1e-5)


def test_attributes_may_be_shared_and_of_any_width(sphere, front):
    vertices, triangles = sphere
    clip = arc(front, 2, pivot=np.zeros(3)).to_clip(vertices)
    one = shade(clip, triangles, vertices[None].astype(np.float32), resolution=SIZE)
    each = shade(clip, triangles, np.stack([vertices, vertices]), resolution=SIZE)
    assert np.array_equal(one.values, each.values)
    none = shade(clip, triangles, None, resolution=SIZE)
    assert none.values.shape == (2, *SIZE, 0)
    assert np.array_equal(none.mask, one.mask)


def quad(z: float) -> np.ndarray:
    return np.array([[-1, -1, z, 1], [1, -1, z, 1], [1, 1, z, 1], [-1, 1, z, 1]], np.float32)


QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
QUAD_UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def test_a_texture_filling_the_image_comes_out_upright():
    picture = np.random.default_rng(1).random((12, 9, 3), np.float32)
    seen = shade(quad(0), QUAD, None, resolution=(12, 9), texturing=Texturing([picture], QUAD_UV))
    assert np.allclose(seen.texture[0], picture, atol=1e-5)


def test_triangles_choose_their_texture():
    red, green = np.zeros((4, 4, 2), np.float32), np.zeros((7, 3, 2), np.float32)
    red[..., 0], green[..., 1] = 1, 1
    clip = np.concatenate([quad(0)[None]] * 2)
    for choice in ([0, 1], [1, -1]):
        texturing = Texturing([red, green], QUAD_UV, triangle_texture=choice)
        seen = shade(clip, QUAD, None, resolution=(16, 16), texturing=texturing)
        for triangle, which in enumerate(choice):
            colors = seen.texture[seen.triangle_ids == triangle]
            assert len(colors) > 50
            assert np.allclose(colors, np.eye(3)[which][:2])  # −1 is the row of zeros


def test_peeling_shows_surface_after_surface():
    clip = np.concatenate([quad(0.5), quad(-0.5), quad(0.1)])
    triangles = np.concatenate([QUAD, QUAD + 4, QUAD + 8])
    value = np.repeat([1.0, 2.0, 3.0], 4)[:, None]
    layers = shade_layers(clip, triangles, value, resolution=(8, 8), layers=5)
    assert [float(np.unique(layer.values)[0]) for layer in layers] == [2.0, 3.0, 1.0]
    assert all(np.unique(layer.values).size == 1 for layer in layers)


def test_peeling_a_sphere_shows_its_back(sphere, front):
    vertices, triangles = sphere
    layers = shade_layers(front.to_clip(vertices), triangles, vertices, resolution=SIZE, layers=2)
    both = layers[0].mask & layers[1].mask
    assert both.sum() > 0.95 * layers[0].mask.sum()
    assert (layers[0].values[both][:, 2] > layers[1].values[both][:, 2]).mean() > 0.99


def test_over_composites_the_nearest_first():
    red, blue = np.zeros((2, 2, 3), np.float32), np.zeros((2, 2, 3), np.float32)
    red[..., 0], blue[..., 2] = 1, 1
    half, full = np.full((2, 2), 0.5, np.float32), np.ones((2, 2, 1), np.float32)
    color, alpha = over([(red, half), (blue, half)], background=np.ones(3, np.float32))
    assert np.allclose(color, [0.5 + 0.25, 0.25, 0.25 + 0.25])
    assert np.allclose(alpha, 0.75)
    near, far = np.full((2, 2), 1.0), np.full((2, 2), 2.0)
    color, alpha = over_by_depth([(blue, full, far), (red, half, near)])
    assert np.allclose(color, [0.5, 0, 0.5])
    assert np.allclose(alpha, 1)
    with pytest.raises(InputError):
        over([])


def test_downsampling():
    image = np.random.default_rng(2).random((2, 6, 9, 4), np.float32)
    small = box_downsample(image, 3)
    assert np.allclose(small, image.reshape(2, 2, 3, 3, 3, 4).mean((2, 4)), atol=1e-6)
    mask = np.zeros((4, 4, 1), np.float32)
    mask[:, :3] = 1
    color, cover = coverage_downsample(np.full((4, 4, 3), 0.5, np.float32) * mask, mask, 2)
    assert np.allclose(color, 0.5)  # not darkened at the rim
    assert np.allclose(cover[..., 0], [[1, 0.5], [1, 0.5]])
    with pytest.raises(InputError):
        box_downsample(image, 4)


def test_bad_input_is_named(sphere, front):
    vertices, triangles = sphere
    clip = front.to_clip(vertices)
    picture = np.zeros((4, 4, 3), np.float32)
    uv = np.zeros((len(vertices), 2))
    for arguments in (
        {"attributes": vertices[:-1]}, {"attributes": np.full_like(vertices, np.inf)},
        {"resolution": (96,)}, {"behind": np.zeros((1, 5, 5))},
        {"texturing": Texturing([], uv)}, {"texturing": Texturing([picture, picture[..., :1]], uv)},
        {"texturing": Texturing([picture], uv[:5])}, {"texturing": Texturing([picture], uv[:, :1])},
        {"texturing": Texturing([picture], uv, triangle_texture=np.ones(len(triangles), int))},
        {"texturing": Texturing([picture], uv, uv_triangles=triangles[:-1])},
        {"threads": -1},
    ):  # fmt: skip
        with pytest.raises(InputError, match=r".+: .+; .+"):
            shade(**{"clip_positions": clip, "triangles": triangles, "attributes": vertices,
                     "resolution": SIZE, **arguments})  # fmt: skip
