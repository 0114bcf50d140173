"""The fastest insert of prepared rows: `python -m benchmarks.insert SOURCE_URL TARGET_URL`.

It reads the rows of `current_images` from the source, creates the same tables in the empty target,
inserts the rows in one transaction, and prints the CPU seconds that the insert alone took: one
prepared statement on SQLite, one COPY on PostgreSQL.
"""

from __future__ import annotations

import resource
import sys
from typing import Any, Final

from sqlalchemy import Connection

from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from etl.database.schema import current_images

_COLUMNS: Final = ", ".join(column.name for column in current_images.columns)
_MARKS: Final = ", ".join("?" * len(current_images.columns))


def main() -> None:
    """Print the CPU seconds of the insert."""
    source, target = map(open_engine, sys.argv[1:])
    with source.connect() as connection:
        rows = _read(connection)
    upgrade(target)
    with target.begin() as connection:
        started = _cpu_seconds()
        _insert(connection, rows)
        connection.commit()
        sys.stdout.write(f"{_cpu_seconds() - started}\n")


def _read(connection: Connection) -> list[tuple[Any, ...]]:
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        rows = driver.execute(f"select {_COLUMNS} from current_images")  # noqa: S608  # our own names
        return [tuple(row) for row in rows]
    with (
        driver.cursor() as cursor,
        cursor.copy(f"copy current_images ({_COLUMNS}) to stdout") as copy,
    ):
        return list(copy.rows())


def _insert(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        statement = f"insert into current_images ({_COLUMNS}) values ({_MARKS})"  # noqa: S608  # our own names
        driver.executemany(statement, rows)
        return
    with (
        driver.cursor() as cursor,
        cursor.copy(f"copy current_images ({_COLUMNS}) from stdin") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
