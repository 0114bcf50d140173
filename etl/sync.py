"""The order of a run's stages, and nothing else: read the data's path here.

    lock ─▶ baseline ─▶ walk ─▶ absences ─▶ lookups ─▶ decision ─▶ one commit
            (load)      (extract: pages,    (extract)   (decide:    (load)
                         shown to load's                 removals,
                         sightings)                      guard)

Each source is a unit: its failure is its own, and no transaction is open while the network is
waited for.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from etl.clock import instant_text
from etl.database.engine import our_errors
from etl.decide.coverage import Coverage
from etl.decide.guard import GuardPolicy
from etl.decide.removal import Absences, Proofs, decide_removals, in_turn, sorted_absences
from etl.errors import SourceError
from etl.extract.lookup import are_refused, look_up
from etl.extract.walk import Walk, Walker
from etl.extract.workspaces import fetch_workspaces, workspaces_as_known
from etl.load.apply import apply_source, record_failure
from etl.load.baseline import Baseline
from etl.load.preview import preview_source
from etl.load.seen import conflicts
from etl.load.sighting import Sighting, deleted_by, seen_by
from etl.load.tally import failed_outcome
from etl.model import DELETED, Candidate, Decision, Listing, Outcome, Removal, WalkFacts
from etl.sources.connect import open_client
from etl.text import count_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from etl.config import SourceSettings
    from etl.context import Job
    from etl.extract.client import Client
    from etl.extract.lookup import Lookup

_log = logging.getLogger("etl.sync")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading a source found: all that its commit needs."""

    walk: Walk[Sighting]
    decision: Decision
    facts: WalkFacts


def sync_source(source: SourceSettings, job: Job) -> Outcome:
    """Brings the record of one source to what the API shows now.

    Raises `LockHeld` and `DatabaseUnavailable`; a source that can't be read is an outcome.
    """
    with ExitStack() as stack:
        stack.enter_context(our_errors(job.engine))
        stack.enter_context(job.watch.on("database"))
        began_at = job.now()
        if job.run_id is None:
            connection = stack.enter_context(job.engine.connect())
        else:
            connection = stack.enter_context(job.locked(source.name))
        job.progress.begin(source.name)
        waited_seconds = (job.now() - began_at).total_seconds()
        outcome = _synced(source, job, connection)
        job.progress.end(source.name, note=outcome.status)
        return replace(outcome, lock_wait_seconds=waited_seconds)


def _synced(source: SourceSettings, job: Job, connection: Connection) -> Outcome:
    baseline = Baseline(connection, source.name)
    client: Client | None = None
    try:
        with (
            open_client(source, run_count=baseline.run_count, job=job) as client,
            job.watch.on("fetch"),
        ):
            reading = _read(source, job, client, baseline)
    except SourceError as error:
        _log.warning("the source could not be read: %s", error)
        facts = _facts(source, client, None)
        return _failed(source, job, connection, error, facts, observed_at(job, baseline))
    return _applied(source, job, connection, reading, observed_at(job, baseline))


def _read(source: SourceSettings, job: Job, client: Client, baseline: Baseline) -> _Reading:
    listings = (
        Listing(type_, workspace)
        for workspace in _workspaces(source, client)
        for type_ in source.types
    )
    walker = Walker(
        client,
        source,
        job.settings.walk,
        observer_for=lambda listing: Sighting(baseline, listing, watch=job.watch),
        on_page=lambda pages, rows, total: job.progress.advance(
            source.name, pages=pages, rows=rows, total=total
        ),
    )
    walk = walker.walk(listings)
    pages, walks = count_text(walk.pages, "page"), count_text(walk.walks, "walk")
    _log.info("read %s in %s: %s", pages, walks, walk.certificate)
    with job.watch.on("absences"):
        decision = _decide(source, job, client, baseline, walk)
    return _Reading(walk, decision, _facts(source, client, walk, decision))


def _workspaces(source: SourceSettings, client: Client) -> Iterable[str]:
    if source.workspaces != ("*",):
        return source.workspaces
    if source.http.concurrency == 1:
        return fetch_workspaces(client, source.project_id)
    return workspaces_as_known(client, source.project_id)


def _decide(
    source: SourceSettings,
    job: Job,
    client: Client,
    baseline: Baseline,
    walk: Walk[Sighting],
) -> Decision:
    sightings = walk.observers()
    absent = list(baseline.absent(seen_by(sightings)))
    coverage = coverage_of(source)
    absences = sorted_absences(
        absent,
        coverage=None if coverage.digest == baseline.coverage else coverage,
        listings={str(each.listing) for each in walk.listings},
    )
    if walk.certificate == "none":
        return Decision(out_of_scope=absences.outside)
    proofs = _proofs(source, job, client, absences)
    now = job.now()
    return decide_removals(
        absences,
        proofs,
        listed_deleted=[_listed_deleted(each, now) for each in deleted_by(sightings)],
        walked_before=baseline.walked,
        empty_listings=walk.empty_listings,
        present_count=baseline.present_count,
        policy=guard_policy(job),
        at=now,
    )


def _proofs(source: SourceSettings, job: Job, client: Client, absences: Absences) -> Proofs:
    policy = job.settings.removals
    asked = in_turn(
        absences, wants_lookups=policy.evidence == "lookup", max_lookups=policy.max_lookups
    )
    with job.watch.on("lookups", len(asked)):
        findings = look_up(client, source.project_id, asked, concurrency=source.http.concurrency)
    if are_refused(findings):
        _log.warning(
            "looking images up is not permitted: a removal now needs two certified walks without"
            " the image (allow Show image, or set removals.evidence = 'two_walks')"
        )
        findings = {}
    return proofs_of(findings)


def proofs_of(findings: dict[int, Lookup]) -> Proofs:
    """What lookups prove."""
    proven = {"not_found": "lookup_not_found", "deleted": "lookup_deleted"}
    return Proofs(
        proven={
            key: (proven[each.finding], each.detail)  # type: ignore[misc]  # two of `Evidence`
            for key, each in findings.items()
            if each.finding in proven
        },
        found={key for key, each in findings.items() if each.finding == "found"},
        undecided={key for key, each in findings.items() if each.finding in {"refused", "failed"}},
    )


def _listed_deleted(candidate: Candidate, at: datetime) -> Removal:
    detail = {"status": DELETED, "listing": candidate.listing, "time": instant_text(at)}
    return Removal(candidate, "listed_deleted", detail)


def _applied(
    source: SourceSettings, job: Job, connection: Connection, reading: _Reading, at: datetime
) -> Outcome:
    sightings = reading.walk.observers()
    if job.run_id is None:
        preview = preview_source(
            connection,
            source=source.name,
            observed_at=at,
            sightings=sightings,
            decision=reading.decision,
            facts=reading.facts,
        )
        job.on_preview(preview, reading.decision)
        return preview.outcome
    with job.watch.on("commit"):
        return apply_source(
            connection,
            run_id=job.run_id,
            source=source.name,
            observed_at=at,
            sightings=sightings,
            decision=reading.decision,
            facts=reading.facts,
            watch=job.watch,
        )


def _failed(
    source: SourceSettings,
    job: Job,
    connection: Connection,
    error: SourceError,
    facts: WalkFacts,
    at: datetime,
) -> Outcome:
    if job.run_id is None:
        present = Baseline(connection, source.name).present_count
        return failed_outcome(
            source=source.name, observed_at=at, facts=facts, error=error, present=present
        )
    return record_failure(
        connection,
        run_id=job.run_id,
        source=source.name,
        observed_at=at,
        error=error,
        facts=facts,
    )


def _facts(
    source: SourceSettings,
    client: Client | None,
    walk: Walk[Sighting] | None,
    decision: Decision | None = None,
) -> WalkFacts:
    detail = walk.detail() if walk else {}
    if walk:
        last = [each.last.observer.seen for each in walk.listings]
        detail["conflicts"] = conflicts(last)  # the first listing's word stands
    if decision and decision.found:
        detail["found_by_lookup"] = len(decision.found)
    return WalkFacts(
        certificate=walk.certificate if walk else "none",
        walks=walk.walks if walk else 0,
        pages=walk.pages if walk else 0,
        requests=client.requests if client else 0,
        retries=client.retries if client else 0,
        reported_total=walk.reported_total if walk else 0,
        detail=detail,
        coverage=coverage_of(source).digest,
    )


def observed_at(job: Job, baseline: Baseline) -> datetime:
    """Now, in whole milliseconds, and later than the source's last run whatever the clock says."""
    now = job.now()
    last = baseline.last_observed_at
    return max(now, last + timedelta(milliseconds=1)) if last else now


def coverage_of(source: SourceSettings) -> Coverage:
    """What a source takes in."""
    return Coverage(
        types=source.types,
        workspaces=source.workspaces,
        namespace=source.namespace,
        name_filter=source.name_filter,
        name_fuzzy=source.name_fuzzy,
        service_type=source.service_type,
    )


def guard_policy(job: Job) -> GuardPolicy:
    """When this job's removals are held."""
    removals = job.settings.removals
    return GuardPolicy(
        always_allow=removals.always_allow,
        max_count=removals.max_count,
        max_percent=removals.max_percent,
        accepts_all=job.accepts_removals,
    )
