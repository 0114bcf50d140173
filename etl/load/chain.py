"""Writes a source's row of `source_runs`, chained to the one before; reads what it vouches for.

`verify` recomputes digests with the same functions, from the tables alone.
"""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import bindparam, insert, select, text

from etl.database.schema import (
    current_images,
    field_changes,
    held_removals,
    image_removals,
    rejects,
    source_fields,
    source_runs,
    sync_runs,
)
from etl.decide.ledger import FactSet, event, run_digest, version_fact
from etl.load.log_entries import append_run
from etl.load.rows import image_columns, image_of
from etl.model import Outcome, WalkFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Select

    from etl.load.turn import Turn

_OUTCOME_COLUMNS: Final = tuple(
    column.name
    for column in source_runs.c
    if column.name in {each.name for each in fields(Outcome)}
)
_FACT_COLUMNS: Final = tuple(
    column.name
    for column in source_runs.c
    if column.name in {each.name for each in fields(WalkFacts)}
)


def write_source_run(turn: Turn, outcome: Outcome) -> None:
    """The outcome's row, last of all: it vouches for everything that the run wrote."""
    row: dict[str, Any] = {
        "run_id": turn.run_id,
        "source": turn.source,
        **{name: getattr(outcome, name) for name in _OUTCOME_COLUMNS},
        **{name: getattr(outcome.facts, name) for name in _FACT_COLUMNS},
        "walk_detail": msgspec.json.decode(msgspec.json.encode(outcome.facts.detail)),
        "catalogue_digest": turn.catalogue.digest,
        "previous_digest": turn.before.digest,
        "sight_digest": turn.sights.digest,
        "component_rules": turn.component_rules,
    }
    events = read_events(turn.connection, turn.run_id, turn.source)
    turn.connection.execute(insert(source_runs).values(**row, digest=run_digest(row, events)))
    append_run(turn.connection, source=turn.source, run_id=turn.run_id)


def read_events(
    connection: Connection, run_id: int, source: str, *, is_of_release_0_1: bool = False
) -> FactSet:
    """Everything that a run wrote about a source besides versions, as a set of facts."""
    events = FactSet()
    for kind, rows in (_EVENTS | (_OF_RELEASE_0_1 if is_of_release_0_1 else _SINCE)).items():
        found = connection.execute(rows, {"of_run": run_id, "of_source": source})
        events.update(event(kind, dict(row)) for row in found.mappings())
    # Versions that no catalogue ever held: seen for the first time, as DELETED.
    at_once = "v.closed_run_id = :run_id and v.valid_from = v.valid_to"
    events.update(read_version_facts(connection, source, at_once, run_id=run_id))
    return events


def read_version_facts(
    connection: Connection, source: str, where: str, **values: Any
) -> Iterator[bytes]:
    """The facts of all versions of a source, latest and past_versions, that meet a condition."""
    for table in ("current_images", "past_versions"):
        statement = f"""
            select v.version, {image_columns(connection, "v")} from {table} as v
            where {where} and v.source = :source
        """
        for version, *image in connection.execute(text(statement), {"source": source, **values}):
            yield version_fact(source, version, image_of(image))


def _written(table: Any, *without: str) -> Select[Any]:
    """A run's rows of a table, with the columns that never change again."""
    columns = [column for column in table.c if column.name not in without]
    return select(*columns).where(
        table.c.run_id == bindparam("of_run"), table.c.source == bindparam("of_source")
    )


_EVENTS: Final[dict[str, Select[Any]]] = {
    "change": select(
        current_images.c.image_id,
        *(column for column in field_changes.c if column.name not in {"image_key", "run_id"}),
    )
    .join_from(field_changes, current_images)
    .where(
        field_changes.c.run_id == bindparam("of_run"),
        current_images.c.source == bindparam("of_source"),
    ),
    "removal": _written(image_removals, "restored_at", "restored_run_id"),
    "held": _written(held_removals, "released_run_id", "released_at", "released_as"),
    "released": select(
        *(
            held_removals.c[name]
            for name in ("image_id", "run_id", "released_run_id", "released_at", "released_as")
        )
    ).where(
        held_removals.c.released_run_id == bindparam("of_run"),
        held_removals.c.source == bindparam("of_source"),
    ),
    "resolved": select(
        *(
            rejects.c[name]
            for name in ("run_id", "record_digest", "reason", "resolved_run_id", "resolved_at")
        )
    ).where(
        rejects.c.resolved_run_id == bindparam("of_run"),
        rejects.c.source == bindparam("of_source"),
    ),
    "field": _written(source_fields),
}
_RESOLVED: Final = ("reject_id", "resolved_at", "resolved_run_id")
_SINCE: Final[dict[str, Select[Any]]] = {
    "reject": _written(rejects, *_RESOLVED),
    "run": select(
        *(sync_runs.c[name] for name in ("kind", "started_at", "version", "host", "pid"))
    ).where(sync_runs.c.run_id == bindparam("of_run")),
}
_OF_RELEASE_0_1: Final = {"reject": _written(rejects, "record", *_RESOLVED)}
