"""Training from the caption bank on: it learns, it resumes, its settings are checked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from flame.errors import ConfigError
from text2motion.training.bank import build_bank, load_bank, save_bank
from text2motion.training.config import load_config
from text2motion.training.data import make_chunk
from text2motion.training.trainer import Trainer, motion_loss

_SMALL = [
    "width=16",
    "layers=1",
    "heads=2",
    "frames=40",
    "batch=8",
    "pool=64",
    "words_steps=5",
    "warmup_steps=5",
]


@pytest.fixture(scope="module")
def bank_path(word_encoder, tmp_path_factory):
    path = tmp_path_factory.mktemp("bank") / "bank.npz"
    save_bank(build_bank(word_encoder.encode, plain=2, modified=1), path)
    return path


def test_the_bank_keeps_token_states(bank_path, word_encoder) -> None:
    bank = load_bank(bank_path)
    dense, lengths = bank.dense()
    exact = word_encoder.encode([bank.texts[5]])[0]
    assert lengths[5] == len(exact)
    np.testing.assert_allclose(dense[5, : len(exact)], exact, atol=0.02)
    assert set(np.concatenate(list(bank.of_saying.values()))) == set(range(len(bank.texts)))


def test_a_foreign_file_is_no_bank(tmp_path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ConfigError, match="caption bank"):
        load_bank(path)


def test_chunks_are_a_function_of_their_seed(bank_path) -> None:
    bank = load_bank(bank_path)
    a, b = (make_chunk(bank, role="motion", scenes=4, frames=40, seed=9) for _ in range(2))
    np.testing.assert_array_equal(a.features, b.features)
    np.testing.assert_array_equal(a.caption, b.caption)
    assert a.features.shape == (4, 40, 21)
    assert np.isfinite(a.features).all()
    assert (a.spans[a.caption >= 0][:, 1] > a.spans[a.caption >= 0][:, 0]).all()


@pytest.mark.parametrize("role", ["motion", "emotion"])
def test_it_learns_and_resumes(bank_path, tmp_path, role: str) -> None:
    lines: list[str] = []
    config = load_config(None, [*_SMALL, "steps=12", "checkpoint_steps=6", "device=cpu"], role=role)
    trainer = Trainer(config, bank_path=bank_path, out=tmp_path, note=lines.append)
    trainer.run()
    assert trainer.step == 12
    assert (tmp_path / f"{role}.safetensors").is_file()
    more = load_config(None, [*_SMALL, "steps=14", "device=cpu"], role=role)
    again = Trainer(more, bank_path=bank_path, out=tmp_path, note=lines.append)
    assert again.step == 12
    again.run()
    assert again.step == 14
    assert any("resumed at step 12" in line for line in lines)


def test_loss_ignores_padding_and_is_zero_for_the_truth() -> None:
    target = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True] * 6, [True] * 3 + [False] * 3])
    wrong = target.clone()
    wrong[1, 3:] += 5.0
    assert float(motion_loss(wrong, target, mask, velocity_weight=1.0)) == 0.0
    wrong[0, 0] += 1.0
    assert float(motion_loss(wrong, target, mask, velocity_weight=1.0)) > 0.0


def test_settings_are_checked(tmp_path) -> None:
    assert load_config(None, ["batch=7"], role="motion").batch == 7
    for words in (["bach=7"], ["batch=many"], ["batch"], ["role=voice"]):
        with pytest.raises(ConfigError):
            load_config(None, words, role="motion")
    path = tmp_path / "c.yaml"
    path.write_text("- 1\n")
    with pytest.raises(ConfigError, match="mapping"):
        load_config(path, [], role="motion")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "absent.yaml", [], role="motion")


def test_shipped_configurations_are_valid() -> None:
    from pathlib import Path

    configs = Path(__file__).resolve().parents[2] / "configs"
    for role in ("motion", "emotion"):
        assert load_config(configs / f"{role}.yaml", [], role=role).role == role
