"""Removal of old history of a source, sealed by an entry of the log.

Dropped: versions that a later one followed, what changed then, rows of runs, released holds,
resolved rejects, presence changes that are over. Kept forever: each image with its last known
values, its latest version at the cut and every later one, each removal with its evidence, every run
that a kept row names, and the hash of every log entry.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, bindparam, delete, insert, select, text

from etl.database.columns import Instant
from etl.database.engine import writing
from etl.database.schema import prune_checkpoints, source_runs
from etl.load.locks import require_lock
from etl.load.log import append_prune


@dataclass(frozen=True, slots=True)
class Cut:
    """The last run of a source that a prune drops."""

    source: str
    run_id: int
    observed_at: datetime
    entry: int


def sources_on_record(connection: Connection) -> list[str]:
    """Sources that any run has read, including those of an older configuration."""
    found = select(source_runs.c.source).distinct().order_by(source_runs.c.source)
    with connection.begin():
        return [*connection.scalars(found)]


def find_cut(connection: Connection, source: str, *, before: datetime) -> Cut | None:
    """Find the last run to drop; None if there is nothing to drop.

    It is older than `before` and followed by a certified run, which says when images were last
    seen.
    """
    named = {"source": source, "before": before}
    with connection.begin():
        row = connection.execute(_CUT, named).one_or_none()
    return None if row is None else Cut(source, *row)


def prune_source(connection: Connection, cut: Cut, *, pruned_at: datetime | None) -> dict[str, int]:
    """Drop a source's history up to a run and append the entry that seals the rest.

    All of it is one transaction, and `connection` has the lock of the source. Returns table →
    number of rows dropped. Without `pruned_at`, the rows are only counted.
    """
    if pruned_at is None:
        with connection.begin():
            return _dropped(connection, cut, "select count(*)", CursorResult.scalar_one)
    require_lock(connection, cut.source)
    with writing(connection):
        counts = _dropped(connection, cut, "delete", lambda result: result.rowcount)
        of_source = prune_checkpoints.c.source == cut.source
        connection.execute(delete(prune_checkpoints).where(of_source))
        row = {
            "source": cut.source,
            "run_id": cut.run_id,
            "observed_at": cut.observed_at,
            "pruned_at": pruned_at,
            "through_entry": cut.entry,
        }
        connection.execute(insert(prune_checkpoints).values(**row))
        append_prune(connection, source=cut.source, through_entry=cut.entry)
    return counts


def _dropped(
    connection: Connection, cut: Cut, verb: str, count: Callable[[CursorResult[Any]], int]
) -> dict[str, int]:
    named = {"source": cut.source, "entry": cut.entry}
    return {
        table: count(connection.execute(text(f"{verb} from {table} where {condition}"), named))
        for table, condition in _DROPPED.items()
    }


_CUT: Final = (
    text("""
    select run_id, observed_at, entry
    from source_runs
    where source = :source
        and observed_at < :before
        and observed_at < coalesce(
            (
                select max(observed_at) from source_runs
                where source = :source and certificate <> 'none'
            ),
            (select max(observed_at) from source_runs where source = :source)
        )
        and entry > coalesce(
            (select through_entry from prune_checkpoints where source = :source), -1
        )
    order by entry desc
    limit 1
""")
    .bindparams(bindparam("before", type_=Instant()))
    .columns(source_runs.c.run_id, source_runs.c.observed_at, source_runs.c.entry)
)
_AT: Final = "(select observed_at from source_runs where source = :source and entry = :entry)"
_PRUNED_RUNS: Final = """
    select run_id from log_entries where source = :source and kind = 'run' and entry <= :entry"""
_OF_SOURCE: Final = "image_key in (select image_key from current_images where source = :source)"
_LATER_VERSION: Final = "\nunion all\n".join(
    f"""
    select 1 from {table} as later
    where later.image_key = {{0}}.image_key
        and later.version = {{0}}.version + 1 and later.valid_from <= {_AT}"""
    for table in ("current_images", "past_versions")
)
# Table → which of its rows go, those of runs last.
# By time: a run with a higher number may have met the source earlier.
_DROPPED: Final = {
    "field_changes": f"run_id in ({_PRUNED_RUNS}) and {_OF_SOURCE}",
    "past_versions": f"""
        source = :source and valid_to <= {_AT}
        and exists ({_LATER_VERSION.format("past_versions")})""",
    "presence_changes": f"""
        source = :source and changed_at <= {_AT}
        and (
            exists (
                select 1 from presence_changes as later
                where later.image_key = presence_changes.image_key
                    and later.changed_at > presence_changes.changed_at and later.changed_at <= {_AT}
            )
            or exists (
                select 1 from current_images as c
                where c.image_key = presence_changes.image_key
                    and (c.valid_from > presence_changes.changed_at or c.valid_to <= {_AT})
            )
        )""",
    "held_removals": f"source = :source and released_at <= {_AT}",
    "rejects": f"source = :source and resolved_at <= {_AT}",
    "event_hashes": """
        entry in (
            select entry from log_entries
            where source = :source and (entry <= :entry or kind = 'prune')
        )""",
    "source_runs": """
        source = :source and entry <= :entry
        and run_id not in (
            select run_id from image_removals where source = :source
            union all select run_id from held_removals where source = :source
            union all select run_id from rejects where source = :source
            union all select run_id from source_fields where source = :source
            union all select run_id from removal_attributions where source = :source
        )""",
    "sync_runs": """
        ended_entry in (
            select entry from log_entries
            where source = :source and kind = 'run' and entry <= :entry
        )
        and run_id not in (select run_id from source_runs)""",
}
