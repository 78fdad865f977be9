"""``evaluate video`` from the command line: a clip made from a photograph, a portrait driven by it, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flame.errors import ConfigError, ImageError
from mvportrait.cli import run
from mvportrait.evaluation import EvaluateOptions
from mvportrait.media.clips import open_clip
from mvportrait.media.video import VideoWriter
from mvportrait.score_tables import score_tables
from mvvideo.evaluation.scores import Scores

SIZE = 96


def write_clip(path: Path, frames: list[np.ndarray], fps: float = 25.0) -> Path:
    height, width = frames[0].shape[:2]
    with VideoWriter(path, fps=fps, height=height, width=width) as writer:
        for frame in frames:
            writer.write(np.ascontiguousarray(frame))
    return path


@pytest.fixture(scope="module")
def panned(photo: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photograph moving 2 pixels a frame to the left, 5 frames, then one frame without anybody."""
    wide = np.pad(photo[:256, 60:380], ((0, 0), (0, 16), (0, 0)), mode="edge")
    frames = [wide[:, 2 * t : 2 * t + 320] for t in range(5)]
    return write_clip(tmp_path_factory.mktemp("clips") / "panned.mp4", [*frames, np.full_like(frames[0], 90)])


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["evaluate", "video", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_self_reenactment_beats_the_still_photo(panned, tmp_path, capsys):
    out = tmp_path / "report"
    code, said, errors = result(
        capsys, str(panned), "--preset", "preview", "--size", str(SIZE), "--out", str(out), "--json"
    )
    assert code == 0, errors
    report = json.loads(said)
    rows = report["clips"]["panned"]
    assert list(rows) == ["real", "still photo", "appearance only"]
    still, moved = rows["still photo"], rows["appearance only"]
    assert moved["psnr_face"] > still["psnr_face"] + 2 and moved["ssim_face"] > still["ssim_face"]
    assert moved["lmd"] < 0.6 * still["lmd"]
    assert rows["real"]["faces"] == pytest.approx(100 * 5 / 6) and moved["faces"] == 100.0
    assert 0.8 < moved["sharpness"] < 1.2 and rows["real"]["sharpness"] == 1.0
    assert moved["consistency"] < 10 and "flicker" in moved and "flicker" not in still
    assert any("1 bridged" in note for note in report["notes"])
    assert set(report["absent"]) == {"lpips", "identity", "features", "videos"}
    assert "no face in 1 of 6 frames" in errors
    assert sorted(path.name for path in out.iterdir()) == ["panned.png", "scores.json"]
    assert json.loads((out / "scores.json").read_text())["clips"] == report["clips"]
    assert Image.open(out / "panned.png").width > 6 * SIZE


def test_cross_reenactment_by_a_motion_file(photo_file, motion_file, capsys):
    given = [str(motion_file), "--reference", str(photo_file), "--preset", "preview", "--size", str(SIZE)]
    code, said, errors = result(capsys, *given, "--seconds", "0.2")
    assert code == 0, errors
    table = said.splitlines()
    assert table[0] == motion_file.stem and "APD °↓" in said and "*" in said
    assert not any(line.startswith("real") for line in table)
    assert "not measured: identity (no --identity FILE)" in said


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a bad command line gets."""
    code, said, errors = result(capsys, *arguments, "--preset", "preview", "--size", str(SIZE))
    assert code == 2 and not said and errors.count("\n") == 1 and errors.startswith("error: ")
    return errors


def test_bad_clips_get_one_line(photo, tmp_path, capsys):
    empty_room = write_clip(tmp_path / "room.mp4", [np.full((128, 128, 3), 80, np.uint8)] * 3)
    assert "first frame" in refused(capsys, str(empty_room))
    single = write_clip(tmp_path / "one.mp4", [np.ascontiguousarray(photo[:256, 60:380])])
    assert "at least 2 frames" in refused(capsys, str(single))
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no video at all" * 100)
    assert "clip cannot be read" in refused(capsys, str(junk))
    assert "clip not found" in refused(capsys, str(tmp_path / "nothing.mp4"))
    assert "clip is a folder" in refused(capsys, str(tmp_path))
    assert "not a TorchScript network" in refused(capsys, str(empty_room), "--lpips", str(junk))
    assert "no held-out clips" in refused(capsys, "--shards", str(tmp_path))
    assert "nothing to evaluate" in refused(capsys)
    assert "unknown preset" in refused(capsys, str(empty_room), "--preset", "fastest")
    assert "--every" in refused(capsys, str(empty_room), "--every", "0")


def test_a_clip_whose_face_goes_away_is_refused(photo, tmp_path, capsys):
    shown = np.ascontiguousarray(photo[:256, 60:380])
    gone = write_clip(tmp_path / "gone.mp4", [shown, *[np.full_like(shown, 60)] * 14])
    assert "too few frames of the clip show the face" in refused(capsys, str(gone))


def test_options_are_checked():
    with pytest.raises(ConfigError, match="stands alone"):
        EvaluateOptions(clips=(Path("a.mp4"),), shards=Path("b")).check()
    with pytest.raises(ConfigError, match="--size"):
        EvaluateOptions(clips=(Path("a.mp4"),), size=100).check()
    assert EvaluateOptions(clips=(Path("a.mp4"),), reference="demo").protocol == "cross"
    assert EvaluateOptions(shards=Path("b")).as_json()["shards"] == "b"


def test_clips_are_read_frame_by_frame(tmp_path):
    frames = [np.full((64, 96, 3), 20 * t, np.uint8) for t in range(10)]
    clip = open_clip(write_clip(tmp_path / "grey.mp4", frames, fps=20.0), seconds=0.3)
    assert clip.fps == 20.0 and clip.count() == 6
    read = list(clip.frames())
    assert len(read) == 6 and read[0].shape == (64, 96, 3)
    assert [round(float(frame.mean())) for frame in read] == pytest.approx([20 * t for t in range(6)], abs=2)
    whole = (tmp_path / "grey.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(ImageError):
        open_clip(tmp_path / "cut.mp4")


def test_tables_fit_the_terminal():
    scores = Scores("self", notes=["a note"])
    for clip in ("a", "b"):
        scores.add(
            clip,
            {
                "real": {"flicker": 0.5},
                "still photo": {"psnr": 20.0, "lmd": 2.0, "own": 1.0},
                "fast": {"psnr": 25.0, "lmd": 1.0, "flicker": 0.4},
            },
        )
    lines = list(score_tables(scores, width=44))
    assert max(map(len, lines)) <= 44
    assert "mean of all clips" in lines and lines[-1] == "note: a note"
    assert any("25.00*" in line for line in lines) and not any("20.00*" in line for line in lines)
