"""Work that survives a kill: a hidden folder beside the output, with a journal of what is finished.

The folder ``.NAME.work`` belongs to one output. Its journal says in the first line what the run was asked for
(the key) and in every further line which files of one segment are complete. A line is written after its files
are on the disk, so whatever moment a run is killed at, the journal is true; what it does not list is thrown
away. A run with the same key goes on after the last listed segment, one with another key starts afresh.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flame.errors import ConfigError, input_error
from mvportrait.outputs import made_parents, remove_empty
from mvportrait.reporting import Reporter

__all__ = ["WorkFolder", "check_not_at_work", "work_folder", "work_path"]

_JOURNAL, _LOCK = "journal.jsonl", "lock"
_FORMAT = "mvportrait-work"
_FORMAT_VERSION = 1


@dataclass
class WorkFolder:
    """Where segments are kept until the output is put together.

    Attributes:
        path: the folder.
        segments: files of every finished segment, in order.
        frames: frames in the finished segments.
    """

    path: Path
    segments: list[dict[str, int]] = field(default_factory=list)  # file name -> bytes
    frames: int = 0

    def finish_segment(self, files: Sequence[str], *, frames: int) -> None:
        """Count a segment as done: its files are brought to the disk, then the journal says so."""
        sizes = {name: _synced_size(self.path / name) for name in files}
        _append(self.path / _JOURNAL, {"frames": frames, "files": sizes})
        self.segments.append(sizes)
        self.frames += frames

    def begin(self, key: Mapping[str, Any]) -> None:
        """Throw away what is there and start a journal for ``key``."""
        self._clear(keep=set())
        self.segments, self.frames = [], 0
        _append(self.path / _JOURNAL, {"format": _FORMAT, "version": _FORMAT_VERSION, "key": dict(key)})

    def take_over(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Go on after those segments of a journal whose files are all there."""
        for entry in entries:
            files = entry["files"]
            if any(_size(self.path / name) != size for name, size in files.items()):
                break
            self.segments.append(dict(files))
            self.frames += int(entry["frames"])
        self._clear(keep={name for files in self.segments for name in files} | {_JOURNAL})

    def _clear(self, *, keep: set[str]) -> None:
        for file in self.path.iterdir():
            if file.name not in keep | {_LOCK}:
                file.unlink()


def work_path(target: Path) -> Path:
    """The hidden folder of an output: beside it, or in it where only the output itself can be written to."""
    target = target.absolute()
    beside = target.parent / f".{target.name}.work"
    closed = target.is_dir() and not os.access(target.parent, os.W_OK)
    return target / beside.name if closed else beside


def check_not_at_work(target: Path) -> None:
    """Fail early when another run is at work on an output.

    Raises:
        ConfigError: it is.
    """
    lock = work_path(target) / _LOCK
    if lock.exists():
        with lock.open("a") as file:
            _take_lock(file, target)


@contextmanager
def work_folder(
    target: Path, *, key: Mapping[str, Any], resume: bool, reporter: Reporter
) -> Iterator[WorkFolder]:
    """The work folder of an output, with what an unfinished run with the same key left in it.

    After success it is gone. After an error or an interruption it stays if ``resume`` is on and it holds a
    finished segment; otherwise it is gone, with every parent folder made for it.

    Args:
        target: the output, a file or a folder.
        key: everything that the frames depend on, as JSON values.
        resume: use and leave unfinished work.
        reporter: told when work is taken up, thrown away or left.

    Raises:
        ConfigError: another run is at work on the same output, or the folder cannot be written.
    """
    path = work_path(target)
    parents = made_parents(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        given = f"{target} ({error.strerror or error})"
        raise input_error(ConfigError, "output cannot be written", given, "give another --out") from error
    with (path / _LOCK).open("a") as lock:
        _take_lock(lock, target)
        work = WorkFolder(path)
        done = False
        try:
            as_stored = json.loads(json.dumps(dict(key), allow_nan=False))
            _open_journal(work, as_stored, resume=resume, reporter=reporter)
            yield work
            done = True
        finally:
            if not done and resume and work.frames:
                reporter.note(
                    f"{work.frames} finished frames are kept in {path}: the same command goes on from there, "
                    "with --no-resume it starts afresh"
                )
            else:
                shutil.rmtree(path, ignore_errors=True)
                if not done:
                    remove_empty(parents)


def _open_journal(work: WorkFolder, key: dict[str, Any], *, resume: bool, reporter: Reporter) -> None:
    entries = _read_journal(work.path / _JOURNAL)
    head = entries[0] if entries else None
    if head is None:
        work.begin(key)
        return
    known = head.get("format") == _FORMAT and head.get("version") == _FORMAT_VERSION
    earlier = head.get("key") if known else None
    if not resume:
        reporter.note("unfinished work of an earlier run is thrown away (--no-resume)")
    elif not isinstance(earlier, dict):
        reporter.note("unfinished work of another version is thrown away")
    elif earlier != key:
        names = [name for name in key if earlier.get(name) != key[name]]
        reporter.note(
            f"unfinished work of an earlier run is thrown away, it had another {', '.join(names) or 'purpose'}"
        )
    else:
        work.take_over(entries[1:])
        if work.frames:
            _rewrite(work)
            return
    work.begin(key)


def _rewrite(work: WorkFolder) -> None:
    """Cut the journal after the last segment that was taken over: a torn line must not swallow the next."""
    journal = work.path / _JOURNAL
    lines = journal.read_bytes().split(b"\n")[: 1 + len(work.segments)]
    with journal.open("wb") as file:
        file.write(b"\n".join(lines) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _read_journal(file: Path) -> list[dict[str, Any]]:
    """Whole lines of the journal, up to the first that is torn."""
    entries: list[dict[str, Any]] = []
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return entries
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            if entries:
                entry = {"frames": int(entry["frames"]), "files": _plain_names(entry["files"])}
        except (ValueError, KeyError, TypeError, AttributeError):
            break
        if not isinstance(entry, dict):
            break
        entries.append(entry)
    return entries


def _plain_names(files: Mapping[str, Any]) -> dict[str, int]:
    if any(Path(name).name != name for name in files):
        raise ValueError("not a file of this folder")
    return {name: int(size) for name, size in files.items()}


def _append(file: Path, entry: Mapping[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(entry, allow_nan=False) + "\n")
        journal.flush()
        os.fsync(journal.fileno())


def _synced_size(file: Path) -> int:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        return os.fstat(opened.fileno()).st_size


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _take_lock(lock: IO[str], target: Path) -> None:
    """Held until the file is closed, also by the death of the process."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system: two runs at once are the user's own care
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        rule = "another run is at work on this output"
        raise input_error(ConfigError, rule, target, "wait for it or give another --out") from error
