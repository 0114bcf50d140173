"""Locks: who may write a source, and which runs are alive.

PostgreSQL: advisory locks. A source's lock belongs to the session that reads and writes it, so
that a lost connection is a lost lock. A connection pooler gives each transaction another session;
a lock would stay behind in one of them. Through a pooler only transactions are locked
(`lock_commit`), and the commit checks that nobody wrote the source since it was read.

SQLite: locks on files beside the database (`FileLocks`). Both kinds end with the process, however
it ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from socket import gethostname
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select, text

from etl.clock import instant_text
from etl.database.postgresql import call_lock_function, is_pooled, release_locks
from etl.database.schema import sync_runs
from etl.database.sqlite import FileLocks
from etl.errors import DatabaseUnavailable, LockHeld

POLL_SECONDS: Final = 0.2
_SIGN: Final = "image-sync lock"
_LONGEST_RUN: Final = timedelta(days=1)  # then a run on another host, behind a pooler, is over


@contextmanager
def source_lock(
    engine: Engine,
    source: str,
    *,
    own_run: int | None = None,
    wait_seconds: float = 0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Connection]:
    """The connection that reads and writes `source` while no other run writes it.

    Raises `LockHeld`, naming the runs in progress besides `own_run`, if the lock is not free
    within `wait_seconds`. Through a connection pooler nothing is locked; there the commit decides.
    """
    deadline = clock() + wait_seconds
    with engine.connect() as connection, ExitStack() as released:
        while not _is_taken(connection, source, released):
            if clock() >= deadline:
                raise _held(connection, source, own_run)
            sleep(POLL_SECONDS)
        connection.info[_SIGN] = source
        yield connection
        if not (_file_locks(connection) or is_pooled(connection)):
            release_locks(connection)


def _is_taken(connection: Connection, source: str, released: ExitStack) -> bool:
    if locks := _file_locks(connection):
        is_taken = locks.take_source(source)
        if is_taken:
            released.callback(locks.release_source, source)
        return is_taken
    if is_pooled(connection):
        return True
    connection.detach()  # the lock ends with the connection, which must not be used again
    with connection.begin():
        return call_lock_function(connection, "pg_try_advisory_lock", "source", source)


def require_lock(connection: Connection, source: str) -> None:
    """Raises `DatabaseUnavailable` if `connection` is not the one that `source_lock` opened.

    The mark is on the driver's connection: one that was lost and opened again does not have it.
    """
    if connection.info.get(_SIGN) != source:
        raise DatabaseUnavailable(
            f"the connection that held the lock of source {source} was lost; nothing was written",
            hint="run again",
        )


def lock_commit(connection: Connection, source: str) -> None:
    """Waits for other commits of a source, and excludes them until the open transaction ends.

    On SQLite a writing transaction has the whole file to itself already.
    """
    if not _file_locks(connection):
        call_lock_function(connection, "pg_advisory_xact_lock", "commit", source)


def mark_run_alive(connection: Connection, run_id: int, release: ExitStack) -> None:
    """Marks the run as alive until `release` is closed, which also closes `connection`.

    Call it in the transaction that inserts the run's row, so that the row of a running run is
    never visible without its lock.
    """
    if locks := _file_locks(connection):
        release.enter_context(locks.alive_run(run_id))
    elif not is_pooled(connection):
        connection.detach()
        call_lock_function(connection, "pg_advisory_lock", "run", str(run_id))


def running_runs(connection: Connection) -> Iterator[tuple[Row[Any], bool]]:
    """The runs that the record calls running, by number, and whether each is alive or was killed.

    A row has `run_id`, `host`, `pid` and `started_at`.
    """
    columns = (sync_runs.c[name] for name in ("run_id", "host", "pid", "started_at"))
    statement = select(*columns).where(sync_runs.c.status == "running").order_by("run_id")
    for run in connection.execute(statement).all():
        yield run, _is_alive(connection, run)


def _is_alive(connection: Connection, run: Row[Any]) -> bool:
    """Whether the run's process exists; through a pooler, whether that cannot be excluded."""
    if locks := _file_locks(connection):
        return locks.is_run_alive(run.run_id)
    if not call_lock_function(connection, "pg_try_advisory_xact_lock", "run", str(run.run_id)):
        return True
    if not is_pooled(connection):
        return False
    if run.host == gethostname():
        return _has_process(run.pid)
    now: datetime = connection.execute(text("select now()")).scalar_one()
    return bool(now - run.started_at < _LONGEST_RUN)


def _has_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's process
        pass
    return True


def _held(connection: Connection, source: str, own_run: int | None) -> LockHeld:
    with connection.begin():
        runs = [
            f"run {run.run_id} on host {run.host}, process {run.pid},"
            f" since {instant_text(run.started_at)}"
            for run, is_alive in running_runs(connection)
            if is_alive and run.run_id != own_run
        ]
    return LockHeld(
        f"source {source} is locked by another {'; '.join(runs) or 'process'}",
        hint="wait, or use --wait SECONDS; if it hangs, end its process: its changes are undone",
    )


def _file_locks(connection: Connection) -> FileLocks | None:
    """The locks of a SQLite file, which belong to the engine."""
    locks: FileLocks | None = connection.get_execution_options().get("file_locks")
    return locks
