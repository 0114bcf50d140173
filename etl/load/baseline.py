"""What does the database have of a source, before a run?

Read beside the network, under the source's lock, each time in a short transaction of its own.
"""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from etl.load.rows import form_of, image_columns, image_of, instant_read
from etl.load.statements import driver_of, reading
from etl.load.turn import read_before
from etl.load.window import CHUNK, Window
from etl.model import Candidate, Known, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from etl.load.seen import Seen

SPAN: Final = 1 << 16  # keys that are looked at together for absences
SPARSE: Final = 1000  # unseen ones among them that are asked for one by one
FEW: Final = 64  # ids of which the whole costs hardly more than what marks them


@dataclass(frozen=True, slots=True)
class Mark:
    """The little of a row that tells whether an image changed."""

    image_key: int
    state: State
    record_digest: bytes | None
    fingerprint: bytes
    is_unseen: bool
    row: Sequence[Any] | None  # all of it, where few were asked for


class Baseline:
    """The rows of one source as they are until the run's own transaction."""

    def __init__(self, connection: Connection, source: str, *, chunk_size: int = CHUNK) -> None:
        self.source = source
        self.form = form_of(connection)
        self._connection = connection
        self._window = Window(connection, source, chunk_size=chunk_size)
        with reading(connection):
            before = read_before(connection, source)
        self.present_count = before.present
        self.last_observed_at = before.observed_at
        self.walked = before.listings  # by the last certified walk
        self.coverage: str = (self._one(_LAST_COVERAGE) or ("",))[0]
        self.run_count: int = (self._one(_RUN_COUNT) or (0,))[0]
        self._is_empty = self._one(_ANY_IMAGE) is None

    def match(self, digests: Sequence[bytes]) -> list[int | None]:
        """The key of the present row that each record's digest equals; None: look closer.

        A row that later walks did not see is never matched: seeing it again changes it.
        """
        return [None] * len(digests) if self._is_empty else self._window.match(digests)

    def relocate(self, keys: Sequence[int], page_rows: int) -> None:
        """Told that a page of `page_rows` held `keys`, unchanged and yet not matched."""
        self._window.relocate(keys, page_rows)

    def marks(self, image_ids: Collection[str]) -> dict[str, Mark]:
        """What the database has of these ids, in short (of a few, whole): one statement."""
        if self._is_empty or not image_ids:
            return {}
        if len(image_ids) <= FEW:
            return {row[_IMAGE]: _mark(row, row) for row in self._whole(image_ids)}
        return {row[-1]: _mark(row, None) for row in self._all(_MARKS, ids=self._ids(image_ids))}

    def find(self, marks: Mapping[str, Mark]) -> dict[str, Known]:
        """The whole of what the database has of images, by their marks: one statement at most."""
        rows = [mark.row for mark in marks.values() if mark.row is not None]
        if len(rows) < len(marks):
            rows = [*self._whole(marks)]
        return {row[_IMAGE]: _known(row) for row in rows}

    def _whole(self, image_ids: Collection[str]) -> Sequence[Sequence[Any]]:
        statement = _FIND.replace("{image}", image_columns(self._connection, "c"))
        return self._all(statement, ids=self._ids(image_ids))

    def candidates(self, image_ids: Collection[str]) -> list[Candidate]:
        """The present images among these ids, as candidates for removal."""
        if not image_ids:
            return []
        rows = self._all(
            _CANDIDATES.format(which="and c.image_id {in_ids}"), ids=self._ids(image_ids)
        )
        return [_candidate(row) for row in rows]

    def absent(self, seen: Seen) -> Iterator[Candidate]:
        """The present images that `seen` does not hold, in the order of first sight."""
        if seen.present == self.present_count:
            return
        (highest,) = self._one(_HIGHEST)
        for first in range(1, (highest or 0) + 1, SPAN):
            keys = range(first, min(first + SPAN, highest + 1))
            unseen = seen.unseen(keys)
            if len(unseen) > SPARSE:  # removed images, other sources' rows
                unseen = sorted({*unseen} & {*self._present_keys(keys)})
            yield from self._candidates_of(unseen)

    def _present_keys(self, keys: range) -> list[int]:
        """As one value: a row each would cost more to take apart."""
        [(packed,)] = self._all(_PRESENT, first=keys[0], last=keys[-1])
        return _keys_of(f"[{packed or ''}]")

    def _candidates_of(self, keys: list[int]) -> Iterator[Candidate]:
        for start in range(0, len(keys), 1000):
            statement = _CANDIDATES.format(which="and c.image_key {in_keys}")
            rows = self._all(statement, keys=self._ids(keys[start : start + 1000]))
            yield from map(_candidate, rows)

    def _ids(self, values: Collection[Any]) -> Any:
        """A list as one bound value."""
        if self._connection.dialect.name == "sqlite":
            return msgspec.json.encode(list(values)).decode()
        return list(values)

    def _one(self, statement: str) -> Any:
        rows = self._all(statement)
        return rows[0] if rows else None

    def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        """Straight from the driver: there are two of them for each page that holds a change."""
        statement = _spelled(statement, self._connection.dialect.name)
        with reading(self._connection):
            rows = driver_of(self._connection).execute(statement, {"source": self.source, **values})
            return cast("Sequence[Any]", rows.fetchall())


def _mark(row: Sequence[Any], whole: Sequence[Any] | None) -> Mark:
    key, state, record_digest, fingerprint, is_unseen = row[:_VERSION]
    return Mark(key, state, record_digest, bytes(fingerprint), bool(is_unseen), whole)


def _known(row: Sequence[Any]) -> Known:
    key, state, _, fingerprint, is_unseen, version = row[:_IMAGE]
    image = image_of(row[_IMAGE:])
    return Known(key, state, version, image, bytes(fingerprint), bool(is_unseen))


def _candidate(row: Sequence[Any]) -> Candidate:
    values: tuple[Any, ...] = (*row[:-1], instant_read(row[-1]))
    return Candidate(*values)


@cache
def _spelled(statement: str, database: str) -> str:
    for word, spelled in _WORDS[database].items():
        statement = statement.replace(word, spelled)
    return statement if database == "sqlite" else _NAMED.sub(r"%(\1)s", statement)


_WORDS: Final = {
    "sqlite": {
        "{in_ids}": "in (select value from json_each(:ids))",
        "{in_keys}": "in (select value from json_each(:keys))",
        "{packed}": "group_concat(image_key)",
    },
    "postgresql": {
        "{in_ids}": "= any(:ids)",
        "{in_keys}": "= any(:keys)",
        "{packed}": "string_agg(cast(image_key as text), ',')",
    },
}
_NAMED: Final = re.compile(r":(\w+)")
_keys_of: Final = msgspec.json.Decoder(list[int]).decode
# Of the last sync that could read the source: so long its images were judged by it.
_LAST_COVERAGE: Final = """
    select s.coverage from source_runs as s
    join sync_runs as r on r.run_id = s.run_id
    where s.source = :source and s.status <> 'failed' and r.kind = 'sync'
    order by s.observed_at desc limit 1
"""
_RUN_COUNT: Final = "select count(*) from source_runs where source = :source"
_ANY_IMAGE: Final = "select 1 from current_images where source = :source limit 1"
_MARK: Final = """
    c.image_key, c.state, c.record_digest, c.fingerprint,
    c.last_seen_at is not null or c.missing_since is not null
"""
_MARKS: Final = f"""
    select {_MARK}, c.image_id
    from current_images as c
    where c.source = :source and c.image_id {{in_ids}}
"""
_FIND: Final = f"""
    select {_MARK}, c.version, {{image}}
    from current_images as c
    where c.source = :source and c.image_id {{in_ids}}
"""
_VERSION, _IMAGE = 5, 6  # where they stand in a row of `_FIND`
_HIGHEST: Final = "select max(image_key) from current_images"
_PRESENT: Final = """
    select {packed}
    from current_images
    where source || '' = :source and state = 'present' and image_key between :first and :last
"""
_CANDIDATES: Final = """
    select c.image_key, c.image_id, c.name, c.listing, c.type, c.workspace_id,
        coalesce(c.namespace, c.swr_organization), c.service_type, c.missing_since
    from current_images as c
    where c.source = :source and c.state = 'present' {which}
    order by c.image_key
"""
