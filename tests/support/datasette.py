"""Metadata for Datasette: titles, the meaning and unit of each column, and the reports as queries.

    python -m tests.support.datasette      writes deploy/datasette.json

The texts are the comments of the tables and views, and the questions of the reports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from etl.audit.query import names_in, read_query
from etl.database.schema import metadata
from etl.database.views import COMMENTS, VIEW_COLUMNS
from etl.transform import builtin_tables

FILE = Path(__file__).parents[2] / "deploy" / "datasette.json"
DATABASE = "images"
PUBLIC = {
    *("image_removals", "held_removals", "sync_runs", "source_runs", "rejects", "source_fields"),
    *("log_entries", "checkpoints"),
}
UNITS = {"size": "byte", "record_bytes": "byte"}


def page() -> str:
    """deploy/datasette.json."""
    tables = {
        **{name: _table(COMMENTS[name], columns) for name, columns in VIEW_COLUMNS.items()},
        **{
            table.name: {
                **_table(str(table.comment), {c.name: str(c.comment) for c in table.columns}),
                "hidden": table.name not in PUBLIC,
            }
            for table in sorted(metadata.sorted_tables, key=lambda table: table.name)
        },
    }
    content = {
        "title": "Image catalogue",
        "description": "A record of ModelArts images, kept by image-sync. All times are UTC.",
        "databases": {
            DATABASE: {
                "tables": tables,
                # A query hides a table of the same name, hence the prefix.
                "queries": {f"report-{name}": _query(name) for name in names_in("reports")},
            }
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _table(comment: str, columns: dict[str, str]) -> dict[str, Any]:
    units = {name: unit for name, unit in UNITS.items() if name in columns}
    return {"description": comment, "columns": columns, **({"units": units} if units else {})}


def _query(name: str) -> dict[str, Any]:
    """A report without limit; its period is a field of the form, empty for the whole record."""
    query = read_query(name, folder="reports")
    given = [each for each in ("since", "releases") if each in query.parameters]
    sql = query.sql("sqlite", dict.fromkeys(given, True))
    for parameter, value in (
        (":releases", "'" + builtin_tables().release_rows().replace("'", "''") + "'"),
        (":today", "date('now')"),
        (":last_day", "date('now', '+90 days')"),
    ):
        sql = sql.replace(parameter, value)
    lines = [line for line in sql.splitlines() if line.strip()]
    return {"title": query.question, "sql": "\n".join(lines), "hide_sql": True}


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
