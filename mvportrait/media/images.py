"""Reading a picture that a user (or a stranger) gave.

Every limit is checked before the work that it protects from: the file's size before it is read, the pixel
count from the header before anything is decoded.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import ImageError, input_error

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MAX_FILE_BYTES", "MAX_PIXELS", "MIN_SIDE", "Picture", "demo_portrait_path", "read_picture"]

MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_PIXELS = 50_000_000  # 50 megapixels: more than any phone's default, 150 MB decoded
MIN_SIDE = 64

# Formats that Pillow decodes by itself. The list keeps out those that start other programs (EPS).
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF", "MPO")
# What Pillow's decoders raise on broken files, as seen with truncated and bit-flipped inputs.
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    struct.error,
    zlib.error,
)
_SUPPORTED = "give a JPEG, PNG, WebP, BMP, TIFF or GIF picture"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture and where it came from.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, upright (EXIF orientation applied), transparency over white.
        path: the file.
        sha256: hex digest of the file's bytes.
    """

    pixels: np.ndarray
    path: Path
    sha256: str

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


def demo_portrait_path() -> Path:
    """The bundled portrait: a synthetic person, rendered by this project."""
    folder = Path(__file__).resolve().parent.parent / "assets"
    for name in ("demo_portrait.png", "demo_portrait.jpg"):
        if (folder / name).is_file():
            return folder / name
    raise input_error(ImageError, "the bundled demo portrait is missing", folder, "install the package again")


def read_picture(path: str | os.PathLike[str]) -> Picture:
    """Read a picture as upright 8-bit RGB.

    Args:
        path: a JPEG, PNG, WebP, BMP, TIFF, GIF (first frame) file: colour, grey, CMYK, palette, with or
            without transparency, 8 or 16 bits; or the word ``demo`` for the bundled portrait.

    Returns:
        The picture; (H, W, 3) uint8, both sides at least ``MIN_SIDE``.

    Raises:
        ImageError: not there, not a file, empty, not a picture, broken, too large or too small.
    """
    file = demo_portrait_path() if str(path) == "demo" else Path(path)
    data = _read_bytes(file)
    pixels = _decode(data, file)
    return Picture(pixels=pixels, path=file, sha256=hashlib.sha256(data).hexdigest())


def _read_bytes(file: Path) -> bytes:
    try:
        status = file.stat()
    except (OSError, ValueError) as error:
        raise input_error(ImageError, "picture not found", file, "check the path") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise input_error(ImageError, f"picture is {kind}", file, "give the path of a picture file")
    if status.st_size == 0:
        raise input_error(ImageError, "picture file is empty (0 bytes)", file, _SUPPORTED)
    if status.st_size > MAX_FILE_BYTES:
        given = f"{file} has {status.st_size / 2**20:.0f} MB"
        rule = f"picture file is larger than {MAX_FILE_BYTES // 2**20} MB"
        raise input_error(ImageError, rule, given, "save a smaller copy")
    try:
        return file.read_bytes()
    except OSError as error:
        raise input_error(
            ImageError, "picture cannot be read", f"{file} ({error.strerror})", "check its permissions"
        ) from error


def _decode(data: bytes, file: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata; size limits are ours
            with Image.open(io.BytesIO(data), formats=formats) as image:
                _check_size(image.size, file)
                return _to_rgb(image)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))  # Pillow says how many before it gives up
        raise _too_large(file, f"{pixels[0] if pixels else 'too many'} pixels") from error
    except UnidentifiedImageError as error:
        raise input_error(ImageError, "file is not a picture of a known format", file, _SUPPORTED) from error
    except _DECODE_ERRORS as error:
        raise input_error(
            ImageError, "picture is corrupt", f"{file} ({error})", "save it again or give another one"
        ) from error


def _check_size(size: tuple[int, int], file: Path) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_large(file, f"{width}x{height} pixels")
    if min(width, height) < MIN_SIDE:
        rule = f"picture is smaller than {MIN_SIDE} pixels on a side"
        raise input_error(ImageError, rule, f"{file} has {width}x{height} pixels", "give a larger picture")


def _too_large(file: Path, given: str) -> ImageError:
    rule = f"picture has more than {MAX_PIXELS // 1_000_000} megapixels"
    return input_error(ImageError, rule, f"{file}: {given}", "scale it down or crop it around the face")


def _to_rgb(image: Image.Image) -> np.ndarray:
    """First frame → upright (H, W, 3) uint8."""
    from PIL import Image, ImageOps

    image.load()
    upright = ImageOps.exif_transpose(image) or image
    if upright.mode.startswith("I") or upright.mode == "F":
        return _from_deep_gray(np.asarray(upright))
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, (255, 255, 255, 255))
        upright = Image.alpha_composite(white, upright)
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"), dtype=np.uint8))


def _from_deep_gray(values: np.ndarray) -> np.ndarray:
    """16- or 32-bit or float grey (H, W) → (H, W, 3) uint8, by the range of its type, or of its values."""
    values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max(initial=0.0))
    full_scale = next((scale for scale in (1.0, 255.0, 65535.0) if highest <= scale), highest)
    gray = np.clip(values / full_scale * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.repeat(gray[:, :, None], 3, axis=2)
