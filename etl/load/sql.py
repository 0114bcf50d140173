"""Images and rows as each driver takes them: bulk inserts, bulk reads, and conversion of values.

Bulk work bypasses SQLAlchemy's types for speed, so this module knows what the drivers take and
return. PostgreSQL's values are those of its binary COPY.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from struct import iter_unpack
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, Table, text

from etl.clock import instant_text, milliseconds_text
from etl.database.columns import Instant, JsonList
from etl.database.schema import current_images
from etl.model import Image, Tag
from etl.transform import DIGEST_BYTES

VALUES: Final = Image.__struct_fields__[1:]
"""The columns that an image's values fill: the tracked columns and `extra`."""

_JSON_LISTS: Final = ("dev_services", "resource_categories", "tags", "components")
_TIMES: Final = ("created_at", "updated_at")
_BLOCK: Final = 512  # larger blocks of rows do not fit into the processor's cache
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
_2000_IN_MILLISECONDS: Final = (_2000 - _EPOCH) // timedelta(milliseconds=1)
_decode_texts: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_tags: Final = msgspec.json.Decoder(tuple[Tag, ...]).decode


def driver_of(connection: Connection) -> Any:
    """The driver's connection, within the transaction that is open."""
    return connection.connection.dbapi_connection


def is_sqlite(connection: Connection) -> bool:
    """Whether the database is SQLite; otherwise it is PostgreSQL."""
    return connection.dialect.name == "sqlite"


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Split into lists of at most `size` rows."""
    rest = iter(rows)
    while batch := [*islice(rest, size)]:
        yield batch


@dataclass(frozen=True, slots=True)
class Codec:
    """What a driver takes in bulk for JSON lists, an image's times and a run's time."""

    json_list: Callable[[Any], Any]
    epoch: Callable[[int], Any]
    instant: Callable[[datetime], Any]

    def encode(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Return columns of images with the driver's values."""
        lists = {name: [*map(self.json_list, columns[name])] for name in _JSON_LISTS}
        times = {
            name: [None if time is None else self.epoch(time) for time in columns[name]]
            for name in _TIMES
        }
        return {**columns, **lists, **times}


@lru_cache(maxsize=4096)
def _json(value: tuple[Any, ...] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


@lru_cache(maxsize=4096)
def _jsonb(value: tuple[Any, ...] | None) -> bytes | None:
    """The format of jsonb in COPY: a version byte, then the text."""
    return None if value is None else b"\x01" + msgspec.json.encode(value)


def _microseconds_since_2000(milliseconds: int) -> int:
    """The format of timestamptz in COPY."""
    return (milliseconds - _2000_IN_MILLISECONDS) * 1000


LOG_CODEC: Final = Codec(_json, milliseconds_text, instant_text)
"""The log contains SQLite's values."""

_CODECS: Final = {
    "sqlite": LOG_CODEC,
    "postgresql": Codec(
        _jsonb,
        _microseconds_since_2000,
        lambda instant: (instant - _2000) // timedelta(microseconds=1),
    ),
}


def codec_of(connection: Connection) -> Codec:
    """Return the codec of this connection's driver."""
    return _CODECS[connection.dialect.name]


def image_columns(connection: Connection, alias: str) -> str:
    """Return the select list that `image_of` reads: the id and `VALUES`."""
    names = ("image_id", *VALUES)
    if connection.dialect.name == "sqlite":
        return ", ".join(f"{alias}.{name}" for name in names)
    return ", ".join(_AS_ON_SQLITE.get(name, "{0}.{1}").format(alias, name) for name in names)


_AS_ON_SQLITE: Final = {
    **dict.fromkeys((*_JSON_LISTS, "extra"), "cast({0}.{1} as text)"),
    **dict.fromkeys(_TIMES, "cast(extract(epoch from {0}.{1}) * 1000 as bigint)"),
}


def image_of(row: Sequence[Any]) -> Image:
    """Return the image of a row selected with `image_columns`."""
    return Image(*[convert(value) for convert, value in zip(_CONVERTERS, row, strict=True)])


def _same(value: Any) -> Any:
    return value


def _texts(value: str | None) -> Any:
    return value and _decode_texts(value)


def _tags(value: str | None) -> Any:
    return value and _decode_tags(value)


def _milliseconds(value: str | int | None) -> int | None:
    if not isinstance(value, str):
        return value
    return (datetime.fromisoformat(value) - _EPOCH) // timedelta(milliseconds=1)


_CONVERTERS: Final[list[Callable[[Any], Any]]] = [
    {
        "dev_services": _texts,
        "resource_categories": _texts,
        "tags": _tags,
        **dict.fromkeys(_TIMES, _milliseconds),
    }.get(name, _same)
    for name in Image.__struct_fields__
]


def insert_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    shared: Mapping[str, Any] | None = None,
) -> None:
    """Insert rows of driver values with `executemany` (SQLite) or binary COPY (PostgreSQL).

    `shared` holds the columns that have the same value in every row, which the rows omit.
    """
    driver, shared = driver_of(connection), shared or {}
    all_columns = (*shared, *columns)
    names = ", ".join(all_columns)
    if is_sqlite(connection):
        # A literal costs SQLite a third of a bound value.
        quoted = [driver.execute("select quote(?)", (it,)).fetchone()[0] for it in shared.values()]
        values = ", ".join([*quoted, *("?" * len(columns))])
        driver.executemany(f"insert into {table.name} ({names}) values ({values})", rows)
        return
    first = tuple(shared.values())
    statement = f"copy {table.name} ({names}) from stdin (format binary)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_COPY_TYPES.get(type(table.c[each].type), "text") for each in all_columns])
        write = copy.write_row
        for row in rows:
            write(first + row)


# The types of COPY: times are numbers, and `jsonb` is text after a version byte (see `Codec`).
_COPY_TYPES: Final = {
    BigInteger: "int8",
    Integer: "int4",
    Instant: "int8",
    LargeBinary: "bytea",
    JsonList: "bytea",
}


@contextmanager
def temporary_table(
    connection: Connection, table: Table, rows: Iterable[tuple[Any, ...]]
) -> Iterator[None]:
    """A temporary table with these rows, for the statements of the block."""
    table.create(connection, checkfirst=False)
    insert_rows(connection, table, table.c.keys(), rows)
    yield
    table.drop(connection, checkfirst=False)


def read_present(
    connection: Connection, source: str, *, expected: int
) -> Iterator[list[tuple[bytes, int]]]:
    """Read (record digest, key) of all present images in key order, in blocks.

    The key is negative if later walks missed the image. `expected`: about how many there are.
    """
    driver = driver_of(connection)
    if is_sqlite(connection):
        last_key = driver.execute("select max(image_key) from current_images").fetchone()[0] or 0
        is_large = expected * _LARGE_SHARE >= last_key
        statement = _PRESENT.format(index="not indexed" if is_large else "")
        cursor = driver.execute(statement, (source,))
        while rows := cursor.fetchmany(_BLOCK):
            yield rows
        return
    # One packed value for each block of rows: a row each would cost ten times as much to decode.
    # Streamed, because the driver would keep the whole result in memory.
    with driver.cursor(binary=True) as cursor:
        for (packed,) in cursor.stream(_PRESENT_PACKED, (source,)):
            yield [*iter_unpack(f">{DIGEST_BYTES}sq", packed)]


# The table is read faster than its index if a source has at least 1/8 of all images.
_LARGE_SHARE: Final = 8
_IS_MISSED: Final = "last_seen_at is not null or missing_since is not null"
_SIGNED_KEY: Final = f"case when {_IS_MISSED} then -image_key else image_key end"
_PRESENT: Final = f"""
    select record_digest, {_SIGNED_KEY}
    from current_images {{index}}
    where source = ? and state = 'present'
    order by image_key
"""
# A digest of another length, from a program that computes it otherwise, must not misalign the rest.
_PADDED: Final = (
    f"substr(record_digest || decode(repeat('00', {DIGEST_BYTES}), 'hex'), 1, {DIGEST_BYTES})"
)
_PRESENT_PACKED: Final = f"""
    select string_agg({_PADDED} || int8send({_SIGNED_KEY}), ''::bytea order by image_key)
    from current_images
    where source = %s and state = 'present'
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
