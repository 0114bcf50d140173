"""What a person decides about the record: each source under its lock, in one transaction.

decide_held      approve: look up held removals again, remove what is still gone, hold the rest;
                 dismiss: discard held removals, later runs decide again
replay_rejects   parse stored rejects again, after an upgrade that may understand them
retire           take the images of a source that is no longer read out of the catalogue
prune            verify the record, then drop and seal old history
erase_actors     erase who removed images, of all sources at once and without their locks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

from msgspec import Raw

from etl.audit.arguments import require_sources
from etl.audit.verify import require_consistent
from etl.client.http_client import Client
from etl.config import Settings, SourceSettings
from etl.database.engine import open_existing, translated_errors, writing
from etl.errors import UsageError
from etl.extract.lookup import look_up, warn_of_failed
from etl.load.attribution import forget_actors
from etl.load.baseline import read_baseline, read_project_ids
from etl.load.changes import ChangeDetector
from etl.load.commit import commit
from etl.load.locks import source_lock
from etl.load.prune import Cut, find_cut, prune_source, sources_on_record
from etl.load.rejects import read_whole_rejects
from etl.load.removals import HeldRemoval, read_held, read_held_evidence
from etl.load.runs import RunStart
from etl.model import AbsentImage, Decision, Listing, Lookup, Outcome, Page, Removal, RunOutcome
from etl.run import run_work
from etl.run_context import RunContext, open_context
from etl.source_facts import source_write
from etl.sources.connect import open_client
from etl.sources.selection import refuse_unknown, sources_of
from etl.sync_options import SyncOptions
from etl.text import require_known

if TYPE_CHECKING:
    from sqlalchemy import Engine

_Held = dict[str, list[str]]
"""Source → ids of its images whose removal is held."""


def decide_held(
    kind: Literal["approve", "dismiss"],
    settings: Settings,
    run_id: int,
    *,
    wait_seconds: float = 0,
    actor: str | None = None,
    reason: str | None = None,
) -> RunOutcome:
    """Decide the removals that a run holds. Raises `UsageError` if it holds none."""
    with _opened(settings, wait_seconds) as context:
        with translated_errors(context.engine), context.engine.connect() as connection:
            held = read_held(connection, run_id)
        if not held:
            raise UsageError(
                f"run {run_id} has no held removals (they may already have been approved or"
                " dismissed)",
                hint="`image-sync removals --held` lists what is held",
            )
        sources, _ = sources_of(context, list(held))
        work = partial(_approve if kind == "approve" else _dismiss, held=held)
        start = RunStart(kind=kind, started_at=context.now(), actor=actor, reason=reason)
        return run_work(start, context, sources, work)


def _opened(settings: Settings, wait_seconds: float) -> AbstractContextManager[RunContext]:
    return open_context(settings, SyncOptions(wait_seconds=wait_seconds), opened=open_existing)


def _approve(source: SourceSettings, context: RunContext, held: _Held) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        still_held = read_held_evidence(connection, source.name)
        images = baseline.absent_images_by_id(
            [each for each in held[source.name] if each in still_held]
        )
        run_count = baseline.previous.run_count - 1  # the sample does not move on
        with open_client(source, run_count=run_count, context=context) as client:
            decision = _decided_again(source, client, images, still_held)
            detail = {"found_by_lookup": len(decision.found)} if decision.found else {}
        write = source_write(source, context, baseline, client, detail=detail)
        return commit(connection, write, ChangeDetector(baseline), decision)


def _decided_again(
    source: SourceSettings,
    client: Client,
    images: Sequence[AbsentImage],
    held: Mapping[str, HeldRemoval],
) -> Decision:
    """Removed by a new lookup, or by two walks if lookups are refused; otherwise still held."""
    lookups = look_up(client, source, {each.image_key: each.image_id for each in images})
    warn_of_failed(lookups)
    removals, found, still = [], [], []
    for image in images:
        before = held[image.image_id]
        lookup = lookups.get(image.image_key) or Lookup("refused", {})
        if lookup.evidence:
            removals.append(Removal(image, lookup.evidence, lookup.detail))
        elif lookup.result == "found":
            found.append(image)
        elif lookup.result == "refused" and before.evidence == "absent_twice":
            removals.append(Removal(image, before.evidence, before.detail))
        else:
            still.append(Removal(image, before.evidence, before.detail))
    return Decision(
        removals=tuple(removals),
        held=tuple(still),
        held_rule=held[still[0].image.image_id].rule if still else "",
        found=tuple(found),
    )


def _dismiss(source: SourceSettings, context: RunContext, held: _Held) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        dismissed = held[source.name]
        return commit(
            connection,
            source_write(source, context, baseline, detail={"dismissed": len(dismissed)}),
            ChangeDetector(baseline),
            Decision(),
            dismissed=dismissed,
        )


def replay_rejects(
    settings: Settings, *, source_names: Sequence[str] = (), wait_seconds: float = 0
) -> RunOutcome:
    """Parse the unresolved rejects of these sources (none: all) again."""
    refuse_unknown(settings, source_names)
    with _opened(settings, wait_seconds) as context:
        sources, _ = sources_of(context, source_names)
        start = RunStart(kind="replay", started_at=context.now())
        return run_work(start, context, sources, _replay)


def _replay(source: SourceSettings, context: RunContext) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        changes = ChangeDetector(baseline)
        whole = read_whole_rejects(connection, source.name)
        for order, (listing, records) in enumerate(whole.items()):
            changes.add(_page(source, listing, records, order))
        return commit(connection, source_write(source, context, baseline), changes, Decision())


def _page(source: SourceSettings, listing: str, records: Sequence[bytes], order: int) -> Page:
    """The records of a listing, as one page."""
    type_, _, workspace = listing.partition("/")
    return Page(
        listing=Listing(type_ or source.types[0], workspace or source.workspaces[0]),
        order=order,
        reading=0,
        number=0,
        records=[*map(Raw, records)],
        total=len(records),
    )


def retire(
    settings: Settings,
    name: str,
    *,
    wait_seconds: float = 0,
    actor: str | None = None,
    reason: str | None = None,
) -> RunOutcome:
    """Take all images of a source that is no longer configured out of the coverage.

    The source no longer counts as stale. If it is configured again, its images return to the
    coverage. Raises `UsageError` if it is unknown or still configured.
    """
    if name in settings.source_names:
        raise UsageError(
            f"source '{name}' is still configured", hint="remove its [[source]] from the file first"
        )
    with _opened(settings, wait_seconds) as context:
        with translated_errors(context.engine), context.engine.connect() as connection:
            require_sources(connection, [name], configured=())
        project_id = read_project_ids(context.engine, [name]).get(name, "")
        source = SourceSettings(
            name=name, endpoint="", project_id=project_id, types=(), workspaces=()
        )
        start = RunStart(kind="retire", started_at=context.now(), actor=actor, reason=reason)
        return run_work(start, context, [source], _retire)


def _retire(source: SourceSettings, context: RunContext) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        changes = ChangeDetector(baseline)
        source = replace(source, endpoint=baseline.previous.endpoint)
        return commit(
            connection,
            source_write(source, context, baseline),
            changes,
            Decision(out_of_scope=tuple(changes.absent())),
            dismissed=[*read_held_evidence(connection, source.name)],
        )


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


def erase_actors(engine: Engine) -> int:
    """Erase who removed images, as far as it is on record; returns the number of removals."""
    with translated_errors(engine), engine.connect() as connection, writing(connection):
        return forget_actors(connection)
