"""Synchronisation of one source: this module shows the order of the steps.

    lock ─▶ baseline ─▶ pages, compared as they arrive ─▶ absences ─▶ lookups ─▶ decision ─▶ commit
    (load)   (load)     (extract)   (load)                 (load)      (extract)  (decide)    (load)

A source that cannot be read is an outcome, not an error. No transaction is open during network I/O.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from etl.attribution import attribute_removals
from etl.client.http_client import Client
from etl.config import SourceSettings
from etl.database.engine import translated_errors
from etl.decide.removal import (
    Absences,
    GuardPolicy,
    SourceState,
    classify_absences,
    decide_removals,
    to_look_up,
)
from etl.errors import SourceError
from etl.extract.lookup import are_refused, look_up, warn_of_failed
from etl.extract.walk import Walk
from etl.load.baseline import Baseline, nameless_listings, read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import Preview, commit, failed_outcome, preview, record_failure
from etl.load.removals import listed_deleted
from etl.load.transaction import SourceOvertaken, SourceWrite, unless_overtaken
from etl.model import Decision, Lookup, Outcome, WalkSummary
from etl.source_facts import coverage_of, source_write
from etl.sources.connect import open_client
from etl.text import count_text

if TYPE_CHECKING:
    from etl.run_context import RunContext

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The result of reading a source; with an `error`, nothing is to be applied."""

    changes: ChangeDetector
    decision: Decision
    write: SourceWrite
    error: SourceError | None = None


def sync_source(source: SourceSettings, context: RunContext) -> Outcome:
    """Bring the record of one source to what the API shows now, in one commit.

    If another run overtakes it, which only happens where sessions hold no locks, the source is
    read again as long as the run may wait. Raises `LockHeld` and `DatabaseUnavailable`.
    """
    deadline = context.now() + timedelta(seconds=context.options.wait_seconds)
    while True:
        try:
            return _sync_source(source, context)
        except SourceOvertaken:
            if context.now() >= deadline:
                raise


def _sync_source(source: SourceSettings, context: RunContext) -> Outcome:
    started_at = context.now()
    with context.locked(source.name) as connection:
        waited_seconds = (context.now() - started_at).total_seconds()
        baseline = read_baseline(connection, source.name)
        with unless_overtaken(baseline):
            reading = _read(source, context, baseline)
        if reading.error:
            outcome = record_failure(connection, reading.write, reading.error)
        else:
            outcome = commit(connection, reading.write, reading.changes, reading.decision)
    return replace(outcome, lock_wait_seconds=waited_seconds)


def plan_source(source: SourceSettings, context: RunContext) -> Preview:
    """Return what `sync_source` would do now, without writing anything."""
    with ExitStack() as stack:
        stack.enter_context(translated_errors(context.engine))
        baseline = Baseline(source.name)
        if context.has_schema:
            connection = stack.enter_context(context.engine.connect())
            baseline = read_baseline(connection, source.name)
        with unless_overtaken(baseline):
            reading = _read(source, context, baseline)
            if reading.error:
                outcome = failed_outcome(reading.write, reading.error)
            else:
                outcome = preview(reading.write, reading.changes, reading.decision)
    return Preview(outcome, reading.decision, reading.changes)


def _read(source: SourceSettings, context: RunContext, baseline: Baseline) -> _Reading:
    """Read all pages of a source, and decide about the images that they do not show."""
    changes, decision = ChangeDetector(baseline), Decision()
    client: Client | None = None
    context.progress.begin(source.name)
    try:
        run_count = baseline.previous.run_count
        with open_client(source, run_count=run_count, context=context) as client:
            walk = Walk(client, source, context.settings.walk)
            for page in walk.pages():
                changes.add(page)
                rows = len(page.records)
                context.progress.advance(source.name, page.listing, rows=rows, total=page.total)
            summary = walk.summary()
            decision = _decide(source, context, client, changes, summary)
            decision, traces = attribute_removals(source, context, baseline, decision)
    except SourceError as error:
        _log.warning("source not read", extra={"cause": str(error)})
        context.progress.end(source.name, note="failed")
        return _Reading(changes, decision, source_write(source, context, baseline, client), error)
    context.progress.end(source.name, note="read")
    detail = {**summary.detail, "conflicts": changes.conflict_count, **traces}
    if decision.found:
        detail["found_by_lookup"] = len(decision.found)
    write = source_write(
        source,
        context,
        baseline,
        client,
        certificate=summary.certificate,
        walks=summary.walks,
        pages=summary.pages,
        reported_total=summary.reported_total,
        detail=detail,
    )
    return _Reading(changes, decision, write)


def _decide(
    source: SourceSettings,
    context: RunContext,
    client: Client,
    changes: ChangeDetector,
    summary: WalkSummary,
) -> Decision:
    pages, walks = count_text(summary.pages, "page"), count_text(summary.walks, "walk")
    _log.info("source read", extra={"pages": pages, "walks": walks, "by": summary.certificate})
    previous, coverage = changes.baseline.previous, coverage_of(source)
    absences = classify_absences(
        changes.absent(),
        coverage=None if coverage.digest == previous.coverage else coverage,
        listings={str(each) for each in summary.listings},
    )
    if summary.certificate == "none":
        return Decision(out_of_scope=absences.outside)
    lookups = _look_up(source, context, client, absences)
    now = context.now()
    removals = context.settings.removals
    return decide_removals(
        absences,
        lookups,
        listed_deleted=[
            listed_deleted(each, changes.listing_of(each.image_key), now)
            for each in changes.listed_deleted()
        ],
        state=SourceState(
            walked_before=previous.walked_listings,
            empty_listings={str(each) for each in summary.empty_listings},
            nameless_listings=previous.nameless_listings | nameless_listings(summary.detail),
            present_count=previous.present,
        ),
        policy=GuardPolicy(
            always_allow=removals.always_allow,
            max_count=removals.max_count,
            max_percent=removals.max_percent,
            accepts_all=context.options.accepts_removals,
        ),
        at=now,
    )


def _look_up(
    source: SourceSettings, context: RunContext, client: Client, absences: Absences
) -> dict[int, Lookup]:
    policy = context.settings.removals
    limit = policy.max_lookups if policy.evidence == "lookup" else 0
    images = to_look_up(absences, limit=limit)
    lookups = look_up(client, source, {each.image_key: each.image_id for each in images})
    if not are_refused(lookups):
        warn_of_failed(lookups)
        return lookups
    consequence = "a removal needs two certified walks without the image"
    hint = "grant Show image, or set removals.evidence = 'two_walks'"
    _log.warning("lookups not permitted", extra={"consequence": consequence, "hint": hint})
    return {}
