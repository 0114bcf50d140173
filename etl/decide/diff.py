"""Differences between two versions of an image, value by value."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from msgspec import json

from etl.model import TRACKED, FieldChange, Image

_EPOCH: Final = date(1970, 1, 1)
_INSTANTS: Final = frozenset({"created_at", "updated_at"})
_DERIVED: Final = frozenset({"swr_registry", "swr_organization", "swr_repository", "swr_tag"})


def field_changes(before: Image, after: Image) -> tuple[FieldChange, ...]:
    """Return the tracked values that differ, in column order; empty if the version is the same.

    A difference only in the parts parsed from `swr_path` does not count: a newer program may parse
    them better.
    """
    changes = tuple(
        FieldChange(field, value_text(field, old), value_text(field, new))
        for field in TRACKED
        if (old := getattr(before, field)) != (new := getattr(after, field))
    )
    return changes if any(change.field not in _DERIVED for change in changes) else ()


def value_text(field: str, value: Any) -> str:
    """Return a tracked value as JSON text; times are ISO 8601 strings."""
    if field in _INSTANTS and value is not None:
        value = milliseconds_text(value)
    return json.encode(value).decode()


def milliseconds_text(milliseconds: int) -> str:
    """Format epoch milliseconds as ISO 8601 in UTC: `2021-11-30T02:15:04.492Z`."""
    day, rest = divmod(milliseconds, 86_400_000)
    seconds, rest = divmod(rest, 1000)
    minutes, seconds = divmod(seconds, 60)
    parts = _day_text(day), minutes // 60, minutes % 60, seconds, rest
    return "%sT%02d:%02d:%02d.%03dZ" % parts  # noqa: UP031  # much faster than an f-string


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()
