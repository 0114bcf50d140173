"""Which options do commands share? Each is defined once, with its help."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from etl import log

if TYPE_CHECKING:
    from collections.abc import Iterable


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


def _beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _remember(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keeps what was given, before or behind the command."""
    if value:
        setattr(context.obj, str(option.name), value)
        log.set_up(context.obj.log_format, verbosity=context.obj.verbosity)


def _global(*names: str, **settings: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_remember, **settings)


GLOBAL_OPTIONS: Final = (
    _global(
        "--config",
        "-c",
        metavar="PATH",
        type=click.Path(),
        help="Default: $IMAGE_SYNC_CONFIG, ./config.toml.",
    ),
    _global(
        "--database",
        metavar="URL",
        envvar="IMAGE_SYNC_DATABASE_URL",
        help="Default: $IMAGE_SYNC_DATABASE_URL, the configuration's.",
    ),
    _global(
        "--log-format",
        type=click.Choice(["text", "json"]),
        help="Of the log on standard error: text or json.",
    ),
    _global("-v", "verbose", count=True, help="Say what is done; -vv: every request."),
    _global("-q", "is_quiet", is_flag=True, help="Say nothing unless something is wrong."),
)


def as_text(_context: click.Context | None, _option: click.Parameter | None, value: Any) -> Any:
    """Refuses empty text, and bytes of an argument that are not UTF-8: no database holds them."""
    for each in value if isinstance(value, tuple) else (value,):
        if each is not None and not each.strip():
            raise click.BadParameter("the value is empty")
        try:
            (each or "").encode()
        except UnicodeEncodeError:
            raise click.BadParameter(f"{each!r} is not UTF-8") from None
    return value


NUMBER: Final = click.IntRange(min=1, max=2**63 - 1)
"""A run's."""

source_option: Final = click.option(
    "--source",
    "sources",
    callback=as_text,
    multiple=True,
    metavar="NAME",
    shell_complete=source_names,
    help="This source alone; may be given several times.",
)


def _share(_context: click.Context, _option: click.Parameter, value: str | None) -> Any:
    from etl.shard import parse_shard

    return parse_shard(value) if value else None


shard_option: Final = click.option(
    "--shard",
    metavar="K/N",
    callback=_share,
    help="Share K of N of the sources: the same on every host; K from 1 to N.",
)

output_option: Final = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)

wait_option: Final = click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="For another run's lock, instead of ending with 22 at once.",
)
