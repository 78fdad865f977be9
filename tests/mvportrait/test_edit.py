"""``mvportrait edit`` and ``motion --takes``: motion files in, motion files out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flame.sequence import FlameSequence
from mvportrait.cli import run


@pytest.fixture(scope="module")
def motion(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("edit") / "m.npz"
    assert run(["motion", "--text", "turns left and smiles", "--seconds", "2", "--out", str(file), "-q"]) == 0
    return file


def edited(motion: Path, folder: Path, *arguments: str) -> FlameSequence:
    out = folder / "out.npz"
    assert run(["edit", arguments[0], str(motion), *arguments[1:], "--out", str(out), "-q"]) == 0
    return FlameSequence.load(out)


def test_frames_outside_a_span_stay(motion: Path, tmp_path: Path) -> None:
    before = FlameSequence.load(motion)
    after = edited(motion, tmp_path, "between", "--free", "0.8-1.4", "--text", "nods")
    np.testing.assert_allclose(after.neck[:20], before.neck[:20], atol=1e-6)
    np.testing.assert_allclose(after.neck[35:], before.neck[35:], atol=1e-6)
    assert np.abs(after.neck[20:35] - before.neck[20:35]).max() > 1e-3


def test_poses_are_kept(motion: Path, tmp_path: Path) -> None:
    before = FlameSequence.load(motion)
    after = edited(motion, tmp_path, "keyframes", "--at", "0", "--at", "1.6", "--seconds", "3")
    assert after.frames == 75
    np.testing.assert_allclose(after.neck[40], before.neck[40], atol=1e-5)


def test_lengths_and_sides(motion: Path, tmp_path: Path) -> None:
    before = FlameSequence.load(motion)
    assert edited(motion, tmp_path, "extend", "-s", "1", "--text", "nods").frames == 75
    assert edited(motion, tmp_path, "stretch", "-f", "0.5").frames == 25
    mirrored = edited(motion, tmp_path, "mirror")
    np.testing.assert_allclose(mirrored.neck[:, 1], -before.neck[:, 1], atol=1e-6)
    looped = edited(motion, tmp_path, "loop")
    step = np.abs(looped.neck[-1] - looped.neck[0]).max()
    assert step < 0.5 * np.abs(before.neck[-1] - before.neck[0]).max()
    larger = edited(motion, tmp_path, "exaggerate", "-f", "1.3")
    assert np.abs(larger.neck).max() > 1.1 * np.abs(before.neck).max()


def test_head_and_face_apart(motion: Path, tmp_path: Path) -> None:
    before = FlameSequence.load(motion)
    face = edited(motion, tmp_path, "face", "--text", "looks angry")
    np.testing.assert_allclose(face.neck, before.neck, atol=1e-6)
    assert np.abs(face.expression - before.expression).max() > 0.1
    head = edited(motion, tmp_path, "head", "--text", "turns right")
    np.testing.assert_allclose(head.jaw, before.jaw, atol=1e-6)
    assert np.abs(head.neck - before.neck).max() > 0.05


def test_takes_differ(tmp_path: Path) -> None:
    out = tmp_path / "t.npz"
    arguments = ["motion", "--text", "nods", "--seconds", "1", "--takes", "2", "--out", str(out), "-q"]
    assert run(arguments) == 0
    first, second = (FlameSequence.load(tmp_path / f"t_{take:02d}.npz") for take in range(2))
    assert np.abs(first.neck - second.neck).max() > 1e-3
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["between", "--free", "2-1"], "--free is START-END in seconds: 2-1"),
        (["between", "--free", "0-99"], "no frame is left to keep"),
        (["keyframes", "--at", "77"], "--at must lie in the motion: 77 s of 2 s"),
        (["stretch", "-f", "100"], "factor must be between 0.25 and 4"),
        (["exaggerate", "-f", "-1"], "factor must be between 0 and 3"),
        (["face", "--text", " "], "the prompt is empty"),
    ],
)
def test_wrong_input_is_one_line(
    motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    out = tmp_path / "o.npz"
    assert run(["edit", arguments[0], str(motion), *arguments[1:], "--out", str(out)]) == 2
    line = capsys.readouterr().err
    assert line.startswith("error: ")
    assert said in line
    assert not out.exists()
