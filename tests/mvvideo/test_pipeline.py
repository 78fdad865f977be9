"""Presets, streaming, windows, sizes and seeds of the pipeline, on a stand-in portrait."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from flame.errors import AssetError, CameraError, ConfigError
from flame.sequence import FlameSequence
from mvvideo.guidance import REGION_GROUPS
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.networks.storage import save_network
from mvvideo.pipeline import PRESETS, VideoModel, find_preset
from mvvideo.portrait.appearance import Appearance
from mvvideo.scene import Shots
from renderer.cameras import Cameras

from .video_fixtures import TINY


def cameras(count: int) -> Cameras:
    world_to_camera = np.tile(np.eye(4), (count, 1, 1))
    world_to_camera[:, 2, 3] = -1.0
    world_to_camera[:, 0, 3] = 0.1 * np.arange(count)
    return Cameras(world_to_camera, np.full(count, 40.0), np.full((count, 2), 16.0), 32, 32)


def motion(frames: int) -> FlameSequence:
    still = FlameSequence.neutral(frames)
    translation = np.zeros((frames, 3), np.float32)
    translation[:, 0] = np.arange(frames)
    return still.replace(translation=translation)


@dataclass
class StandIn:
    """A portrait whose frames tell by their colour which frame and camera they are; counts what it draws."""

    longest: int = 0
    sizes: set[int] = field(default_factory=set)
    samples: set[int] = field(default_factory=set)
    image: np.ndarray = field(default_factory=lambda: np.full((64, 64, 3), 0.5, np.float32))
    fit: FlameSequence = field(default_factory=lambda: motion(1))
    camera: Cameras = field(default_factory=lambda: cameras(1))

    @property
    def head(self) -> SimpleNamespace:
        return SimpleNamespace(pose=lambda sequence: np.asarray(sequence.translation)[:, None])  # (T, 1, 3)

    @property
    def appearance(self) -> StandIn:
        return self

    @property
    def size(self) -> int:
        return len(self.image)

    def render(self, vertices: np.ndarray, views: Cameras, *, supersample: int = 1) -> Appearance:
        frames, size = len(vertices), views.height
        self.samples.add(supersample)
        self.longest, _ = max(self.longest, frames), self.sizes.add(size)
        shape = (frames, len(views), size, size)
        rgb = np.zeros((*shape, 3), np.float32)
        rgb[..., 0] = vertices[:, 0, 0, None, None, None] / 100
        rgb[..., 1] = np.asarray(views.world_to_camera)[None, :, 0, 3, None, None]
        rgb[..., 2] = np.linspace(0, 1, size)
        alpha = np.zeros((*shape, 1), np.float32)
        alpha[..., size // 4 :, :] = 1
        plate = np.full((len(views), size, size, 3), 0.25, np.float32)
        return Appearance(rgb, alpha, np.ones((*shape, 4), np.float32), plate, np.ones_like(plate[..., :1]))

    def head_buffers(self, vertices: np.ndarray, views: Cameras) -> dict[str, np.ndarray]:
        shape = (len(vertices), len(views), views.height, views.height)
        buffers = {
            "normals": np.zeros((*shape, 3), np.float32),
            "canonical": np.zeros((*shape, 3), np.float32),
        }
        return {**buffers, **{f"region_{name}": np.zeros((*shape, 1), np.float32) for name in REGION_GROUPS}}


def untrained(seed: int = 0) -> MultiViewDenoiser:
    torch.manual_seed(seed)
    return MultiViewDenoiser(TINY)


def awake() -> MultiViewDenoiser:
    network = untrained()
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return network


def saved(network: MultiViewDenoiser, directory: Path, *, window_frames: int = 4) -> Path:
    training = {"window_frames": window_frames}
    save_network(network.state_dict(), TINY, directory, name="tiny", training=training)
    return directory


def collect(
    model: VideoModel, frames: int, views: int = 2, *, size: int = 32, **options: object
) -> np.ndarray:
    return np.concatenate(
        list(model.generate(StandIn(), motion(frames), cameras(views), size=size, **options))
    )


@pytest.mark.parametrize("frames", [1, 2, 4, 5, 9, 17])
def test_untrained_network_shows_the_preview_at_any_length(frames: int, tmp_path: Path) -> None:
    preview = collect(VideoModel.load("preview"), frames)
    assert preview.shape == (frames, 2, 32, 32, 3)
    fast = collect(VideoModel.load("fast", weights=saved(untrained(), tmp_path), device="cpu"), frames)
    np.testing.assert_allclose(fast.astype(int), preview.astype(int), atol=1)
    assert np.array_equal(preview[:, 0, 3, 20, 0], np.round(255 * np.arange(frames) / 100 + 1e-6))


@pytest.mark.parametrize("frames", [1, 4, 5, 9, 14])
def test_windows_that_move_show_every_frame_in_its_place(frames: int, tmp_path: Path) -> None:
    preview = collect(VideoModel.load("preview"), frames)
    model = VideoModel.load("quality", weights=saved(untrained(), tmp_path), device="cpu")
    assert model.preset.cyclic
    for cyclic in (None, False):
        pictures = collect(model, frames, cyclic=cyclic)
        np.testing.assert_allclose(pictures.astype(int), preview.astype(int), atol=1)


@pytest.mark.parametrize(
    "preset, cyclic", [("preview", None), ("fast", None), ("quality", None), ("quality", False)]
)
def test_a_stream_can_begin_at_any_frame(preset: str, cyclic: bool | None, tmp_path: Path) -> None:
    model = VideoModel.load(preset, weights=saved(awake(), tmp_path), device="cpu")
    whole = collect(model, 11, cyclic=cyclic, seed=1)
    assert len(whole) == 11
    for start in (1, 3, 4, 10):
        assert np.array_equal(collect(model, 11, cyclic=cyclic, seed=1, start=start), whole[start:])
    with pytest.raises(ConfigError, match="must lie in the motion"):
        collect(model, 11, start=11)


def test_moving_windows_carry_over_what_fixed_ones_cut(tmp_path: Path) -> None:
    """What is in the last frames reaches the first ones, and the other way round: the clip is a ring."""
    model = VideoModel.load("quality", weights=saved(awake(), tmp_path), device="cpu")
    assert not np.array_equal(collect(model, 9), collect(model, 9, cyclic=False))
    assert np.array_equal(collect(model, 4), collect(model, 4, cyclic=False))  # one window


def test_shots_of_several_sizes_are_what_each_would_be(tmp_path: Path) -> None:
    for preset in ("preview", "fast", "quality"):
        model = VideoModel.load(preset, weights=saved(awake(), tmp_path), device="cpu")
        shots = (Shots((0, 1, 2), 32), Shots((1,), 80))
        made = list(
            model.generate_shots(StandIn(), motion(6), cameras(3), shots=shots, seed=2)  # type: ignore[arg-type]
        )
        small, large = (np.concatenate(group) for group in zip(*made, strict=True))
        assert np.array_equal(small, collect(model, 6, 3, seed=2))
        assert large.shape == (6, 1, 80, 80, 3)
        assert np.array_equal(large, collect(model, 6, 3, seed=2, size=80)[:, 1:2])


def test_large_pictures_are_drawn_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for preset in ("preview", "fast"):
        model = VideoModel.load(preset, weights=saved(awake(), tmp_path), device="cpu")
        with monkeypatch.context() as patched:
            patched.setattr("mvvideo.scene.PIXELS_AT_ONCE", 2 * 48 * 48)
            chunks = list(model.generate(StandIn(), motion(9), cameras(1), size=48))
        assert max(len(chunk) for chunk in chunks) <= 2
        whole = np.concatenate(list(model.generate(StandIn(), motion(9), cameras(1), size=48)))
        assert np.array_equal(np.concatenate(chunks), whole)


def test_a_photo_much_finer_than_the_frames_is_drawn_with_more_samples() -> None:
    portrait = StandIn(image=np.zeros((256, 256, 3), np.float32))
    list(VideoModel.load("preview").generate(portrait, motion(1), cameras(1), size=32))
    assert portrait.samples == {4}
    list(VideoModel.load("preview").generate(portrait, motion(1), cameras(1), size=128))
    assert portrait.samples == {4, 1}


def test_larger_output_keeps_the_full_appearance(tmp_path: Path) -> None:
    model = VideoModel.load("fast", weights=saved(untrained(), tmp_path), device="cpu")
    preview, fast = collect(VideoModel.load("preview"), 3, size=80), collect(model, 3, size=80)
    np.testing.assert_allclose(fast.astype(int), preview.astype(int), atol=1)


def test_memory_is_bounded_by_the_window(tmp_path: Path) -> None:
    model = VideoModel.load("fast", weights=saved(untrained(), tmp_path), device="cpu")
    portrait = StandIn()
    lengths = [len(chunk) for chunk in model.generate(portrait, motion(23), cameras(1), size=48)]
    assert sum(lengths) == 23
    assert max(lengths) <= 4
    assert portrait.longest <= 4
    assert portrait.sizes == {32, 48}


@pytest.mark.parametrize("preset", ["fast", "quality"])
def test_same_seed_same_frames(preset: str, tmp_path: Path) -> None:
    model = VideoModel.load(preset, weights=saved(awake(), tmp_path), device="cpu")
    once, again, other = (collect(model, 5, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_windows_join_without_a_jump(tmp_path: Path) -> None:
    """A still portrait must stay still across the borders of windows."""
    model = VideoModel.load("fast", weights=saved(awake(), tmp_path), device="cpu")
    still = motion(1)
    frozen = FlameSequence.neutral(9)
    pictures = np.concatenate(list(model.generate(StandIn(fit=still), frozen, cameras(2), size=32))).astype(
        int
    )
    inside = np.abs(pictures[1] - pictures[0]).max()
    across = np.abs(np.diff(pictures, axis=0)).max()
    assert across <= max(2 * inside, 12)


def test_a_travelling_camera_takes_one_camera_per_frame(tmp_path: Path) -> None:
    for model in (VideoModel.load("preview"), VideoModel.load("fast", weights=saved(untrained(), tmp_path))):
        model.device = "cpu"
        views = cameras(7)
        chunks = model.generate(StandIn(), motion(7), views, size=32, camera_per_frame=True)
        pictures = np.concatenate(list(chunks))
        assert pictures.shape == (7, 1, 32, 32, 3)
        np.testing.assert_allclose(pictures[:, 0, 3, 20, 1], 255 * 0.1 * np.arange(7), atol=1.01)
        with pytest.raises(CameraError, match="one camera per frame"):
            model.generate(StandIn(), motion(6), views, size=32, camera_per_frame=True)


def test_progress_counts_every_frame() -> None:
    told: list[tuple[int, int]] = []
    model = VideoModel.load("preview")
    for _ in model.generate(
        StandIn(), motion(19), cameras(1), size=16, progress=lambda done, total: told.append((done, total))
    ):
        pass
    assert told[-1] == (19, 19)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_bad_requests_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean preview"):
        VideoModel.load("previw")
    with pytest.raises(ConfigError, match="fast"):
        find_preset("zzz")
    with pytest.raises(AssetError, match="preview"):
        VideoModel.load("fast", weights=tmp_path)
    with pytest.raises(ConfigError, match="size"):
        VideoModel.load("preview").generate(StandIn(), motion(2), cameras(1), size=4)
    assert [preset.steps for preset in PRESETS.values()] == [0, 1, 4]
