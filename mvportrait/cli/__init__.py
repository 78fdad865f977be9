"""The ``mvportrait`` command: one typer application, one place where errors become exit codes.

Exit codes: 0 done, 1 failed, 2 wrong input. An error is one line on stderr::

    error: <what is wrong>: <what was given>; <what to do>

``--debug``, anywhere on the line, shows the traceback instead. After an error or Ctrl-C nothing is left but, of a
run that can be taken up again, its hidden work folder.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

__all__ = ["main", "run"]

# Progress and banners of libraries; ours is the only progress a user should see. Nothing is ever downloaded.
_QUIET_LIBRARIES = {
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_OFFLINE": "1",
    "GLOG_minloglevel": "3",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def main() -> NoReturn:
    """Entry point of the console script."""
    debug = "--debug" in sys.argv[1:]
    for name, value in _QUIET_LIBRARIES.items():
        os.environ.setdefault(name, value)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if not debug:
        _divert_native_chatter()
    code = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its exit code.

    With ``--debug`` among the arguments, errors are raised instead of being shortened to a line.
    """
    rest = [argument for argument in arguments if argument != "--debug"]
    debug = len(rest) < len(arguments)
    try:
        return _dispatch(rest, debug=debug)
    except KeyboardInterrupt:
        if debug:
            raise
        return _fail("interrupted: by the keyboard or a signal; nothing was written, run it again", 1)
    except BrokenPipeError:
        # The reader of our stdout went away (`mvportrait … | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the one border where any failure becomes a line
        if debug:
            raise
        return _report(error)


def _dispatch(arguments: list[str], *, debug: bool) -> int:
    import typer

    from mvportrait.cli.app import app
    from mvportrait.cli.arguments import spread_references

    if arguments and arguments[0] in ("animate", "turntable"):  # they take nothing but options
        arguments = spread_references(arguments)
    if not debug:
        import warnings

        warnings.simplefilter("ignore")  # third-party packages talk about each other; tests see all of it
    command = typer.main.get_command(app)
    # ClickException, wherever this typer keeps its click.
    usage_error: type[Exception] = typer.BadParameter.__mro__[2]
    try:
        # Not command.main(): it answers Ctrl-C with an empty line of its own.
        with command.make_context("mvportrait", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except usage_error as error:
        if debug:
            raise
        return _fail(_usage_line(error, arguments), 2)
    return 0


def _usage_line(error: Any, arguments: Sequence[str]) -> str:
    """A usage error of the parser in the project's one form."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "mvportrait"
    message = " ".join(error.format_message().split()).rstrip(".")
    wrong = re.match(r"Invalid value for '([^']+)'.*?: (.*)", message)
    given = _value_given(getattr(error, "param", None), arguments)
    if wrong and given is not None:
        return f"{wrong[1]} is not understood ({wrong[2].lower()}): {given}; see {command} --help"
    return f"wrong command line: {message or 'nothing to do'}; see {command} --help"


def _value_given(parameter: Any, arguments: Sequence[str]) -> str | None:
    """What stood behind an option on the command line."""
    for option in getattr(parameter, "opts", ()):
        for index, argument in enumerate(arguments):
            if argument == option and index + 1 < len(arguments):
                return arguments[index + 1]
            if argument.startswith(f"{option}="):
                return argument.partition("=")[2]
    return None


def _report(error: Exception) -> int:
    from flame.errors import MVPortraitError

    if isinstance(error, MVPortraitError):
        return _fail(str(error), error.exit_code)
    if isinstance(error, MemoryError):
        return _fail(
            "out of memory: while computing; use a smaller --size, fewer --views or less --seconds", 1
        )
    if isinstance(error, OSError) and error.strerror:
        return _fail(
            f"reading or writing failed: {error.strerror} ({error.filename}); check disk and permissions", 1
        )
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return _fail(f"unexpected failure: {what}; run again with --debug and report it", 1)


def _fail(line: str, code: int) -> int:
    text = " ".join(line.split())
    sys.stderr.write(f"error: {text}\n")
    return code


def _as_interrupt(signal_number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _divert_native_chatter() -> None:
    """Keep what C++ libraries write to file descriptor 2 (delegates, log banners) off the user's stderr.

    Python's own ``sys.stderr`` keeps the real one.
    """
    try:
        if sys.stderr.fileno() != 2:
            return
        kept = os.dup(2)
    except (OSError, ValueError, AttributeError):
        return
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    os.close(sink)
