"""``mvportrait assets``: what is there, adding a licensed head, checking files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import print_json, print_line

app = typer.Typer(help="List, add or verify the files the product uses.")

Kind = Annotated[str, typer.Argument(metavar="KIND", help="flame: a licensed FLAME head.")]
Source = Annotated[Path, typer.Argument(metavar="PATH", help="The file, such as flame2023_Open.pkl.")]

Name = Annotated[str | None, typer.Option("--name", help="The head's name [the file's].")]


@app.command("list")
def list_(as_json: arguments.AsJson = False) -> None:
    """List bundled and added files."""
    from mvportrait.store import list_assets

    found = list_assets()
    if as_json:
        print_json([asdict(asset) for asset in found])
        return
    for asset in found:
        print_line(f"{asset.kind:<16} {asset.name:<24} {'bundled' if asset.bundled else asset.path}")


@app.command("add")
def add(kind: Kind, path: Source, name: Name = None) -> None:
    """Add a file that may not be shipped: `assets add flame path/to/flame2023_Open.pkl`."""
    from flame.errors import AssetError, input_error

    if kind != "flame":
        raise input_error(AssetError, "unknown kind of asset", kind, "only flame can be added")
    from mvportrait.store import add_flame

    asset = add_flame(path, name=name)
    print_line(f"added {asset.name}: {asset.path} (sha256 {asset.sha256[:16]}…)")


@app.command("verify")
def verify(as_json: arguments.AsJson = False) -> None:
    """Check every file against its checksum; exit code 1 if one is bad."""
    from mvportrait.store import verify_assets

    results = verify_assets()
    bad = any(problem for _, problem in results)
    if as_json:
        print_json([{**asdict(asset), "problem": problem} for asset, problem in results])
    else:
        for asset, problem in results:
            print_line(f"{'BAD' if problem else 'ok':<4} {asset.kind:<16} {asset.name} {problem}".rstrip())
    raise typer.Exit(1 if bad else 0)
