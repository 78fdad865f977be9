"""The corpus: words mean their action, performances are sane, scenes come from their seed."""

from __future__ import annotations

import numpy as np
import pytest

from text2motion.corpus import curves
from text2motion.corpus.controls import CONTROL_INDEX, expand_targets
from text2motion.corpus.performance import controls_to_sequence, perform
from text2motion.corpus.performers import Event, swapped
from text2motion.corpus.phrases import caption, gerund, third_person
from text2motion.corpus.scenes import all_sayings, captions_of, random_scene
from text2motion.corpus.vocabulary import ACTION_BY_NAME, ACTIONS
from text2motion.language.recognition import actions_in

_TIMES = np.arange(100) / 25.0


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_caption_is_recognised_as_its_action(action) -> None:
    generator = np.random.default_rng(1)
    texts = [caption(action, generator) for _ in range(40)]
    wrong = [text for text in texts if action not in [found for _, found in actions_in(text)]]
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_can_be_performed(action) -> None:
    event = Event(action, 0.5, 0.5 + max(action.seconds, 0.4), 3.0, 1.0, 2)
    controls = perform([event], times=_TIMES, generator=np.random.default_rng(0), idle=0.0)
    assert np.isfinite(controls).all()
    weights = controls[:, CONTROL_INDEX["jaw"] :]
    assert weights.min() >= 0.0
    assert weights.max() <= 1.0
    sequence = controls_to_sequence(controls, fps=25.0)
    assert np.abs(sequence.neck[0]).max() < 1e-6
    assert np.abs(np.degrees(sequence.neck)).max() < 60.0


def test_left_is_the_subjects_left() -> None:
    for name, column in (("turn_left", 1), ("gaze_left", 1)):
        event = Event(ACTION_BY_NAME[name], 0.2, 1.0, 9.0)
        sequence = controls_to_sequence(
            perform([event], times=_TIMES, generator=np.random.default_rng(0)), fps=25.0
        )
        turned = sequence.neck if name == "turn_left" else sequence.eyes
        assert np.degrees(turned[-1, column]) > 10.0


def test_nods_are_counted_and_go_down() -> None:
    event = Event(ACTION_BY_NAME["nod"], 0.5, 2.3, 2.3, 1.0, 3)
    controls = perform([event], times=_TIMES, generator=np.random.default_rng(3), idle=0.0)
    pitch = controls[:, CONTROL_INDEX["pitch"]]
    lows = (pitch[1:-1] < pitch[:-2]) & (pitch[1:-1] <= pitch[2:]) & (pitch[1:-1] < -5.0)
    assert lows.sum() == 3


def test_idle_life_starts_at_rest_and_does_not_stop() -> None:
    controls = perform([], times=np.arange(250) / 25.0, generator=np.random.default_rng(5))
    yaw = controls[:, CONTROL_INDEX["yaw"]]
    assert abs(yaw[0]) < 1e-9
    assert 0.05 < yaw[100:].std() < 3.0
    assert controls[:, CONTROL_INDEX["lid_left"]].max() > 0.8  # somebody blinks within ten seconds


def test_scenes_are_a_function_of_their_seed() -> None:
    first, again, other = (
        random_scene(np.random.default_rng(s), fps=25.0, most_frames=80) for s in (4, 4, 5)
    )
    np.testing.assert_array_equal(first.controls, again.controls)
    assert first.sayings == again.sayings
    assert other.controls.shape != first.controls.shape or not np.array_equal(other.controls, first.controls)
    assert len(first.planned) == len(first.sayings)


def test_captions_differ_and_inflect() -> None:
    found = captions_of(("turn_left", -1, 0, 0), np.random.default_rng(0), most=8)
    assert len(set(found)) == len(found) >= 5
    assert third_person("brush") == "brushes"
    assert third_person("cry") == "cries"
    assert gerund("close") == "closing"
    assert gerund("nod") == "nodding"
    assert len(all_sayings()) > 500


def test_curves() -> None:
    ramp = curves.minimum_jerk(np.linspace(-1, 2, 50))
    assert ramp[0] == 0.0
    assert ramp[-1] == 1.0
    assert np.all(np.diff(ramp) >= 0)
    held = curves.hold(_TIMES, start=1.0, settle=1.5, release=3.0)
    assert held[0] == 0.0
    assert held[50] == pytest.approx(1.0)
    assert held[-1] < 0.01
    assert curves.blink(_TIMES, start=1.0, seconds=0.3).max() > 0.9


def test_mirror_and_unknown_controls() -> None:
    targets = expand_targets({"mouthSmile": 0.5, "yaw": 10.0, "browDownLeft": 0.3})
    assert swapped(swapped(targets)) == targets
    assert swapped(targets)["yaw"] == -10.0
    with pytest.raises(KeyError, match="mouthSmirk"):
        expand_targets({"mouthSmirk": 1.0})
