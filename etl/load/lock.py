"""Who may write a source now? One run at a time, over all hosts that share the database.

PostgreSQL: a session's advisory lock, on the connection that then reads and writes; when the
connection is lost the lock is, and nothing more can be committed on it. SQLite: a lock on a file
beside the database (`file_lock`), one for all its sources; the process that has it may write
several of them at once.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from etl.database.sqlite import file_of
from etl.errors import DatabaseUnavailable, LockHeld
from etl.load.file_lock import FileLocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

POLL_SECONDS: Final = 0.2
_SIGN: Final = "image-sync lock"
FILE_LOCKS: Final = FileLocks()


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
    """The connection to read and write `source` with, for as long as nobody else may.

    Raises `LockHeld`, naming the runs that are at work besides one's own, when the lock is not
    free in time.
    """
    deadline = clock() + wait_seconds
    with engine.connect() as connection:
        while not _is_taken(connection, source):
            if clock() >= deadline:
                raise _held(connection, source, own_run)
            sleep(POLL_SECONDS)
        connection.info[_SIGN] = source
        try:
            yield connection
        finally:
            _give_back(connection, source)


def require_lock(connection: Connection, source: str) -> None:
    """Raises `DatabaseUnavailable` when `connection` is not the one that took the source's lock.

    The sign lies on the driver's connection: a connection that was lost and made anew has none.
    """
    if connection.info.get(_SIGN) != source:
        raise DatabaseUnavailable(
            f"the connection that held the lock of source {source} was lost; nothing was written",
            hint="run again",
        )


def lock_key(connection: Connection, kind: str, name: str) -> int:
    """The number of an advisory lock: one database may hold several schemas, each its own."""
    schema = connection.execute(text("select current_schema()")).scalar()
    digest = blake2b(f"{kind}\0{schema}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _is_taken(connection: Connection, source: str) -> bool:
    if connection.dialect.name == "sqlite":
        return FILE_LOCKS.take_source(file_of(connection.engine.url), source)
    with connection.begin():
        key = lock_key(connection, "source", source)
        taken = connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": key})
        return bool(taken.scalar())


def _give_back(connection: Connection, source: str) -> None:
    """SQLite's lock; PostgreSQL's goes with its connection."""
    if connection.dialect.name == "sqlite":
        FILE_LOCKS.give_back_source(file_of(connection.engine.url), source)


def _held(connection: Connection, source: str, own_run: int | None) -> LockHeld:
    running = text("""
        select run_id, host, pid from sync_runs
        where status = 'running' and run_id <> :own_run
        order by run_id desc
    """)
    with connection.begin():
        holders = connection.execute(running, {"own_run": own_run or 0}).all()
    told = ", ".join(f"run {run_id} on {host}, process {pid}" for run_id, host, pid in holders)
    return LockHeld(
        f"another run is writing source {source} (running: {told or 'none on record'})",
        hint="wait for it, or use --wait SECONDS",
    )
