"""The context of one execution: settings, options, database, run number, clock."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

from etl.client.hosts import Hosts
from etl.clock import utc_now
from etl.database.engine import open_engine, translated_errors
from etl.database.migrate import current_revision, ensure_head, not_at_head
from etl.database.sqlite import file_of, wal_warning
from etl.load.locks import source_lock
from etl.log import Progress
from etl.signals import raise_if_interrupted
from etl.sync_options import SyncOptions
from etl.transform import ComponentRules, builtin_rules, component_tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from etl.config import Settings


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What every source of one execution is processed with.

    `run_id` is 0 until the run's row is written. `has_schema` is false only for a plan before the
    first sync: then the database must not be connected to.
    """

    settings: Settings
    engine: Engine
    options: SyncOptions = field(default_factory=SyncOptions)
    run_id: int = 0
    has_schema: bool = True
    progress: Progress = field(default_factory=Progress)
    now: Callable[[], datetime] = utc_now
    rules: ComponentRules = field(default_factory=builtin_rules)
    hosts: Hosts = field(default_factory=Hosts)

    @contextmanager
    def locked(self, source: str) -> Iterator[Connection]:
        """Open the connection that may write a source now. Raises `LockHeld`."""
        with (
            translated_errors(self.engine),
            source_lock(
                self.engine, source, own_run=self.run_id, wait_seconds=self.options.wait_seconds
            ) as connection,
        ):
            yield connection


@contextmanager
def open_context(
    settings: Settings,
    options: SyncOptions | None = None,
    *,
    opened: Callable[..., Engine] = open_engine,
    is_read_only: bool = False,
    **parts: Unpack[ContextParts],
) -> Iterator[RunContext]:
    """Open the configured database and upgrade its schema if necessary.

    `opened` is `open_existing` for commands that need an existing database. A read-only context
    changes nothing, and its database need not exist yet. `parts` are fields of `RunContext`.
    """
    file = settings.components.file
    rules = component_tables(file).compiled() if file else builtin_rules()
    database = settings.database
    engine = opened(database.url, schema=database.schema)
    hosts = Hosts()
    try:
        has_schema = not (is_read_only and _is_blank(engine))
        if not has_schema and not database.auto_upgrade:
            raise not_at_head(engine, None)
        if has_schema:
            ensure_head(engine, auto_upgrade=database.auto_upgrade and not is_read_only)
        if not is_read_only and (warning := wal_warning(engine.url)):
            _log.warning("database at risk", extra={"detail": warning})
        raise_if_interrupted()
        yield RunContext(
            settings=settings,
            options=options or SyncOptions(),
            engine=engine,
            has_schema=has_schema,
            hosts=hosts,
            rules=rules,
            **parts,
        )
    finally:
        hosts.close()
        engine.dispose()


class ContextParts(TypedDict, total=False):
    progress: Progress
    now: Callable[[], datetime]


def _is_blank(engine: Engine) -> bool:
    """Whether the database has no schema of ours; looking does not create a file."""
    file = file_of(engine.url)
    if file and not os.path.exists(file):
        return True
    with translated_errors(engine), engine.connect() as connection:
        return current_revision(connection) is None
