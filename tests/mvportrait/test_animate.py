"""The main job from end to end, small: a photograph, a motion, the preset without a network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from flame.sequence import FlameSequence
from flame.signals import measure
from mvportrait import AnimateOptions, AnimateResult, animate
from mvportrait.cli import run
from mvportrait.manifest import sha256_of_file
from mvportrait.reporting import Reporter

ROOT = Path(__file__).resolve().parents[2]
SIZE = 128


class Listener(Reporter):
    """Keeps notes too."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def _options(photo_file: Path, motion_file: Path, **changes: object) -> AnimateOptions:
    given = {"reference": str(photo_file), "motion": motion_file, "preset": "preview", "size": SIZE}
    return AnimateOptions(**{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(photo_file: Path, motion_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AnimateResult:
    """One run, looked at by several tests."""
    out = tmp_path_factory.mktemp("animate") / "deep" / "out"
    return animate(_options(photo_file, motion_file, orbit_degrees=30.0), out)


def _frames(path: Path) -> np.ndarray:
    """(T, H, W, 3) uint8."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_every_file_is_there_and_nothing_else(made: AnimateResult) -> None:
    assert sorted(path.name for path in made.out.iterdir()) == [
        "cameras.json",
        "contact_sheet.png",
        "grid.mp4",
        "manifest.json",
        "motion.npz",
        "view_00_front.mp4",
        "view_01_left.mp4",
        "view_02_right.mp4",
    ]
    assert list(made.out.parent.iterdir()) == [made.out]


def test_videos_are_synchronized_and_say_what_they_are(made: AnimateResult) -> None:
    for path in made.views.values():
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert float(stream.average_rate) == made.fps == 25.0
            assert "synthetic" in container.metadata["comment"]
        assert _frames(path).shape == (8, SIZE, SIZE, 3)
    assert _frames(made.out / "grid.mp4").shape == (8, SIZE, 3 * SIZE, 3)


def test_the_manifest_tells_the_truth(made: AnimateResult, photo_file: Path) -> None:
    manifest = json.loads((made.out / "manifest.json").read_text())
    assert manifest == made.manifest
    for name, entry in manifest["outputs"].items():
        assert entry["sha256"] == sha256_of_file(made.out / name)
    assert manifest["inputs"]["reference"]["sha256"] == sha256_of_file(photo_file)
    assert manifest["seed"] == 0
    assert manifest["options"]["preset"] == "preview"
    assert manifest["provenance"]["kind"] == "generated"
    assert {"mvportrait", "python", "numpy", "torch"} <= set(manifest["versions"])
    assert {"portrait", "motion", "frames", "total"} <= set(manifest["timings_seconds"])
    x0, y0, x1, y1 = manifest["crop"]
    assert x1 - x0 == y1 - y0 > 100


def test_frame_zero_of_the_front_is_the_photo(made: AnimateResult, photo: np.ndarray) -> None:
    import cv2

    x0, y0, x1, y1 = (int(v) for v in made.manifest["crop"])
    assert 0 <= x0 < x1 <= 512
    wanted = cv2.resize(photo[y0:y1, x0:x1], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    middle = slice(SIZE // 4, 3 * SIZE // 4)
    error = _frames(made.views["front"])[0, middle, middle].astype(float) - wanted[middle, middle]
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 26


def test_the_motion_is_added_to_the_photos_own_pose(
    made: AnimateResult, turn_and_smile: FlameSequence
) -> None:
    stored = FlameSequence.load(made.out / "motion.npz")
    yaw, asked = measure(stored)["head_yaw_deg"], measure(turn_and_smile)["head_yaw_deg"]
    assert np.allclose(yaw - yaw[0], asked - asked[0], atol=3.0)
    assert measure(stored)["smile"][-1] > measure(stored)["smile"][4] + 0.2


def test_cameras_are_where_they_are_said_to_be(made: AnimateResult) -> None:
    from mvportrait.views import yaw_radians
    from renderer import load_cameras

    cameras = load_cameras(made.out / "cameras.json")
    assert cameras.names == ("front", "left", "right")
    assert (cameras.height, cameras.width) == (SIZE, SIZE)
    assert np.degrees(yaw_radians(cameras, cameras["front"])) == pytest.approx([0, 30, -30], abs=1e-3)


def test_the_same_options_make_the_same_videos(
    made: AnimateResult, photo_file: Path, motion_file: Path, tmp_path: Path
) -> None:
    again = animate(_options(photo_file, motion_file, orbit_degrees=30.0), tmp_path / "out")
    for name in made.views:
        assert again.views[name].read_bytes() == made.views[name].read_bytes()


def test_a_failure_midway_leaves_nothing(
    photo_file: Path, motion_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mvvideo.pipeline import VideoModel

    def one_then_none(self: VideoModel, *args: object, **options: object):  # type: ignore[no-untyped-def]
        yield np.zeros((2, 3, SIZE, SIZE, 3), np.uint8)
        raise MemoryError

    monkeypatch.setattr(VideoModel, "generate", one_then_none)
    with pytest.raises(MemoryError):
        animate(_options(photo_file, motion_file), tmp_path / "a" / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_turned_side_is_narrowed_and_said(photo_file: Path, tmp_path: Path) -> None:
    still = FlameSequence.neutral(2)
    neck = np.array(still.neck)
    neck[:, 1] = np.radians([0.0, 38.0])
    still.replace(neck=neck).save(tmp_path / "far.npz")
    listener = Listener()
    result = animate(_options(photo_file, tmp_path / "far.npz"), tmp_path / "out", reporter=listener)
    from mvportrait.views import yaw_radians
    from renderer import load_cameras

    cameras = load_cameras(tmp_path / "out" / "cameras.json")
    _, left, right = np.degrees(yaw_radians(cameras, cameras["front"]))
    head = measure(FlameSequence.load(tmp_path / "out" / "motion.npz"))["head_yaw_deg"]
    assert left == pytest.approx(40.0, abs=0.01)
    assert 10 <= -right < 40
    assert head.max() - right <= 61
    assert any("--orbit overrules" in note for note in listener.notes)
    assert result.frames == 2


def test_of_two_faces_the_larger_is_taken(
    photo: np.ndarray, motion_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = Image.fromarray(photo[:320, 64:384])
    both = np.full((440, 760, 3), 90, np.uint8)
    both[20:420, 20:420] = np.asarray(face.resize((400, 400)))
    both[40:340, 440:740] = np.asarray(face.resize((300, 300)))
    Image.fromarray(both).save(tmp_path / "two.png")
    words = ["--motion", str(motion_file), "--preset", "preview", "--size", "64", "--views", "1", "--json"]
    code = run(["animate", "--reference", str(tmp_path / "two.png"), *words, "--out", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert code == 0
    told = json.loads(captured.out)
    assert told["crop"][2] < 500
    assert any("2 faces" in warning for warning in told["warnings"])
    assert captured.err.startswith("warning: 2 faces")


def _no_face(path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((300, 300)).save(path, format="PNG")


def test_a_picture_without_a_face(
    motion_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _no_face(tmp_path / "noise.png")
    out = tmp_path / "out"
    words = ["animate", "--reference", str(tmp_path / "noise.png"), "--motion", str(motion_file)]
    assert run([*words, "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("error: no human face found: ")
    assert not out.exists()


def test_a_turntable_is_one_video_and_comes_back(
    photo_file: Path, motion_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.mp4"
    still = FlameSequence.neutral(9)
    still.save(tmp_path / "still.npz")
    words = ["--motion", str(tmp_path / "still.npz"), "--arc", "60", "--preset", "preview", "--size", "64"]
    assert run(["turntable", "--reference", str(photo_file), *words, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 9
    assert told["sha256"] == sha256_of_file(out)
    frames = _frames(out).astype(float)
    assert np.abs(frames[0] - frames[-1]).mean() < 2
    assert np.abs(frames[0] - frames[2]).mean() > 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["still.npz", "t.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing(photo_file: Path, tmp_path: Path, kind: signal.Signals) -> None:
    FlameSequence.neutral(2000).save(tmp_path / "long.npz")
    words = ["animate", "--reference", str(photo_file), "--motion", str(tmp_path / "long.npz")]
    words += ["--preset", "preview", "--size", "64", "--out", str(tmp_path / "new" / "out")]
    code = "from mvportrait.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background leaves SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("new/.out.work/*.mp4")) and time.monotonic() < deadline:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
        process.send_signal(kind)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert [line for line in said.splitlines() if line.startswith("error: interrupted")]
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.npz"]


def test_real_portraits(real_inputs: Path, motion_file: Path, tmp_path: Path) -> None:
    """Every human portrait is taken, the animal is refused."""
    from flame.errors import NoFaceError

    for file in sorted((real_inputs / "portraits").glob("*.jpg")):
        options = _options(file, motion_file, views="1", size=64)
        if file.name.startswith("not_human"):
            with pytest.raises(NoFaceError):
                animate(options, tmp_path / file.stem)
            assert not (tmp_path / file.stem).exists()
        else:
            assert animate(options, tmp_path / file.stem).frames == 8
