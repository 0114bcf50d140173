"""How values are written for people: text from outside, and times.

Text from the API may hold anything: here it becomes harmless and honest. Characters that cannot be
seen or that turn the text around (controls, bidirectional marks, zero widths) are shown by number.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from etl.text import differing

LONGEST_TEXT: Final = 240
LONGEST_WORD: Final = 60
_CONTEXT: Final = 40
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAY_WRAP: Final = re.compile(r"(?<=[-_/:,+@])(?=[\w\"{\[])|(?<=\.)(?=[^\W\d_])|(?<=\w{40})(?=\w)")
_WRAP: Final = Markup("<wbr>")
_NONE: Final = Markup('<span class="none">none</span>')


def shown(value: object, *, longest: int = LONGEST_TEXT, whole: int = 24) -> Markup:
    """Text from outside: escaped, cut at a length, hidden characters made visible.

    A text of more than `whole` characters may wrap after separators, and inside words of more than
    40 characters. A shorter one is not taken apart, so that a search in the file finds it.
    """
    if value is None:
        return _NONE
    text = str(value)
    cut = text[:longest]
    parts = _MAY_WRAP.split(cut) if len(cut) > whole else [cut]
    marked = _WRAP.join(map(plain, parts))
    if len(text) > longest:
        more = Markup(' <span class="none">… {:,} more characters</span>')
        marked += more.format(len(text) - longest)
    return Markup("<bdi>{}</bdi>").format(marked)


def word(value: object) -> Markup:
    """The same for text that is usually one word, such as a status or a source: it never wraps."""
    return shown(value, longest=LONGEST_WORD, whole=LONGEST_WORD)


def changed(value: str, other: str) -> Markup:
    """A value beside the one that it replaced, or that replaced it, where they differ."""
    return shown(differing(value, other, longest=LONGEST_TEXT - 2, context=_CONTEXT))


def identifier(value: object) -> Markup:
    """A whole id, which wraps after hyphens only and is selected by one click.

    The attribute holds it in one piece, so that a search in the file finds it.
    """
    if value is None:
        return _NONE
    text = plain(value, longest=None)
    parts = _WRAP.join(re.split(r"(?<=-)", text))
    return Markup('<code class="id" title="{}">{}</code>').format(text, parts)


def plain(value: object, *, longest: int | None = LONGEST_TEXT) -> str:
    """Text from outside where no markup is possible: attributes, labels in charts."""
    text = "none" if value is None else str(value)
    cut = text[:longest]
    if not cut.isprintable():
        cut = "".join(f"⟨U+{ord(each):04X}⟩" if _is_hidden(each) else each for each in cut)
    return cut if longest is None or len(text) <= longest else f"{cut}…"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def moment(value: datetime | None) -> str:
    """2026-11-23 06:00, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "—"
