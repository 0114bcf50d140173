"""Statements that depend on the driver: bulk inserts, bulk reads, short read transactions.

Bulk work bypasses SQLAlchemy's types for speed; `codec` converts the values.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from struct import iter_unpack
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, text

from etl.database.schema import current_images
from etl.load.codec import image_columns

NO_SHARED_VALUES: Final[Mapping[str, Any]] = {}
_BLOCK: Final = 512  # larger blocks of rows do not fit into the processor's cache


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """One short read transaction."""
    with connection.begin():
        yield connection


def driver_of(connection: Connection) -> Any:
    """The driver's connection, within the transaction that is open."""
    return connection.connection.driver_connection


def is_sqlite(connection: Connection) -> bool:
    """Whether the database is SQLite; otherwise it is PostgreSQL."""
    return connection.dialect.name == "sqlite"


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Split into lists of at most `size` rows."""
    rest = iter(rows)
    while batch := [*islice(rest, size)]:
        yield batch


def insert_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    shared: Mapping[str, Any] = NO_SHARED_VALUES,
) -> None:
    """Insert rows of driver values with `executemany` (SQLite) or binary COPY (PostgreSQL).

    `shared` holds the columns that have the same value in every row, which the rows omit.
    """
    driver, names = driver_of(connection), ", ".join((*shared, *columns))
    if is_sqlite(connection):
        # A literal costs SQLite a third of a bound value.
        quoted = [driver.execute("select quote(?)", (it,)).fetchone()[0] for it in shared.values()]
        values = ", ".join([*quoted, *("?" * len(columns))])
        driver.executemany(f"insert into {table} ({names}) values ({values})", rows)
        return
    first = tuple(shared.values())
    statement = f"copy {table} ({names}) from stdin (format binary)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_COPY_TYPES.get(name, "text") for name in (*shared, *columns)])
        write = copy.write_row
        for row in rows:
            write(first + row)


# COPY takes times as numbers, and `jsonb` as text after a version byte (see `codec`).
_COPY_TYPES: Final = {
    **dict.fromkeys(("image_key", "run_id", "opened_run_id", "closed_run_id", "size"), "int8"),
    **dict.fromkeys(("version",), "int4"),
    **dict.fromkeys(("valid_from", "first_seen_at", "held_at"), "int8"),
    **dict.fromkeys(("created_at", "updated_at"), "int8"),
    **dict.fromkeys(("record_digest", "fingerprint"), "bytea"),
    **dict.fromkeys(("dev_services", "resource_categories", "tags", "components"), "bytea"),
}


@contextmanager
def temporary_table(
    connection: Connection, table: Table, rows: Iterable[tuple[Any, ...]]
) -> Iterator[None]:
    """A temporary table with these rows, for the statements of the block."""
    table.create(connection, checkfirst=False)
    insert_rows(connection, table.name, [column.name for column in table.columns], rows)
    yield
    table.drop(connection, checkfirst=False)


def read_present(connection: Connection, source: str) -> Iterator[list[tuple[bytes, int]]]:
    """Read (record digest, key) of all present images in key order, in blocks.

    The key is negative if later walks missed the image.
    """
    driver, with_source = driver_of(connection), {"source": source}
    if is_sqlite(connection):
        cursor = driver.execute(_PRESENT, with_source)
        while rows := cursor.fetchmany(_BLOCK):
            yield rows
        return
    # One packed value for each block of rows: a row each would cost ten times as much to decode.
    with driver.cursor(binary=True) as cursor:
        for (packed,) in cursor.execute(_PRESENT_PACKED, with_source):
            yield [*iter_unpack(">16sq", packed)]


_IS_MISSED: Final = "last_seen_at is not null or missing_since is not null"
_SIGNED_KEY: Final = f"case when {_IS_MISSED} then -image_key else image_key end"
# `|| ''` makes the database read the table in key order instead of sorting rows of an index.
_PRESENT: Final = f"""
    select record_digest, {_SIGNED_KEY}
    from current_images
    where source || '' = :source and state = 'present'
    order by image_key
"""
_PRESENT_PACKED: Final = f"""
    select string_agg(record_digest || int8send({_SIGNED_KEY}), ''::bytea order by image_key)
    from current_images
    where source = %(source)s and state = 'present'
    group by image_key / {_BLOCK}
    order by image_key / {_BLOCK}
"""


def read_images(
    connection: Connection, source: str, image_ids: Sequence[str]
) -> list[Sequence[Any]]:
    """Read (key, state, version, record digest, fingerprint, image columns …) of images by id."""
    columns = image_columns(connection, "c")
    statement = f"""
        select c.image_key, c.state, c.version, c.record_digest, c.fingerprint, {columns}
        from current_images as c
        where c.source = :source and c.image_id """
    ids: Any = [*image_ids]
    if is_sqlite(connection):
        ids = msgspec.json.encode(ids).decode()
        statement += "in (select value from json_each(:ids))"
    else:
        statement = statement.replace(":source", "%(source)s") + "= any(%(ids)s)"
    found = driver_of(connection).execute(statement, {"source": source, "ids": ids})
    rows: list[Sequence[Any]] = found.fetchall()
    return rows


def analyse(connection: Connection) -> None:
    """Update the planner's statistics of the images after a large load."""
    with connection.begin():
        if is_sqlite(connection):
            connection.execute(text("pragma analysis_limit = 1000"))
        connection.execute(text(f"analyze {current_images.name}"))
