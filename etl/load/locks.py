"""Locks: who may write a source, and which runs are alive.

PostgreSQL: advisory locks. A source's lock belongs to the session that reads and writes it, so
that a lost connection is a lost lock. A connection pooler gives each transaction another session;
a lock would stay behind in one of them. Through a pooler only transactions are locked
(`lock_in_transaction`), and the commit checks that nobody wrote the source since it was read.

SQLite: byte locks on a file beside the database. Byte 0 is the right to write sources, byte
1 + run_id says that the run is alive. The kernel drops them when the process ends, however it
ends. They belong to the whole process and vanish when any of its handles on the file closes:
therefore there is one handle for each file, which all threads share.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from socket import gethostname
from threading import Lock
from typing import Final

from sqlalchemy import Connection, Engine, select, text

from etl.clock import instant_text
from etl.database.postgresql import is_pooled
from etl.database.schema import sync_runs
from etl.database.sqlite import file_of, refuse_lone_mount
from etl.errors import DatabaseUnavailable, LockHeld

POLL_SECONDS: Final = 0.2
_SIGN: Final = "image-sync lock"
_WRITER: Final = 0
_LONGEST_RUN: Final = timedelta(days=1)  # then a run on another host, behind a pooler, is over
_MODE: Final = 0o666  # less what the caller's umask takes away


class FileLocks:
    """All lock files of this process; the empty path is a database in memory, which is ours."""

    def __init__(self) -> None:
        self._files: dict[str, _LockFile] = {}
        self._guard = Lock()

    def take_source(self, file: str, source: str) -> bool:
        """Takes the lock of a source unless another process writes, or another thread writes it."""
        with self._open(file) as locked:
            is_free = source not in locked.sources and (
                bool(locked.sources) or locked.lock(_WRITER)
            )
            if is_free:
                locked.sources.add(source)
            return is_free

    def release_source(self, file: str, source: str) -> None:
        """Releases what `take_source` took."""
        with self._open(file) as locked:
            locked.sources.discard(source)
            if not locked.sources:
                locked.unlock(_WRITER)

    def hold_run(self, file: str, run_id: int) -> None:
        """Marks the run as alive until `release_run` or the end of the process."""
        with self._open(file) as locked:
            locked.lock(1 + run_id)
            locked.runs.add(run_id)

    def release_run(self, file: str, run_id: int) -> None:
        """Ends what `hold_run` began."""
        with self._open(file) as locked:
            locked.runs.discard(run_id)
            locked.unlock(1 + run_id)

    def is_run_alive(self, file: str, run_id: int) -> bool:
        """Whether a process, this one included, holds the run."""
        with self._open(file) as locked:
            is_free = run_id not in locked.runs and locked.lock(1 + run_id)
            if is_free:
                locked.unlock(1 + run_id)
            return not is_free

    @contextmanager
    def _open(self, file: str) -> Iterator[_LockFile]:
        """The lock file of a database; closed again unless something in it is held."""
        key = file and os.path.realpath(file)
        with self._guard:
            if key not in self._files:
                self._files[key] = _LockFile(key)
            locked = self._files[key]
            try:
                yield locked
            finally:
                if not locked.sources and not locked.runs:
                    self._files.pop(key).close()


class _LockFile:
    """The open lock file of one database, with what this process holds of it."""

    def __init__(self, file: str) -> None:
        self.sources: set[str] = set()
        self.runs: set[int] = set()
        self._path = f"{file}.lock"
        self._descriptor = None
        if file:
            refuse_lone_mount(file)
            self._descriptor = self._opened()

    def lock(self, byte: int) -> bool:
        """Locks a byte unless another process has."""
        if self._descriptor is None:
            return True
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            raise DatabaseUnavailable(
                f"{self._path} cannot be locked: {error.strerror}",
                hint="use a file system that supports locks, or PostgreSQL",
            ) from None
        return True

    def unlock(self, byte: int) -> None:
        if self._descriptor is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, byte)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        except OSError as error:
            raise DatabaseUnavailable(
                f"the lock file {self._path} cannot be opened: {error.strerror}",
                hint="may this user write in its folder, and does the file belong to them?",
            ) from None


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run that has not recorded its end: in progress if `is_alive`, otherwise killed."""

    run_id: int
    host: str
    pid: int
    started_at: datetime
    is_alive: bool


_FILE_LOCKS: Final = FileLocks()  # one for the process, as the kernel counts its locks
_RUN_SESSIONS: Final[dict[tuple[str, int], Connection]] = {}


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
    with engine.connect() as connection:
        while not _is_taken(connection, source):
            if clock() >= deadline:
                raise _held(connection, source, own_run)
            sleep(POLL_SECONDS)
        connection.info[_SIGN] = source
        try:
            yield connection
        finally:
            _release(connection, source)


def require_lock(connection: Connection, source: str) -> None:
    """Raises `DatabaseUnavailable` if `connection` is not the one that `source_lock` opened.

    The mark is on the driver's connection: one that was lost and opened again does not have it.
    """
    if connection.info.get(_SIGN) != source:
        raise DatabaseUnavailable(
            f"the connection that held the lock of source {source} was lost; nothing was written",
            hint="run again",
        )


def lock_in_transaction(connection: Connection, kind: str, name: str) -> None:
    """Waits for a lock that ends with the open transaction.

    On SQLite a writing transaction has the whole file to itself already.
    """
    if connection.dialect.name == "postgresql":
        key = lock_key(connection, kind, name)
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": key})


def lock_key(connection: Connection, kind: str, name: str) -> int:
    """Number of an advisory lock. Each schema of a database has its own, whoever looks at it."""
    table = connection.execute(text("select cast('sync_runs' as regclass)::oid::bigint")).scalar()
    digest = blake2b(f"{kind}\0{table}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def hold_run(connection: Connection, run_id: int) -> None:
    """Marks the run as alive, inside the transaction that inserts its row.

    So nobody ever sees the row of a running run without its lock.
    """
    if connection.dialect.name == "sqlite":
        _FILE_LOCKS.hold_run(file_of(connection.engine.url), run_id)
    elif not is_pooled(connection):
        key = lock_key(connection, "run", str(run_id))
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": key})


def keep_run(connection: Connection, run_id: int) -> None:
    """Keeps the session that holds the run open, idle and in no transaction."""
    if connection.dialect.name == "sqlite" or is_pooled(connection):
        connection.close()
    else:
        _RUN_SESSIONS[str(connection.engine.url), run_id] = connection


def release_run(engine: Engine, run_id: int) -> None:
    """Ends what `hold_run` and `keep_run` began."""
    if engine.dialect.name == "sqlite":
        _FILE_LOCKS.release_run(file_of(engine.url), run_id)
    elif session := _RUN_SESSIONS.pop((str(engine.url), run_id), None):
        session.close()


def running_runs(connection: Connection) -> list[RunningRun]:
    """The runs that the record calls running, by number."""
    columns = (sync_runs.c[name] for name in ("run_id", "host", "pid", "started_at"))
    statement = select(*columns).where(sync_runs.c.status == "running").order_by("run_id")
    return [
        RunningRun(run_id, host, pid, at, _is_alive(connection, run_id, host, pid, at))
        for run_id, host, pid, at in connection.execute(statement).all()
    ]


def _is_alive(
    connection: Connection, run_id: int, host: str, pid: int, started_at: datetime
) -> bool:
    """Whether the run's process exists; through a pooler, whether that cannot be excluded."""
    if connection.dialect.name == "sqlite":
        return _FILE_LOCKS.is_run_alive(file_of(connection.engine.url), run_id)
    key = lock_key(connection, "run", str(run_id))
    is_free = connection.execute(text("select pg_try_advisory_xact_lock(:key)"), {"key": key})
    if not is_free.scalar():
        return True
    if not is_pooled(connection):
        return False
    if host == gethostname():
        return _has_process(pid)
    now: datetime = connection.execute(text("select now()")).scalar_one()
    return now - started_at < _LONGEST_RUN


def _has_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's process
        pass
    return True


def _is_taken(connection: Connection, source: str) -> bool:
    if connection.dialect.name == "sqlite":
        return _FILE_LOCKS.take_source(file_of(connection.engine.url), source)
    with connection.begin():
        if is_pooled(connection):
            return True
        key = lock_key(connection, "source", source)
        taken = connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": key})
        return bool(taken.scalar())


def _release(connection: Connection, source: str) -> None:
    """SQLite's lock; PostgreSQL's ends with its connection."""
    if connection.dialect.name == "sqlite":
        _FILE_LOCKS.release_source(file_of(connection.engine.url), source)


def _held(connection: Connection, source: str, own_run: int | None) -> LockHeld:
    with connection.begin():
        runs = [
            f"run {run.run_id} on host {run.host}, process {run.pid},"
            f" since {instant_text(run.started_at)}"
            for run in running_runs(connection)
            if run.is_alive and run.run_id != own_run
        ]
    return LockHeld(
        f"source {source} is locked by another {'; '.join(runs) or 'process'}",
        hint="wait, or use --wait SECONDS; if it hangs, end its process: its changes are undone",
    )
