"""The log in the database: its entries and its checkpoints.

Entries are appended inside the commit, and recomputed from the tables later. A checkpoint records
what was signed, timestamped and cosigned after it.
"""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, text, update

from etl.database.columns import Instant, JsonList
from etl.database.engine import writing
from etl.database.schema import (
    checkpoints,
    event_hashes,
    log_entries,
    log_state,
    metadata,
    prune_checkpoints,
    source_runs,
    sync_runs,
)
from etl.load.events import of_pruned, read_events, run_hashes, value_sql
from etl.proof.check import leaf_hash
from etl.proof.entries import (
    END_COLUMNS,
    FIRST_SEEN,
    RUN_COLUMNS,
    ended_event,
    prune_entry,
    run_entry,
    run_event,
)
from etl.proof.merkle import Frontier, Tree

SOURCE_RUN_COLUMNS: Final = tuple(
    column.name for column in source_runs.columns if column.name != "entry"
)
PRUNE_COLUMNS: Final = ("source", "through_entry", "run_id", "observed_at", "pruned_at")
MAX_RETRIED: Final = 5  # checkpoints whose missing timestamp a run requests again
_Row = dict[str, Any]


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
    row = {"kind": "run", "run_id": run_id, "source": source}
    entry = _append(connection, state, data, hashes, row)
    connection.execute(_NUMBER_RUN, {"of_source": source, "of_run": run_id, "number": entry})
    return entry


def append_prune(connection: Connection, *, source: str, through_entry: int) -> None:
    """Append the entry that seals what a prune kept; `prune_checkpoints` has its row already."""
    hashes = [leaf_hash(data) for _, data in read_kept(connection, source, through_entry)]
    state = _lock_state(connection)
    data = prune_data(connection, source, hashes=hashes)
    row = {"kind": "prune", "run_id": None, "source": source}
    entry = _append(connection, state, data, hashes, row)
    of_source = update(prune_checkpoints).where(prune_checkpoints.c.source == source)
    connection.execute(of_source.values(entry=entry))


def ensure_origin(connection: Connection) -> str:
    """Name of the log; generated and stored if there is none yet, in a transaction of its own."""
    with writing(connection):
        return _lock_state(connection).origin


def read_origin(connection: Connection) -> str:
    """Read the name of the log; "" before the first entry."""
    return connection.scalar(select(log_state.c.origin)) or ""


def read_state(connection: Connection, *, is_locked: bool = False) -> LogState | None:
    """Read the state of the log; None before the first entry. Raises `ValueError`.

    `is_locked`: under a row lock that lasts until the commit (SQLite has one writer).
    """
    row = connection.execute(_LOCKED_STATE if is_locked else _STATE).one_or_none()
    return None if row is None else LogState(row[0], Frontier(row[1], bytes.fromhex(row[2])))


def run_data(
    connection: Connection, source: str, run_id: int, *, entry: int, hashes: Sequence[bytes]
) -> bytes:
    """Data of the entry of a run, from the tables. Raises `LookupError` if its row is missing."""
    run = _read_run(connection, source, run_id)
    if run is None:
        raise LookupError(f"source_runs has no row of source {source}, run_id {run_id}")
    ended = read_values(
        connection, "sync_runs", END_COLUMNS, "ended_entry = :entry order by run_id", entry=entry
    )
    return run_entry(*run, ended, hashes=hashes)


def prune_data(connection: Connection, source: str, *, hashes: Sequence[bytes]) -> bytes:
    """Data of the entry of a source's latest prune, from the tables."""
    table, condition = "prune_checkpoints", "source = :source"
    (row,) = read_values(connection, table, PRUNE_COLUMNS, condition, source=source)
    return prune_entry(row, hashes=hashes)


def read_kept(
    connection: Connection, source: str, through_entry: int
) -> Iterator[tuple[str, bytes]]:
    """Facts that a prune keeps of the runs it drops: where each was read, its canonical JSON.

    They are the events of the entry that replaces those of the runs, in their documented order:
    first the events of the pruned runs whose rows are still there, as they were logged; then when
    images were first seen; then the kept rows of runs, and how runs ended.
    """
    named = {"source": source, "through_entry": through_entry}
    for event in read_events(connection, of_pruned(source, through_entry)):
        yield str(event), event.data
    for row in read_values(connection, "current_images", FIRST_SEEN.columns, _FIRST_SEEN, **named):
        yield f"current_images, image_id {row['image_id']}", FIRST_SEEN.encode([*row.values()])
    for row in read_values(connection, "source_runs", ("run_id", "entry"), _PRUNED_RUNS, **named):
        data = kept_run(connection, source, row["run_id"], row["entry"])
        assert data is not None  # noqa: S101  # its row was just read
        yield f"source_runs, run {row['run_id']}", data
    for row in read_values(connection, "sync_runs", END_COLUMNS, _PRUNED_ENDS, **named):
        yield f"sync_runs, run {row['run_id']}", ended_event(row)


def kept_run(connection: Connection, source: str, run_id: int, entry: int) -> bytes | None:
    """Kept row of a pruned run, as an event; None if it was not kept."""
    run = _read_run(connection, source, run_id)
    return None if run is None else run_event(entry, *run)


def read_values(
    connection: Connection, table: str, columns: Sequence[str], condition: str, **parameters: Any
) -> list[_Row]:
    """Rows of a table as the log spells their values."""
    statement = _select(connection.dialect.name, table, tuple(columns), condition)
    rows = connection.execute(text(statement), parameters)
    return [dict(zip(columns, row, strict=True)) for row in rows]


@cache
def _select(dialect: str, table: str, columns: tuple[str, ...], condition: str) -> str:
    selected = ", ".join(value_sql(dialect, name, table, name) for name in columns)
    return f"select {selected} from {metadata.tables[table].name} where {condition}"


def _read_run(connection: Connection, source: str, run_id: int) -> tuple[_Row, _Row] | None:
    """Rows of a run in `source_runs` and `sync_runs` (empty if only that one is missing)."""
    source_rows = read_values(
        connection,
        "source_runs",
        SOURCE_RUN_COLUMNS,
        "source = :source and run_id = :run_id",
        source=source,
        run_id=run_id,
    )
    if not source_rows:
        return None
    rows = read_values(connection, "sync_runs", RUN_COLUMNS, "run_id = :run_id", run_id=run_id)
    return source_rows[0], rows[0] if rows else {}


def _lock_state(connection: Connection) -> LogState:
    state = read_state(connection, is_locked=True)
    if state is None:
        connection.execute(text(_CREATE), {"origin": f"image-sync/{token_hex(16)}"})
        state = read_state(connection, is_locked=True)
        assert state is not None  # noqa: S101  # it was just created, here or by another run
    return state


def _append(
    connection: Connection, state: LogState, data: bytes, hashes: Sequence[bytes], row: _Row
) -> int:
    entry, leaf, frontier = state.size, leaf_hash(data), state.frontier
    frontier.append(leaf)
    root = frontier.root().hex()
    row |= {"entry": entry, "events": len(hashes), "leaf_hash": leaf.hex(), "root": root}
    connection.execute(insert(log_entries), row)
    if hashes:
        connection.execute(insert(event_hashes), {"entry": entry, "hashes": b"".join(hashes)})
    connection.execute(_MOVE, {"new_size": frontier.size, "new_frontier": frontier.data.hex()})
    return entry


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """One row of `checkpoints`; `timestamp` is the RFC 3161 response."""

    size: int
    root: str
    note: str
    created_at: datetime
    timestamp: bytes | None
    cosignatures: tuple[str, ...]


def read_checkpoints(
    connection: Connection, *, after: int = 0, limit: int | None = None
) -> list[StoredCheckpoint]:
    """Read checkpoints of more than `after` entries in order; with a limit, the largest ones.

    Raises `ValueError` for a timestamp that is not base64.
    """
    statement = select(checkpoints).where(checkpoints.c.size > after)
    rows = connection.execute(statement.order_by(checkpoints.c.size.desc()).limit(limit))
    return [
        StoredCheckpoint(
            size=row.size,
            root=row.root,
            note=row.note,
            created_at=row.created_at,
            timestamp=row.timestamp_token and b64decode(row.timestamp_token, validate=True),
            cosignatures=tuple(row.cosignatures or ()),
        )
        for row in reversed(rows.all())
    ]


def write_checkpoint(
    connection: Connection, state: LogState, note: str, *, created_at: datetime
) -> None:
    """Store a checkpoint; the first one of its size stays."""
    root = state.frontier.root().hex()
    row = {"size": state.size, "root": root, "note": note, "created_at": created_at}
    connection.execute(_INSERT_CHECKPOINT, {**row, "cosignatures": []})


def write_timestamp(connection: Connection, size: int, response: bytes) -> None:
    """Store the timestamp of a checkpoint."""
    stored = b64encode(response).decode()
    with writing(connection):
        connection.execute(
            update(checkpoints).where(checkpoints.c.size == size).values(timestamp_token=stored)
        )


def write_cosignatures(connection: Connection, size: int, lines: Sequence[str]) -> None:
    """Add cosignature lines to a checkpoint."""
    of_size = checkpoints.c.size == size
    with writing(connection):
        stored = connection.execute(select(checkpoints.c.cosignatures).where(of_size)).scalar()
        together = list(dict.fromkeys([*(stored or []), *lines]))
        connection.execute(update(checkpoints).where(of_size).values(cosignatures=together))


def read_tree(connection: Connection, size: int) -> Tree:
    """Tree over the first `size` entries. Raises `ValueError` if a hash is not hexadecimal."""
    leaves = connection.scalars(
        select(log_entries.c.leaf_hash)
        .where(log_entries.c.entry < size)
        .order_by(log_entries.c.entry)
    )
    return Tree(map(bytes.fromhex, leaves))


_STATE: Final = select(log_state.c.origin, log_state.c.size, log_state.c.frontier)
_LOCKED_STATE: Final = _STATE.with_for_update()
_CREATE: Final = """
    insert into log_state (state_id, origin, size, frontier)
    values (1, :origin, 0, '') on conflict do nothing
"""
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
_FIRST_SEEN: Final = """source = :source and first_seen_at <= (
        select p.observed_at from prune_checkpoints as p where p.source = :source
    )
    order by image_key"""
_PRUNED_RUNS: Final = "source = :source and entry <= :through_entry order by entry"
_PRUNED_ENDS: Final = """ended_entry in (
        select entry from log_entries
        where source = :source and kind = 'run' and entry <= :through_entry
    )
    order by run_id"""
_INSERT_CHECKPOINT: Final = text("""
    insert into checkpoints (size, root, note, created_at, cosignatures)
    values (:size, :root, :note, :created_at, :cosignatures) on conflict do nothing
""").bindparams(
    bindparam("created_at", type_=Instant()), bindparam("cosignatures", type_=JsonList())
)
