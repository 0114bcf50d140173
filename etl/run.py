"""One execution of a writing command: its row in `sync_runs`, its sources, its exit code.

What is done to a source is decided elsewhere: `etl.sync` and `etl.maintenance`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar, Unpack

from etl.config import Settings, SourceSettings
from etl.database.engine import translated_errors
from etl.errors import (
    HELD,
    PARTIAL,
    ConfigError,
    ImageSyncError,
    Interrupted,
    LockHeld,
    exit_code_for,
)
from etl.load.baseline import read_project_ids
from etl.load.commit import Preview
from etl.load.runs import RunStart, begin_run, end_run
from etl.log import bound
from etl.model import Outcome, RunOutcome, WalkFacts
from etl.parallel import ordered_map
from etl.publish import publish_checkpoint
from etl.run_context import ContextParts, RunContext, open_context
from etl.sources.connect import require_usable
from etl.sources.selection import refuse_unknown, sources_of
from etl.sync import plan_source, sync_source
from etl.sync_options import SyncOptions

LOCKED: Final = "locked"
_LOGGED: Final = ("added", "changed", "removed", "restored", "held", "missing", "rejected")
_log = logging.getLogger(__name__)

Work = Callable[["SourceSettings", RunContext], Outcome]
"""What is done to one source. Raises `LockHeld`, `DatabaseUnavailable`."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The result of a plan: its outcome, and a preview of each source that could be planned."""

    outcome: RunOutcome
    previews: tuple[Preview, ...]


def run_sync(
    settings: Settings, options: SyncOptions | None = None, **parts: Unpack[ContextParts]
) -> RunOutcome:
    """Synchronise the selected sources. Raises `ImageSyncError` if none could be."""
    options = options or SyncOptions()
    refuse_unknown(settings, options.source_names, shard=options.shard)
    with open_context(settings, options, **parts) as context:
        sources, failed = _selected(context, writes=True)
        if not (sources or failed):  # a shard without sources is no run
            return _run_outcome(context, (), started_at=context.now())
        start = RunStart(kind="sync", started_at=context.now())
        return run_work(start, context, sources, sync_source, failed=failed)


def run_plan(
    settings: Settings, options: SyncOptions | None = None, **parts: Unpack[ContextParts]
) -> RunPlan:
    """Return what `run_sync` would do now, without writing anything."""
    options = options or SyncOptions()
    refuse_unknown(settings, options.source_names, shard=options.shard)
    with open_context(settings, options, is_read_only=True, **parts) as context:
        started_at = context.now()
        sources, failed = _selected(context, writes=False)
        if context.has_schema:
            require_same_projects(context, sources)
        previews = (*_each_source(context, sources, plan_source),)
        outcomes = (*(each.outcome for each in previews), *failed)
        outcome = _run_outcome(context, outcomes, started_at=started_at)
        return RunPlan(replace(outcome, is_dry_run=True), previews)


def run_work(
    start: RunStart,
    context: RunContext,
    sources: Sequence[SourceSettings],
    work: Work,
    *,
    failed: Sequence[Outcome] = (),
) -> RunOutcome:
    """Process the sources under a row of `sync_runs`, which records how the run ended.

    `failed` are outcomes of sources that could not be processed, such as a failed discovery.
    """
    require_same_projects(context, sources)
    started_at = start.started_at
    with translated_errors(context.engine):
        run_id = begin_run(context.engine, start)
    context = replace(context, run_id=run_id)
    _log.info("run started", extra={"run": run_id, "kind": start.kind, "sources": len(sources)})
    status, exit_code, finished_at = "failed", 1, None
    try:
        outcomes = (*_each_source(context, sources, partial(_run_source, work)), *failed)
        outcome = _run_outcome(context, outcomes, started_at=started_at)
        status, exit_code, finished_at = outcome.status, outcome.exit_code, outcome.finished_at
    except BaseException as error:
        if isinstance(error, ImageSyncError):
            error.run_id = run_id
        status = "interrupted" if isinstance(error, Interrupted) else "failed"
        exit_code = exit_code_for(error)
        raise
    finally:
        with translated_errors(context.engine):
            now = finished_at or max(context.now(), started_at)  # a clock may go back
            end_run(context.engine, run_id, status=status, exit_code=exit_code, now=now)
        extra = {"run": run_id, "status": status, "exit_code": exit_code}
        _log.info("run finished", extra=extra)
    settings = context.settings
    checkpoint = publish_checkpoint(
        context.engine, settings.proof, http=settings.http, now=context.now()
    )
    return replace(outcome, checkpoint=checkpoint)


def status_and_exit_code(outcomes: Sequence[Outcome]) -> tuple[str, int]:
    """Return the run's status and exit code: 22, then every source failed, then 30, then 3."""
    has_failed = [each.status == "failed" for each in outcomes]
    if any(each.error_kind == LOCKED for each in outcomes):
        return "failed" if all(has_failed) else "partial", LockHeld.exit_code
    if outcomes and all(has_failed):
        return "failed", outcomes[0].error_exit_code
    if any(each.status == "held" for each in outcomes):
        return "held", HELD
    if any(each.status != "succeeded" for each in outcomes):
        return "partial", PARTIAL
    return "succeeded", 0


def require_same_projects(context: RunContext, sources: Sequence[SourceSettings]) -> None:
    """Raise `ConfigError` if a source name would change to another project."""
    with translated_errors(context.engine):
        recorded = read_project_ids(context.engine, [each.name for each in sources])
    mistakes = [
        f"source {each.name!r}: project_id is {each.project_id}, but the record of this source"
        f" belongs to project {recorded[each.name]} (give the new project a source of its own)"
        for each in sources
        if recorded.get(each.name, each.project_id) != each.project_id
    ]
    if mistakes:
        raise ConfigError(context.settings.location, mistakes)


def _selected(
    context: RunContext, *, writes: bool
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    options = context.options
    sources, failed = sources_of(context, options.source_names, shard=options.shard, writes=writes)
    require_usable(sources, location=context.settings.location)
    return sources, failed


def _run_outcome(
    context: RunContext, outcomes: tuple[Outcome, ...], *, started_at: datetime
) -> RunOutcome:
    status, exit_code = status_and_exit_code(outcomes)
    return RunOutcome(
        run_id=context.run_id or None,
        status=status,
        exit_code=exit_code,
        started_at=started_at,
        finished_at=max(context.now(), started_at),
        is_dry_run=False,
        sources=outcomes,
    )


def _each_source(
    context: RunContext,
    sources: Sequence[SourceSettings],
    work: Callable[[SourceSettings, RunContext], _Result],
) -> tuple[_Result, ...]:
    """Process the sources; with `options.parallel` a slow one does not delay the others."""

    def processed(source: SourceSettings) -> _Result:
        with bound(run=context.run_id or None, source=source.name):
            return work(source, context)

    return (*ordered_map(processed, sources, threads=context.options.parallel),)


def _run_source(work: Work, source: SourceSettings, context: RunContext) -> Outcome:
    """Process one source; another run's lock is an outcome, which leaves no row."""
    started_at = context.now()
    try:
        outcome = work(source, context)
    except LockHeld as error:
        _log.warning("source skipped", extra={"cause": str(error)})
        outcome = Outcome(
            name=source.name,
            status="failed",
            observed_at=context.now(),
            facts=WalkFacts(),
            error_kind=LOCKED,
            error_message=str(error),
            error_exit_code=error.exit_code,
            lock_wait_seconds=(context.now() - started_at).total_seconds(),
        )
    counts = {name: getattr(outcome, name) for name in _LOGGED if getattr(outcome, name)}
    _log.info("source finished", extra={"status": outcome.status, **counts})
    seconds = (context.now() - started_at).total_seconds()
    return replace(outcome, duration_seconds=seconds)
