"""Drops the part of the history that is older than what is to be kept, source by source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.database.engine import our_errors
from etl.errors import UsageError
from etl.load.locks import source_lock
from etl.load.prune import (
    count_prunable,
    find_checkpoint,
    prune_idle_runs,
    prune_source,
    sources_on_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from etl.load.prune import Checkpoint


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went: of a source up to its checkpoint, or (source "") runs that no source needs."""

    source: str
    checkpoint: Checkpoint | None
    counts: dict[str, int]  # table → rows


def prune(
    engine: Engine,
    *,
    before: datetime,
    now: datetime,
    sources: Sequence[str] = (),
    is_dry_run: bool = False,
    wait_seconds: float = 0,
) -> Iterator[Pruned]:
    """Drops, or (dry run) counts, what ended before an instant; of the sources named (none: all).

    Each source is one transaction under its lock. Raises `UsageError` for a source that is not on
    record, `LockHeld` and `DatabaseUnavailable`.
    """
    with our_errors(engine):
        with engine.connect() as connection:
            known = sources_on_record(connection)
        for unknown in [each for each in sources if each not in known]:
            raise UsageError(
                f"no source {unknown!r} on record (there: {', '.join(known) or 'none'})"
            )
        for source in [each for each in known if not sources or each in sources]:
            if is_dry_run:
                with engine.connect() as connection:
                    found = find_checkpoint(connection, source, before=before)
                    counts = count_prunable(connection, found) if found else {}
            else:
                with source_lock(engine, source, wait_seconds=wait_seconds) as connection:
                    found = find_checkpoint(connection, source, before=before)
                    counts = prune_source(connection, found, pruned_at=now) if found else {}
            yield Pruned(source, found, counts)
        if not sources and not is_dry_run:
            with engine.connect() as connection:
                idle = prune_idle_runs(connection, before=before)
                yield Pruned("", None, {"sync_runs": idle})
