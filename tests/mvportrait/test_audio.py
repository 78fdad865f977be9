"""Sound in: any container, checked. Sound out: under the picture, in sync."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from flame.errors import AudioError, ConfigError
from mvportrait.media.audio import AudioClip, has_audio, lay_under, open_audio
from mvportrait.media.clips import open_clip
from mvportrait.media.texts import read_transcript
from mvportrait.media.video import VideoWriter

FORMATS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "m4a": "aac", "ogg": "libopus"}
CODEC_DELAY_SECONDS = 0.06


def click(rate: int, *, seconds: float = 2.0, at: float = 1.0, channels: int = 1) -> np.ndarray:
    """(C, N) silence with 20 ms of a tone at ``at``."""
    samples = np.zeros((channels, round(seconds * rate)), np.float32)
    begin, length = round(at * rate), round(0.02 * rate)
    samples[:, begin : begin + length] = 0.8 * np.sin(2 * np.pi * 600 * np.arange(length) / rate)
    return samples


def write(path: Path, samples: np.ndarray, rate: int, *, codec: str, form: str | None = None) -> Path:
    """Encode (C, N) float samples."""
    layout = "mono" if len(samples) == 1 else "stereo"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def loudest_at(samples: np.ndarray, rate: int) -> float:
    return float(np.abs(samples).argmax()) / rate


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    rate = 48_000
    file = write(tmp_path / f"a.{suffix}", click(rate, channels=2), rate, codec=FORMATS[suffix])
    clip = open_audio(file)
    samples = clip.read()
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert clip.seconds == pytest.approx(2.0, abs=0.1)
    assert loudest_at(samples, 16_000) == pytest.approx(1.0, abs=CODEC_DELAY_SECONDS)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_rate_keeps_the_time(tmp_path: Path, rate: int, channels: int) -> None:
    file = write(tmp_path / "a.wav", click(rate, channels=channels), rate, codec="pcm_f32le")
    clip = open_audio(file, start_seconds=0.5, seconds=1.0)
    assert (clip.sample_rate, clip.channels) == (rate, channels)
    samples = clip.read()
    assert len(samples) == 16_000
    assert loudest_at(samples, 16_000) == pytest.approx(0.5, abs=0.025)


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    wrong = write(tmp_path / "a.mp3", click(16_000), 16_000, codec="pcm_s16le", form="wav")
    assert open_audio(wrong).seconds == pytest.approx(2.0)


def test_silence_is_known(tmp_path: Path) -> None:
    silent = write(tmp_path / "s.wav", np.zeros((1, 8000), np.float32), 8_000, codec="pcm_s16le")
    assert open_audio(silent).is_silent()
    assert not open_audio(write(tmp_path / "a.wav", click(8_000), 8_000, codec="pcm_s16le")).is_silent()


def bad_file(folder: Path, kind: str) -> Path:
    path = folder / "bad.wav"
    if kind == "text":
        path.write_text("this is not sound " * 100)
    elif kind == "torn":
        write(path, click(16_000), 16_000, codec="flac", form="flac")
        path.write_bytes(path.read_bytes()[:20])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "nan":
        write(path, np.full((1, 1600), np.nan, np.float32), 16_000, codec="pcm_f32le")
    elif kind == "huge samples":
        write(path, np.full((1, 1600), 1e9, np.float32), 16_000, codec="pcm_f32le")
    elif kind == "picture":
        with VideoWriter(folder / "v.mp4", fps=25, height=32, width=32) as video:
            video.write(np.zeros((32, 32, 3), np.uint8))
        return folder / "v.mp4"
    elif kind == "folder":
        return folder
    return path if kind != "missing" else folder / "missing.wav"


BAD = ["text", "torn", "empty", "nan", "huge samples", "picture", "folder", "missing"]


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_line(tmp_path: Path, kind: str) -> None:
    with pytest.raises(AudioError) as caught:
        open_audio(bad_file(tmp_path, kind)).read()
    assert "\n" not in str(caught.value)
    assert "; " in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_start_after_the_end_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", click(8_000), 8_000, codec="pcm_s16le")
    with pytest.raises(AudioError, match="--start is after the end of the audio"):
        open_audio(file, start_seconds=5.0)


def test_hours_of_sound_want_a_part_named(tmp_path: Path) -> None:
    hour = np.zeros((1, 3600 * 400), np.float32)
    file = write(tmp_path / "a.wav", hour, 400, codec="pcm_u8")
    with pytest.raises(AudioError, match="longer than 600 seconds"):
        open_audio(file)
    assert open_audio(file, start_seconds=1000.0, seconds=5.0).seconds == 5.0


def silent_video(path: Path, *, frames: int, fps: float, white: int) -> Path:
    with VideoWriter(path, fps=fps, height=32, width=32, tags={"comment": "kept"}) as video:
        for index in range(frames):
            video.write(np.full((32, 32, 3), 255 if index == white else 0, np.uint8))
    return path


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_sound_lies_under_the_picture_in_sync(tmp_path: Path, rate: int) -> None:
    picture = silent_video(tmp_path / "p.mp4", frames=75, fps=25.0, white=25)
    sound = write(tmp_path / "a.wav", click(rate, seconds=5.0, channels=2), rate, codec="pcm_s16le")
    both = tmp_path / "b.mp4"
    lay_under(picture, open_audio(sound), both, seconds=3.0)
    heard = loudest_at(open_audio(both).read(), 16_000)
    with av.open(str(both)) as container:
        lengths = {s.type: float(s.duration * s.time_base) for s in container.streams}
        codec = container.streams.audio[0].codec_context.name
        assert container.metadata["comment"] == "kept"
        shown = next(f.time for f in container.decode(video=0) if f.to_ndarray(format="gray").mean() > 99)
    assert codec == "aac"
    assert heard == pytest.approx(shown, abs=0.04)  # one frame
    assert lengths["audio"] == pytest.approx(lengths["video"], abs=0.1)


def test_has_audio(tmp_path: Path) -> None:
    assert not has_audio(silent_video(tmp_path / "p.mp4", frames=1, fps=25.0, white=0))
    assert not has_audio(tmp_path / "missing.mp4")
    assert has_audio(write(tmp_path / "a.wav", click(8_000), 8_000, codec="pcm_s16le"))


def test_long_sound_is_read_in_pieces(tmp_path: Path) -> None:
    """What is laid under a video is never held whole."""
    file = write(tmp_path / "a.wav", np.zeros((1, 60 * 16_000), np.float32), 16_000, codec="pcm_s16le")
    clip = AudioClip(file, 0.0, 60.0, 16_000, 1)
    sizes = [piece.shape[1] for piece in clip._pieces(16_000, "mono")]
    assert sum(sizes) == 60 * 16_000
    assert max(sizes) < 16_000


def test_frames_come_with_their_times(tmp_path: Path) -> None:
    file = silent_video(tmp_path / "p.mp4", frames=50, fps=25.0, white=30)
    clip = open_clip(file, seconds=0.4)
    shown = list(clip.timed_frames(start_seconds=1.0))
    assert [seconds for _, seconds in shown] == pytest.approx(np.arange(10) / 25.0)
    assert [bool(image.mean() > 99) for image, _ in shown].index(True) == 5


def test_transcripts(tmp_path: Path) -> None:
    file = tmp_path / "said.txt"
    file.write_text("\ufeffTo be,\n or not", encoding="utf-8")
    assert read_transcript(str(file)) == "To be, or not"
    assert read_transcript("to  be") == "to be"
    with pytest.raises(ConfigError, match="no words"):
        read_transcript("123 ...")
    with pytest.raises(ConfigError, match="transcript not found"):
        read_transcript(str(tmp_path / "none.txt"))
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_transcript(str(tmp_path / "latin.txt"))
