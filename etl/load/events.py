"""Events of the log, read back from the tables that they describe.

The commit, `verify`, `prune` and `evidence` all read them here, so they cannot disagree.
"""

# All SQL is put together from our own column names, never from input.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import repeat
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from etl.database.columns import Instant, JsonList
from etl.database.schema import metadata
from etl.proof.check import leaf_hash
from etl.proof.entries import EVENTS, KINDS, VALUES, EventKind, canonical
from etl.proof.merkle import split_hashes

_BLOCK: Final = 2_000
_TIME_FORMAT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events are read: a condition on {run}, {source} and {image_id}, and its parameters."""

    condition: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def of_run(source: str, run_id: int) -> Scope:
    """The events of one run at one source."""
    return Scope("{run} = :run_id and {source} = :source", {"source": source, "run_id": run_id})


def of_runs(first: int, last: int) -> Scope:
    """The events of all runs with numbers from `first` to `last`, at all sources."""
    return Scope("{run} between :first and :last", {"first": first, "last": last})


def of_image(source: str, image_id: str) -> Scope:
    """The events about one image."""
    return Scope(
        "{source} = :source and {image_id} = :image_id and {run} is not null",
        {"source": source, "image_id": image_id},
    )


def of_pruned(source: str, through_entry: int) -> Scope:
    """What was kept of the runs of a source whose entries were pruned."""
    return Scope(
        "{source} = :source and {run} in (select run_id from log_entries"
        " where source = :source and kind = 'run' and entry <= :through_entry)",
        {"source": source, "through_entry": through_entry},
    )


@dataclass(frozen=True, slots=True)
class Event:
    """One event, with what locates the row that it was read from."""

    kind: EventKind
    source: str
    run_id: int
    row: Sequence[Any]

    @property
    def data(self) -> bytes:
        """Canonical JSON of the event."""
        return self.kind.encode(self.row)

    @property
    def value(self) -> dict[str, Any]:
        """The named values, without those of the version."""
        return dict(zip(self.kind.columns, self.row, strict=False))

    def __str__(self) -> str:
        named = [
            f"{name} {self.value[name]}"
            for name in ("image_id", "version", "field", "record_digest")
            if self.value.get(name) is not None
        ]
        return ", ".join([_TABLES[self.kind.name], *named])


def read_events(
    connection: Connection, scope: Scope, *, kinds: Sequence[str] = tuple(KINDS)
) -> Iterator[Event]:
    """Events in their documented order: kind, run, the image's row key, version, field."""
    for name in kinds:
        kind = KINDS[name]
        keys = _key_count(name)
        for row in _rows(connection, name, scope):
            yield Event(kind, row[keys], row[0], row[keys + 1 :])


def run_hashes(
    connection: Connection, source: str, run_id: int, *, added: Sequence[bytes] = ()
) -> list[bytes]:
    """Leaf hashes of the events of one run at one source.

    `added`: those of the images that the run has just added (see `added_hashes`), if they are
    known. Rows of new images have the highest keys, so their events are the last of their kind.
    """
    scope = of_run(source, run_id)
    known = f"{scope.condition} and t.opened_as <> 'added'"
    hashes: list[bytes] = []
    written = _kinds_written(connection, scope)
    for kind in EVENTS:
        if kind.name not in written:
            continue
        encode, start = kind.encode, _key_count(kind.name) + 1
        is_known = kind.name == "opened" and added
        rows = _rows(connection, kind.name, replace(scope, condition=known) if is_known else scope)
        hashes += [leaf_hash(encode(row[start:])) for row in rows]
        hashes += added if is_known else ()
    return hashes


def _kinds_written(connection: Connection, scope: Scope) -> set[str]:
    """Kinds of which there are events: one statement, where reading no events takes a dozen."""
    statement = _existence(scope.condition)
    return {*connection.scalars(text(statement), dict(scope.parameters))}


@cache
def _existence(condition: str) -> str:
    return "\nunion all\n".join(
        f"select '{name}' where exists (select 1 {origin.rows(condition)})"
        for name, origins in _ORIGINS.items()
        for origin in origins
    )


def added_hashes(
    columns: Mapping[str, Sequence[Any]], *, run_id: int, valid_from: str
) -> list[bytes]:
    """Leaf hashes of the events of new images, from the columns that are being written.

    `columns`: as SQLite stores them. Reading a first load back would take twice as long.
    """
    kind = KINDS["opened"]
    same = {"opened_as": "added", "run_id": run_id, "valid_from": valid_from, "version": 1}
    names = (*kind.columns, *kind.values)
    values = (repeat(same[name]) if name in same else columns[name] for name in names)
    return [leaf_hash(kind.encode(row)) for row in zip(*values, strict=False)]


def hashes_by_run(
    connection: Connection, first: int, last: int
) -> dict[tuple[str, int], list[bytes]]:
    """(Source, run) → leaf hashes of its events, for a range of runs."""
    found: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    for event in read_events(connection, of_runs(first, last)):
        found[event.source, event.run_id].append(leaf_hash(event.data))
    return found


def _rows(connection: Connection, kind: str, scope: Scope) -> Iterator[Any]:
    """Rows in blocks: a first load has as many events as the catalogue has images."""
    result = connection.execute(
        text(_statement(connection.dialect.name, kind, scope.condition)),
        dict(scope.parameters),
        execution_options={"yield_per": _BLOCK},
    )
    respell = connection.dialect.name == "postgresql" and kind == "opened"
    for block in result.partitions(_BLOCK):  # without a size, psycopg fetches all rows
        yield from map(_respelled, block) if respell else block


def _respelled(row: Sequence[Any]) -> list[Any]:
    """A row whose `jsonb` lists, which PostgreSQL spells with spaces, are canonical."""
    values = [*row]
    for place in _LIST_PLACES:
        if values[place] is not None:
            values[place] = _canonical_text(values[place])
    return values


@lru_cache(maxsize=4096)
def _canonical_text(value: str) -> str:
    """Canonical spelling of a JSON text; lists of services and categories recur."""
    return canonical(msgspec.json.decode(value)).decode()


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a kind of event is read from.

    `order`: after the run, what its events are ordered by. `names`: values whose column has
    another name.
    """

    table: str
    order: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    condition: str = "1 = 1"

    @property
    def keys(self) -> list[str]:
        """Columns that the events are ordered by: the run first."""
        return [self.names.get(each, each) for each in ("run_id", *self.order)]

    def owned(self, column: str) -> str:
        """A column of the table (`t`), or of the image that it belongs to (`c`)."""
        return f"{'t' if column in metadata.tables[self.table].columns else 'c'}.{column}"

    def rows(self, condition: str) -> str:
        """The part of a SELECT that finds the rows of a scope."""
        has_key, has_source = (self.owned(each)[0] == "t" for each in ("image_key", "source"))
        same_image = "c.source = t.source and c.image_id = t.image_id"
        on = "c.image_key = t.image_key" if has_key else same_image
        is_joined = "image_key" in self.order and not (has_key and has_source)
        join = f"join current_images as c on {on}" if is_joined else ""
        names = {"run": self.keys[0], "source": "source", "image_id": "image_id"}
        where = condition.format(**{name: self.owned(each) for name, each in names.items()})
        return f"from {self.table} as t {join}\nwhere {where} and {self.condition}"


_BY_VERSION: Final = ("image_key", "version")
_ORIGINS: Final[dict[str, list[_Origin]]] = {
    "opened": [
        _Origin(table, _BY_VERSION, {"run_id": "opened_run_id"})
        for table in ("current_images", "past_versions")
    ],
    "field": [_Origin("field_changes", (*_BY_VERSION, "field"))],
    "closed": [
        _Origin(table, _BY_VERSION, {"run_id": "closed_run_id"}, "closed_as <> 'changed'")
        for table in ("current_images", "past_versions")
    ],
    "presence": [_Origin("presence_changes", ("image_key",))],
    "removal": [_Origin("image_removals", _BY_VERSION)],
    "restored": [_Origin("image_removals", _BY_VERSION, {"run_id": "restored_run_id"})],
    "held": [_Origin("held_removals", ("image_key",))],
    "released": [
        _Origin(
            "held_removals",
            ("image_key", "held_run_id"),
            {"run_id": "released_run_id", "held_run_id": "run_id"},
        )
    ],
    "reject": [_Origin("rejects", ("reject_id",))],
    "resolved": [_Origin("rejects", ("reject_id",), {"run_id": "resolved_run_id"})],
    "new_field": [_Origin("source_fields", ("field",))],
    "attribution": [_Origin("removal_attributions", _BY_VERSION)],
}
_TABLES: Final = {
    name: origins[0].table if len(origins) == 1 else "image_versions"
    for name, origins in _ORIGINS.items()
}


@cache
def _statement(dialect: str, kind: str, condition: str) -> str:
    """One SELECT: the columns to order by, the source, the event's values."""
    parts = [_part(dialect, KINDS[kind], origin, condition) for origin in _ORIGINS[kind]]
    order = range(1, _key_count(kind) + 1)
    return "\nunion all\n".join(parts) + f"\norder by {', '.join(map(str, order))}"


def _key_count(kind: str) -> int:
    """Number of columns that the events of a kind are ordered by."""
    return 1 + len(_ORIGINS[kind][0].order)


def _part(dialect: str, kind: EventKind, origin: _Origin, condition: str) -> str:
    selected = [origin.owned(key) for key in origin.keys]
    if dialect == "postgresql" and "field" in origin.keys:
        selected[origin.keys.index("field")] += ' collate "C"'
    selected.append(origin.owned("source"))
    for name in (*kind.columns, *kind.values):
        column = origin.names.get(name, name)
        selected.append(value_sql(dialect, origin.owned(column), origin.table, column))
    return f"select {', '.join(selected)}\n{origin.rows(condition)}"


_LIST_PLACES: Final = [
    _key_count("opened") + 1 + len(KINDS["opened"].columns) + VALUES.index(name)
    for name in ("dev_services", "resource_categories", "tags")
]


def value_sql(dialect: str, expression: str, table: str, column: str) -> str:
    """Expression that gives a column's value as the log spells it: text or an integer."""
    found = metadata.tables[table].columns.get(column)
    kind = None if found is None else found.type
    if dialect == "sqlite" or kind is None:
        return expression
    if isinstance(kind, Instant):
        return f"to_char({expression} at time zone 'UTC', '{_TIME_FORMAT}')"
    if isinstance(kind, JsonList):
        return f"cast({expression} as text)"
    return expression


def stored_hashes(connection: Connection, entry: int) -> list[bytes]:
    """Leaf hashes of an entry's events as its commit stored them."""
    data = connection.execute(
        text("select hashes from event_hashes where entry = :entry"), {"entry": entry}
    ).scalar()
    return split_hashes(bytes(data)) if data else []
