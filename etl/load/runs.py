"""Rows of `sync_runs`: a run's start, its end, and the runs of processes that were killed.

A live run holds a lock on its own number: an advisory lock on a connection of its own
(PostgreSQL), or a byte of the lock file (SQLite). A row with status `running` without that lock
belongs to a process that was killed, and becomes `abandoned`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select, text, update

from etl.database.engine import writing
from etl.database.schema import sync_runs
from etl.database.sqlite import file_of
from etl.load.lock import FILE_LOCKS, lock_key

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

_SESSIONS: Final[dict[tuple[str, int], Connection]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """The values of a run's row when it starts; `actor` and `reason` belong to a decision."""

    kind: str
    started_at: datetime
    version: str
    host: str
    pid: int
    actor: str | None = None
    reason: str | None = None


def begin_run(engine: Engine, start: RunStart) -> int:
    """Write the run's row, committed at once, and mark the runs of dead processes `abandoned`."""
    connection = engine.connect()
    try:
        with writing(connection):
            _abandon_dead(connection)
            row = insert(sync_runs).values(status="running", **asdict(start))
            run_id = int(connection.execute(row.returning(sync_runs.c.run_id)).scalar_one())
            _lock_run(connection, run_id)
    except BaseException:
        connection.close()
        raise
    _keep(connection, run_id)
    return run_id


def end_run(engine: Engine, run_id: int, *, status: str, exit_code: int, now: datetime) -> None:
    """Write how the run ended, and release its lock."""
    done = update(sync_runs).where(sync_runs.c.run_id == run_id)
    try:
        with engine.connect() as connection, writing(connection):
            connection.execute(done.values(status=status, exit_code=exit_code, finished_at=now))
    finally:
        _unlock_run(engine, run_id)


def _abandon_dead(connection: Connection) -> None:
    running = select(sync_runs.c.run_id).where(sync_runs.c.status == "running")
    dead = [run_id for run_id in connection.scalars(running) if not _is_alive(connection, run_id)]
    if dead:
        is_dead = sync_runs.c.run_id.in_(dead)
        is_running = sync_runs.c.status == "running"  # one that ended just now is not
        abandoned = update(sync_runs).where(is_dead, is_running)
        connection.execute(abandoned.values(status="abandoned"))


def _is_alive(connection: Connection, run_id: int) -> bool:
    if connection.dialect.name == "sqlite":
        return FILE_LOCKS.is_alive(file_of(connection.engine.url), run_id)
    key = lock_key(connection, "run", str(run_id))
    is_free = connection.execute(text("select pg_try_advisory_xact_lock(:key)"), {"key": key})
    return not is_free.scalar()


def _lock_run(connection: Connection, run_id: int) -> None:
    """Lock the run's number before its row is committed: no running run is without its lock."""
    if connection.dialect.name == "sqlite":
        FILE_LOCKS.begin_run(file_of(connection.engine.url), run_id)
        return
    key = lock_key(connection, "run", str(run_id))
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": key})


def _keep(connection: Connection, run_id: int) -> None:
    """Keep PostgreSQL's session open: its lock lives as long as the session."""
    if connection.dialect.name == "sqlite":
        connection.close()
    else:
        _SESSIONS[str(connection.engine.url), run_id] = connection


def _unlock_run(engine: Engine, run_id: int) -> None:
    if engine.dialect.name == "sqlite":
        FILE_LOCKS.end_run(file_of(engine.url), run_id)
    elif session := _SESSIONS.pop((str(engine.url), run_id), None):
        session.close()
