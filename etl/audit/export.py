"""How does a whole relation become a file? Streamed as CSV, JSON Lines or Parquet, row by row.

CSV and JSON Lines are what the reading commands print. Parquet keeps types: instants in UTC, whole
numbers, lists as lists, tags as structs; JSON objects stay JSON text.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sqlalchemy import BigInteger, Integer, Text, bindparam, text

from etl.atomic_file import written_whole
from etl.audit.query import Rows
from etl.audit.render import lines_of
from etl.audit.retained import require_kept
from etl.database.schema import metadata
from etl.database.snapshot import snapshot
from etl.database.types import Instant, JsonList, JsonObject, json_text
from etl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.types import TypeEngine

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
    "rejects": "rejected_at <= :as_of",
    "source_fields": "first_seen_at <= :as_of",
}
"""What can be exported, and which of its rows there were at an instant; None: not known."""

_OF_TABLES: Final[dict[str, TypeEngine[Any]]] = {
    column.name: column.type for table in metadata.sorted_tables for column in table.columns
}
_OF_VIEWS: Final[dict[str, TypeEngine[Any]]] = {
    name: Instant() for name in ("at", "last_seen_at", "last_changed_at")
}


def export(
    connection: Connection, path: Path, *, relation: str = "images", as_of: datetime | None = None
) -> int:
    """Writes a relation to `path`, whole or not at all; gives the number of rows.

    The ending of `path` says the format. Raises `UsageError` for another one, for a relation that
    is not there, and for an instant where the relation has no past.
    """
    write = _writer(path)
    statement = _statement(relation, is_as_of=as_of is not None)
    bound = [] if as_of is None else [bindparam("as_of", as_of, type_=Instant())]
    typed = text(statement).bindparams(*bound).columns(**_types(relation))
    streamed = {"stream_results": True, "max_row_buffer": BATCH}
    with snapshot(connection):
        require_kept(connection, [as_of] if as_of else [])
        with (
            written_whole(path) as file,
            connection.execute(typed, execution_options=streamed) as result,
        ):
            counted = _Counted(tuple(row) for row in result)
            write(file, relation, Rows(tuple(result.keys()), iter(counted)))
    return counted.count


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
    if relation not in RELATIONS:
        raise UsageError(f"no relation {relation!r}", hint=f"there are: {', '.join(RELATIONS)}")
    if not is_as_of:
        return f"select * from {relation}"  # noqa: S608  # a name of RELATIONS
    condition = RELATIONS[relation]
    if condition is None:
        past = [name for name, known in RELATIONS.items() if known]
        hint = f"these do: {', '.join(past)}"
        raise UsageError(f"{relation} has no past: --as-of has nothing to say", hint=hint)
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
        raise UsageError(f"{path}: which format?", hint="name a .csv, .jsonl or .parquet file")
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
