"""Training: it learns, resumes, reads others' data, and checks its settings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from flame.errors import ConfigError, MVPortraitError
from flame.sequence import FlameSequence
from text2motion.corpus import scenes
from text2motion.training.bank import CaptionBank, build_bank, load_bank, save_bank
from text2motion.training.clips import BatchDrawer, load_clips, save_clips
from text2motion.training.config import load_config
from text2motion.training.curves import Curve
from text2motion.training.data import perform_scenes
from text2motion.training.folder import clauses_of, folder_data, read_list
from text2motion.training.losses import draw_levels, level_weights, motion_loss
from text2motion.training.sources import TrainingData
from text2motion.training.trainer import Trainer

_SMALL = [
    "width=16",
    "layers=1",
    "heads=2",
    "stream=8",
    "frames=40",
    "batch=4",
    "words_steps=3",
    "warmup_steps=2",
    "validate_steps=4",
    "device=cpu",
]


@pytest.fixture(scope="module")
def bank(word_encoder) -> CaptionBank:
    return build_bank(word_encoder.encode, plain=2, modified=1)


@pytest.fixture(scope="module")
def corpora(bank) -> dict[str, TrainingData]:
    return {
        role: TrainingData(
            bank,
            perform_scenes(bank, role=role, scenes=24, frames=40, seed=1),
            perform_scenes(bank, role=role, scenes=6, frames=40, seed=2),
        )
        for role in ("motion", "joint")
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four short nods with captions, the last one a validation clip."""
    root = tmp_path / "data"
    (root / "clips").mkdir(parents=True)
    lines = []
    for number in range(4):
        times = np.arange(50) / 30.0
        neck = np.zeros((50, 3))
        neck[:, 0] = 0.1 + 0.15 * np.sin(2 * np.pi * times) ** 2
        FlameSequence.neutral(50, fps=30.0).replace(neck=neck).save(root / "clips" / f"{number}.npz")
        entry = {"file": f"clips/{number}.npz", "captions": ["She nods twice.", "xyzzy plugh"]}
        lines.append(entry | ({"split": "validation"} if number == 3 else {}))
    (root / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return root


def test_the_bank_keeps_token_states(bank, word_encoder, tmp_path) -> None:
    save_bank(bank, tmp_path / "bank.npz")
    again = load_bank(tmp_path / "bank.npz")
    dense, lengths = again.dense()
    exact = word_encoder.encode([again.texts[5]])[0]
    assert lengths[5] == len(exact)
    np.testing.assert_allclose(dense[5, : len(exact)], exact, atol=0.02)
    assert set(np.concatenate(again.choices)) == set(range(len(again.texts)))
    assert again.sayings == bank.sayings
    assert len(again.sayings) == len(again.choices) == len(scenes.all_sayings())


def test_a_foreign_file_is_no_bank(tmp_path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ConfigError, match="caption bank"):
        load_bank(path)


def test_clips_are_a_function_of_their_seed_and_are_kept(bank, tmp_path) -> None:
    a, b = (perform_scenes(bank, role="motion", scenes=4, frames=40, seed=9) for _ in range(2))
    np.testing.assert_array_equal(a.features, b.features)
    assert a.features.shape == (a.offsets[-1], 21)
    there = a.said >= 0
    assert (a.spans[there][:, 1] > a.spans[there][:, 0]).all()
    assert (a.signature[there][:, 0] == 1.0).all()  # every action of the corpus is known
    assert not a.signature[~there].any()
    path = tmp_path / "clips.npz"
    save_clips(a, path, mark="one")
    kept = load_clips(path, mark="one")
    assert kept is not None
    np.testing.assert_array_equal(kept.spans, a.spans)
    assert load_clips(path, mark="another corpus") is None
    path.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match="training clips"):
        load_clips(path, mark="one")


def test_batches_hold_the_clips_they_were_drawn_from(corpora) -> None:
    data = corpora["motion"]
    drawer = BatchDrawer(data.training, list(data.bank.choices), patch=5, frames=20)
    drawn = drawer.take(np.arange(8), np.random.default_rng(0))
    assert drawn.features.shape[1] % 5 == 0
    assert drawn.frames.max() == 20
    for b in range(8):
        shift = round((drawn.start_seconds[b] - data.training.start_seconds[b]) * 25)
        begin = data.training.offsets[b] + shift
        expected = data.training.features[begin : begin + drawn.frames[b]]
        np.testing.assert_array_equal(drawn.features[b, : drawn.frames[b]], expected.astype(np.float32))
    said = data.training.said[:8, : drawn.caption.shape[1]]
    for b, k in zip(*np.nonzero(said >= 0), strict=True):
        assert drawn.caption[b, k] in data.bank.choices[said[b, k]]
    assert (drawn.caption[said < 0] == -1).all()


@pytest.mark.parametrize("role", ["motion", "joint"])
def test_it_learns_resumes_and_draws_its_curve(corpora, tmp_path, role: str) -> None:
    lines: list[str] = []
    config = load_config(None, [*_SMALL, "steps=8"], role=role)
    Trainer(config, data=corpora[role], out=tmp_path, note=lines.append).run()
    rows = Curve(tmp_path / f"{role}.curve.jsonl").rows()
    assert [row["step"] for row in rows] == [4, 8]
    assert {"training", "validation", "validation_at_1", "rate"} <= set(rows[0])
    assert (tmp_path / f"{role}.curve.png").read_bytes().startswith(b"\x89PNG")
    more = load_config(None, [*_SMALL, "steps=12"], role=role)
    again = Trainer(more, data=corpora[role], out=tmp_path, note=lines.append)
    assert again.step == 8
    again.run()
    assert again.step == 12
    assert any("resumed at step 8" in line for line in lines)
    assert [row["step"] for row in Curve(tmp_path / f"{role}.curve.jsonl").rows()] == [4, 8, 12]
    other = load_config(None, [*_SMALL, "steps=12", "width=32"], role=role)
    with pytest.raises(ConfigError, match="width=16"):
        Trainer(other, data=corpora[role], out=tmp_path)


def test_one_clip_is_learnt_by_heart(bank, tmp_path) -> None:
    one = perform_scenes(bank, role="motion", scenes=1, frames=40, seed=3)
    words = ["steps=120", "learning_rate=0.01", "ema=0.8", "validate_steps=20", "silent_share=0", "width=32"]
    config = load_config(None, [*_SMALL, *words], role="motion")
    Trainer(config, data=TrainingData(bank, one, one), out=tmp_path).run()
    rows = Curve(tmp_path / "motion.curve.jsonl").rows()
    assert rows[-1]["validation"] < 0.4 * rows[0]["validation"]


def test_weights_can_be_begun_from(corpora, tmp_path) -> None:
    config = load_config(None, [*_SMALL, "steps=2"], role="motion")
    first = Trainer(config, data=corpora["motion"], out=tmp_path / "a")
    first.run()
    path = tmp_path / "a" / "motion.safetensors"
    words = [*_SMALL, "steps=2", f"start_from={path}"]
    second = Trainer(load_config(None, words, role="motion"), data=corpora["motion"], out=tmp_path / "b")
    for name, value in second.network.denoiser.state_dict().items():
        torch.testing.assert_close(value, first.average[name].half().float())
    np.testing.assert_array_equal(second.normaliser.scale, first.normaliser.scale)
    wide = load_config(None, [*words, "stream=12"], role="motion")
    with pytest.raises(ConfigError, match="other sizes"):
        Trainer(wide, data=corpora["motion"], out=tmp_path / "c")


def test_a_folder_of_others_data_is_learnt_from(folder, word_encoder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("text2motion.training.folder.encoder_of", lambda config: word_encoder)
    config = load_config(None, [*_SMALL, "steps=3"], role="motion")
    data = folder_data(config, folder, note=lambda line: None)
    assert (len(data.training), len(data.validation)) == (6, 2)
    assert data.training.lengths.tolist() == [42] * 6  # 50 frames at 30 fps, at 25
    rest = [float(name) for name in (1, 0, 0, 0, 1, 0)]
    np.testing.assert_allclose(data.training.features[0, :6], rest, atol=1e-3)  # relative to the first frame
    known = data.training.signature[:, 0, 0]
    np.testing.assert_array_equal(known, [1, 0] * 3)  # the nod is known, the humming is words alone
    trainer = Trainer(config, data=data, out=tmp_path / "run")
    trainer.run()
    assert trainer.step == 3
    assert trainer.sizes.free_words  # what was trained on free captions hears unknown words


def test_unknown_captions_span_the_clip() -> None:
    for item in clauses_of("xyzzy plugh", seconds=3.0, role="motion"):
        assert item.clause.action is None
        assert (item.start, item.settle) == (0.0, 3.0)
    assert clauses_of("x" * 5000, seconds=3.0, role="emotion")[0].clause.text == "x" * 300


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{", "line 1 is not JSON"),
        ("[1]", "must have file and captions"),
        ('{"file": "a.npz"}', "must have file and captions"),
        ('{"file": "a.npz", "captions": ["x"], "tags": 1}', "must have file and captions"),
        ('{"file": "a.npz", "captions": ["x"]}', "no such motion file"),
        ('{"file": "../../etc/passwd", "captions": ["x"]}', "outside the folder"),
        ('{"file": 3, "captions": ["x"]}', "must be a name"),
        ('{"file": "clips/0.npz", "captions": []}', "captions must be texts"),
        ('{"file": "clips/0.npz", "captions": [""]}', "captions must be texts"),
        ('{"file": "clips/0.npz", "captions": ["x"], "split": "test"}', "train or validation"),
        ("", "is empty"),
    ],
)
def test_a_bad_list_is_one_clear_line(folder, line: str, rule: str) -> None:
    (folder / "captions.jsonl").write_text(line + "\n")
    with pytest.raises(ConfigError, match=rule) as caught:
        read_list(folder)
    assert "\n" not in str(caught.value)


def test_bad_folders_and_motions_are_refused(folder, word_encoder, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("text2motion.training.folder.encoder_of", lambda config: word_encoder)
    config = load_config(None, _SMALL, role="motion")
    with pytest.raises(ConfigError, match="no such folder"):
        read_list(tmp_path / "absent")
    with pytest.raises(ConfigError, match=r"has no captions\.jsonl"):
        read_list(folder / "clips")
    (folder / "clips" / "0.npz").write_bytes(b"junk")
    with pytest.raises(MVPortraitError, match=r"0\.npz"):
        folder_data(config, folder, note=lambda line: None)
    (folder / "captions.jsonl").write_text('{"file": "clips/1.npz", "captions": "nods"}\n')
    with pytest.raises(ConfigError, match="too little"):
        folder_data(config, folder, note=lambda line: None)
    FlameSequence.neutral(3).save(folder / "clips" / "1.npz")
    with pytest.raises(ConfigError, match="at least 10 frames"):
        folder_data(config, folder, note=lambda line: None)


def test_loss_ignores_padding_and_is_zero_for_the_truth() -> None:
    target = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True] * 6, [True] * 3 + [False] * 3])
    weights = {"velocity_weight": 1.0, "acceleration_weight": 1.0}
    wrong = target.clone()
    wrong[1, 3:] += 5.0
    assert float(motion_loss(wrong, target, mask, **weights)) == 0.0
    trembling = target + 0.1 * torch.tensor([1.0, -1.0] * 3)[None, :, None]
    shifted = target + 0.1
    assert float(motion_loss(trembling, target, mask, **weights)) > 5 * float(
        motion_loss(shifted, target, mask, **weights)
    )


def test_levels_lie_where_they_are_asked_for() -> None:
    generator = torch.Generator().manual_seed(0)
    levels = draw_levels(2000, generator, high_share=0.8)
    assert 0.0 <= float(levels.min()) and float(levels.max()) <= 1.0
    assert float((levels > 0.64).float().mean()) > 0.8
    weights = level_weights(torch.tensor([0.0, 0.5, 1.0]))
    assert weights[0] == 6.0
    assert float(weights[2]) == pytest.approx(1.0, abs=1e-4)


def test_settings_are_checked(tmp_path) -> None:
    assert load_config(None, ["batch=7"], role="motion").batch == 7
    for words in (
        ["bach=7"], ["batch=many"], ["batch"], ["role=voice"], ["role=emotion"], ["batch=0"], ["ema=1.5"],
        ["learning_rate=nan"], ["learning_rate=inf"], ["frames=101"], ["width=30"], ["encoder=clip"],
        ["precision=fp8"], ["steps=1e99999"],
    ):  # fmt: skip
        with pytest.raises(ConfigError):
            load_config(None, words, role="motion")
    path = tmp_path / "c.yaml"
    path.write_text("- 1\n")
    with pytest.raises(ConfigError, match="mapping"):
        load_config(path, [], role="motion")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "absent.yaml", [], role="motion")


def test_shipped_configurations_are_valid(tmp_path) -> None:
    configs = Path(__file__).resolve().parents[2] / "configs"
    for role in ("motion", "emotion", "joint"):
        assert load_config(configs / f"{role}.yaml", [], role=role).role == role
    clip = load_config(configs / "motion_clip.yaml", [f"encoder_folder={tmp_path}"], role="motion")
    assert clip.encoder == "clip"


def test_ablation_rows_are_what_the_trainer_takes(tmp_path) -> None:
    from benchmarks.text_ablation import ROWS, read_rows, table

    common, rows = read_rows(ROWS)
    assert {row.joint for row in rows} == {True, False}
    plain = [row for row in rows if not row.joint and not row.training]
    assert len({row.steps for row in plain}) == len(plain) > 2
    assert len({row.weights for row in plain}) == 1  # rows that only sample otherwise share their weights
    for row in rows:
        words = [f"{key}={value}" for key, value in {**common, **row.training}.items()]
        load_config(None, words, role="joint" if row.joint else "motion")
    scores = dict.fromkeys(("accuracy", "together", "ordered", "variety", "jitter", "cpu_seconds"), 1.5)
    text = table({"two models": {**scores, "ordered": float("nan"), "parameters": 12345.0}})
    assert "| two models | 1.5 | 1.5 | – |" in text
    assert "12,345" in text
    (tmp_path / "rows.yaml").write_text("rows: 3\n")
    with pytest.raises(ConfigError, match="rows cannot be read"):
        read_rows(tmp_path / "rows.yaml")
