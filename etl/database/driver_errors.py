"""Translates errors of the database drivers into one line that says what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from etl.database.sqlite import file_of
from etl.errors import DatabaseUnavailable, UsageError
from etl.signals import received


@contextmanager
def our_errors(engine: Engine) -> Iterator[None]:
    """The drivers' errors as `DatabaseUnavailable`, in one line and without the URL's password.

    Raises `UsageError` for a connection parameter that libpq rejects, and `Interrupted` if a
    signal came first: then the error is only its consequence.
    """
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:  # bulk work uses the driver
        raise received() or _translated(engine, getattr(error, "orig", None) or error) from error
    except SQLAlchemyError as error:
        raise received() or DatabaseUnavailable(f"{error}: {place(engine)}") from error


def place(engine: Engine) -> str:
    """The database as a person names it: a file's full path, or a URL without secrets."""
    if engine.dialect.name == "sqlite":
        return file_of(engine.url) or "a database in memory"
    masked = {name: "***" for name in engine.url.query if name.endswith("password")}
    url = engine.url.set(drivername="postgresql").update_query_dict(masked)
    return url.render_as_string(hide_password=True)


def _translated(engine: Engine, error: BaseException) -> UsageError | DatabaseUnavailable:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if "invalid connection option" in lines[0] or "for connection option" in lines[0]:
        return UsageError(f"database URL: {lines[0]}")
    return DatabaseUnavailable(f"{lines[0]}: {place(engine)}", hint=_hint(engine, error))


def _hint(engine: Engine, error: BaseException) -> str:
    message = str(error)
    if "unable to open" in message and os.path.isdir(file_of(engine.url)):
        return "that is a folder; name a file"
    if hint := _BY_STATE.get(getattr(error, "sqlstate", None) or ""):
        return hint
    return next((hint for sign, hint in _BY_TEXT.items() if sign in message), "")


_IN_THE_WAY: Final = "another transaction was in the way; run again"
_LOST: Final = "run again; nothing was applied partially"
_TOO_MANY: Final = "a run needs one connection, and one more for each source read at a time"
_POOLER: Final = "add ?prepare_threshold=none to the database URL"

# The server writes its messages in its own language, but the states are the same everywhere.
_BY_STATE: Final = {
    "08P01": "a connection pooler refuses this parameter; remove it, or allow it there",
    "25006": "a standby, or a role or database with default_transaction_read_only = on",
    "25P03": "give this role a longer idle_in_transaction_session_timeout, and run again",
    "25P04": "give this role a longer transaction_timeout, and run again",
    "26000": _POOLER,
    "28P01": "check the user and the password",
    "3D000": "create the database first, or correct the URL",
    "3F000": "name an existing schema, or one to create in database.schema",
    "40001": _IN_THE_WAY,
    "40P01": _IN_THE_WAY,
    "42501": "grant this role the rights it needs: docs/rights.md",
    "42P05": _POOLER,
    "53100": "free some space on the server and run again; nothing was applied partially",
    "53300": _TOO_MANY,
    "55P03": "another transaction holds a lock for longer than lock_timeout; run again",
    "57014": "give this role a longer statement_timeout, and run again",
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": "try again when the server is up",
    "57P05": _LOST,
}

# SQLite, and what libpq says before there is a session.
_BY_TEXT: Final = {
    "database is locked": "another program uses it; try again",
    "readonly": "this user cannot write the file or its folder",
    "unable to open": "does the folder exist, and may this user write in it?",
    "not a database": "the file is of another kind; name another one",
    "malformed": "the file is damaged: put a backup in its place, or move it away and sync anew",
    "disk is full": "free some space and run again; nothing was applied partially",
    "disk I/O error": "is the disk full or failing? Nothing was applied partially",
    "locking protocol": "the file system does not support locks; use a local disk, or PostgreSQL",
    "while it was read": "run again",
    "permission denied": "grant this role the rights it needs: docs/rights.md",
    "password authentication failed": "check the user and the password",
    "too many": _TOO_MANY,
    "connection slots": _TOO_MANY,
    "starting up": "try again when the server is up",
    "shutting down": "try again when the server is up",
    "unsupported startup parameter": "a connection pooler refuses this parameter; remove it",
    "server closed the connection": _LOST,
    "connection is lost": _LOST,
    "Connection refused": "is PostgreSQL running there?",
    "No such file or directory": "is PostgreSQL running there?",
    "timeout expired": "is PostgreSQL running there?",
    "does not exist": "create it first, or correct the URL",
}
