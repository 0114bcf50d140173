"""Runs the DDL files of the migrations: one file of statements for each database.

A migration owns its files, and with them its views: whatever this program's newest views are, an
older revision's can be created again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

_CANNOT_REPLACE: Final = "42P16"  # a column was removed, renamed, moved or has another type
_NAME: Final = re.compile(r"create (?:or replace )?(table|view) (\w+)", re.IGNORECASE)
SEPARATOR: Final = ";\n\n"


def scripts() -> Path:
    """The folder of the migrations: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"


def create_tables(connection: Connection, file: str) -> None:
    """Creates the tables and indexes of a DDL file."""
    for statement in _statements(connection, file):
        _execute(connection, statement)


def create_views(connection: Connection, file: str) -> None:
    """Creates the views of a DDL file, in place of those with the same name.

    PostgreSQL replaces a view, so that other objects may go on depending on it. A view with other
    columns cannot be replaced; it is dropped and created.
    """
    for statement in _statements(connection, file):
        name = _NAME.match(statement)
        if not name:
            _execute(connection, statement)
        elif connection.dialect.name == "sqlite":
            _execute(connection, f"drop view if exists {name[2]}")
            _execute(connection, statement)
        else:
            _replace(connection, name[2], statement)


def drop_views(connection: Connection, file: str) -> None:
    """Drops the views of a DDL file."""
    _drop(connection, file, "view")


def drop_tables(connection: Connection, file: str) -> None:
    """Drops the tables of a DDL file, with everything in them."""
    _drop(connection, file, "table")


def _replace(connection: Connection, name: str, statement: str) -> None:
    try:
        with connection.begin_nested():
            _execute(connection, statement)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _CANNOT_REPLACE:
            raise
        _execute(connection, f"drop view {name}")
        _execute(connection, statement)


def _drop(connection: Connection, file: str, kind: str) -> None:
    names = [match for each in _statements(connection, file) if (match := _NAME.match(each))]
    for name in reversed(names):
        _execute(connection, f"drop {kind} if exists {name[2]}")


def _statements(connection: Connection, file: str) -> Iterator[str]:
    path = scripts() / "versions" / f"{file}.{connection.dialect.name}.sql"
    yield from (statement.strip() for statement in path.read_text("utf-8").split(SEPARATOR))


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
