"""Training of the latent models and the estimate of memory, on tiny models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.latent.__main__ import main
from mvvideo.latent.config import load_latent_config, with_weights
from mvvideo.latent.loading import load_parts
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
def test_each_phase_moves_its_own_part_and_nothing_else(
    folders: dict[str, Path], data: Path, tmp_path: Path, preset: str
) -> None:
    config = load_latent_config(folders[preset] / "config.yaml", ["diffusion.photo_dropout=0"])
    trainer = LatentTrainer(config, data=data, out=tmp_path, device="cpu")
    model = trainer.model
    for number, phase in enumerate(config.phases):
        trainer.phase_number = number
        before = {name: value.clone() for name, value in model.state_dict().items()}
        codec = {name: value.clone() for name, value in trainer.codec.state_dict().items()}
        assert trainer.train_step() > 0
        changed = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
        assert {model.part(name) for name in changed} == {phase.trains}
        mine = {n for n, _ in model.named_parameters() if model.part(n) == phase.trains}
        if phase.trains == "appearance":
            # The way in of what starts at zero moves, and so does the end of the public network.
            assert {"guidance_encoder.conv_out.weight", "unet.conv_out.weight"} <= changed
            assert (preset == "svd") or any(name.startswith("reference_unet.") for name in changed)
        elif phase.trains == "views":
            # All that comes before a projection that is still zero waits for it.
            assert {n for n in mine if ".proj_out." in n} <= changed
        else:
            assert len(changed) > 0.9 * len(mine)
        assert all(torch.equal(value, codec[n]) for n, value in trainer.codec.state_dict().items())
        trainer.leave_phase()


@pytest.mark.parametrize("preset", ["sd15", "svd"])
def test_checkpointing_gives_the_same_gradients(folders: dict[str, Path], preset: str) -> None:
    config = load_latent_config(folders[preset] / "config.yaml")
    generator = torch.Generator().manual_seed(0)
    guidance = torch.rand((1, 2, 2, CHANNEL_COUNT, 16, 16), generator=generator)
    noisy = torch.randn((1, 2, 2, 4, 8, 8), generator=generator)
    rgb = torch.rand((1, 3, 16, 16), generator=generator)
    gradients = []
    for checkpointing in (False, True):
        parts = load_parts(config, dtype=torch.float32)
        with torch.no_grad():
            for name, parameter in parts.model.named_parameters():
                if "conv_out" in name or ".view.proj_out" in name:  # what starts at zero would hide the rest
                    parameter.copy_(
                        torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) / 20
                    )
        if checkpointing:
            parts.model.checkpoint_gradients()
        photo = parts.codec.photo(rgb, guidance[:, 0, 0])
        parts.model(noisy, torch.tensor([4.0]), guidance, photo).square().mean().backward()
        gradients.append({n: p.grad for n, p in parts.model.named_parameters() if p.grad is not None})
    plain, again = gradients
    assert plain.keys() == again.keys()
    assert {n.split(".")[0] for n in plain} >= {"unet", "guidance_encoder"}
    for name, gradient in plain.items():
        assert torch.allclose(gradient, again[name], rtol=1e-3, atol=1e-6), name


def test_a_whole_run_is_used_and_taken_up(folders: dict[str, Path], data: Path, tmp_path: Path) -> None:
    """Three phases by the command, in two starts; what it wrote loads as --weights."""
    out = tmp_path / "run"
    changes = ["optimiser.ema_decay=0.9", "optimiser.accumulate=2", "phases=" + json.dumps(_phases(2))]
    command = ["--config", str(folders["sd15"] / "config.yaml"), "--data", str(data), "--out", str(out)]
    command += ["--device", "cpu"]
    assert main([*command, "--steps", "3", *changes]) == 0
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    assert (state["phase"], state["step"]) == (1, 1)
    assert main([*command, *changes]) == 0
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    assert (state["phase"], state["step"]) == (3, 0) and "optimiser" not in state
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [(e["phase"], e["step"]) for e in entries] == [
        (name, step) for name in ("2d", "motion", "view") for step in (1, 2)
    ]
    trained = load_parts(with_weights("sd15", out / "weights"), dtype=torch.float32).model.state_dict()
    public = load_parts(with_weights("sd15", folders["sd15"]), dtype=torch.float32).model.state_dict()
    assert trained.keys() == public.keys()
    moved = sum(not torch.equal(trained[name], public[name]) for name in public)
    assert moved > 0.9 * len(public) - 40
    # Another schedule does not go on in the same folder.
    assert main([*command, "phases=" + json.dumps(_phases(3))]) == 2


def _phases(steps: int) -> list[dict[str, object]]:
    from .latent_fixtures import OPTIONS

    return [{**phase, "steps": steps} for phase in OPTIONS["phases"]]  # type: ignore[attr-defined]


def test_trained_weights_are_checked(
    folders: dict[str, Path], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flame.errors import AssetError

    config = load_latent_config(folders["sd15"] / "config.yaml")
    trainer = LatentTrainer(config, data=data, out=tmp_path, device="cpu")
    trainer.save()
    place = tmp_path / "weights"
    load_parts(with_weights("sd15", place), dtype=torch.float32)
    manifest = place / "trained" / "manifest.json"
    values = json.loads(manifest.read_text())
    for change, said in (
        ({"version": 99}, "must be mvportrait-latent-model 1"),
        ({"preset": "svd"}, "must be for preset sd15"),
        ({"model": {"guidance_widths": [1, 2]}}, r"have guidance_widths \[1, 2\]"),
        ({"files": ["gone.safetensors"]}, "not a readable safetensors file"),
    ):
        manifest.write_text(json.dumps({**values, **change}))
        with pytest.raises(AssetError, match=said):
            load_parts(with_weights("sd15", place), dtype=torch.float32)


def test_bf16_keeps_what_is_trained_in_float32(folders: dict[str, Path], data: Path, tmp_path: Path) -> None:
    config = load_latent_config(folders["sd15"] / "config.yaml", ["precision=bf16"])
    trainer = LatentTrainer(config, data=data, out=tmp_path / "a", device="cpu")
    trainer.phase_number = 1
    trainer.train_step()
    kinds = {
        (trainer.model.part(name), parameter.dtype) for name, parameter in trainer.model.named_parameters()
    }
    assert kinds == {
        ("motion", torch.float32),
        ("appearance", torch.bfloat16),
        ("views", torch.bfloat16),
    }
    forget_accelerator()
    small = load_latent_config(
        folders["sd15"] / "config.yaml", ["precision=bf16", "optimiser.master_weights=bf16"]
    )
    trainer = LatentTrainer(small, data=data, out=tmp_path / "b", device="cpu")
    trainer.train_step()
    assert {parameter.dtype for parameter in trainer.model.parameters()} == {torch.bfloat16}
