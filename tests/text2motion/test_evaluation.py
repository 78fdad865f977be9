"""The yardstick itself: checks catch wrong motion, suites are read strictly, figures are right on known data."""

from __future__ import annotations

import numpy as np
import pytest

from flame.errors import ConfigError
from flame.head import load_head
from flame.sequence import FlameSequence
from flame.signals import SIGNALS
from text2motion.evaluation import by_category, by_corpus, default_suite, evaluate, load_suite, share_passed
from text2motion.evaluation.accuracy import Take, judged
from text2motion.evaluation.captions import Captioned, clause_of, join_captions
from text2motion.evaluation.checks import count_peaks, onset_seconds, parse_check
from text2motion.evaluation.metrics import (
    diversity,
    frechet_distance,
    multimodality,
    r_precision,
    smoothness,
    take_spread,
)
from text2motion.evaluation.report import make_report
from text2motion.evaluation.retrieval import NearestCaption
from text2motion.evaluation.suite import Instruction

FPS = 25.0
TIMES = np.arange(100) / FPS


def signals(**given: np.ndarray) -> dict[str, np.ndarray]:
    """Signals of a still, neutral head of 4 s, but for those given."""
    still = {name: np.zeros(100) for name in SIGNALS}
    still["eye_open_left"] = still["eye_open_right"] = np.ones(100)
    return still | given


def step(size: float, start: float, length: float = 0.5) -> np.ndarray:
    """A move of ``size`` from ``start`` on, taking ``length`` seconds."""
    return size * np.clip((TIMES - start) / length, 0.0, 1.0)


def bumps(size: float, count: int, start: float = 0.5, period: float = 0.6) -> np.ndarray:
    """``count`` rises of ``size`` and back."""
    phase = (TIMES - start) / period
    return np.where((phase > 0) & (phase < count), size * np.sin(np.pi * phase) ** 2, 0.0)


def holds(line: str, **given: np.ndarray) -> bool:
    return parse_check(line).holds(signals(**given), FPS)


@pytest.mark.parametrize(
    ("line", "right", "wrong"),
    [
        ("end yaw > 9", {"head_yaw_deg": step(15, 1)}, {"head_yaw_deg": -step(15, 1)}),
        ("end yaw > 9", {"head_yaw_deg": step(15, 1)}, {"head_yaw_deg": bumps(15, 1)}),
        ("peak smile > 0.3", {"smile": bumps(0.5, 1)}, {}),
        ("dips pitch 2 by 3", {"head_pitch_deg": -bumps(8, 2)}, {"head_pitch_deg": -bumps(8, 3)}),
        ("dips pitch 2 by 3", {"head_pitch_deg": -bumps(8, 2)}, {"head_pitch_deg": -bumps(2, 2)}),
        ("peaks brow_raise 2..3 by 0.2", {"brow_raise": bumps(0.5, 3)}, {"brow_raise": bumps(0.5, 1)}),
        ("cycles yaw 2 by 6", {"head_yaw_deg": 10 * np.sin(np.pi * TIMES)}, {"head_yaw_deg": step(15, 1)}),
        ("onset yaw < 0.5", {"head_yaw_deg": step(15, 1, 0.4)}, {"head_yaw_deg": step(15, 1, 2.0)}),
        ("stays yaw -8..8", {}, {"head_yaw_deg": step(15, 1)}),
        ("holds smile > 0.3 for 2", {"smile": step(0.5, 0.5)}, {"smile": bumps(0.5, 1)}),
        ("end smile < 0.2", {"smile": bumps(0.5, 1)}, {"smile": step(0.5, 1)}),
        ("peak smile > 0.3 in 2-4", {"smile": bumps(0.5, 1, 2.5)}, {"smile": bumps(0.5, 1, 0.5)}),
        (
            "order yaw > 9, smile > 0.3",
            {"head_yaw_deg": step(15, 0.5), "smile": step(0.6, 2)},
            {"head_yaw_deg": step(15, 2), "smile": step(0.6, 0.5)},
        ),
        (
            "together yaw > 6, smile > 0.3",
            {"head_yaw_deg": step(15, 0.5), "smile": step(0.6, 0.5)},
            {"head_yaw_deg": bumps(15, 1, 0.2), "smile": bumps(0.6, 1, 2.5)},
        ),
        ("order yaw > 9, yaw < -9", {"head_yaw_deg": 15 * np.sin(TIMES * 2)}, {"head_yaw_deg": -bumps(15, 1)}),
        ("wink left", {"eye_open_left": 1 - bumps(1, 1)}, {"eye_open_right": 1 - bumps(1, 1)}),
        ("wink left", {"eye_open_left": 1 - bumps(1, 1)},
         {"eye_open_left": 1 - bumps(1, 1), "eye_open_right": 1 - bumps(1, 1)}),
        ("span look_yaw > 12", {"head_yaw_deg": step(8, 1), "gaze_yaw_deg": step(8, 1)}, {"gaze_yaw_deg": step(8, 1)}),
    ],
)  # fmt: skip
def test_a_check_tells_right_from_wrong(line: str, right, wrong) -> None:
    assert holds(line, **right)
    assert not holds(line, **wrong)


def test_a_blink_does_not_break_a_hold_but_a_pause_does() -> None:
    blinking = step(0.6, 0.2) * (1 - bumps(1, 1, 2.0, 0.2))
    assert holds("holds smile > 0.3 for 2", smile=blinking)
    assert not holds("holds smile > 0.3 for 2", smile=step(0.6, 0.2) * (1 - bumps(1, 1, 1.6, 1.2)))


def test_idle_sway_is_not_counted() -> None:
    sway = 1.0 * np.sin(2 * np.pi * 0.7 * TIMES)
    assert count_peaks(bumps(8, 3) + sway, prominence=4.0) == 3
    assert count_peaks(sway, prominence=3.0) == 0


def test_onset_is_the_time_between_a_tenth_and_eight_tenths() -> None:
    assert onset_seconds(step(10, 1, 1.0), FPS) == pytest.approx(0.7, abs=0.05)
    assert onset_seconds(-step(10, 1, 1.0), FPS) == pytest.approx(0.7, abs=0.05)
    assert np.isnan(onset_seconds(np.zeros(10), FPS))


@pytest.mark.parametrize(
    "line",
    ["ends yaw > 9", "end yaw", "end nose > 9", "end yaw >", "dips pitch by 3", "order yaw, smile > 1",
     "wink both", "peak smile > 0.3 in 2-1", "holds smile > 0.3", ""],
)  # fmt: skip
def test_a_bad_check_is_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        parse_check(line)


def test_the_suite_is_large_and_varied() -> None:
    suite = default_suite()
    assert len(suite) >= 300
    assert len({item.category for item in suite}) >= 30
    assert len({(item.prompt.lower(), item.seconds) for item in suite}) == len(suite)
    reserve = sum(item.reserve for item in suite)
    assert 0.25 < reserve / len(suite) < 0.5
    assert min(item.seconds for item in suite) <= 1.0
    assert max(item.seconds for item in suite) >= 12.0


def test_a_still_face_fails_the_suite() -> None:
    def still(prompt: str, seconds: float, seed: int) -> FlameSequence:
        return FlameSequence.neutral(round(seconds * 25))

    chosen = [
        item for item in default_suite() if item.category in ("head turns", "smiles", "counts", "order")
    ]
    takes = evaluate(still, chosen[::9])
    assert share_passed(takes) < 0.1


def test_mirrored_motion_fails_where_sides_are_named() -> None:
    make = by_corpus()
    head = load_head("open")
    chosen = [
        item
        for item in default_suite()
        if item.prompt in ("turn your head to the left", "tilt your head left", "A wink of the left eye")
    ]
    assert len(chosen) == 3
    right = evaluate(make, chosen)
    wrong = evaluate(lambda *given: make(*given).mirror(head), chosen)
    assert share_passed(right) == 1.0
    assert share_passed(wrong) == 0.0
    assert sum(total for _, total in by_category(right).values()) == 3


def test_sizes_are_compared_with_the_item_named() -> None:
    lines = {"plain": "peak smile > 0.1", "small": "peak smile < 0.8 x plain"}
    items = [Instruction("c", n, (parse_check(line),), name=n) for n, line in lines.items()]
    motion = FlameSequence.neutral(100)

    def take(item: Instruction, size: float) -> Take:
        return Take(item, 0, motion, signals(smile=step(size, 1)))

    assert all(t.passed for t in judged([take(items[0], 0.6), take(items[1], 0.3)]))
    assert not judged([take(items[0], 0.6), take(items[1], 0.6)])[1].passed


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("- nods", "table of categories"),
        ("head: nods", "list of prompts"),
        ("head: [{say: nods}]", "needs say and see"),
        ("head: [{say: nods, see: 'end yaw > 9', sees: 1}]", "unknown key"),
        ("head: [{say: nods, see: 'end yaw > 9', s: 900}]", "seconds"),
        ("head: [{say: nods, see: 'end yaw > 9 x other'}]", "does not have"),
        ("head: [{say: a, see: 'end yaw > 9', name: n}, {say: b, see: 'end yaw > 9', name: n}]", "twice"),
        ("head: [", "readable YAML"),
    ],
)
def test_a_bad_suite_is_refused(tmp_path, text: str, match: str) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=match):
        load_suite(path)


def test_a_users_suite_is_read(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "head:\n  - {say: nods twice, see: [dips pitch 2 by 3, 'stays yaw -9..9'], s: 3, reserve: true}\n"
    )
    (item,) = load_suite(path)
    assert (item.category, item.seconds, item.reserve, len(item.checks)) == ("head", 3.0, True, 2)


def test_the_nearest_caption_is_performed(word_encoder) -> None:
    texts = {"turn_left": "turn your head left", "turn_right": "turn your head right", "nod": "nod"}
    pool = [Captioned(text, (clause_of((name, 0, 0, 0), text),)) for name, text in texts.items()]
    baseline = NearestCaption(pool, word_encoder.encode)
    assert baseline.nearest("please turn your head right").text == "turn your head right"
    assert np.degrees(baseline.perform("turn your head right", 3.0, 0).neck[-1, 1]) < -8.0


def test_captions_keep_their_order() -> None:
    generator = np.random.default_rng(0)
    whole = join_captions(["nod.", "smile", "turn left"], [0, 0, 1], generator).lower()
    assert whole.index("nod") < whole.index("smile") < whole.index("turn left")
    assert any(word in whole for word in ("then", "after"))


def test_figures_on_known_distributions() -> None:
    generator = np.random.default_rng(0)
    same, other = generator.normal(size=(4000, 3)), generator.normal(size=(4000, 3))
    assert frechet_distance(same, other) == pytest.approx(0.0, abs=0.02)
    assert frechet_distance(same, other + [2, 0, 0]) == pytest.approx(4.0, abs=0.2)
    assert frechet_distance(same, 2.0 * other) == pytest.approx(3.0, abs=0.2)
    vectors = np.eye(40)
    assert r_precision(vectors, vectors) == (1.0, 1.0, 1.0)
    blind = r_precision(generator.normal(size=(400, 8)), generator.normal(size=(400, 8)))
    assert blind == pytest.approx((1 / 32, 2 / 32, 3 / 32), abs=0.02)
    assert multimodality(np.stack([same[:50], same[:50]])) == 0.0
    assert multimodality(np.stack([same[:50], same[:50] + [3, 0, 0]])) == pytest.approx(3.0)
    assert np.isnan(multimodality(same[None, :50]))
    assert diversity(np.ones((10, 3))) == 0.0


def test_jitter_is_what_shakes_not_what_turns() -> None:
    smooth = signals(head_yaw_deg=step(30, 1, 1.0))
    shaken = signals(head_yaw_deg=step(30, 1, 1.0) + 0.5 * np.sin(2 * np.pi * 8 * TIMES))
    calm, restless = smoothness([(smooth, FPS)])["head"], smoothness([(shaken, FPS)])["head"]
    assert calm.jitter < 0.05
    assert restless.jitter == pytest.approx(0.5 / np.sqrt(2) / np.sqrt(3), rel=0.1)  # one of three signals
    assert calm.life == pytest.approx(restless.life, rel=0.05)
    assert restless.jerk > 5 * calm.jerk
    assert take_spread([smooth, shaken])["head"] > take_spread([smooth, smooth])["head"] == 0.0


def test_a_report_puts_generators_side_by_side() -> None:
    chosen = [item for item in default_suite() if item.category == "readme"][:2]

    def still(prompt: str, seconds: float, seed: int) -> FlameSequence:
        return FlameSequence.neutral(round(seconds * 25))

    report = make_report({"still": still, "corpus": by_corpus()}, chosen, seeds=2)
    assert report.rows["still"].accuracy["all"] == 0.0
    assert report.rows["corpus"].accuracy["all"] > 0.5
    assert report.rows["still"].spread["head"] == 0.0
    assert report.rows["corpus"].spread["head"] > 0.05
    assert {miss["prompt"] for miss in report.misses} == {item.prompt for item in chosen}
    plain = report.as_json()
    assert plain["rows"]["still"]["frechet"] is None
    assert plain["rows"]["still"]["categories"] == {"readme": [0, 4]}
