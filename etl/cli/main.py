"""How does the program begin and end? One map from error to exit code; signals; streams.

It knows no command: whatever happens in one ends here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from etl import log, signals
from etl.cli.commands import program
from etl.cli.context import CliContext
from etl.errors import ImageSyncError
from etl.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger("etl")


def run(args: Sequence[str]) -> int:
    """Executes one command line and gives the exit code."""
    cli = CliContext()
    _prepare_streams()
    log.set_up()
    try:
        with signals.raised():
            code = program.main(
                args=list(args), prog_name="image-sync", standalone_mode=False, obj=cli
            )
            sys.stdout.flush()
            return code or 0
    except (BrokenPipeError, SystemExit):  # click's main exits so when nobody reads any more
        _silence(sys.__stdout__)
        return cli.exit_code
    except (Exception, KeyboardInterrupt) as error:
        _tell(error, cli=cli)
        return exit_code_of(error)


def exit_code_of(error: BaseException) -> int:
    """The exit code that says what went wrong; `etl.errors` draws the tree."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return 128 + signal.SIGINT
    if isinstance(error, ImageSyncError):
        return error.exit_code
    return 2 if isinstance(error, click.ClickException) else 1


def _tell(error: BaseException, *, cli: CliContext) -> None:
    """The error in one line (a configuration's mistakes in one line each), on standard error."""
    is_bug = exit_code_of(error) == 1 and not isinstance(error, ImageSyncError)
    told = _told(error, is_bug=is_bug)
    if cli.log_format == "json":
        extra = {"exit_code": exit_code_of(error)}
        _log.error(told, exc_info=error if is_bug and cli.verbosity > 0 else None, extra=extra)
        return
    head = "" if isinstance(error, click.exceptions.NoArgsIsHelpError) else "image-sync: "
    for line in f"{head}{told}".split("\n"):
        click.echo(printable(line), err=True)
    if is_bug and cli.verbosity > 0:
        _log.error("trace", exc_info=error)


def _told(error: BaseException, *, is_bug: bool) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    if isinstance(error, click.UsageError) and error.ctx:
        return f"{error.format_message()} (see `{error.ctx.command_path} --help`)"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "interrupted"
    if is_bug:
        return f"unexpected {type(error).__name__}: {error} (this is a bug; -v shows the trace)"
    return str(error)


def _prepare_streams() -> None:
    """Closed streams lead nowhere; a character that a stream can't write never stops a command."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115  # for good
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _silence(stream: Any) -> None:
    """What is left to write goes nowhere, so that Python's own flush at the end is quiet too."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
