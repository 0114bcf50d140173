"""`completion`: the script that lets a shell complete. Which names it offers is `names`' matter."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from etl.cli.group import program

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
    asked = _SHELLS[shell](program, {}, "image-sync", "_IMAGE_SYNC_COMPLETE")
    # Past bash's own `source`, which runs the bash that is on PATH to ask for its age.
    click.echo(ShellComplete.source(asked))
