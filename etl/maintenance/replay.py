"""Replay of stored rejects: what is readable now is applied, the rest stays stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Raw

from etl.context import SyncOptions, open_context
from etl.database.engine import open_kept
from etl.load.baseline import read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import commit
from etl.load.rejects import read_whole_rejects
from etl.model import Decision, Listing, Page
from etl.run import Command, run_work
from etl.sources.select import refuse_unknown, sources_of
from etl.sync import source_facts, source_write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.config import Settings, SourceSettings
    from etl.context import RunContext
    from etl.model import Outcome, RunOutcome


def replay_rejects(
    settings: Settings, *, source_names: Sequence[str] = (), wait_seconds: float = 0
) -> RunOutcome:
    """Parse the unresolved rejects of these sources (none: all) again."""
    refuse_unknown(settings, source_names)
    options = SyncOptions(wait_seconds=wait_seconds)
    with open_context(settings, options, opened=open_kept) as context:
        sources, _ = sources_of(context, source_names)
        return run_work(Command(kind="replay"), context, sources, _replay)


def _replay(source: SourceSettings, context: RunContext) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        changes = ChangeDetector(baseline)
        whole = read_whole_rejects(connection, source.name)
        for order, (listing, records) in enumerate(whole.items()):
            changes.add(_page(source, listing, records, order))
        write = source_write(context, baseline)
        return commit(connection, write, changes, Decision(), source_facts(source, baseline))


def _page(source: SourceSettings, listing: str, records: Sequence[bytes], order: int) -> Page:
    """The records of a listing, as one page."""
    type_, _, workspace = listing.partition("/")
    return Page(
        listing=Listing(type_ or source.types[0], workspace or source.workspaces[0]),
        order=order,
        reading=0,
        number=0,
        records=[*map(Raw, records)],
        image_ids=[],
        total=len(records),
    )
