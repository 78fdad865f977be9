"""From drivers' files to one motion: lengths, rates, what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import av
import numpy as np
import pytest

from flame.errors import AudioError, InputError, MotionFileError, NoFaceError
from flame.sequence import FlameSequence
from mvportrait.cli import run
from mvportrait.drive import _from_video, motion_from_sources, open_sources
from mvportrait.driving_options import DrivingOptions
from mvportrait.media.video import VideoWriter
from mvportrait.reporting import Reporter

RATE = 16_000


def write_sound(path: Path, samples: np.ndarray) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """1.2 s of a buzz that comes and goes four times a second, much like syllables."""
    seconds = np.arange(int(1.2 * RATE)) / RATE
    buzz = np.sign(np.sin(2 * np.pi * 120 * seconds)) * np.clip(np.sin(2 * np.pi * 4 * seconds), 0, 1)
    return write_sound(tmp_path_factory.mktemp("sound") / "a.wav", 0.4 * buzz)


def driven(**options) -> tuple[FlameSequence, Reporter]:
    chosen = DrivingOptions(**options)
    chosen.check_driving()
    reporter = Reporter()
    return motion_from_sources(chosen, open_sources(chosen), reporter=reporter), reporter


def test_the_sound_gives_the_length(sound: Path) -> None:
    motion, _ = driven(audio=sound)
    assert motion.frames == 30
    assert motion.fps == 25.0
    part, _ = driven(audio=sound, start=0.2, seconds=0.6, fps=50.0)
    assert part.frames == 30


def test_words_move_the_head_and_speech_the_lips(sound: Path) -> None:
    speech, _ = driven(audio=sound, seed=2)
    words, _ = driven(text="turns left", seconds=1.2, seed=2)
    both, _ = driven(audio=sound, text="turns left", seed=2)
    np.testing.assert_allclose(both.jaw, speech.jaw, atol=1e-6)
    np.testing.assert_allclose(both.neck, words.neck, atol=1e-6)


def test_mixing_as_the_caller_says(sound: Path) -> None:
    speech, _ = driven(audio=sound)
    both, _ = driven(audio=sound, text="turns left", mix="pose=audio")
    np.testing.assert_allclose(both.neck, speech.neck, atol=1e-6)


def test_silence_keeps_the_lips_closed_and_says_so(tmp_path: Path) -> None:
    from flame.signals import measure

    motion, reporter = driven(audio=write_sound(tmp_path / "s.wav", np.zeros(RATE)))
    assert any("is silent" in warning for warning in reporter.warnings)
    assert float(np.max(measure(motion)["lip_gap_mm"])) < 1.0


def test_a_shorter_driver_rests_and_says_so(tmp_path: Path, sound: Path) -> None:
    file = tmp_path / "m.npz"
    FlameSequence.neutral(10).replace(neck=np.full((10, 3), 0.1, np.float32)).save(file)
    motion, reporter = driven(motion=file, audio=sound)
    assert motion.frames == 30
    assert any("--motion ends after 0.40 s of 1.20 s" in warning for warning in reporter.warnings)


def test_a_hurried_prompt_is_told() -> None:
    with pytest.warns(UserWarning, match="hurried"):
        _, reporter = driven(text="nods, then smiles, then turns left, then yawns", seconds=1.0)
    assert any("hurried" in warning for warning in reporter.warnings)


def test_a_script_has_its_own_length_and_rate(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "fps: 20\nsegments:\n- {start: 0, end: 1, text: nods}\n- {start: 1, end: 2, text: smiles}\n"
    )
    motion, _ = driven(script=file)
    assert (motion.frames, motion.fps) == (40, 20.0)
    inline, _ = driven(text="0-1s: nods; 1-2.5s: smiles")
    assert inline.frames in (62, 63)


def test_a_video_without_a_face(tmp_path: Path) -> None:
    file = tmp_path / "v.mp4"
    with VideoWriter(file, fps=25, height=64, width=64) as video:
        for _ in range(4):
            video.write(np.full((64, 64, 3), 90, np.uint8))
    with pytest.raises(NoFaceError) as caught:
        driven(video=file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "kind",
    [
        "missing script",
        "binary script",
        "script of nothing",
        "missing video",
        "text as video",
        "silent video",
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "f"
    options: dict = {"script": file}
    if kind == "binary script":
        file.write_bytes(b"\xff\xfe\x00\x01")
    elif kind == "script of nothing":
        file.write_text("[]")
    elif kind == "missing video":
        options = {"video": file}
    elif kind == "text as video":
        file.write_text("no video " * 100)
        options = {"video": file}
    elif kind == "silent video":
        with VideoWriter(tmp_path / "v.mp4", fps=25, height=32, width=32) as video:
            video.write(np.zeros((32, 32, 3), np.uint8))
        options = {"audio": tmp_path / "v.mp4"}
    with pytest.raises(InputError) as caught:
        driven(**options)
    assert "\n" not in str(caught.value)
    assert "; " in str(caught.value)


def test_a_start_after_the_end(sound: Path) -> None:
    with pytest.raises(AudioError, match="--start is after the end"):
        driven(audio=sound, start=9.0)


def test_motion_says_who_moves_what(tmp_path: Path, sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m.npz"
    command = [
        "motion",
        "--audio",
        str(sound),
        "--text",
        "smiles",
        "--style",
        "cheerful",
        "--out",
        str(out),
        "--json",
    ]
    assert run(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["drivers"]["lips"] == "audio"
    assert told["drivers"]["mood"] == "text"
    assert FlameSequence.load(out).frames == told["frames"] == 30


def test_a_video_that_says_it_is_too_long_is_refused_before_it_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from driving.video import VideoDriver
    from mvportrait.media.clips import Clip

    file = tmp_path / "long.mp4"
    file.write_bytes(b"")

    def follow(*_: object) -> None:
        raise AssertionError("followed")

    monkeypatch.setattr(VideoDriver, "track", follow)
    monkeypatch.setattr(Clip, "stated_seconds", lambda _: 700.0)
    options = DrivingOptions(video=file)
    with pytest.raises(MotionFileError, match=r"longer than 600 seconds: .*700 s or more; .*--start"):
        _from_video(options, Clip(file, 25.0), 25.0, Reporter())
    with pytest.raises(AssertionError, match="followed"):  # all but the first minutes
        _from_video(dataclasses.replace(options, start=99.5), Clip(file, 25.0), 25.0, Reporter())
