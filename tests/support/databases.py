"""Fresh databases for the tests, empty or migrated, of either kind, in a few milliseconds each.

Migrations run once a session and kind; every other database is a copy of that template, or of a
record that was written once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, make_url

from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from tests.support.postgres import PostgresServer

Backend = Literal["sqlite", "postgresql"]
BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")


class Databases:
    """Makes databases: SQLite files in a folder, PostgreSQL databases on a server."""

    def __init__(self, *, folder: Path, server: PostgresServer) -> None:
        self._folder = folder
        self._server = server
        self._numbers = count()
        self._recorded: dict[tuple[Backend, Callable[[Engine], object]], str] = {}

    @contextmanager
    def migrated(self, backend: Backend) -> Iterator[str]:
        """The URL of a new database at head."""
        if backend == "postgresql":
            with self._server.database(template=self._postgresql_template) as url:
                yield url
        else:
            with self._sqlite_file() as path:
                shutil.copy(self._sqlite_template, path)
                yield f"sqlite:///{path}"

    @contextmanager
    def copied(self, url: str) -> Iterator[str]:
        """The URL of a copy of a database to which nothing is connected."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            with self._server.database(template=str(parsed.database)) as copy:
                yield copy
        else:
            with self._sqlite_file() as path:
                shutil.copy(str(parsed.database), path)
                yield f"sqlite:///{path}"

    @contextmanager
    def recorded(self, backend: Backend, write: Callable[[Engine], object]) -> Iterator[str]:
        """The URL of a copy of the database that `write` filled once a session."""
        if (backend, write) not in self._recorded:
            self._recorded[backend, write] = self._record(backend, write)
        with self.copied(self._recorded[backend, write]) as url:
            yield url

    def _record(self, backend: Backend, write: Callable[[Engine], object]) -> str:
        if backend == "postgresql":
            url = self._server.create(template=self._postgresql_template)
        else:
            path = self._folder / f"recorded-{next(self._numbers)}.db"
            shutil.copy(self._sqlite_template, path)
            url = f"sqlite:///{path}"
        with opened(url) as engine:
            write(engine)
        return url

    @contextmanager
    def empty(self, backend: Backend) -> Iterator[str]:
        """The URL of a new database without any table."""
        if backend == "postgresql":
            with self._server.database() as url:
                yield url
        else:
            with self._sqlite_file() as path:
                yield f"sqlite:///{path}"

    @contextmanager
    def _sqlite_file(self) -> Iterator[Path]:
        path = self._folder / f"{next(self._numbers)}.db"
        yield path
        for left in self._folder.glob(f"{path.name}*"):
            left.unlink()

    @cached_property
    def _postgresql_template(self) -> str:
        url = self._server.create()
        _migrate(url)
        return str(make_url(url).database)

    @cached_property
    def _sqlite_template(self) -> Path:
        path = self._folder / "template.db"
        _migrate(f"sqlite:///{path}")
        return path


class Reader:
    """Reads a database between runs, to which it leaves no connection open."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection that is closed when the block ends."""
        try:
            with self._engine.connect() as connection:
                yield connection
        finally:
            self._engine.dispose()


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine that is disposed of when the block ends."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _migrate(url: str) -> None:
    with opened(url) as engine:
        upgrade(engine)
