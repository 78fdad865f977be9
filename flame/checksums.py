"""Checking files that a package ships against the sums beside them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flame.errors import AssetError, input_error

__all__ = ["check_listed_sum"]


def check_listed_sum(path: Path) -> None:
    """Compare a shipped file with its folder's list of SHA-256 sums (``SHA256SUMS``).

    Raises:
        AssetError: the file or the list is missing, or the file is not the one that is listed.
    """
    sums = path.parent / "SHA256SUMS"
    if not path.is_file() or not sums.is_file():
        raise input_error(AssetError, "weights of the package are missing", path, "reinstall the package")
    lines = [line.split(maxsplit=1) for line in sums.read_text(encoding="ascii").splitlines() if line]
    expected = {name: value for value, name in lines}
    if expected.get(path.name) != hashlib.sha256(path.read_bytes()).hexdigest():
        raise input_error(AssetError, "weights of the package are altered", path, "reinstall the package")
