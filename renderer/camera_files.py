"""Camera files: JSON (readable) and npz (compact), versioned, and read as if a stranger had written them.

JSON::

    {"format": "mvportrait.cameras", "version": 1, "height": 512, "width": 512, "near": 0.05, "far": 20.0,
     "views": [{"name": "front", "focal_px": 1450.0, "principal_px": [256.0, 256.0],
                "world_to_camera": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -0.9], [0, 0, 0, 1]]}]}

npz holds the same under ``format, version, height, width, near, far, names, focal_px, principal_px,
world_to_camera``, without pickles.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import CameraError, input_error
from renderer.cameras import MAX_CAMERAS, Cameras

__all__ = ["FORMAT", "VERSION", "load_cameras", "save_cameras"]

FORMAT = "mvportrait.cameras"
VERSION = 1
_MAX_BYTES = 32 << 20  # 100,000 cameras in JSON are about 30 MB
_TOP_KEYS = {"format", "version", "height", "width", "near", "far", "views"}
_VIEW_KEYS = {"name", "focal_px", "principal_px", "world_to_camera"}
_ARRAY_KEYS = ("names", "focal_px", "principal_px", "world_to_camera")
_NPZ_KEYS = (_TOP_KEYS - {"views"}) | set(_ARRAY_KEYS)


def save_cameras(cameras: Cameras, path: str | os.PathLike[str]) -> None:
    """Write ``cameras`` to a ``.json`` or ``.npz`` file; it appears whole or not at all.

    Raises:
        CameraError: another suffix, or a folder that cannot be written.
    """
    target = Path(path)
    head: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "height": cameras.height,
        "width": cameras.width,
        "near": cameras.near,
        "far": cameras.far,
    }
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if _suffix(target) == ".json":
            views = [
                {
                    "name": name,
                    "focal_px": float(focal),
                    "principal_px": principal.tolist(),
                    "world_to_camera": matrix.tolist(),
                }
                for name, focal, principal, matrix in zip(
                    cameras.names, cameras.focal_px, cameras.principal_px, cameras.world_to_camera
                )
            ]
            partial.write_text(json.dumps({**head, "views": views}, indent=1), encoding="utf-8")
        else:
            with open(partial, "wb") as stream:
                np.savez_compressed(
                    stream,
                    **head,
                    names=np.array(cameras.names),
                    focal_px=cameras.focal_px,
                    principal_px=cameras.principal_px,
                    world_to_camera=cameras.world_to_camera,
                )
        os.replace(partial, target)
    except OSError as error:
        raise input_error(
            CameraError,
            "the camera file cannot be written",
            f"{target} ({error.strerror})",
            "choose a folder that exists and is writable",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def load_cameras(path: str | os.PathLike[str]) -> Cameras:
    """Read a ``.json`` or ``.npz`` camera file.

    Raises:
        CameraError: no such file, too large, not of this format or version, keys missing or unknown, or
            numbers that are no cameras.
    """
    source = Path(path)
    suffix = _suffix(source)
    try:
        size = source.stat().st_size
        if not source.is_file():
            raise input_error(
                CameraError, "the camera file is not a file", source, "give a .json or .npz file"
            )
        if size > _MAX_BYTES:
            raise input_error(
                CameraError,
                "the camera file is too large",
                f"{source} ({size} bytes)",
                f"the limit is {_MAX_BYTES} bytes",
            )
        data = _read_json(source) if suffix == ".json" else _read_npz(source)
    except OSError as error:
        raise input_error(
            CameraError, "the camera file cannot be read", f"{source} ({error.strerror})", "check the path"
        ) from error
    try:
        return Cameras(**data)
    except CameraError as error:
        raise CameraError(f"{source.name}: {error}") from error


def _read_json(source: Path) -> dict[str, Any]:
    try:
        content = json.loads(source.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise input_error(
            CameraError,
            "the camera file is not JSON",
            f"{source} ({type(error).__name__})",
            "check how it was written",
        ) from error
    _check_header(content, source, _TOP_KEYS)
    views = content["views"]
    if not isinstance(views, list) or not 1 <= len(views) <= MAX_CAMERAS:
        raise input_error(CameraError, "views must be a list of cameras", source, "give at least one")
    for i, view in enumerate(views):
        if not isinstance(view, dict) or set(view) != _VIEW_KEYS:
            raise input_error(
                CameraError,
                f"view {i} must have exactly the keys {sorted(_VIEW_KEYS)}",
                sorted(view) if isinstance(view, dict) else type(view).__name__,
                "correct the file",
            )
    arrays = {key: [view[key] for view in views] for key in _VIEW_KEYS - {"name"}}
    return {**_sizes(content, source), **arrays, "names": tuple(view["name"] for view in views)}


def _read_npz(source: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(source) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MAX_BYTES:  # a few kilobytes may claim to be many gigabytes
            raise input_error(
                CameraError,
                "the camera file unpacks to too much",
                f"{source} ({unpacked} bytes)",
                f"the limit is {_MAX_BYTES} bytes",
            )
        with np.load(source, allow_pickle=False) as archive:
            content: dict[str, Any] = {key: archive[key] for key in archive.files if key in _NPZ_KEYS}
            unknown = set(archive.files) - _NPZ_KEYS
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, NotImplementedError) as error:
        if isinstance(error, CameraError):
            raise
        raise input_error(
            CameraError,
            "the camera file is not an npz of plain arrays",
            f"{source} ({type(error).__name__})",
            "write it with save_cameras",
        ) from error
    for key in _TOP_KEYS - {"views"}:
        if key in content:
            if content[key].ndim:
                raise input_error(
                    CameraError,
                    f"{key} must be a single value",
                    content[key].shape,
                    "write the file with save_cameras",
                )
            content[key] = content[key].item()
    _check_header({**content, **dict.fromkeys(unknown)}, source, _NPZ_KEYS)
    if content["names"].ndim != 1 or content["names"].dtype.kind != "U":
        raise input_error(
            CameraError,
            "names must be a list of texts",
            content["names"].dtype,
            "write the file with save_cameras",
        )
    arrays = {key: content[key] for key in _ARRAY_KEYS[1:]}
    return {**_sizes(content, source), **arrays, "names": tuple(content["names"].tolist())}


def _check_header(content: Any, source: Path, keys: set[str]) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise input_error(
            CameraError,
            f"this is no camera file (format is not {FORMAT})",
            source,
            "give a file written by save_cameras",
        )
    if content.get("version") != VERSION:
        raise input_error(
            CameraError,
            f"camera files of version {VERSION} are read",
            content.get("version"),
            "write it again with this version",
        )
    if set(content) != keys:
        raise input_error(
            CameraError,
            "keys are missing or unknown",
            sorted(set(content) ^ keys),
            f"a camera file has exactly {', '.join(sorted(keys))}",
        )


def _sizes(content: dict[str, Any], source: Path) -> dict[str, Any]:
    for key in ("height", "width"):
        if isinstance(content[key], bool) or not isinstance(content[key], int):
            raise input_error(
                CameraError, f"{key} must be a whole number", repr(content[key]), f"correct {source}"
            )
    for key in ("near", "far"):
        if isinstance(content[key], bool) or not isinstance(content[key], (int, float)):
            raise input_error(CameraError, f"{key} must be a number", repr(content[key]), f"correct {source}")
    return {key: content[key] for key in ("height", "width", "near", "far")}


def _no_constant(name: str) -> float:
    raise input_error(CameraError, "camera files hold finite numbers", name, "correct the file")


def _suffix(path: Path) -> str:
    if path.suffix.lower() not in (".json", ".npz"):
        raise input_error(
            CameraError, "camera files end in .json or .npz", path.name or path, "rename the file"
        )
    return path.suffix.lower()
