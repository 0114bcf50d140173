"""SQLite files: connections, waiting for other programs, locks of our own, and warnings.

This module knows files and the driver, but no tables.
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock, current_thread, main_thread
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from etl.errors import DatabaseUnavailable
from etl.signals import received

BUSY_SECONDS = 60  # how long another program's lock is waited for, in steps of a second
_LOOK_ROUND: Final = 100_000  # SQLite's own steps, some milliseconds
OLDEST_VERSION: Final = (3, 34, 0)
_MOUNTS: Final = "/proc/self/mountinfo"
_MODE: Final = 0o666  # less what the caller's umask takes away


def open_sqlite(url: URL) -> Engine:
    """An engine for a SQLite URL. Raises `DatabaseUnavailable`.

    The library may be too old, or the working directory of a relative path deleted.
    """
    if sqlite3.sqlite_version_info < OLDEST_VERSION:
        needed = ".".join(map(str, OLDEST_VERSION))
        raise DatabaseUnavailable(
            f"Python uses SQLite {sqlite3.sqlite_version}; image-sync needs {needed} or newer",
            hint="use a newer Python, or PostgreSQL",
        )
    url = _absolute(url)
    engine = create_engine(
        url,
        poolclass=NullPool if file_of(url) else None,
        connect_args={"timeout": 1, "check_same_thread": False, "factory": _Patient},
        execution_options={"file_locks": FileLocks(file_of(url))},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, so that reads take no lock
        connection.set_progress_handler(_interrupt_after_signal, _LOOK_ROUND)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma temp_store = memory")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if connection.get_execution_options().get("is_writing", False):
            _patiently(partial(driver.execute, "begin immediate"))
        else:
            driver.execute("begin")
            _patiently(partial(driver.execute, "pragma schema_version"))  # settles what is read

    return engine


class _Patient(sqlite3.Connection):
    """Waits with its commit for those who still read the file."""

    def commit(self) -> None:
        _patiently(super().commit)


def _absolute(url: URL) -> URL:
    """The URL with the file's full path, which messages and locks then name."""
    if not file_of(url):
        return url
    try:
        return url.set(database=os.path.abspath(file_of(url)))
    except FileNotFoundError:  # os.getcwd()
        raise DatabaseUnavailable(
            f"the working directory was deleted, so {file_of(url)} cannot be found",
            hint="change to another directory, or give the full path of the database",
        ) from None


def file_of(url: URL) -> str:
    """The file that is the database; empty if it is in memory, or not SQLite."""
    is_file = url.get_backend_name() == "sqlite" and url.database != ":memory:"
    return (url.database or "") if is_file else ""


def wal_warning(url: URL) -> str:
    """What to warn about a file that the user switched to WAL; empty if there is no danger."""
    file = file_of(url)
    if not file or not _is_in_wal_mode(file) or not has_wal_reset_bug(sqlite3.sqlite_version_info):
        return ""
    return (
        f"{file} is in WAL mode, in which SQLite {sqlite3.sqlite_version} can damage it (fixed in"
        f" 3.51.3, 3.50.7 and 3.44.6); switch with: sqlite3 {file} 'pragma journal_mode = delete'"
    )


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether a commit and a checkpoint at the same moment can damage a file in WAL mode."""
    is_fixed = (3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51)
    return (3, 7) <= version < (3, 51, 3) and not is_fixed


def _is_in_wal_mode(file: str) -> bool:
    """Read from the file's header, where a version of 2 stands for WAL."""
    try:
        with open(file, "rb") as header:
            return header.read(20)[18:] == b"\2\2"
    except OSError:
        return False


class FileLocks:
    """Locks beside a file, held by one engine; the kernel drops them when the process ends.

    `FILE.lock` is the right to write sources, which the engine's threads share. `FILE.run-N.lock`
    says that run N is alive. A database in memory belongs to this process and has no lock files.
    """

    def __init__(self, file: str) -> None:
        self._file = file and os.path.realpath(file)
        self._guard = Lock()
        self._sources: set[str] = set()
        self._writer = -1

    def take_source(self, source: str) -> bool:
        """Takes the lock of a source unless somebody else writes, or another thread writes it."""
        with self._guard:
            if source in self._sources:
                return False
            if self._file and not self._sources:
                self._writer = self._locked(".lock")
                if self._writer < 0:
                    return False
            self._sources.add(source)
            return True

    def release_source(self, source: str) -> None:
        """Releases what `take_source` took."""
        with self._guard:
            self._sources.remove(source)
            if self._file and not self._sources:
                os.close(self._writer)

    @contextmanager
    def alive_run(self, run_id: int) -> Iterator[None]:
        """Marks a run as alive."""
        if not self._file:
            yield
            return
        descriptor = self._locked(f".run-{run_id}.lock")
        try:
            yield
        finally:
            self._remove(run_id, descriptor)

    def is_run_alive(self, run_id: int) -> bool:
        """Whether the run's process is alive; removes the file that a killed process left."""
        if not self._file:
            return True  # nobody else sees a database in memory
        if not os.path.exists(f"{self._file}.run-{run_id}.lock"):
            return False
        descriptor = self._locked(f".run-{run_id}.lock")
        if descriptor >= 0:
            self._remove(run_id, descriptor)
        return descriptor < 0

    def _remove(self, run_id: int, descriptor: int) -> None:
        with suppress(OSError):
            os.unlink(f"{self._file}.run-{run_id}.lock")
        os.close(descriptor)

    def _locked(self, suffix: str) -> int:
        """Descriptor of the locked file; -1 if somebody else has locked it."""
        path = self._file + suffix
        self._refuse_lone_mount()
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        except OSError as error:
            raise DatabaseUnavailable(
                f"the lock file {path} cannot be opened: {error.strerror}",
                hint="check the permissions of its folder and the owner of the file",
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return -1
            raise DatabaseUnavailable(
                f"{path} cannot be locked: {error.strerror}",
                hint="use a file system that supports locks, or PostgreSQL",
            ) from None
        return descriptor

    def _refuse_lone_mount(self) -> None:
        """Raises `DatabaseUnavailable` if the file alone is mounted into a container.

        The container's folder is another one than the host's, and with it the lock and the journal
        beside the file: two runs could write at once, and an interrupted one not be rolled back.
        """
        if self._file in _mount_points():
            raise DatabaseUnavailable(
                f"{self._file} is mounted as a single file, so locks and journals beside it are not"
                " shared",
                hint="mount its folder instead",
            )


def _mount_points() -> set[str]:
    """Where file systems are mounted; only Linux can say."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as mounts:
            return {_unescaped(line.split()[4]) for line in mounts}
    except OSError:
        return set()


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)


def _patiently(work: Callable[[], object]) -> None:
    """Waits for another program's lock, a second at a time, so that signals can interrupt it."""
    seconds_left = BUSY_SECONDS
    while True:
        try:
            work()
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code != sqlite3.SQLITE_BUSY or not seconds_left or received():
                raise
            seconds_left -= 1
        else:
            return


def _interrupt_after_signal() -> bool:
    """Progress handler: true aborts the statement of a worker thread after a signal.

    Calling Python code lets the main thread handle signals. The program is ending, so statements
    of other threads are aborted, which releases their locks.
    """
    return received() is not None and current_thread() is not main_thread()
