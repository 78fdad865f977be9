"""Motion files: one ``.npz`` of plain arrays, versioned, written whole or not at all.

Keys: ``format`` ("mvportrait-motion"), ``format_version`` (1), ``basis``, ``fps``, ``shape (S,)`` and the
per-frame arrays of :data:`flame.sequence.CHANNELS`. Nothing is unpickled. Sizes are read from the
headers and checked before anything is allocated, so that a small hostile file cannot fill memory.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from flame.errors import MotionFileError, MVPortraitError, input_error
from flame.sequence import CHANNELS, FlameSequence

FORMAT = "mvportrait-motion"
FORMAT_VERSION = 1
MAX_FRAMES = 2_000_000  # 22 hours at 25 fps
MAX_BYTES = 1 << 30
_MAX_TEXT = 200
_KEYS = ("format", "format_version", "basis", "fps", "shape", *(name for name, _ in CHANNELS))


def save_motion(sequence: FlameSequence, path: str | os.PathLike[str]) -> None:
    """Write a motion file atomically (a temporary file in the same folder, then a rename).

    Raises:
        MotionFileError: the place cannot be written to.
    """
    target = Path(path)
    arrays: dict[str, np.ndarray] = {
        "format": np.array(FORMAT),
        "format_version": np.array(FORMAT_VERSION, dtype=np.int64),
        "basis": np.array(sequence.basis),
        "fps": np.array(sequence.fps, dtype=np.float64),
        "shape": sequence.shape,
        **sequence.arrays(),
    }
    partial = None
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, **arrays)
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, target)
    except OSError as error:
        why = error.strerror or str(error)
        rule = "the motion file cannot be written"
        raise input_error(
            MotionFileError, rule, f"{target} ({why})", "choose a folder you may write to"
        ) from error
    finally:
        if partial is not None and os.path.exists(partial):
            os.unlink(partial)


def load_motion(path: str | os.PathLike[str]) -> FlameSequence:
    """Read and check a motion file.

    Raises:
        MotionFileError: missing, not an ``.npz``, of another version, incomplete, too large, or with
            arrays of a wrong type, shape or range.
    """
    source = Path(path)
    if not source.is_file():
        raise input_error(MotionFileError, "no such motion file", source, "check the path")
    try:
        with zipfile.ZipFile(source) as archive:
            values = _read_entries(archive, source)
    except MVPortraitError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        rule = "the file is not a readable .npz motion file"
        raise input_error(
            MotionFileError, rule, f"{source} ({error})", "make it again with `mvportrait motion`"
        ) from error
    fps = values.pop("fps")
    try:
        return FlameSequence(basis=str(values.pop("basis")), fps=float(fps), **values)
    except MVPortraitError as error:
        raise MotionFileError(f"{source.name}: {error}") from error


def _read_entries(archive: zipfile.ZipFile, source: Path) -> dict[str, np.ndarray]:
    """The arrays of a motion archive by key, without ``format`` and ``format_version``."""
    names = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if "format" not in names or "format_version" not in names:
        found = ", ".join(sorted(names)[:6]) or "an empty archive"
        raise input_error(
            MotionFileError,
            "not a motion file of this program",
            f"{source} with {found}",
            "give a file made by `mvportrait motion`",
        )
    if sum(info.file_size for info in names.values()) > MAX_BYTES:
        raise input_error(
            MotionFileError,
            f"motion files may unpack to {MAX_BYTES >> 20} MiB at most",
            source,
            "cut the motion",
        )
    if str(_read_entry(archive, names["format"])) != FORMAT:
        raise input_error(
            MotionFileError,
            "not a motion file of this program",
            source,
            "give a file made by `mvportrait motion`",
        )
    version = _read_entry(archive, names["format_version"])
    if version.size != 1 or version.dtype.kind not in "iu" or int(version) != FORMAT_VERSION:
        given = f"{source} has version {str(version)[:20]}"
        raise input_error(
            MotionFileError,
            f"only motion files of version {FORMAT_VERSION} can be read",
            given,
            "make it again",
        )
    missing = [key for key in _KEYS if key not in names]
    if missing:
        raise input_error(
            MotionFileError, f"the motion file lacks {', '.join(missing)}", source, "make it again"
        )
    extra = sorted(set(names) - set(_KEYS))
    if extra:
        raise input_error(
            MotionFileError, "the motion file has unknown entries", ", ".join(extra[:6]), "remove them"
        )
    return {key: _read_entry(archive, names[key]) for key in _KEYS[2:]}


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array; its header is checked against the entry's size before its data are read."""
    key = info.filename.removesuffix(".npy")
    with archive.open(info) as stream:
        shape, fortran, dtype = _read_header(stream)  # type: ignore[arg-type]
        kinds = "U" if key in ("format", "basis") else "fiu"
        if dtype.kind not in kinds or dtype.hasobject:
            expected = "text" if kinds == "U" else "numbers"
            raise input_error(
                MotionFileError, f"{key} must be {expected}", f"type {dtype}", "make the file again"
            )
        count = int(np.prod([int(n) for n in shape], dtype=object)) if shape else 1
        size = count * dtype.itemsize
        too_long = kinds == "U" and (shape or dtype.itemsize > 4 * _MAX_TEXT)
        if too_long or size > MAX_BYTES or size > info.file_size or (shape and shape[0] > MAX_FRAMES):
            raise input_error(
                MotionFileError, f"{key} has an impossible size", f"{shape} of {dtype}", "make the file again"
            )
        if key in ("fps", "format_version") and shape:
            raise input_error(
                MotionFileError, f"{key} must be one number", f"an array {shape}", "make the file again"
            )
        data = stream.read(size)
    if len(data) != size:
        raise input_error(
            MotionFileError, f"{key} is cut short", f"{len(data)} of {size} bytes", "make the file again"
        )
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError(f"array format {version} is not known")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
