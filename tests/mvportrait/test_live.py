"""Live preview: a file played like a camera drives the head, is shown, and its latency is measured."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

from flame.errors import ConfigError, ImageError, NoFaceError
from mvportrait.cli import run
from mvportrait.live import LiveOptions, run_live
from mvportrait.live.displays import BrowserPage, open_display
from mvportrait.live.sources import LiveFrame, LiveSource, open_source
from mvportrait.media.clips import open_clip
from mvportrait.media.video import VideoWriter


def nodding(path: Path, *, frames: int, face: bool) -> Path:
    """A video at 5 frames a second of a real face that moves up and down, or of a grey wall."""
    skimage_data = pytest.importorskip("skimage.data")
    photo = cv2.resize(skimage_data.astronaut()[:320, 60:380], (256, 256), interpolation=cv2.INTER_AREA)
    with VideoWriter(path, fps=5, height=256, width=256) as video:
        for index in range(frames):
            shift = np.float32([[1, 0, 0], [0, 1, 3 * index]])
            moved = cv2.warpAffine(photo, shift, (256, 256), borderMode=cv2.BORDER_REPLICATE)
            video.write(moved if face else np.full((256, 256, 3), 128, np.uint8))
    return path


def test_a_file_drives_the_head_and_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = nodding(tmp_path / "face.mp4", frames=8, face=True)
    out = tmp_path / "seen.mp4"
    command = ["live", str(clip), "--show", "none", "--size", "64", "--out", str(out), "--json"]
    assert run(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["without_face"] == 0
    assert 1 + report["shown"] + report["dropped"] == 8
    assert report["preparation_ms"] > 0
    if report["shown"]:
        assert set(report["latency"]) == {"follow", "head", "total"}
    pictures = list(open_clip(out).frames())
    assert len(pictures) == 1 + report["shown"]
    assert pictures[0].shape == (64, 128, 3)
    assert pictures[0][:, :64].std() > 10
    assert pictures[0][:, 64:].std() > 10


def test_a_wall_is_no_face(tmp_path: Path) -> None:
    clip = nodding(tmp_path / "wall.mp4", frames=3, face=False)
    out = tmp_path / "seen.mp4"
    with pytest.raises(NoFaceError, match="no face was seen"):
        run_live(LiveOptions(source=str(clip), size=64, show="none", out=out))
    assert list(tmp_path.iterdir()) == [clip]


def test_late_frames_are_dropped_and_counted() -> None:
    import time

    def frames():
        now = time.perf_counter()
        for index in range(5):
            yield LiveFrame(
                np.zeros((2, 2, 3), np.uint8), 0.1 * index, now - (10.0 if index in (1, 2) else 0.0)
            )

    source = LiveSource(frames(), fps=1.0)
    assert len(list(source)) == 3
    assert source.dropped == 2


def test_the_page_shows_the_newest_picture() -> None:
    page = BrowserPage()
    stop = threading.Event()

    def keep_showing() -> None:
        while not stop.wait(0.02):
            page.show(np.full((32, 48, 3), 200, np.uint8))

    shower = threading.Thread(target=keep_showing)
    shower.start()
    try:
        assert page.address.startswith("http://127.0.0.1:")
        html = urllib.request.urlopen(page.address, timeout=10).read().decode()
        assert "/stream" in html
        assert "synthetic" in html
        with urllib.request.urlopen(page.address + "stream", timeout=10) as stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += stream.read(1)
            length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            jpeg = cv2.imdecode(np.frombuffer(stream.read(length), np.uint8), cv2.IMREAD_COLOR)
        assert jpeg.shape == (32, 48, 3)
        assert abs(float(jpeg.mean()) - 200) < 3
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(page.address + "etc/passwd", timeout=10)
    finally:
        stop.set()
        shower.join()
        page.close()


def test_a_taken_port_is_said() -> None:
    page = BrowserPage()
    try:
        with pytest.raises(ConfigError, match="the port is taken"):
            BrowserPage(int(page.address.rsplit(":", 1)[1].strip("/")))
    finally:
        page.close()


def test_no_desktop_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ConfigError, match="no window can be opened here"):
        open_display("window", port=0, announce=lambda text: None)


@pytest.mark.parametrize(
    "options, said",
    [
        (LiveOptions(show="hologram"), "--show is window, browser or none"),
        (LiveOptions(port=99_999), "--port must be between 0 and 65535"),
        (LiveOptions(size=33), "--size"),
        (LiveOptions(seconds=-1.0), "--seconds"),
        (LiveOptions(strength="nose=1"), "--strength is REGION=FACTOR"),
        (LiveOptions(out=Path("x.avi")), ".mp4"),
    ],
)
def test_bad_options_say_why(options: LiveOptions, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run_live(options)
    assert said in str(caught.value)


def test_no_such_camera_or_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="clip not found"):
        open_source(str(tmp_path / "none.mp4"))
    with pytest.raises(ImageError, match="no such camera"):
        open_source("87")
