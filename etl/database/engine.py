"""Opens databases and transactions of either kind, and translates the errors of their drivers.

`sqlite` and `postgresql` know how each kind of database is connected to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from etl.database import postgresql
from etl.database.sqlite import file_of, open_sqlite
from etl.errors import DatabaseUnavailable, UsageError
from etl.signals import received

_EXPECTED: Final = "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"


def open_engine(url: str, *, schema: str = "") -> Engine:
    """An engine for `url`; `schema` is the PostgreSQL schema of the tables.

    Raises `UsageError` for a URL of another form, `DatabaseUnavailable` if the driver is missing.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        engine = open_sqlite(parsed)
    else:
        engine = postgresql.open_postgresql(parsed, schema=schema)
    engine.update_execution_options(alive_runs={})  # for `load/runs`
    return engine


def open_existing(url: str, *, schema: str = "") -> Engine:
    """An engine for a database that must exist: no SQLite file is created."""
    engine = open_engine(url, schema=schema)
    path = file_of(engine.url)
    if path and not os.path.exists(path):
        hint = "`image-sync sync` creates it, or name another with --database"
        raise DatabaseUnavailable(f"no database at {path}", hint=hint)
    return engine


def open_reader(url: str, *, schema: str = "") -> Engine:
    """An engine for a database that must exist, whose connections cannot write."""
    engine = open_existing(url, schema=schema)

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


@contextmanager
def translated_errors(engine: Engine) -> Iterator[None]:
    """The drivers' errors as `DatabaseUnavailable`, in one line and without the URL's password.

    Raises `UsageError` for a connection parameter that libpq rejects, and `Interrupted` if a
    signal came first: then the error is only its consequence.
    """
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:  # bulk work uses the driver
        raise received() or _translated(engine, getattr(error, "orig", None) or error) from error
    except SQLAlchemyError as error:
        raise received() or DatabaseUnavailable(f"{error}: {database_text(engine)}") from error


def database_text(engine: Engine) -> str:
    """The database as a person names it: a file's full path, or a URL without secrets."""
    if engine.dialect.name == "sqlite":
        return file_of(engine.url) or "a database in memory"
    masked = {name: "***" for name in engine.url.query if name.endswith("password")}
    url = engine.url.set(drivername="postgresql").update_query_dict(masked)
    return url.render_as_string(hide_password=True)


def _translated(engine: Engine, error: BaseException) -> UsageError | DatabaseUnavailable:
    cause, *_ = str(error).strip().splitlines() or [type(error).__name__]
    if any(sign in cause for sign in _REJECTED_VALUE):
        return UsageError(f"database URL: {cause}")
    return DatabaseUnavailable(f"{cause}: {database_text(engine)}", hint=_hint(engine, error))


def _hint(engine: Engine, error: BaseException) -> str:
    message, state = str(error), getattr(error, "sqlstate", None)
    if "unable to open" in message and os.path.isdir(file_of(engine.url)):
        return "that is a folder; name a file"
    for hint, *signs in _HINTS:
        if state in signs or any(sign in message for sign in signs):
            return hint
    return ""


# What the messages of psycopg and libpq contain if a connection parameter has a wrong value.
_REJECTED_VALUE: Final = (
    "bad value for",
    "connection is bad: invalid ",
    "for connection option",
)

# A hint, and what it is given for: states, which the server spells the same in every language, and
# parts of messages of SQLite, or of libpq before there is a session.
_HINTS: Final = (
    ("a standby, or a role or database with default_transaction_read_only = on", "25006"),
    ("give this role a longer idle_in_transaction_session_timeout, and run again", "25P03"),
    ("give this role a longer transaction_timeout, and run again", "25P04"),
    ("give this role a longer statement_timeout, and run again", "57014"),
    ("another transaction holds a lock for longer than lock_timeout; run again", "55P03"),
    ("another transaction was in the way; run again", "40001", "40P01"),
    ("add ?prepare_threshold=none to the database URL", "26000", "42P05"),
    ("check the user and the password", "28P01", "password authentication failed"),
    ("name an existing schema, or one to create in database.schema", "3F000"),
    ("grant this role the rights it needs: docs/rights.md", "42501", "permission denied"),
    ("free some space and run again; nothing was applied partially", "53100", "disk is full"),
    ("check the disk: it may be full or failing; nothing was applied partially", "disk I/O error"),
    (
        "a run needs one connection, and one more for each source read at a time",
        "53300",
        "too many",
        "connection slots",
    ),
    ("try again when the server is up", "57P03", "starting up", "shutting down"),
    (
        "run again; nothing was applied partially",
        "57P01",
        "57P02",
        "57P05",
        "server closed the connection",
        "connection is lost",
    ),
    (
        "a connection pooler refuses this parameter; remove it, or allow it there",
        "08P01",
        "unsupported startup parameter",
    ),
    (
        "check that PostgreSQL is running there and accepts connections",
        "Connection refused",
        "No such file or directory",
        "timeout expired",
    ),
    ("create it first, or correct the URL", "3D000", "does not exist"),
    ("another program uses it; try again", "database is locked"),
    ("this user cannot write the file or its folder", "readonly"),
    ("check that the folder exists and this user may write in it", "unable to open"),
    ("the file is of another kind; name another one", "not a database"),
    (
        "the file is damaged: put a backup in its place, or move it away and sync anew",
        "malformed",
    ),
    (
        "the file system does not support locks; use a local disk, or PostgreSQL",
        "locking protocol",
    ),
)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        message = f"the database URL cannot be parsed; expected {_EXPECTED}"
        hint = "the port is a number, and an @ in the password is written as %40"
        raise UsageError(message, hint=hint) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        _require_file(parsed)
        return parsed.set(drivername="sqlite+pysqlite")
    if backend not in {"postgres", "postgresql"}:
        raise UsageError(f"unknown kind of database: {backend}; expected {_EXPECTED}")
    if "@" in (parsed.host or ""):  # what precedes it is a part of the password
        hint = "write an @ in the password as %40, or leave it out and set PGPASSWORD"
        raise UsageError("the database URL has more than one @", hint=hint)
    return parsed.set(drivername="postgresql+psycopg")


def _require_file(url: URL) -> None:
    """Raises `UsageError` for a URL of SQLite with more than a path."""
    if (url.database or "").startswith("file:") or "uri" in url.query:
        hint = "name the file itself: sqlite:///x.db"  # a URI's lock file has another name
        raise UsageError("a file: URI of SQLite cannot be the database", hint=hint)
    if url.host or url.query:
        raise UsageError(f"a SQLite URL has a path only; expected {_EXPECTED}")
