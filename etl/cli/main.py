"""Start and end of every command: one mapping from error to exit code, signals, streams."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from etl import log, signals
from etl.cli.commands import program
from etl.cli.context import NAME, CliContext
from etl.errors import ConfigError, EnvironmentFailure, ImageSyncError, exit_code_for

_log = logging.getLogger("etl")


def run(args: Sequence[str]) -> int:
    """Executes one command line and returns its exit code."""
    cli = CliContext()
    _prepare_streams()
    log.set_up()
    try:
        with signals.raised():
            code = program.main(args=list(args), prog_name=NAME, standalone_mode=False, obj=cli)
            sys.stdout.flush()
            return code or 0
    except (BrokenPipeError, SystemExit):  # click exits if the reader of a pipe is gone
        _silence(sys.__stdout__)
        return cli.exit_code
    except (Exception, KeyboardInterrupt) as error:
        return _failed(error, cli)


def exit_code_of(error: BaseException) -> int:
    """The exit code for an error; `etl.errors` lists who has to act on it."""
    if isinstance(error, click.Abort):
        return 128 + signal.SIGINT
    return 2 if isinstance(error, click.ClickException) else exit_code_for(error)


def _failed(error: BaseException, cli: CliContext) -> int:
    """Reports an error on standard error, and returns the exit code of the command."""
    code = exit_code_of(error)
    if isinstance(error, OSError) and not error.filename and _is_from_output(error):
        error = EnvironmentFailure(f"{error.strerror}: standard output cannot be written")
        _silence(sys.__stdout__)
        code = cli.exit_code or code
    try:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
        else:
            cli.report(_message(error, cli), event="command failed", exit_code=exit_code_of(error))
        if code == 1 and cli.verbosity > 0:
            _log.error("traceback", exc_info=error)
    except OSError:
        _silence(sys.__stderr__)
    return code


def _message(error: BaseException, cli: CliContext) -> str:
    """One line, or one for each mistake of a configuration."""
    match error:
        case click.UsageError(ctx=click.Context() as context):
            return f"{error.format_message().rstrip('.')}; see `{context.command_path} --help`"
        case click.ClickException():
            return error.format_message()
        case KeyboardInterrupt() | click.Abort():
            return "interrupted"
        case ConfigError() if cli.is_quiet:
            return error.in_one_line
        case ImageSyncError():
            return str(error)
        case FileNotFoundError(filename=None):
            return "the working directory no longer exists; change to another one"
        case OSError():
            cause = error.strerror or str(error) or type(error).__name__
            return f"{cause}: {os.fsdecode(error.filename)}" if error.filename else cause
        case MemoryError():
            return "not enough memory"
    return f"internal error: {type(error).__name__}: {error}; -v shows the traceback"


def _prepare_streams() -> None:
    """Makes the standard streams usable whatever they are.

    A closed stream becomes the null device, before another file can take its number. What goes
    to a file or a pipe is UTF-8 in every locale; a terminal keeps its encoding, and characters
    that it lacks are escaped.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115  # stays open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _is_from_output(error: OSError) -> bool:
    """Whether the error was raised by what prints: click, rich, or the last flush."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    module: str = frame.f_globals["__name__"]
    return module == __name__ or module.split(".")[0] in {"click", "rich"}


def _silence(stream: Any) -> None:
    """Discards what is left to write, so that Python's flush at exit cannot fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
