"""The current time and its text form: UTC, whole milliseconds, ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time of this machine's clock."""
    return in_milliseconds(datetime.now(UTC))


def in_milliseconds(instant: datetime) -> datetime:
    """The time, truncated to milliseconds."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def instant_text(instant: datetime) -> str:
    """The time as `2026-11-02T08:00:00.042Z`, truncated to milliseconds."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
