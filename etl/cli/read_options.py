"""Options of the commands that read the record, and the validation of what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from etl.cli.options import NUMBER, as_text, source_option

_MOST_CHOICES: Final = 8


class Known(click.ParamType):  # type: ignore[type-arg]  # it is not generic in click 8.2
    """A value that must be one of those that `choices` returns."""

    def __init__(self, kind: str, choices: Callable[[], Iterable[str]]) -> None:
        self.name = kind
        self._choices = choices

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value without surrounding blanks; raises `UsageError` if it is unknown."""
        from etl.text import require_known

        as_text(ctx, param, value)
        require_known(self.name, value.strip(), self._choices())
        return value.strip()

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The choices, if they are few."""
        del param, ctx
        choices = list(self._choices())
        return f"[{'|'.join(choices)}]" if len(choices) <= _MOST_CHOICES else "NAME"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The choices that begin with what was typed."""
        del ctx, param
        return [CompletionItem(each) for each in self._choices() if each.startswith(incomplete)]


def fields() -> tuple[str, ...]:
    """The tracked columns of images."""
    from etl.model import TRACKED

    return TRACKED


def reports() -> tuple[str, ...]:
    """The named reports."""
    from etl.audit.query import names_in

    return names_in("reports")


def schemas() -> tuple[str, ...]:
    """The outputs whose JSON Schema is part of the package."""
    from importlib.resources import files

    names = (each.name for each in files("etl").joinpath("schemas").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


def relations() -> Iterable[str]:
    """The relations that `export` writes."""
    from etl.audit.export import RELATIONS

    return RELATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOptions:
    """How rows are printed: `--limit`, `--format`, `--vertical`."""

    limit: int | None
    form: str
    is_vertical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which rows are read, as typed: `--source`, `--since`, `--until`, `--run`."""

    sources: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    run: int | None = None

    def parameters(self, *, now: datetime) -> dict[str, Any]:
        """The parameters of a query. Raises `UsageError` for an invalid time."""
        from etl.audit import time_args

        return {
            "sources": self.sources,
            "since": time_args.since(self.since, now=now) if self.since is not None else None,
            "until": time_args.until(self.until, now=now) if self.until is not None else None,
            "run": self.run,
        }


_ROW_OPTIONS: Final = (
    click.option(
        "--limit",
        type=click.IntRange(min=0, max=2**62),
        metavar="N",
        help="Show at most N rows; 0 means all. Default: 100 in a table, otherwise all.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json", "jsonl"]),
        default="table",
        show_default=True,
        help="csv is safe to open in a spreadsheet; json and jsonl keep types.",
    ),
    click.option(
        "--vertical",
        "is_vertical",
        is_flag=True,
        help="Show each row as a block, one line per column, with every column.",
    ),
)
_READ_OPTIONS: Final = (
    source_option,
    click.option(
        "--since",
        metavar="TIME",
        help="From TIME on: ISO 8601, a date (its start), or a duration before now such as 36h.",
    ),
    click.option("--until", metavar="TIME", help="Before TIME; a date includes the whole day."),
    click.option("--run", type=NUMBER, metavar="N", help="Only what run N did."),
)


def row_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of how rows are printed; the command receives them as `rows`."""

    @wraps(command)
    def printing(*args: Any, **given: Any) -> Any:
        rows = RowOptions(**_taken(given, RowOptions.__slots__))
        if rows.is_vertical and rows.form != "table":
            raise click.UsageError("--vertical is only supported with --format table")
        return command(*args, rows=rows, **given)

    return _with_options(printing, _ROW_OPTIONS)


def read_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a reading command, which receives them as `read` and `rows`."""

    @wraps(command)
    def reading(*args: Any, **given: Any) -> Any:
        return command(*args, read=ReadOptions(**_taken(given, ReadOptions.__slots__)), **given)

    return _with_options(row_options(reading), _READ_OPTIONS)


def _taken(given: dict[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
    return {name: given.pop(name) for name in names}


def _with_options(
    command: Callable[..., Any], options: Iterable[Callable[..., Any]]
) -> Callable[..., Any]:
    for option in reversed(list(options)):
        command = option(command)
    return command
