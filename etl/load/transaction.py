"""The transaction that writes one source, and the fence that protects it.

The fence holds without session state, so it also works through a connection pooler: it takes a
transaction-level lock and then compares the source's latest run with the one that was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    and_,
    case,
    literal,
    select,
)

from etl.database.engine import writing
from etl.database.schema import current_images, source_runs
from etl.errors import ImageSyncError, LockHeld
from etl.load.locks import lock_commit
from etl.model import WalkFacts
from etl.transform import ComponentRules, builtin_rules

if TYPE_CHECKING:
    from etl.load.baseline import Baseline, PreviousRun


class SourceOvertaken(LockHeld):
    """Another run wrote the source while it was being read; reading it again may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWrite:
    """What a run writes about a source besides its changes: its number, its time, how it was read.

    `baseline` is the state that was read. `observed_at` is later than that of the source's previous
    run.
    """

    run_id: int
    baseline: Baseline
    observed_at: datetime
    facts: WalkFacts = field(default_factory=WalkFacts)
    rules: ComponentRules = field(default_factory=builtin_rules)

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.baseline.source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTransaction:
    """The open transaction of one source; all rows that it writes carry `observed_at`."""

    connection: Connection
    run_id: int
    source: str
    observed_at: datetime
    is_certified: bool
    previous: PreviousRun
    rules: ComponentRules
    added_hashes: list[bytes] = field(default_factory=list)  # of the events of new images

    def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        """Execute a statement."""
        return self.connection.execute(statement, rows)

    def last_seen_at(self) -> ColumnElement[Any]:
        """When an image was last seen before this run, as the view `images` computes it."""
        c = current_images.c
        walked_at = self.previous.walked_at
        cases: list[tuple[ColumnElement[bool], Any]] = [
            (and_(c.last_seen_at.is_not(None), c.last_seen_at > c.valid_from), c.last_seen_at)
        ]
        if walked_at is not None:
            walked = literal(walked_at, c.valid_from.type)
            cases.append((and_(c.last_seen_at.is_(None), walked > c.valid_from), walked))
        return case(*cases, else_=c.valid_from)


@contextmanager
def source_transaction(connection: Connection, write: SourceWrite) -> Iterator[SourceTransaction]:
    """Open the transaction and check its fence. Raises `LockHeld`; then nothing is written."""
    with writing(connection):
        lock_commit(connection, write.source)
        require_not_overtaken(connection, write.baseline)
        yield SourceTransaction(
            connection=connection,
            run_id=write.run_id,
            source=write.source,
            observed_at=write.observed_at,
            is_certified=write.facts.is_certified,
            previous=write.baseline.previous,
            rules=write.rules,
        )


@contextmanager
def unless_overtaken(baseline: Baseline) -> Iterator[None]:
    """Raise `SourceOvertaken` for an unexpected error after another run wrote the source.

    What is read of the database later on then no longer fits the baseline. It can only happen
    where no session lock protects the source: through a connection pooler, and for a plan.
    """
    try:
        yield
    except Exception as error:
        connection = baseline.connection
        if isinstance(error, ImageSyncError) or connection is None:
            raise
        with connection.begin():
            require_not_overtaken(connection, baseline)
        raise


def require_not_overtaken(connection: Connection, baseline: Baseline) -> None:
    """Raise `SourceOvertaken` if another run has written the source since it was read."""
    s = source_runs.c
    latest = (
        select(s.run_id).where(s.source == baseline.source).order_by(s.observed_at.desc()).limit(1)
    )
    run_id = connection.execute(latest).scalar()
    if run_id != baseline.previous.run_id:
        raise SourceOvertaken(
            f"run {run_id or '?'} wrote source {baseline.source} while this run was reading it;"
            " nothing was written",
            hint="run again",
        )
