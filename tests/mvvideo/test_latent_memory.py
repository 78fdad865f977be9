"""The estimate of memory against what torch allocates for tiny models, and what is done with it."""

from __future__ import annotations

import dataclasses
import gc
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from flame.errors import ConfigError
from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.latent.__main__ import main
from mvvideo.latent.config import load_latent_config
from mvvideo.latent.loading import load_parts, skeleton_parts
from mvvideo.latent.memory import MemoryEstimate, Workload, check_memory, estimate_memory
from mvvideo.latent.training import LatentTrainer

from .latent_fixtures import forget_accelerator, write_all
from .video_fixtures import write_random_shards


@pytest.fixture(autouse=True)
def fresh_accelerator() -> None:
    forget_accelerator()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_all(tmp_path_factory)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_shards(tmp_path_factory.mktemp("clips"), clips=2)


@pytest.mark.parametrize("preset", ["sd15", "svd"])
@pytest.mark.parametrize(
    ("trains", "checkpointing"), [(None, False), ("motion", False), ("motion", True), ("views", True)]
)
def test_the_estimate_is_near_the_measured_peak(
    folders: dict[str, Path], preset: str, trains: str | None, checkpointing: bool
) -> None:
    """Bytes allocated by the pass itself, as torch counts them; the tolerance is docs/big_presets.md's."""
    config = load_latent_config(folders[preset] / "config.yaml")
    parts = load_parts(config, dtype=torch.float32)
    frames, size = 4, 48
    work = Workload(1, 2, frames, size, trains=trains, bf16=False, checkpointing=checkpointing)
    estimate = estimate_memory(parts, work)
    model = parts.model
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(model.part(name) == trains)
    if checkpointing:
        model.checkpoint_gradients()
    guidance = torch.rand(1, 2, frames, CHANNEL_COUNT, size, size)
    photo = parts.codec.photo(torch.rand(1, 3, size, size), guidance[:, 0, 0])
    noisy = torch.randn(1, 2, frames, 4, size // 2, size // 2)

    def run() -> None:
        with torch.set_grad_enabled(trains is not None):
            answer = model(noisy, torch.tensor([3.0]), guidance, photo, views=trains != "motion")
        if trains is not None:
            answer.square().mean().backward()

    gc.collect()
    peak = _peak_bytes(run)
    gradients = sum(p.grad.nbytes for p in model.parameters() if p.grad is not None)
    ratio = (estimate.activations - guidance.nbytes) / (peak - gradients)
    assert 0.85 < ratio < 1.45, ratio
    exact = sum(p.nbytes for p in (*model.parameters(), *parts.codec.parameters()))
    assert estimate.weights == exact
    moving = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert estimate.optimiser == 12 * moving  # gradient and two moments


def _peak_bytes(run: Callable[[], None]) -> int:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    assert profiler.profiler is not None
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    now = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        now += event.nbytes()
        peak = max(peak, now)
    return peak


def test_the_estimate_grows_with_what_is_asked_for(folders: dict[str, Path]) -> None:
    parts = skeleton_parts(load_latent_config(folders["sd15"] / "config.yaml"))
    base = Workload(1, 2, 4, 64, trains="motion", bf16=True)

    def of(**changes: object) -> MemoryEstimate:
        return estimate_memory(parts, dataclasses.replace(base, **changes))

    for more in ({"views": 4}, {"clips": 2}, {"frames": 8}, {"size": 128}, {"checkpointing": False}):
        assert of(**more).activations > of().activations
        assert of(**more).weights == of().weights
    assert of(average=True).optimiser > of().optimiser > of(master_bytes=2).optimiser
    assert of(bf16=False).total > of().total > of(trains=None).total
    assert of(trains="views", views=4).optimiser != of().optimiser
    assert estimate_memory(parts, base, cuda=True).total == of().total + 1e9


def test_a_run_that_does_not_fit_is_refused_before_anything_is_loaded(
    folders: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = MemoryEstimate(weights=4e9, optimiser=3e9, activations=2e9, codec=1e9)
    assert estimate.total == 9e9
    assert "tight" in check_memory(estimate, what="x", available=10e9, smaller="y")
    assert "tight" not in check_memory(estimate, what="x", available=20e9, smaller="y")
    with pytest.raises(ConfigError, match=r"x is estimated to need 9.0 GB: there are 8.0 GB; y"):
        check_memory(estimate, what="x", available=8e9, smaller="y")
    config = load_latent_config(folders["sd15"] / "config.yaml", ["max_device_gigabytes=0.001"])
    monkeypatch.setattr("mvvideo.latent.training.load_parts", lambda *a, **k: pytest.fail("loaded"))
    with pytest.raises(ConfigError, match="phase 2d is estimated to need"):
        LatentTrainer(config, data=data, out=tmp_path, device="cpu")
    longer = load_latent_config(
        folders["sd15"] / "config.yaml", ["phases=[{name: m, trains: motion, steps: 1, frames: 9, views: 1}]"]
    )
    with pytest.raises(ConfigError, match="at most 8 frames: 9 in phase m"):
        LatentTrainer(longer, data=data, out=tmp_path, device="cpu")


def test_the_estimate_is_printed(folders: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(folders["svd"] / "config.yaml"), "--estimate", "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and all("about" in line and "GB" in line for line in lines)
    assert main(["--config", "nowhere.yaml", "--estimate"]) == 2
    assert "error: configuration file not found" in capsys.readouterr().err


def test_the_estimate_is_logged_before_training(
    folders: dict[str, Path], data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = load_latent_config(folders["sd15"] / "config.yaml")
    with caplog.at_level(logging.INFO, logger="mvvideo.latent.training"):
        LatentTrainer(config, data=data, out=tmp_path, device="cpu")
    assert sum("(an estimate)" in line for line in caplog.messages) == 3
