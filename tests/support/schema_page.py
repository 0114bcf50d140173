"""The page docs/schema.md, generated from the tables and views (`make docs`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.dialects import postgresql, sqlite

from etl.database.indexes import INDEXES
from etl.database.schema import metadata
from etl.database.views import COMMENTS, VIEW_COLUMNS

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from etl.database.indexes import TableIndex

PAGE: Final = Path(__file__).parents[2] / "docs" / "schema.md"
DIALECTS: Final = (sqlite.dialect(), postgresql.dialect())
_HEAD: Final = """\
# The database

Written by `make docs` from `etl/database`; edit it there.

Read the **views**: the commands, reports and recipes use them. The tables beneath \
hold each fact once: `current_images` has every image's latest version, `past_versions`
the older ones.

All times are UTC: `timestamptz` on PostgreSQL, on SQLite the text `2026-11-23T08:00:00.000Z`, \
which its date functions read and which sorts as time does. On PostgreSQL every table, view and \
column carries its comment: `\\d+ images`.
"""
_DIAGRAM: Final = (
    ("current_images", "||--o{", "past_versions", "older versions"),
    ("current_images", "||--o{", "field_changes", "values that changed"),
    ("current_images", "||--o{", "image_removals", "left, with evidence"),
    ("current_images", "||--o{", "held_removals", "held by the guard"),
    ("sync_runs", "||--o{", "source_runs", "one for each source"),
    ("source_runs", "||--o{", "current_images", "opened or closed"),
    ("source_runs", "||--o{", "rejects", "first seen in"),
    ("source_runs", "||--o{", "source_fields", "first seen in"),
)


def schema_page() -> str:
    """The page in Markdown."""
    parts = [_HEAD, _diagram(), "## Views\n"]
    parts += [_view(name) for name in VIEW_COLUMNS]
    parts += ["## Tables\n"]
    parts += [_table(table) for table in metadata.tables.values()]
    return "\n".join(parts)


def _diagram() -> str:
    lines = ["```mermaid", "erDiagram"]
    lines += [f'    {one} {mark} {many} : "{label}"' for one, mark, many, label in _DIAGRAM]
    for table in metadata.tables.values():
        keys = [column.name for column in table.primary_key]
        lines += [f"    {table.name} {{", *(f"        key {name} PK" for name in keys), "    }"]
    return "\n".join([*lines, "```", ""])


def _view(name: str) -> str:
    rows = [f"| `{column}` | {meaning} |" for column, meaning in VIEW_COLUMNS[name].items()]
    head = ["| column | means |", "|---|---|"]
    return "\n".join([f"### {name}\n", f"{COMMENTS[name]}.\n", *head, *rows, ""])


def _table(table: Table) -> str:
    head = ["| column | SQLite | PostgreSQL | may be null | means |", "|---|---|---|---|---|"]
    rows = [_column(column) for column in table.columns]
    indexes = [_index(index) for index in INDEXES if index.table == table.name]
    listed = ["", *indexes] if indexes else []
    return "\n".join([f"### {table.name}\n", f"{table.comment}.\n", *head, *rows, *listed, ""])


def _column(column: Column[object]) -> str:
    kinds = [str(column.type.compile(dialect=dialect)) for dialect in DIALECTS]
    null = "yes" if column.nullable else ""
    return f"| `{column.name}` | {kinds[0]} | {kinds[1]} | {null} | {column.comment} |"


def _index(index: TableIndex) -> str:
    columns = ", ".join(f"`{column}`" for column in index.columns.split(", "))
    where = f" where `{index.where}`" if index.where else ""
    kind = "Unique index" if index.is_unique else "Index"
    return f"- {kind} on {columns}{where}, for: {index.purpose}"


if __name__ == "__main__":
    PAGE.write_text(schema_page(), "utf-8")
