"""How is text read that is almost JSON, or holds what no database can hold?

The strict decoder refuses a whole page for one odd record. `mend` gives the same text in a form
that the decoder takes, so that the oddity stays with its record:

- NUL, lone surrogates and bytes that are not UTF-8 become U+FFFD;
- what is nested deeper than 64 levels becomes null;
- `NaN`, `Infinity` and `-Infinity` become `{"number": …}`, which no known field can be.

Everything else, and so every real mistake, stays as it is. One pass, no recursion: the time and
memory grow with the length of the text alone.
"""

from __future__ import annotations

import re
from typing import Final

MAX_DEPTH: Final = 64

# A string need not end: otherwise each quote in a truncated one would be tried anew.
_PIECE: Final = re.compile(
    r'"(?>[^"\\]++|\\.)*+"?|[\[{]|[\]}]|NaN|-?Infinity', re.DOTALL
)  # fmt: skip
_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair, as it should be
    r"|\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    r"|\\.",
    re.DOTALL,
)


def mend(text: bytes) -> bytes:
    """The text with the oddities named above replaced."""
    readable = text.decode("utf-8-sig", "replace")
    parts: list[str] = []
    depth = kept_to = 0
    for match in _PIECE.finditer(readable):
        piece = match[0]
        replacement = None
        if piece in "[{":
            depth += 1
            replacement = "null" if depth == MAX_DEPTH + 1 else None
        elif piece in "]}":
            if depth == MAX_DEPTH + 1:
                kept_to = match.end()
            depth -= 1
        elif depth <= MAX_DEPTH:
            replacement = _mended(piece)
        if replacement is not None:
            parts += readable[kept_to : match.start()], replacement
            kept_to = match.end()
    if depth <= MAX_DEPTH:
        parts.append(readable[kept_to:])
    return "".join(parts).encode()


def _mended(piece: str) -> str | None:
    """What to write for a string or a number that is none; `None` to leave it."""
    if piece[0] != '"':
        return f'{{"number":"{piece}"}}'
    return _ESCAPE.sub(_mended_escape, piece) if "\\u" in piece else None


def _mended_escape(match: re.Match[str]) -> str:
    escape = match[0]
    return "\\ufffd" if len(escape) == 6 else escape
