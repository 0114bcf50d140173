"""Opens a database: dialect set-up, and the drivers' errors in our words.

It is the one place that knows how PostgreSQL is connected to; `etl.database.sqlite` knows the same
of SQLite.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from os.path import exists, isdir
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from etl.database.sqlite import file_of, open_sqlite, read_where_it_stands
from etl.errors import DatabaseUnavailable, UsageError
from etl.signals import received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine


def open_engine(url: str, *, schema: str = "") -> Engine:
    """An engine for `url`; `schema` is the PostgreSQL schema to live in.

    Raises `UsageError` for a URL that is none of ours, with the form expected.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return open_sqlite(parsed)
    return _postgresql(parsed, schema=schema)


def open_kept(url: str, *, schema: str = "") -> Engine:
    """An engine for a database that must be there: no SQLite file is made."""
    engine = open_engine(url, schema=schema)
    path = file_of(engine.url)
    if path and not exists(path):
        hint = "`image-sync sync` makes it, or name another with --database"
        raise DatabaseUnavailable(f"no database at {path}", hint=hint)
    return engine


def open_reader(url: str, *, schema: str = "") -> Engine:
    """An engine for a database that must be there, whose connections can't write."""
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


def _parsed(url: str) -> URL:
    expected = "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(f"the database URL can't be read; expected {expected}") from None
    backend = parsed.get_backend_name()
    if backend == "postgres":
        backend = "postgresql"
    if backend not in {"sqlite", "postgresql"}:
        raise UsageError(f"no such kind of database: {backend}; expected {expected}")
    is_uri = file_of(parsed).startswith("file:") or "uri" in parsed.query
    if backend == "sqlite" and is_uri:  # the lock file would have another name
        hint = "name the file itself: sqlite:///x.db"
        raise UsageError("a file: URI of SQLite's own can't be the database", hint=hint)
    if backend == "sqlite" and parsed.host:
        raise UsageError(f"a SQLite URL names no host; expected {expected}")
    if "@" in (parsed.host or ""):  # what stands before it is a piece of the password
        hint = "write an @ in the password as %40, or leave it out: PGPASSWORD is read by itself"
        raise UsageError("the database URL has more than one @", hint=hint)
    driver = "sqlite+pysqlite" if backend == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=driver)


def _postgresql(url: URL, *, schema: str) -> Engine:
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="READ COMMITTED",
            connect_args=_connect_args(url, schema=schema),
            execution_options={"schema": schema},  # for `migrate`, which makes it
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        hint = "pip install 'modelarts-image-sync[postgres]'"
        raise DatabaseUnavailable("PostgreSQL needs psycopg", hint=hint) from None

    @event.listens_for(engine, "connect", insert=True)  # before anything is read
    def set_up(connection: Any, _record: Any) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()  # SQLAlchemy 2.0 leaves it open
            hint = "image-sync needs one made with: encoding 'UTF8' template template0"
            raise DatabaseUnavailable(f"database {place(engine)} is in {encoding}", hint=hint)
        with connection.cursor() as cursor:
            cursor.execute(_SET_UP)
        connection.commit()

    return engine


def _connect_args(url: URL, *, schema: str) -> dict[str, Any]:
    """What libpq is told besides the URL, which has the last word."""
    asked = {name: value for name, value in url.query.items() if name in _CONNECT_ARGS}
    options = [str(url.query.get("options", "")), _search_path(schema) if schema else ""]
    return {**_CONNECT_ARGS, **asked, "options": " ".join(filter(None, options))}


def _search_path(schema: str) -> str:
    """The option that names one schema as it is spelt; PostgreSQL ends an option at a space."""
    name = '"' + schema.replace('"', '""') + '"'
    return "-c search_path=" + re.sub(r"([\\\s])", r"\\\1", name)


_CONNECT_ARGS: Final = {
    "connect_timeout": 10,
    "application_name": "image-sync",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}

# A session that holds a lock may be idle for long; a killed program's statement ends soon, and its
# locks with it. A server that does not know a setting keeps its own way.
_SET_UP: Final = """
    set time zone 'UTC';
    do $$ begin
        perform set_config('idle_session_timeout', '0', false);
        perform set_config('client_connection_check_interval', '1s', false);
    exception when others then null;
    end $$
"""


def psycopg_parameters(url: str, *, schema: str = "") -> dict[str, Any]:
    """How psycopg connects to the same database and schema, for those who speak to it alone."""
    engine = _postgresql(_parsed(url), schema=schema)
    own = engine.dialect.create_connect_args(engine.url)[1]
    return {**own, **_connect_args(engine.url, schema=schema)}


def has_table(engine: Engine, name: str) -> bool:
    """Whether a table of that name is in the schema that the engine lives in."""
    with our_errors(engine), engine.connect() as connection:
        return inspect(connection).has_table(name)


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
    """The drivers' errors as `DatabaseUnavailable`, in one line and without the URL's password.

    Raises `Interrupted` when a signal came first: then the error is only how the driver ended.
    """
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:  # bulk work goes by the driver
        hint = _hint(engine, error)
        raise received() or DatabaseUnavailable(_told(engine, error), hint=hint) from error
    except SQLAlchemyError as error:
        raise received() or DatabaseUnavailable(_told(engine, error)) from error


def place(engine: Engine) -> str:
    """The database's URL without its passwords, also those of its query."""
    masked = {name: "***" for name in engine.url.query if name.endswith("password")}
    return engine.url.update_query_dict(masked).render_as_string(hide_password=True)


def _told(engine: Engine, error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return f"database {place(engine)}: {lines[0]}"


def _hint(engine: Engine, error: Exception) -> str:
    told = str(getattr(error, "orig", None) or error)
    if "unable to open" in told and isdir(engine.url.database or ""):
        return "that is a folder; name a file"
    return next((hint for sign, hint in _HINTS.items() if sign in told), "")


_HINTS: Final = {
    "database is locked": "another program writes it; try again",
    "readonly": "the file or its folder can't be written by this user",
    "read-only": "the file, its folder or this role may only be read",
    "unable to open": "does the folder exist, and may this user write in it?",
    "not a database": "the file is of another kind; name another one",
    "malformed": "the file is damaged: put a backup in its place, or move it away and sync anew",
    "disk is full": "free some space and run again; nothing was half done",
    "disk I/O error": "is the disk full or failing, or file size limited? Nothing was half done",
    "while it was read": "run again",
    "permission denied": "grant this role the rights it needs: docs/rights.md",
    "password authentication failed": "check the user and the password",
    "no schema has been selected": "name one that is there, or one to make in database.schema",
    "statement timeout": "give this role a longer statement_timeout, and run again",
    "could not serialize": "another transaction was in the way; run again",
    "deadlock detected": "another transaction was in the way; run again",
    "too many": "a run needs one connection, and one more for each source read at a time",
    "connection slots": "a run needs one connection, and one more for each source read at a time",
    "starting up": "try again when it is up",
    "shutting down": "try again when it is up",
    "server closed the connection": "run again; nothing was half done",
    "terminating connection": "run again; nothing was half done",
    "connection is lost": "run again; nothing was half done",
    "Connection refused": "is PostgreSQL running there?",
    "No such file or directory": "is PostgreSQL running there?",
    "timeout expired": "is PostgreSQL running there?",
    "does not exist": "create it first, or mend the URL",
}
