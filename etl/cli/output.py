"""Results on standard output; remarks about them on standard error.

JSON and CSV are UTF-8 in every locale.
"""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, cast

import click

from etl.text import count_text

if TYPE_CHECKING:
    from etl.audit.query import Rows
    from etl.audit.render import Format
    from etl.cli.context import CliContext

TABLE_LIMIT: Final = 100
_log = logging.getLogger(__name__)


def limit_of(form: str, asked: int | None) -> int | None:
    """The most rows to print: a table has a limit by default. 0 and None: no limit."""
    return TABLE_LIMIT if asked is None and form == "table" else asked


def print_rows(
    cli: CliContext,
    rows: Rows,
    *,
    form: str = "table",
    limit: int | None = None,
    is_vertical: bool = False,
) -> None:
    """Prints the rows of a result, at most `limit` of them."""
    first = next(rows.rows, None)
    if first is None:
        note(cli, "nothing found", event="nothing found")
        if form == "table":
            return
    else:
        rows.rows = chain([first], rows.rows)
    remaining = rows.rows
    rows.rows = islice(remaining, limit or None)
    if form == "table":
        _print_table(cli, rows, is_vertical=is_vertical)
    else:
        from etl.audit.render import lines_of

        print_machine_lines(lines_of(rows, cast("Format", form)))
    if limit and next(remaining, None) is not None:
        remark = f"limited to {count_text(limit, 'row')}; --limit 0 shows all"
        note(cli, remark, event="rows limited")


def print_json(value: Any) -> None:
    """Prints a value (a struct, or what JSON knows) as indented JSON."""
    import msgspec

    from etl.text import printable_json

    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    print_machine_lines([printable_json(text)])


def print_machine_lines(lines: Iterable[str]) -> None:
    """Prints lines for programs: in UTF-8, whatever the locale."""
    stream = sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8")
    for line in lines:
        stream.write(f"{line}\n")
    stream.flush()


def note(cli: CliContext, remark: str, *, event: str) -> None:
    """A remark about the result, on standard error; none with -q.

    With --log-format json it is an event, a fixed phrase.
    """
    if cli.is_quiet:
        return
    if cli.log_format == "json":
        _log.info(event, extra={"detail": remark})
    else:
        from etl.text import printable

        click.echo(f"image-sync: {printable(cli.with_options(remark))}", err=True)


def _print_table(cli: CliContext, rows: Rows, *, is_vertical: bool) -> None:
    from etl.cli.table import Table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    table = Table(rows, width=width, is_vertical=is_vertical)
    for line in table.lines():
        click.echo(line)
    if table.is_vertical and not is_vertical:
        remark = f"the table is wider than {width} columns: each row is shown as a block"
        note(cli, remark, event="table too wide")
    elif table.left_out:
        names = ", ".join(table.left_out)
        remark = f"not shown for lack of space: {names}; --vertical shows every column"
        note(cli, remark, event="columns left out")
