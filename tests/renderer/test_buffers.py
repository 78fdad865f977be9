from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from flame.errors import ConfigError, InputError
from flame.regions import REGIONS
from renderer.buffers import BUFFERS, render_buffers
from renderer.normals import vertex_normals
from renderer.palette import albedo_of_regions, paint_regions, region_palette
from renderer.rigs import arc, named_views


@pytest.fixture
def ball(sphere) -> SimpleNamespace:
    """A sphere that pretends to be a head: upper half region 0, lower half region 1."""
    vertices, triangles = sphere
    uv = np.stack(
        [np.arctan2(vertices[:, 0], vertices[:, 2]) / (2 * np.pi) + 0.5, vertices[:, 1] * 4 + 0.5], -1
    )
    low = vertices[triangles].mean(1)[:, 1] < 0
    return SimpleNamespace(
        v_template=vertices.astype(np.float32), faces=triangles, uv=uv, uv_faces=triangles,
        face_region=low.astype(np.uint8), vertex_region=(vertices[:, 1] < 0).astype(np.uint8),
    )  # fmt: skip


def test_shapes_and_the_order_of_views_and_frames(ball, front):
    cameras = arc(front, 3, pivot=np.zeros(3))
    frames = np.stack([ball.v_template, ball.v_template * 0.5])
    out = render_buffers(frames, ball, cameras, buffers=tuple(BUFFERS))
    assert list(out) == list(BUFFERS)
    for name, image in out.items():
        assert image.shape == (2, 3, 96, 80, BUFFERS[name])
        assert image.dtype == np.float32
    single = render_buffers(frames[1], ball, cameras[2], buffers=tuple(BUFFERS))
    for name in BUFFERS:
        assert np.array_equal(single[name][0, 0], out[name][1, 2])
    assert out["mask"][0, 0].sum() > 3 * out["mask"][1, 0].sum()


def test_normals_canonical_and_depth_of_a_sphere(ball, front):
    cameras = named_views(front, ("front", "profile_left", "up"), pivot=np.zeros(3))
    moved = ball.v_template + np.float32(0.01)
    out = render_buffers(moved, ball, cameras, buffers=tuple(BUFFERS))
    mask = out["mask"][0, ..., 0] > 0
    head, canonical = out["normals_head"][0][mask], out["canonical"][0][mask]
    assert np.allclose(np.linalg.norm(head, axis=-1), 1, atol=1e-4)
    facing = canonical / np.linalg.norm(canonical, axis=-1, keepdims=True)
    assert np.einsum("nc,nc->n", head, facing).min() > 0.98
    for view in range(3):
        in_camera = out["normals_camera"][0, view][mask[view]]
        rotated = out["normals_head"][0, view][mask[view]] @ cameras.world_to_camera[view, :3, :3].T
        assert np.allclose(in_camera, rotated, atol=1e-4)
        assert in_camera[:, 2].min() > -0.2  # what is seen faces the camera
        pixels, depth = cameras[view].project(out["canonical"][0, view][mask[view]] + 0.01)
        rows, columns = np.nonzero(mask[view])
        assert np.allclose(pixels[0], np.stack([columns, rows], -1) + 0.5, atol=0.02)
        assert np.allclose(depth[0], out["depth"][0, view][mask[view]][:, 0], atol=1e-4)
    assert not out["depth"][0][~mask].any()


def test_regions_are_class_ids_and_empty_is_minus_one(ball, front):
    out = render_buffers(ball.v_template, ball, front, buffers=("regions", "mask"))
    labels = out["regions"][0, 0, :, :, 0]
    assert set(np.unique(labels)) == {-1.0, 0.0, 1.0}
    assert np.array_equal(labels >= 0, out["mask"][0, 0, :, :, 0] > 0)
    assert set(np.unique(labels[:44])) == {-1.0, 0.0}  # row 0 is the top
    assert set(np.unique(labels[52:])) == {-1.0, 1.0}
    painted = paint_regions(out["regions"], REGIONS)
    assert np.allclose(painted[0, 0, 20, 40], region_palette(REGIONS)[0])
    assert not painted[0, 0, 0, 0].any()


def test_supersampling_smooths_mask_and_shaded_alone(ball, front):
    sharp = render_buffers(ball.v_template, ball, front, buffers=tuple(BUFFERS))
    soft = render_buffers(ball.v_template, ball, front, buffers=tuple(BUFFERS), supersample=4)
    rim = (soft["mask"] > 0.02) & (soft["mask"] < 0.98)
    assert rim.sum() > 100
    assert abs(soft["mask"].mean() - sharp["mask"].mean()) < 2e-3
    assert (
        np.abs(soft["shaded"] - sharp["shaded"])[np.broadcast_to(~rim, sharp["shaded"].shape)].mean() < 0.02
    )
    for name in BUFFERS:
        assert np.array_equal(soft[name], sharp[name]) == (name not in ("mask", "shaded"))


def test_the_palette_tells_all_regions_apart():
    colors = region_palette(REGIONS)
    gaps = np.linalg.norm(colors[:, None] - colors[None], axis=-1) + np.eye(len(REGIONS))
    assert gaps.min() > 0.05
    assert albedo_of_regions(REGIONS).shape == (len(REGIONS), 3)


def test_vertex_normals_point_outwards_and_survive_loose_vertices(sphere):
    vertices, triangles = sphere
    points = np.stack([np.concatenate([vertices, np.zeros((1, 3))])] * 2)
    normals = vertex_normals(points, triangles)
    assert np.array_equal(normals[0], normals[1])
    assert not normals[0, -1].any()
    inner = slice(25, -26)  # the poles' and seam's copies see only some of their faces
    facing = np.einsum("vc,vc->v", normals[0, inner], vertices[slice(25, -25)] / 0.12)
    assert facing.min() > 0.95


def test_bad_input_is_named(ball, front):
    for error, arguments in (
        (ConfigError, {"buffers": ("normals",)}), (ConfigError, {"supersample": 0}),
        (ConfigError, {"supersample": 1.5}), (InputError, {"region_names": ("skin",)}),
        (InputError, {"vertices": ball.v_template[:-1]}),
        (InputError, {"vertices": np.full_like(ball.v_template, np.nan)}),
    ):  # fmt: skip
        with pytest.raises(error, match=r".+: .+; .+"):
            render_buffers(**{"vertices": ball.v_template, "head": ball, "cameras": front, **arguments})


def test_the_head_shows_its_regions(open_head):
    from renderer.cameras import fit_camera

    camera = fit_camera(open_head.v_template, height=256, width=256)
    out = render_buffers(open_head.v_template, open_head, camera, buffers=tuple(BUFFERS))
    shown = {REGIONS[int(label)] for label in np.unique(out["regions"]) if label >= 0}
    assert {"skin", "lips", "nose", "neck", "iris_left", "iris_right", "ear_left", "ear_right"} <= shown
    _, columns = np.nonzero(out["regions"][0, 0, :, :, 0] == REGIONS.index("iris_left"))
    assert columns.mean() > 128  # the subject's left eye is on the image's right
    assert 0 <= out["uv"].min() <= out["uv"].max() <= 1
    facing = out["normals_camera"][..., 2][out["mask"][..., 0] > 0]
    assert (facing > -0.05).mean() > 0.97


def test_importing_the_package_is_light():
    code = "import sys, renderer; print(any(m in sys.modules for m in ('torch', 'numba', 'nvdiffrast')))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert result.stdout.strip() == "False"


def test_every_public_name_resolves():
    import renderer

    assert {name for name in renderer.__all__ if getattr(renderer, name) is None} == set()
    with pytest.raises(AttributeError):
        _ = renderer.nothing
