"""Single edits of a ledger behind its back, any that a person with the database could make."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from unittest.mock import patch

from sqlalchemy import Connection, Engine, Table, update
from sqlalchemy.exc import DBAPIError

from etl.audit.verify import verify
from etl.database.columns import Instant, JsonList
from etl.database.schema import metadata
from etl.transform.components import builtin_rules
from tests.support.counts import add_count
from tests.support.history import BEGINNING

# Outside the proof: see the head of `etl.audit.verify`.
NOT_PROVEN = {
    "current_images": {"image_key", "record_digest"},
    "past_versions": {"image_key"},
    "field_changes": {"image_key"},
    "presence_changes": {"image_key"},
    "rejects": {"reject_id"},
    "checkpoints": {"created_at"},
    "log_state": {"origin"},
}
NOT_SEALED = {"status", "finished_at", "exit_code", "ended_entry"}
"""Columns of a run whose end no entry contains yet: the latest run's."""
TABLES = [
    "current_images",
    "past_versions",
    "field_changes",
    "presence_changes",
    "image_removals",
    "removal_attributions",
    "held_removals",
    "source_runs",
    "rejects",
    "source_fields",
    "prune_checkpoints",
    "sync_runs",
    "log_entries",
    "log_state",
    "event_hashes",
    "checkpoints",
]


def try_edits(
    engine: Engine, *, count: int, seed: int, but: Mapping[str, set[str]] = MappingProxyType({})
) -> None:
    """Makes so many random edits, each undone at once; `verify` finds each, or a constraint.

    `but`: table → columns that are not proven there besides the usual ones.
    """
    choose = random.Random(seed)
    tried = 0
    with engine.begin() as connection:
        assert not _is_found(connection), "the record must be consistent before it is edited"
    while tried < count:
        table = metadata.tables[choose.choice(TABLES)]
        with engine.connect() as connection:
            transaction = connection.begin()
            try:
                what = _edit(choose, connection, table, but.get(table.name, set()))
            except DBAPIError:  # a constraint refuses it: that is found, too
                what = None
            if what:
                tried += 1
                assert _is_found(connection), f"edit {tried} of {table.name}: {what}"
            transaction.rollback()
    add_count("edits", tried=tried)


def _is_found(connection: Connection) -> bool:
    """Within the transaction of the edit, so that it can be undone.

    An edit of a row cannot change the schema, whose check takes a quarter of the time.
    """
    with patch("etl.audit.verify.schema_faults", return_value=()):
        return not verify(connection, component_rules=builtin_rules()).is_consistent


def _edit(choose: random.Random, connection: Connection, table: Table, but: set[str]) -> str | None:
    rows = connection.execute(table.select()).mappings().all()
    if not rows:
        return None
    row = choose.choice(rows)
    if choose.random() < 0.2:
        connection.execute(table.delete().where(*_key(table, row)))
        return f"deleted {dict(row)}"
    not_proven = NOT_PROVEN.get(table.name, set()) | but
    if table.name == "sync_runs" and row["ended_entry"] is None:
        not_proven |= NOT_SEALED
    column = choose.choice([each for each in table.columns if each.name not in not_proven])
    other = choose.choice(rows)
    value = other[column.name] if choose.random() < 0.4 else _otherwise(choose, column, row)
    if value == row[column.name]:
        return None
    if value is other[column.name] and column.name not in table.primary_key.columns:
        swap = update(table).where(*_key(table, other)).values({column.name: row[column.name]})
        connection.execute(swap)
    connection.execute(update(table).where(*_key(table, row)).values({column.name: value}))
    return f"{column.name}: {row[column.name]!r} → {value!r} in {dict(row)}"


def _key(table: Table, row):
    return [column == row[column.name] for column in table.primary_key.columns]


def _otherwise(choose: random.Random, column, row):
    value = row[column.name]
    if isinstance(column.type, Instant):
        base = value or BEGINNING
        return base + choose.choice([-1, 1]) * timedelta(milliseconds=choose.choice([1, 3_600_000]))
    if isinstance(column.type, JsonList):
        return {"edited": 1} if isinstance(value, dict) else ["edited"]
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    if isinstance(value, int):
        return value + choose.choice([-1, 1])
    assert not isinstance(value, datetime)
    return f"{value or ''}x"
