"""Which of a page's records does the database have already, byte for byte?

The present rows are read in key order, which is the order in which the listing first came, in
chunks of (digest of the record → key); two chunks are alive. A listing that comes in the same order
is matched whole. What is not found here is looked up by id, by `Baseline`; when most of a page was
found there, the window moves to where the page's rows are, and follows the listing from there, in
either direction.
"""

from __future__ import annotations

from struct import iter_unpack
from typing import TYPE_CHECKING, Final

from etl.load.statements import driver_of, reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

CHUNK: Final = 4096

Chunk = dict[bytes, int]


class Window:
    """Two chunks of the rows of `source` that an unchanged record can match."""

    def __init__(self, connection: Connection, source: str, *, chunk_size: int = CHUNK) -> None:
        self._connection = connection
        self._source = source
        self._size = chunk_size
        self._older: Chunk = {}
        self._newer: Chunk = {}
        self._edge = 0  # the key from which the next chunk is read
        self._is_forward = True
        self._is_touched = True  # whether a record was found in the newer chunk
        self._place: tuple[int, int] | None = None  # lowest and highest key of the last relocation

    def match(self, digests: Sequence[bytes]) -> list[int | None]:
        """The key of each digest's row, where the window has it."""
        keys = list(map(self._older.get, digests))
        self._fill(keys, digests)
        while None in keys and self._is_touched and self._read_on():
            self._fill(keys, digests)
        return keys

    def relocate(self, keys: Sequence[int], page_rows: int) -> None:
        """Moves to where `keys` lie, rows of a page of `page_rows` that the window did not have."""
        low, high = min(keys), max(keys)
        is_scattered = high - low > 4 * page_rows + self._size
        if 2 * len(keys) < page_rows or is_scattered:
            return
        self._is_forward = self._place is None or low > self._place[0]
        self._place = (low, high)
        self._edge = high if self._is_forward else low
        self._older, self._newer, self._is_touched = {}, {}, True

    def _fill(self, keys: list[int | None], digests: Sequence[bytes]) -> None:
        newer = self._newer
        for place, key in enumerate(keys):
            if key is None and (found := newer.get(digests[place])) is not None:
                keys[place] = found
                self._is_touched = True

    def _read_on(self) -> bool:
        """Reads the next chunk, in place of the older one; False: there is none."""
        chunk = self._read()
        if not chunk:
            return False
        self._older, self._newer, self._is_touched = self._newer, chunk, False
        self._edge = max(chunk.values()) if self._is_forward else min(chunk.values())
        return True

    def _read(self) -> Chunk:
        read = _read_sqlite if self._connection.dialect.name == "sqlite" else _read_postgresql
        with reading(self._connection):
            return read(
                self._connection, self._source, self._edge, self._size, forward=self._is_forward
            )


_MATCHING: Final = """
    select record_digest, image_key
    from current_images
    where source || '' = {source} and image_key {beyond} {edge} and state = 'present'
        and last_seen_at is null and missing_since is null and length(record_digest) = 16
    order by image_key {direction}
    limit {size}
"""


def _matching(mark: str, *, forward: bool) -> str:
    """In key order straight from the table: `|| ''` keeps the databases from sorting an index."""
    beyond, direction = (">", "asc") if forward else ("<", "desc")
    return _MATCHING.format(source=mark, edge=mark, size=mark, beyond=beyond, direction=direction)


def _read_sqlite(
    connection: Connection, source: str, edge: int, size: int, *, forward: bool
) -> Chunk:
    driver = driver_of(connection)
    return dict(driver.execute(_matching("?", forward=forward), (source, edge, size)))


def _read_postgresql(
    connection: Connection, source: str, edge: int, size: int, *, forward: bool
) -> Chunk:
    """One value for the whole chunk: a row each would cost ten times as much to take apart."""
    packed = f"""
        select string_agg(record_digest || int8send(image_key), ''::bytea)
        from ({_matching("%s", forward=forward)}) as matching
    """  # noqa: S608  # our own constant
    driver = driver_of(connection)
    (rows,) = driver.execute(packed, (source, edge, size), binary=True).fetchone()
    return dict(iter_unpack(">16sq", rows or b""))
