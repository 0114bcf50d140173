"""What does the database know of the sources and of a run, for those who are told?

Read after the commit, on a connection that can't write.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from etl.audit.query import ask
from etl.database.engine import open_reader, our_errors
from etl.database.migrate import require_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from etl.config import DatabaseSettings


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source on record: rows of the queries `status` and `last_sync`, empty where there is none.

    The two name alike what is there by state, and what the last sync changed by kind.
    """

    name: str
    states: Mapping[str, Any] = field(default_factory=dict)
    last_sync: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def open_record(database: DatabaseSettings) -> Iterator[Connection]:
    """A connection that can't write. Raises `DatabaseUnavailable`, `SchemaNotAtHead`."""
    engine = open_reader(database.url, schema=database.schema)
    try:
        with our_errors(engine):
            require_head(engine)
            with engine.connect() as connection:
                yield connection
    finally:
        engine.dispose()


def read_sources(connection: Connection, names: Sequence[str]) -> list[SourceFacts]:
    """What is on record of the sources of these names, in their order."""
    states = _by_source(connection, "status", names)
    syncs = _by_source(connection, "last_sync", names)
    return [SourceFacts(name, states.get(name, {}), syncs.get(name, {})) for name in names]


def _by_source(
    connection: Connection, query: str, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    answer = ask(connection, query, sources=tuple(names), limit=0)
    rows = (dict(zip(answer.columns, row, strict=True)) for row in answer.rows)
    return {row["source"]: row for row in rows}
