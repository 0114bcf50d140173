"""The current time and its text form: UTC, whole milliseconds, ISO 8601."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

CLOCK_TOLERANCE: Final = timedelta(minutes=5)  # between clocks of different hosts
_EPOCH: Final = date(1970, 1, 1)


def utc_now() -> datetime:
    """The time of this machine's clock."""
    return in_milliseconds(datetime.now(UTC))


def in_milliseconds(instant: datetime) -> datetime:
    """The time, truncated to milliseconds."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def instant_text(instant: datetime) -> str:
    """The time as `2026-11-02T08:00:00.042Z`, truncated to milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def age_text(age: timedelta) -> str:
    """An age for people, in the largest unit of which there are at least two."""
    seconds = max(round(age.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clock_difference_text(ahead_seconds: float, other: str) -> str:
    """How far this machine's clock is ahead of another one, or behind it."""
    side = "ahead of" if ahead_seconds > 0 else "behind"
    return f"this machine's clock is {abs(ahead_seconds) / 60:.0f} minutes {side} {other}"
