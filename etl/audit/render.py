"""How does an answer look? As a table for people, as CSV for spreadsheets, as JSON for programs.

Whatever stands in a row, nothing in the output steers a terminal: control characters, bidi and
hidden marks are escapes in every format. In JSON they say the same text; the others show them.

CSV: UTF-8, a comma, CRLF-free lines; null is an empty field, an empty text is `""` (as PostgreSQL's
`copy … csv` reads them); a text that a spreadsheet would take for a formula gets a leading `'`.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, Literal

from etl.clock import instant_text
from etl.text import clipped, printable, printable_json, shown_width, without_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from etl.audit.query import Rows

Format = Literal["table", "csv", "json", "jsonl"]

_MEASURED_ROWS: Final = 1000
_WIDEST_CELL: Final = 120
_COMPACT: Final[dict[str, Any]] = {"ensure_ascii": False, "separators": (",", ":")}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def lines_of(answer: Rows, form: Format) -> Iterator[str]:
    """The answer line by line, without line ends."""
    return _WRITERS[form](answer)


def plain(value: Any) -> Any:
    """A value as JSON has it: instants as ISO 8601 text in UTC."""
    if isinstance(value, datetime):
        return instant_text(value)
    return value


def cell(value: Any) -> str:
    """A value in a table for people: one line, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return instant_text(value)[:19].replace("T", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return printable(", ".join(value))
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _json(answer: Rows) -> Iterator[str]:
    """An array, one object a line."""
    begin, last = "[", ""
    for each in _jsonl(answer):
        if last:
            yield f"{begin}{last},"
            begin = ""
        last = each
    yield f"{begin}{last}]"


def _jsonl(answer: Rows) -> Iterator[str]:
    for row in answer.rows:
        named = dict(zip(answer.columns, map(plain, row), strict=True))
        yield printable_json(json.dumps(named, ensure_ascii=False))


def _csv(answer: Rows) -> Iterator[str]:
    yield ",".join(answer.columns)
    for row in answer.rows:
        yield ",".join(map(_csv_field, row))


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    value = plain(value)
    text = value if isinstance(value, str) else json.dumps(value, **_COMPACT)
    safe = without_controls(f"'{text}" if text.startswith(_FORMULA_STARTS) else text)
    if safe and not any(mark in safe for mark in ',"\n'):
        return safe
    return '"' + safe.replace('"', '""') + '"'


def _table(answer: Rows) -> Iterator[str]:
    """Columns side by side; the widths follow from the first rows, so that any number may come."""
    columns, rows = shown_cells(answer)
    first = list(islice(rows, _MEASURED_ROWS))
    widths = [max(map(shown_width, each)) for each in zip(columns, *first, strict=True)]
    yield _aligned([name.upper() for name in columns], widths)
    for row in chain(first, rows):
        yield _aligned(row, widths)


def shown_cells(answer: Rows) -> tuple[Sequence[str], Iterator[list[str]]]:
    """The columns that people see, and their cells, none of them endless."""
    columns = [name for name in answer.shown if name in answer.columns] or list(answer.columns)
    places = [list(answer.columns).index(name) for name in columns]
    rows = ([clipped(cell(row[place]), _WIDEST_CELL) for place in places] for row in answer.rows)
    return columns, rows


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    padded = (
        text + " " * (width - shown_width(text)) for text, width in zip(cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


_WRITERS: Final[dict[Format, Callable[[Rows], Iterator[str]]]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
}
