"""What of a source's history is dropped, when only a part of it is to be kept?

What ended before the part that is kept: versions that later ones had followed, what changed then,
the rows of runs, holds that were released, rejects that were resolved. What stays for ever: each
image with its last known values, its latest version at the cut and every later one, each removal
with its evidence, and every run that a row names which stays.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, text

from etl.database.engine import writing
from etl.database.schema import prune_checkpoints
from etl.load.codec import bound, instant_read
from etl.load.locks import require_lock
from etl.load.sql import reading

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last run of a source whose history was dropped, or is to be."""

    source: str
    run_id: int
    observed_at: datetime


def read_prunings(connection: Connection) -> dict[str, Checkpoint]:
    """Read the checkpoint of each source that was ever pruned."""
    columns = [prune_checkpoints.c[each.name] for each in fields(Checkpoint)]
    return {row.source: Checkpoint(*row) for row in connection.execute(select(*columns))}


def sources_on_record(connection: Connection) -> list[str]:
    """The sources that any run has read, those of an older configuration among them."""
    with reading(connection):
        found = connection.scalars(text("select distinct source from source_runs order by source"))
        return list(found)


def find_checkpoint(connection: Connection, source: str, *, before: datetime) -> Checkpoint | None:
    """The last run to be dropped: observed before an instant, and followed by a certified one.

    None: there is nothing to drop. A certified run always stays, since it says when images were
    last seen.
    """
    named = {"source": source, "before": bound(connection, before)}
    with reading(connection):
        row = connection.execute(text(_CHECKPOINT), named).one_or_none()
    if row is None:
        return None
    run_id, observed_at = row
    at = instant_read(observed_at)
    assert at is not None  # noqa: S101  # the column is not null
    return Checkpoint(source, run_id, at)


def count_prunable(connection: Connection, checkpoint: Checkpoint) -> dict[str, int]:
    """Table → rows that `prune_source` would drop."""
    named = _named(connection, checkpoint)
    with reading(connection):
        return {
            table: connection.execute(
                text(f"select count(*) from {table} where {where}"), named
            ).scalar_one()
            for table, where in _DROPPED.items()
        }


def prune_source(
    connection: Connection, checkpoint: Checkpoint, *, pruned_at: datetime
) -> dict[str, int]:
    """Drops a source's history up to a checkpoint, and seals what is kept: in one transaction.

    Gives table → rows dropped. `connection` has the source's lock.
    """
    source = checkpoint.source
    require_lock(connection, source)
    named = _named(connection, checkpoint)
    with writing(connection):
        counts = {
            table: connection.execute(text(f"delete from {table} where {where}"), named).rowcount
            for table, where in _DROPPED.items()
        }
        connection.execute(delete(prune_checkpoints).where(prune_checkpoints.c.source == source))
        row = {**asdict(checkpoint), "pruned_at": pruned_at}
        connection.execute(insert(prune_checkpoints).values(**row))
    return counts


def prune_idle_runs(connection: Connection, *, before: datetime) -> int:
    """Drops rows of `sync_runs` that no source has a row of (any more), begun before an instant."""
    statement = text(f"delete from sync_runs where {_IDLE}")
    with writing(connection):
        return connection.execute(statement, {"before": bound(connection, before)}).rowcount


def _named(connection: Connection, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "source": checkpoint.source,
        "at": bound(connection, checkpoint.observed_at),
    }


_CHECKPOINT: Final = """
    select run_id, observed_at
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
        and observed_at > coalesce(
            (select observed_at from prune_checkpoints where source = :source),
'1970-01-01T00:00:00.000Z'
        )
    order by observed_at desc
    limit 1
"""
_NEXT: Final = "\nunion all\n".join(
    f"""
    select 1 from {table} as next
    where next.image_key = past_versions.image_key
        and next.version = past_versions.version + 1 and next.valid_from <= :at"""
    for table in ("current_images", "past_versions")
)
# Table → which of its rows go. Parameters: source and at, those of the checkpoint. By instants: a
# run with a higher number may have met the source earlier.
_DROPPED: Final = {
    "field_changes": """
        run_id in (select run_id from source_runs where source = :source and observed_at <= :at)
        and image_key in (select image_key from current_images where source = :source)""",
    "past_versions": f"source = :source and valid_to <= :at and exists ({_NEXT})",
    "held_removals": "source = :source and released_at <= :at",
    "rejects": "source = :source and resolved_at <= :at",
    "source_runs": """
        source = :source and observed_at <= :at
        and run_id not in (
            select run_id from image_removals where source = :source
            union all select run_id from held_removals where source = :source
            union all select run_id from rejects where source = :source
            union all select run_id from source_fields where source = :source
        )""",
}
_IDLE: Final = """
    started_at < :before and status <> 'running'
    and run_id not in (select run_id from source_runs)
"""
