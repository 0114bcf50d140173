"""`config …`: the configuration in effect, and a commented file to begin with."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from etl.cli.group import Group
from etl.cli.session import Session, pass_session


@click.group(cls=Group, short_help="The configuration: show what is in effect, or write a file.")
def config() -> None:
    """Look at the configuration, or begin one.

    \b
    image-sync config init                      write config.toml, every key explained
    image-sync --config prod.toml config show   what is in effect, secrets masked
    """


@config.command(short_help="The effective configuration, secrets masked.")
@click.option(
    "--output",
    type=click.Choice(["toml", "json"]),
    default="toml",
    show_default=True,
    help="As the file is written, or for programs.",
)
@pass_session
def show(session: Session, *, output: str) -> None:
    """Print the effective configuration: the file, the environment and the defaults."""
    from etl.config import masked
    from etl.config.show import masked_toml
    from etl.text import printable, printable_json

    if output == "json":
        click.echo(printable_json(json.dumps(masked(session.settings), indent=2)))
        return
    for line in masked_toml(session.settings).splitlines():
        click.echo(printable(line))


@config.command(short_help="Write a commented configuration file.")
@click.argument("path", required=False)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@pass_session
def init(session: Session, path: str | None, *, force: bool) -> None:
    """Write a configuration to PATH with every key explained.

    PATH is by default what --config or $IMAGE_SYNC_CONFIG names, or config.toml.

    It works as it is: its source is the built-in sample.
    """
    from etl.config import example_toml, find_config
    from etl.errors import UsageError

    place = find_config(path or session.config, os.environ) or Path("config.toml")
    try:
        with place.open("w" if force else "x", encoding="utf-8") as file:
            file.write(example_toml())
    except FileExistsError:
        raise UsageError(f"{place} is there already", hint="--force writes over it") from None
    except OSError as error:
        raise UsageError(f"can't write {place}: {error.strerror}") from None
    if not session.is_quiet:
        program, config = shlex.quote(session.program), shlex.quote(str(place))
        click.echo(f"wrote {place}; try `{program} --config {config} sync`")
