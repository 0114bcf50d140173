"""A relation as a file: CSV, JSON Lines or Parquet, streamed row by row.

CSV and JSON Lines are as the reading commands print them. Parquet keeps types: UTC timestamps,
integers, lists, and tags as structs; JSON objects stay JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from sqlalchemy import BigInteger, Connection, Integer, Text, bindparam, text
from sqlalchemy.types import TypeEngine

from etl.atomic_file import written_whole
from etl.audit.query import Rows
from etl.audit.record_span import notes_on_changes, notes_on_state, read_spans, require_kept
from etl.audit.render import lines_of
from etl.database.columns import Instant, JsonList, JsonObject, json_text
from etl.database.engine import snapshot
from etl.database.schema import metadata
from etl.errors import UsageError
from etl.text import require_known

BATCH: Final = 5_000
_ALIVE: Final = "valid_from <= :as_of and (valid_to is null or valid_to > :as_of)"
RELATIONS: Final[dict[str, str | None]] = {
    "images": _ALIVE,
    "image_versions": "valid_from <= :as_of",
    "image_changes": "at <= :as_of",
    "image_removals": "removed_at <= :as_of",
    "image_dev_services": None,
    "image_resource_categories": None,
    "image_tags": None,
    "image_components": None,
    "held_removals": "held_at <= :as_of",
    "sync_runs": "started_at <= :as_of",
    "source_runs": "observed_at <= :as_of",
    "log_entries": None,
    "checkpoints": "created_at <= :as_of",
    "rejects": "rejected_at <= :as_of",
    "source_fields": "first_seen_at <= :as_of",
}
"""Relation → which of its rows existed at an instant; None: the relation has no history."""

_PRUNED: Final = frozenset(
    ("image_versions", "image_changes", "held_removals", "sync_runs", "source_runs", "rejects")
)
"""The relations whose old rows `prune` drops."""

_OF_TABLES: Final[dict[str, TypeEngine[Any]]] = {
    column.name: column.type for table in metadata.sorted_tables for column in table.columns
}
_OF_VIEWS: Final[dict[str, TypeEngine[Any]]] = {
    name: Instant() for name in ("at", "last_seen_at", "last_changed_at")
}


@dataclass(frozen=True, slots=True)
class Exported:
    """The number of rows, and what a reader must know about them."""

    count: int
    notes: tuple[str, ...]


def export(
    connection: Connection,
    path: Path,
    *,
    now: datetime,
    relation: str = "images",
    as_of: datetime | None = None,
) -> Exported:
    """Writes a relation to `path`, completely or not at all. The extension determines the format.

    Raises `UsageError` for another extension, an unknown relation, an instant whose state was
    pruned, and an instant for a relation without history.
    """
    write = _writer(path)
    statement = _statement(relation, is_as_of=as_of is not None)
    bound = [] if as_of is None else [bindparam("as_of", as_of, type_=Instant())]
    typed = text(statement).bindparams(*bound).columns(**_types(relation))
    streamed = {"stream_results": True, "max_row_buffer": BATCH}
    with snapshot(connection):
        notes = _notes(connection, relation, as_of, now)
        with (
            written_whole(path) as file,
            connection.execute(typed, execution_options=streamed) as result,
        ):
            counted = _Counted(tuple(row) for row in result)
            write(file, relation, Rows(tuple(result.keys()), iter(counted)))
    return Exported(counted.count, notes)


def _notes(
    connection: Connection, relation: str, as_of: datetime | None, now: datetime
) -> tuple[str, ...]:
    spans = read_spans(connection)
    if relation == "images" and as_of:
        require_kept(connection, spans, [as_of])
        return tuple(notes_on_state(spans, as_of, now=now))
    if relation in _PRUNED:
        return tuple(notes_on_changes(spans, None, as_of, now=now))
    return ()


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterator[Sequence[Any]]) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _statement(relation: str, *, is_as_of: bool) -> str:
    require_known("relation", relation, RELATIONS)
    if not is_as_of:
        return f"select * from {relation}"  # noqa: S608  # a name of RELATIONS
    condition = RELATIONS[relation]
    if condition is None:
        past = [name for name, known in RELATIONS.items() if known]
        hint = f"it is for {', '.join(past)}"
        raise UsageError(f"--as-of is not supported for {relation}", hint=hint)
    read_from = "image_versions" if relation == "images" else relation
    return f"select * from {read_from} where {condition}"  # noqa: S608  # our own words


def _types(relation: str) -> dict[str, TypeEngine[Any]]:
    if relation in metadata.tables:
        return {column.name: column.type for column in metadata.tables[relation].columns}
    own = {"version": Text()} if relation == "image_components" else {}  # a component's, as written
    return {**_OF_TABLES, **_OF_VIEWS, **own}


def _writer(path: Path) -> Callable[[BinaryIO, str, Rows], None]:
    writers = {".csv": _write_csv, ".jsonl": _write_jsonl, ".parquet": _write_parquet}
    if path.suffix.lower() not in writers:
        raise UsageError(f"{path}: the file name must end in .csv, .jsonl or .parquet")
    if path.suffix.lower() == ".parquet":
        _pyarrow()
    return writers[path.suffix.lower()]


def _write_csv(file: BinaryIO, _relation: str, rows: Rows) -> None:
    for line in lines_of(rows, "csv"):
        file.write(f"{line}\n".encode())


def _write_jsonl(file: BinaryIO, _relation: str, rows: Rows) -> None:
    for line in lines_of(rows, "jsonl"):
        file.write(f"{line}\n".encode())


def _write_parquet(file: BinaryIO, relation: str, rows: Rows) -> None:
    arrow, parquet = _pyarrow()
    types = _types(relation)
    fields = [(name, _arrow_type(arrow, name, types.get(name, Text()))) for name in rows.columns]
    schema = arrow.schema(fields)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows.rows, BATCH)):
            columns = [
                arrow.array(list(map(_arrow_value, column)), each.type)
                for column, each in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            writer.write_batch(arrow.record_batch(columns, schema=schema))


def _arrow_type(arrow: Any, name: str, kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, Instant):
        return arrow.timestamp("ms", tz="UTC")
    if isinstance(kind, Integer | BigInteger):
        return arrow.int64()
    if isinstance(kind, JsonList) and not isinstance(kind, JsonObject):
        text_type = arrow.string()
        pair = arrow.struct([("key", text_type), ("value", text_type)])
        return arrow.list_(pair if name == "tags" else text_type)
    return arrow.string()


def _arrow_value(value: Any) -> Any:
    return json_text(value) if isinstance(value, dict) else value


def _pyarrow() -> tuple[Any, Any]:
    """pyarrow, which only Parquet needs."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        hint = "pip install 'modelarts-image-sync[parquet]'"
        raise UsageError("Parquet needs pyarrow", hint=hint) from None
    return pyarrow, pyarrow.parquet
