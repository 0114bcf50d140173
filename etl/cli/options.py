"""Which options do commands share? Each is defined once, with its help."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from etl import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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


def as_text(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
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
    from etl.sources.shard import parse_shard

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

format_option: Final = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="csv is safe to open in a spreadsheet; json and jsonl keep types.",
)

wait_option: Final = click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="For another run's lock, instead of ending with 22 at once.",
)

limit_option: Final = click.option(
    "--limit",
    type=click.IntRange(min=0, max=2**62),
    metavar="N",
    help="So many rows; 0: all. Default: 100 in a table, else all.",
)

_TIME_HELP: Final = "ISO 8601, a date, or a duration ago such as 36h or 7d."
_READING: Final = (
    source_option,
    click.option("--since", metavar="TIME", help=f"From TIME on: {_TIME_HELP}"),
    click.option("--until", metavar="TIME", help="Before TIME."),
    click.option("--run", type=NUMBER, metavar="N", help="Of this run alone."),
    limit_option,
    format_option,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the options of a reading command ask for, as they were typed."""

    sources: tuple[str, ...]
    since: str | None
    until: str | None
    run: int | None
    limit: int | None
    form: str


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every reading command has; the command gets them as one `Wanted`."""

    @wraps(command)
    def reading(*args: Any, **given: Any) -> Any:
        wanted = {name: given.pop(name) for name in Wanted.__slots__}
        return command(*args, wanted=Wanted(**wanted), **given)

    for option in reversed(_READING):
        reading = option(reading)
    return reading
