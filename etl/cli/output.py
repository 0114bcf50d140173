"""Results on standard output, remarks about them on standard error, and tables for people.

JSON and CSV are UTF-8 in every locale. In a pipe no cell of a table is cut, and only columns
without any value are left out. On a terminal, identifiers, times, digests and numbers never break;
text wraps inside its column. If the rest is still too wide, the least important columns are left
out, which a remark reports, and finally each row becomes a block of lines.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any, Final, cast

import click

from etl.cli.options import gathered
from etl.clock import instant_text
from etl.text import count_text, printable, shown_width

if TYPE_CHECKING:
    from etl.audit.export import Format
    from etl.audit.query import Rows
    from etl.cli.context import CliContext

TABLE_LIMIT: Final = 100
_MEASURED_ROWS: Final = 1000
_GAP: Final = 2
_NARROWEST_TEXT: Final = 16
_MARKS: Final = "-_/,"
_WRAPPED: Final = frozenset(
    {
        *("name", "description", "reason", "question", "error_message", "warning", "record"),
        *("old_value", "new_value", "was", "became", "changed", "evidence_detail", "walk_detail"),
        *("detail", "types", "workspaces", "endpoint", "according_to", "show_name", "cause"),
    }
)
"""The columns whose text may wrap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOptions:
    """How rows are printed: `--limit`, `--format`, `--vertical`."""

    limit: int | None = None
    form: str = "table"
    is_vertical: bool = False

    def __post_init__(self) -> None:
        if self.is_vertical and self.form != "table":
            raise click.UsageError("--vertical is only supported with --format table")

    @property
    def most(self) -> int:
        """The most rows to print: a table has a limit by default. 0: no limit."""
        default = TABLE_LIMIT if self.form == "table" else 0
        return default if self.limit is None else self.limit


row_options: Final = gathered(
    RowOptions,
    (
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
    ),
    name="rows",
)
"""Adds the options of how rows are printed; the command receives them as `rows`."""


_EVERY_ROW: Final = RowOptions(limit=0)


def print_rows(cli: CliContext, found: Rows, options: RowOptions = _EVERY_ROW) -> None:
    """Prints the remarks and the rows of a result."""
    for remark in found.remarks:
        cli.note(remark, event="record incomplete")
    with closing(found):
        first = list(islice(found.rows, 1))
        if not first:
            cli.note("nothing found", event="nothing found")
        remaining = found.rows
        found.rows = islice(chain(first, remaining), options.most or None)
        if options.form != "table":
            from etl.audit.export import lines_of

            print_machine_lines(lines_of(found, cast("Format", options.form)))
        elif first:
            _print_table(cli, found, is_vertical=options.is_vertical)
        if options.most and next(remaining, None) is not None:
            remark = f"limited to {count_text(options.most, 'row')}; --limit 0 shows all"
            cli.note(remark, event="rows limited")


def print_json(value: Any, *, indent: int = 2) -> None:
    """Prints a value (a struct, or what JSON knows) as JSON; `indent` 0: in one line."""
    import msgspec

    from etl.text import printable_json

    text = msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()
    print_machine_lines([printable_json(text)])


def print_result(cli: CliContext, value: Any, text: str, *, output: str) -> None:
    """Prints a result: with `--output json` the value, otherwise the text unless -q."""
    if output == "json":
        print_json(value)
    elif not cli.is_quiet:
        click.echo(text)


def print_machine_lines(lines: Iterable[str]) -> None:
    """Prints lines for programs: in UTF-8, whatever the locale."""
    stream = sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8")
    for line in lines:
        stream.write(f"{line}\n")
    stream.flush()


def _print_table(cli: CliContext, rows: Rows, *, is_vertical: bool) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    table = Table(rows, width=width, is_vertical=is_vertical)
    for line in table.lines():
        click.echo(line)
    if table.is_vertical and not is_vertical:
        remark = f"the table is wider than {width} columns: each row is shown as a block"
        cli.note(remark, event="table too wide")
    elif table.left_out:
        names = ", ".join(table.left_out)
        remark = f"not shown for lack of space: {names}; --vertical shows every column"
        cli.note(remark, event="columns left out")


class Table:
    """The rows as lines; `width` is the terminal's, or None in a pipe.

    `left_out` are the columns that did not fit; `is_vertical`, if rows became blocks.
    """

    def __init__(self, rows: Rows, *, width: int | None = None, is_vertical: bool = False) -> None:
        self.left_out: tuple[str, ...] = ()
        self.is_vertical = is_vertical
        self._is_precise = width is None
        self._columns = list(rows.columns)
        self._first = list(islice(rows.rows, _MEASURED_ROWS))
        self._more = rows.rows
        if not is_vertical:
            shown = [name for name in rows.shown if name in rows.columns] or self._columns
            self._keep([name for name in shown if name not in rows.optional or self._has(name)])
        self._widths = self._natural_widths()
        if width is not None and not is_vertical:
            self._fit(width, optional=rows.optional)

    def lines(self) -> Iterator[str]:
        """The table, line by line."""
        rows = chain(self._first, self._more)
        return self._blocks(rows) if self.is_vertical else self._aligned(rows)

    def _keep(self, kept: list[str]) -> None:
        places = [self._columns.index(name) for name in kept]
        self._first = [[row[place] for place in places] for row in self._first]
        more = self._more
        self._more = ([row[place] for place in places] for row in more)
        self._columns = kept

    def _has(self, name: str) -> bool:
        """Whether a column has a value in a row, or may have one in a row that is not yet known."""
        place = self._columns.index(name)
        is_all = len(self._first) < _MEASURED_ROWS
        return not is_all or any(row[place] is not None for row in self._first)

    def _natural_widths(self) -> dict[str, int]:
        cells = ([self._cell(value) for value in row] for row in self._first)
        columns = zip(self._columns, *cells, strict=True)
        return {name: max(map(shown_width, (name, *texts))) for name, *texts in columns}

    def _fit(self, width: int, *, optional: Sequence[str]) -> None:
        """Chooses columns and their widths for a terminal."""
        least = {name: self._least(name) for name in self._columns}
        droppable = iter([name for name in optional if name in least])
        while (room := width - sum(least.values()) - _GAP * (len(least) - 1)) < 0:
            name = next(droppable, None)
            if name is None:
                self.is_vertical = True
                return
            del least[name]
        self.left_out = tuple(name for name in self._columns if name not in least)
        self._widths = _shared(room, least, self._widths)
        self._keep(list(least))

    def _least(self, name: str) -> int:
        natural = self._widths[name]
        return min(natural, max(_NARROWEST_TEXT, len(name))) if name in _WRAPPED else natural

    def _cell(self, value: Any) -> str:
        return cell(value, is_precise=self._is_precise)

    def _aligned(self, rows: Iterable[Sequence[Any]]) -> Iterator[str]:
        widths = [self._widths[name] for name in self._columns]
        is_number = [_is_number(column) for column in zip(*self._first, strict=True)]
        yield _line([name.upper() for name in self._columns], widths, is_number)
        for row in rows:
            cells = [self._lines_of(*each) for each in zip(self._columns, row, strict=True)]
            for texts in zip_longest(*cells, fillvalue=""):
                yield _line(texts, widths, is_number)

    def _lines_of(self, name: str, value: Any) -> list[str]:
        """A cell; on a terminal, text is in several lines, each item of a list on its own."""
        if self._is_precise or name not in _WRAPPED:
            return [self._cell(value)]
        items = value if isinstance(value, list) and value else [value]
        return [line for item in items for line in _wrapped(self._cell(item), self._widths[name])]

    def _blocks(self, rows: Iterable[Sequence[Any]]) -> Iterator[str]:
        width = max(map(len, self._columns))
        for number, row in enumerate(rows):
            if number:
                yield ""
            for name, value in zip(self._columns, row, strict=True):
                yield f"{name:<{width}}  {cell(value, is_precise=True)}".rstrip()


def cell(value: Any, *, is_precise: bool) -> str:
    """A value in one line; null is empty. Times have milliseconds only if `is_precise`."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        text = instant_text(value)
        return text if is_precise else f"{text[:10]} {text[11:19]}Z"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return printable(", ".join(value))
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _shared(room: int, least: Mapping[str, int], wanted: Mapping[str, int]) -> dict[str, int]:
    """Widths of the columns: the narrowest first get what they want of the room that is left."""
    widths = dict(least)
    growing = sorted((name for name in least if wanted[name] > least[name]), key=wanted.__getitem__)
    for number, name in enumerate(growing):
        share = room // (len(growing) - number)
        widths[name] = min(wanted[name], least[name] + share)
        room -= widths[name] - least[name]
    return widths


def _is_number(values: Iterable[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(type(value) is int for value in known)


def _line(texts: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    padded = []
    for text, width, is_right in zip(texts, widths, is_number, strict=True):
        space = " " * (width - shown_width(text))
        padded.append(space + text if is_right else text + space)
    return (" " * _GAP).join(padded).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns; words break only if they are longer."""
    lines: list[str] = []
    line, used = "", 0
    for character in text:
        size = shown_width(character)
        if used + size > width and line:
            head, tail = _broken(line)
            lines.append(head.rstrip())
            line, used = tail, shown_width(tail)
        line += character
        used += size
    return [*lines, line]


def _broken(line: str) -> tuple[str, str]:
    """A full line up to its last blank, or else up to a mark in its second half; and the rest."""
    place = line.rfind(" ") + 1
    if not place:
        mark = max(map(line.rfind, _MARKS)) + 1
        place = mark if mark > len(line) // 2 else len(line)
    return line[:place], line[place:]
