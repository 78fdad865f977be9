"""From shards to a trained tiny model: format, batches, configuration, losses, trainer, command line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from flame.errors import AssetError, ConfigError, MVPortraitError
from mvvideo.guidance import Guidance, channel_slice
from mvvideo.networks.composite import Layers, Plates, compose
from mvvideo.training.__main__ import main
from mvvideo.training.batches import ClipStore, jitter_colours, mirror, to_and_fro
from mvvideo.training.config import TrainingConfig, load_config
from mvvideo.training.losses import LossWeights, Truth, reconstruction_losses
from mvvideo.training.shards import list_shards, read_shard, write_shard
from mvvideo.training.trainer import Trainer

from .video_fixtures import TINY_YAML, random_clip, write_random_shards

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_shards(tmp_path_factory.mktemp("data"), shards=2)


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY_YAML)
    return path


# --- clips on disk ----------------------------------------------------------------------------------------


def test_shards_come_back_as_written(tmp_path: Path) -> None:
    clips = [random_clip(seed=i) for i in range(3)]
    path = write_shard(tmp_path, "shard_00000", clips, split="heldout", seed=5)
    shard = read_shard(path)
    assert (len(shard), shard.split) == (3, "heldout")
    for i, clip in enumerate(clips):
        for field in dataclasses.fields(clip):
            assert np.array_equal(getattr(shard.clip(i), field.name), getattr(clip, field.name)), field.name


def test_half_written_shards_are_not_seen_and_old_ones_replaced(tmp_path: Path) -> None:
    (tmp_path / ".shard_00001.7.partial").mkdir()
    (tmp_path / ".shard_00001.7.partial" / "index.json").write_text("{}")
    write_shard(tmp_path, "shard_00000", [random_clip(seed=0)], split="train", seed=0)
    write_shard(tmp_path, "shard_00000", [random_clip(seed=1), random_clip(seed=2)], split="train", seed=1)
    (only,) = list_shards(tmp_path)
    assert len(read_shard(only)) == 2


def test_bad_clips_and_shards_are_refused(tmp_path: Path) -> None:
    clip = random_clip(seed=0)
    with pytest.raises(AssetError, match="guidance must be uint8"):
        dataclasses.replace(clip, guidance=clip.guidance.astype(np.float32))
    with pytest.raises(AssetError, match="yaw_degrees"):
        dataclasses.replace(clip, yaw_degrees=np.zeros(3, np.float32))
    with pytest.raises(AssetError, match="at least one"):
        write_shard(tmp_path, "a", [], split="train", seed=0)
    with pytest.raises(AssetError, match="not a folder of training clips"):
        read_shard(tmp_path)
    path = write_shard(tmp_path, "a", [clip], split="train", seed=0)
    index = json.loads((path / "index.json").read_text())
    (path / "index.json").write_text(json.dumps({**index, "guidance": index["guidance"][1:]}))
    with pytest.raises(AssetError, match="another guidance table"):
        read_shard(path)


# --- batches ----------------------------------------------------------------------------------------------


def test_batches_have_the_layout_and_the_values(data: Path) -> None:
    store = ClipStore(data, device=CPU, max_gigabytes=1)
    batch = store.clip(1)
    clip = read_shard(list_shards(data)[0]).clip(1)
    expected = Guidance.dequantise(np.asarray(clip.guidance)).swapaxes(0, 1)[None]  # (1, V, T, C, H, W)
    np.testing.assert_allclose(batch.guidance.numpy(), expected, atol=1e-6)
    np.testing.assert_array_equal((batch.target * 255).round().byte().numpy()[0, 1, 0], clip.target_rgb[0, 1])
    drawn = store.sample(5, frames=1, views=2, generator=np.random.default_rng(0))
    assert drawn.target.shape == (5, 2, 1, 3, 32, 32)
    assert drawn.reference.shape == (5, 3, 32, 32)
    again = store.sample(5, frames=1, views=2, generator=np.random.default_rng(0))
    assert torch.equal(drawn.target, again.target)


def test_pictures_are_kept_at_the_size_asked_for(data: Path) -> None:
    whole = ClipStore(data, device=CPU, max_gigabytes=1).clip(1)
    small = ClipStore(data, device=CPU, max_gigabytes=1, size=16).clip(1)
    means = whole.target.unflatten(-1, (16, 2)).unflatten(-3, (16, 2)).mean((-1, -3))
    np.testing.assert_allclose(small.target.numpy(), means.numpy(), atol=0.6 / 255)
    assert small.guidance.shape[-2:] == small.reference.shape[-2:] == (16, 16)
    assert torch.equal(small.yaw_degrees, whole.yaw_degrees)


def test_short_clips_are_played_to_and_fro(data: Path) -> None:
    assert to_and_fro(3, start=1, count=8) == [1, 2, 1, 0, 1, 2, 1, 0]
    assert to_and_fro(1, start=0, count=3) == [0, 0, 0]
    assert to_and_fro(4, start=1, count=3) == [1, 2, 3]
    store = ClipStore(data, device=CPU, max_gigabytes=1)
    batch = store.sample(2, frames=5, views=1, generator=np.random.default_rng(0))
    assert batch.target.shape == (2, 1, 5, 3, 32, 32)
    assert torch.equal(batch.target[:, :, 0], batch.target[:, :, 2])
    assert not torch.equal(batch.target[:, :, 0], batch.target[:, :, 1])


def test_store_grows_and_respects_its_limit(tmp_path: Path) -> None:
    write_random_shards(tmp_path, shards=1)
    store = ClipStore(tmp_path, device=CPU, max_gigabytes=1)
    assert (len(store), store.refresh()) == (3, 0)
    write_random_shards(tmp_path, shards=3)
    assert store.refresh() == 6
    one_shard = sum(array.nbytes for array in read_shard(list_shards(tmp_path)[0]).arrays.values())
    assert len(ClipStore(tmp_path, device=CPU, max_gigabytes=2.5 * one_shard / 1e9)) == 6


def test_store_may_discard_what_it_has_loaded(tmp_path: Path) -> None:
    write_random_shards(tmp_path, shards=2)
    store = ClipStore(tmp_path, device=CPU, max_gigabytes=1, discard=True)
    assert (len(store), list_shards(tmp_path), store.refresh()) == (6, [], 0)
    write_random_shards(tmp_path, shards=1)
    assert store.refresh() == 0, "a shard of a known name is not new"


def test_mirroring_twice_changes_nothing_and_once_turns_sideways_channels(data: Path) -> None:
    batch = ClipStore(data, device=CPU, max_gigabytes=1, intensities=True).clip(0)
    once = mirror(batch)
    twice = mirror(once)
    for field in dataclasses.fields(batch):
        assert torch.equal(getattr(twice, field.name), getattr(batch, field.name)), field.name
    x = channel_slice("normals").start
    assert torch.equal(once.guidance[..., x, :, 0], -batch.guidance[..., x, :, -1])
    assert torch.equal(once.guidance[..., x + 1, :, 0], batch.guidance[..., x + 1, :, -1])


def test_colour_jitter_is_the_same_for_all_colours_of_a_clip(data: Path) -> None:
    batch = ClipStore(data, device=CPU, max_gigabytes=1).clip(0)
    plate = channel_slice("background_rgb")
    batch = dataclasses.replace(batch, target=batch.guidance[..., plate, :, :].clone())
    before = batch.guidance.clone()
    changed = jitter_colours(batch, strength=0.3, generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(changed.target, batch.target, atol=0.01)
    torch.testing.assert_close(changed.guidance[..., plate, :, :], changed.target)
    normals = channel_slice("normals")
    assert torch.equal(changed.guidance[..., normals, :, :], before[..., normals, :, :])
    assert torch.equal(batch.guidance, before), "the input must not be changed"


# --- losses -----------------------------------------------------------------------------------------------


def test_reconstruction_is_zero_at_the_truth_and_blur_costs_more_than_noise_of_its_size() -> None:
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(1, 3, 32, 32, generator=generator)
    ones, zero = torch.ones(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    guidance = torch.zeros(1, Guidance.null(1, 1, height=32, width=32).shape[2], 32, 32)
    weights = LossWeights()
    truth = Truth.build(rgb, ones, ones, guidance, weights)

    def terms(candidate: torch.Tensor) -> dict[str, torch.Tensor]:
        layers = Layers(
            flow=torch.zeros(1, 2, 32, 32),
            gate_change=zero,
            detail_change=zero,
            alpha_change=zero,
            rgb=candidate,
        )
        plates = Plates(rgb=candidate, alpha=ones, background=torch.zeros_like(rgb))
        return reconstruction_losses(compose(layers, plates), layers, truth, weights)

    assert float(sum(terms(rgb).values())) == pytest.approx(0, abs=1e-4)
    blurred = torch.nn.functional.avg_pool2d(rgb, 3, 1, 1, count_include_pad=False)
    error = (blurred - rgb).square().mean().sqrt()
    noisy = rgb + error * torch.randn(rgb.shape, generator=generator)
    assert float(terms(blurred)["texture"]) > 2 * float(terms(noisy)["texture"])


def test_hidden_and_facial_pixels_weigh_more() -> None:
    rgb, ones = torch.rand(1, 3, 8, 8), torch.ones(1, 1, 8, 8)
    seen, guidance = ones.clone(), torch.from_numpy(Guidance.null(1, 1, height=8, width=8)[0])
    seen[..., 0, :] = 0
    guidance[:, channel_slice("region_eye"), 1] = 1
    weight = Truth.build(rgb, ones, seen, guidance, LossWeights()).weight[0, 0, :, 0]
    assert float(weight[0]) == pytest.approx(2 * float(weight[5]))
    assert float(weight[1]) == pytest.approx(2 * float(weight[5]))


def test_making_worse_what_was_right_costs_and_making_better_does_not() -> None:
    truth_rgb = torch.full((1, 3, 8, 8), 0.5)
    ones, zero = torch.ones(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    guidance = torch.from_numpy(Guidance.null(1, 1, height=8, width=8)[0]).clone()
    guidance[:, channel_slice("appearance_rgb")] = 0.7
    guidance[:, channel_slice("appearance_alpha")] = 1.0
    weights = LossWeights(harm=1.0)
    truth = Truth.build(truth_rgb, ones, ones, guidance, weights)

    def harm(shown: float) -> float:
        rgb = torch.full((1, 3, 8, 8), shown)
        layers = Layers(
            flow=torch.zeros(1, 2, 8, 8), gate_change=zero, detail_change=zero, alpha_change=zero, rgb=rgb
        )
        picture = compose(layers, Plates(rgb=rgb, alpha=ones, background=rgb))
        return float(reconstruction_losses(picture, layers, truth, weights)["harm"])

    assert harm(0.7) == pytest.approx(0.0, abs=1e-6)
    assert harm(0.5) == 0.0
    assert harm(0.2) == pytest.approx(0.1, abs=1e-4)


# --- configuration ----------------------------------------------------------------------------------------


def test_shipped_configuration_loads() -> None:
    config = load_config("configs/video_small.yaml")
    assert sum(phase.share for phase in config.phases) == pytest.approx(1)
    assert config.network == TrainingConfig().network


def test_overrides_and_their_errors(config_file: Path, tmp_path: Path) -> None:
    config = load_config(config_file, ["optimiser.learning_rate=1e-5", "seed=7", "losses.texture=2"])
    assert (config.optimiser.learning_rate, config.seed, config.losses.texture) == (1e-5, 7, 2.0)
    for override, match in (
        ("optimizer.learning_rate=1", "unknown option"),
        ("losses.sharpness=1", "losses.sharpness"),
        ("seed=high", "must be a int"),
        ("seed", "key=value"),
        ("phases=3", "must be a list"),
    ):
        with pytest.raises(ConfigError, match=match):
            load_config(config_file, [override])
    with pytest.raises(ConfigError, match="not found"):
        load_config(tmp_path / "none.yaml")


# --- trainer ----------------------------------------------------------------------------------------------


def test_training_runs_its_phases_saves_and_goes_on(data: Path, config_file: Path, tmp_path: Path) -> None:
    config = load_config(config_file, ["adversarial_from=0.0", "optimiser.warmup_steps=1"])
    options = {"data": data, "heldout": data, "out": tmp_path / "run", "minutes": 1.0, "device": "cpu"}
    trainer = Trainer(config, **options)
    trainer.train_step()
    assert trainer.phase_name == "2d"
    trainer.elapsed = 40.0
    terms = trainer.train_step()
    assert trainer.phase_name == "view"
    assert all(torch.isfinite(value) for value in terms.values())
    assert {"critic", "adversarial"} <= set(terms)
    trainer.run(max_steps=3)
    assert (tmp_path / "run" / "log.jsonl").is_file()
    assert list((tmp_path / "run").glob("sheet_*.jpg"))
    again = Trainer(config, **options)
    assert again.step == 3
    assert again.elapsed >= 40.0
    for name, value in trainer.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], value), name


def test_a_run_begins_from_weights_with_other_switches_or_fewer_channels(
    data: Path, config_file: Path, tmp_path: Path
) -> None:
    config = load_config(config_file)
    first = Trainer(config, data=data, heldout=None, out=tmp_path / "first", minutes=1, device="cpu")
    first.run(max_steps=1)
    for name, changes in (("other", {"max_flow_px": 8.0}), ("wide", {"channels": (64, 32)})):
        network = dataclasses.replace(config.network, **changes)
        begun = Trainer(
            dataclasses.replace(config, network=network),
            data=data,
            heldout=None,
            out=tmp_path / name,
            minutes=1,
            device="cpu",
            initial=tmp_path / "first" / "weights",
        )
        assert begun.model.config == network
        assert begun.train_step()["loss"].isfinite()


def test_half_precision_step(data: Path, config_file: Path, tmp_path: Path) -> None:
    config = load_config(config_file, ["precision=bf16", "adversarial_from=0.0"])
    trainer = Trainer(config, data=data, heldout=None, out=tmp_path, minutes=1.0, device="cpu")
    for elapsed in (10.0, 50.0):
        trainer.elapsed = elapsed
        assert all(torch.isfinite(value) for value in trainer.train_step().values())
    assert all(p.dtype == torch.float32 for p in trainer.model.parameters())


def test_a_diverged_run_goes_back_to_its_checkpoint(data: Path, config_file: Path, tmp_path: Path) -> None:
    trainer = Trainer(
        load_config(config_file), data=data, heldout=None, out=tmp_path, minutes=5, device="cpu"
    )
    trainer.run(max_steps=1)
    good = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    with torch.no_grad():
        for tensor in (*trainer.model.parameters(), *trainer.average.values()):
            tensor.fill_(float("nan"))
    trainer.save()
    trainer._step_back()
    for name, value in trainer.model.state_dict().items():
        assert torch.equal(value, good[name]), name
    (tmp_path / "checkpoint.pt").unlink()
    with pytest.raises(MVPortraitError, match="diverged"):
        trainer._step_back()


def test_training_lowers_the_loss(data: Path, config_file: Path, tmp_path: Path) -> None:
    overrides = [
        "colour_jitter=0",
        "mirror_share=0",
        "optimiser.learning_rate=3e-3",
        "optimiser.warmup_steps=1",
    ]
    config = load_config(config_file, overrides)
    trainer = Trainer(config, data=data, heldout=None, out=tmp_path, minutes=100, device="cpu")
    losses = [float(trainer.train_step()["loss"]) for _ in range(25)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_phase_may_train_only_its_module(data: Path, config_file: Path, tmp_path: Path) -> None:
    config = load_config(config_file)
    phases = (dataclasses.replace(config.phases[1], share=1.0, trains="views"),)
    trainer = Trainer(
        dataclasses.replace(config, phases=phases),
        data=data,
        heldout=None,
        out=tmp_path,
        minutes=1,
        device="cpu",
    )
    torch.nn.init.normal_(trainer.model.head.out.weight)  # at its start of zero no gradient passes
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    trainer.train_step()
    moved = {name for name, p in trainer.model.named_parameters() if not torch.equal(p, before[name])}
    assert moved
    assert all(".view." in name for name in moved)


def test_trainer_refuses_what_cannot_work(data: Path, config_file: Path, tmp_path: Path) -> None:
    config = load_config(config_file)
    options = {"heldout": None, "out": tmp_path / "run", "device": "cpu"}
    with pytest.raises(ConfigError, match="minutes"):
        Trainer(config, data=data, minutes=0, **options)
    with pytest.raises(AssetError, match="no training clips"):
        Trainer(config, data=tmp_path / "empty", minutes=1, **options)
    with pytest.raises(ConfigError, match="sum to 1"):
        half = dataclasses.replace(config, phases=config.phases[:1])
        Trainer(half, data=data, minutes=1, **options)


def test_command_line_trains_and_evaluates(
    data: Path, config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    arguments = ["--config", str(config_file), "--data", str(data), "--out", str(run), "--device", "cpu"]
    assert main([*arguments, "--steps", "2", "seed=1"]) == 0
    scored = [
        "evaluate",
        "--data",
        str(data),
        "--weights",
        str(run / "weights"),
        "--out",
        str(tmp_path / "scores"),
    ]
    assert main([*scored, "--device", "cpu", "--clips", "2"]) == 0
    scores = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert {"appearance", "model@1", "model@4"} == set(scores)
    assert "gradient_ratio" in capsys.readouterr().out
    assert main([*arguments, "nonsense=1"]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: unknown option")
