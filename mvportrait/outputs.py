"""Outputs that appear whole or not at all.

Everything is written into a hidden folder beside the target and renamed into place at the end. After an error
or Ctrl-C the hidden folder is removed, with every parent folder that was made for it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flame.errors import ConfigError, input_error

__all__ = [
    "check_output_file",
    "check_output_folder",
    "made_parents",
    "output_file",
    "output_folder",
    "remove_empty",
]

MANIFEST = "manifest.json"


def check_output_folder(folder: Path) -> None:
    """Fail early when ``folder`` can not be made or written to; leaves no trace.

    Raises:
        ConfigError: a file is in the way, or writing is not allowed.
    """
    if folder.exists() and not folder.is_dir():
        raise input_error(ConfigError, "output folder is a file", folder, "give another --out")
    with _staging(folder):
        pass


def check_output_file(file: Path, *, suffix: str) -> None:
    """Fail early when ``file`` can not be written; leaves no trace.

    Raises:
        ConfigError: wrong suffix, a folder is in the way, or writing is not allowed.
    """
    if file.suffix.lower() != suffix:
        raise input_error(ConfigError, f"output file must end in {suffix}", file, f"give --out NAME{suffix}")
    if file.is_dir():
        raise input_error(ConfigError, "output file is a folder", file, "give another --out")
    with _staging(file):
        pass


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to write into; on success its files appear in ``folder`` at once.

    A folder that exists keeps the files that are not ours: only files of the same name are replaced, and
    those that an earlier run listed in its manifest and this one did not make are removed.
    """
    with _staging(folder) as staged:
        yield staged
        if not folder.exists():
            os.replace(staged, folder)
            return
        made = sorted(staged.iterdir(), key=lambda file: file.name == MANIFEST)  # the manifest comes last
        stale = _earlier_outputs(folder) - {file.name for file in made}
        for file in made:
            os.replace(file, folder / file.name)
        for name in stale:
            (folder / name).unlink(missing_ok=True)


@contextmanager
def output_file(file: Path) -> Iterator[Path]:
    """Yield a path to write to (same name, hidden folder); on success the file replaces ``file``."""
    with _staging(file) as staged:
        yield staged / file.name
        os.replace(staged / file.name, file)


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A hidden folder on the target's file system, gone afterwards along with parents made for it."""
    parents = made_parents(target)
    staged: Path | None = None
    done = False
    try:
        try:
            staged = _make_hidden_folder(target)
        except OSError as error:
            given = f"{target} ({error.strerror or error})"
            raise input_error(ConfigError, "output cannot be written", given, "give another --out") from error
        yield staged
        done = target.exists()
    finally:
        if staged is not None:
            shutil.rmtree(staged, ignore_errors=True)
        if not done:
            remove_empty(parents)


def _make_hidden_folder(target: Path) -> Path:
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}.partial-"
    try:
        staged = Path(tempfile.mkdtemp(prefix=prefix, dir=target.absolute().parent))
    except PermissionError:
        if not target.is_dir():
            raise
        staged = Path(tempfile.mkdtemp(prefix=prefix, dir=target))  # the parent is closed, the folder open
    os.chmod(staged, 0o777 & ~_umask())  # mkdtemp makes private folders; this one becomes the output
    return staged


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def made_parents(target: Path) -> list[Path]:
    """The parent folders that writing ``target`` will have to make, innermost first."""
    return [parent for parent in target.absolute().parents if not parent.exists()]


def remove_empty(folders: list[Path]) -> None:
    """Take back :func:`made_parents`, as far as they are empty."""
    for folder in folders:  # innermost first
        try:
            folder.rmdir()
        except OSError:
            return


def _earlier_outputs(folder: Path) -> set[str]:
    """Names of the files that the manifest of an earlier run lists; plain names only."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        names = set(manifest["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {
        name
        for name in names
        if isinstance(name, str) and Path(name).name == name and name not in (".", "..")
    }
