"""MotionDM and EmotionDM as classes: files, windows, seeds, lengths. The networks here are untrained."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.errors import AssetError, ConfigError
from flame.timing import frame_count
from text2motion.features import EMOTION_FEATURES, MOTION_FEATURES
from text2motion.generation import generate, with_lid_follow
from text2motion.models import EmotionDM, MotionDM
from text2motion.planning import MOTION_ROLE, Clause, plan
from text2motion.weight_files import save_weights
from text2motion.windows import plan_windows

_PROMPT = "turns left and smiles"


@pytest.mark.filterwarnings("ignore:the prompt's actions need")
@pytest.mark.parametrize(
    ("seconds", "fps"), [(0.04, 25.0), (1.0, 25.0), (1.3, 30.0), (2.0, 12.5), (9.0, 25.0)]
)
def test_lengths_at_any_rate(tiny_models, seconds: float, fps: float) -> None:
    sequence = generate(_PROMPT, seconds=seconds, fps=fps, models=tiny_models, steps=2)
    assert sequence.frames == frame_count(seconds, fps=fps)
    assert sequence.fps == fps
    assert sequence.basis == "open"


def test_a_clip_starts_at_rest(tiny_models) -> None:
    sequence = generate(_PROMPT, seconds=1.0, models=tiny_models, steps=2)
    for name in ("neck", "rotation", "eyes", "translation", "jaw", "eyelids", "expression"):
        assert np.abs(getattr(sequence, name)[0]).max() < 2e-3, name


def test_seeds(tiny_models) -> None:
    first, again, other = (
        generate(_PROMPT, seconds=1.0, seed=seed, models=tiny_models, steps=3) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.neck, again.neck)
    np.testing.assert_array_equal(first.expression, again.expression)
    assert np.abs(first.neck - other.neck).max() > 1e-4


def test_guidance_and_text_matter(tiny_models) -> None:
    plain = generate(_PROMPT, seconds=1.0, models=tiny_models, steps=2)
    strong = generate(_PROMPT, seconds=1.0, models=tiny_models, steps=2, guidance=3.0)
    other = generate("looks up", seconds=1.0, models=tiny_models, steps=2)
    assert np.abs(plain.neck - strong.neck).max() > 1e-5
    assert np.abs(plain.neck - other.neck).max() > 1e-5


@pytest.mark.parametrize(
    "options",
    [
        {"seconds": 0.0},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"seconds": 1e6},
        {"fps": 0.0},
        {"seed": -1},
        {"seed": 1.5},
        {"guidance": float("inf")},
        {"guidance": -1.0},
        {"intensity": 3.0},
        {"steps": 0},
    ],
)
def test_numbers_out_of_range(tiny_models, options: dict) -> None:
    with pytest.raises(ConfigError):
        generate(_PROMPT, **{"seconds": 1.0, "models": tiny_models, **options})


def test_unknown_words_warn(tiny_models) -> None:
    with pytest.warns(UserWarning, match="no known facial action"):
        generate("quux frobnicates", seconds=0.5, models=tiny_models, steps=1)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3000), st.sampled_from([1, 2, 3, 5]))
def test_windows_cover_everything_once(frames: int, patch: int) -> None:
    frames = max(frames // patch, 1) * patch
    windows = plan_windows(frames, patch=patch, window=60, overlap=20)
    covered = [frame for item in windows for frame in range(item.fresh, item.stop)]
    assert covered == list(range(frames))
    for before, item in itertools.pairwise(windows):
        assert item.start % patch == item.stop % patch == 0
        assert item.stop - item.start <= 60
        assert before.stop - item.start >= 20, "they overlap"
        assert before.start < item.start


def test_lids_ride_with_the_gaze() -> None:
    from flame.rig import EXPRESSION_NAMES

    eyes = np.zeros((2, 6), np.float32)
    eyes[1, [0, 3]] = -0.2  # up
    eyes[1, [1, 4]] = 0.3  # to their own left
    followed = with_lid_follow(np.zeros((2, len(EXPRESSION_NAMES)), np.float32), eyes)
    named = dict(zip(EXPRESSION_NAMES, followed[1], strict=True))
    assert named["eyeLookUpLeft"] > 0.3
    assert named["eyeLookOutLeft"] > 0.5
    assert named["eyeLookInRight"] > 0.5
    assert named["eyeLookDownLeft"] == named["eyeLookInLeft"] == 0.0
    assert not followed[0].any()


def test_unknown_words_are_heard_by_networks_of_free_captions_alone(tiny_models) -> None:
    motion = tiny_models[0]
    planned = plan([Clause("xyzzy", MOTION_ROLE)], seconds=2.0)
    heard = {}
    for free in (False, True):
        network = copy.deepcopy(motion._network)
        network.config = replace(network.config, free_words=free)
        model = MotionDM(network, motion._normaliser, motion._encoder)
        heard[free] = model.features(planned, seconds=2.0, steps=2)
    idle = motion.features([], seconds=2.0, steps=2)
    np.testing.assert_array_equal(heard[False], idle)
    assert np.abs(heard[True] - idle).max() > 1e-4


def test_files_load_strictly(tiny_models, tmp_path, word_encoder) -> None:
    motion = tiny_models[0]
    path = tmp_path / "motion.safetensors"
    network, normaliser = motion._network, motion._normaliser
    save_weights(
        path, network.state_dict(), role="motion", config=network.config, normaliser=normaliser, steps=1
    )
    loaded = MotionDM.load(path, encoder=word_encoder)
    assert loaded._network.config == network.config
    with pytest.raises(AssetError, match="not emotion weights"):
        EmotionDM.load(path)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(AssetError, match="cannot be read"):
        MotionDM.load(broken)
    with pytest.raises(AssetError):
        MotionDM.load(tmp_path / "absent.safetensors")


def test_altered_package_weights_are_refused(tiny_models, tmp_path, monkeypatch) -> None:
    from text2motion import models

    network = tiny_models[0]._network
    path = tmp_path / "motion.safetensors"
    save_weights(
        path,
        network.state_dict(),
        role="motion",
        config=network.config,
        normaliser=tiny_models[0]._normaliser,
        steps=1,
    )
    monkeypatch.setattr(models, "WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(AssetError, match="missing"):
        MotionDM.load()
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  motion.safetensors\n")
    with pytest.raises(AssetError, match="altered"):
        MotionDM.load()


def test_columns_are_named() -> None:
    assert len(set(MOTION_FEATURES)) == len(MOTION_FEATURES) == 21
    assert len(set(EMOTION_FEATURES)) == len(EMOTION_FEATURES)
