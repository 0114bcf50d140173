"""Which runs are there, which is alive, and which was killed?

A live run holds a lock on its own number: an advisory lock on a connection of its own
(PostgreSQL), or a byte of the lock file (SQLite). A row that says `running` without that lock is
left from a process that was killed, and becomes `abandoned`.
"""

from __future__ import annotations

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


def begin_run(
    engine: Engine, *, kind: str, now: datetime, version: str, host: str, pid: int
) -> int:
    """Writes the run's row, committed at once, and marks the runs of dead processes `abandoned`."""
    connection = engine.connect()
    try:
        with writing(connection):
            _abandon_dead(connection)
            row = insert(sync_runs).values(
                kind=kind, started_at=now, status="running", version=version, host=host, pid=pid
            )
            run_id = int(connection.execute(row.returning(sync_runs.c.run_id)).scalar_one())
            _say_alive(connection, run_id)
    except BaseException:
        connection.close()
        raise
    _keep(connection, run_id)
    return run_id


def end_run(engine: Engine, run_id: int, *, status: str, exit_code: int, now: datetime) -> None:
    """Writes how the run ended; it is alive no more."""
    done = update(sync_runs).where(sync_runs.c.run_id == run_id)
    try:
        with engine.connect() as connection, writing(connection):
            connection.execute(done.values(status=status, exit_code=exit_code, finished_at=now))
    finally:
        _say_over(engine, run_id)


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


def _say_alive(connection: Connection, run_id: int) -> None:
    """Before the row is committed: nobody ever sees a running run without its lock."""
    if connection.dialect.name == "sqlite":
        FILE_LOCKS.begin_run(file_of(connection.engine.url), run_id)
        return
    key = lock_key(connection, "run", str(run_id))
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": key})


def _keep(connection: Connection, run_id: int) -> None:
    """PostgreSQL's lock lives as long as its session, which waits idle, in no transaction."""
    if connection.dialect.name == "sqlite":
        connection.close()
    else:
        _SESSIONS[str(connection.engine.url), run_id] = connection


def _say_over(engine: Engine, run_id: int) -> None:
    if engine.dialect.name == "sqlite":
        FILE_LOCKS.end_run(file_of(engine.url), run_id)
    elif session := _SESSIONS.pop((str(engine.url), run_id), None):
        session.close()
