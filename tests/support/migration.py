"""Writes the DDL files of the newest migration from the tables and views of etl/database.

python -m tests.support.migration

The first migration creates tables and views. A later one alters tables itself, in Python; then
only its views are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import (
    CreateTable,
    ExecutableDDLElement,
    SetColumnComment,
    SetTableComment,
)

from etl.database.indexes import INDEXES
from etl.database.migrate import SEPARATOR
from etl.database.schema import metadata
from etl.database.views import view_statements

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
FIRST = "0001"
DIALECTS = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


def files() -> Iterator[tuple[Path, str]]:
    """Each DDL file of the newest migration with its text."""
    number = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    for name, dialect in DIALECTS.items():
        if number == FIRST:
            yield VERSIONS / f"{number}_tables.{name}.sql", _joined(table_statements(dialect()))
        yield VERSIONS / f"{number}_views.{name}.sql", _joined(view_statements(name))


def _joined(statements: Iterable[str]) -> str:
    return "".join(statement + SEPARATOR for statement in statements).removesuffix("\n")


def table_statements(dialect: Any) -> Iterator[str]:
    """The DDL of every table, its indexes and, on PostgreSQL, its comments."""

    def compiled(element: ExecutableDDLElement) -> str:
        lines = str(element.compile(dialect=dialect)).strip().replace("\t", "    ").splitlines()
        return "\n".join(line.rstrip() for line in lines)

    for table in metadata.sorted_tables:
        yield compiled(CreateTable(table))
        for index in INDEXES:
            if index.table == table.name:
                yield index.statement(dialect.name)
        if dialect.supports_comments:
            yield compiled(SetTableComment(table))
            for column in table.columns:
                yield compiled(SetColumnComment(column))


if __name__ == "__main__":
    for path, text in files():
        path.write_text(text, encoding="utf-8")
