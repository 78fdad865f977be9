"""``mvportrait doctor``: one line per thing this machine needs."""

from __future__ import annotations

import typer

from mvportrait.cli import arguments
from mvportrait.cli.console import print_json, print_line


def doctor(as_json: arguments.AsJson = False) -> None:
    """Check Python, system libraries, packages, models and GPU; exit code 1 if something is missing."""
    from mvportrait.doctor import examine

    checks = examine()
    ready = all(check.status != "missing" for check in checks)
    if as_json:
        print_json({"ready": ready, "checks": [check.as_json() for check in checks]})
    else:
        for check in checks:
            print_line(f"{check.status:<9} {check.name:<17} {check.detail}")
    raise typer.Exit(0 if ready else 1)
