"""The typer application: which commands there are. Their bodies live in modules of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from mvportrait import __version__
from mvportrait.cli import (
    animate,
    assets,
    doctor,
    edit,
    evaluate,
    inspect,
    live,
    motion,
    render,
    train,
    turntable,
)

app = typer.Typer(
    name="mvportrait",
    help="A text prompt and one portrait become synchronized portrait videos from several views.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mvportrait {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks (may stand anywhere).")] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("animate")(animate.animate)
app.command("motion")(motion.motion)
app.command("render")(render.render)
app.command("turntable")(turntable.turntable)
app.command("live")(live.live)
app.command("inspect")(inspect.inspect)
app.add_typer(edit.app, name="edit")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(assets.app, name="assets")
app.command("doctor")(doctor.doctor)
