"""Entries of the log: appended inside the commit, and recomputed from the tables later."""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, text, update

from etl.database.engine import writing
from etl.database.schema import (
    event_hashes,
    log_entries,
    log_state,
    metadata,
    source_runs,
    sync_runs,
)
from etl.load.log_events import run_hashes, value_sql
from etl.proof.log import END_COLUMNS, RUN_COLUMNS, events_root, prune_entry, run_entry
from etl.proof.merkle import Frontier, leaf_hash

SOURCE_RUN_COLUMNS: Final = tuple(
    column.name for column in source_runs.columns if column.name != "entry"
)
PRUNE_COLUMNS: Final = ("source", "through_entry", "run_id", "observed_at", "pruned_at")


@dataclass(frozen=True, slots=True)
class LogState:
    """Name of the log, and the right edge of its tree."""

    origin: str
    frontier: Frontier

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.frontier.size


def append_run(
    connection: Connection, *, source: str, run_id: int, added: Sequence[bytes] = ()
) -> int:
    """Append the entry of one run at one source; returns its number.

    This is the last step of the run's transaction, after all of its rows are written. From here to
    the commit, no other source can commit. PostgreSQL must use READ COMMITTED, so that the state
    is read as it is after waiting for the lock. `added`: hashes of the images that were added, if
    they are known.
    """
    hashes = run_hashes(connection, source, run_id, added=added)
    state = _lock_state(connection)
    ended = (
        update(sync_runs)
        .where(sync_runs.c.ended_entry.is_(None), sync_runs.c.status != "running")
        .values(ended_entry=state.size)
    )
    connection.execute(ended)
    data = run_data(connection, source, run_id, entry=state.size, hashes=hashes)
    return _append(connection, state, data, hashes, kind="run", source=source, run_id=run_id)


def append_prune(connection: Connection, *, source: str, hashes: Sequence[bytes]) -> int:
    """Append the entry that seals what a prune kept; `prune_checkpoints` has its row already."""
    state = _lock_state(connection)
    data = prune_data(connection, source, hashes=hashes)
    return _append(connection, state, data, hashes, kind="prune", source=source, run_id=None)


def ensure_origin(connection: Connection) -> str:
    """Name of the log; generated and stored if there is none yet, in a transaction of its own."""
    with writing(connection):
        return _lock_state(connection).origin


def read_state(connection: Connection) -> LogState | None:
    """Read the state of the log; None before the first entry. Raises `ValueError`."""
    row = connection.execute(
        select(log_state.c.origin, log_state.c.size, log_state.c.frontier)
    ).one_or_none()
    if row is None:
        return None
    origin, size, frontier = row
    return LogState(origin, Frontier(size, bytes.fromhex(frontier)))


def run_data(
    connection: Connection, source: str, run_id: int, *, entry: int, hashes: Sequence[bytes]
) -> bytes:
    """Data of the entry of a run, from the tables. Raises `LookupError` if a row is missing."""
    of_run = {"source": source, "run_id": run_id}
    source_run = _one(connection, "source_runs", SOURCE_RUN_COLUMNS, _OF_RUN, of_run)
    sync_run = _one(connection, "sync_runs", RUN_COLUMNS, "run_id = :run_id", {"run_id": run_id})
    ended = read_rows(
        connection, "sync_runs", END_COLUMNS, "ended_entry = :entry order by run_id", entry=entry
    )
    return run_entry(
        source_run, sync_run, ended, events=len(hashes), events_root=events_root(hashes)
    )


def prune_data(connection: Connection, source: str, *, hashes: Sequence[bytes]) -> bytes:
    """Data of the entry of a source's latest prune, from the tables. Raises `LookupError`."""
    row = _one(
        connection, "prune_checkpoints", PRUNE_COLUMNS, "source = :source", {"source": source}
    )
    return prune_entry(row, events=len(hashes), events_root=events_root(hashes))


def read_rows(
    connection: Connection, table: str, columns: Sequence[str], condition: str, **parameters: Any
) -> list[dict[str, Any]]:
    """Rows of a table as the log spells their values."""
    statement = _select(connection.dialect.name, table, tuple(columns), condition)
    rows = connection.execute(text(statement), parameters)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _one(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    condition: str,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    rows = read_rows(connection, table, columns, condition, **parameters)
    if not rows:
        named = ", ".join(f"{name} {value}" for name, value in parameters.items())
        raise LookupError(f"{table} has no row of {named}")
    return rows[0]


@cache
def _select(dialect: str, table: str, columns: tuple[str, ...], condition: str) -> str:
    selected = ", ".join(value_sql(dialect, name, table, name) for name in columns)
    return f"select {selected} from {metadata.tables[table].name} where {condition}"


def _lock_state(connection: Connection) -> LogState:
    """Read the state under a row lock that lasts until the commit (SQLite has one writer)."""
    state = connection.execute(_LOCK).one_or_none()
    if state is None:
        connection.execute(text(_CREATE), {"origin": f"image-sync/{token_hex(16)}"})
        state = connection.execute(_LOCK).one()
    origin, size, frontier = state
    return LogState(origin, Frontier(size, bytes.fromhex(frontier)))


def _append(
    connection: Connection,
    state: LogState,
    data: bytes,
    hashes: Sequence[bytes],
    *,
    kind: str,
    source: str,
    run_id: int | None,
) -> int:
    entry, leaf, frontier = state.size, leaf_hash(data), state.frontier
    frontier.append(leaf)
    row = {
        "entry": entry,
        "kind": kind,
        "run_id": run_id,
        "source": source,
        "events": len(hashes),
        "leaf_hash": leaf.hex(),
        "root": frontier.root().hex(),
    }
    connection.execute(_INSERT, row)
    if hashes:
        connection.execute(_INSERT_HASHES, {"entry": entry, "hashes": b"".join(hashes)})
    connection.execute(_MOVE, {"new_size": frontier.size, "new_frontier": frontier.data.hex()})
    if kind == "run":
        connection.execute(_NUMBER_RUN, {"of_source": source, "of_run": run_id, "number": entry})
    else:
        numbered = text("update prune_checkpoints set entry = :entry where source = :source")
        connection.execute(numbered, {"entry": entry, "source": source})
    return entry


_OF_RUN: Final = "source = :source and run_id = :run_id"
_LOCK: Final = select(log_state.c.origin, log_state.c.size, log_state.c.frontier).with_for_update()
_CREATE: Final = """
    insert into log_state (state_id, origin, size, frontier)
    values (1, :origin, 0, '') on conflict do nothing
"""
_INSERT: Final = insert(log_entries)
_INSERT_HASHES: Final = insert(event_hashes)
_MOVE: Final = update(log_state).values(
    size=bindparam("new_size"), frontier=bindparam("new_frontier")
)
_NUMBER_RUN: Final = (
    update(source_runs)
    .where(
        source_runs.c.source == bindparam("of_source"), source_runs.c.run_id == bindparam("of_run")
    )
    .values(entry=bindparam("number"))
)
