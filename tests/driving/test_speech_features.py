"""What the network hears: resampling, mel features, features of a transformers model, columns of motion."""

from __future__ import annotations

import numpy as np
import pytest

from driving.speech import SpeechDriver, SpeechRequest
from driving.speech.features import MelFeatures, whole_recording
from driving.speech.layout import COLUMNS, from_columns, rest_columns, to_columns
from driving.speech.resampling import SAMPLE_RATE, StreamResampler, resample
from flame.errors import AssetError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence, concatenate
from tests.driving.speech_fixtures import babble, tiny_model


@pytest.mark.parametrize("sample_rate", [8000, 11025, 24000, 44100, 48000])
def test_resampling_keeps_a_tone_and_does_not_mind_blocks(sample_rate: int, rng) -> None:
    t = np.arange(sample_rate) / sample_rate
    tone = np.sin(2 * np.pi * 440 * t).astype(np.float32)
    whole = resample(tone, sample_rate)
    assert len(whole) == SAMPLE_RATE
    expected = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert np.abs(whole - expected)[300:-300].max() < 1e-3
    stream, parts, place = StreamResampler(sample_rate), [], 0
    while place < len(tone):
        size = int(rng.integers(0, 3000))
        parts.append(stream.push(tone[place : place + size]))
        place += size
    np.testing.assert_array_equal(np.concatenate([*parts, stream.finish()]), whole)


def test_resampling_removes_what_16_khz_cannot_hold() -> None:
    t = np.arange(48000) / 48000
    assert np.abs(resample(np.sin(2 * np.pi * 11000 * t).astype(np.float32), 48000))[300:-300].max() < 1e-3


def test_features_are_the_same_in_pieces(rng) -> None:
    extractor, samples = MelFeatures(), babble(2.0)
    whole = whole_recording(extractor, samples, rows=190)
    padded = np.concatenate([np.zeros(extractor.before, np.float32), samples])
    state, parts, row = extractor.start(), [], 0
    for count in (48, 24, 24, 60, 34):
        stop = 160 * (row + count - 1) + extractor.before + extractor.after
        parts.append(extractor.rows(padded[160 * row : stop], state))
        row += count
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
    assert whole.shape == (190, extractor.dims)
    assert np.abs(whole).max() < 6.0


def test_features_hardly_mind_the_level() -> None:
    loud = whole_recording(MelFeatures(), babble(1.0), rows=90)
    soft = whole_recording(MelFeatures(), 0.1 * babble(1.0), rows=90)
    assert np.abs(loud - soft).mean() < 0.05


def test_a_voice_has_its_pitch() -> None:
    rows = whole_recording(MelFeatures(), babble(1.0), rows=95)
    voiced = rows[:, 80] > 0.6
    assert voiced.mean() > 0.3
    assert abs(np.median(rows[voiced, 81]) - np.log2(120 / 160)) < 0.1


def test_columns_hold_a_motion(rng) -> None:
    frames = 6
    expression = rng.uniform(0, 1, (frames, 53)).astype(np.float32)
    expression[:, [i for i, name in enumerate(EXPRESSION_NAMES) if name.startswith("eyeLook")]] = 0.0
    eye = rng.normal(0, 0.1, (frames, 3))
    motion = FlameSequence.neutral(frames).replace(
        expression=expression,
        neck=rng.normal(0, 0.1, (frames, 3)),
        jaw=np.stack([rng.uniform(0, 0.3, frames), np.zeros(frames), np.zeros(frames)], axis=1),
        eyes=np.concatenate([eye, eye], axis=1),
        eyelids=rng.uniform(0, 1, (frames, 2)),
        translation=rng.normal(0, 0.01, (frames, 3)),
    )
    columns = to_columns(motion.arrays())
    assert columns.shape == (frames, len(COLUMNS))
    for name, value in from_columns(columns).items():
        np.testing.assert_allclose(value, getattr(motion, name), atol=2e-5, err_msg=name)
    rest = FlameSequence.neutral(1).arrays()
    np.testing.assert_allclose(to_columns(rest)[0], rest_columns(), atol=1e-7)


@pytest.fixture(scope="module")
def tiny_ear(tmp_path_factory):
    """A wav2vec2 model with random weights, saved as transformers does."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    folder = tmp_path_factory.mktemp("ear")
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, conv_dim=(8,) * 7,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, feat_extract_norm="layer", vocab_size=8,
    )  # fmt: skip
    Wav2Vec2Model(config).save_pretrained(folder)
    return folder


def test_a_transformers_model_can_be_the_ear(tiny_ear) -> None:
    from driving.speech.transformer_features import TransformerFeatures

    ear = TransformerFeatures(tiny_ear)
    assert whole_recording(ear, babble(1.0), rows=50).shape == (50, 16)
    driver = SpeechDriver(tiny_model(features=ear.name, rate=50, dims=16), extractor=ear)
    samples = babble(1.2)
    whole = driver.drive(SpeechRequest(samples=samples, sample_rate=16000))
    blocks = [samples[start : start + 3001] for start in range(0, len(samples), 3001)]
    parts = concatenate(list(driver.stream(blocks, sample_rate=16000)))
    np.testing.assert_array_equal(parts.jaw, whole.jaw)
    silent = driver.drive(SpeechRequest(samples=0 * samples, sample_rate=16000))
    assert np.abs(silent.jaw - whole.jaw).max() > 1e-5


def test_a_folder_without_a_model_is_refused(tmp_path) -> None:
    from driving.speech.transformer_features import TransformerFeatures

    with pytest.raises(AssetError, match="no transformers model"):
        TransformerFeatures(tmp_path)
