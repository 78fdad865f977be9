"""Scripts: how they are written, what is refused, when things happen, and that nothing shows at the seams."""

from __future__ import annotations

import contextlib
import math
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.errors import ConfigError, InputError, PromptError
from flame.sequence import CHANNELS, concatenate
from text2motion.script import Script, generate_script, has_times, parse_script, stream_script
from text2motion.script_text import seconds_of, timed_statements

# ------------------------------------------------------------------------------------------------ line form


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-2s: turns left; 2-4s: nods", [("turns left", 0, 2), ("nods", 2, 4)]),
        ("0–2 s turns left, 2–4 s nods", [("turns left", 0, 2), ("nods", 2, 4)]),
        ("2-4s: nods\n0-2s: turns left", [("nods", 2, 4), ("turns left", 0, 2)]),
        ("at 3s: blinks", [("blinks", 3, None)]),
        ("at 1.5 seconds she blinks", [("she blinks", 1.5, None)]),
        ("0:05-0:08 smiles, 1:02.5-1:04: nods", [("smiles", 5, 8), ("nods", 62.5, 64)]),
        ("from 0 to 2 seconds she nods and from 2 to 4 seconds she smiles",
         [("she nods", 0, 2), ("she smiles", 2, 4)]),
        ("nods at 3s and smiles at 5s", [("nods", 3, None), ("smiles", 5, None)]),
        ("smiles from 2s to 4s", [("smiles", 2, 4)]),
        ("smiling; 2-3s: nods", [("smiling", None, None), ("nods", 2, 3)]),
        ("[0-2] nods [3-4] smiles", [("nods", 0, 2), ("smiles", 3, 4)]),
        ("4-end: talks", [("talks", 4, math.inf)]),
        ("0-1.5s: nods then shakes; then smiles", [("nods then shakes; then smiles", 0, 1.5)]),
        ("0-1 min: talks", [("talks", 0, 60)]),
        ("500-900 ms: winks", [("winks", 0.5, 0.9)]),
    ],
)  # fmt: skip
def test_line_form(text: str, expected: list) -> None:
    found = [(item.text, item.start, item.end) for item in timed_statements(text)]
    assert [text for text, *_ in found] == [text for text, *_ in expected]
    for (_, *times), (_, *wanted) in zip(found, expected, strict=True):
        assert times == [w if w is None else pytest.approx(w) for w in wanted]


@pytest.mark.parametrize(
    "text",
    [
        "nods 2-3 times",
        "looks at 3 people",
        "turns left",
        "1. nods",
        "counts to 10",
        "3 nods then 2 blinks",
        "",
    ],
)
def test_numbers_alone_are_no_times(text: str) -> None:
    assert not has_times(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 2), ("2.5s", 2.5), ("1:30", 90), ("1:02:03.5", 3723.5), ("2 min", 120), (3, 3)],
)
def test_times(text: object, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with contextlib.suppress(InputError):
            assert parse_script(text).segments


# ----------------------------------------------------------------------------------------------------- YAML

_YAML = """
seed: 7
fps: 30
seconds: 8
segments:
  - {start: 2, end: 4, text: "nods twice, smiling", intensity: 1.3}
  - {start: 0, end: 2, text: turns left}
  - {at: "0:05", text: blinks, hold: false}
  - "6-7s: winks; 7-8s: looks up"
"""


def test_yaml() -> None:
    script = Script.from_yaml(_YAML)
    assert (script.seed, script.fps, script.seconds) == (7, 30, 8.0)
    assert [(s.text, s.start, s.end) for s in script.segments] == [
        ("nods twice, smiling", 2.0, 4.0),
        ("turns left", 0.0, 2.0),
        ("blinks", 5.0, None),
        ("winks", 6.0, 7.0),
        ("looks up", 7.0, 8.0),
    ]
    assert script.segments[0].intensity == 1.3
    assert Script.from_yaml("- {start: 0, end: 2, text: nods}").seconds == 2.0
    for text in ('"0-2s: nods; 2-5s: smiles"', "0-2s: nods; 2-5s: smiles", "0-2s: nods\n2-5s: smiles",
                 "- 0-2s: nods\n- 2-5s: smiles", "seed: 1\n0-2s: nods\n2-5s: smiles"):  # fmt: skip
        assert [s.text for s in Script.from_yaml(text).segments] == ["nods", "smiles"]
        assert Script.from_yaml(text).seconds == 5.0
    assert Script.from_yaml("- {start: 1:30, end: 1:32, text: nods}").segments[0].start == 90.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {start: 0, end: 2, txt: nods}", "segment 1: unknown key: txt; did you mean text"),
        ("- {start: 0, end: 1, text: nods}\n- {start: 3, end: 2, text: nods}", "segment 2: end must be after"),
        ("- {start: -1, end: 2, text: nods}", "segment 1: start must be a time"),
        ("- {start: .nan, end: 2, text: nods}", "segment 1: start must be a time"),
        ("- {start: .inf, end: 2, text: nods}", "segment 1: start must be a time"),
        ("- {start: [1], end: 2, text: nods}", "segment 1: start must be a time"),
        ("- {start: 0, text: nods}", "segment 1: end is missing"),
        ("- {start: 0, end: 1, at: 1, text: nods}", "segment 1: at stands for"),
        ("- {start: 0, end: 1}", "segment 1: a prompt must be text"),
        ("- {start: 0, end: 1, text: ''}", "segment 1: the prompt is empty"),
        ("- {start: 0, end: 1, text: nods, intensity: 5}", "segment 1: intensity must be"),
        ("- {start: 0, end: 1, text: nods, intensity: .nan}", "segment 1: intensity must be"),
        ("- {start: 0, end: 1, text: nods, hold: maybe}", "segment 1: hold must be"),
        ("- 3", "segment 1 must be a mapping or text"),
        ("segments: 3", "segments must be a list"),
        ("seed: 1", "the script has no segments"),
        ("speed: 1\nsegments: ['0-1s: nods']", "unknown script setting: speed"),
        ("fps: 0\nsegments: ['0-1s: nods']", "script setting fps"),
        ("seed: 1.5\nsegments: ['0-1s: nods']", "script setting seed"),
        ("seconds: true\nsegments: ['0-1s: nods']", "script setting seconds"),
        ("[]", "the script is empty"),
        ("", "the script is empty"),
        ("2-1s: nods", "a time span must end after"),
        ("0-2s: ';'", "a time has no text"),
        ("{", "the script is no YAML"),
        ("- !!python/object/apply:os.system [true]", "the script is no YAML"),
        ("a: &a [1]\nsegments: *a", r"references \(\*\) are not allowed"),
        ("seed: 1\nseed: 2\nsegments: []", "seed is given twice"),
        ("- 2001-99-99", "the script is no YAML"),
        ("[" * 5000, "the script is no YAML"),
        ("x" * 300_000, "at most 200000 characters"),
        ("segments: [" + "'0-1s: nods'," * 2001 + "]", "at most 2000 segments"),
    ],
)  # fmt: skip
def test_bad_scripts_are_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Script.from_yaml(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_hostile_text_is_read_in_no_time() -> None:
    started = time.process_time()
    for text in ("0-1s: " + "and " * 40_000, "," * 150_000, "1" * 150_000, "0-1s " * 30_000, "at " * 60_000):
        with pytest.raises(PromptError):
            parse_script(text)
    assert time.process_time() - started < 20.0


# -------------------------------------------------------------------------------------------- the time line


def _span(script: Script, action: str) -> tuple[float, float]:
    item = next(item for item in script.timeline.planned if item.clause.action == action)
    return item.start, item.release


def test_actions_lie_in_their_segments() -> None:
    script = parse_script("4-6s: shakes his head; 1-3s: nods; 8-9s: winks")
    for action, start, end in (("nod", 1, 3), ("shake", 4, 6)):
        begin, release = _span(script, action)
        assert start <= begin < release <= end
    assert script.seconds == 9.0


def test_what_lasts() -> None:
    plain = parse_script("0-2s: turns left and smiles; 2-4s: nods; 6-8s: blinks")
    assert _span(plain, "smile")[1] == pytest.approx(2.0), "a face ends with its segment"
    assert _span(plain, "turn_left")[1] == pytest.approx(4.0), "a turn lasts while segments follow each other"
    taken = parse_script("0-2s: turns left; 2-4s: turns right")
    assert 2.0 <= _span(taken, "turn_left")[1] <= 2.5, "until another one takes it"
    entry = {"start": 0, "end": 2, "text": "turns left and smiles"}
    held = parse_script([{**entry, "hold": True}, {"start": 5, "end": 8, "text": "nods"}])
    assert min(_span(held, "smile")[1], _span(held, "turn_left")[1]) > 8.0
    dropped = parse_script([{**entry, "hold": False}, {"start": 2, "end": 8, "text": "nods"}])
    assert max(_span(dropped, "smile")[1], _span(dropped, "turn_left")[1]) == pytest.approx(2.0)


def test_a_point_in_time_takes_what_it_needs() -> None:
    script = parse_script("at 3s: nods three times slowly")
    begin, release = _span(script, "nod")
    assert 3.0 <= begin < 3.6
    assert release > 4.5
    assert script.seconds > release


def test_throughout() -> None:
    script = parse_script("smiling; 2-3s: nods; 5-6s: nods")
    assert script.seconds == 6.0
    assert _span(script, "smile")[1] > 6.0


def test_segments_after_the_end_are_told() -> None:
    script = parse_script({"seconds": 3, "segments": ["0-2s: nods", "5-6s: smiles"]})
    assert any("segment 2" in line for line in script.warnings)
    unknown = parse_script("0-2s: nods; 2-4s: quux frobnicates")
    assert any("segment 2: no known" in line for line in unknown.warnings)


# ---------------------------------------------------------------------------------------------- the motion

_LONG = (
    "0-3s: turns left; 3-6s: nods twice, smiling; 6-9s: looks right; at 10s: blinks; 12-16s: shakes her head"
)


def test_a_stream_is_the_whole(tiny_models) -> None:
    options = {"seed": 3, "fps": 30.0, "models": tiny_models, "steps": 2}
    script = parse_script(_LONG)
    pieces = list(stream_script(script, **options))
    whole = generate_script(script, **options)
    assert len(pieces) > 2
    assert whole.frames == 480
    joined = concatenate(pieces)
    for name, _ in CHANNELS:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    for name, _ in CHANNELS:
        assert np.abs(getattr(whole, name)[0]).max() < 2e-3, "it starts at rest"


def test_settings_of_script_and_caller(tiny_models) -> None:
    script = parse_script({"fps": 12.5, "seed": 4, "segments": ["0-1s: nods"]})
    options = {"models": tiny_models, "steps": 2}
    own = generate_script(script, **options)
    assert own.fps == 12.5
    np.testing.assert_array_equal(own.neck, generate_script(script, seed=4, **options).neck)
    assert np.abs(own.neck - generate_script(script, seed=5, **options).neck).max() > 1e-5
    assert generate_script(script, fps=25.0, seconds=2.0, **options).frames == 50
    with pytest.raises(ConfigError):
        generate_script(script, seconds=1e9, **options)
    with pytest.raises(ConfigError):
        generate_script(script, intensity=float("nan"), **options)


def test_unknown_words_warn_when_there_is_no_script_to_ask(tiny_models) -> None:
    with pytest.warns(UserWarning, match="segment 1: no known facial action"):
        generate_script("0-1s: quux frobnicates", models=tiny_models, steps=1)


def test_memory_does_not_grow_with_the_length(tiny_models) -> None:
    import tracemalloc

    peaks = []
    for seconds in (16.0, 96.0):
        script = parse_script(
            [{"start": t, "end": t + 4, "text": "nods and smiles"} for t in range(0, int(seconds), 4)]
        )
        assert script.seconds == seconds
        pieces = stream_script(script, models=tiny_models, steps=1)
        tracemalloc.start()
        frames = sum(piece.frames for piece in pieces)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert frames == 25 * seconds
    assert peaks[1] < 1.3 * peaks[0]


@pytest.fixture(scope="module")
def acted():
    """A script by the package's own models, two takes."""
    script = parse_script(
        "0-2.5s: turns left; 2.5-5s: nods twice, smiling; 5-7.5s: looks right and frowns; "
        "7.5-10s: raises her eyebrows; 10-12s: tilts her head to the left; 12-15s: looks down; 20-22s: smiles"
    )
    return script, [generate_script(script, seed=seed) for seed in (0, 1)]


def test_no_seams(acted) -> None:
    """Acceleration at boundaries of segments and of windows is no larger than inside segments."""
    from text2motion.models import MotionDM
    from text2motion.windows import plan_windows

    _, takes = acted
    own = MotionDM.load()._network.config
    windows = [item.fresh for item in plan_windows(552 // own.patch * own.patch, patch=own.patch)][1:]
    segments = [int(25 * t) for t in (2.5, 5, 7.5, 10, 12, 15, 20)]
    for name in ("neck", "expression"):
        inside, at, edges = [], [], []
        for take in takes:
            values = getattr(take, name).astype(np.float64)
            bend = np.linalg.norm(np.diff(values, 2, axis=0), axis=1)  # frame t + 1
            near, edge = np.zeros(len(bend), bool), np.zeros(len(bend), bool)
            for frame in segments:
                near[max(frame - 3, 0) : frame + 2] = True
            for frame in windows:
                edge[max(frame - 3, 0) : frame + 2] = True
            at.append(bend[near])
            edges.append(bend[edge])
            inside.append(bend[~near & ~edge])
        largest = np.concatenate(inside).max()
        assert np.concatenate(at).max() <= largest, name
        assert np.concatenate(edges).max() <= largest, name
        assert np.concatenate(edges).mean() <= 1.5 * np.concatenate(inside).mean(), name


def test_scripts_do_what_they_say(acted) -> None:
    from flame.signals import measure

    _, takes = acted
    for take in takes:
        signal = measure(take)
        yaw = signal["head_yaw_deg"]
        assert yaw[50:60].mean() > 8.0
        assert yaw[165:185].mean() < -4.0
        assert np.ptp(signal["head_pitch_deg"][64:120]) > 5.0
        assert signal["smile"][100:122].max() > signal["smile"][:55].max() + 0.2
        assert signal["smile"][430:480].mean() < 0.25, "over with its segment"
        assert signal["head_pitch_deg"][330:370].mean() < -4.0
