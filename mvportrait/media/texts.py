"""Small text files of the user: scripts and transcripts. Size and encoding are checked before anything is parsed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flame.errors import ConfigError, InputError, PromptError, input_error

if TYPE_CHECKING:
    from text2motion.script import Script

__all__ = ["read_script", "read_text", "read_transcript"]

LARGEST_BYTES = 1 << 20


def read_script(path: Path) -> Script:
    """A script file (.yaml).

    Raises:
        PromptError: not there, too large, not text, or not a script.
    """
    from text2motion.script import Script

    text = read_text(path, kind=PromptError, what="script")
    return Script.from_yaml(text)


def read_transcript(given: str) -> str:
    """The words said: ``given`` itself, or what the text file of that name holds.

    Raises:
        ConfigError: empty, or a file that cannot be used.
    """
    looks_like_file = len(given) < 300 and "\n" not in given
    if looks_like_file and Path(given).suffix.lower() in (".txt", ".text"):
        given = read_text(Path(given), kind=ConfigError, what="transcript")
    words = " ".join(given.split())
    if not any(character.isalpha() for character in words):
        rule = "--transcript has no words"
        raise input_error(ConfigError, rule, repr(given[:40]), "give what is said, or a .txt file with it")
    return words


def read_text(path: Path, *, kind: type[InputError], what: str) -> str:
    """The text of a file, UTF-8, at most one MiB.

    Args:
        path: the file.
        kind: the error to raise.
        what: how the message calls it.
    """
    if not path.is_file():
        rule = f"{what} is a folder" if path.is_dir() else f"{what} not found"
        raise input_error(kind, rule, path, "give the path of a text file")
    if path.stat().st_size > LARGEST_BYTES:
        rule = f"{what} is larger than {LARGEST_BYTES >> 20} MiB"
        raise input_error(kind, rule, f"{path.stat().st_size} bytes", "give a shorter one")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise input_error(kind, f"{what} is not UTF-8 text", path, "save it as UTF-8") from error
