"""How do several statements see one state of the database? In one reading transaction."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.database.engine import our_errors
from etl.database.migrate import require_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection inside a transaction that reads one state and writes nothing.

    Raises `SchemaNotAtHead` where the schema is another than this program's.
    """
    require_head(engine)
    with our_errors(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection
