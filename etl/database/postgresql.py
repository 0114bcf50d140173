"""PostgreSQL connections: parameters of the URL, session settings, and connection poolers.

A session inherits settings from its role, its database, PG* variables, a service file and the URL.
Those that would change what is written or read are set for every session; all others stay as the
user set them.

A pooler (PgBouncer in transaction mode) may run each transaction in another server session. What a
session keeps is lost or left to others there: advisory locks, SET, prepared statements, temporary
tables. Such a connection is recognised by its process id, and its settings are made for each
transaction.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from etl.database.columns import json_text
from etl.errors import DatabaseUnavailable, UsageError

OLDEST_VERSION: Final = 14
_POOLED: Final = "image-sync pooled"
_PLACES: Final = {"host", "port"}  # may be given several times; SQLAlchemy joins them

# Parameters that a URL, an environment variable or a service file may set otherwise.
_DEFAULTS: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}

# What the text of values, and so every byte of the record, depends on.
_SETTINGS: Final = {
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
}

# A session that holds a lock is idle while the network answers; a killed program's statement ends
# soon, and its locks with it. Not every platform knows the second one.
_OF_A_SESSION: Final = """
    do $$ begin
        perform set_config('idle_session_timeout', '0', false);
        perform set_config('client_connection_check_interval', '1s', false);
    exception when others then null;
    end $$
"""


def open_postgresql(url: URL, *, schema: str) -> Engine:
    """An engine for a PostgreSQL URL whose tables are in `schema`; empty: the session's own.

    Raises `UsageError` for parameters that a URL cannot have.
    """
    try:
        engine = create_engine(
            url,
            # One idle connection is kept: to open another takes about ten round trips, a ping one.
            pool_size=1,
            max_overflow=-1,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            use_native_hstore=False,
            json_serializer=json_text,  # canonical, as on SQLite: the log hashes the text
            connect_args=_connect_args(url),
            execution_options={"schema": schema},  # for `migrate`, which creates it
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        hint = "pip install 'modelarts-image-sync[postgres]'"
        raise DatabaseUnavailable("PostgreSQL needs psycopg", hint=hint) from None
    except ArgumentError as error:
        raise UsageError(f"database URL: {error}") from None
    settings = dict(_SETTINGS)
    if schema:
        settings["search_path"] = _quoted(schema)

    @event.listens_for(engine, "connect", insert=True)  # before anything is read
    def set_up(connection: Any, record: Any) -> None:
        connection.autocommit = True  # a transaction would be two more round trips
        try:
            _check_server(connection.info)
            is_pooled = _is_pooled(connection)
        except BaseException:
            connection.close()  # SQLAlchemy 2.0 leaves it open
            raise
        record.info[_POOLED] = is_pooled
        if is_pooled and "prepare_threshold" not in url.query:
            connection.prepare_threshold = None
        if not is_pooled:
            _set(connection, settings, is_local=False)
            connection.execute(_OF_A_SESSION)
        connection.autocommit = False

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if is_pooled(connection):
            _set(connection.connection.dbapi_connection, settings, is_local=True)

    return engine


def is_pooled(connection: Connection) -> bool:
    """Whether a connection pooler is between this program and the server."""
    return bool(connection.info.get(_POOLED))


def psycopg_parameters(url: URL, *, schema: str) -> dict[str, Any]:
    """The parameters with which psycopg alone connects to the same database and schema."""
    engine = open_postgresql(url, schema=schema)
    given = {**engine.dialect.create_connect_args(url)[1], **_connect_args(url)}
    if schema:
        search_path = "-c search_path=" + re.sub(r"([\\\s])", r"\\\1", _quoted(schema))
        given["options"] = f"{given.get('options', '')} {search_path}".strip()
    return given


def call_lock_function(connection: Connection, function: str, kind: str, name: str) -> bool:
    """Calls a function of advisory locks, such as `pg_try_advisory_lock`; false: not free.

    Each schema of a database has its own locks, whoever looks at it.
    """
    key = "hashtextextended(:name, cast('sync_runs' as regclass)::oid::bigint)"
    statement = text(f"select {function}({key})")  # our own name
    return connection.execute(statement, {"name": f"{kind} {name}"}).scalar() is not False


def release_locks(connection: Connection) -> None:
    """Releases the locks of a session that ends now.

    They would end with it, but the server may notice only after the next run has asked for one.
    """
    with suppress(SQLAlchemyError, connection.dialect.loaded_dbapi.Error):  # a lost one has none
        driver: Any = connection.connection.dbapi_connection
        driver.rollback()
        driver.autocommit = True
        driver.execute("select pg_advisory_unlock_all()")


# Columns that take their values from a sequence.
_NUMBERED: Final = (
    ("sync_runs", "run_id"),
    ("current_images", "image_key"),
    ("rejects", "reject_id"),
)


def repair_sequences(connection: Connection) -> None:
    """Moves sequences of PostgreSQL past the rows that exist.

    Logical replication copies rows without their sequences: after a switch to the replica every
    insert fails with a duplicate key.
    """
    if connection.dialect.name == "postgresql":
        for table, key, last in lagging_sequences(connection):
            connection.execute(
                text("select setval(pg_get_serial_sequence(:table, :key), :last)"),
                {"table": table, "key": key, "last": last},
            )


def lagging_sequences(connection: Connection) -> list[tuple[str, str, int]]:
    """Table, column and largest number of each sequence that is behind it."""
    behind = " union all ".join(
        f"select '{table}', '{key}', max({key}) from {table} having max({key}) >"  # noqa: S608  # our own names
        f" coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', '{key}')), 0)"
        for table, key in _NUMBERED
    )
    rows = connection.execute(text(behind))
    return [(table, key, last) for table, key, last in rows]


def _connect_args(url: URL) -> dict[str, Any]:
    """The parameters of a connection: the URL's, then what nobody set otherwise."""
    query = {name: value for name, value in url.query.items() if name not in _PLACES}
    given = {name: _parameter(name, value) for name, value in query.items()}
    given["client_encoding"] = "utf8"  # psycopg sends JSON as bytes, which the server converts
    if "application_name" not in given:
        given.setdefault("fallback_application_name", "image-sync")
    if "service" in given or "PGSERVICE" in os.environ:
        return given  # the service file may set any of the others
    if "PGCONNECT_TIMEOUT" in os.environ:
        given.setdefault("connect_timeout", os.environ["PGCONNECT_TIMEOUT"])
    return {**_DEFAULTS, **given}


def _parameter(name: str, value: str | tuple[str, ...]) -> Any:
    """The value of a parameter as psycopg takes it."""
    if not isinstance(value, str):
        raise UsageError(f"database URL: the parameter {name} is given twice")
    if name == "prepare_threshold":
        return _threshold(value)
    if name not in _url_parameters():
        raise UsageError(
            f"database URL: unknown parameter {name!r}",
            hint="use the connection parameters of libpq, or prepare_threshold",
        )
    return value


def _url_parameters() -> set[str]:
    """What libpq knows, without parameters for debugging and secrets that nothing masks."""
    from psycopg.pq import Conninfo

    plain = {option.keyword.decode() for option in Conninfo.get_defaults() if not option.dispchar}
    return {*plain, "password", "sslpassword"}


def _threshold(value: str) -> int | None:
    if value == "none":
        return None
    if not value.isascii() or not value.isdigit():
        raise UsageError(
            f"database URL: prepare_threshold is {value!r}; expected a whole number or none"
        )
    return int(value)


def _quoted(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'


def _check_server(info: Any) -> None:
    """Raises `DatabaseUnavailable` for a server or an encoding that cannot keep the record."""
    if info.server_version < OLDEST_VERSION * 10_000:
        version = info.server_version // 10_000
        raise DatabaseUnavailable(
            f"PostgreSQL {version} is not supported; image-sync needs {OLDEST_VERSION} or newer"
        )
    encoding = info.parameter_status("server_encoding")
    if encoding not in {"UTF8", None}:  # a pooler may keep it to itself
        raise DatabaseUnavailable(
            f"database {info.dbname} has the encoding {encoding}",
            hint="image-sync needs one created with: encoding 'UTF8' template template0",
        )


def _is_pooled(connection: Any) -> bool:
    """Whether the server process is another one than the process that the connection names."""
    (pid,) = connection.execute("select pg_backend_pid()").fetchone()
    return bool(pid != connection.info.backend_pid)


def _set(connection: Any, settings: dict[str, str], *, is_local: bool) -> None:
    """Makes settings for the session, or for its open transaction."""
    calls = ", ".join(f"set_config('{name}', %s, {is_local})" for name in settings)
    connection.execute(f"select {calls}", list(settings.values()))
