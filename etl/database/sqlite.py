"""Connections to SQLite files: settings, waiting for locks, and warnings about the file.

This module knows files and the driver, but no tables.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from threading import current_thread, main_thread
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from etl.errors import DatabaseUnavailable
from etl.signals import received

BUSY_SECONDS = 60  # how long another program's lock is waited for, in steps of a second
_LOOK_ROUND: Final = 100_000  # SQLite's own steps, some milliseconds
OLDEST_VERSION: Final = (3, 34, 0)
_MOUNTS: Final = "/proc/self/mountinfo"


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
    engine = create_engine(
        _absolute(url),
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
        driver: Any = connection.connection.driver_connection
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


def refuse_lone_mount(file: str) -> None:
    """Raises `DatabaseUnavailable` if the file alone is mounted into a container.

    The container's folder is another one than the host's, and with it the lock and the journal
    beside the file: two runs could write at once, and an interrupted one could not be rolled back.
    """
    if os.path.realpath(file) in _mount_points():
        raise DatabaseUnavailable(
            f"{file} is mounted as a single file, so locks and journals beside it are not shared",
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


def _let_signals_in() -> bool:
    """Python looks for signals whenever its own code runs, in the main thread alone.

    What another thread is at, ends with the program: it is given up, and its lock is free.
    """
    return received() is not None and current_thread() is not main_thread()
