"""What a prune keeps of the runs it drops: the events of the entry that replaces theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, text

from etl.load.log_entries import SOURCE_RUN_COLUMNS, read_rows
from etl.load.log_events import of_pruned, read_events, value_sql
from etl.proof.events import FIRST_SEEN, ended_event, run_event
from etl.proof.log import END_COLUMNS, RUN_COLUMNS

Kept = tuple[str, bytes]
"""The row that a kept fact was read from, in words, and its canonical JSON."""


def read_kept(connection: Connection, source: str, through_entry: int) -> Iterator[Kept]:
    """Kept facts in their documented order.

    First the events of the pruned runs whose rows are still there, as they were logged; then when
    images were first seen; then the kept rows of runs, and how runs ended.
    """
    for event in read_events(connection, of_pruned(source, through_entry)):
        yield str(event), event.data
    yield from _first_seen(connection, source, through_entry)
    for run_id, entry in connection.execute(text(_RUNS), _named(source, through_entry)).all():
        yield f"source_runs, run {run_id}", kept_run(connection, source, run_id, entry)
    for row in read_rows(
        connection, "sync_runs", END_COLUMNS, _ENDED, **_named(source, through_entry)
    ):
        yield f"sync_runs, run {row['run_id']}", ended_event(row)


def kept_run(connection: Connection, source: str, run_id: int, entry: int) -> bytes:
    """Kept row of a run at a source."""
    run = read_rows(
        connection,
        "source_runs",
        SOURCE_RUN_COLUMNS,
        "source = :source and run_id = :run_id",
        source=source,
        run_id=run_id,
    )
    rows = read_rows(connection, "sync_runs", RUN_COLUMNS, "run_id = :run_id", run_id=run_id)
    return run_event(entry, run[0], rows[0] if rows else {})


def _first_seen(connection: Connection, source: str, through_entry: int) -> Iterator[Kept]:
    dialect = connection.dialect.name
    columns = [value_sql(dialect, name, "current_images", name) for name in FIRST_SEEN.columns]
    statement = f"select {', '.join(columns)} {_FIRST_SEEN}"  # our own names
    for row in connection.execute(text(statement), _named(source, through_entry)):
        yield f"current_images, image_id {row[1]}", FIRST_SEEN.encode(row)


def _named(source: str, through_entry: int) -> dict[str, Any]:
    return {"source": source, "through_entry": through_entry}


_FIRST_SEEN: Final = """
    from current_images
    where source = :source and first_seen_at <= (
        select observed_at from prune_checkpoints where source = :source
    )
    order by image_key
"""
_RUNS: Final = """
    select run_id, entry from source_runs
    where source = :source and entry <= :through_entry
    order by entry
"""
_ENDED: Final = """
    ended_entry in (
        select entry from log_entries
        where source = :source and kind = 'run' and entry <= :through_entry
    )
    order by run_id
"""
