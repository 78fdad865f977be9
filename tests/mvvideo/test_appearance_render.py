"""The compiled loop that draws a portrait agrees with the same written plainly, and its outlines with more samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flame.head import load_head
from flame.sequence import FlameSequence
from mvvideo.portrait import Portrait
from mvvideo.portrait.appearance import LAYER_BACK, LAYER_FRONT, SHARP_ENOUGH, AppearanceModel
from mvvideo.portrait.posing import measure_motion, move_hull, move_offsets
from renderer import Cameras, Texturing, arc, fit_camera, shade

SIZE = 96


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    """A head with hair of coloured noise around it, built without a face finder."""
    import cv2

    head = load_head()
    vertices = head.v_template
    camera = fit_camera(vertices[head.weights[:, 1] > 0.9], height=SIZE, width=SIZE, margin=0.2)
    clip = camera.to_clip(vertices)
    mask = shade(clip, head.faces, None, resolution=(SIZE, SIZE)).mask[0].astype(np.uint8)
    matte = cv2.GaussianBlur(cv2.dilate(mask, np.ones((7, 7), np.uint8)).astype(np.float32), (0, 0), 1.2)
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.uniform(0, 1, (SIZE, SIZE, 3)).astype(np.float32), (0, 0), 1.5)
    image = np.clip(0.5 + 3 * (image - 0.5), 0, 1)
    points = camera.project(head.landmarks(vertices, "478"))[0][0]
    fit = FlameSequence.neutral(1, basis=head.name)
    return Portrait.build(image, points, matte, head=head, fit=fit, camera=camera)


@pytest.fixture(scope="module")
def moved(portrait) -> tuple[np.ndarray, Cameras]:
    """Two frames, turned, with a shut eye and an open mouth, and three views."""
    fit = portrait.fit
    motion = replace(
        FlameSequence.neutral(2, basis=fit.basis),
        neck=np.array([[0, 0, 0], [0.1, 0.4, 0]], np.float32),
        jaw=np.array([[0, 0, 0], [0.25, 0, 0]], np.float32),
        eyelids=np.array([[0, 0], [1, 0.2]], np.float32),
    )
    return portrait.head.pose(motion), arc(portrait.camera, 3, pivot=portrait.pivot)


def plain_detail(
    photo: np.ndarray, drawn: np.ndarray, triangles: np.ndarray, same: np.ndarray, picture: np.ndarray
) -> np.ndarray:
    """Photo pixels per drawn pixel along the direction stretched most, at most 1: at every vertex the mean over its
    triangles that have a picture, by their drawn areas."""
    triangles = triangles[picture >= 0]
    source = (photo[triangles[:, 1:]] - photo[triangles[:, :1]]).astype(np.float64)  # rows: two sides
    target = (drawn[triangles[:, 1:]] - drawn[triangles[:, :1]]).astype(np.float64)
    flat = np.abs(np.linalg.det(source)) < 1e-9
    source[flat] = np.eye(2)
    largest = np.linalg.svd(np.linalg.solve(source, target), compute_uv=False)[:, 0]
    fine = np.where(flat, 0, np.minimum(1, 1 / np.maximum(largest, 1e-6)))
    area = np.repeat(np.abs(np.linalg.det(target)), 3)
    corners = same[triangles].ravel()
    total = np.bincount(corners, weights=area * np.repeat(fine, 3), minlength=len(same))
    at = total / (np.bincount(corners, weights=area, minlength=len(same)) + 1e-9)
    return at[same].astype(np.float32)


def plain_bilinear(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    x, y = np.clip(x - 0.5, 0, width - 1.001), np.clip(y - 0.5, 0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    upper = (1 - fx) * picture[top, left] + fx * picture[top, left + 1]
    lower = (1 - fx) * picture[top + 1, left] + fx * picture[top + 1, left + 1]
    return (1 - fy) * upper + fy * lower


def plain_solid(model: AppearanceModel, main, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Colour and confidence of what was shaded, ``(H, W, 3)`` and ``(H, W, 4)``."""
    here, fine = main.values[0], main.values[0, ..., 15]
    rgb = here[..., :1] * main.texture[0] + here[..., 1:4]
    seen, layer = here[..., 4], here[..., 6]
    hull = layer < LAYER_FRONT + 0.01
    low, high = (np.where(hull, SHARP_ENOUGH[1][i], SHARP_ENOUGH[0][i]) for i in range(2))
    share = np.clip((fine - low) / (high - low), 0, 1)
    share = np.where(layer < LAYER_BACK + 0.01, 0, share * (1 - turn * here[..., 13]))
    other = np.where(
        hull[..., None],
        plain_bilinear(model.filled, here[..., 7], here[..., 8]),
        plain_bilinear(model.textures[0], here[..., 7], here[..., 8]),
    )
    other = here[..., 9:10] * other + here[..., 10:13]
    rgb = share[..., None] * rgb + (1 - share[..., None]) * other
    less = np.where(hull, 0, 0.5 * np.minimum(here[..., 9], 2 * seen))
    seen = share * seen + (1 - share) * less
    return rgb, np.stack([seen, here[..., 5], np.where(seen > 0.01, fine, 0), layer], axis=-1)


def plain_render(model: AppearanceModel, vertices: np.ndarray, camera: Cameras) -> tuple[np.ndarray, ...]:
    """One frame ``(V, 3)`` from one camera, a sample per pixel: rgb, alpha, confidence."""
    triangles, pixels, same, _, picture, _ = model._main_mesh
    motion = measure_motion(model.head, model.reference, vertices, model._rigid_parts)
    skin = vertices + move_offsets(model.offsets, model._follow, motion)
    front, back, collar = (
        move_hull(sheet.positions, sheet.weight, motion, model.pivot)
        for sheet in (model.hull.front, model.hull.back, model.hull.fringe)
    )
    clip = camera.to_clip(np.concatenate([skin[model.surface.vertex], front, back]))
    size, width = (camera.height, camera.width), model.textures[0].shape[0]

    def on_canvas(pictures: tuple[np.ndarray, ...], places: np.ndarray, which: np.ndarray | None = None):
        uv = np.stack([places[:, 0] / width, 1 - places[:, 1] / width], axis=1)
        return Texturing(pictures, uv.astype(np.float32), triangle_texture=which)

    texturing = on_canvas(model.textures, pixels, picture)
    drawn = clip[0, :, :2] / clip[0, :, 3:] * np.array([camera.width / 2, -camera.height / 2])
    detail = plain_detail(pixels * (camera.height / model.size), drawn, triangles, same, picture)
    attributes = np.concatenate([model._attributes(motion), detail[:, None]], axis=1)
    main = shade(clip, triangles, attributes, resolution=size, texturing=texturing)
    fringe = model.hull.fringe
    values = np.stack([fringe.facing, model.hull.fringe_skin], axis=1)
    edge = shade(
        camera.to_clip(collar),
        fringe.triangles,
        values,
        resolution=size,
        texturing=on_canvas((model.fringe,), fringe.pixels),
    )
    turn = 1 - model._fringe_fades(motion, camera)[0]
    rgb, confidence = plain_solid(model, main, turn)
    # Skin close behind hair shows through it in turned views
    own = model.surface.triangles
    which = picture[: len(own)]
    alone = shade(clip, own, attributes, resolution=size, texturing=on_canvas(model.textures, pixels, which))
    below = alone.mask[0] & main.mask[0] & (confidence[..., 3] < LAYER_FRONT + 0.01)
    gap = np.maximum(alone.distance[0] - main.distance[0], 0)
    through = np.where(below, turn * alone.values[0, ..., 14] * np.clip(1 - gap / 0.006, 0, 1), 0)[..., None]
    skin_rgb, skin_confidence = plain_solid(model, alone, turn)
    rgb = rgb + through * (skin_rgb - rgb)
    confidence = confidence + through * (skin_confidence - confidence)
    solid = main.mask[0]
    in_front = edge.mask[0] & (~solid | (edge.distance[0] < main.distance[0] + 0.001))
    opacity = np.where(in_front, edge.texture[0, ..., 3] * (1 - edge.values[0, ..., 1] * turn), 0)
    alpha = opacity + (1 - opacity) * solid
    part = (opacity / np.maximum(alpha, 1e-9))[..., None]
    ones = np.ones_like(opacity)
    in_fringe = np.stack([ones, edge.values[0, ..., 0], ones, LAYER_FRONT * ones], axis=-1)
    confidence = part * in_fringe + (1 - part) * np.where(solid[..., None], confidence, 0)
    rgb = part * edge.texture[0, ..., :3] + (1 - part) * rgb
    shown = (alpha > 0.004)[..., None]
    background, _ = model._background(*size)
    return (
        np.where(shown, np.clip(rgb, 0, 1), background),
        alpha[..., None],
        confidence * (alpha > 1e-4)[..., None],
    )


def test_one_sample_per_pixel_is_the_plain_renderer(portrait, moved):
    vertices, cameras = moved
    drawn = portrait.appearance.render(vertices, cameras, antialias=False)
    for t, frame in enumerate(vertices):
        for v in range(len(cameras)):
            expected = plain_render(portrait.appearance, frame, cameras[v])
            assert expected[1].mean() > 0.1
            for name, wanted in zip(("rgb", "alpha", "confidence"), expected):
                error = np.abs(getattr(drawn, name)[t, v] - wanted)
                # Thresholds of confidence may fall to either side in the last bit.
                assert (error > 1e-3).mean() < 1e-3, name
                assert error.mean() < 1e-4, name


def test_antialiasing_changes_outlines_only_and_comes_close_to_many_samples(portrait, moved):
    vertices, cameras = moved
    stepped = portrait.appearance.render(vertices, cameras, antialias=False)
    smooth = portrait.appearance.render(vertices, cameras)
    many = portrait.appearance.render(vertices, cameras, antialias=False, supersample=6)
    changed = np.abs(stepped.alpha - smooth.alpha)[..., 0] > 1e-6
    assert 0 < changed.mean() < 0.06
    error = [np.abs(drawn.alpha - many.alpha).mean() for drawn in (stepped, smooth)]
    assert error[1] < 0.4 * error[0]
    colour = [np.abs(drawn.composite() - many.composite())[changed].mean() for drawn in (stepped, smooth)]
    assert colour[1] < 0.5 * colour[0]


def test_partly_covered_pixels_show_the_foreground_undarkened(portrait, moved):
    vertices, cameras = moved
    smooth = portrait.appearance.render(vertices, cameras)
    many = portrait.appearance.render(vertices, cameras, antialias=False, supersample=6)
    partly = (smooth.alpha > 0.2) & (smooth.alpha < 0.8) & (many.alpha > 0.2) & (many.alpha < 0.8)
    difference = (smooth.rgb - many.rgb)[partly[..., 0]]
    assert np.abs(difference.mean()) < 0.02
    assert smooth.confidence[partly[..., 0]][:, 3].min() > 0.3  # a layer, not a layer times coverage


def test_result_does_not_depend_on_threads_or_on_what_else_is_drawn(portrait, moved):
    vertices, cameras = moved
    whole = portrait.appearance.render(vertices, cameras, threads=2)
    alone = portrait.appearance.render(vertices[1:], cameras[2:], threads=1)
    assert np.array_equal(whole.rgb[1:, 2:], alone.rgb)
    assert np.array_equal(whole.alpha[1:, 2:], alone.alpha)
    assert np.array_equal(whole.confidence[1:, 2:], alone.confidence)


def test_small_output_averages_the_photo(portrait, moved):
    """At a quarter of the size single samples of the photo would show its noise unaveraged."""
    vertices, cameras = moved
    small = portrait.appearance.render(vertices[:1], cameras[1:2], size=SIZE // 4)
    many = portrait.appearance.render(
        vertices[:1], cameras[1:2], size=SIZE // 4, antialias=False, supersample=8
    )
    inside = (small.alpha > 0.99) & (many.alpha > 0.99)
    error = np.abs(small.rgb - many.rgb)[inside[..., 0]].mean()
    assert error < 0.03
