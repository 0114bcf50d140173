"""Synchronisation of one source: this module shows the order of the steps.

    lock ─▶ baseline ─▶ pages, compared as they arrive ─▶ absences ─▶ lookups ─▶ decision ─▶ commit
    (load)   (load)     (extract)   (load)                 (load)      (extract)  (decide)    (load)

A source that cannot be read is an outcome, not an error. No transaction is open during network I/O.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from etl.attribution import Attributions, attribute_removals
from etl.config import SourceSettings
from etl.database.engine import our_errors
from etl.decide.removal import (
    Absences,
    GuardPolicy,
    Proofs,
    SourceState,
    decide_removals,
    sort_absences,
    to_look_up,
)
from etl.errors import SourceError
from etl.extract.http import Client
from etl.extract.lookup import Lookup, are_refused, look_up
from etl.extract.walk import Walk
from etl.load.baseline import Baseline, read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import commit, failed_outcome, preview, record_failure
from etl.load.preview import Preview
from etl.load.transaction import SourceOvertaken, unless_overtaken
from etl.load.versions import listed_deleted_detail
from etl.model import Decision, Evidence, Listing, Outcome, Removal, WalkFacts, WalkSummary
from etl.observation import (
    clock_detail,
    coverage_of,
    next_observed_at,
    source_facts,
    source_write,
)
from etl.sources.connect import open_client
from etl.text import count_text

if TYPE_CHECKING:
    from etl.context import RunContext

_log = logging.getLogger(__name__)
_EVIDENCE: Final[Mapping[str, Evidence]] = {
    "not_found": "lookup_not_found",
    "deleted": "lookup_deleted",
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """The result of reading a source; with an `error`, nothing is to be applied."""

    changes: ChangeDetector
    decision: Decision
    facts: WalkFacts
    client: Client | None = None
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
        write = source_write(context, baseline, reading.client)
        if reading.error:
            outcome = record_failure(connection, write, reading.error, reading.facts)
        else:
            outcome = commit(connection, write, reading.changes, reading.decision, reading.facts)
    return replace(outcome, lock_wait_seconds=waited_seconds)


def plan_source(source: SourceSettings, context: RunContext) -> Preview:
    """Return what `sync_source` would do now, without writing anything."""
    with ExitStack() as stack:
        stack.enter_context(our_errors(context.engine))
        baseline = Baseline(source.name)
        if context.has_record:
            connection = stack.enter_context(context.engine.connect())
            baseline = read_baseline(connection, source.name)
        with unless_overtaken(baseline):
            reading = _read(source, context, baseline)
            at = next_observed_at(context, baseline, reading.client)
            if reading.error:
                outcome = failed_outcome(baseline, reading.error, reading.facts, at)
            else:
                outcome = preview(reading.changes, reading.decision, reading.facts, at)
    return Preview(outcome, reading.decision, reading.changes)


def _read(source: SourceSettings, context: RunContext, baseline: Baseline) -> _Reading:
    """Read all pages of a source, and decide about the images that they do not show."""
    changes = ChangeDetector(baseline)
    client: Client | None = None
    summary: WalkSummary | None = None
    decision, failure, attributions = Decision(), None, Attributions()
    context.progress.begin(source.name)
    try:
        with (
            open_client(source, run_count=baseline.previous.run_count, context=context) as client,
        ):
            walk = Walk(client, source, context.settings.walk)
            progress = _PageCounter(source.name, context)
            for page in walk.pages():
                changes.add(page)
                progress.count(page.listing, len(page.records), page.total)
            summary = walk.summary()
            decision = _decide(source, context, client, changes, summary)
            attributions = _attributions(source, context, baseline, decision)
            decision = replace(decision, attributions=tuple(attributions.results))
    except SourceError as error:
        _log.warning("source not read", extra={"cause": str(error)})
        failure = error
    context.progress.end(source.name, note="failed" if failure else "read")
    facts = _facts(source, context, baseline, client, None if failure else summary)
    if summary and not failure:
        detail = _detail(summary, changes, decision) | attributions.detail
        facts = replace(facts, detail=detail | clock_detail(context, baseline, client))
    return _Reading(changes, decision, facts, client, failure)


@dataclass(slots=True)
class _PageCounter:
    """Counts pages and rows for the progress bar."""

    source: str
    context: RunContext
    pages: int = 0
    rows: int = 0
    totals: dict[Listing, int] = field(default_factory=dict)

    def count(self, listing: Listing, rows: int, total: int) -> None:
        """Count a page; `total` is the listing's announced total."""
        self.pages += 1
        self.rows += rows
        self.totals[listing] = total
        self.context.progress.advance(
            self.source, pages=self.pages, rows=self.rows, total=sum(self.totals.values())
        )


def _decide(
    source: SourceSettings,
    context: RunContext,
    client: Client,
    changes: ChangeDetector,
    summary: WalkSummary,
) -> Decision:
    pages, walks = count_text(summary.pages, "page"), count_text(summary.walks, "walk")
    _log.info("source read", extra={"pages": pages, "walks": walks, "by": summary.certificate})
    previous = changes.baseline.previous
    coverage = coverage_of(source)
    absences = sort_absences(
        changes.absent(),
        coverage=None if coverage.digest == previous.coverage else coverage,
        listings={str(each) for each in summary.listings},
    )
    if summary.certificate == "none":
        return Decision(out_of_scope=absences.outside)
    proofs = _proofs(source, context, client, absences)
    now = context.now()
    return decide_removals(
        absences,
        proofs,
        listed_deleted=[
            Removal(
                image,
                "listed_deleted",
                listed_deleted_detail(str(changes.listing_of(image.image_key)), now),
            )
            for image in changes.listed_deleted()
        ],
        state=SourceState(
            walked_before=previous.walked_listings,
            empty_listings={str(each) for each in summary.empty_listings},
            present_count=previous.present,
        ),
        policy=guard_policy(context),
        at=now,
    )


def _proofs(
    source: SourceSettings, context: RunContext, client: Client, absences: Absences
) -> Proofs:
    policy = context.settings.removals
    limit = policy.max_lookups if policy.evidence == "lookup" else 0
    images = to_look_up(absences, limit=limit)
    lookups = look_up(client, source.project_id, images, concurrency=source.http.concurrency)
    if are_refused(lookups):
        _log.warning(
            "lookups not permitted",
            extra={
                "consequence": "a removal needs two certified walks without the image",
                "hint": "grant Show image, or set removals.evidence = 'two_walks'",
            },
        )
        lookups = {}
    return proofs_of(lookups)


def proofs_of(lookups: Mapping[int, Lookup]) -> Proofs:
    """Return what lookups prove, by image key."""
    return Proofs(
        proven={
            key: (_EVIDENCE[each.result], each.detail)
            for key, each in lookups.items()
            if each.result in _EVIDENCE
        },
        found={key for key, each in lookups.items() if each.result == "found"},
        undecided={key for key, each in lookups.items() if each.result in {"refused", "failed"}},
    )


def _attributions(
    source: SourceSettings, context: RunContext, baseline: Baseline, decision: Decision
) -> Attributions:
    """Find out who removed the images; a plan does not ask."""
    if not context.run_id:
        return Attributions()
    image_ids = [each.image.image_id for each in decision.removals]
    return attribute_removals(source, context, baseline, image_ids)


def _facts(
    source: SourceSettings,
    context: RunContext,
    baseline: Baseline,
    client: Client | None,
    summary: WalkSummary | None,
) -> WalkFacts:
    return source_facts(
        source,
        baseline,
        certificate=summary.certificate if summary else "none",
        walks=summary.walks if summary else 0,
        pages=summary.pages if summary else 0,
        requests=client.requests if client else 0,
        retries=client.retries if client else 0,
        reported_total=summary.reported_total if summary else 0,
        detail=summary.detail if summary else {},
        guard_override="accept_removals" if context.options.accepts_removals else None,
    )


def _detail(summary: WalkSummary, changes: ChangeDetector, decision: Decision) -> dict[str, Any]:
    found = {"found_by_lookup": len(decision.found)} if decision.found else {}
    return {**summary.detail, "conflicts": changes.conflict_count, **found}


def guard_policy(context: RunContext) -> GuardPolicy:
    """Return the limits beyond which removals are held in this execution."""
    removals = context.settings.removals
    return GuardPolicy(
        always_allow=removals.always_allow,
        max_count=removals.max_count,
        max_percent=removals.max_percent,
        accepts_all=context.options.accepts_removals,
    )
