"""Is the past that a person asks for on record, was it pruned, or is it yet to come? In order?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, literal, select, true

from etl.database.schema import prune_checkpoints, source_runs, sync_runs
from etl.database.types import Instant
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection


def require_kept(
    connection: Connection, moments: Iterable[datetime | int], *, sources: Sequence[str] = ()
) -> None:
    """Raises `UsageError` where an instant, or a run, lies in history that was dropped.

    What was there then can't be told any more: an answer would miss what was replaced since. A run
    that has not begun is refused, too: a mistyped number (or a year) would be taken for now.
    """
    asked = list(moments)
    if not asked:
        return
    _require_begun(connection, [each for each in asked if isinstance(each, int)])
    found = connection.execute(select(prune_checkpoints).order_by(prune_checkpoints.c.source))
    for row in found.mappings():
        if sources and row["source"] not in sources:
            continue
        for moment in asked:
            if _is_gone(connection, moment, source=row["source"], cut_at=row["observed_at"]):
                cut = f"{row['observed_at']:%Y-%m-%dT%H:%M:%SZ} (run {row['run_id']})"
                raise UsageError(
                    f"the history of source {row['source']!r} up to {cut} was pruned",
                    hint="ask for a later time, or name other sources with --source",
                )


def require_sources(
    connection: Connection, names: Iterable[str], *, known: Iterable[str] = ()
) -> None:
    """Raises `UsageError` for a source that is neither on record nor `known` besides.

    A mistyped one would be answered with nothing, and so be well for ever.
    """
    there = {*known, *connection.scalars(select(source_runs.c.source).distinct())}
    for name in names:
        if name not in there:
            told = ", ".join(sorted(there)) or "none"
            raise UsageError(printable(f"no source {name!r} (there: {told})"))


def require_order(
    connection: Connection,
    earlier: datetime | int,
    later: datetime | int,
    *,
    sources: Sequence[str] = (),
) -> None:
    """Raises `UsageError` where the first of two instants, or runs, is the later one of a source's.

    Runs are in the order in which they met the source: one that began first may have met it last.
    """
    found = (
        select(source_runs.c.source)
        .where(source_runs.c.source.in_(sources) if sources else true())
        .group_by(source_runs.c.source)
        .having(_instant_of(earlier) > _instant_of(later))
    )
    if source := connection.scalar(found.order_by(source_runs.c.source).limit(1)):
        raise UsageError(f"FROM is later than TO, of source {source!r}")


def _is_gone(
    connection: Connection, moment: datetime | int, *, source: str, cut_at: datetime
) -> bool:
    if not isinstance(moment, int):
        return moment < cut_at
    met = select(_instant_of(moment)).where(source_runs.c.source == source)
    at = connection.scalar(met)
    return at is None or at <= cut_at


def _instant_of(moment: datetime | int) -> ColumnElement[datetime]:
    """Over rows of one source: when the run met it, or else the last one that began before."""
    if not isinstance(moment, int):
        return literal(moment, Instant())
    run_id, observed_at = source_runs.c.run_id, source_runs.c.observed_at
    own, last = (
        func.max(case((which, observed_at))) for which in (run_id == moment, run_id < moment)
    )
    return func.coalesce(own, last)


def _require_begun(connection: Connection, run_ids: Sequence[int]) -> None:
    latest = connection.scalar(select(func.max(sync_runs.c.run_id))) or 0
    for run_id in run_ids:
        if run_id > latest:
            raise UsageError(f"no such run: {run_id}", hint=f"the latest is {latest}")
