"""Writes the DDL files of the newest migration from the tables and views of etl/database.

python -m tests.support.migration
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import (
    CreateIndex,
    CreateTable,
    ExecutableDDLElement,
    SetColumnComment,
    SetTableComment,
)

from etl.database.ddl import SEPARATOR
from etl.database.schema import metadata
from etl.database.views import view_statements

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
DIALECTS = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


def files() -> Iterator[tuple[Path, str]]:
    """Each DDL file of the newest migration with its text."""
    number = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    for name, dialect in DIALECTS.items():
        for kind, statements in (("tables", table_statements), ("views", view_statements)):
            argument: Any = dialect() if kind == "tables" else name
            text = "".join(statement + SEPARATOR for statement in statements(argument))
            yield VERSIONS / f"{number}_{kind}.{name}.sql", text.removesuffix("\n")


def table_statements(dialect: Any) -> Iterator[str]:
    """The DDL of every table, its indexes and, on PostgreSQL, its comments."""

    def compiled(element: ExecutableDDLElement) -> str:
        lines = str(element.compile(dialect=dialect)).strip().replace("\t", "    ").splitlines()
        return "\n".join(line.rstrip() for line in lines)

    for table in metadata.sorted_tables:
        yield compiled(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield compiled(CreateIndex(index))
        if dialect.supports_comments:
            yield compiled(SetTableComment(table))
            for column in table.columns:
                yield compiled(SetColumnComment(column))


if __name__ == "__main__":
    for path, text in files():
        path.write_text(text, encoding="utf-8")
