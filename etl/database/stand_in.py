"""What does a dry run read before the first sync? An empty database, and nothing is left of it."""

from __future__ import annotations

from contextlib import contextmanager
from os.path import join
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import URL

from etl.database.migrate import upgrade
from etl.database.sqlite import open_sqlite
from etl.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def stand_in() -> Iterator[Engine]:
    """A database at head without a row: a file, since each thread has a memory of its own.

    Raises `DatabaseUnavailable` where there is no room for it.
    """
    with _folder() as folder:
        engine = open_sqlite(URL.create("sqlite+pysqlite", database=join(folder, "empty.db")))
        upgrade(engine)
        yield engine


def _folder() -> TemporaryDirectory[str]:
    try:  # a thread that a signal leaves behind may still make a file while the folder goes
        return TemporaryDirectory(prefix="image-sync-", ignore_cleanup_errors=True)
    except OSError as error:
        raise DatabaseUnavailable(
            f"no temporary folder can be made: {error.strerror}",
            hint="free some space, or name another folder with TMPDIR",
        ) from error
