"""An animation that was interrupted is taken up, and equals the one that was not; the full frame goes with it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mvportrait import AnimateOptions, TurntableOptions, animate, turntable
from mvportrait.media.images import read_picture
from mvportrait.portraits import PreparedPortrait, prepare_portrait
from mvportrait.reporting import Reporter
from mvvideo.pipeline import VideoModel

SIZE = 64


class Listener(Reporter):
    """Keeps notes too."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def prepared(photo_file: Path) -> PreparedPortrait:
    picture = read_picture(str(photo_file))
    return prepare_portrait([picture], size=SIZE, full_frame=True, reporter=Reporter())


@pytest.fixture(autouse=True)
def _quick(prepared: PreparedPortrait, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portrait is prepared once; segments have two frames."""

    def ready(*given: object, full_frame: bool = False, **options: object) -> PreparedPortrait:
        return PreparedPortrait(prepared.portrait, SIZE, prepared.full_size if full_frame else 0)

    monkeypatch.setattr("mvportrait.pipeline.prepare_portrait", ready)
    module = importlib.import_module("mvportrait.turntable")  # the package shows the function of that name
    monkeypatch.setattr(module, "prepare_portrait", ready)
    monkeypatch.setattr("mvportrait.media.segments.SEGMENT_SECONDS", 0.08)


def _interrupt_after(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    original = VideoModel.generate_shots

    def some(self: VideoModel, *given: Any, **options: Any) -> Iterator[list[np.ndarray]]:
        done = 0
        for groups in original(self, *given, **options):
            for index in range(len(groups[0])):
                if done == frames:
                    raise KeyboardInterrupt
                yield [group[index : index + 1] for group in groups]
                done += 1

    monkeypatch.setattr(VideoModel, "generate_shots", some)


def _options(photo_file: Path, motion_file: Path, **changes: Any) -> AnimateOptions:
    given = {"reference": str(photo_file), "motion": motion_file, "preset": "preview", "size": SIZE}
    return AnimateOptions(**{**given, **changes})


def _frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_an_interrupted_animation_is_taken_up(
    photo_file: Path, motion_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _options(photo_file, motion_file, full_frame=True)
    whole = animate(options, tmp_path / "whole")
    with monkeypatch.context() as patched:
        _interrupt_after(5, patched)
        listener = Listener()
        with pytest.raises(KeyboardInterrupt):
            animate(options, tmp_path / "out", reporter=listener)
    assert any("4 finished frames are kept" in note for note in listener.notes)
    assert not (tmp_path / "out").exists()
    listener = Listener()
    resumed = animate(options, tmp_path / "out", reporter=listener)
    assert "an interrupted run is taken up at frame 4 of 8" in listener.notes
    assert resumed.manifest["taken_up_at_frame"] == 4
    assert whole.manifest["taken_up_at_frame"] == 0
    made = sorted(whole.manifest["outputs"])
    assert "full_frame.mp4" in made
    for name in made:
        if name.endswith(".npz"):
            continue  # a zip with the time of writing
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_other_options_start_afresh(
    photo_file: Path, motion_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _interrupt_after(3, patched)
        with pytest.raises(KeyboardInterrupt):
            animate(_options(photo_file, motion_file), tmp_path / "out")
    listener = Listener()
    result = animate(_options(photo_file, motion_file, seed=3), tmp_path / "out", reporter=listener)
    assert any("thrown away, it had another --seed" in note for note in listener.notes)
    assert result.manifest["taken_up_at_frame"] == 0


def test_without_resume_an_interruption_leaves_nothing(
    photo_file: Path, motion_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupt_after(5, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        animate(_options(photo_file, motion_file, resume=False), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_turntable_is_taken_up(
    photo_file: Path, motion_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = TurntableOptions(reference=str(photo_file), motion=motion_file, preset="preview", size=SIZE)
    turntable(options, tmp_path / "whole.mp4")
    with monkeypatch.context() as patched:
        _interrupt_after(7, patched)
        with pytest.raises(KeyboardInterrupt):
            turntable(options, tmp_path / "out.mp4")
    listener = Listener()
    turntable(options, tmp_path / "out.mp4", reporter=listener)
    assert "an interrupted run is taken up at frame 6 of 8" in listener.notes
    assert (_frames(tmp_path / "out.mp4") == _frames(tmp_path / "whole.mp4")).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "whole.mp4"]


def test_the_full_frame_is_the_photo_around_the_animated_crop(
    photo_file: Path, photo: np.ndarray, motion_file: Path, tmp_path: Path, prepared: PreparedPortrait
) -> None:
    result = animate(_options(photo_file, motion_file, full_frame=True), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())["full_frame"]
    assert told == {"file": "full_frame.mp4", "height": 512, "width": 512}
    frames = _frames(tmp_path / "out" / "full_frame.mp4").astype(float)
    assert frames.shape == (8, *photo.shape)
    x0, y0, x1, y1 = result.manifest["crop"]
    outside = np.ones(photo.shape[:2], bool)
    outside[max(y0, 0) : y1, max(x0, 0) : x1] = False
    assert outside.any()
    assert np.abs(frames - photo)[:, outside].mean() < 4  # what the encoder makes of grain
    assert 10 * np.log10(255**2 / np.mean((frames[0] - photo) ** 2)) > 30
    assert np.abs(frames[6] - photo)[~outside].mean() > 3  # and it moves
    assert prepared.portrait.size >= x1 - x0 - 16  # drawn with the photo's own detail
