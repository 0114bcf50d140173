"""Repair of JSON text that a strict decoder or a database refuses.

A strict decoder refuses a whole page for one odd record. `repair` rewrites the text so that the
decoder accepts it and the oddity stays within its record:

- NUL, lone surrogates and bytes that are not UTF-8 become U+FFFD;
- values nested deeper than 64 levels become null;
- `NaN`, `Infinity` and `-Infinity` become `{"number": …}`, which no known field accepts.

Everything else, including every syntax error, is unchanged. The repair makes one pass without
recursion, so its time and memory grow with the length of the text only.
"""

from __future__ import annotations

import re
from typing import Final

MAX_DEPTH: Final = 64

# The closing quote is optional: otherwise each quote of a truncated string would be tried again.
_PIECE: Final = re.compile(
    r'"(?>[^"\\]++|\\.)*+"?|[\[{]|[\]}]|NaN|-?Infinity', re.DOTALL
)  # fmt: skip
_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a valid surrogate pair
    r"|\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    r"|\\.",
    re.DOTALL,
)


def repair(text: bytes) -> bytes:
    """Return the text with the oddities listed above replaced."""
    readable = text.decode("utf-8-sig", "replace")
    parts: list[str] = []
    depth = copied_to = 0
    for match in _PIECE.finditer(readable):
        piece = match[0]
        replacement = None
        if piece in "[{":
            depth += 1
            replacement = "null" if depth == MAX_DEPTH + 1 else None
        elif piece in "]}":
            if depth == MAX_DEPTH + 1:
                copied_to = match.end()
            depth -= 1
        elif depth <= MAX_DEPTH:
            replacement = _replacement(piece)
        if replacement is not None:
            parts += readable[copied_to : match.start()], replacement
            copied_to = match.end()
    if depth <= MAX_DEPTH:
        parts.append(readable[copied_to:])
    return "".join(parts).encode()


def _replacement(piece: str) -> str | None:
    """Replacement of a string or of a number that JSON does not have; None keeps the piece."""
    if piece[0] != '"':
        return f'{{"number":"{piece}"}}'
    return _ESCAPE.sub(_replaced_escape, piece) if "\\u" in piece else None


def _replaced_escape(match: re.Match[str]) -> str:
    escape = match[0]
    return "\\ufffd" if len(escape) == 6 else escape
