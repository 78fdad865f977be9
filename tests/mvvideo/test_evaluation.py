"""The figures of an evaluation on made-up videos whose right answers are known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from flame import FlameSequence, load_head
from flame.errors import AssetError, ConfigError, NoFaceError
from flame.rotations import from_yaw_pitch_roll
from mvvideo.evaluation.columns import METRICS
from mvvideo.evaluation.competitors import APPEARANCE, STILL, TRUTH, stretches
from mvvideo.evaluation.consistency import canonical_difference, view_difference, visible_vertices
from mvvideo.evaluation.faces import (
    FaceFollower,
    aligned_face,
    expression_difference,
    pose_difference_degrees,
    track_clip,
)
from mvvideo.evaluation.flicker import FlickerMeter
from mvvideo.evaluation.frechet import GaussianStatistics, frechet_distance
from mvvideo.evaluation.hooks import VIDEO_FRAMES, Hooks, load_torchscript
from mvvideo.evaluation.novel_views import score_views
from mvvideo.evaluation.scores import Mean, Scores
from mvvideo.portrait.detect import FaceBox
from renderer.cameras import Cameras
from renderer.rigs import orbit

from .video_fixtures import write_random_shards


@pytest.fixture(scope="module")
def head():
    return load_head()


def front(size: int = 96) -> Cameras:
    world_to_camera = np.eye(4)[None].copy()
    world_to_camera[:, 2, 3] = -1.0
    middle = np.full((1, 2), size / 2)
    return Cameras(world_to_camera, np.array([size * 2.2]), middle, size, size, names=("front",))


def textured(size: int, seed: int = 0) -> np.ndarray:
    """A smooth random picture, (size, size, 3) in 0..255 float."""
    import cv2

    noise = np.random.default_rng(seed).random((size, size, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3.0)
    return 255.0 * (smooth - smooth.min()) / np.ptp(smooth)


# ---------------------------------------------------------------------- flicker


def flicker_of(frames: list[np.ndarray]) -> float:
    meter = FlickerMeter()
    inside = np.zeros(frames[0].shape[:2], bool)
    inside[16:-16, 16:-16] = True
    for frame in frames:
        meter.add(np.clip(frame, 0, 255).astype(np.uint8), inside)
    return meter.percent


def test_flicker_counts_grain_and_not_motion(rng):
    wide = textured(160)
    moving = [wide[:96, 2 * t : 2 * t + 96] for t in range(8)]
    noisy = [frame + rng.normal(0, 8, frame.shape) for frame in moving]
    still = [moving[0]] * 8
    brighter = [0.5 * moving[0] + 8.0 * t for t in range(8)]
    popping = [moving[0] * (0.9 if t % 2 else 1.0) for t in range(8)]
    assert flicker_of(still) == 0.0
    assert flicker_of(moving) < 0.5 and flicker_of(brighter) < 0.5
    assert flicker_of(noisy) > 4 * flicker_of(moving)
    assert flicker_of(popping) > 3.0
    assert np.isnan(flicker_of(moving[:2]))


def test_flicker_does_not_look_across_a_cut():
    meter, everywhere = FlickerMeter(), np.ones((64, 64), bool)
    for seed in range(3):
        for _ in range(3):
            meter.add(textured(64, seed).astype(np.uint8), everywhere)
        meter.cut()
    assert meter.percent == 0.0


# ---------------------------------------------------------------------- Fréchet distance


def test_frechet_distance_of_known_gaussians(rng):
    a, b, same = GaussianStatistics(), GaussianStatistics(), GaussianStatistics()
    for _ in range(20):  # a few at a time, unequal pieces
        first = rng.normal(0.0, 1.0, (200, 3))
        a.add(first)
        b.add(rng.normal(0.0, 1.0, (150, 3)) * [1.0, 2.0, 3.0] + [1.0, 0.0, -2.0])
        same.add(first[:100])
        same.add(first[100:])
    assert frechet_distance(a, same) == pytest.approx(0.0, abs=1e-6)
    # diagonal covariances: |Δμ|² + Σ (σ_a − σ_b)²
    assert frechet_distance(a, b) == pytest.approx(5.0 + 0.0 + 1.0 + 4.0, abs=0.4)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


def test_frechet_running_sums_equal_those_of_all_at_once(rng):
    values = rng.normal(size=(50, 4)) * 1e-3 + 1e3
    running, whole = GaussianStatistics(), GaussianStatistics()
    for row in values:
        running.add(row[None])
    whole.add(values)
    np.testing.assert_allclose(running.covariance, np.cov(values.T), rtol=1e-6)
    np.testing.assert_allclose(running.mean, whole.mean)
    single = GaussianStatistics()
    single.add(values[:1])
    assert np.isnan(frechet_distance(single, whole))
    with pytest.raises(ConfigError, match="changed their number"):
        running.add(values[:, :3])
    with pytest.raises(ConfigError, match="finite"):
        running.add(values * np.nan)


# ---------------------------------------------------------------------- hooks


class MeanDifference(torch.nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a - b).abs().mean(dim=(1, 2, 3))


class Corners(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[..., 0, 0].flatten(1) if x.dim() == 4 else x.mean(dim=(2, 3, 4))


def saved(module: torch.nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.script(module), str(path))
    return path


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_hooks_are_torchscript_files(tmp_path):
    hooks = Hooks.load(
        lpips=saved(MeanDifference(), tmp_path / "lpips.pt"),
        features=saved(Corners(), tmp_path / "fid.pt"),
        videos=saved(Corners(), tmp_path / "fvd.pt"),
        identity=saved(Corners(), tmp_path / "id.pt"),
    )
    black, white = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
    assert hooks.lpips_of(black, black) == 0.0 and hooks.lpips_of(black, white) == pytest.approx(2.0)
    assert hooks.features_of(white).tolist() == [[1.0, 1.0, 1.0]]
    assert hooks.video_features_of(np.stack([white] * VIDEO_FRAMES)).tolist() == [[1.0, 1.0, 1.0]]
    assert np.linalg.norm(hooks.embedding_of(white)) == pytest.approx(1.0)
    assert not hooks.absent
    wrong = Hooks(lpips=torch.jit.script(Corners()))
    with pytest.raises(AssetError, match="--lpips does not take its input"):
        wrong.lpips_of(black, white)


def test_what_is_absent_says_why(tmp_path):
    hooks = Hooks.load()
    black = np.zeros((8, 8, 3), np.uint8)
    assert set(hooks.absent) == {"lpips", "identity", "features", "videos"}
    assert "--fid" in hooks.absent["features"] and "lpips" in hooks.absent["lpips"]
    assert hooks.lpips_of(black, black) is None and hooks.embedding_of(black) is None
    assert hooks.features_of(black) is None
    junk = tmp_path / "junk.pt"
    junk.write_bytes(b"not a network")
    with pytest.raises(AssetError, match="not a TorchScript network"):
        load_torchscript(junk)
    with pytest.raises(AssetError, match="not found"):
        load_torchscript(tmp_path / "nothing.pt")


# ---------------------------------------------------------------------- views


def test_views_of_one_coloured_head_agree(head):
    camera = front()
    vertices = head.pose(FlameSequence.neutral(1))[0]
    cameras = Cameras.concatenate(
        [
            orbit(camera, yaw_radians=np.radians(yaw), pivot=vertices.mean(axis=0), names=(f"v{i}",))
            for i, yaw in enumerate((0.0, 25.0, -25.0))
        ]
    )
    pixels, seen = visible_vertices(head, vertices, cameras)
    assert seen.any(axis=1).all() and not seen.all(axis=0).all()
    left = vertices[:, 0] > 0.03
    assert seen[1][left].sum() > seen[2][left].sum(), "the left view shows more of the left side"
    plain = np.full((3, 96, 96, 3), 130, np.uint8)
    total, count = view_difference(plain, pixels, seen)
    assert total == 0.0 and count > 300
    plain[1] += 51
    total, count = view_difference(plain, pixels, seen)
    assert 0.05 < total / count < 0.2 * 1.001


def test_canonical_matching_finds_the_same_skin():
    size = 24
    y, x = np.mgrid[:size, :size] / size
    points = np.stack([0.1 * x + 0.01, 0.1 * y + 0.01, np.full_like(x, 0.02)], axis=-1)
    canonical = np.stack([points, points[:, ::-1]])
    facing = np.zeros((2, size, size, 3))
    facing[..., 2] = 1.0
    picture = np.random.default_rng(0).random((size, size, 3))
    total, count = canonical_difference(np.stack([picture, picture[:, ::-1]]), canonical, facing)
    assert count == size * size and total == pytest.approx(0.0, abs=1e-6)
    total, _ = canonical_difference(np.stack([picture, picture]), canonical, facing)
    assert total / count > 0.2
    assert canonical_difference(np.stack([picture, picture]), canonical * 0, facing) == (0.0, 0)


@pytest.mark.parametrize("size", [32, 24])
def test_held_out_shards_are_scored(tmp_path, size):
    write_random_shards(tmp_path / "held", shards=2, clips=2, split="heldout")
    told: list[int] = []
    scores, sheet = score_views(
        tmp_path / "held",
        presets=("preview",),
        clips=3,
        size=size,
        seed=0,
        hooks=Hooks(),
        advance=told.append,
    )
    assert sum(told) == 3 and sheet.dtype == np.uint8 and sheet.shape[1] == 3 * size
    rows = scores.mean()
    assert set(rows) == {TRUTH, STILL, APPEARANCE}
    # the appearance of these clips is the truth at half its brightness over the truth itself
    assert rows[APPEARANCE]["psnr_background"] > rows[STILL]["psnr_background"] + 20
    assert rows[APPEARANCE]["sharpness"] < 1.0 and "psnr_hidden" in rows[APPEARANCE]
    with pytest.raises(AssetError, match="no held-out clips"):
        score_views(tmp_path / "none", presets=(), clips=1, size=32, seed=0, hooks=Hooks())


# ---------------------------------------------------------------------- faces


class Told:
    """A finder that gives prepared landmarks frame by frame; None where there is no face."""

    def __init__(self, frames: list[np.ndarray | None]) -> None:
        self.frames, self.searched, self._at = frames, 0, -1

    def detect(self, image: np.ndarray) -> list[FaceBox]:
        self.searched += 1
        return [FaceBox(50.0, 50.0, 40.0, 1.0)]

    def landmarks(self, image: np.ndarray, face: FaceBox) -> np.ndarray | None:
        return self.frames[int(image[0, 0, 0])]


def test_a_lost_face_is_looked_for_again_but_not_in_every_frame():
    points = np.random.default_rng(0).random((478, 3)) * 40
    frames = [points] * 2 + [None] * 12 + [points] * 6
    finder = Told(frames)
    follower = FaceFollower(finder)
    found = [follower.find(np.full((64, 64, 3), t, np.uint8)) is not None for t in range(len(frames))]
    assert found == [frame is not None for frame in frames]
    assert 2 <= finder.searched <= 5


def test_clip_without_a_face_at_its_start_is_refused(head):
    portrait = SimpleNamespace(crop=(0, 0, 64, 64), size=64)
    frames = [np.zeros((64, 64, 3), np.uint8)]
    with pytest.raises(NoFaceError, match="first frame"):
        track_clip(frames, portrait, fps=25.0, finder=Told([None]))
    with pytest.raises(NoFaceError, match="no frames"):
        track_clip([], portrait, fps=25.0, finder=Told([]))


def test_differences_of_expression_and_pose():
    still = FlameSequence.neutral(2)
    expression = np.zeros_like(still.expression)
    expression[1, :] = 0.5
    other = still.replace(expression=expression)
    difference = expression_difference(still, other)
    assert difference[0] == 0.0 and 45.0 < difference[1] <= 50.0
    yaw = from_yaw_pitch_roll(np.radians([0.0, 10.0]), np.zeros(2), np.zeros(2))
    half = from_yaw_pitch_roll(np.radians([0.0, 5.0]), np.zeros(2), np.zeros(2))
    turned = pose_difference_degrees(still.replace(neck=yaw), still.replace(rotation=half, neck=half))
    np.testing.assert_allclose(turned, 0.0, atol=0.05)
    np.testing.assert_allclose(pose_difference_degrees(still, still.replace(neck=yaw)), [0, 10], atol=1e-3)


def test_faces_are_aligned_for_face_networks():
    points = np.random.default_rng(1).random((478, 3)) * 10 + 100
    for index, place in zip(
        (468, 473, 1, 61, 291), ((90, 100), (130, 100), (110, 124), (93, 147), (127, 147))
    ):
        points[index, :2] = place
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[97:104, 87:94] = (255, 0, 0)  # the subject's right eye
    face = aligned_face(picture, points)
    assert face.shape == (112, 112, 3) and face[51:53, 38].max() > 150
    assert face[:30].max() == 0 and face[80:].max() == 0


# ---------------------------------------------------------------------- sums


def test_stretches_cover_or_sample_a_clip():
    assert stretches(20) == [range(20)]
    assert stretches(50, every=2) == [range(4, 12), range(20, 28), range(36, 44)]
    assert stretches(20, every=9) == [range(6, 14)], "a clip shorter than a period: its middle"
    assert stretches(2, every=4) == [range(2)]
    assert all(len(part) == 8 for part in stretches(1000, every=7))


def test_scores_are_means_over_the_clips_that_have_them():
    scores = Scores("self")
    scores.add("a", {"fast": {"psnr": 30.0, "lmd": None, "flicker": float("nan")}})
    scores.add("b", {"fast": {"psnr": 20.0, "lmd": 1.0}, STILL: {"psnr": 10.0}})
    assert scores.rows == ["fast", STILL]
    assert scores.mean() == {"fast": {"psnr": 25.0, "lmd": 1.0}, STILL: {"psnr": 10.0}}
    assert scores.metrics() == ["psnr", "lmd"]
    assert scores.as_json()["metrics"]["lmd"]
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert {metric.better for metric in METRICS} <= {"high", "low", ""}
    mean = Mean()
    mean.add(None)
    assert mean.value is None
