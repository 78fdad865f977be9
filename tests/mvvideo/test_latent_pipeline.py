"""A latent model used as the product uses it: portrait, motion and cameras in, frames out, at any length."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from flame.errors import AssetError, CameraError, ConfigError
from mvportrait.models import load_video_model
from mvportrait.options import AnimateOptions
from mvportrait.training import train_video
from mvvideo.latent import LATENT_PRESETS, LatentVideoModel

from .latent_fixtures import write_sd15, write_svd
from .test_pipeline import StandIn, cameras, motion


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    writers = {"sd15": write_sd15, "svd": write_svd}
    return {name: writer(tmp_path_factory.mktemp(name)) for name, writer in writers.items()}


@pytest.fixture(scope="module")
def model(folders: dict[str, Path]) -> LatentVideoModel:
    return LatentVideoModel.load("sd15", weights=folders["sd15"], device="cpu")


def collect(model: LatentVideoModel, frames: int, views: int = 2, *, size: int = 32, **options) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.concatenate(
        list(model.generate(StandIn(), motion(frames), cameras(views), size=size, **options))
    )


@pytest.mark.parametrize("preset", sorted(LATENT_PRESETS))
def test_the_product_loads_it_and_says_how_much_memory_it_needs(
    folders: dict[str, Path], preset: str
) -> None:
    said: list[str] = []
    model = load_video_model(preset, folders[preset], views=2, size=32, note=said.append)
    assert isinstance(model, LatentVideoModel)
    assert len(said) == 1 and said[0].startswith(f"{preset}, 2 views of 2 frames at 32 pixels: about")
    pictures = collect(model, 2)
    assert pictures.shape == (2, 2, 32, 32, 3) and pictures.dtype == np.uint8
    assert pictures.std() > 1


def test_windows_streams_and_seeds(model: LatentVideoModel) -> None:
    whole = collect(model, 4)
    for start in (1, 2, 3):
        assert np.array_equal(collect(model, 4, start=start), whole[start:])
    assert not np.array_equal(collect(model, 1, seed=1), collect(model, 1))
    seen: list[tuple[int, int]] = []
    collect(model, 4, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4) and [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_sizes_and_travelling_cameras(model: LatentVideoModel) -> None:
    assert collect(model, 1, size=48).shape == (1, 2, 48, 48, 3)  # enlarged
    assert collect(model, 1, size=18).shape == (1, 2, 18, 18, 3)  # the network's grid is 20
    around = list(model.generate(StandIn(), motion(3), cameras(3), size=16, camera_per_frame=True))
    assert sum(len(part) for part in around) == 3 and around[0].shape[1:] == (1, 16, 16, 3)
    with pytest.raises(CameraError, match="one camera per frame"):
        model.generate(StandIn(), motion(3), cameras(2), size=16, camera_per_frame=True)


def test_what_does_not_fit_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    for line, said in (
        ("max_device_gigabytes: 0.001", "estimated to need"),
        ("sampling: {window_frames: 9, window_overlap: 1}", "at most 8 frames"),
    ):
        text = (folders["sd15"] / "config.yaml").read_text().replace(": sd15", f": {folders['sd15']}/sd15")
        for name in ("motion_adapter", "image_encoder"):
            text = text.replace(f"{name}: {name}", f"{name}: {folders['sd15'] / name}")
        text = text.replace(f"preset: {folders['sd15']}/sd15", "preset: sd15")
        kept, skip = [], False
        for row in text.splitlines():
            skip = row.startswith("sampling:") or (skip and row.startswith(" "))
            if not (skip and line.startswith("sampling")):
                kept.append(row)
        config = tmp_path / "own.yaml"
        config.write_text("\n".join([*kept, line]) + "\n")
        with pytest.raises(ConfigError, match=said):
            LatentVideoModel.load("sd15", weights=config, device="cpu")
    with pytest.raises(AssetError, match="needs the folder weights.sd15"):
        LatentVideoModel.load("sd15", weights=tmp_path)


def test_options_of_the_command(folders: dict[str, Path]) -> None:
    good = AnimateOptions(reference="demo", text="nods", preset="sd15", weights=folders["sd15"])
    good.check()
    for change, said in (
        ({"weights": None}, "needs --weights, the folder of its weights: not given"),
        ({"weights": Path("nowhere")}, "needs --weights, the folder of its weights: nowhere"),
        ({"preset": "fast"}, "--weights is for the presets sd15 and svd"),
        ({"preset": "sd51"}, "unknown preset"),
    ):
        with pytest.raises(ConfigError, match=said):
            dataclasses.replace(good, **change).check()


def test_training_is_handed_over_by_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "big.yaml"
    config.write_text("preset: sd15\n")
    assert train_video(config, ["--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "preset sd15 needs the folder weights.sd15" in capsys.readouterr().err
    assert train_video(config, []) == 2
    assert "--data and --out are needed" in capsys.readouterr().err
