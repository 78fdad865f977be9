"""The user's own assets: files that this package may not carry, such as licensed FLAME heads.

They live in ``$MVPORTRAIT_HOME`` (default: the user's data folder), with an index of their SHA-256 sums.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flame.errors import AssetError, input_error
from mvportrait.manifest import sha256_of_file

if TYPE_CHECKING:
    from flame.head import FlameHead

__all__ = ["Asset", "add_flame", "bundled_assets", "head_of_basis", "home", "list_assets", "verify_assets"]

_INDEX = "assets.json"
_LANDMARK_FILES = ("flame_static_embedding.pkl", "flame_dynamic_embedding.npy")
_ROOT = Path(__file__).resolve().parent.parent
_BUNDLED = {
    "head": ("flame/data", ".npz"),
    "text model": ("text2motion/weights", ".safetensors"),
    "speech model": ("driving/speech/weights", ".safetensors"),
    "video model": ("mvvideo/weights", ".safetensors"),
    "portrait": ("mvportrait/assets", ".png"),
    "portrait (jpeg)": ("mvportrait/assets", ".jpg"),
}


@dataclass(frozen=True)
class Asset:
    """One file the product uses.

    Attributes:
        name: how commands call it.
        kind: "flame" for a licensed head, else what it is.
        path: the file.
        sha256: hex digest when it was added; "" for bundled files, whose packages check their own.
        bundled: came with the package.
    """

    name: str
    kind: str
    path: str
    sha256: str
    bundled: bool


def home() -> Path:
    """The folder of the user's assets; not created here."""
    chosen = os.environ.get("MVPORTRAIT_HOME")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mvportrait"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "mvportrait"


def bundled_assets() -> list[Asset]:
    """The files that came with the package."""
    found = []
    for kind, (folder, suffix) in _BUNDLED.items():
        for file in sorted((_ROOT / folder).glob(f"*{suffix}")):
            found.append(Asset(name=file.stem, kind=kind, path=str(file), sha256="", bundled=True))
    return found


def list_assets() -> list[Asset]:
    """Bundled assets, then the user's.

    Raises:
        AssetError: the index of the user's assets is broken.
    """
    return bundled_assets() + _read_index()


def add_flame(source: Path, *, name: str | None = None) -> Asset:
    """Check a licensed FLAME file by loading it, and keep it as a head file.

    FLAME's own landmark embeddings are taken along if they lie beside it; without them motions of that head
    can be rendered, but not converted to another head.

    Args:
        source: a FLAME 2019, 2020, 2023 or 2023-Open pickle.
        name: the head's name, the ``basis`` of motions made for it; None: the file's name in lower case.

    Returns:
        The asset.

    Raises:
        HeadFileError: not a FLAME file, or a pickle that holds anything else.
        AssetError: the file is missing, or the asset folder cannot be written.
    """
    if not source.is_file():
        raise input_error(AssetError, "FLAME file not found", source, "give the path of the .pkl file")
    from flame import licensed

    chosen = re.sub(r"[^a-z0-9_-]+", "_", (source.stem if name is None else name).lower())
    try:
        embedding = None
        if all((source.parent / file).is_file() for file in _LANDMARK_FILES):
            embedding = licensed.read_embedding(*(source.parent / file for file in _LANDMARK_FILES))
        target = licensed.add_flame(source, home(), name=chosen, embedding=embedding)
        asset = Asset(chosen, "flame", str(target), sha256_of_file(target), bundled=False)
        _write_index([*(known for known in _read_index() if known.name != asset.name), asset])
    except OSError as error:
        given = f"{home()} ({error.strerror})"
        raise input_error(
            AssetError, "asset folder cannot be written", given, "set MVPORTRAIT_HOME"
        ) from error
    return asset


def head_of_basis(basis: str) -> FlameHead:
    """The head that a motion's basis names: the embedded one, or one the user has added.

    Raises:
        AssetError: no head of that name is known.
    """
    from flame.head import load_head

    if basis == "open":
        return load_head("open")
    heads = {asset.name: asset.path for asset in _read_index() if asset.kind == "flame"}
    if basis not in heads:
        known = ", ".join(["open", *heads])
        raise input_error(
            AssetError,
            "no head for the motion's basis",
            basis,
            f"known: {known}; mvportrait assets add flame FILE",
        )
    return load_head(heads[basis])


def verify_assets() -> list[tuple[Asset, str]]:
    """Every asset with what is wrong with it ("" for nothing)."""
    return [(asset, _problem(asset)) for asset in list_assets()]


def _problem(asset: Asset) -> str:
    file = Path(asset.path)
    if not file.is_file():
        return "missing"
    if file.stat().st_size == 0:
        return "empty"
    if asset.sha256 and sha256_of_file(file) != asset.sha256:
        return "changed since it was added"
    if asset.bundled:
        return _bundled_problem(file)
    return ""


def _bundled_problem(file: Path) -> str:
    """Bundled weights carry their sums beside them: ``SHA256SUMS``, or a ``sha256`` in ``<name>.json``."""
    expected = _expected_sum(file)
    if expected and expected != sha256_of_file(file):
        return "does not match its checksum; install the package again"
    return ""


def _expected_sum(file: Path) -> str:
    listing = file.parent / "SHA256SUMS"
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition(" ")
            if name.strip().lstrip("*") == file.name:
                return digest
    card = file.with_suffix(".json")
    if card.is_file():
        try:
            entry = json.loads(card.read_text(encoding="utf-8"))
        except ValueError:
            return ""
        digest = entry.get("sha256", "") if isinstance(entry, dict) else ""
        return digest if isinstance(digest, str) else ""
    return ""


def _read_index() -> list[Asset]:
    file = home() / _INDEX
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return []
    try:
        return [Asset(**entry) for entry in json.loads(text)["assets"]]
    except (ValueError, KeyError, TypeError) as error:
        raise input_error(
            AssetError, "asset index is broken", file, "remove it and add the assets again"
        ) from error


def _write_index(assets: list[Asset]) -> None:
    file = home() / _INDEX
    text = json.dumps({"assets": [asdict(asset) for asset in assets]}, indent=2)
    partial = file.with_name(f".{_INDEX}.partial")
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, file)
