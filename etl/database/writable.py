"""A test whether a database can be written: the statements of a sync, rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine, insert, text

from etl.database.engine import writing
from etl.database.migrate import current_revision, head, not_at_head, upgrade_in
from etl.database.postgresql import lagging_sequences
from etl.database.schema import metadata, sync_runs

_NO_RUN: Final = -1


class _RolledBack(Exception):
    """Rolls a test transaction back."""


def try_writing(engine: Engine, *, auto_upgrade: bool) -> str | None:
    """Write to every table in a transaction that is rolled back; return the revision before."""
    with _rolled_back(engine) as connection:
        revision = current_revision(connection)
        if revision != head():
            if not auto_upgrade:
                raise not_at_head(engine, revision)
            upgrade_in(connection)
        _use_rights(connection)
    return revision


@contextmanager
def _rolled_back(engine: Engine) -> Iterator[Connection]:
    with suppress(_RolledBack), engine.connect() as connection, writing(connection):
        yield connection
        raise _RolledBack


def _use_rights(connection: Connection) -> None:
    """Use every right that a sync needs, without taking the number of a run."""
    run = {"run_id": _NO_RUN, "kind": "sync", "status": "running", "version": "", "host": ""}
    connection.execute(insert(sync_runs).values(**run, pid=0, started_at=datetime.now(UTC)))
    connection.execute(text("create temporary table image_sync_check (number integer)"))
    connection.execute(text("drop table image_sync_check"))
    if connection.dialect.name == "sqlite":
        connection.execute(text("select json_array_length('[]')"))  # could be left out before 3.38
        return
    for table in metadata.sorted_tables:
        name = next(iter(table.columns)).name
        for statement in (
            f"insert into {table.name} select * from {table.name} where false",  # noqa: S608  # our own names
            f"update {table.name} set {name} = {name} where false",  # noqa: S608  # our own names
            f"delete from {table.name} where false",  # noqa: S608  # our own names
        ):
            connection.execute(text(statement))
    lagging_sequences(connection)  # needs rights on the sequences, and takes no number
