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
from text2motion.finishing import finish_stream, limited
from text2motion.generation import generate, with_lid_follow
from text2motion.liveliness import with_blinks
from text2motion.models import EmotionDM, MotionDM
from text2motion.planning import MOTION_ROLE, Clause, plan
from text2motion.prompt import split_prompt
from text2motion.prompting import Given, Prompt
from text2motion.weight_files import save_weights
from text2motion.windows import frame_noise, plan_windows, spreading

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


# ------------------------------------------------------------------------------ blinks nobody asks for


def _blinks(prompt: str, *, seconds: float, seed: int = 0) -> list[float]:
    planned = plan(list(split_prompt(prompt).clauses), seconds=seconds)
    lively = with_blinks(planned, seconds=seconds, seed=seed)
    assert lively[: len(planned)] == planned
    return [item.start for item in lively[len(planned) :]]


def test_blinks_come_as_often_as_peoples() -> None:
    starts = [_blinks("smiles", seconds=60.0, seed=seed) for seed in range(20)]
    assert 13.0 < np.mean([len(found) for found in starts]) < 23.0
    assert min(np.diff(found).min() for found in starts) >= 0.5
    assert starts[0] != starts[1]


def test_a_longer_clip_blinks_alike_at_its_beginning() -> None:
    short, long = _blinks("smiles", seconds=30.0, seed=4), _blinks("smiles", seconds=60.0, seed=4)
    assert long[: len(short)] == short


def test_nobody_blinks_beside_blinks_asked_for() -> None:
    assert _blinks("blinks twice", seconds=10.0) == []
    assert _blinks("nods", seconds=10.0)


def test_intensity_leaves_unasked_blinks_alone(tiny_models) -> None:
    from text2motion.generation import stream_plan

    none = list(stream_plan([], seconds=6.0, seed=1, steps=2, models=tiny_models))
    planned = plan(list(split_prompt("smiles").clauses), seconds=6.0)
    silent = list(stream_plan(planned, seconds=6.0, seed=1, steps=2, intensity=0.0, models=tiny_models))
    for a, b in zip(none, silent, strict=True):
        np.testing.assert_allclose(a.eyelids, b.eyelids, atol=1e-4)


# ------------------------------------------------------------------------------------- windows and noise


def test_noise_of_a_frame_is_the_same_in_any_window() -> None:
    octaves = ((0.0, 0.25), (1.5, 0.3), (5.0, 0.25), (16.0, 0.2))
    whole = frame_noise(0, 400, columns=6, seed=3, octaves=octaves)
    np.testing.assert_allclose(
        frame_noise(130, 290, columns=6, seed=3, octaves=octaves), whole[130:290], atol=1e-6
    )
    assert np.abs(whole - frame_noise(0, 400, columns=6, seed=4, octaves=octaves)).max() > 1.0
    many = frame_noise(0, 4000, columns=20, seed=5, octaves=octaves)
    assert many.std() == pytest.approx(1.0, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=60), st.floats(1.0, 30.0))
def test_corrections_spread_smoothly(known: list[bool], reach: float) -> None:
    mask = np.array(known)
    matrix = spreading(mask, reach=reach)
    off = np.where(mask, np.sin(np.arange(len(mask)) / 5.0), 0.0)
    spread = matrix @ off
    np.testing.assert_allclose(spread[mask], off[mask], atol=1e-6)
    assert not matrix[:, ~mask].any(), "unknown frames have nothing to say"
    assert np.abs(spread).max() <= 3.0


def test_what_is_given_comes_out_exactly(tiny_models) -> None:
    model = tiny_models[0]
    given = np.tile(model._rest(), (60, 1))
    given[:, 18] = np.linspace(0.0, 2.0, 60)  # centimetres
    frames = np.zeros(60, bool)
    frames[[0, 20, 21, 22, 59]] = True
    chunks = model._sampled(
        Prompt((), ()), seconds=2.3, seed=1, steps=3, given=Given(given.astype(np.float32), frames)
    )
    drawn = np.concatenate(list(chunks))[:60]
    np.testing.assert_allclose(drawn[frames], given[frames], atol=1e-4)
    assert np.abs(drawn - given)[~frames].max() > 1e-3


# ------------------------------------------------------------------------------------------- finishing


@pytest.mark.parametrize("cuts", [[40], [3, 1, 36], [20, 20], [39, 1]])
def test_finishing_does_not_see_how_a_stream_is_cut(cuts: list[int]) -> None:
    names = ("neck_xx", "eyelid_left", "browInnerUp")
    frames = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    parts = np.split(frames, np.cumsum(cuts)[:-1])
    for fps in (25.0, 30.0, 12.5):
        options = {"own_fps": 25.0, "fps": fps, "seconds": 1.4}
        cut = np.concatenate(list(finish_stream(iter(parts), names, **options)))
        whole = np.concatenate(list(finish_stream(iter([frames]), names, **options)))
        assert len(cut) == frame_count(1.4, fps=fps)
        np.testing.assert_allclose(cut, whole, atol=1e-6)


def test_smoothing_keeps_nods_and_blinks_and_takes_tremble() -> None:
    time = np.arange(100) / 25.0
    wave = np.stack([np.sin(2 * np.pi * 3.0 * time), np.sin(2 * np.pi * 10.0 * time)], axis=1).astype(
        np.float32
    )
    options = {"own_fps": 25.0, "fps": 25.0, "seconds": 4.0}
    nod, tremble = (
        np.concatenate(list(finish_stream(iter([wave[:, [column]]]), ["neck_zx"], **options)))
        for column in (0, 1)
    )
    assert nod[20:80].max() > 0.99 * wave[20:80, 0].max()
    assert np.abs(tremble[20:80]).max() < 0.02
    blink = np.concatenate(list(finish_stream(iter([wave[:, [1]]]), ["eyelid_left"], **options)))
    np.testing.assert_array_equal(blink, wave[:, [1]])


def test_any_rate_shows_the_same_motion(tiny_models) -> None:
    base = generate(_PROMPT, seconds=2.0, fps=25.0, seed=2, steps=3, models=tiny_models)
    for fps in (50.0, 100.0):
        other = generate(_PROMPT, seconds=2.0, fps=fps, seed=2, steps=3, models=tiny_models)
        np.testing.assert_allclose(other.neck[:: int(fps / 25)], base.neck, atol=1e-5)
        np.testing.assert_allclose(other.eyelids[:: int(fps / 25)], base.eyelids, atol=1e-5)


def test_limits() -> None:
    rng = np.random.default_rng(0)
    wild = {
        "neck": rng.normal(0, 2, (50, 3)),
        "eyes": rng.normal(0, 1, (50, 6)),
        "jaw": rng.normal(0, 1, (50, 3)),
        "eyelids": rng.normal(0.5, 1, (50, 2)),
        "expression": rng.normal(0.5, 1, (50, 5)),
    }
    tame = limited(wild)
    assert np.degrees(np.linalg.norm(tame["neck"], axis=1)).max() <= 85.0
    assert np.degrees(np.linalg.norm(tame["eyes"].reshape(-1, 2, 3), axis=2)).max() <= 35.0
    assert (tame["jaw"][:, 0] >= 0.0).all()
    for name in ("eyelids", "expression"):
        assert tame[name].min() >= 0.0
        assert tame[name].max() <= 1.0
    small = {"neck": np.full((3, 3), 0.2, np.float32), "eyes": np.full((3, 6), 0.1, np.float32)}
    for name, values in limited(small).items():
        np.testing.assert_allclose(values, small[name])
