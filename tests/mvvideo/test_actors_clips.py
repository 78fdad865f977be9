"""Training clips: truth of visibility, determinism, shards that can be resumed."""

from __future__ import annotations

import numpy as np
import pytest

from flame.errors import ConfigError
from mvvideo.actors.__main__ import main
from mvvideo.actors.backgrounds import KINDS, sample_background
from mvvideo.actors.clips import make_clip, sample_scene, seen_in_reference
from mvvideo.actors.degrade import noisy_landmarks, noisy_matte
from mvvideo.actors.generate import generate, plan
from mvvideo.actors.motion import sample_motion, sample_reference_pose
from mvvideo.training.shards import read_shard


def test_backgrounds_are_linear_light_in_range():
    for kind in KINDS:
        image = sample_background(48, np.random.default_rng(2), kind)
        assert image.shape == (48, 48, 3) and np.isfinite(image).all()
        assert image.min() >= 0 and image.max() <= 1


def test_a_near_motion_stays_near():
    rng = np.random.default_rng(0)
    reference = sample_reference_pose(rng, np.zeros(100), yaw_radians=0.3)
    near = sample_motion(rng, reference, 4, near=True)
    far = [sample_motion(rng, reference, 4, near=False) for _ in range(20)]
    assert np.abs(near.neck - reference.neck).max() < 0.08
    assert np.mean([np.abs(m.neck - reference.neck).max() for m in far]) > 0.1
    assert all(0 <= m.expression.min() and m.expression.max() <= 1 for m in far)


def test_matte_noise_stays_at_the_outline():
    y, x = np.mgrid[0:96, 0:96]
    alpha = (np.hypot(x - 48, y - 48) < 30).astype(np.float32)
    for seed in range(12):
        matte = noisy_matte(alpha, np.random.default_rng(seed))
        radius = np.hypot(x - 48, y - 48)
        assert 0 <= matte.min() and matte.max() <= 1
        assert np.abs(matte - alpha)[(radius < 15) | (radius > 44)].max() < 0.35
        assert np.abs(matte - alpha).mean() < 0.06


def test_landmark_noise_is_smooth_and_grows_with_the_turn():
    rng = np.random.default_rng(0)
    canonical = rng.uniform(-0.08, 0.08, (478, 3))
    points = canonical * 1000 + 128

    def spread(yaw: float) -> float:
        errors = [
            noisy_landmarks(points, canonical, np.random.default_rng(s), yaw_radians=yaw) - points
            for s in range(30)
        ]
        return float(np.abs(np.array(errors)[..., :2]).mean())

    assert 0.2 < spread(0.0) < 3.0 and spread(0.8) > 1.2 * spread(0.0)


def test_everything_of_the_reference_is_seen_in_itself(kit, head):
    scene = sample_scene(kit, head, 3, split="train", size=64, frames=1, views=1)
    frame = scene.actor.pose(scene.reference)[0]
    shot = scene.actor.photograph(frame, scene.photo_camera, scene.lighting)[0]
    seen = seen_in_reference(scene.actor, shot, frame, scene.photo_camera, shot, frame, scene.photo_camera)
    assert (seen == 255).mean() > 0.97


def test_a_turned_head_hides_its_far_side(kit, head):
    from renderer.rigs import orbit

    scene = sample_scene(kit, head, 3, split="train", size=64, frames=1, views=1)
    frame = scene.actor.pose(scene.actor.neutral())[0]
    behind = orbit(scene.photo_camera, yaw_radians=2.4, pivot=np.zeros(3), names=("behind",))
    front, back = (scene.actor.photograph(frame, c, scene.lighting)[0] for c in (scene.photo_camera, behind))
    seen = seen_in_reference(scene.actor, back, frame, behind, front, frame, scene.photo_camera)
    assert (seen[back.alpha > 0.9] == 255).mean() < 0.5


def test_a_clip_follows_from_its_seed(kit, head):
    first, again = (make_clip(kit, head, 11, size=64, frames=2, views=2) for _ in range(2))
    for name in ("reference_rgb", "target_rgb", "target_alpha", "guidance", "seen", "yaw_degrees"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert first.target_rgb.shape == (2, 2, 3, 64, 64)
    assert first.target_rgb.std() > 5 and 10 < first.target_alpha.mean() < 245
    assert np.abs(first.yaw_degrees).max() < 150


def test_shards_are_resumed_not_remade(kit_path, tmp_path):
    jobs = plan(
        kit=str(kit_path),
        out=str(tmp_path),
        clips=3,
        seed=1,
        split="heldout",
        size=48,
        frames=1,
        views=1,
        shard_clips=2,
    )
    assert [len(j.seeds) for j in jobs] == [2, 1]
    assert list(generate(jobs[:1], workers=1)) == ["heldout_01_00000"]
    stamp = (tmp_path / "heldout_01_00000" / "index.json").stat().st_mtime_ns
    assert list(generate(jobs, workers=1)) == ["heldout_01_00001"]
    assert (tmp_path / "heldout_01_00000" / "index.json").stat().st_mtime_ns == stamp
    shard = read_shard(tmp_path / "heldout_01_00000")
    assert len(shard) == 2 and shard.split == "heldout" and shard.clip(0).actor == 10_000_000


@pytest.mark.parametrize("wrong", [{"clips": 0}, {"size": -1}, {"split": "test"}, {"seed": 100}])
def test_a_wrong_plan_is_refused(wrong):
    with pytest.raises(ConfigError):
        plan(**({"kit": "k", "out": "o", "clips": 4, "seed": 0, "split": "train"} | wrong))


def test_the_command_line_reports_wrong_input(tmp_path, capsys):
    code = main(["generate", "--kit", str(tmp_path / "none.npz"), "--out", str(tmp_path), "--clips", "1"])
    assert code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: an actor kit cannot be read")
