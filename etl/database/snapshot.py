"""A read transaction in which several statements see the same state of the database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@contextmanager
def snapshot(connection: Connection) -> Iterator[Connection]:
    """A transaction whose statements all see one state, whatever a sync commits meanwhile.

    SQLite gives that by itself; PostgreSQL wants to be asked.
    """
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        yield connection
