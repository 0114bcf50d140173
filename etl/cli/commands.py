"""The commands and their sections in the help. A command's module is loaded when it is called.

A new command is one line in `_SECTIONS`: its name, and the module of `etl.cli` with its function.
These modules import nothing heavy at their top, so that every `--help` is fast.
"""

from __future__ import annotations

import importlib
from copy import copy
from typing import Any, Final

import click

from etl import __version__
from etl.cli.options import GLOBAL_OPTIONS

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
