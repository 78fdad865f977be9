"""Synthetic actors: packing, posing, pictures and their truth, on a stand-in for the asset bundle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flame.errors import AssetError, ConfigError
from mvvideo.actors.actor import screen_positions
from mvvideo.actors.kit import ActorKit, load_kit
from mvvideo.actors.light import Lighting, sample_lighting, sky_lobes
from mvvideo.actors.pack import pack_kit
from mvvideo.actors.spec import sample_spec, split_options
from renderer.cameras import Cameras


def front_camera(size: int = 64) -> Cameras:
    view = np.eye(4)
    view[2, 3] = -0.9
    return Cameras(view[None], np.array([size * 2.4]), np.array([[size / 2, size / 2]]), size, size)


def flat_light() -> Lighting:
    return Lighting(
        np.vstack([np.ones((1, 3)), np.zeros((8, 3))]).astype(np.float32),
        np.array([[0, 0, 1]], np.float32),
        np.zeros((1, 3), np.float32),
        0.005,
        1.0,
    )


def test_the_kit_keeps_the_identity_space(kit):
    assert kit.identities == 48
    people = np.stack([kit.identity(kit.person(i)) for i in range(8)])
    spread = np.linalg.norm(people - people.mean(0), axis=2).mean()
    assert 0.0003 < spread < 0.02  # people differ by millimetres
    assert set(kit.options("hair")) >= {"short01", "long01", "afro01"}
    assert not kit.has_texture("hair/afro01") and kit.texture("hair/short01").shape[2] == 4


def test_a_proxy_lies_where_it_was_modelled(kit):
    """The hair was pushed 1 cm outward from the scalp of the base mesh."""
    proxy = kit.proxy("hair/short01")
    offset = proxy.bind(kit.mean) - proxy.interpolate(kit.mean)
    assert np.allclose(np.linalg.norm(offset, axis=1), 0.010, atol=0.004)


def test_wrong_files_are_refused(kit_path, tmp_path, head):
    with pytest.raises(AssetError, match="cannot be read"):
        ActorKit(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", format=np.array("something"))
    with pytest.raises(AssetError, match="another version"):
        ActorKit(tmp_path / "other.npz")
    with pytest.raises(AssetError):
        pack_kit(tmp_path, tmp_path / "targets.npz", tmp_path / "kit.npz")
    with pytest.raises(AssetError, match="no such proxy"):
        load_kit(str(kit_path)).proxy("hair/none")


def test_splits_share_no_person_skin_or_hair(kit):
    for folder, kind in (("hair", "proxy"), ("skins", "texture"), ("clothes", "proxy")):
        train, held = (
            set(split_options(kit.options(folder, kind), s, first_held=3)) for s in ("train", "heldout")
        )
        assert held and not train & held
    with pytest.raises(ConfigError):
        split_options(("a",), "test")
    looks = {split: [sample_spec(kit, s, split=split) for s in range(30)] for split in ("train", "heldout")}
    hair = {split: {x.hair for x in specs if x.hair} for split, specs in looks.items()}
    skins = {split: {s for x in specs for s in x.skins} for split, specs in looks.items()}
    assert not hair["train"] & hair["heldout"] and not skins["train"] & skins["heldout"]


def test_a_spec_follows_from_its_seed(kit):
    a, b, c = sample_spec(kit, 7), sample_spec(kit, 7), sample_spec(kit, 8)
    assert np.array_equal(a.coefficients, b.coefficients) and a.hair == b.hair
    assert not np.array_equal(a.coefficients, c.coefficients)


def test_the_actor_is_the_head_where_they_share_vertices(actor, head, kit):
    """Posed by the same parameters, the actor's skin lies within the shape residual of the open head's."""
    rng = np.random.default_rng(0)
    rest = actor.neutral()
    sequence = replace(
        rest,
        neck=np.array([[0.1, 0.4, 0.0]]),
        jaw=np.array([[0.2, 0.0, 0.0]]),
        expression=rng.uniform(0, 0.5, (1, head.expression_dims)),
        rotation=np.array([[0, -0.2, 0]]),
        eyelids=np.array([[0.5, 1.0]]),
        translation=np.array([[0.02, 0.0, -0.1]]),
    )
    rows = {int(b): i for i, b in enumerate(kit.base_index)}
    shared = np.array([(h, rows[int(b)]) for h, b in enumerate(head.base_index) if int(b) in rows])
    still = np.linalg.norm(
        head.pose(rest)[0][shared[:, 0]] - actor.pose(rest)[0].points[shared[:, 1]], axis=1
    )
    moved = np.linalg.norm(
        head.pose(sequence)[0][shared[:, 0]] - actor.pose(sequence)[0].points[shared[:, 1]], axis=1
    )
    assert moved.mean() < still.mean() + 1e-4 and np.percentile(moved - still, 99) < 1e-3


def test_pixels_lie_where_the_cameras_project(actor):
    frame = actor.pose(actor.neutral())[0]
    camera = front_camera()
    pixels, depth = camera.project(frame.points)
    screen = screen_positions(frame.points, camera, 2)
    assert np.allclose(screen[:, :2] / 2, pixels[0], atol=1e-2)
    assert np.allclose(1 / screen[:, 2], depth[0], rtol=1e-4)


def test_pictures_are_finite_and_premultiplied(actor):
    frame = actor.pose(actor.neutral())[0]
    lighting = sample_lighting(np.random.default_rng(1), albedo=actor.albedo)
    shot = actor.photograph(frame, front_camera(), lighting, supersample=2)[0]
    assert np.isfinite(shot.color).all() and shot.color.min() >= 0
    assert shot.alpha.min() == 0 and shot.alpha.max() == 1
    assert np.all(shot.color[shot.alpha == 0] == 0)
    assert 0.1 < shot.alpha.mean() < 0.9
    assert ((shot.triangle >= 0) == (shot.nearness > 0)).all()


def test_more_samples_agree_with_fewer(actor):
    """Alpha-to-coverage is unbiased: 4x4 samples show the same picture as 2x2, up to sampling."""
    frame = actor.pose(actor.neutral())[0]
    few, many = (actor.photograph(frame, front_camera(), flat_light(), supersample=s)[0] for s in (2, 4))
    assert abs(few.alpha.mean() - many.alpha.mean()) < 0.01
    assert np.abs(few.color - many.color).mean() < 0.01


def test_occlusion_darkens_only(actor):
    frame = actor.pose(actor.neutral())[0]
    shot = actor.photograph(frame, front_camera(), flat_light())[0]
    assert shot.color.max() <= 1.3  # white sky of radiance 1: nothing is brighter than its albedo allows


def test_sky_lobes_match_the_cosine_law():
    """A sky of many equal lobes is uniform; one lobe lights the side that faces it and not the other."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(20000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    uniform = sky_lobes(directions, np.full((20000, 3), 4.0 / 20000))
    assert np.allclose(uniform[0], 1.0, atol=1e-3) and np.abs(uniform[1:]).max() < 0.03
    one = sky_lobes(np.array([[0, 0, 1.0]]), np.ones((1, 3)))[:, 0]
    front, back = one[0] + one[2] + 2 * one[6], one[0] - one[2] + 2 * one[6]
    assert front == pytest.approx(1.0625) and abs(back) < 0.07
