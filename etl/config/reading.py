"""What do those need who only read the record? The `[database]` table, whatever else is wrong.

An auditor has no source's secrets, and need not: nothing but the database is expanded or checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.config.read import Reader, open_secrets, tables_of
from etl.config.settings import DEFAULT_LABEL, DatabaseSettings, ReadingSettings
from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def read_reading_settings(
    path: Path | None, environ: Mapping[str, str], *, database_url: str = ""
) -> ReadingSettings:
    """The database of the file at `path` (none: the default one), its URL perhaps given.

    Raises `ConfigError` with the mistakes of that table.
    """
    tables = tables_of(path, database_url)
    reader = Reader(environ, given=database_url)
    database = reader.section(DatabaseSettings, tables.get("database", {}), place="database")
    if reader.mistakes:
        raise ConfigError(str(path) if path else "defaults", reader.mistakes)
    warnings = open_secrets(path, reader.literal_secrets) if path else ()
    return ReadingSettings(
        database=database,
        source_names=tuple(_names(tables.get("source"), "name", environ)),
        discover_labels=tuple(
            _names(tables.get("discover"), "label", environ, unnamed=DEFAULT_LABEL)
        ),
        warnings=warnings,
    )


def _names(
    tables: Any, key: str, environ: Mapping[str, str], *, unnamed: str | None = None
) -> Iterator[str]:
    """What the tables of a list are called, as far as it can be read."""
    reader = Reader(environ)
    for table in tables if isinstance(tables, list) else ():
        name = table.get(key, unnamed) if isinstance(table, dict) else None
        if isinstance(name, str):
            yield reader.resolved(name, place="")
