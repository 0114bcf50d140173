"""JSON Schemas of everything that commands print as JSON, generated into `etl/schemas/`.

    python -m tests.support.schemas

Objects are declared by structs. Rows are declared by their queries: each is executed on an empty
database for its columns, whose types and meanings come from the tables, the views and the reports.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer

from etl.audit.query import names_in, read_query, read_rows
from etl.audit.record_span import COLUMNS as SPAN
from etl.cli import results
from etl.database.columns import Instant, JsonList, JsonObject
from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from etl.database.schema import metadata
from etl.database.views import VIEW_COLUMNS
from etl.extract.probe import Trait
from etl.maintenance.check import Checked
from etl.notify import webhook

FOLDER = Path(__file__).parents[2] / "etl" / "schemas"
OBJECTS: dict[str, Any] = {
    **dict.fromkeys(
        ("sync", "plan", "approve", "dismiss", "replay-rejects", "sources-retire", "scale-worker"),
        results.RunResult,
    ),
    **dict.fromkeys(("key-init", "key-show"), results.VerifierKey),
    "config-init": results.ConfigurationFile,
    "evidence": results.EvidenceFile,
    "evidence-check": results.EvidenceCheck,
    "scale-init": results.QueueTables,
    "scale-enqueue": results.EnqueuedJobs,
    "dashboard": results.DashboardFile,
    "export": results.ExportedFile,
    "verify": results.VerifyResult,
    "checkpoint": results.CheckpointResult,
    "prune": results.PruneResult,
    "check": list[Checked],
    "probe": list[Trait],
    "sources": list[results.ListedSource],
    "webhook": webhook.Body,
    **dict.fromkeys(("db-current", "db-check", "db-upgrade", "db-downgrade"), results.SchemaState),
    "db-copy": results.CopiedDatabase,
    "scale-status": list[results.QueueState],
}
"""Output → its struct, or what msgspec can describe."""

QUERIES = {
    "images": "images",
    "images-as-of": "images_as_of",
    "history": "history",
    "changes": "changes",
    "removals": "removals",
    "removals-held": "held",
    "diff": "diff",
    "runs": "runs",
    "runs-by-source": "source_runs",
    "rejects": "rejects",
}
"""Output → the query whose rows it prints."""

RELATIONS = {
    "images": "images",
    "images-as-of": "image_versions",
    "history": "image_versions",
    "changes": "image_changes",
    "removals": "image_removals",
    "removals-held": "held_removals",
    "runs": "sync_runs",
    "runs-by-source": "source_runs",
    "rejects": "rejects",
}
"""Output → the relation whose columns it shows."""

FIELD_CHANGES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("field", "old_value", "new_value")},
        "required": ["field", "old_value", "new_value"],
    },
}
TIME = {"type": "string", "format": "date-time"}
TIMES = ("at", "certified_at", "last_run_at", "latest_at", "last_changed_at", "retired_at")
TEXTS = {"type": "array", "items": {"type": "string"}}
OWN: dict[str, dict[str, Any]] = {
    "tags": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"key": {"type": "string"}, "value": {"type": ["string", "null"]}},
            "required": ["key", "value"],
        },
    },
    "history.changed": TEXTS,
    "history.changes": FIELD_CHANGES,
    "report-components.version": {"type": ["string", "null"]},
    "report-end-of-life.version": {"type": ["string", "null"]},
    "is_stale": {"type": "boolean"},
    "is_configured": {"type": "boolean"},
    **dict.fromkeys(TIMES, TIME),
    **dict.fromkeys(SPAN, TIME),
    **{
        name: {"type": "string"}
        for name in ("how", "was", "became", "week", "release", "ended_on", "ends_on", "age",
                     "according_to", "warning", "component", "question", "field", "old_value",
                     "new_value", "discovered_by", "last_run_status", "last_certificate", "swr_tag")
    },
}  # fmt: skip
"""Columns, of one output or of all, that a type of the tables does not describe."""

NEVER_NULL = {"source", "image_id", "state", "kind", "at", "is_stale", "is_configured", "question",
              "changed", "changes", "valid_from", "rule", "removals", "images"}  # fmt: skip


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name → JSON Schema."""
    for name, kind in OBJECTS.items():
        yield name, _described(name, msgspec.json.schema(kind))
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        upgrade(engine)
        with engine.connect() as connection:
            for name, query in QUERIES.items():
                yield name, _rows(name, read_query(query).question, _columns(connection, query))
            for report in names_in("reports"):
                head = read_query(report, folder="reports")
                columns = _columns(connection, report, folder="reports")
                yield f"report-{report}", _rows(f"report-{report}", head.question, columns)
            yield "status", _rows("status", read_query("status").question, _status(connection))
        engine.dispose()
    yield "report-list", _rows("report-list", "Which reports are there?", ("name", "question"))


def _status(connection: Any) -> list[str]:
    own = ("is_configured", "age_seconds", "age", "is_stale")
    return [*_columns(connection, "status"), *own]


def _columns(connection: Any, name: str, **folder: Any) -> list[str]:
    query = read_query(name, **folder)
    rows = read_rows(connection, name, **folder, **_values(query.parameters))
    span = () if query.head.get("record", "kept") == "kept" else SPAN
    own = ("changed", "changes") if name == "history" else ()
    return [*rows.columns, *span, *own]


def _values(parameters: Iterable[str]) -> dict[str, Any]:
    """A value for each parameter that a query cannot do without."""
    needed: dict[str, Any] = {
        "first_run": 1, "last_run": 1, "from_run": 1, "to_run": 1, "at_run": 1, "image_id": "x",
        "releases": "[]", "today": "2026-12-01", "last_day": "2026-12-01",
    }  # fmt: skip
    values = {name: needed[name] for name in parameters if name in needed}
    if "image_id" in values:
        values["sources"] = ["x"]
    if "after" in parameters:
        values.pop("last_run", None)
    return values


def _rows(name: str, question: str, columns: Iterable[str]) -> dict[str, Any]:
    names = list(columns)
    item = {
        "type": "object",
        "properties": {each: _column(name, each) for each in names},
        "required": names,
    }
    return _described(name, {"description": question, "type": "array", "items": item})


def _described(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its name first, and without what only msgspec needs."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"image-sync: JSON output of {name.replace('-', ' ', 1)}",
    }
    return {**head, **schema}


def _column(output: str, name: str) -> dict[str, Any]:
    column = _table_column(output, name)
    own = OWN.get(f"{output}.{name}") or OWN.get(name)
    found = dict(own or _of_type(_kind(name) if column is None else column.type))
    is_nullable = name not in NEVER_NULL if column is None else column.nullable
    if is_nullable and isinstance(found["type"], str):
        found["type"] = [found["type"], "null"]
    if meaning := _meaning(output, name):
        found["description"] = meaning
    return found


def _table_column(output: str, name: str) -> Any:
    """The column of the table that an output shows, if it is a table."""
    table = metadata.tables.get(RELATIONS.get(output, ""))
    return None if table is None else table.columns.get(name)


def _kind(name: str) -> Any:
    """The type of the columns of this name, in any table."""
    kinds = {
        column.name: column.type for table in metadata.sorted_tables for column in table.columns
    }
    return kinds.get(name)


def _of_type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, Instant):
        return TIME
    if isinstance(kind, JsonObject):
        return {"type": "object"}
    if isinstance(kind, JsonList):
        return TEXTS
    if kind is None or isinstance(kind, Integer | BigInteger):
        return {"type": "integer"}
    return {"type": "string"}


def _meaning(output: str, name: str) -> str:
    if output.startswith("report-") and output != "report-list":
        path = FOLDER.parent / "audit" / "reports" / f"{output.removeprefix('report-')}.sql"
        own = dict(re.findall(r"^-- column (\w+): (.*)$", path.read_text("utf-8"), re.MULTILINE))
        if name in own:
            return own[name]
    if (column := _table_column(output, name)) is not None:
        return str(column.comment)
    if meaning := VIEW_COLUMNS.get(RELATIONS.get(output, ""), {}).get(name):
        return meaning
    tables = {
        column.name: str(column.comment)
        for table in metadata.sorted_tables
        for column in table.columns
    }
    views = {column: text for view in VIEW_COLUMNS.values() for column, text in view.items()}
    return {**tables, **views, **VIEW_COLUMNS["images"], **SPAN}.get(name, "")


def strict(schema: Any) -> Any:
    """The schema with `additionalProperties: false` in each object whose properties it lists."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    return {**closed, "additionalProperties": False} if "properties" in schema else closed


def text_of(schema: dict[str, Any]) -> str:
    """The file's content."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for _name, _schema in schemas():
        (FOLDER / f"{_name}.json").write_text(text_of(_schema), "utf-8")
