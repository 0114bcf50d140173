"""Rows as text for programs: CSV, JSON and JSON Lines.

Nothing in a row can control a terminal: control characters, bidirectional and hidden marks are
escaped in every format. In JSON the escapes mean the same text; in CSV they are visible.

CSV is UTF-8, separated by commas, with lines that end in LF. Null is an empty field, empty text is
`""`, as in PostgreSQL's `copy … csv`. Text that a spreadsheet would take for a formula gets a
leading `'`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from etl.clock import instant_text
from etl.text import printable_json, without_controls

if TYPE_CHECKING:
    from etl.audit.query import Rows

Format = Literal["csv", "json", "jsonl"]

_COMPACT: Final[dict[str, Any]] = {"ensure_ascii": False, "separators": (",", ":")}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def lines_of(result: Rows, form: Format) -> Iterator[str]:
    """The rows line by line, without line ends."""
    return _WRITERS[form](result)


def plain(value: Any) -> Any:
    """A value for JSON: instants as ISO 8601 text in UTC."""
    if isinstance(value, datetime):
        return instant_text(value)
    return value


def _json(result: Rows) -> Iterator[str]:
    """An array with one object per line."""
    begin, last = "[", ""
    for each in _jsonl(result):
        if last:
            yield f"{begin}{last},"
            begin = ""
        last = each
    yield f"{begin}{last}]"


def _jsonl(result: Rows) -> Iterator[str]:
    for row in result.rows:
        named = dict(zip(result.columns, map(plain, row), strict=True))
        yield printable_json(json.dumps(named, ensure_ascii=False))


def _csv(result: Rows) -> Iterator[str]:
    yield ",".join(result.columns)
    for row in result.rows:
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


_WRITERS: Final[dict[Format, Callable[[Rows], Iterator[str]]]] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
}
