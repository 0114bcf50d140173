"""Read-only access to the record: the schema must be current, and nothing can be written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.database.engine import open_reader, our_errors
from etl.database.migrate import require_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@contextmanager
def open_record(url: str, *, schema: str = "") -> Iterator[Connection]:
    """A connection for reading. Raises `DatabaseUnavailable`, `SchemaNotAtHead`."""
    engine = open_reader(url, schema=schema)
    try:
        with our_errors(engine):
            require_head(engine)
            with engine.connect() as connection:
                yield connection
    finally:
        engine.dispose()
