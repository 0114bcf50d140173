"""Times and durations as users type them: ISO 8601, a date, a duration before now, a run's number.

A date means the whole UTC day. Pure: the caller passes the current time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from etl.clock import in_milliseconds
from etl.errors import UsageError

_DURATION: Final = re.compile(r"(\d{1,9})(s|min|h|d|w)")
_UNITS: Final = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EXPECTED: Final = (
    "expected a time (2026-11-23T08:00Z), a date (2026-11-23) or a duration before now (36h, 7d)"
)
_DAY: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


def duration(text: str) -> timedelta:
    """A duration such as `90min`, `36h`, `7d` or `2w`. Raises `UsageError`."""
    match = _DURATION.fullmatch(text.strip())
    try:
        if match:
            return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        pass
    is_bare_m = re.fullmatch(r"\d+m", text.strip())
    more = "; 'm' could mean minutes or months: write 90min or 26w" if is_bare_m else ""
    raise UsageError(f"invalid duration {text!r}", hint=f"expected 90min, 36h, 7d or 2w{more}")


def since(text: str, *, now: datetime) -> datetime:
    """The first instant of a period; a date means its start. Raises `UsageError`."""
    return _period(text, now=now)[0]


def until(text: str, *, now: datetime) -> datetime:
    """The instant at which a period has ended; a date means its end. Raises `UsageError`."""
    return _period(text, now=now)[1]


def as_of(text: str, *, now: datetime) -> datetime:
    """The instant of a state; a date means its end, or now if it is today. Raises `UsageError`."""
    start, end = _period(text, now=now)
    if start <= now < end:
        return now
    return start if start == end else end - _MILLISECOND


def as_of_or_run(text: str, *, now: datetime) -> datetime | int:
    """The instant of a state, or a run's number. Raises `UsageError`."""
    is_run = text.strip().isdecimal() and text.strip().isascii() and len(text.strip()) < 18
    return int(text) if is_run else as_of(text, now=now)


def _period(text: str, *, now: datetime) -> tuple[datetime, datetime]:
    """The start and the end of a date; of a time, that time twice."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        instant = _instant(text, now=now)
        return instant, instant
    try:
        start = datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"invalid date {text!r}", hint=_EXPECTED) from None
    try:
        return start, start + _DAY
    except OverflowError:
        return start, datetime.max.replace(tzinfo=UTC)


def _instant(text: str, *, now: datetime) -> datetime:
    """An instant; a time without a zone is UTC."""
    text = text.strip()
    try:
        if text == "now":
            return now
        if re.fullmatch(r"\d+[a-z]+", text):
            return now - duration(text)
        if text.isdigit():
            raise ValueError("a run's number, or a year without month and day")
        parsed = datetime.fromisoformat(text)
        in_utc = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"invalid time {text!r}", hint=_EXPECTED) from None
    return in_milliseconds(in_utc)
