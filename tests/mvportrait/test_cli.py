"""The command line keeps its contracts: exit codes, one-line errors, JSON, quick help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mvportrait.cli import run
from mvportrait.cli.arguments import spread_references

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (
    "head_yaw_deg",
    "head_pitch_deg",
    "head_roll_deg",
    "gaze_yaw_deg",
    "gaze_pitch_deg",
    "mouth_open",
    "lip_gap_mm",
    "smile",
    "frown",
    "brow_raise",
    "brow_lower",
    "eye_open_left",
    "eye_open_right",
    "pucker",
    "cheek_puff",
)


def _process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    code = "from mvportrait.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **options)  # type: ignore[call-overload]


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run, expect exit code 2 and exactly one error line; return it."""
    assert run(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert ": " in lines[0][7:]
    assert "; " in lines[0]
    return lines[0]


def _child_seconds() -> float:
    """Processor time of finished child processes: unlike the clock, not the machine's other work."""
    used = os.times()
    return used.children_user + used.children_system


@pytest.mark.skipif(os.name != "posix", reason="counts the processor time of children")
def test_help_answers_quickly() -> None:
    best = 9.0
    for _ in range(3):
        start = _child_seconds()
        done = _process("--help")
        best = min(best, _child_seconds() - start)
        assert done.returncode == 0
    for command in ("animate", "motion", "render", "turntable", "inspect", "train", "assets", "doctor"):
        assert command in done.stdout
    assert best < 0.8


def test_help_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["animate"],
        ["turntable"],
        ["motion"],
        ["render"],
        ["inspect"],
        ["doctor"],
        ["train", "video"],
    ):
        assert run([*words, "--help"]) == 0
        assert "Usage" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == "mvportrait 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["animate"], "Missing option '--reference'"),
        (["animate", "--reference", "demo"], "Missing option '--out'"),
        (["animate", "--nonsense"], "No such option: --nonsense"),
        (["nonsense"], "No such command 'nonsense'"),
        (["animate", "--reference", "demo", "--seconds", "soon", "--out", "o"], "soon"),
        (["animate", "--reference", "demo", "--size=big", "--out", "o"], "big"),
        (["train"], "Missing command"),
        (["assets", "add", "flame"], "Missing argument"),
        (["assets", "add", "smpl", "x.pkl"], "unknown kind of asset: smpl"),
        (["assets", "add", "flame", "missing.pkl"], "FLAME file not found"),
        (["train", "motion", "--config", "missing.yaml"], "configuration file not found"),
        (["inspect", "missing.npz"], "no such motion file"),
        (["render", "missing.npz", "--out", "o"], "no such motion file"),
        (["render", "missing.npz", "--out", "o", "--buffers", ","], "empty name"),
        (["motion", "--text", " ", "--out", "m.npz"], "prompt is empty"),
        (["motion", "--text", "smiles", "--out", "m.txt"], "must end in .npz"),
    ],
)
def test_wrong_input_is_one_line_and_two(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in _refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "spread"),
    [
        ("animate --reference a.jpg --out o", "animate --reference a.jpg --out o"),
        ("animate -r a.jpg b.jpg c.jpg --out o", "animate -r a.jpg -r b.jpg -r c.jpg --out o"),
        ("animate --reference=a.jpg b.jpg -o o", "animate --reference=a.jpg --reference b.jpg -o o"),
        ("animate -r a.jpg -o o -r b.jpg c.jpg", "animate -r a.jpg -o o -r b.jpg -r c.jpg"),
        ("animate -o o --quiet x -r", "animate -o o --quiet x -r"),
    ],
)
def test_several_references_may_follow_one_option(words: str, spread: str) -> None:
    assert spread_references(words.split()) == spread.split()


def test_several_references_reach_the_run(
    capsys: pytest.CaptureFixture[str], motion_file: Path, tmp_path: Path, photo_file: Path
) -> None:
    for command, out in (("animate", "o"), ("turntable", "o.mp4")):
        words = [command, "--reference", str(photo_file), str(tmp_path / "missing.png")]
        words += ["--motion", str(motion_file), "--out", str(tmp_path / out)]
        assert "picture not found" in _refused(capsys, *words)
        assert "missing.png" in _refused(capsys, *words)
        twice = [command, "--reference", str(photo_file), str(photo_file), *words[4:]]
        assert "names a photo twice" in _refused(capsys, *twice)
    assert list(tmp_path.iterdir()) == []


def test_progress_in_a_log_says_how_long_it_will_take(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mvportrait.cli import console

    clock = iter([0.0, 10.0, 40.0, 50.0, 100.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    with console.ConsoleReporter().track("frames", 500, done=100) as advance:
        for _ in range(4):
            advance(50)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["frames: 200 of 500, about 2 min left", "frames: 300 of 500, about 2 min left"]
    with console.ConsoleReporter(quiet=True).track("frames", 500) as advance:
        advance(50)
    assert capsys.readouterr().err == ""


def test_debug_shows_the_error_itself(tmp_path: Path) -> None:
    from flame.errors import MotionFileError

    with pytest.raises(MotionFileError):
        run(["inspect", str(tmp_path / "missing.npz"), "--debug"])


def test_an_unexpected_failure_is_one_line_and_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a bug\nof ours")

    monkeypatch.setattr("mvportrait.doctor.examine", broken)
    assert run(["doctor"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "error: unexpected failure: ZeroDivisionError: a bug of ours; run again with --debug and report it"
    ]


def test_ctrl_c_is_one_line_and_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mvportrait.doctor.examine", interrupted)
    assert run(["doctor"]) == 1
    assert capsys.readouterr().err.startswith("error: interrupted: ")


def test_inspect_json_is_the_contract(
    capsys: pytest.CaptureFixture[str], motion_file: Path, tmp_path: Path
) -> None:
    plot = tmp_path / "plot.png"
    assert run(["inspect", str(motion_file), "--json", "--plot", str(plot)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["fps", "frames", "duration_seconds", "basis", "signals"]
    assert (told["fps"], told["frames"], told["duration_seconds"], told["basis"]) == (25.0, 8, 0.32, "open")
    assert tuple(told["signals"]) == SIGNALS
    assert all(len(values) == 8 for values in told["signals"].values())
    assert told["signals"]["head_yaw_deg"][-1] == pytest.approx(20.0, abs=1.0)
    assert told["signals"]["smile"][0] < 0.05
    assert told["signals"]["smile"][-1] > 0.4
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_inspect_table(capsys: pytest.CaptureFixture[str], motion_file: Path) -> None:
    assert run(["inspect", str(motion_file)]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in SIGNALS)


def _damaged(motion_file: Path, path: Path, **changes: np.ndarray) -> Path:
    with np.load(motion_file) as arrays:
        np.savez(path, **{**dict(arrays), **changes})
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"neck": np.full((8, 3), np.nan, np.float32)}, "neck"),
        ({"jaw": np.full((8, 3), np.inf, np.float32)}, "jaw"),
        ({"format_version": np.array(99)}, "version"),
        ({"format": np.array("something else")}, "not a motion file"),
        ({"expression": np.zeros((7, 49), np.float32)}, ""),
        ({"neck": np.array([{"a": 1}], dtype=object)}, ""),
    ],
)
def test_bad_motion_files(
    capsys: pytest.CaptureFixture[str],
    motion_file: Path,
    photo_file: Path,
    tmp_path: Path,
    changes: dict[str, np.ndarray],
    said: str,
) -> None:
    bad = _damaged(motion_file, tmp_path / "bad.npz", **changes)
    assert said in _refused(capsys, "inspect", str(bad))
    out = tmp_path / "out"
    words = ["animate", "--reference", str(photo_file), "--motion", str(bad), "--out", str(out)]
    assert said in _refused(capsys, *words)
    assert not out.exists()


def test_render_writes_every_buffer_and_view(
    capsys: pytest.CaptureFixture[str], motion_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "renders"
    words = ["--views", "front,left", "--buffers", "shaded,normals,regions", "--size", "64", "--json"]
    assert run(["render", str(motion_file), *words, "--out", str(out)]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    videos = [f"view_0{i}_{view}_{buffer}.mp4" for i, view in enumerate(("front", "left"))
              for buffer in ("shaded", "normals_camera", "regions")]  # fmt: skip
    assert set(files) == {*videos, "grid.mp4", "contact_sheet.png", "motion.npz", "cameras.json"}
    assert sorted(path.name for path in out.iterdir()) == sorted([*files, "manifest.json"])
    assert "no such buffer" in _refused(
        capsys, "render", str(motion_file), "--buffers", "x", "--out", str(out)
    )
    assert "no view of that name" in _refused(
        capsys, "render", str(motion_file), "--views", "x", "--out", str(out)
    )


def test_doctor_says_one_line_per_thing(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 9
    assert all(line.split()[0] in ("ok", "missing", "optional") for line in lines)
    assert code == (1 if any(line.startswith("missing") for line in lines) else 0)
    assert run(["doctor", "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is (code == 0)
    assert {check["name"] for check in told["checks"]} >= {
        "python",
        "system libraries",
        "torch",
        "cuda",
        "models",
    }


def test_doctor_names_the_package_of_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import mvportrait.doctor as doctor

    if not sys.platform.startswith("linux"):
        pytest.skip("names Debian packages")
    monkeypatch.setattr(doctor, "_loads", lambda library: False)
    (check,) = doctor._system_libraries()
    assert check.status == "missing"
    assert "apt install libgl1 libglib2.0-0" in check.detail


def test_a_closed_pipe_is_no_traceback() -> None:
    code = "from mvportrait.cli import main; main()"
    command = f'{sys.executable} -c "{code}" assets list --json | true'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "Traceback" not in done.stderr
