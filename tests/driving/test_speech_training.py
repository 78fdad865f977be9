"""Training of the speech network on a handful of invented clips: it learns, stops, goes on, and exports."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from driving.speech import SpeechDriver, SpeechRequest, SpeechStyle
from driving.speech.features import MelFeatures
from driving.speech.phones import INDEX, PhoneSpan
from driving.speech.shards import Clip, write_index, write_shard
from driving.speech.speaking import Manner
from driving.speech.training import data
from driving.speech.training.config import SpeechTrainingConfig, load_config
from driving.speech.training.trainer import SpeechTrainer
from driving.speech.weight_files import load_weights
from flame.errors import AssetError, ConfigError
from flame.sequence import FlameSequence
from tests.driving.speech_fixtures import babble


def _clip(index: int) -> Clip:
    """1.6 s whose jaw follows the loudness."""
    samples, frames = babble(1.6, seed=index), 80
    swell = np.abs(samples).reshape(frames, -1).mean(axis=1) * 8
    motion = {name: np.asarray(value) for name, value in FlameSequence.neutral(frames).arrays().items()}
    motion["jaw"] = np.stack([0.2 * swell, 0 * swell, 0 * swell], axis=1)
    closed = (swell < 0.1).astype(np.float32)
    return Clip(
        audio=samples,
        audio_clean=samples,
        fps=50.0,
        motion=motion,
        bilabial=closed,
        contact=np.zeros(frames, np.float32),
        closure=closed,
        speech=np.ones(frames, np.float32),
        phones=[PhoneSpan("m", 0.0, 0.8), PhoneSpan("a", 0.8, 1.4)],
        style=Manner(mouth=1.1, head=0.9, mood="cheerful", mood_strength=0.8),
        language="none",
        voice="buzz",
        heldout=index == 0,
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> data.SpeechCorpus:
    home = tmp_path_factory.mktemp("features")
    data.write_arrays(home, [_clip(index) for index in range(4)], MelFeatures())
    return data.read_arrays(home)


def _trainer(corpus, out: Path, **changes) -> SpeechTrainer:
    settings = {
        "width": 16, "layers": 1, "heads": 2, "segment": 60, "batch": 2, "windows": 2, "steps": 8, "device": "cpu",
        "checkpoint_steps": 4, "validation_batches": 1, "warmup_steps": 2, "learning_rate": 4e-3, "ema": 0.5,
    }  # fmt: skip
    config = SpeechTrainingConfig(**{**settings, **changes})
    return SpeechTrainer(config, corpus=corpus, extractor=MelFeatures(), out=out)


def test_clips_become_arrays(corpus) -> None:
    assert corpus.frames == 320
    assert corpus.clean.shape == (640, MelFeatures.dims)
    assert corpus.heldout.tolist() == [True, False, False, False]
    assert set(np.unique(corpus.phones)) == {0, INDEX["m"], INDEX["a"]}
    assert (corpus.phones[:40] == INDEX["m"]).all() and (corpus.phones[70:80] == 0).all()
    style = SpeechStyle(mouth=1.1, head=0.9, mood="cheerful", mood_strength=0.8)
    np.testing.assert_allclose(corpus.styles[0], style.vector())


def test_training_learns_stops_goes_on_and_exports(corpus, tmp_path) -> None:
    first = _trainer(corpus, tmp_path)
    before = first.validate()
    first.run()
    again = _trainer(corpus, tmp_path, steps=30, checkpoint_steps=10)
    assert again.step == 8
    again.run()
    after = again.validate()
    assert after["draft"] < 0.8 * before["draft"]
    assert after["simple"] < before["simple"]
    with (tmp_path / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [4, 8, 10, 20, 30]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    driver = SpeechDriver(load_weights(tmp_path / "speech.safetensors"))
    assert driver.drive(SpeechRequest(samples=babble(0.5), sample_rate=16000)).frames == 13


def test_segments_before_a_clip_are_rest_and_silence(corpus) -> None:
    trainer_config = _tiny_config()
    source = data.SegmentSource(
        corpus, trainer_config, quiet=MelFeatures().quiet(), segment=40, heldout=False
    )
    drawn = [source._one(1, np.random.default_rng(seed), augmented=False) for seed in range(40)]
    at_start = [item for item in drawn if (item["contacts"][:32] == (1.0, 0.0, 0.0, 0.0)).all()]
    assert at_start
    rows = at_start[0]["rows"]
    assert rows.shape == (
        trainer_config.rows_before + 2 * (32 + 40) + trainer_config.rows_after,
        MelFeatures.dims,
    )
    np.testing.assert_array_equal(rows[:10], np.repeat(MelFeatures().quiet()[None], 10, axis=0))


def _tiny_config():
    from driving.speech.network import SpeechConfig

    return SpeechConfig(
        features="mel", feature_rate=100, feature_dims=MelFeatures.dims, columns=74, phones=4, style=12
    )


def test_altered_features_differ_and_strength_zero_changes_nothing(rng) -> None:
    rows = rng.normal(size=(3, 20, 84)).astype(np.float32)
    assert data.altered_rows(rows, rng, bands=40, strength=0.0) is rows
    changed = data.altered_rows(rows, rng, bands=40, strength=1.0)
    assert changed.shape == rows.shape and np.isfinite(changed).all()
    assert np.abs(changed - rows).mean() > 0.02


def test_settings_are_checked(tmp_path) -> None:
    path = tmp_path / "speech.yaml"
    path.write_text("width: 64\nsteps: 10\n", encoding="utf-8")
    assert load_config(path, ["batch=3"]).batch == 3
    assert load_config(path, []).width == 64
    for words in (["nonsense=1"], ["batch=many"], ["batch"], ["chunk=7"]):
        with pytest.raises(ConfigError):
            load_config(path, words)


def test_a_folder_without_shards_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no speech corpus"):
        data.cached_corpus(tmp_path, tmp_path / "cache", MelFeatures())


def test_a_corpus_is_computed_once_and_voices_can_be_left_out(tmp_path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    write_shard(folder / "shard_0000.npz", [_clip(0), dataclasses.replace(_clip(1), voice="other")])
    write_index(folder, seed=0, clips=2, shards=1)
    told: list[str] = []
    first = data.cached_corpus(folder, tmp_path / "cache", MelFeatures(), note=told.append)
    assert len(first.styles) == 2 and len(told) == 1
    again = data.cached_corpus(folder, tmp_path / "cache", MelFeatures(), note=told.append)
    assert len(told) == 1
    np.testing.assert_array_equal(again.clean, first.clean)
    less = data.cached_corpus(folder, tmp_path / "cache", MelFeatures(), leave_out=["other"])
    assert len(less.styles) == 1


def test_foreign_weights_are_refused(tmp_path) -> None:
    path = tmp_path / "speech.safetensors"
    path.write_bytes(b"not weights")
    with pytest.raises(AssetError, match="cannot be read"):
        load_weights(path)
    from text2motion.models import WEIGHTS_FOLDER

    with pytest.raises(AssetError, match="not speech weights"):
        load_weights(WEIGHTS_FOLDER / "motion.safetensors")
