"""The changes of later log entries, oldest first, so that a consumer can resume.

A consumer passes the last `entry` that it processed. It always receives complete entries: a limit
never ends within one, because the rest would be lost when the consumer resumes after that entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, func, select

from etl.audit.query import Rows, ask
from etl.database.schema import log_entries, prune_checkpoints
from etl.errors import UsageError
from etl.text import printable


def feed_parameters(
    connection: Connection, asked: Mapping[str, Any], *, rows: int | None
) -> dict[str, int]:
    """The parameters of the query that bound what it reads; `rows` is the limit.

    Raises `UsageError` if the entry does not exist, or if changes after it were pruned.
    """
    after, sources = asked["after"], asked.get("sources", ())
    _require_entry(connection, after)
    _require_unpruned(connection, after, sources)
    is_filtered = asked.get("kind") or asked.get("field")  # then counts do not bound the rows
    wanted = None if is_filtered else rows
    bounds = ask(connection, "entries_after", sources=sources, after=after, rows=wanted)
    return {name: int(value) for name, value in bounds.objects()[0].items() if value is not None}


def complete_entries(rows: Rows, limit: int | None) -> Rows:
    """The rows of the first entries: at most `limit`, but at least one entry."""
    entry = list(rows.columns).index("entry")
    return rows.with_rows(_complete(rows.rows, entry, limit)) if limit else rows


def _complete(rows: Iterator[Sequence[Any]], entry: int, limit: int) -> Iterator[Sequence[Any]]:
    room = limit
    for _, group in groupby(rows, key=lambda row: row[entry]):
        of_entry = list(group)
        if len(of_entry) > room and room < limit:
            return
        yield from of_entry
        room -= len(of_entry)


def _require_entry(connection: Connection, after: int) -> None:
    last = connection.scalar(select(func.max(log_entries.c.entry)))
    if after > (-1 if last is None else last):
        hint = "the log is empty; -1 means from the beginning" if last is None else f"last: {last}"
        raise UsageError(f"unknown log entry {after}", hint=hint)


def _require_unpruned(connection: Connection, after: int, sources: Sequence[str]) -> None:
    cut, entry_ = prune_checkpoints.c, log_entries.c
    pruned = connection.execute(
        select(cut.source, func.max(entry_.entry))
        .join(log_entries, and_(entry_.source == cut.source, entry_.run_id == cut.run_id))
        .where(entry_.entry > after)
        .group_by(cut.source)
        .order_by(func.max(entry_.entry).desc())
    )
    for source, entry in pruned:
        if not sources or source in sources:
            raise UsageError(
                f"changes of source '{printable(source)}' up to log entry {entry} were pruned",
                hint=f"read `image-sync images`, then continue with --after {entry}",
            )
