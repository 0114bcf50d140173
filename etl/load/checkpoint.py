"""What vouches for a ledger whose beginning was pruned? A seal on what was kept of it.

A source's chain of digests then begins at its row of `prune_checkpoints`. What was kept
of the runs up to
there (images, versions, removals and their runs, what is still held or unresolved) is sealed there
as a set of facts; `verify` gathers the same facts anew.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, text

from etl.database.schema import (
    current_images,
    held_removals,
    image_removals,
    prune_checkpoints,
    rejects,
    source_fields,
    source_runs,
    sync_runs,
)
from etl.decide.ledger import FactSet, event, version_fact
from etl.load.rows import bound, image_columns, image_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Select


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last run of a source whose history was dropped, or is to be."""

    source: str
    run_id: int
    observed_at: datetime
    digest: str
    catalogue_digest: str
    present: int


@dataclass(frozen=True, slots=True)
class Pruning:
    """Where a source's chain begins, and the set digest of what was kept of the runs before."""

    checkpoint: Checkpoint
    kept_digest: str


def read_prunings(connection: Connection) -> dict[str, Pruning]:
    """Source → its pruning, of those that were ever pruned."""
    columns = [prune_checkpoints.c[each.name] for each in fields(Checkpoint)]
    found = connection.execute(select(*columns, prune_checkpoints.c.kept_digest))
    return {row.source: Pruning(Checkpoint(*row[:-1]), row.kept_digest) for row in found}


def kept_facts(connection: Connection, checkpoint: Checkpoint) -> FactSet:
    """What the tables hold of the runs up to a checkpoint, as a set of facts."""
    facts = FactSet()
    facts.add(event("checkpoint", asdict(checkpoint)))
    facts.update(_versions(connection, checkpoint))
    for kind, statement, later in _kept(checkpoint):
        for row in connection.execute(statement).mappings():
            facts.add(event(f"kept {kind}", _as_then(dict(row), checkpoint, later)))
    return facts


def _versions(connection: Connection, checkpoint: Checkpoint) -> Iterator[bytes]:
    """Their values and periods; what ended a version later is another run's to say."""
    period = "v.version, v.valid_from, v.opened_run_id, v.opened_as"
    end = ("valid_to", "closed_run_id", "closed_as")
    ended = ", ".join(f"case when v.valid_to <= :at then v.{name} end as {name}" for name in end)
    for table in ("current_images", "past_versions"):
        statement = f"""
            select {period}, {ended}, {image_columns(connection, "v")}
            from {table} as v
            where v.source = :source and v.valid_from <= :at
        """
        named = {"source": checkpoint.source, "at": bound(connection, checkpoint.observed_at)}
        for version, *rest in connection.execute(text(statement), named):
            image = image_of(rest[6:])
            told = dict(zip(("valid_from", "opened_run_id", "opened_as", *end), rest, strict=False))
            fact = version_fact(checkpoint.source, version, image)
            yield event("kept version", {**told, "fact": fact.hex()})


def _kept(checkpoint: Checkpoint) -> Iterator[tuple[str, Select[Any], tuple[str, ...]]]:
    """The rows of the other tables, and which of their columns a later run may fill."""
    seen_first = select(current_images.c.image_id, current_images.c.first_seen_at).where(
        current_images.c.source == checkpoint.source,
        current_images.c.first_seen_at <= checkpoint.observed_at,
    )
    yield "image", seen_first, ()
    begun = (
        select(*(sync_runs.c[name] for name in _BEGUN))
        .join(source_runs, source_runs.c.run_id == sync_runs.c.run_id)
        .where(
            source_runs.c.source == checkpoint.source,
            source_runs.c.observed_at <= checkpoint.observed_at,
        )
    )
    yield "begin", begun, ()
    for kind, (table, at, later) in _TABLES.items():
        mine = (table.c.source == checkpoint.source, table.c[at] <= checkpoint.observed_at)
        columns = [column for column in table.c if column.name not in _NAMELESS]
        yield kind, select(*columns).where(*mine), later


def _as_then(row: dict[str, Any], checkpoint: Checkpoint, later: tuple[str, ...]) -> dict[str, Any]:
    """A row as it was at the checkpoint: what a later run filled is empty."""
    at = next((row[name] for name in later if name.endswith("_at")), None)
    if at is not None and at <= checkpoint.observed_at:
        return row
    return {**row, **dict.fromkeys(later)}


_BEGUN: Final = ("run_id", "kind", "started_at", "version", "host", "pid")
_NAMELESS: Final = {"reject_id", "record"}  # a number that names a row; sealed by its digest
# Kind → table, the instant of the run that wrote a row, and what a later run may fill.
_TABLES: Final = {
    "removal": (image_removals, "removed_at", ("restored_run_id", "restored_at")),
    "held": (held_removals, "held_at", ("released_run_id", "released_at", "released_as")),
    "reject": (rejects, "rejected_at", ("resolved_run_id", "resolved_at")),
    "field": (source_fields, "first_seen_at", ()),
    "run": (source_runs, "observed_at", ()),
}
