"""How is an answer given? Printed as wished, with a word when there is more, or nothing."""

from __future__ import annotations

import shutil
import sys
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, cast

import click

if TYPE_CHECKING:
    from etl.audit.query import Folder, Rows
    from etl.audit.render import Format
    from etl.cli.context import CliContext

TABLE_LIMIT: Final = 100
_PAST: Final = ("at", "at_run", "from_at", "from_run", "to_at", "to_run")


def give(
    cli: CliContext,
    name: str,
    /,
    *,
    limit: int | None,
    form: str,
    folder: Folder = "queries",
    is_latest_first: bool = False,
    **asked: Any,
) -> None:
    """Asks a named question and prints the answer. A limit of 0 is none; a table has one anyway.

    `is_latest_first`: one row for each change, so that the latest runs alone fill a limit.
    """
    from etl.audit.query import ask, read_query, runs_that_matter
    from etl.audit.retained import require_kept, require_order
    from etl.database.snapshot import snapshot

    limit = limit_of(form, limit)
    if limit:
        asked["limit"] = limit + 1
    is_narrowed = any(value for key, value in asked.items() if key != "limit")
    rows = limit + 1 if limit and is_latest_first and not is_narrowed else None
    past = [asked[each] for each in _PAST if each in asked]
    sources = asked.get("sources", ())
    with cli.reader() as connection, snapshot(connection):
        require_kept(connection, past, sources=sources)
        if len(past) > 1:
            require_order(connection, *past, sources=sources)
        if "first_run" in read_query(name, folder=folder).parameters:
            asked |= runs_that_matter(connection, asked, rows=rows)
        show(cli, ask(connection, name, folder=folder, **asked), form=form, limit=limit)


def limit_of(form: str, asked: int | None) -> int | None:
    """So many rows at most: as asked for; a table has a limit anyway. 0 and nothing: no limit."""
    return TABLE_LIMIT if asked is None and form == "table" else asked


def show(cli: CliContext, answer: Rows, *, form: str, limit: int | None) -> None:
    """Prints an answer; what concerns people alone goes to standard error."""
    from etl.audit.render import lines_of

    first = next(answer.rows, None)
    if first is None:
        _tell(cli, "nothing found")
        if form == "table":
            return
    else:
        answer.rows = chain([first], answer.rows)
    remaining = answer.rows
    answer.rows = islice(remaining, limit or None)
    if form == "table" and sys.stdout.isatty():
        _show_table(answer)
    else:
        for line in lines_of(answer, cast("Format", form)):
            click.echo(line)
    if limit and next(remaining, None) is not None:
        _tell(cli, f"the first {limit:,}; there are more: --limit 0 shows all")


def _show_table(answer: Rows) -> None:
    """A table that fits the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from etl.audit.render import shown_cells

    columns, rows = shown_cells(answer)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=shutil.get_terminal_size().columns).print(table)


def _tell(cli: CliContext, words: str) -> None:
    if not cli.is_quiet:
        click.echo(f"image-sync: {words}", err=True)
