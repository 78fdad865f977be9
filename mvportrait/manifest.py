"""``manifest.json``: what was made, from what, by what, and how long it took."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mvportrait import __version__

__all__ = ["sha256_of_arrays", "sha256_of_file", "versions", "write_manifest"]

FORMAT = "mvportrait-manifest"
FORMAT_VERSION = 1
_REPORTED_PACKAGES = ("numpy", "torch", "mediapipe", "diffusers", "transformers", "av", "numba")


def sha256_of_file(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_of_arrays(arrays: Iterable[Any]) -> str:
    """Hex digest of numbers: arrays or scalars, their shapes and types included."""
    digest = hashlib.sha256()
    for array in map(np.asarray, arrays):
        digest.update(f"{array.shape} {array.dtype};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Version of this package, of Python and of the packages that can change a result."""
    found = {"mvportrait": __version__, "python": platform.python_version()}
    for name in _REPORTED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_manifest(
    folder: Path,
    *,
    command: str,
    options: Mapping[str, Any],
    seed: int,
    inputs: Mapping[str, Mapping[str, str]],
    crop: list[int] | None,
    timings_seconds: Mapping[str, float],
    provenance: Mapping[str, object],
    warnings: list[str],
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Hash every file of ``folder`` and write its ``manifest.json``.

    Args:
        folder: the finished (staged) output folder.
        inputs: name → {"path", "sha256"}.
        crop: the square [x0, y0, x1, y1] of the photo, in its pixels, that the frames show.
        timings_seconds: stage → seconds.
        extra: further entries, such as the views.

    Returns:
        The manifest as written.
    """
    outputs = {
        file.name: {"sha256": sha256_of_file(file), "bytes": file.stat().st_size}
        for file in sorted(folder.iterdir())
    }
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "command": command,
        "versions": versions(),
        "seed": seed,
        "options": dict(options),
        "inputs": {name: dict(entry) for name, entry in inputs.items()},
        "crop": crop,
        **(extra or {}),
        "outputs": outputs,
        "timings_seconds": {name: round(value, 3) for name, value in timings_seconds.items()},
        "provenance": dict(provenance),
        "warnings": warnings,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest
