"""`completion`, and which names a shell may complete beside commands and options.

A shell asks at every press of a key: nothing here fails, opens a database or says a word.
"""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command(short_help="The script that lets your shell complete commands and names.")
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and names with the Tab key.

    In ~/.bashrc or ~/.zshrc, with the shell's name; for fish, as a file in
    ~/.config/fish/completions/:

    \b
    eval "$(image-sync completion bash)"
    image-sync completion fish > image-sync.fish
    """
    from etl.cli.group import program

    asked = _SHELLS[shell](program, {}, "image-sync", "_IMAGE_SYNC_COMPLETE")
    # Past bash's own `source`, which runs the bash that is on PATH to ask for its age.
    click.echo(ShellComplete.source(asked))


def source_names(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The sources of the configuration, whatever else may be amiss in it."""
    from etl.config import find_config

    names: list[Any] = []
    with suppress(OSError, ValueError, TypeError, AttributeError):
        if path := find_config(context.obj.config, os.environ):
            tables = tomllib.loads(path.read_text("utf-8")).get("source", [])
            names = [table.get("name") for table in tables]
    return _beginning(incomplete, [name for name in names if isinstance(name, str)])


def report_names(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The named reports."""
    from etl.audit.query import names_in

    return _beginning(incomplete, names_in("reports"))


def relation_names(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What `export` can write."""
    from etl.audit.export import RELATIONS

    return _beginning(incomplete, RELATIONS)


def _beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
