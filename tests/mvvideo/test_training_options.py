"""Options of a training: random part sizes, missing photos, weights by noise, critics, phases, steps; ablations."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from benchmarks.ablation import frame_difference, shrunken, view_difference
from benchmarks.ablation import main as ablation
from flame.errors import ConfigError
from mvvideo.guidance import CHANNEL_COUNT, channel_slice
from mvvideo.networks.storage import load_network
from mvvideo.training.batches import ClipBatch, ClipStore
from mvvideo.training.config import TrainingConfig, build_config
from mvvideo.training.critic import CriticConfig, Judged, PatchDiscriminator
from mvvideo.training.losses import LossWeights, Truth, importance_of_time
from mvvideo.training.scaling import scale_parts
from mvvideo.training.shards import list_shards, read_shard
from mvvideo.training.trainer import Trainer

from .video_fixtures import TINY_YAML, write_random_shards

CPU = torch.device("cpu")
BASE = yaml.safe_load(TINY_YAML)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_shards(tmp_path_factory.mktemp("data"), shards=1)


def trainer(data: Path, out: Path, *overrides: str) -> Trainer:
    config = build_config(BASE, overrides)
    return Trainer(config, data=data, heldout=None, out=out, minutes=100, device="cpu")


# --- part scaling -----------------------------------------------------------------------------------------


def face_batch() -> ClipBatch:
    """Two clips of one picture, 64²: a head with two square eyes, irises in them, and lips."""
    guidance = torch.zeros(2, 1, 1, CHANNEL_COUNT, 64, 64)
    head = guidance[:, 0, 0]
    head[:, channel_slice("normals").stop - 1, 8:56, 12:52] = 1
    x = channel_slice("canonical").start
    head[:, x, 8:56, 12:32], head[:, x, 8:56, 32:52] = -0.5, 0.5
    for left, right in ((18, 26), (38, 46)):
        head[:, channel_slice("region_eye"), 20:28, left:right] = 1
        head[:, channel_slice("region_iris"), 22:26, left + 2 : right - 2] = 1
    head[:, channel_slice("region_lips"), 40:46, 24:40] = 1
    pictures = torch.zeros(2, 1, 1, 3, 64, 64)
    return ClipBatch(
        reference=pictures[:, 0, 0],
        reference_guidance=head.clone(),
        target=pictures,
        alpha=pictures[:, :, :, :1],
        seen=pictures[:, :, :, :1],
        guidance=guidance,
        yaw_degrees=torch.zeros(2, 1, 1),
    )


def scaled(parts: tuple[float, float], face: tuple[float, float]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return scale_parts(face_batch(), parts=parts, face=face, generator=generator).guidance[:, 0, 0]


def box(mask: torch.Tensor) -> tuple[float, float, float, float]:
    """Centre and extent of a mask ``(64, 64)``: x, y, width, height in pixels."""
    rows, columns = mask.sum(1), mask.sum(0)
    places = torch.arange(64) + 0.5
    return (
        float((columns * places).sum() / columns.sum()),
        float((rows * places).sum() / rows.sum()),
        float(columns.max() and mask.sum() / columns.max()),
        float(mask.sum() / rows.max()),
    )


def test_parts_grow_in_their_place_and_the_iris_with_its_eye() -> None:
    before, after = face_batch().guidance[0, 0, 0], scaled((1.2, 1.2), (1, 1))[0]
    eye, iris = channel_slice("region_eye").start, channel_slice("region_iris").start
    for half in (slice(0, 32), slice(32, 64)):
        old, new = torch.zeros(2, 64, 64), torch.zeros(2, 64, 64)
        old[..., half], new[..., half] = before[[eye, iris]][..., half], after[[eye, iris]][..., half]
        for a, b in zip(old, new, strict=True):
            np.testing.assert_allclose(box(b)[:2], box(a)[:2], atol=0.1)
            np.testing.assert_allclose(float(b.sum()), 1.44 * float(a.sum()), rtol=0.03)
    for name in ("normals", "canonical"):
        assert torch.equal(after[channel_slice(name)], before[channel_slice(name)])


def test_the_head_shrinks_about_its_centre_with_everything_on_it() -> None:
    before, after = face_batch().guidance[0, 0, 0], scaled((1, 1), (0.75, 0.75))[0]
    head = channel_slice("normals").stop - 1
    np.testing.assert_allclose(box(after[head])[:2], box(before[head])[:2], atol=0.1)
    np.testing.assert_allclose(float(after[head].sum()), 0.5625 * float(before[head].sum()), rtol=0.03)
    lips = channel_slice("region_lips").start
    centre = box(before[head])[1]
    expected = centre + 0.75 * (box(before[lips])[1] - centre)
    assert box(after[lips])[1] == pytest.approx(expected, abs=0.2)


def test_scaling_draws_per_clip_and_leaves_the_rest_alone() -> None:
    batch = face_batch()
    given = batch.guidance.clone()
    made = scaled((0.8, 1.2), (0.7, 1.3))
    assert torch.equal(batch.guidance, given)
    assert not torch.allclose(made[0], made[1], atol=0.1), "each clip its own factors"
    plate = slice(0, channel_slice("normals").start)
    assert torch.equal(made[:, plate], given[:, 0, 0, plate])
    still = scaled((1.0, 1.0), (1.0, 1.0))
    assert torch.equal(still, given[:, 0, 0])


# --- options of the trainer -------------------------------------------------------------------------------


def test_options_off_draw_no_random_numbers(data: Path, tmp_path: Path) -> None:
    plain = trainer(data, tmp_path / "a")
    other = trainer(
        data, tmp_path / "b", "part_scaling=[1.0, 1.0]", "null_reference_share=0", "min_snr_gamma=0"
    )
    for run in (plain, other):
        run.train_step()
    assert torch.equal(plain.noise.get_state(), other.noise.get_state())
    for name, value in plain.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[name]), name


@pytest.mark.parametrize(
    "overrides",
    [
        ("part_scaling=[0.8, 1.2]", "face_scaling=[0.7, 1.3]"),
        ("null_reference_share=0.5", "null_guidance_share=0.5"),
        ("min_snr_gamma=5",),
        ("network.motion_intensity=64", "network.memory_bank=8"),
        ("network.identity_adapter=true", "network.separate_tokens=true"),
        ("network.reference_network=false", "network.motion_module=false", "network.view_module=false"),
        ("network.appearance_input=false", "network.two_gates=false"),
        ("adversarial_from=0.0", "critic.width=8", "critic.view=crop"),
        ("adversarial_from=0.0", "critic.width=8", "critic.view=half"),
    ],
)
def test_every_option_trains(data: Path, tmp_path: Path, overrides: tuple[str, ...]) -> None:
    run = trainer(data, tmp_path, *overrides, "total_steps=2", "optimiser.warmup_steps=1")
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    run.run()
    assert run.step == 2
    assert run.phase_name == "view", "phases follow the steps"
    assert any(not torch.equal(value, before[name]) for name, value in run.model.state_dict().items())
    load_network(tmp_path / "weights")


def test_the_published_three_phases(data: Path, tmp_path: Path) -> None:
    phases = """phases=[
      {name: spatial, share: 0.33, frames: 1, views: 1, trains: spatial},
      {name: motion, share: 0.33, frames: 2, views: 1, motion: true, trains: motion},
      {name: views, share: 0.34, frames: 1, views: 2, motion: true, view_attention: true, trains: views}]"""
    run = trainer(data, tmp_path, phases, "total_steps=3", "optimiser.warmup_steps=1")
    with torch.no_grad():  # at its start of zero no gradient passes
        torch.nn.init.normal_(run.model.head.out.weight)
    moved = []
    for _ in range(3):
        before = {name: p.detach().clone() for name, p in run.model.named_parameters()}
        run.train_step()
        moved.append({name for name, p in run.model.named_parameters() if not torch.equal(p, before[name])})
    assert moved[0] and not any(".motion." in name or ".view." in name for name in moved[0])
    assert moved[1] and all(".motion." in name for name in moved[1])
    assert moved[2] and all(".view." in name for name in moved[2])


def test_what_cannot_be_trained_is_refused(data: Path, tmp_path: Path) -> None:
    views = "phases=[{name: views, share: 1.0, frames: 1, views: 2, view_attention: true, trains: views}]"
    with pytest.raises(ConfigError, match="nothing to train"):
        trainer(data, tmp_path, views, "network.view_module=false").train_step()
    for override, match in (
        ("phases=[{name: a, share: 1.0, frames: 1, views: 1, trains: hands}]", "trains must be one of"),
        ("part_scaling=[1.2, 0.8]", "part_scaling"),
        ("null_reference_share=1.5", "null shares"),
        ("critic.view=eyes", "whole, half or crop"),
        ("precision=int8", "precision"),
    ):
        with pytest.raises(ConfigError, match=match):
            build_config(BASE, [override])
    assert BASE == yaml.safe_load(TINY_YAML), "the mapping is not changed"


def test_a_run_from_before_new_options_goes_on(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path).run(max_steps=1)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    for name in ("memory_bank", "two_gates", "separate_tokens"):
        del state["network"][name]
    torch.save(state, tmp_path / "checkpoint.pt")
    assert trainer(data, tmp_path).step == 1
    with pytest.raises(ConfigError, match="another network"):
        trainer(data, tmp_path, "network.memory_bank=4")


# --- losses and critics -----------------------------------------------------------------------------------


def test_weight_by_noise() -> None:
    weight = importance_of_time(torch.tensor([0.0, 0.2, 0.5, 0.9, 1.0]), gamma=5.0, floor=0.1)
    np.testing.assert_allclose(weight, [1.0, 1.0, 0.2, 0.1, 0.1], atol=1e-6)
    ones = torch.ones(2, 1, 8, 8)
    guidance = torch.zeros(2, CHANNEL_COUNT, 8, 8)
    rgb = ones.expand(-1, 3, -1, -1)
    truth = Truth.build(rgb, ones, ones, guidance, LossWeights(), torch.tensor([1.0, 0.5]))
    assert float(truth.weight[0].mean()) == pytest.approx(2 * float(truth.weight[1].mean()))


def test_critics_see_a_quarter_when_told() -> None:
    noise = torch.Generator().manual_seed(0)
    fake = torch.rand(2, 3, 32, 32, generator=noise)
    judged = Judged(fake, fake.clone(), torch.rand(2, 4, 32, 32, generator=noise), fake[:, :1])
    assert judged.seen("whole", noise) is judged
    half, crop = judged.seen("half", noise), judged.seen("crop", noise)
    assert half.fake.shape == crop.fake.shape == (2, 3, 16, 16)
    torch.testing.assert_close(half.truth, torch.nn.functional.avg_pool2d(fake, 2))
    assert torch.equal(crop.fake, crop.truth), "cut at one place"
    windows = fake.unfold(2, 16, 1).unfold(3, 16, 1)
    assert (windows == crop.fake[:, :, None, None]).all((0, 1, 4, 5)).any()
    small, large = (sum(p.numel() for p in PatchDiscriminator(width=w).parameters()) for w in (8, 48))
    assert small < large / 20
    assert CriticConfig() == TrainingConfig().critic


# --- ablations --------------------------------------------------------------------------------------------


def test_consistency_counts_only_what_the_truth_does_not_do() -> None:
    alpha = torch.ones(2, 3, 1, 8, 8)
    steady = torch.rand(2, 1, 3, 8, 8).expand(-1, 3, -1, -1, -1)
    assert frame_difference(steady, alpha) == 0
    flicker = steady.clone()
    flicker[:, 1] += 0.1
    assert frame_difference(flicker, alpha) == pytest.approx(25.5, rel=1e-4)
    guidance = torch.zeros(2, 1, CHANNEL_COUNT, 8, 8)
    guidance[:, :, channel_slice("normals").start] = 1
    error = torch.full((2, 1, 3, 8, 8), 0.2)
    assert view_difference(error, guidance) == pytest.approx(0, abs=1e-4)
    error[1] = 0.3
    assert view_difference(error, guidance) == pytest.approx(25.5, rel=1e-3)


def test_clips_are_shrunk_once(data: Path, tmp_path: Path) -> None:
    small = shrunken(data, tmp_path / "small", size=16, clips=2)
    (path,) = list_shards(small)
    before = (path / "index.json").stat().st_mtime_ns
    shrunken(data, small, size=16, clips=2)
    assert (path / "index.json").stat().st_mtime_ns == before
    clip, whole = read_shard(path).clip(0), read_shard(list_shards(data)[0]).clip(0)
    assert clip.guidance.shape == (*whole.guidance.shape[:-2], 16, 16)
    assert set(np.unique(clip.seen)) <= {0, 255}
    assert ClipStore(small, device=CPU, max_gigabytes=1).clip(0).target.shape[-1] == 16


def test_the_table_is_made_row_by_row(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "rows.yaml"
    rows = {"full": [], "no motion": ["network.motion_module=false"]}
    config.write_text(yaml.safe_dump({"base": {**BASE, "total_steps": 2}, "rows": rows}))
    out = tmp_path / "table.json"
    arguments = ["--config", str(config), "--data", str(data), "--heldout", str(data), "--out", str(out)]
    assert ablation([*arguments, "--rows", "full"]) == 0
    assert set(json.loads(out.read_text())["rows"]) == {"appearance only", "full"}
    first = json.loads(out.read_text())["rows"]["full"]
    assert ablation(arguments) == 0
    results = json.loads(out.read_text())
    assert results["rows"]["full"] == first, "not made again"
    assert results["rows"]["no motion"]["parameters"] < first["parameters"]
    assert "| no motion |" in out.with_suffix(".md").read_text()
    again = tmp_path / "again.json"
    assert ablation([*arguments[:-1], str(again), "--rows", "full"]) == 0
    assert json.loads(again.read_text())["rows"]["full"]["seeds"] == first["seeds"], "deterministic"
    capsys.readouterr()
    assert ablation([*arguments, "--rows", "none"]) == 2
    assert ablation([*arguments, "--steps", "3"]) == 2
    assert "made otherwise" in capsys.readouterr().err


def test_shipped_rows_are_configurations() -> None:
    table = yaml.safe_load(Path("configs/ablation.yaml").read_text())
    full = build_config(table["base"])
    for name, overrides in table["rows"].items():
        config = build_config(table["base"], overrides)
        assert (config == full) == (name == "full"), name
        assert dataclasses.replace(config.network, **dataclasses.asdict(full.network)) == full.network
