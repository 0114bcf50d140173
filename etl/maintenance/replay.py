"""Tries kept rejects again: what is understood by now is applied, the rest stays kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Raw

from etl.context import open_job
from etl.database.engine import open_kept
from etl.load.apply import apply_source
from etl.load.baseline import Baseline
from etl.load.rejects import whole_rejects
from etl.load.sighting import Sighting
from etl.model import Decision, Listing, Page, WalkFacts
from etl.run import run_work
from etl.sources.select import refuse_unknown, sources_of
from etl.sync import coverage_of, observed_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.config import Settings, SourceSettings
    from etl.context import Job
    from etl.model import Outcome, RunOutcome


def replay_rejects(
    settings: Settings, *, source_names: Sequence[str] = (), wait_seconds: float = 0
) -> RunOutcome:
    """Tries the unresolved rejects of the sources named (none: all)."""
    refuse_unknown(settings, source_names)
    with open_job(settings, opened=open_kept, wait_seconds=wait_seconds) as job:
        return run_work("replay", job, sources_of(job, source_names)[0], _replay)


def _replay(source: SourceSettings, job: Job) -> Outcome:
    with job.locked(source.name) as connection:
        baseline = Baseline(connection, source.name)
        whole = whole_rejects(connection, source.name)
        sightings = [_sighted(baseline, source, *each) for each in whole.items()]
        return apply_source(
            connection,
            run_id=cast("int", job.run_id),
            source=source.name,
            observed_at=observed_at(job, baseline),
            sightings=sightings,
            decision=Decision(),
            facts=WalkFacts(coverage=coverage_of(source).digest),
        )


def _sighted(
    baseline: Baseline, source: SourceSettings, told: str, records: list[bytes]
) -> Sighting:
    """The records as their listing showed them."""
    type_, _, workspace = told.partition("/")
    listing = Listing(type_ or source.types[0], workspace or source.workspaces[0])
    sighting = Sighting(baseline, listing)
    sighting.observe(Page(listing, 0, [*map(Raw, records)], len(records)))
    return sighting
