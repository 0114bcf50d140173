"""Arguments as users type them: times, durations, and names that must be on record.

A time is ISO 8601, a date (the whole UTC day), a duration before now, or a run's number; the caller
passes the current time. A name is checked against what is on record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, func, select

from etl.audit.query import read_rows
from etl.clock import in_milliseconds
from etl.database.schema import source_runs, sync_runs
from etl.errors import UsageError
from etl.text import printable, require_known

if TYPE_CHECKING:
    from etl.transform import ComponentTables

_DURATION: Final = re.compile(r"(\d{1,9})(s|min|h|d|w)")
_UNITS: Final = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EXPECTED: Final = (
    "expected a time (2026-11-23T08:00Z), a date (2026-11-23) or a duration before now (36h, 7d)"
)
_DAY: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DOCUMENTED: Final[dict[str, tuple[str, ...]]] = {
    "arch": ("x86_64", "aarch64"),
    "type": ("BUILD_IN", "DEDICATED"),
    "dev_service": ("NOTEBOOK", "SSH", "AI_FLOW"),
    "component": (),
}
"""Filters, with the values of the API that are valid even if no image on record has them."""
_MOST_CHOICES: Final = 10
_LAST: Final = "\U0010ffff"  # sorts behind every id with the same beginning


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


def require_sources(
    connection: Connection, names: Sequence[str], *, configured: Iterable[str] = ()
) -> None:
    """Raises `UsageError` for a source that is neither on record nor configured."""
    if names:
        known = {*configured, *connection.scalars(select(source_runs.c.source).distinct())}
        for name in names:
            require_known("source", name, known)


def require_run(connection: Connection, run_id: int) -> None:
    """Raises `UsageError` for a run that is not on record: it never began, or it was pruned."""
    run = sync_runs.c.run_id
    first, last = connection.execute(select(func.min(run), func.max(run))).one()
    if last is None:
        raise UsageError(f"unknown run {run_id}", hint="there are no runs yet")
    if not 0 < run_id <= last:
        raise UsageError(f"unknown run {run_id}", hint=f"the latest is {last}")
    if connection.scalar(select(run).where(run == run_id)) is None:
        hint = f"runs on record: {first} to {last}, without those that were pruned"
        raise UsageError(f"run {run_id} was pruned", hint=hint)


def require_values(
    connection: Connection, filters: Mapping[str, Any], tables: Callable[[], ComponentTables]
) -> None:
    """Raises `UsageError` for a filter that no image on record ever matched.

    This reads the whole catalogue: call it when nothing was found.
    """
    for name, documented in _DOCUMENTED.items():
        if value := filters.get(name):
            recorded = (row[0] for row in read_rows(connection, "known_values", name=name).rows)
            known = {*documented, *(each for each in recorded if each is not None)}
            if name == "component":
                known |= tables().names
            require_known(name.replace("_", " "), value, known)


def find_images(
    connection: Connection, sought: str, *, sources: Sequence[str]
) -> list[dict[str, Any]]:
    """The image with this id or beginning of an id, name or swr_path: source, image_id, name.

    A complete id finds the image of each source that has it. Raises `UsageError` if nothing
    matches, or several images do otherwise.
    """
    found = _matching(connection, sought, sources)
    if not found:
        hint = "give an id or its beginning, a name or a swr_path; `image-sync images` lists them"
        raise UsageError(f"no image '{printable(sought)}'", hint=hint)
    if len(found) == 1 or found[0]["image_id"] == sought:
        return found
    head = f"'{printable(sought)}' matches several images; give more of the id, or --source:"
    choices = [" ".join(filter(None, each.values())) for each in found[:_MOST_CHOICES]]
    more = ["…"] if len(found) > _MOST_CHOICES else []
    raise UsageError("\n  ".join([head, *map(printable, choices), *more]))


def _matching(connection: Connection, sought: str, sources: Sequence[str]) -> list[dict[str, Any]]:
    few = {"limit": _MOST_CHOICES + 1}
    ways: tuple[dict[str, Any], ...] = (
        {"image_id": sought},
        {"first_id": sought, "last_id": sought + _LAST, **few},
        {"name": sought, **few},
        {"swr_path": sought, **few},
    )
    found = (read_rows(connection, "find_image", sources=sources, **way) for way in ways)
    return next(filter(None, (rows.objects() for rows in found)), [])
