"""Which instant, or run, does a person mean? ISO 8601, a date, a duration ago, a run's number.

Pure: now is handed in.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from etl.clock import in_milliseconds
from etl.errors import UsageError

_DURATION: Final = re.compile(r"(\d{1,9})(s|m|h|d|w)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EXPECTED: Final = "a time (2026-11-23T08:00Z), a date (2026-11-23) or a duration ago (36h, 7d)"


def duration(text: str) -> timedelta:
    """A duration such as `90s`, `45m`, `36h`, `7d`, `2w`; raises `UsageError`."""
    match = _DURATION.fullmatch(text.strip())
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else _refuse_duration(text)
    except OverflowError:
        return _refuse_duration(text)


def instant(text: str, *, now: datetime) -> datetime:
    """The instant that a person means; a time without a zone is UTC; raises `UsageError`."""
    text = text.strip()
    try:
        if text == "now":
            return now
        if _DURATION.fullmatch(text):
            return now - duration(text)
        if text.isdigit():
            raise ValueError("a run's number, or a year without month and day")
        parsed = datetime.fromisoformat(text)
        in_utc = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"no such time: {text!r}", hint=f"expected {_EXPECTED}") from None
    return in_milliseconds(in_utc)


def instant_or_run(text: str, *, now: datetime) -> datetime | int:
    """An instant, or the number of a run; raises `UsageError`."""
    is_run = text.strip().isdecimal() and text.strip().isascii() and len(text.strip()) < 18
    return int(text) if is_run else instant(text, now=now)


def _refuse_duration(text: str) -> timedelta:
    raise UsageError(f"no such duration: {text!r}", hint="expected 90s, 45m, 36h, 7d or 2w")
