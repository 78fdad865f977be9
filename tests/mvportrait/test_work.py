"""Work that was interrupted is taken up, and the result is the same to the bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from flame.errors import ConfigError
from mvportrait.media.segments import SegmentedWriter, Stream, join_segments, segment_frames
from mvportrait.media.video import VideoWriter
from mvportrait.reporting import Reporter
from mvportrait.work import check_not_at_work, work_folder, work_path

ROOT = Path(__file__).resolve().parents[2]
FRAMES, FPS, SIDE = 23, 4.0, 48  # segments of 8 frames
KEY = {"--text": "smiles", "size": SIDE, "fps": FPS}


class Listener(Reporter):
    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def picture(index: int) -> np.ndarray:
    """Something with edges that moves."""
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = np.sin((x + 3 * index) / 5) * np.cos((y - index) / 7)
    return (np.stack([wave, -wave, wave * wave], axis=-1) * 120 + 127).astype(np.uint8)


def record(out: Path, *, stop: int = FRAMES, key: dict[str, object] | None = None, resume: bool = True,
           frames: int = FRAMES, listener: Reporter | None = None, pause: float = 0.0) -> list[int]:  # fmt: skip
    """Write two small videos into ``out``, interrupted before frame ``stop``; the frames that were made."""
    made = []
    streams = [Stream("a.mp4", SIDE, SIDE, {"comment": "a"}), Stream("b.mp4", SIDE, SIDE, {})]
    listener = listener or Reporter()
    with work_folder(out, key=KEY if key is None else key, resume=resume, reporter=listener) as work:
        with SegmentedWriter(work, streams, frames=frames, fps=FPS) as writer:
            for index in range(work.frames, frames):
                if index == stop:
                    raise KeyboardInterrupt
                if index in (0, 12):
                    writer.keep(f"kept_{index}.npy", picture(index))
                writer.write([picture(index), picture(index)[::-1].copy()])
                made.append(index)
                time.sleep(pause)
        out.mkdir()
        writer.join(out)
        np.save(out / "kept.npy", np.load(work.path / "kept_12.npy"))
    return made


def decoded(file: Path) -> np.ndarray:
    with av.open(str(file)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody interrupted."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert record(out) == list(range(FRAMES))
    return out


def test_an_uninterrupted_run_leaves_only_its_output(whole: Path) -> None:
    assert list(whole.parent.iterdir()) == [whole]
    assert sorted(path.name for path in whole.iterdir()) == ["a.mp4", "b.mp4", "kept.npy"]
    assert decoded(whole / "a.mp4").shape == (FRAMES, SIDE, SIDE, 3)
    assert (decoded(whole / "a.mp4")[:, 0] != decoded(whole / "b.mp4")[:, 0]).any()


@pytest.mark.parametrize("stop", [8, 9, 15, 16, 22])
def test_a_resumed_run_gives_the_same_files(whole: Path, tmp_path: Path, stop: int) -> None:
    out, listener = tmp_path / "deep" / "out", Listener()
    with pytest.raises(KeyboardInterrupt):
        record(out, stop=stop, listener=listener)
    assert not out.exists()
    assert f"{stop // 8 * 8} finished frames are kept" in listener.notes[-1]
    assert record(out) == list(range(stop // 8 * 8, FRAMES))
    for file in sorted(whole.iterdir()):
        assert (out / file.name).read_bytes() == file.read_bytes()
    assert list(out.parent.iterdir()) == [out]


def test_nothing_is_left_when_no_segment_was_finished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        record(tmp_path / "new" / "out", stop=7)
    assert list(tmp_path.iterdir()) == []


def test_without_resume_nothing_is_left_nor_used(tmp_path: Path) -> None:
    out, listener = tmp_path / "out", Listener()
    with pytest.raises(KeyboardInterrupt):
        record(out, stop=10)
    with pytest.raises(KeyboardInterrupt):
        record(out, stop=18, resume=False, listener=listener)
    assert "thrown away (--no-resume)" in listener.notes[0]
    assert list(tmp_path.iterdir()) == []


def test_another_option_starts_afresh_and_says_which(whole: Path, tmp_path: Path) -> None:
    out, listener = tmp_path / "out", Listener()
    with pytest.raises(KeyboardInterrupt):
        record(out, stop=10, key={**KEY, "--text": "frowns"})
    assert record(out, listener=listener) == list(range(FRAMES))
    assert listener.notes == ["unfinished work of an earlier run is thrown away, it had another --text"]
    assert (out / "a.mp4").read_bytes() == (whole / "a.mp4").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_killed_process_is_taken_up(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = "from tests.mvportrait.test_work import *; record(Path(sys.argv[1]), pause=0.05)"
    process = subprocess.Popen([sys.executable, "-c", code, str(out)], cwd=ROOT)
    journal = work_path(out) / "journal.jsonl"
    try:
        deadline = time.monotonic() + 60
        while not (journal.is_file() and len(journal.read_text().splitlines()) >= 2):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not out.exists()
    made = record(out)
    assert 0 < made[0] < FRAMES
    for file in sorted(whole.iterdir()):
        assert (out / file.name).read_bytes() == file.read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def _interrupted(out: Path) -> Path:
    with pytest.raises(KeyboardInterrupt):
        record(out, stop=20)
    return work_path(out) / "journal.jsonl"


def _lose_a_file(journal: Path) -> None:
    (journal.parent / "segment_00001_01.mp4").unlink()


def _cut_a_file(journal: Path) -> None:
    file = journal.parent / "segment_00001_00.mp4"
    file.write_bytes(file.read_bytes()[:-9])


def _tear_the_last_line(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-5])


def _point_elsewhere(journal: Path) -> None:
    lines = journal.read_text().splitlines()
    entry = json.loads(lines[2])
    entry["files"]["../mine.txt"] = 4
    journal.write_text("\n".join([*lines[:2], json.dumps(entry)]) + "\n")


@pytest.mark.parametrize("damage", [_lose_a_file, _cut_a_file, _tear_the_last_line, _point_elsewhere])
def test_only_whole_segments_are_taken_over(whole: Path, tmp_path: Path, damage: object) -> None:
    out = tmp_path / "out"
    (tmp_path / "mine.txt").write_text("mine")
    damage(_interrupted(out))  # type: ignore[operator]
    with pytest.raises(KeyboardInterrupt):  # twice: the repaired journal must be whole again
        record(out, stop=17)
    assert record(out)[0] == 16
    assert (out / "a.mp4").read_bytes() == (whole / "a.mp4").read_bytes()
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "nonsense", "[1]\n", '{"format": "other"}\n', '{"key": 5}\n'])
def test_a_strange_journal_is_thrown_away(tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    _interrupted(out).write_text(text)
    assert record(out)[0] == 0


def test_two_runs_do_not_share_an_output(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        work_folder(tmp_path / "out", key={}, resume=True, reporter=Reporter()),
        pytest.raises(ConfigError, match="another run is at work"),
    ):
        check_not_at_work(tmp_path / "out")
    check_not_at_work(tmp_path / "out")
    with (
        work_folder(tmp_path / "out", key={}, resume=True, reporter=Reporter()) as work,
        pytest.raises(ConfigError, match="another run is at work"),
        work_folder(tmp_path / "out", key={}, resume=True, reporter=Reporter()),
    ):
        pass
    assert not work.path.exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigError, match="cannot be written"),
        work_folder(tmp_path / "file" / "out", key={}, resume=True, reporter=Reporter()),
    ):
        pass


@pytest.mark.parametrize("fps", [25.0, 29.97, 12.5, 60.0, 1.0])
def test_joined_segments_run_on_evenly(tmp_path: Path, fps: float) -> None:
    length = segment_frames(fps)
    frames = 2 * length + 1
    parts = []
    for begin in range(0, frames, length):
        parts.append(tmp_path / f"{begin}.mp4")
        with VideoWriter(parts[-1], fps=fps, height=SIDE, width=SIDE) as writer:
            for index in range(begin, min(begin + length, frames)):
                writer.write(picture(index))
    joined = tmp_path / "joined.mp4"
    join_segments(parts, joined, frames=[length] * 3, fps=fps, tags={"comment": "hello"})
    with av.open(str(joined)) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == pytest.approx(fps, rel=1e-4)
        assert container.metadata["comment"] == "hello"
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx(np.arange(frames) / fps, abs=1e-4)
    assert (decoded(joined) == np.concatenate([decoded(part) for part in parts])).all()
    data = joined.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def _frames(count: int) -> Iterator[np.ndarray]:
    return (picture(index) for index in range(count))


def test_a_short_segment_is_still_a_video(tmp_path: Path) -> None:
    with work_folder(tmp_path / "o", key={}, resume=True, reporter=Reporter()) as work:
        with SegmentedWriter(work, [Stream("a.mp4", SIDE, SIDE, {})], frames=1, fps=25) as writer:
            for one in _frames(1):
                writer.write([one])
        writer.join(tmp_path)
    assert decoded(tmp_path / "a.mp4").shape == (1, SIDE, SIDE, 3)
