"""Opens databases and transactions, whichever kind of database it is.

`sqlite` and `postgresql` know how each kind is connected to, `driver_errors` what its errors mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os.path import exists
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from etl.database import postgresql
from etl.database.driver_errors import our_errors, place
from etl.database.postgresql import open_postgresql
from etl.database.sqlite import file_of, open_sqlite, read_where_it_stands
from etl.errors import DatabaseUnavailable, UsageError

__all__ = [
    "has_table",
    "open_engine",
    "open_kept",
    "open_reader",
    "our_errors",
    "place",
    "psycopg_parameters",
    "snapshot",
    "writing",
]
_EXPECTED = "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"


def open_engine(url: str, *, schema: str = "") -> Engine:
    """An engine for `url`; `schema` is the PostgreSQL schema of the tables.

    Raises `UsageError` for a URL of another form, `DatabaseUnavailable` if the driver is missing.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return open_sqlite(parsed)
    return open_postgresql(parsed, schema=schema)


def open_kept(url: str, *, schema: str = "") -> Engine:
    """An engine for a database that must exist: no SQLite file is created."""
    engine = open_engine(url, schema=schema)
    path = file_of(engine.url)
    if path and not exists(path):
        hint = "`image-sync sync` creates it, or name another with --database"
        raise DatabaseUnavailable(f"no database at {path}", hint=hint)
    return engine


def open_reader(url: str, *, schema: str = "") -> Engine:
    """An engine for a database that must exist, whose connections cannot write."""
    engine = open_kept(url, schema=schema)
    if file_of(engine.url):
        read_where_it_stands(engine)

    @event.listens_for(engine, "connect")
    def refuse_writes(connection: Any, _record: Any) -> None:
        if engine.dialect.name == "sqlite":
            connection.execute("pragma query_only = on")
        else:
            connection.read_only = True

    return engine


def psycopg_parameters(url: str, *, schema: str = "") -> dict[str, Any]:
    """The parameters with which psycopg alone connects to the same database and schema."""
    return postgresql.psycopg_parameters(_parsed(url), schema=schema)


def has_table(engine: Engine, name: str) -> bool:
    """Whether the schema that the engine uses has a table of that name."""
    with our_errors(engine), engine.connect() as connection:
        return inspect(connection).has_table(name)


@contextmanager
def writing(connection: Connection) -> Iterator[Connection]:
    """One writing transaction: committed as a whole, or rolled back as a whole.

    On SQLite it takes the write lock at once, so that no other writer can make it fail half way.
    """
    connection.execution_options(is_writing=True)
    try:
        with connection.begin():
            yield connection
    finally:
        connection.execution_options(is_writing=False)


@contextmanager
def snapshot(connection: Connection) -> Iterator[Connection]:
    """A reading transaction whose statements all see one state, whatever is committed meanwhile."""
    if connection.dialect.name == "postgresql":  # SQLite's transactions always do
        connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        yield connection


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(f"the database URL cannot be parsed; expected {_EXPECTED}") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend not in {"postgres", "postgresql"}:
        raise UsageError(f"unknown kind of database: {backend}; expected {_EXPECTED}")
    if "@" in (parsed.host or ""):  # what precedes it is a part of the password
        hint = "write an @ in the password as %40, or leave it out and set PGPASSWORD"
        raise UsageError("the database URL has more than one @", hint=hint)
    return parsed.set(drivername="postgresql+psycopg")


def _sqlite(url: URL) -> URL:
    if (url.database or "").startswith(
        "file:"
    ) or "uri" in url.query:  # its lock file has another name
        hint = "name the file itself: sqlite:///x.db"
        raise UsageError("a file: URI of SQLite cannot be the database", hint=hint)
    if url.host:
        raise UsageError(f"a SQLite URL has no host; expected {_EXPECTED}")
    if url.query:
        raise UsageError(f"a SQLite URL has no parameters: remove ?{min(url.query)}=…")
    return url.set(drivername="sqlite+pysqlite")
