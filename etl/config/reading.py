"""What do those need who only read the record? The `[database]` table, whatever else is wrong.

An auditor has no source's secrets, and need not: nothing but the database is expanded or checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etl.config.read import Reader, open_secrets, tables_of
from etl.config.settings import DatabaseSettings, ReadingSettings
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
    names = tuple(_names(tables.get("source", []), Reader(environ)))
    return ReadingSettings(database=database, source_names=names, warnings=warnings)


def _names(sources: Any, reader: Reader) -> Iterator[str]:
    """What the sources are called, as far as it can be read."""
    for table in sources if isinstance(sources, list) else ():
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield reader.resolved(table["name"], place="")
