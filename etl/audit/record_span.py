"""From when to when the record of each source is complete.

Pruning drops what ended before a cut, and nothing is known before a source's first run or after its
latest one. A state before the cut is refused; changes are returned as far as they are known, with
the time from which they are complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, case, func, literal, select, true

from etl.clock import instant_text
from etl.database.columns import Instant
from etl.database.schema import prune_checkpoints, source_runs
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from etl.audit.query import Rows

COLUMNS: Final = {
    "complete_from": "from when on the record of the source is complete",
    "complete_to": "observed_at of the source's latest run",
}
"""Columns of every answer that depends on history, with their meaning."""
_MOST_SOURCES: Final = 3
_AFTER: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecordSpan:
    """The record of one source: `begins_at` is its first run that is still on record."""

    source: str
    begins_at: datetime
    ends_at: datetime
    pruned_to: datetime | None = None
    pruned_run: int | None = None

    @property
    def complete_from(self) -> datetime:
        """States and changes from this instant on are complete."""
        return self.pruned_to + _AFTER if self.pruned_to else self.begins_at


def read_spans(connection: Connection, *, sources: Sequence[str] = ()) -> list[RecordSpan]:
    """The spans of all sources (or of these), by name."""
    observed_at, cut = source_runs.c.observed_at, prune_checkpoints.c
    spans = (
        select(source_runs.c.source, func.min(observed_at), func.max(observed_at))
        .where(source_runs.c.source.in_(sources) if sources else true())
        .group_by(source_runs.c.source)
        .order_by(source_runs.c.source)
    )
    cuts = {
        row.source: (row.observed_at, row.run_id)
        for row in connection.execute(select(cut.source, cut.observed_at, cut.run_id))
    }
    return [RecordSpan(*row, *cuts.get(row[0], ())) for row in connection.execute(spans)]


def require_kept(
    connection: Connection, spans: Sequence[RecordSpan], moments: Sequence[datetime | int]
) -> None:
    """Raises `UsageError` where a source's state at an instant, or after a run, was pruned."""
    for span in spans:
        for moment in moments if span.pruned_to else ():
            at = moment if isinstance(moment, datetime) else _met(connection, span.source, moment)
            if at is None or at < span.complete_from - _AFTER:
                cut = f"{instant_text(span.complete_from)} (run {span.pruned_run} and earlier)"
                raise UsageError(
                    f"the history of source '{printable(span.source)}' before {cut} was pruned",
                    hint="name a later time or run, or other sources with --source",
                )


def require_order(
    connection: Connection,
    earlier: datetime | int,
    later: datetime | int,
    *,
    sources: Sequence[str] = (),
) -> None:
    """Raises `UsageError` where the first of two instants, or runs, is the later one of a source's.

    Runs are in the order in which they read the source: one that began first may have read it last.
    """
    found = (
        select(source_runs.c.source)
        .where(source_runs.c.source.in_(sources) if sources else true())
        .group_by(source_runs.c.source)
        .having(_instant_of(earlier) > _instant_of(later))
    )
    if source := connection.scalar(found.order_by(source_runs.c.source).limit(1)):
        raise UsageError(f"FROM is later than TO for source '{printable(source)}'")


def notes_on_state(spans: Sequence[RecordSpan], at: datetime, *, now: datetime) -> Iterator[str]:
    """What the record cannot know of a state at an instant."""
    early = [f"{_name(each)} starts at {instant_text(each.begins_at)}" for each in spans
             if at < each.begins_at]  # fmt: skip
    yield from _grouped(early)
    if at > now:
        yield f"{instant_text(at)} is in the future: the latest known state is shown"


def notes_on_changes(
    spans: Sequence[RecordSpan], since: datetime | None, until: datetime | None, *, now: datetime
) -> Iterator[str]:
    """What the record cannot know of the changes in a period."""
    yield from _grouped(
        [
            f"{_name(each)} is complete from {instant_text(each.complete_from)} on: "
            "earlier history was pruned"
            if each.pruned_to
            else f"{_name(each)} starts at {instant_text(each.begins_at)}"
            for each in spans
            if (since is None and each.pruned_to) or (since and since < each.complete_from)
        ]
    )
    if since and since > now:
        yield f"{instant_text(since)} is in the future"
    elif until and until > now + _DAY:
        yield f"{instant_text(until)} is in the future: changes up to now are shown"


def notes_on_comparisons(spans: Sequence[RecordSpan]) -> Iterator[str]:
    """What cannot be compared with versions that were pruned, whatever the period."""
    yield from _grouped(
        [
            f"{_name(each)} is complete from {instant_text(each.complete_from)} on: "
            "versions that were pruned are not compared"
            for each in spans
            if each.pruned_to
        ]
    )


def with_spans(rows: Rows, spans: Sequence[RecordSpan]) -> Rows:
    """The rows, each with the span in which the record of its source is complete."""
    bounds: Mapping[Any, tuple[Any, ...]] = {
        each.source: (each.complete_from, each.ends_at) for each in spans
    }
    if "source" in rows.columns:
        at = list(rows.columns).index("source")
        unknown = (None, None)
        return rows.extended(COLUMNS, ((*row, *bounds.get(row[at], unknown)) for row in rows.rows))
    latest = tuple(max(each) for each in zip(*bounds.values(), strict=True)) or (None, None)
    return rows.extended(COLUMNS, ((*row, *latest) for row in rows.rows))


def _name(span: RecordSpan) -> str:
    return f"the record of source '{printable(span.source)}'"


def _grouped(notes: Sequence[str]) -> Iterator[str]:
    yield from notes[:_MOST_SOURCES]
    if (more := len(notes) - _MOST_SOURCES) > 0:
        yield f"the same holds for {more:,} more sources (see complete_from with --format json)"


def _met(connection: Connection, source: str, run_id: int) -> datetime | None:
    """When a run, or else the last one before it, read a source."""
    found: datetime | None = connection.scalar(
        select(_instant_of(run_id)).where(source_runs.c.source == source)
    )
    return found


def _instant_of(moment: datetime | int) -> ColumnElement[datetime]:
    """Over rows of one source: when the run read it, or else the last one that began before."""
    if not isinstance(moment, int):
        return literal(moment, Instant())
    run_id, observed_at = source_runs.c.run_id, source_runs.c.observed_at
    own, last = (
        func.max(case((which, observed_at))) for which in (run_id == moment, run_id < moment)
    )
    return func.coalesce(own, last)
