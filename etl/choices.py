"""Validation of names that users type: sources, fields, reports, relations and the like.

Every command and the configuration use it, so that a misspelt name is never a name without rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from etl.errors import UsageError
from etl.text import printable

_MOST_NAMES: Final = 40


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
