"""Text that is safe to print: nothing in it can control a terminal or reverse a line.

Everything that prints text from outside passes it through `printable`. The module also contains
the width of text on a terminal and the wording of counts.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

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


def count_text(count: int, noun: str) -> str:
    """`1 image`, `2,000 images`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shown_width(text: str) -> int:
    """Columns that a text takes on a terminal: two for wide letters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_width(each) for each in text)


def without_controls(text: str) -> str:
    """`text` with visible escapes, its line ends and tabs kept: for a cell of a spreadsheet."""
    return re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text)


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
