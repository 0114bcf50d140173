"""Tables for people: the one renderer of all commands, on a terminal and in a pipe.

In a pipe nothing is cut, and only columns without any value are left out. On a terminal,
identifiers, times, digests and numbers never break; text wraps inside its column. If the rest is
still too wide, the least important columns are left out (the caller reports them), and finally each
row becomes a block of lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any, Final

from etl.clock import instant_text
from etl.text import printable, shown_width

if TYPE_CHECKING:
    from etl.audit.query import Rows

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


class Table:
    """The rows as lines; `width` is the terminal's, or None in a pipe.

    `left_out` are the columns that did not fit; `is_vertical`, if rows became blocks.
    """

    def __init__(self, rows: Rows, *, width: int | None = None, is_vertical: bool = False) -> None:
        self.left_out: tuple[str, ...] = ()
        self.is_vertical = is_vertical
        self._is_precise = width is None
        shown = [name for name in rows.shown if name in rows.columns]
        self._columns = list(rows.columns) if is_vertical or not shown else shown
        places = [list(rows.columns).index(name) for name in self._columns]
        picked = ([row[place] for place in places] for row in rows.rows)
        self._first = list(islice(picked, _MEASURED_ROWS))
        self._more = picked
        if not is_vertical:
            self._keep(
                [each for each in self._columns if each not in rows.optional or self._has(each)]
            )
        self._widths = self._natural_widths()
        if width is not None and not is_vertical:
            self._fit(width, optional=rows.optional)

    def lines(self) -> Iterator[str]:
        """The table, line by line."""
        rows = chain(self._first, self._more)
        return self._blocks(rows) if self.is_vertical else self._aligned(rows)

    def _natural_widths(self) -> dict[str, int]:
        cells = ([self._cell(value) for value in row] for row in self._first)
        columns = zip(self._columns, *cells, strict=True)
        return {name: max(map(shown_width, (name, *texts))) for name, *texts in columns}

    def _fit(self, width: int, *, optional: Sequence[str]) -> None:
        """Chooses columns and their widths for a terminal."""
        kept = list(self._columns)
        for name in [each for each in optional if each in kept]:
            if self._room(width, kept) >= 0:
                break
            kept.remove(name)
        if self._room(width, kept) < 0:
            self.is_vertical = True
            return
        for name in reversed([each for each in optional if each in self._columns]):
            wider = [each for each in self._columns if each in (*kept, name)]
            if self._room(width, wider) >= 0:
                kept = wider
        self.left_out = tuple(name for name in self._columns if name not in kept)
        wanted = {name: self._widths[name] for name in kept}
        least = {name: self._least(name) for name in kept}
        self._widths = _shared(self._room(width, kept), least, wanted)
        self._keep(kept)

    def _room(self, width: int, columns: Sequence[str]) -> int:
        """The width that is left if these columns are as narrow as possible."""
        return width - sum(map(self._least, columns)) - _GAP * (len(columns) - 1)

    def _has(self, name: str) -> bool:
        """Whether a column has a value in a row, or may have one in a row that is not yet known."""
        place = self._columns.index(name)
        is_all = len(self._first) < _MEASURED_ROWS
        return not is_all or any(row[place] is not None for row in self._first)

    def _least(self, name: str) -> int:
        natural = self._widths[name]
        return min(natural, max(_NARROWEST_TEXT, len(name))) if name in _WRAPPED else natural

    def _keep(self, kept: Sequence[str]) -> None:
        places = [self._columns.index(name) for name in kept]
        self._first = [[row[place] for place in places] for row in self._first]
        self._more = ([row[place] for place in places] for row in self._more)
        self._columns = list(kept)

    def _cell(self, value: Any) -> str:
        return cell(value, is_precise=self._is_precise)

    def _aligned(self, rows: Iterable[Sequence[Any]]) -> Iterator[str]:
        widths = [self._widths[name] for name in self._columns]
        is_number = [
            _is_number([row[place] for row in self._first]) for place in range(len(widths))
        ]
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
    growing = sorted(
        (name for name in least if wanted[name] > least[name]), key=lambda name: wanted[name]
    )
    for number, name in enumerate(growing):
        share = room // (len(growing) - number)
        widths[name] = min(wanted[name], least[name] + share)
        room -= widths[name] - least[name]
    return widths


def _is_number(values: Sequence[Any]) -> bool:
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
