"""How are statements run in bulk, on each driver, and in short transactions?"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

NOTHING_ALIKE: Final[Mapping[str, Any]] = {}


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """One short read: no transaction is left open behind it."""
    with connection.begin():
        yield connection


def driver_of(connection: Connection) -> Any:
    """The driver's own connection, inside whatever transaction is open."""
    return connection.connection.driver_connection


def insert_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    alike: Mapping[str, Any] = NOTHING_ALIKE,
) -> None:
    """Streams rows into a table: `executemany`, or binary COPY with the values that it takes.

    `alike`: columns that hold the same value in each row, which the rows leave out.
    """
    driver, names = driver_of(connection), (*alike, *columns)
    if connection.dialect.name == "sqlite":
        # A value that is part of the statement costs SQLite a third of one that is bound.
        said = [driver.execute("select quote(?)", (it,)).fetchone()[0] for it in alike.values()]
        values = ", ".join([*said, *("?" * len(columns))])
        driver.executemany(f"insert into {table} ({', '.join(names)}) values ({values})", rows)  # noqa: S608  # our own names, and values that SQLite quoted
        return
    first = tuple(alike.values())
    statement = f"copy {table} ({', '.join(names)}) from stdin (format binary)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_COPIED_AS.get(name, "text") for name in names])
        write = copy.write_row
        for row in rows:
            write(first + row)


# What COPY's bytes look like; an instant is a number, and `jsonb` is text with a byte before it.
_COPIED_AS = {
    **dict.fromkeys(("image_key", "run_id", "opened_run_id", "size"), "int8"),
    **dict.fromkeys(("closed_run_id", "record_bytes"), "int8"),
    **dict.fromkeys(("version", "page", "position"), "int4"),
    **dict.fromkeys(("valid_from", "valid_to", "first_seen_at", "last_seen_at", "held_at"), "int8"),
    **dict.fromkeys(("created_at", "updated_at"), "int8"),
    **dict.fromkeys(("record_digest", "fingerprint"), "bytea"),
    **dict.fromkeys(("dev_services", "resource_categories", "tags", "components"), "bytea"),
}
