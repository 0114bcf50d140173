"""Text for people: safe to print, with counts in words and hints for misspelt names.

Everything that prints text from outside passes it through `printable`: nothing in it can then
control a terminal or reverse a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from os.path import commonprefix
from typing import Final

from etl.errors import UsageError

_MOST_NAMES: Final = 40
_SHORT_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """`text` in one line, with control, bidirectional and invisible characters escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def printable_json(text: str) -> str:
    r"""Equivalent JSON text with every unprintable character escaped as `\uXXXX`.

    Line ends stay, because in JSON text they occur between values only.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else _json_escaped(each) for each in text
    )


def clipped(text: str, width: int) -> str:
    """`text` cut to `width` characters, the last one an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"


def differing(value: str, other: str, *, longest: int, context: int = 12) -> str:
    """`value`, a long one reduced to a window around its first difference from `other`."""
    if len(value) <= longest:
        return value
    begin = max(len(commonprefix([value, other])) - context, 0)  # noqa: RUF071  # no paths
    end = begin + longest
    return f"{'…' if begin else ''}{value[begin:end]}{'…' if end < len(value) else ''}"


def count_text(count: int, noun: str) -> str:
    """`1 image`, `2,000 images`, `2 entries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def shown_width(text: str) -> int:
    """Columns that a text takes on a terminal: two for wide letters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_width(each) for each in text)


def without_controls(text: str) -> str:
    """`text` with visible escapes, its line ends and tabs kept: for a cell of a spreadsheet."""
    return re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text)


def require_known(kind: str, value: str, known: Iterable[str]) -> None:
    """Raises `UsageError` unless `value` is known; the error names similar and valid values."""
    names = sorted(set(known))
    if value not in names:
        raise UsageError(f"unknown {kind} '{printable(value)}'", hint=similar_names(value, names))


def similar_names(value: str, names: list[str]) -> str:
    """The hint for an unknown name: similar names, then the valid ones."""
    from difflib import get_close_matches

    if not names:
        return "none is known yet"
    by_letters = {name.casefold(): name for name in names}
    similar = get_close_matches(value.strip().casefold(), by_letters, n=3, cutoff=0.6)
    meant = " or ".join(f"'{printable(by_letters[each])}'" for each in similar)
    listed = ", ".join(printable(name) for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"{f'did you mean {meant}? ' if meant else ''}valid: {listed}{more}"


def _escaped(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
