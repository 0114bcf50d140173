"""Tries what a sync does to the database, and rolls it back.

What can only be found out by doing it is done: connecting, locking, creating the schema, writing
every table. So a check cannot succeed where a sync would fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, Engine, insert, text

from etl.database.engine import open_engine, our_errors, place, writing
from etl.database.integrity import schema_faults
from etl.database.migrate import current_revision, head, not_at_head, upgrade_in
from etl.database.postgresql import is_pooled
from etl.database.schema import metadata, sync_runs
from etl.database.sqlite import file_of, wal_warning
from etl.errors import DatabaseUnavailable, LockHeld, SchemaNotAtHead
from etl.load.locks import source_lock

if TYPE_CHECKING:
    from etl.config import DatabaseSettings

_NO_SOURCE: Final = "\0check"  # no source has this name, so no run holds its lock
_NO_RUN: Final = -1


@dataclass(frozen=True, slots=True)
class DatabaseFinding:
    """What the check found; `exit_code` is the one that a sync would end with."""

    status: Literal["ok", "warning", "failed"]
    message: str
    exit_code: int = 0


class _RolledBack(Exception):
    """Ends the rehearsal."""


def check_database(database: DatabaseSettings) -> list[DatabaseFinding]:
    """Everything that a sync needs from the database; the first failure ends the check."""
    try:
        engine = open_engine(database.url, schema=database.schema)
        try:
            return list(_findings(engine, auto_upgrade=database.auto_upgrade))
        finally:
            engine.dispose()
    except (DatabaseUnavailable, SchemaNotAtHead) as error:
        return [DatabaseFinding("failed", str(error), error.exit_code)]


def _findings(engine: Engine, *, auto_upgrade: bool) -> Iterator[DatabaseFinding]:
    file = file_of(engine.url)
    if file and not os.path.exists(file):
        if not auto_upgrade:
            raise not_at_head(engine, None)
        _rehearse_in_folder(file)
        yield DatabaseFinding("ok", f"the next sync creates {file}")
        return
    with our_errors(engine):
        revision = _rehearse(engine, auto_upgrade=auto_upgrade)
        if revision or file:  # PostgreSQL's locks are named after a table
            _try_lock(engine)
        yield DatabaseFinding("ok", _summary(engine, revision))
        with engine.connect() as connection, connection.begin():
            yield from _warnings(connection, is_current=revision == head())


def _summary(engine: Engine, revision: str | None) -> str:
    if revision != head():
        change = "upgrades" if revision else "creates"
        return f"the next sync {change} the schema: {place(engine)}"
    return f"readable and writable, and the schema is current: {place(engine)}"


def _rehearse(engine: Engine, *, auto_upgrade: bool) -> str | None:
    """Writes every table in a transaction that is rolled back; returns the revision before."""
    with _rolled_back(engine) as connection:
        revision = current_revision(connection)
        if revision != head():
            if not auto_upgrade:
                raise not_at_head(engine, revision)
            upgrade_in(connection)
        _write(connection)
    return revision


@contextmanager
def _rolled_back(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection, writing(connection):
            yield connection
            raise _RolledBack
    except _RolledBack:
        pass


def _write(connection: Connection) -> None:
    """Needs every right that a sync needs. The numbers of runs are left alone."""
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
    connection.execute(text(_SEQUENCES))


# Rights on sequences, without taking a number.
_SEQUENCES: Final = """
    select pg_sequence_last_value(pg_get_serial_sequence(name, key))
    from (values
        ('sync_runs', 'run_id'), ('current_images', 'image_key'), ('rejects', 'reject_id')
    ) as each(name, key)
"""


def _rehearse_in_folder(file: str) -> None:
    """Creates a database in a new folder beside `file` that does not exist, and removes it."""
    folder = os.path.dirname(file)
    try:
        with TemporaryDirectory(dir=folder, prefix=".image-sync-check-") as beside:
            engine = open_engine(f"sqlite:///{beside}/{os.path.basename(file)}")
            with our_errors(engine):
                _rehearse(engine, auto_upgrade=True)
                _try_lock(engine)
            engine.dispose()
    except OSError as error:
        raise DatabaseUnavailable(
            f"no file can be created in {folder}: {error.strerror}",
            hint="create the folder, or let this user write in it",
        ) from None


def _try_lock(engine: Engine) -> None:
    """A running sync may hold the lock: then locks work."""
    try:
        with source_lock(engine, _NO_SOURCE):
            pass
    except LockHeld:
        pass


def _warnings(connection: Connection, *, is_current: bool) -> Iterator[DatabaseFinding]:
    if is_pooled(connection):
        yield DatabaseFinding(
            "ok",
            "a connection pooler (such as PgBouncer) is in between: session locks have no effect"
            " in transaction mode, so each commit checks that no other run wrote the source",
        )
    if warning := wal_warning(connection.engine.url):
        yield DatabaseFinding("warning", warning)
    if is_current:
        for fault in schema_faults(connection):
            message = f"{fault.message}; `image-sync db check` lists all differences"
            yield DatabaseFinding("warning", message)
