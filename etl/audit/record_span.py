"""From when to when the record of each source is complete.

Pruning drops what ended before a cut, and nothing is known before a source's first run or after its
latest one. A state before the cut is refused; changes are returned as far as they are known, with
the time from which they are complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from etl.audit.query import Rows, read_rows
from etl.clock import instant_text
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from sqlalchemy import Connection

COLUMNS: Final = {
    "complete_from": "from when on the record of the source is complete",
    "complete_to": "observed_at of the source's latest run",
}
"""Columns of all rows that depend on history, with their meaning."""
_MOMENTS: Final = {"at": "at_run", "from_at": "from_run", "to_at": "to_run"}
_MOST_SOURCES: Final = 3
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecordSpan:
    """The record of one source: its first and last run, and the last run that was pruned.

    `moments` are the instants that the parameters name, in order. A run is the instant at which
    it read the source, or else the last run before it did; None if none did.
    """

    source: str
    begins_at: datetime
    ends_at: datetime
    pruned_at: datetime | None
    pruned_run: int | None
    pruned_entry: int | None
    moments: tuple[datetime | None, ...] = ()

    @property
    def complete_from(self) -> datetime:
        """Changes from this instant on are complete."""
        return self.pruned_at + _MILLISECOND if self.pruned_at else self.begins_at

    def begins_after(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether a period, of which either end may be open, starts or ends before the record."""
        start = self.complete_from
        return bool((since and since < start) or (until and until <= start))

    @property
    def beginning(self) -> str:
        """From when on the record is complete, for people."""
        record = f"the record of source '{printable(self.source)}'"
        at = instant_text(self.complete_from)
        if self.pruned_at:
            return f"{record} is complete from {at} on: earlier history was pruned"
        return f"{record} starts at {at}"


def read_spans(connection: Connection, parameters: Mapping[str, Any]) -> list[RecordSpan]:
    """The spans of the sources that the parameters name, or of all, by name."""
    runs: dict[str, Any] = {name: parameters.get(name) for name in _MOMENTS.values()}
    found = read_rows(connection, "record_spans", sources=parameters.get("sources"), **runs)
    return [_span(row, parameters) for row in found.objects()]


def _span(row: dict[str, Any], parameters: Mapping[str, Any]) -> RecordSpan:
    moments = [
        parameters.get(instant) or row.pop(instant)
        for instant, run in _MOMENTS.items()
        if parameters.get(instant) or parameters.get(run)
    ]
    return RecordSpan(**row, moments=tuple(moments))


def require_known_states(spans: Iterable[RecordSpan]) -> None:
    """Raises `UsageError` where a state was pruned, or the first of two is the later one."""
    for span in spans:
        source = f"source '{printable(span.source)}'"
        if span.pruned_at and any(at is None or at < span.pruned_at for at in span.moments):
            cut = f"{instant_text(span.complete_from)} (run {span.pruned_run} and earlier)"
            raise UsageError(
                f"the history of {source} before {cut} was pruned",
                hint="name a later time or run, or other sources with --source",
            )
        known = [at for at in span.moments if at]
        if known != sorted(known):
            raise UsageError(f"FROM is later than TO for {source}")


def remarks_on_state(spans: Iterable[RecordSpan], at: datetime, *, now: datetime) -> Iterator[str]:
    """What the record cannot know of a state at an instant."""
    yield from _beginnings(each for each in spans if not each.pruned_at and at < each.begins_at)
    if at > now:
        yield f"{instant_text(at)} is in the future: the latest known state is shown"


def remarks_on_period(
    kind: str,
    spans: Iterable[RecordSpan],
    since: datetime | None,
    until: datetime | None,
    *,
    now: datetime,
) -> Iterator[str]:
    """What the record cannot know of a period; without `since`, of all time until its end.

    `kind`: whether rows are `changes`, which may have been pruned, `comparisons` with earlier
    versions, which may have been pruned whatever the period, or are `kept` when history is pruned.
    """
    if kind == "kept":
        spans = [each for each in spans if not each.pruned_at]
    reaches_back = kind == "comparisons" or not since
    yield from _beginnings(
        each
        for each in spans
        if (reaches_back and each.pruned_at) or each.begins_after(since, until)
    )
    if since and since > now:
        yield f"{instant_text(since)} is in the future"
    elif until and until > now + _DAY:
        yield f"{instant_text(until)} is in the future: changes up to now are shown"


def _beginnings(spans: Iterable[RecordSpan]) -> Iterator[str]:
    found = list(spans)
    yield from (each.beginning for each in found[:_MOST_SOURCES])
    if (more := len(found) - _MOST_SOURCES) > 0:
        yield f"the same holds for {more:,} more sources (see complete_from with --format json)"


def with_spans(rows: Rows, spans: Iterable[RecordSpan]) -> Rows:
    """The rows, each with the span in which the record of its source is complete."""
    bounds: dict[str, tuple[datetime | None, datetime | None]] = {
        each.source: (each.complete_from, each.ends_at) for each in spans
    }
    unknown = (None, None)
    if "source" in rows.columns:
        place = rows.columns.index("source")
        return rows.extended(COLUMNS, lambda row: bounds.get(row[place], unknown))
    latest = tuple(max(each) for each in zip(*bounds.values(), strict=True)) or unknown
    return rows.extended(COLUMNS, lambda _: latest)
