"""The program: its commands, and one mapping from error to exit code, with signals and streams.

A new command is one line in `_SECTIONS`: its name, and the module of `etl.cli` with its function.
The module is loaded when the command is called, and imports nothing heavy at its top, so that every
`--help` is fast.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from copy import copy
from typing import Any, Final

import click

from etl import __version__, log, signals
from etl.cli.context import NAME, CliContext
from etl.cli.options import GLOBAL_OPTIONS
from etl.errors import ConfigError, EnvironmentFailure, ImageSyncError, exit_code_for

_log = logging.getLogger("etl")
_SECTIONS: Final[dict[str, dict[str, str]]] = {
    "Synchronise": {
        "sync": "sync",
        "plan": "sync",
        "approve": "sync",
        "dismiss": "sync",
        "replay-rejects": "sync",
    },
    "Query the record": {
        "status": "report",
        "images": "read",
        "history": "read",
        "changes": "read",
        "removals": "read",
        "diff": "read",
        "runs": "read",
        "rejects": "read",
        "report": "report",
        "dashboard": "report",
        "export": "report",
        "verify": "maintain",
        "evidence": "proof",
        "checkpoint": "proof",
    },
    "Set up and maintain": {
        "sources": "admin",
        "check": "admin",
        "probe": "admin",
        "config": "setup",
        "db": "admin",
        "key": "proof",
        "prune": "maintain",
        "scale": "scale",
        "sample-api": "setup",
        "schema": "setup",
        "completion": "setup",
    },
}
_MODULES: Final = {name: module for names in _SECTIONS.values() for name, module in names.items()}


class Group(click.Group):
    """A group whose commands also take the global options."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with the global options, except those that it uses for something else."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and not getattr(command, "has_global_options", False):
            _add_global_options(command)
        return command


class _Program(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _MODULES and cmd_name not in self.commands:
            module = importlib.import_module(f"etl.cli.{_MODULES[cmd_name]}")
            self.add_command(getattr(module, cmd_name.replace("-", "_")), cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands by section, each with its first line of help."""
        for section, names in _SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, self._line(ctx, name)) for name in names])

    def _line(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=78) if command else ""


def _add_global_options(command: Any) -> None:
    """Lets the command take the global options after its name, without listing them in its help."""
    taken = {spelling for param in command.params for spelling in param.opts}
    for option in GLOBAL_OPTIONS:
        hidden = copy(option)
        hidden.opts = [spelling for spelling in option.opts if spelling not in taken]
        hidden.hidden = True
        hidden.envvar = None  # it was read before the command, and must not win over an option
        command.params.append(hidden)
    command.has_global_options = True


program: Final = _Program(
    name="image-sync",
    params=[*GLOBAL_OPTIONS],
    context_settings={"help_option_names": ["--help"], "max_content_width": 100},
    help="""A faithful, provable record of a ModelArts image catalogue in SQLite or PostgreSQL.

    \b
    image-sync config init                 write a commented config.toml
    image-sync sync                        read every source and apply the changes
    image-sync changes --since 7d          what changed in the last week
    image-sync images --as-of 2026-11-01   the catalogue at the end of that day
    image-sync status --max-age 3h         for a monitor: exit 40 when a source is stale
    """,
    epilog="Global options may also follow the command. `image-sync COMMAND --help` has examples.",
)
click.version_option(__version__, prog_name="image-sync")(program)


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
