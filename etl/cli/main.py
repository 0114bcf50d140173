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
from etl.text import printable

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
        code = exit_code_of(error)
        if isinstance(error, OSError) and not error.filename and _is_from_output(error):
            error = EnvironmentFailure(f"{error.strerror}: standard output cannot be written")
            _silence(sys.__stdout__)
            code = cli.exit_code or code
        try:
            _report(error, cli=cli)
        except OSError:
            _silence(sys.__stderr__)
        return code


def exit_code_of(error: BaseException) -> int:
    """The exit code for an error; `etl.errors` lists who has to act on it."""
    if isinstance(error, click.Abort):
        return 128 + signal.SIGINT
    return 2 if isinstance(error, click.ClickException) else exit_code_for(error)


def _report(error: BaseException, *, cli: CliContext) -> None:
    """Prints the error on standard error: one line, or one for each mistake of a configuration."""
    is_bug = exit_code_of(error) == 1 and not isinstance(error, ImageSyncError)
    message = cli.with_options(_message(error, is_quiet=cli.is_quiet, is_bug=is_bug))
    trace = error if is_bug and cli.verbosity > 0 else None
    if cli.log_format == "json":
        extra = {"detail": message, "exit_code": exit_code_of(error)}
        _log.error("command failed", exc_info=trace, extra=extra)
        return
    head = "" if isinstance(error, click.exceptions.NoArgsIsHelpError) else f"{NAME}: "
    for line in f"{head}{message}".split("\n"):
        click.echo(printable(line), err=True)
    if trace:
        _log.error("traceback", exc_info=trace)


def _message(error: BaseException, *, is_quiet: bool, is_bug: bool) -> str:
    if isinstance(error, click.UsageError) and error.ctx:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            return error.format_message()
        return f"{error.format_message().rstrip('.')}; see `{error.ctx.command_path} --help`"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "interrupted"
    if isinstance(error, ConfigError) and is_quiet:
        return error.in_one_line
    if isinstance(error, OSError):
        return _environment_message(error)
    if isinstance(error, MemoryError):
        return "not enough memory"
    if is_bug:
        return f"internal error: {type(error).__name__}: {error}; -v shows the traceback"
    return str(error)


def _environment_message(error: OSError) -> str:
    """What the operating system refused, and for which file."""
    cause = error.strerror or str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError) and not error.filename and not _has_folder():
        return "the working directory does not exist any more; change to another one"
    return f"{cause}: {os.fsdecode(error.filename)}" if error.filename else cause


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


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
