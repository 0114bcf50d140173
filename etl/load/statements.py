"""How are statements run in bulk, on each driver, and in short transactions?"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """One short read: no transaction is left open behind it."""
    with connection.begin():
        yield connection


def driver_of(connection: Connection) -> Any:
    """The driver's own connection, inside whatever transaction is open."""
    return connection.connection.driver_connection


def insert_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Streams rows into a table: `executemany`, or binary COPY with the values that it takes."""
    driver = driver_of(connection)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        driver.executemany(
            f"insert into {table} ({', '.join(columns)}) values ({places})",  # noqa: S608  # our own names
            rows,
        )
        return
    statement = f"copy {table} ({', '.join(columns)}) from stdin (format binary)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_COPIED_AS.get(column, "text") for column in columns])
        write = copy.write_row
        for row in rows:
            write(row)


# What COPY's bytes look like; an instant is a number, and `jsonb` is text with a byte before it.
_COPIED_AS = {
    **dict.fromkeys(("image_key", "run_id", "opened_run_id", "size"), "int8"),
    **dict.fromkeys(("closed_run_id", "record_bytes"), "int8"),
    **dict.fromkeys(("version", "page", "position"), "int4"),
    **dict.fromkeys(("valid_from", "valid_to", "first_seen_at", "unseen_at"), "int8"),
    **dict.fromkeys(("created_at", "updated_at"), "int8"),
    **dict.fromkeys(("received", "fingerprint"), "bytea"),
    **dict.fromkeys(("dev_services", "resource_categories", "tags", "components"), "bytea"),
}
