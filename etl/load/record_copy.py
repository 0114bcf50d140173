"""Copies a whole record into another database, row by row, in one transaction.

Between databases a value travels as SQLite keeps it (numbers, bytes, text; times and JSON are
text), so that every hash holds on the other side.
"""

# ruff: noqa: S608  # the SQL is put together from our own table and column names, never from input

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select, text

from etl.clock import instant_text
from etl.database.columns import JsonObject, json_text
from etl.database.engine import database_text, snapshot, writing
from etl.database.postgresql import repair_sequences
from etl.database.schema import metadata
from etl.errors import DatabaseUnavailable
from etl.load.sql import driver_of

_BATCH: Final = 2_000


def copy_record(source: Connection, target: Connection) -> dict[str, int]:
    """Copies every row of every table as one snapshot; returns the number of rows of each table.

    Both schemas are at head; everything is committed at once. Raises `DatabaseUnavailable` if the
    target has rows already: then nothing is written.
    """
    counts = {}
    with snapshot(source), writing(target):
        _refuse_full(target)
        for table in metadata.sorted_tables:
            _write(target, table, _read(source, table))
            counts[table.name] = _row_count(target, table)
        repair_sequences(target)
    return counts


def _refuse_full(target: Connection) -> None:
    for table in metadata.sorted_tables:
        if _row_count(target, table):
            raise DatabaseUnavailable(
                f"the target database is not empty ({table.name} has rows):"
                f" {database_text(target.engine)}",
                hint="name an empty database",
            )


def _row_count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _read(source: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """A table's rows in the order of its key, a batch at a time."""
    names = ", ".join(  # a JSON object as the very text it was written as
        f"cast({column.name} as text)" if type(column.type) is JsonObject else column.name
        for column in table.c
    )
    key = ", ".join(column.name for column in table.primary_key)
    statement = text(f"select {names} from {table.name} order by {key}")
    for row in source.execution_options(yield_per=_BATCH).execute(statement):
        yield tuple(map(plain, row))


def _write(target: Connection, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    names = [column.name for column in table.c]
    driver = driver_of(target)
    if target.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        statement = f"insert into {table.name} ({', '.join(names)}) values ({places})"
        driver.executemany(statement, rows)
        return
    statement = f"copy {table.name} ({', '.join(names)}) from stdin"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def plain(value: Any) -> Any:
    """A value as SQLite keeps it."""
    if isinstance(value, datetime):
        return instant_text(value)
    return json_text(value) if isinstance(value, (list, dict)) else value
