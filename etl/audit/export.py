"""Rows for programs: as CSV, JSON and JSON Lines, and a whole relation as a file.

Nothing in a row can control a terminal: control characters, bidirectional and hidden marks are
escaped in every text format. In JSON the escapes mean the same text; in CSV they are visible.

CSV is UTF-8, separated by commas, with lines that end in LF. Null is an empty field, empty text is
`""`, as in PostgreSQL's `copy … csv`. Text that a spreadsheet would take for a formula gets a
leading `'`. Parquet keeps types: UTC timestamps, integers, lists, and tags as structs; JSON objects
stay JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, cast, get_args

from sqlalchemy import BigInteger, Connection, Integer
from sqlalchemy.types import TypeEngine

from etl.atomic_file import atomic_write
from etl.audit.query import Rows, execute
from etl.audit.record_span import (
    read_spans,
    remarks_on_period,
    remarks_on_state,
    require_known_states,
)
from etl.clock import instant_text
from etl.database.columns import Instant, JsonList, JsonObject, json_text
from etl.database.engine import snapshot
from etl.database.views import column_types
from etl.errors import UsageError
from etl.text import printable_json, require_known, without_controls

Format = Literal["csv", "json", "jsonl"]
FileFormat = Literal["csv", "jsonl", "parquet"]

_COMPACT: Final[dict[str, Any]] = {"ensure_ascii": False, "separators": (",", ":")}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BATCH: Final = 5_000
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


def lines_of(result: Rows, form: Format) -> Iterator[str]:
    """The rows line by line, without line ends."""
    return {"csv": _csv, "json": _json, "jsonl": _jsonl}[form](result)


def _json(result: Rows) -> Iterator[str]:
    """An array with one object per line."""
    begin, last = "[", ""
    for each in _jsonl(result):
        if last:
            yield f"{begin}{last},"
            begin = ""
        last = each
    yield f"{begin}{last}]"


def _jsonl(result: Rows) -> Iterator[str]:
    for row in result.rows:
        named = dict(zip(result.columns, row, strict=True))
        yield printable_json(json.dumps(named, ensure_ascii=False, default=instant_text))


def _csv(result: Rows) -> Iterator[str]:
    yield ",".join(result.columns)
    for row in result.rows:
        yield ",".join(map(_csv_field, row))


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, int | float):
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value, **_COMPACT)
    safe = without_controls(f"'{text}" if text.startswith(_FORMULA_STARTS) else text)
    if safe and not any(mark in safe for mark in ',"\n'):
        return safe
    return '"' + safe.replace('"', '""') + '"'


def export(
    connection: Connection,
    path: Path,
    *,
    now: datetime,
    relation: str = "images",
    as_of: datetime | None = None,
) -> tuple[int, list[str]]:
    """Writes a relation to `path`, completely or not at all. The extension determines the format.

    Returns the number of rows, and what a reader must know about them. Raises `UsageError` for
    another extension, an unknown relation, an instant whose state was pruned, and an instant for a
    relation without history.
    """
    form = _form(path)
    statement, types = _statement(relation, is_as_of=as_of is not None)
    with snapshot(connection):
        remarks = [*_remarks(connection, relation, as_of, now)]
        counter = count()
        with (
            closing(execute(connection, statement, {"as_of": as_of}, streams=True)) as result,
            atomic_write(path) as file,
        ):
            # `zip` asks for a row first, so that the counter stops at their number.
            rows = (row for row, _ in zip(result.rows, counter, strict=False))
            if form == "parquet":
                _write_parquet(file, rows, types)
            else:
                lines = lines_of(Rows(result.columns, rows), form)
                file.writelines(f"{line}\n".encode() for line in lines)
    return next(counter), remarks


def _remarks(
    connection: Connection, relation: str, as_of: datetime | None, now: datetime
) -> Iterator[str]:
    spans = read_spans(connection, {"at": as_of})
    if relation == "images" and as_of:
        require_known_states(spans)
        yield from remarks_on_state(spans, as_of, now=now)
    else:
        kind = "changes" if relation in _PRUNED else "kept"
        yield from remarks_on_period(kind, spans, None, as_of, now=now)


def _statement(relation: str, *, is_as_of: bool) -> tuple[str, dict[str, TypeEngine[Any]]]:
    """The statement that reads a relation, and the types of its columns."""
    require_known("relation", relation, RELATIONS)
    condition = RELATIONS[relation] if is_as_of else "true"
    if condition is None:
        past = [name for name, known in RELATIONS.items() if known]
        hint = f"it is for {', '.join(past)}"
        raise UsageError(f"--as-of is not supported for {relation}", hint=hint)
    read_from = "image_versions" if is_as_of and relation == "images" else relation
    types = column_types(read_from)
    return f"select {', '.join(types)} from {read_from} where {condition}", types  # noqa: S608  # our own words


def _form(path: Path) -> FileFormat:
    form = path.suffix.lower().removeprefix(".")
    if form not in get_args(FileFormat):
        raise UsageError(f"{path}: the file name must end in .csv, .jsonl or .parquet")
    if form == "parquet":
        _pyarrow()
    return cast("FileFormat", form)


def _write_parquet(
    file: BinaryIO, rows: Iterator[Sequence[Any]], types: Mapping[str, TypeEngine[Any]]
) -> None:
    arrow, parquet = _pyarrow()
    schema = arrow.schema([(name, _arrow_type(arrow, name, kind)) for name, kind in types.items()])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _BATCH)):
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
