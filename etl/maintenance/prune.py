"""Prune old history of sources: verify the record first, then drop and seal, source by source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from etl.audit.verify import verify
from etl.database.engine import translated_errors, writing
from etl.errors import RecordInconsistent
from etl.load.attribution import forget_actors
from etl.load.locks import source_lock
from etl.load.prune import Cut, find_cut, prune_source, sources_on_record
from etl.text import require_known

if TYPE_CHECKING:
    from sqlalchemy import Engine


def prune(
    engine: Engine,
    *,
    before: datetime,
    now: datetime,
    sources: Sequence[str] = (),
    is_dry_run: bool = False,
    wait_seconds: float = 0,
) -> Iterator[tuple[str, Cut | None, dict[str, int]]]:
    """Drop, or (dry run) count, what ended before a time, of the given sources (none: all).

    Yields for each source the last run dropped (None: nothing is that old), and table → rows. Each
    source is one transaction under its lock. Raises `UsageError` for an unknown source,
    `RecordInconsistent` if the record is inconsistent, `LockHeld` and `DatabaseUnavailable`.
    """
    with translated_errors(engine):
        with engine.connect() as connection:
            known = sources_on_record(connection)
        for name in sources:
            require_known("source", name, known)
        if not is_dry_run:
            require_consistent(engine)  # pruning would seal what somebody has changed
        for source in [each for each in known if not sources or each in sources]:
            lock = source_lock(engine, source, wait_seconds=wait_seconds)
            with engine.connect() if is_dry_run else lock as connection:
                cut = find_cut(connection, source, before=before)
                counts = {}
                if cut is not None:
                    counts = prune_source(connection, cut, pruned_at=None if is_dry_run else now)
            yield source, cut, counts


def require_consistent(engine: Engine) -> None:
    """Require that the record is consistent. Raises `RecordInconsistent`."""
    with engine.connect() as connection:
        result = verify(connection)
    if not result.is_consistent:
        raise RecordInconsistent(
            f"the record is inconsistent: {result.findings[0]}",
            hint="`image-sync verify` shows everything that does not match",
        )


def forget(engine: Engine) -> int:
    """Erase who removed images, as far as it is on record; returns the number of removals."""
    with translated_errors(engine), engine.connect() as connection, writing(connection):
        return forget_actors(connection)
