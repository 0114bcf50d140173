"""Opens a database: dialect set-up, and the drivers' errors in our words.

It is the one place that knows how SQLite and PostgreSQL are connected to.
"""

from __future__ import annotations

from contextlib import contextmanager
from os.path import exists
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from etl.errors import DatabaseUnavailable, UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

BUSY_SECONDS = 60
CONNECT_SECONDS = 10


def open_engine(url: str, *, schema: str = "") -> Engine:
    """An engine for `url`; `schema` is the PostgreSQL schema to live in.

    Raises `UsageError` for a URL that is none of ours, with the form expected.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return _postgresql(parsed, schema=schema)


def open_reader(url: str, *, schema: str = "") -> Engine:
    """An engine whose connections can't write; a SQLite file must be there already."""
    engine = open_engine(url, schema=schema)
    if engine.dialect.name == "sqlite":
        path = engine.url.database
        if path and path != ":memory:" and not path.startswith("file:") and not exists(path):
            hint = "`image-sync sync` makes it, or name another with --database"
            raise DatabaseUnavailable(f"no database at {path}", hint=hint)

    @event.listens_for(engine, "connect")
    def refuse_writes(connection: Any, _record: Any) -> None:
        if engine.dialect.name == "sqlite":
            connection.execute("pragma query_only = on")
        else:
            connection.read_only = True

    return engine


def _parsed(url: str) -> URL:
    expected = "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError(f"the database URL can't be read; expected {expected}") from None
    backend = parsed.get_backend_name()
    if backend == "postgres":
        backend = "postgresql"
    if backend not in {"sqlite", "postgresql"}:
        raise UsageError(f"no such kind of database: {backend}; expected {expected}")
    driver = "sqlite+pysqlite" if backend == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=driver)


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url,
        poolclass=None if url.database in {None, "", ":memory:"} else NullPool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, so that reads take no lock
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma temp_store = memory")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        is_writing = connection.get_execution_options().get("is_writing", False)
        connection.exec_driver_sql("begin immediate" if is_writing else "begin")

    return engine


def _postgresql(url: URL, *, schema: str) -> Engine:
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "image-sync",
                "options": f"-c search_path={schema}" if schema else "",
                **({} if "options" not in url.query else {"options": url.query["options"]}),
            },
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        hint = "pip install 'modelarts-image-sync[postgres]'"
        raise DatabaseUnavailable("PostgreSQL needs psycopg", hint=hint) from None

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set time zone 'UTC'")
        connection.commit()

    return engine


@contextmanager
def writing(connection: Connection) -> Iterator[Connection]:
    """One writing transaction: committed whole, or rolled back whole.

    On SQLite it takes the write lock at once, so that it can't fail half way for another writer.
    """
    connection.execution_options(is_writing=True)
    try:
        with connection.begin():
            yield connection
    finally:
        connection.execution_options(is_writing=False)


@contextmanager
def our_errors(engine: Engine) -> Iterator[None]:
    """The drivers' errors as `DatabaseUnavailable`, in one line and without the URL's password."""
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:  # bulk work goes by the driver
        raise DatabaseUnavailable(_told(engine, error), hint=_hint(error)) from error
    except SQLAlchemyError as error:
        raise DatabaseUnavailable(_told(engine, error)) from error


def place(engine: Engine) -> str:
    """The database's URL without its password."""
    return engine.url.render_as_string(hide_password=True)


def _told(engine: Engine, error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return f"database {place(engine)}: {lines[0]}"


def _hint(error: Exception) -> str:
    told = str(getattr(error, "orig", None) or error)
    for sign, hint in _HINTS.items():
        if sign in told:
            return hint
    return ""


_HINTS = {
    "database is locked": "another program writes it; try again",
    "readonly": "the file or its folder can't be written by this user",
    "read-only": "the file or its folder can't be written by this user",
    "unable to open": "does the folder exist, and may this user write in it?",
    "not a database": "the file is of another kind; name another one",
    "disk is full": "free some space and run again; nothing was half done",
    "permission denied": "grant this role the rights it needs: docs/rights.md",
    "password authentication failed": "check the user and the password",
    "Connection refused": "is PostgreSQL running there?",
    "does not exist": "create it first, or mend the URL",
}
