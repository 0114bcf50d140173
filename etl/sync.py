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
from typing import TYPE_CHECKING, Any

from etl.client.http_client import Client
from etl.clock import CLOCK_TOLERANCE
from etl.config import SourceSettings
from etl.database.engine import translated_errors
from etl.decide.attribution import TRACES_ARE_KEPT, match_traces
from etl.decide.removal import (
    Absences,
    GuardPolicy,
    SourceState,
    classify_absences,
    decide_removals,
    to_look_up,
)
from etl.errors import SourceError, SourceRefused
from etl.extract.lookup import are_refused, look_up, warn_of_failed
from etl.extract.traces import fetch_traces
from etl.extract.walk import Walk
from etl.load.attribution import read_unattributed, read_used_traces
from etl.load.baseline import Baseline, nameless_listings, read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import Preview, commit, failed_outcome, preview, record_failure
from etl.load.removals import listed_deleted
from etl.load.transaction import SourceOvertaken, SourceWrite, unless_overtaken
from etl.model import Attribution, Decision, Lookup, Outcome, WalkSummary
from etl.source_facts import coverage_of, source_write
from etl.sources.connect import open_client, open_trace_client
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
            decision, traces = _attribute_removals(source, context, baseline, decision)
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


def _attribute_removals(
    source: SourceSettings, context: RunContext, baseline: Baseline, decision: Decision
) -> tuple[Decision, dict[str, Any]]:
    """Ask the Cloud Trace Service who removed the images of this run, and those still unattributed.

    Returns the decision with the results, and the part of `walk_detail` that describes the query.
    This never fails a run or a removal: without a final result, later runs ask again, as long as
    traces are kept. A plan does not ask.
    """
    connection = baseline.connection
    if source.actors != "cts" or connection is None or not context.run_id:
        return decision, {}
    now = context.now()
    oldest = now - TRACES_ARE_KEPT
    image_ids = [each.image.image_id for each in decision.removals]
    images = read_unattributed(connection, source.name, image_ids, now=now, since=oldest)
    if not images:
        return decision, {}
    used = read_used_traces(connection, source.name, since=oldest - CLOCK_TOLERANCE)
    first = min(image.last_seen_at for image in images) - CLOCK_TOLERANCE
    last = max(image.removed_at for image in images) + CLOCK_TOLERANCE
    after, before = max(first, oldest), min(last, now + timedelta(seconds=1))
    run_count = baseline.previous.run_count
    try:
        with open_trace_client(source, run_count=run_count, context=context) as client:
            traces = fetch_traces(client, source.project_id, after=after, before=before)
            detail = {"requests": client.requests, "traces": len(traces)}
    except SourceError as error:
        refused: tuple[Attribution, ...] = ()
        if isinstance(error, SourceRefused):
            refused = tuple(Attribution(image, "refused") for image in images)
            _log.warning("traces refused", extra={"cause": str(error)})
        else:
            _log.warning("traces not read", extra={"cause": str(error)})
        return replace(decision, attributions=refused), {"traces": {"error": str(error)}}
    results = match_traces(images, traces, now=now, used_traces=used)
    return replace(decision, attributions=tuple(results)), {"traces": detail}
