"""How does a process own a SQLite database for writing? By byte locks on a file beside it.

Byte 0 is the right to write sources; byte 1 + run_id says that the run is alive. The kernel drops
a process's locks when it ends, however it ends. Byte locks belong to the whole process and vanish
when any of its handles on the file closes: so there is one handle, shared by all threads.
"""

from __future__ import annotations

import fcntl
import os
from threading import Lock
from typing import Final

from etl.errors import DatabaseUnavailable

_WRITER: Final = 0
_MODE: Final = 0o666  # less what the caller's umask takes away


class _Handle:
    """The open lock file of one database, with what this process holds of it."""

    def __init__(self, file: str) -> None:
        self.sources: set[str] = set()
        self.runs: set[int] = set()
        self._descriptor = None
        if file:
            self._descriptor = _opened(f"{file}.lock")

    def lock(self, byte: int) -> bool:
        if self._descriptor is None:
            return True
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def unlock(self, byte: int) -> None:
        if self._descriptor is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, byte)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise DatabaseUnavailable(
            f"the lock file {path} can't be opened: {error.strerror}",
            hint="may this user write in its folder, and is it theirs?",
        ) from None


class FileLocks:
    """All lock files of this process; no `file` is a database in memory, ours alone."""

    def __init__(self) -> None:
        self._handles: dict[str, _Handle] = {}
        self._guard = Lock()

    def take_source(self, file: str, source: str) -> bool:
        """Whether `source` is now ours: no other process writes, no other thread writes it."""
        with self._guard:
            handle = self._handle(file)
            is_free = source not in handle.sources and (
                bool(handle.sources) or handle.lock(_WRITER)
            )
            if is_free:
                handle.sources.add(source)
            self._close_unused(file)
            return is_free

    def give_back_source(self, file: str, source: str) -> None:
        """Ends what `take_source` began."""
        with self._guard:
            handle = self._handle(file)
            handle.sources.discard(source)
            if not handle.sources:
                handle.unlock(_WRITER)
            self._close_unused(file)

    def begin_run(self, file: str, run_id: int) -> None:
        """Says that the run is alive, until `end_run` or the process's end."""
        with self._guard:
            handle = self._handle(file)
            handle.lock(1 + run_id)
            handle.runs.add(run_id)

    def end_run(self, file: str, run_id: int) -> None:
        """Says that the run is over."""
        with self._guard:
            handle = self._handle(file)
            handle.runs.discard(run_id)
            handle.unlock(1 + run_id)
            self._close_unused(file)

    def is_alive(self, file: str, run_id: int) -> bool:
        """Whether a process, this one included, has said that the run is alive."""
        with self._guard:
            handle = self._handle(file)
            is_ours = run_id in handle.runs
            is_free = not is_ours and handle.lock(1 + run_id)
            if is_free:
                handle.unlock(1 + run_id)
            self._close_unused(file)
            return not is_free

    def _handle(self, file: str) -> _Handle:
        key = file and os.path.realpath(file)
        if key not in self._handles:
            self._handles[key] = _Handle(key)
        return self._handles[key]

    def _close_unused(self, file: str) -> None:
        key = file and os.path.realpath(file)
        handle = self._handles[key]
        if not handle.sources and not handle.runs:
            self._handles.pop(key).close()
