"""How values are written for people: numbers, times, ages, sizes, and text from outside.

Text from the API may hold anything: here it becomes harmless and honest. Characters that cannot be
seen or that turn the text around (controls, bidirectional marks, zero widths) are shown by number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markupsafe import Markup, escape

LONGEST_TEXT: Final = 240
LONGEST_WORD: Final = 60
_CONTEXT: Final = 40
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAY_WRAP: Final = re.compile(r"(?<=[-_/:,+@])(?=[\w\"{\[])|(?<=\.)(?=[^\W\d_])|(?<=\w{40})(?=\w)")
_WRAP: Final = Markup("<wbr>")
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_EVIDENCE: Final = {
    "lookup_not_found": "looked up: not found",
    "lookup_deleted": "looked up: DELETED",
    "listed_deleted": "listed as DELETED",
    "absent_twice": "absent from two certified walks",
}
_RULES: Final = {
    "max_count": "more than removals.max_count",
    "max_percent": "more than removals.max_percent",
    "empty_listing": "the listing came back empty",
}
_UNATTRIBUTED: Final = {
    "ambiguous": "several candidates, not named",
    "none": "no trace of it found",
    "refused": "the trace service refused the query",
    "expired": "asked too late, traces are kept seven days",
}


def shown(value: object, *, longest: int = LONGEST_TEXT, whole: int = 24) -> Markup:
    """Text from outside: escaped, cut at a length, hidden characters made visible.

    A text of more than `whole` characters may wrap after separators, and inside words of more than
    40 characters. A shorter one is not taken apart, so that a search in the file finds it.
    """
    return _shown(value, longest, whole=whole)


def word(value: object) -> Markup:
    """The same for text that is usually one word, such as a status or a source: it never wraps."""
    return _shown(value, LONGEST_WORD, whole=LONGEST_WORD)


def _shown(value: object, longest: int, *, whole: int) -> Markup:
    if value is None:
        return Markup('<span class="none">none</span>')
    text = str(value)
    cut = text[:longest]
    parts = _MAY_WRAP.split(cut) if len(cut) > whole else [cut]
    marked = _WRAP.join(map(_marked, parts))
    if len(text) > longest:
        more = Markup(' <span class="none">… {} more characters</span>')
        marked += more.format(number(len(text) - longest))
    return Markup("<bdi>{}</bdi>").format(marked)


def changed(value: str, other: str) -> Markup:
    """A value beside the one that it replaced, or that replaced it.

    Of long values, the part from a few characters before the first difference is shown.
    """
    if max(len(value), len(other)) <= LONGEST_TEXT:
        return shown(value)
    pairs = enumerate(zip(value, other, strict=False))
    difference = next((place for place, (one, two) in pairs if one != two), len(other))
    start = max(difference - _CONTEXT, 0)
    return Markup("… ") + shown(value[start:]) if start else shown(value)


def identifier(value: object) -> Markup:
    """A whole id, which wraps after hyphens only and is selected by one click.

    The attribute holds it in one piece, so that a search in the file finds it.
    """
    if value is None:
        return Markup('<span class="none">none</span>')
    parts = re.split(r"(?<=-)", str(value))
    return Markup('<code class="id" title="{}">{}</code>').format(
        plain(value, longest=len(str(value))), _WRAP.join(map(_marked, parts))
    )


def plain(value: object, *, longest: int = LONGEST_TEXT) -> str:
    """Text from outside where no markup is possible: attributes, labels in charts."""
    text = "none" if value is None else str(value)
    cut = "".join(_code_point(c) if _is_hidden(c) else c for c in text[:longest])
    return cut + ("…" if len(text) > longest else "")


def _marked(text: str) -> Markup:
    if text.isprintable():
        return escape(text)
    return Markup("").join(map(_mark, text))


def _mark(character: str) -> Markup:
    if not _is_hidden(character):
        return escape(character)
    name = unicodedata.name(character, "control character")
    return Markup('<span class="hidden-character" title="{}">{}</span>').format(
        name.lower(), _code_point(character)
    )


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def _code_point(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"


def number(value: float) -> str:
    """1,234,567."""
    return f"{value:,}"


def size(value: int | None) -> str:
    """8.29 GB."""
    if value is None:
        return "—"
    amount, unit = float(value), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    digits = 0 if unit == 0 or amount >= 100 else 1 if amount >= 10 else 2
    return f"{amount:,.{digits}f} {_UNITS[unit]}"


def signed(value: int) -> str:
    """+12, −3 or ±0."""
    return f"{'+' if value > 0 else '−' if value else '±'}{abs(value):,}"


def moment(value: datetime | None) -> str:
    """2026-11-23 06:00, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "—"


def age(value: timedelta) -> str:
    """A duration in the largest unit of which there are at least two."""
    minutes = max(int(value.total_seconds() // 60), 0)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def until(days: int) -> str:
    """The time to or since a day: in 12 days, today, 31 days ago."""
    if days == 0:
        return "today"
    text = f"{abs(days):,} day{'s' if abs(days) != 1 else ''}"
    return f"in {text}" if days > 0 else f"{text} ago"


def evidence(value: str) -> str:
    """How a removal is known, in words."""
    return _EVIDENCE.get(value, value)


def rule(value: str) -> str:
    """The guard's rule, in words."""
    return _RULES.get(value, value)


def actor(removal: Mapping[str, Any]) -> Markup | None:
    """Who removed an image, or why that is not known; None if it was not asked."""
    attribution = removal.get("attribution")
    if attribution is None:
        return None
    if reason := _UNATTRIBUTED.get(attribution):
        return Markup('<span class="none">{}</span>').format(reason)
    details = [removal.get(name) for name in ("removed_by_kind", "removed_via", "source_ip")]
    known = Markup(" · ").join(shown(each) for each in details if each)
    doubt = "likely " if attribution == "likely" else ""
    text = Markup('{}{} <span class="note">{}</span>')
    return text.format(doubt, shown(removal.get("removed_by") or "system"), known)


def details(value: Mapping[str, Any]) -> str:
    """The members of a small JSON object, for reading."""
    return ", ".join(
        f"{name.replace('_', ' ')} {each}" for name, each in value.items() if each is not None
    )
