"""Editing: what is kept is kept exactly, what is new joins without a step, and prompts are followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flame.errors import ConfigError, InputError, MotionFileError
from flame.sequence import CHANNELS, FlameSequence, concatenate
from text2motion.bridging import bridged, free_runs, settled
from text2motion.corpus.performance import controls_to_sequence
from text2motion.corpus.scenes import random_scene
from text2motion.editing import (
    Sampling,
    between,
    exaggerated,
    extend,
    from_keyframes,
    keep_face,
    keep_head,
    loop,
    mirrored,
    stretched,
    variations,
)
from text2motion.generation import generate

_NAMES = [name for name, _ in CHANNELS]


@pytest.fixture(scope="module")
def motion() -> FlameSequence:
    """Five seconds of the corpus with a head turned by 25° from 1.5 s on, at 25 frames per second."""
    scene = random_scene(np.random.default_rng(3), fps=25.0, most_frames=125)
    performed = controls_to_sequence(scene.controls, fps=25.0)
    performed = performed.at(np.minimum(np.arange(125), performed.frames - 1))
    turn = np.radians(25.0) / (1.0 + np.exp(-(np.arange(125) / 25.0 - 1.5) / 0.1))
    return performed.replace(neck=performed.neck * 0.2 + np.stack([0 * turn, turn, 0 * turn], axis=1))


@pytest.fixture
def tiny(tiny_models) -> Sampling:
    return Sampling(seed=1, steps=2, models=tiny_models)


def _assert_same(a: FlameSequence, b: FlameSequence, frames) -> None:
    for name in _NAMES:
        np.testing.assert_array_equal(getattr(a, name)[frames], getattr(b, name)[frames], err_msg=name)


def _bend(motion: FlameSequence, name: str = "neck") -> np.ndarray:
    """(T − 2,) size of the acceleration around each inner frame."""
    return np.linalg.norm(np.diff(getattr(motion, name).astype(np.float64), 2, axis=0), axis=1)


# ------------------------------------------------------------------------------------------- bridges


def test_runs() -> None:
    assert list(free_runs(np.array([0, 1, 1, 0, 0, 1, 0], bool))) == [(0, 1), (3, 5), (6, 7)]
    assert list(free_runs(np.ones(4, bool))) == []


def test_a_bridge_keeps_value_and_speed() -> None:
    known = np.ones(60, bool)
    known[20:40] = False
    line = np.linspace(0.0, 3.0, 60)[:, None]
    filled = bridged(np.where(known[:, None], line, 99.0), known, ramp_frames=10.0)
    np.testing.assert_allclose(filled[known], line[known], atol=1e-6)
    steps = np.diff(filled[:, 0])
    assert abs(steps[19] - steps[18]) < 0.3 * steps[18]
    assert np.abs(np.diff(steps)).max() < 0.6 * steps[0], "no kink"
    assert filled.max() < 3.2


def test_what_is_raised_at_one_border_returns() -> None:
    known = np.ones(100, bool)
    known[10:90] = False
    lids = np.zeros((100, 1))
    lids[:10] = 1.0
    filled = bridged(lids, known, ramp_frames=5.0, return_frames=6.0)
    assert filled[20:].max() < 1e-6
    assert 0.0 < filled[12, 0] < 1.0
    both = bridged(np.ones((100, 1)), known, ramp_frames=5.0, return_frames=6.0)
    np.testing.assert_allclose(both, 1.0, atol=1e-6)


def test_settling_removes_steps_and_nothing_else() -> None:
    known = np.ones(80, bool)
    known[30:60] = False
    given = np.zeros((80, 1))
    made = np.full((80, 1), 0.5)
    whole = settled(made, given, known, reach=8.0)
    assert np.abs(whole[known]).max() == 0.0
    np.testing.assert_allclose(whole[40:50], 0.5, atol=1e-6)
    assert np.abs(np.diff(whole[:, 0])).max() < 0.12
    assert settled(given, given, known, reach=8.0).any() is np.False_


# ------------------------------------------------------------------------------------- filling frames


@pytest.mark.parametrize("text", [None, "nods"])
@pytest.mark.parametrize("fps", [25.0, 30.0, 12.5])
def test_between_keeps_all_other_frames(motion, tiny, text, fps) -> None:
    given = motion.resample(fps)
    edited = between(given, [(1.0, 2.0), (3.0, 3.5)], text=text, sampling=tiny)
    assert edited.frames == given.frames
    time = np.arange(given.frames) / fps
    free = ((time >= 1.0) & (time < 2.0)) | ((time >= 3.0) & (time < 3.5))
    first, stop = round(1.0 * fps), round(2.0 * fps)
    kept = ~free
    kept[[first - 1, stop, stop - 1, round(3.0 * fps), round(3.5 * fps)]] = False  # rounding at odd rates
    _assert_same(edited, given, kept)
    assert np.abs(edited.neck - given.neck)[free].max() > 1e-3


def test_ends_can_be_free(motion, tiny) -> None:
    edited = between(motion, [(0.0, 1.0), (4.0, 5.0)], sampling=tiny)
    _assert_same(edited, motion, np.arange(25, 100))
    assert edited.frames == motion.frames


def test_seeds_differ_between_and_nowhere_else(motion, tiny, tiny_models) -> None:
    one = between(motion, [(1.0, 2.5)], sampling=tiny)
    same = between(motion, [(1.0, 2.5)], sampling=tiny)
    other = between(motion, [(1.0, 2.5)], sampling=Sampling(seed=2, steps=2, models=tiny_models))
    _assert_same(one, same, slice(None))
    assert np.abs(one.neck - other.neck)[25:62].max() > 1e-5


@pytest.mark.parametrize(
    ("free", "message"),
    [
        ([(2.0, 1.0)], "must end after"),
        ([(-1.0, 1.0)], "must end after"),
        ([(float("nan"), 1.0)], "must end after"),
        ([(9.0, 10.0)], "inside the motion"),
        ([(0.0, 99.0)], "no frame is left"),
    ],
)
def test_bad_spans(motion, tiny, free, message) -> None:
    with pytest.raises(ConfigError, match=message):
        between(motion, free, sampling=tiny)


def test_only_the_embedded_head(motion, tiny) -> None:
    foreign = FlameSequence.neutral(20, basis="flame2020", expression_dims=50)
    for edit in (lambda: between(foreign, [(0.2, 0.4)], sampling=tiny), lambda: loop(foreign, sampling=tiny)):
        with pytest.raises(MotionFileError, match="retarget"):
            edit()


def test_keyframes_are_met_exactly(motion, tiny) -> None:
    poses = concatenate([motion[10], motion[60], motion[110]])
    made = from_keyframes(poses, [0.0, 1.3, 2.6], seconds=3.0, fps=30.0, sampling=tiny)
    assert (made.frames, made.fps) == (90, 30.0)
    for frame, pose in zip((0, 39, 78), range(3), strict=True):
        for name in _NAMES:
            np.testing.assert_array_equal(getattr(made, name)[frame], getattr(poses, name)[pose])
    for times in ([0.0, 1.0], [0.0, 2.0, 1.0], [0.0, 1.0, 1.01], [0.0, 1.0, 3.5]):
        with pytest.raises(ConfigError):
            from_keyframes(poses, times, seconds=3.0, fps=30.0, sampling=tiny)


def test_extending(motion, tiny) -> None:
    longer = extend(motion, seconds=2.0, text="nods", sampling=tiny)
    assert longer.frames == 175
    _assert_same(longer, motion.at(np.minimum(np.arange(175), 124)), np.arange(125))


def test_a_loop_leads_into_its_start(motion, tiny) -> None:
    looped = loop(motion, seconds=1.0, sampling=tiny)
    assert looped.frames == motion.frames
    _assert_same(looped, motion, np.arange(100))
    twice = concatenate([looped, looped])
    for name in ("neck", "expression", "eyes"):
        values = getattr(twice, name)
        jump = np.abs(values[125] - values[124]).max()
        assert jump <= 1.6 * np.abs(np.diff(values[95:124], axis=0)).max() + 1e-3, name
    with pytest.raises(ConfigError, match="half"):
        loop(motion, seconds=4.0, sampling=tiny)


# ------------------------------------------------------------------------------- head and face, and the whole


def test_parts_are_kept(motion, tiny) -> None:
    face = keep_head(motion, "smiles", sampling=tiny)
    for name in ("neck", "rotation", "translation", "eyes"):
        np.testing.assert_array_equal(getattr(face, name), getattr(motion, name))
    assert np.abs(face.expression - motion.expression).max() > 0.01
    eyes = keep_head(motion, "looks left", gaze="new", sampling=tiny)
    np.testing.assert_array_equal(eyes.neck, motion.neck)
    assert np.abs(eyes.eyes - motion.eyes).max() > 1e-4
    head = keep_face(motion, "nods", sampling=tiny)
    for name in ("jaw", "eyelids"):
        np.testing.assert_array_equal(getattr(head, name), getattr(motion, name))
    assert np.abs(head.neck - motion.neck).max() > 0.01
    with pytest.raises(ConfigError, match="gaze"):
        keep_head(motion, "smiles", gaze="none", sampling=tiny)


def test_variations_are_the_takes_of_the_seeds(tiny, tiny_models) -> None:
    bad: Any
    takes = variations("smiles", 3, seconds=1.0, sampling=tiny)
    assert len(takes) == 3
    alone = generate("smiles", seconds=1.0, seed=2, steps=2, models=tiny_models)
    np.testing.assert_array_equal(takes[1].neck, alone.neck)
    for bad in (0, 1.5, True, 1000):
        with pytest.raises(ConfigError):
            variations("nods", bad, seconds=1.0, sampling=tiny)


def test_mirrored_twice_is_the_same(motion) -> None:
    once = mirrored(motion)
    np.testing.assert_allclose(once.neck[:, 1], -motion.neck[:, 1], atol=1e-6)
    assert mirrored(once).allclose(motion, atol=1e-5)


def test_exaggeration(motion) -> None:
    large = exaggerated(motion, 1.5)
    np.testing.assert_allclose(large.neck[-1], 1.5 * motion.neck[-1], atol=1e-5)
    np.testing.assert_array_equal(large.eyelids, motion.eyelids)
    extreme = exaggerated(motion, 3.0)
    assert np.linalg.norm(extreme.neck, axis=1).max() < np.radians(85.0)
    assert np.degrees(np.linalg.norm(extreme.eyes.reshape(-1, 2, 3), axis=2)).max() < 35.0
    assert (extreme.jaw[:, 0] >= 0).all()
    assert extreme.expression.min() >= 0.0
    assert extreme.expression.max() <= 1.0
    still = exaggerated(motion, 0.0, about=motion[60])
    np.testing.assert_allclose(still.neck, np.tile(motion.neck[60], (125, 1)), atol=1e-6)
    with pytest.raises(InputError):
        exaggerated(motion, float("nan"))


def test_stretching(motion) -> None:
    slow = stretched(motion, 2.0)
    assert slow.frames == 250
    np.testing.assert_allclose(slow.neck[::2], motion.neck, atol=1e-5)
    assert _bend(slow).max() < 0.6 * _bend(motion).max(), "no kinks at the old frames"
    assert stretched(motion, 0.5).frames == 63
    with pytest.raises(ConfigError):
        stretched(motion, 0.0)


# --------------------------------------------------------------------------- with the package's own models


def test_shipped_models_fill_calmly_and_without_a_step(motion) -> None:
    edited = between(motion, [(2.0, 4.0)])
    yaw = np.degrees(edited.neck[:, 1])
    assert np.abs(yaw[50:100] - yaw[[49, 100]].mean()).max() < 6.0, "a turned head stays turned"
    for name, slack in (("neck", 0.004), ("expression", 0.06)):
        bend = _bend(edited, name)
        usual = max(_bend(motion, name).max(), slack)
        assert max(bend[46:52].max(), bend[96:102].max()) <= usual, name
    assert np.abs(np.diff(edited.neck[55:95], axis=0)).max() > 1e-5, "alive"


def test_shipped_models_follow_the_text_in_between(motion) -> None:
    edited = between(motion, [(1.8, 4.6)], text="looks up and smiles")
    pitch, yaw = -np.degrees(edited.neck[:, 0]), np.degrees(edited.neck[:, 1])
    assert pitch[60:105].max() > 5.0
    assert yaw[60:105].min() > 15.0, "what the text does not mention stays"
    from flame.rig import EXPRESSION_NAMES

    smile = edited.expression[:, EXPRESSION_NAMES.index("mouthSmileLeft")]
    assert smile[60:105].max() > 0.25


def test_shipped_models_go_on_from_where_it_ended(motion) -> None:
    longer = extend(motion, seconds=2.5, text="turns right")
    yaw = np.degrees(longer.neck[:, 1])
    assert yaw[124] > 20.0
    assert yaw[165:].mean() < -8.0
    assert _bend(longer)[120:128].max() <= _bend(longer)[130:].max()
