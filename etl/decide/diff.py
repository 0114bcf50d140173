"""Differences between two versions of an image, value by value."""

from __future__ import annotations

from typing import Any, Final

from msgspec import json

from etl.clock import milliseconds_text
from etl.model import DERIVED, TRACKED, FieldChange, Image

_INSTANTS: Final = frozenset({"created_at", "updated_at"})


def field_changes(before: Image, after: Image) -> tuple[FieldChange, ...]:
    """Return the tracked values that differ, in column order; empty if the version is the same.

    A difference only in the parts parsed from `swr_path` does not count: a newer program may parse
    them better.
    """
    changes = tuple(
        FieldChange(field, _value_text(field, old), _value_text(field, new))
        for field in TRACKED
        if (old := getattr(before, field)) != (new := getattr(after, field))
    )
    return changes if any(change.field not in DERIVED for change in changes) else ()


def _value_text(field: str, value: Any) -> str:
    """Return a tracked value as JSON text; times are ISO 8601 strings."""
    if field in _INSTANTS and value is not None:
        value = milliseconds_text(value)
    return json.encode(value).decode()
