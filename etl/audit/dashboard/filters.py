"""How are values spelled for people? Numbers, instants, ages, and text from outside.

Text from the API may hold anything: here it becomes harmless and honest. Characters that can't be
seen or that turn the text around (controls, bidirectional marks, zero widths) are shown by number.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT: Final = 240
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_EVIDENCE: Final = {
    "lookup_not_found": "looked up: not found",
    "lookup_deleted": "looked up: DELETED",
    "listed_deleted": "listed as DELETED",
    "absent_twice": "absent from two certified walks",
}
_RULES: Final = {
    "max_count": "more than max_count",
    "max_percent": "more than max_percent",
    "empty_listing": "the listing came back empty",
}


def shown(value: object, *, longest: int = LONGEST_TEXT) -> Markup:
    """Text from outside: escaped, cut at a length, what is hidden in it made visible."""
    if value is None:
        return Markup('<span class="none">none</span>')
    text = str(value)
    cut = text[:longest]
    marked = escape(cut)
    if not cut.isprintable():
        marked = Markup("").join(_mark(character) for character in cut)
    if len(text) > longest:
        more = Markup(' <span class="none">… {} more</span>').format(number(len(text) - longest))
        marked += more
    return Markup("<bdi>{}</bdi>").format(marked)


def plain(value: object, *, longest: int = LONGEST_TEXT) -> str:
    """The same where no markup can be: attributes, labels in charts."""
    text = "none" if value is None else str(value)
    cut = "".join(_number(c) if _is_hidden(c) else c for c in text[:longest])
    return cut + ("…" if len(text) > longest else "")


def _mark(character: str) -> Markup:
    if not _is_hidden(character):
        return escape(character)
    name = unicodedata.name(character, "control character")
    return Markup('<span class="hidden-character" title="{}">{}</span>').format(
        name.lower(), _number(character)
    )


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def _number(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"


def number(value: float) -> str:
    """1,234,567."""
    return f"{value:,}"


def signed(value: int) -> str:
    """+12, −3 or ±0."""
    return f"{'+' if value > 0 else '−' if value else '±'}{abs(value):,}"


def moment(value: datetime | None) -> str:
    """2026-11-23 06:00, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "—"


def age(value: timedelta) -> str:
    """How long, in the largest unit that tells enough."""
    minutes = max(int(value.total_seconds() // 60), 0)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def evidence(value: str) -> str:
    """How a removal is known, in words."""
    return _EVIDENCE.get(value, value)


def rule(value: str) -> str:
    """The guard's rule, in words."""
    return _RULES.get(value, value)


def details(value: Mapping[str, Any]) -> str:
    """The members of a small JSON object, for reading."""
    return ", ".join(
        f"{name.replace('_', ' ')} {each}" for name, each in value.items() if each is not None
    )
