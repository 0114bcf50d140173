"""Connections to SQLite files: waiting for locks, and reading where nothing can be written.

This module knows files and the driver, but no tables.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from threading import current_thread, main_thread
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from etl.errors import DatabaseUnavailable
from etl.signals import received

BUSY_SECONDS = 60  # how long another program's lock is waited for, in steps of a second
_LOOK_ROUND: Final = 100_000  # SQLite's own steps, some milliseconds
OLDEST_VERSION: Final = (3, 34, 0)
_MOUNTS: Final = "/proc/self/mountinfo"
_REFUSED: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


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
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, so that reads take no lock
        connection.set_progress_handler(_let_signals_in, _LOOK_ROUND)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma temp_store = memory")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101  # for the type checker
        if connection.get_execution_options().get("is_writing", False):
            _patiently(lambda: driver.execute("begin immediate").close())
        else:
            driver.execute("begin")
            _patiently(
                lambda: driver.execute("pragma schema_version").close()
            )  # settles what is read

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
    major, minor, patch = version[:3]
    if (major, minor) in {(3, 50), (3, 44)}:
        return patch < (7 if minor == 50 else 6)
    return (3, 7) <= (major, minor, patch) < (3, 51, 3)


def _is_in_wal_mode(file: str) -> bool:
    """Read from the file's header, where a version of 2 stands for WAL."""
    try:
        with open(file, "rb") as header:
            return header.read(20)[18:] == b"\2\2"
    except OSError:
        return False


def refuse_lone_mount(file: str) -> None:
    """Raises `DatabaseUnavailable` if the file alone is mounted into a container.

    The container's folder is another one than the host's, and with it the lock and the journal
    beside the file: two runs could write at once, and an interrupted one could not be rolled back.
    """
    if is_mount_point(file):
        raise DatabaseUnavailable(
            f"{file} is mounted as a single file, so locks and journals beside it are not shared",
            hint="mount its folder instead",
        )


def is_mount_point(file: str) -> bool:
    """Whether a file system is mounted on exactly this file; only Linux can say."""
    path = os.path.realpath(file)
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as mounts:
            return any(_unescaped(line.split()[4]) == path for line in mounts)
    except OSError:
        return False


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)


def read_where_it_stands(engine: Engine) -> None:
    """Lets `engine` read a file beside which its user may write nothing.

    SQLite needs two files beside a database in WAL mode. Where it may not make them and the
    writer left none, the file is whole by itself and is read as it stands.
    """
    path = file_of(engine.url)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, args: Any, given: Any) -> Any:
        connection = dialect.connect(*args, **given)
        try:
            connection.execute("pragma schema_version").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF not in _REFUSED or not _is_whole(path):
                raise
            place = f"file:{quote(os.path.abspath(path))}?immutable=1"
            return sqlite3.connect(place, uri=True, **{**given, "factory": _AsItStands})
        return connection


class _AsItStands(sqlite3.Connection):
    """Reads without locks, and says so at the end when the file was written meanwhile."""

    def __init__(self, place: str, **given: Any) -> None:
        super().__init__(place, **given)
        ((_, _, self._path),) = self.execute("pragma database_list")
        self._state = self._look()

    def commit(self) -> None:
        super().commit()
        self._check()

    def rollback(self) -> None:
        super().rollback()
        self._check()

    def _check(self) -> None:
        before, self._state = self._state, self._look()
        if before != self._state:
            raise sqlite3.OperationalError("the file was written while it was read")

    def _look(self) -> tuple[int, int]:
        seen = os.stat(self._path)
        return seen.st_mtime_ns, seen.st_size


def _is_whole(path: str) -> bool:
    """Whether the file can be read, and nothing of it waits in a log beside it."""
    log = f"{path}-wal"
    return os.access(path, os.R_OK) and not (os.path.exists(log) and os.path.getsize(log))


def _patiently(work: Callable[[], None]) -> None:
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


def _let_signals_in() -> bool:
    """Python looks for signals whenever its own code runs, in the main thread alone.

    What another thread is at, ends with the program: it is given up, and its lock is free.
    """
    return received() is not None and current_thread() is not main_thread()
