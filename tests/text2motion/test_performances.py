"""How the corpus moves: within the rig, to the side and as often as asked, legible, and alive like real heads."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import find_peaks

from flame.head import load_head
from flame.sequence import FlameSequence, concatenate
from flame.signals import measure
from text2motion.corpus.actions import EMOTION, HOLD
from text2motion.corpus.combination import FIRST_WEIGHT, POSE_LIMITS, combined, reconciled, soft_limit
from text2motion.corpus.controls import CONTROL_INDEX, CONTROLS
from text2motion.corpus.events import Event
from text2motion.corpus.performance import perform
from text2motion.corpus.performers import PERFORMERS
from text2motion.corpus.scenes import perform_plan
from text2motion.corpus.vocabulary import ACTION_BY_NAME, ACTIONS
from text2motion.corpus.vocabulary_mood import MOODS
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause, plan

_TIMES = np.arange(100) / 25.0


def _clause(name: str, **said) -> Clause:
    role = EMOTION_ROLE if ACTION_BY_NAME[name].domain == EMOTION else MOTION_ROLE
    return Clause("", role, said.pop("group", 0), name, **said)


def _performed(*clauses: Clause, seconds: float = 4.0, **options) -> FlameSequence:
    return perform_plan(plan(list(clauses), seconds=seconds), seconds=seconds, **options)


def _controls(*clauses: Clause, seconds: float = 4.0, seed: int = 0) -> np.ndarray:
    events = [
        Event(
            ACTION_BY_NAME[item.clause.action],
            item.start,
            item.settle,
            item.release,
            1.0,
            item.clause.resolved_count(),
            item.clause.speed,
        )
        for item in plan(list(clauses), seconds=seconds)
    ]
    times = np.arange(round(seconds * 25)) / 25.0
    return perform(events, times=times, generator=np.random.default_rng(seed), idle=0.0)


@pytest.fixture(scope="module")
def held() -> dict[str, dict[str, float]]:
    """Signals of every HOLD at ordinary size, 3 s after its start, without idle life."""
    head = load_head("open")
    names = [a.name for a in ACTIONS if a.kind == HOLD]
    frames = [_performed(_clause(name), idle=0.0, fps=10.0)[36] for name in names]
    signals = measure(concatenate(frames), head)
    return {name: {key: float(row[k]) for key, row in signals.items()} for k, name in enumerate(names)}


def test_everything_stays_within_the_rig_and_starts_at_rest() -> None:
    for action in ACTIONS:
        event = Event(action, 0.2, 0.2 + max(action.seconds, 0.3), 3.0, 1.75, 2, 1)
        controls = perform([event], times=_TIMES, generator=np.random.default_rng(0), idle=0.0)
        assert np.isfinite(controls).all(), action.name
        assert np.abs(controls[0]).max() < 0.05, action.name
        assert 0.0 <= controls[:, FIRST_WEIGHT:].min(), action.name
        assert controls[:, FIRST_WEIGHT:].max() <= 1.0, action.name
        for name, limit in POSE_LIMITS.items():
            assert np.abs(controls[:, CONTROL_INDEX[name]]).max() <= limit, (action.name, name)


def test_every_action_does_something_but_those_that_only_let_go() -> None:
    let_go = {action.name for action in ACTIONS if not action.targets}
    assert let_go == {"open_eyes", "relax_brows", "relax_mouth", "face_forward", "neutral"}
    for action in ACTIONS:
        event = Event(action, 0.2, 0.2 + max(action.seconds, 0.4), 9.0)
        moved = perform([event], times=_TIMES, generator=np.random.default_rng(0), idle=0.0)
        assert (np.abs(moved).max() > 0.05) == (action.name not in let_go), action.name
        assert action.performer in PERFORMERS


@pytest.mark.parametrize(
    ("mood", "shown"),
    [
        ("happy", {"smile": (0.5, 1.1), "frown": (0.0, 0.1)}),
        ("sad", {"frown": (0.4, 1.1), "smile": (0.0, 0.1), "head_pitch_deg": (-15, -3)}),
        ("angry", {"brow_lower": (0.6, 1.1), "smile": (0.0, 0.1)}),
        ("surprised", {"brow_raise": (0.6, 1.1), "mouth_open": (0.15, 0.6), "eye_open_left": (1.1, 1.5)}),
        ("afraid", {"brow_raise": (0.3, 1.0), "eye_open_right": (1.1, 1.5), "smile": (0.0, 0.15)}),
        ("disgusted", {"brow_lower": (0.3, 1.0), "frown": (0.2, 1.0), "smile": (0.0, 0.1)}),
        ("contemptuous", {"smile": (0.2, 0.7), "head_pitch_deg": (3, 10)}),
        ("excited", {"smile": (0.6, 1.1), "brow_raise": (0.4, 1.1)}),
        ("bored", {"eye_open_left": (0.2, 0.75), "smile": (0.0, 0.1)}),
        ("sleepy", {"eye_open_left": (0.0, 0.6), "head_pitch_deg": (-15, -4)}),
        ("confused", {"brow_lower": (0.3, 1.0), "head_roll_deg": (4, 12)}),
        ("proud", {"smile": (0.3, 0.8), "head_pitch_deg": (5, 12)}),
        ("shy", {"smile": (0.2, 0.7), "head_pitch_deg": (-12, -4), "gaze_pitch_deg": (-16, -5)}),
        ("thoughtful", {"gaze_pitch_deg": (5, 16), "gaze_yaw_deg": (6, 18)}),
        ("in_pain", {"eye_open_left": (0.0, 0.5), "brow_lower": (0.2, 1.0), "smile": (0.0, 0.25)}),
        ("nervous", {"eye_open_left": (1.0, 1.3), "smile": (0.0, 0.25)}),
        ("embarrassed", {"head_pitch_deg": (-14, -5), "gaze_pitch_deg": (-20, -6)}),
        ("neutral", {"smile": (0.0, 0.05), "frown": (0.0, 0.05), "brow_lower": (0.0, 0.05)}),
    ],
)
def test_moods_are_legible_at_medium_strength(mood, shown, held) -> None:
    for signal, (low, high) in shown.items():
        assert low <= held[mood][signal] <= high, (signal, held[mood][signal])


def test_sides_are_the_subjects_own(held) -> None:
    for name, signal in (
        ("turn", "head_yaw_deg"),
        ("look", "head_yaw_deg"),
        ("gaze", "gaze_yaw_deg"),
        ("tilt", "head_roll_deg"),
        ("lean", "head_roll_deg"),
    ):
        assert held[f"{name}_left"][signal] > 5.0
        assert held[f"{name}_right"][signal] < -5.0
    assert held["look_up"]["head_pitch_deg"] > 8.0 > -8.0 > held["look_down"]["head_pitch_deg"]
    assert held["close_left_eye"]["eye_open_left"] < 0.1 < 0.9 < held["close_left_eye"]["eye_open_right"]
    assert held["close_right_eye"]["eye_open_right"] < 0.1 < 0.9 < held["close_right_eye"]["eye_open_left"]
    left = _controls(_clause("wink_left"))
    assert left[:, CONTROL_INDEX["lid_left"]].max() > 0.9 > 0.2 > left[:, CONTROL_INDEX["lid_right"]].max()


def test_faces_show_on_their_signals(held) -> None:
    for name, signal, least in (
        ("smile", "smile", 0.5),
        ("grin", "smile", 0.8),
        ("frown", "frown", 0.5),
        ("pucker", "pucker", 0.8),
        ("pout", "pucker", 0.2),
        ("puff_cheeks", "cheek_puff", 0.7),
        ("open_mouth", "mouth_open", 0.25),
        ("gasp", "mouth_open", 0.3),
        ("scream", "mouth_open", 0.4),
        ("raise_brows", "brow_raise", 0.6),
        ("lower_brows", "brow_lower", 0.6),
        ("widen_eyes", "eye_open_left", 1.15),
    ):
        assert held[name][signal] > least, (name, held[name][signal])
    assert held["squint"]["eye_open_left"] < 0.75
    assert 0.3 < held["droop_lids"]["eye_open_left"] < 0.7


def test_words_of_size_order_the_signals() -> None:
    head = load_head("open")
    for name, signal in (
        ("happy", "smile"),
        ("sad", "frown"),
        ("angry", "brow_lower"),
        ("turn_left", "head_yaw_deg"),
    ):
        frames = [
            _performed(_clause(name, size=s), idle=0.0, fps=10.0, seed=seed)[36]
            for s in (-1, 0, 1)
            for seed in range(3)
        ]
        small, plain, large = measure(concatenate(frames), head)[signal].reshape(3, 3).mean(axis=1)
        assert small < 0.75 * plain < plain < large, name


@pytest.mark.parametrize(
    ("name", "control", "sign", "depth"),
    [
        ("nod", "pitch", -1, 4.0),
        ("shake", "yaw", 1, 5.0),
        ("shake", "yaw", -1, 5.0),
        ("waggle_head", "roll", 1, 5.0),
        ("blink", "lid_left", 1, 0.5),
        ("wink_right", "lid_right", 1, 0.5),
        ("kiss", "mouthPucker", 1, 0.4),
        ("yawn", "jaw", 1, 0.4),
        ("raise_brows", "browInnerUp", 1, 0.3),
        ("open_mouth", "jaw", 1, 0.2),
        ("tilt_left", "roll", 1, 5.0),
        ("close_eyes", "lid_right", 1, 0.5),
    ],
)
def test_counts_are_exact(name, control, sign, depth) -> None:
    for count in (2, 3, 4):
        for seed in (0, 1):
            curve = (
                sign
                * _controls(_clause(name, count=count), seconds=8.0, seed=seed)[:, CONTROL_INDEX[control]]
            )
            padded = np.concatenate([[0.0], curve, [0.0]])
            assert len(find_peaks(padded, prominence=depth)[0]) == count, (count, seed)


def test_words_of_speed_order_the_movement() -> None:
    for name, control in (
        ("turn_left", "yaw"),
        ("look_down", "pitch"),
        ("smile", "mouthSmileLeft"),
        ("raise_brows", "browInnerUp"),
    ):
        rises = []
        for speed in (-1, 0, 1):
            curve = np.abs(_controls(_clause(name, speed=speed), seconds=5.0)[:, CONTROL_INDEX[control]])
            rises.append(int(np.argmax(curve > 0.9 * curve[-1])) - int(np.argmax(curve > 0.1 * curve[-1])))
        slow, plain, fast = rises
        assert fast < plain < slow, (name, rises)
        assert slow >= 16, name  # 0.65 s: it must look slow
    beats = []
    for speed in (-1, 0, 1):
        jaw = _controls(_clause("talk", speed=speed), seconds=6.0)[25:, CONTROL_INDEX["jaw"]]
        power = np.abs(np.fft.rfft(jaw - jaw.mean())) ** 2
        hz = np.fft.rfftfreq(len(jaw), 0.04)
        band = (hz > 2.0) & (hz < 7.0)
        beats.append(float(hz[band][np.argmax(power[band])]))
    assert beats == pytest.approx([3.125, 4.0, 5.0], abs=0.3)


def test_talking_varies_and_whispering_is_small() -> None:
    talk, whisper = (
        _controls(_clause(n), seconds=6.0)[20:, CONTROL_INDEX["jaw"]] for n in ("talk", "whisper")
    )
    tops = talk[find_peaks(talk, prominence=0.05)[0]]
    assert 10 <= len(tops) <= 24
    assert tops.std() > 0.03
    assert talk.max() > 2.0 * whisper.max()


def test_eyes_lead_a_turning_head() -> None:
    for name, head, eyes in (("turn_left", "yaw", "gaze_yaw"), ("look_up", "pitch", "gaze_pitch")):
        controls = _controls(_clause(name))
        turn, gaze = controls[:, CONTROL_INDEX[head]], controls[:, CONTROL_INDEX[eyes]]
        assert np.argmax(gaze > 0.5 * gaze.max()) < np.argmax(turn > 0.5 * turn[-1])
        assert gaze[:40].max() > 1.2 * gaze[-1]  # carried back by the head


def test_lids_that_are_counted_or_stare_do_not_blink_besides() -> None:
    for name, said, blinks in (("blink", {"count": 2}, 2), ("stare", {}, 0), ("wink_left", {}, 0)):
        for seed in range(3):
            lid = _performed(_clause(name, **said), seconds=8.0, seed=seed).eyelids[:, 1]
            assert len(find_peaks(lid, prominence=0.5)[0]) == blinks, (name, seed)
    idle = perform_plan([], seconds=12.0, seed=1).eyelids[:, 0]
    assert 1 <= len(find_peaks(idle, prominence=0.5)[0]) <= 8


def test_acts_and_moods_add_up_to_one_face() -> None:
    smiling = _controls(_clause("sad"), _clause("smile"))[-1]
    sad = _controls(_clause("sad"))[-1]
    assert smiling[CONTROL_INDEX["mouthSmileLeft"]] > 0.5
    assert smiling[CONTROL_INDEX["mouthFrownLeft"]] < 0.4 * sad[CONTROL_INDEX["mouthFrownLeft"]]
    assert smiling[CONTROL_INDEX["browInnerUp"]] > 0.6  # still sad about the brows
    mood, act = np.zeros((2, 1, len(CONTROLS)))
    mood[0, CONTROL_INDEX["mouthSmileLeft"]] = act[0, CONTROL_INDEX["mouthSmileLeft"]] = 0.8
    mood[0, CONTROL_INDEX["yaw"]] = act[0, CONTROL_INDEX["yaw"]] = 10.0
    joined = combined(mood, act)[0]
    assert joined[CONTROL_INDEX["mouthSmileLeft"]] == pytest.approx(0.96)
    assert joined[CONTROL_INDEX["yaw"]] == 20.0


def test_what_excludes_itself_fades() -> None:
    face = np.zeros((1, len(CONTROLS)))
    for name in (
        "jaw",
        "lid_left",
        "eyeWideLeft",
        "mouthPressLeft",
        "mouthPucker",
        "mouthSmileRight",
        "mouthClose",
    ):
        face[0, CONTROL_INDEX[name]] = 0.9
    face[0, CONTROL_INDEX["yaw"]] = 300.0
    shown = dict(zip(CONTROLS, reconciled(face)[0], strict=True))
    assert shown["eyeWideLeft"] < 0.1
    assert shown["mouthPressLeft"] == 0.0
    assert shown["mouthSmileRight"] < 0.5
    assert shown["mouthClose"] <= shown["jaw"]
    assert shown["yaw"] <= POSE_LIMITS["yaw"]
    np.testing.assert_allclose(soft_limit(np.array([-7.0, 0.0, 7.0]), 10.0), [-7.0, 0.0, 7.0])
    tongue = np.zeros((1, len(CONTROLS)))
    tongue[0, CONTROL_INDEX["tongueOut"]] = 1.0
    assert reconciled(tongue)[0, CONTROL_INDEX["jaw"]] >= 0.3


def test_idle_life_has_the_spectrum_of_tracked_heads() -> None:
    """Bounds about what ``benchmarks.head_motion`` measured on real clips, in degrees RMS."""
    from benchmarks.head_motion import ANGLES, angles_of, whole_bands

    measured = whole_bands([angles_of(perform_plan([], seconds=10.0, seed=seed)) for seed in range(8)])
    rows = dict(zip(ANGLES, measured, strict=True))
    for angle, bounds in {
        "yaw": ((0.35, 1.2), (0.12, 0.4), (0.04, 0.15), (0.0, 0.02)),
        "pitch": ((0.4, 1.3), (0.18, 0.6), (0.04, 0.15), (0.0, 0.02)),
        "roll": ((0.2, 0.7), (0.08, 0.3), (0.02, 0.09), (0.0, 0.01)),
        "gaze_yaw": ((0.6, 2.4), (0.3, 1.0), (0.05, 0.5), (0.0, 0.3)),
    }.items():
        for (low, high), value in zip(bounds, rows[angle], strict=True):
            assert low <= value <= high, (angle, rows[angle])


def test_a_plan_is_performed_by_seed_and_unknown_words_do_nothing() -> None:
    clauses = (_clause("smile"), _clause("nod", count=2))
    first, again, other = (_performed(*clauses, seed=s) for s in (3, 3, 4))
    assert first.allclose(again, atol=0.0)
    assert not first.allclose(other, atol=1e-3)
    assert np.abs(first.neck[0]).max() < 1e-6
    assert np.abs(first.expression[0]).max() < 1e-6
    still = _performed(Clause("frobnicates", EMOTION_ROLE), idle=0.0)
    assert still.allclose(FlameSequence.neutral(len(still)), atol=1e-6)
    assert len(perform_plan([], seconds=2.0, fps=30.0)) == 60


def test_counted_holds_return_and_plain_ones_stay() -> None:
    raised = _controls(_clause("raise_brows"))[:, CONTROL_INDEX["browInnerUp"]]
    twice = _controls(_clause("raise_brows", count=2))[:, CONTROL_INDEX["browInnerUp"]]
    assert raised[-1] > 0.7
    assert twice[-1] < 0.01
    back = _controls(_clause("raise_brows"), _clause("relax_brows", group=1))[:, CONTROL_INDEX["browInnerUp"]]
    assert back.max() > 0.7
    assert back[-1] < 0.05


def test_moods_have_names_of_their_own_and_words() -> None:
    names = [mood.name for mood in MOODS]
    assert len(set(names)) == len(names) >= 35
    assert all(mood.adjectives and mood.stems for mood in MOODS)


@pytest.mark.parametrize("seconds", [1.0, 4.0, 12.0])
def test_short_and_long_clips_do_what_is_asked(seconds) -> None:
    turned = _controls(_clause("turn_left"), seconds=seconds)[:, CONTROL_INDEX["yaw"]]
    assert turned.max() > 18.0
    assert turned[-1] > 16.0
    alive = perform_plan([], seconds=seconds, seed=2)
    assert np.abs(np.degrees(alive.neck[-1])).max() > 0.02
    both = _controls(_clause("smile"), _clause("turn_right", group=1), seconds=seconds)
    assert both[-1, CONTROL_INDEX["mouthSmileLeft"]] > 0.6
    assert both[-1, CONTROL_INDEX["yaw"]] < -15.0


def test_any_rate_shows_the_same_performance() -> None:
    slow, fast = (_performed(_clause("nod", count=2), idle=0.0, fps=fps, seed=5) for fps in (25.0, 50.0))
    np.testing.assert_allclose(fast.neck[::2][: len(slow)], slow.neck, atol=1e-5)
