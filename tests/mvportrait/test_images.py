"""Pictures that strangers send: every kind is read as upright RGB, every bad one is refused in one line."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flame.errors import ImageError
from mvportrait.media.images import MAX_PIXELS, MIN_SIDE, read_picture


def _ramp(height: int = 80, width: int = 96) -> np.ndarray:
    """(H, W, 3) uint8: red grows downwards, green to the right."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 255 // height, columns * 255 // width, rows * 0 + 40], axis=-1).astype(np.uint8)


def write_giant_png(path: Path, side: int = 20_000) -> None:
    """A valid 1-bit PNG of side² pixels in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    compressor = zlib.compressobj(1)
    row = bytes(1 + (side + 7) // 8)
    body = b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    path.write_bytes(signature + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "CMYK", "1", "I;16", "F", "YCbCr"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(_ramp())
    if mode == "I;16":
        image = Image.fromarray(_ramp()[..., 0].astype(np.uint16) * 257)
    else:
        image = source.convert(mode)
    suffix = {"CMYK": "jpg", "YCbCr": "jpg", "F": "tiff"}.get(mode, "png")
    path = tmp_path / f"picture.{suffix}"
    image.save(path)
    picture = read_picture(path)
    assert picture.pixels.shape == (80, 96, 3)
    assert picture.pixels.dtype == np.uint8
    if mode in ("RGB", "RGBA", "CMYK", "YCbCr"):
        assert np.abs(picture.pixels.astype(int) - _ramp()).mean() < 4
    else:
        assert picture.pixels[40:].mean() > picture.pixels[:40].mean() + 10


def test_sixteen_bit_gray_keeps_its_range(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 80 * 96).reshape(80, 96).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    pixels = read_picture(tmp_path / "deep.png").pixels
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert np.abs(pixels[..., 0] - values / 257.0).max() < 1.0


def test_transparency_is_over_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (80, 80), (200, 0, 0, 0))
    image.save(tmp_path / "clear.png")
    assert (read_picture(tmp_path / "clear.png").pixels == 255).all()


def test_the_first_frame_of_an_animation_is_read(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (80, 80), (0, 0, 255)), Image.new("RGB", (80, 80), (0, 255, 0))
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    assert read_picture(tmp_path / "moving.gif").pixels[40, 40].tolist() == [0, 0, 255]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    image = Image.fromarray(_ramp())
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned a quarter: rotate clockwise to see it upright
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    pixels = read_picture(tmp_path / "turned.jpg").pixels
    assert pixels.shape == (96, 80, 3)
    assert np.abs(pixels.astype(int) - np.rot90(_ramp(), -1)).mean() < 4


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "picture.png"
    Image.fromarray(_ramp()).save(path)
    assert read_picture(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def _truncated(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, format="JPEG")
    path.write_bytes(path.read_bytes()[:4000])


def _broken_png(path: Path) -> None:
    Image.fromarray(_ramp()).save(path, format="PNG")
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(bytes(data))


def _tiny(path: Path) -> None:
    Image.new("RGB", (20, 20)).save(path, format="PNG")


BAD_PICTURES = {
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "text": (lambda path: path.write_text("this is not a picture"), "not a picture"),
    "truncated": (_truncated, "corrupt"),
    "broken png": (_broken_png, "corrupt"),
    "tiny": (_tiny, f"smaller than {MIN_SIDE}"),
    "giant": (write_giant_png, f"more than {MAX_PIXELS // 1_000_000} megapixels"),
    "missing": (lambda path: None, "not found"),
    "folder": (lambda path: path.mkdir(), "folder"),
    "postscript": (
        lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        "not a",
    ),
}


@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_bad_pictures_are_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    make, said = BAD_PICTURES[kind]
    path = tmp_path / "bad.jpg"
    make(path)
    with pytest.raises(ImageError) as caught:
        read_picture(path)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert "; " in message


def test_a_giant_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "giant.png"
    write_giant_png(path)
    tracemalloc.start()
    with pytest.raises(ImageError):
        read_picture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 2**20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="not a regular file"):
        read_picture(tmp_path / "pipe.png")


def test_random_damage_never_escapes_as_another_error(tmp_path: Path, rng: np.random.Generator) -> None:
    kinds = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff"}
    for kind, suffix in kinds.items():
        path = tmp_path / f"picture.{suffix}"
        Image.fromarray(_ramp()).save(path, format=kind)
        whole = path.read_bytes()
        for _ in range(25):
            data = bytearray(whole)
            for position in rng.integers(0, len(data), 8):
                data[position] = int(rng.integers(0, 256))
            path.write_bytes(bytes(data[: int(rng.integers(len(data) // 2, len(data) + 1))]))
            try:
                pixels = read_picture(path).pixels
            except ImageError:
                continue
            assert pixels.ndim == 3
